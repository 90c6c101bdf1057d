"""Scattering data: the solitons that a field holds, seen or not.

The Zakharov–Shabat problem  v₁' = −iz v₁ + ψ v₂,  v₂' = −ψ* v₁ + iz v₂  has discrete
eigenvalues z that do not change while ψ obeys  iψₜ + ½ψₓₓ + |ψ|²ψ = 0:  each soliton owns
z = −v/2 + iA/2.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pdekit.axis import Axis
from pdekit.solvers.exact.parameters import require

Complex = NDArray[np.complex128]


class Soliton(NamedTuple):
    """A bright soliton contained in a field."""

    amplitude: float
    velocity: float


def eigenvalues(
    psi: ArrayLike,
    axis: Axis,
    *,
    dispersion: float = 1.0,
    focusing: float = 1.0,
    modes: int = 256,
) -> Complex:
    """Zakharov–Shabat eigenvalues with Im z > 0 by Fourier collocation.

    The matrix has twice as many rows as there are modes. A finer ψ is cut down to the
    lowest ``modes`` ones first; the time needed grows like modes³ (a second for 256).

    Parameters
    ----------
    psi : array ``(x,)``
        One frame on a periodic axis.
    dispersion, focusing : float
        D and g of  iψₜ = −(D/2) ψₓₓ − g|ψ|²ψ,  with Dg > 0; z belongs to the field and
        the coordinate of the canonical equation.
    modes : int
        Number of Fourier modes at most.

    Returns
    -------
    array
        Sorted by decreasing imaginary part. Spurious values, |Re z| > k_N/2, are left out;
        the continuous spectrum of the periodic box remains, next to the real axis or on
        it: `soliton_content` tells it apart.
    """
    phi, length = _canonical(psi, axis, dispersion, focusing, modes)
    return _spectrum(phi, length, twist=0.0)


def soliton_content(
    psi: ArrayLike,
    axis: Axis,
    *,
    dispersion: float = 1.0,
    focusing: float = 1.0,
    modes: int = 256,
    tolerance: float = 0.02,
) -> list[Soliton]:
    """Return the solitons in ψ, tallest first, with their own amplitudes and velocities.

    A soliton does not feel the ends of the box: its eigenvalue is the same for eigenvectors
    that are periodic and that change sign from one end to the other. Eigenvalues that move
    by more than ``tolerance`` times their imaginary part belong to radiation, or to
    solitons too wide for the box. ψ must vanish over some part of the box; waves on a
    background have bands instead of solitons. Takes two runs of `eigenvalues`, with its
    parameters.
    """
    phi, length = _canonical(psi, axis, dispersion, focusing, modes)
    z, twisted = (_spectrum(phi, length, twist) for twist in (0.0, 0.5))
    if not z.size or not twisted.size:
        return []
    moved = np.abs(z[:, None] - twisted).min(axis=1)
    z = z[moved < tolerance * z.imag]
    width, height = np.sqrt(abs(dispersion)), np.sqrt(abs(focusing))
    return [Soliton(float(2 * s.imag / height), float(-2 * s.real * width)) for s in z]


def _canonical(
    psi: ArrayLike, axis: Axis, dispersion: float, focusing: float, modes: int
) -> tuple[Complex, float]:
    """Field and length of the box in the equation with D = g = 1."""
    require(
        dispersion * focusing > 0,
        "bright solitons need dispersion * focusing > 0, "
        f"got dispersion = {dispersion} and focusing = {focusing}",
    )
    phi = _resampled(np.sqrt(abs(focusing)) * np.asarray(psi, complex), modes)
    if dispersion < 0:  # then the conjugate obeys the equation for −D and −g
        phi = phi.conj()
    return phi, axis.length / np.sqrt(abs(dispersion))


def _spectrum(phi: Complex, length: float, twist: float) -> Complex:
    """Return the eigenvalues whose vectors gain the phase 2π · twist across the box."""
    z = np.linalg.eigvals(_matrix(phi, length, twist))
    nyquist = np.pi * phi.size / length
    # rounding alone lifts real eigenvalues by less than this
    z = z[(np.abs(z.real) <= nyquist / 2) & (z.imag > 1e-10 * nyquist)]
    return np.asarray(z[np.argsort(-z.imag)])


def _resampled(psi: Complex, points: int) -> Complex:
    """Return ψ on fewer points of the same period, its higher modes left out."""
    n = psi.size
    if n <= points:
        return psi
    psi_hat = np.fft.fft(psi)
    low = (points - 1) // 2  # without a Nyquist mode, which would stand for two
    kept = np.zeros(points, complex)
    kept[: low + 1], kept[points - low :] = psi_hat[: low + 1], psi_hat[n - low :]
    return np.fft.ifft(kept) * (points / n)


def _matrix(psi: Complex, length: float, twist: float) -> Complex:
    """[[iD, −iψ], [−iψ*, −iD]] with D in the basis of plane waves, where it is diagonal."""
    n = psi.size
    k = 2 * np.pi / length * (np.fft.fftfreq(n, 1.0 / n) + twist)
    if n % 2 == 0 and not twist:
        k[n // 2] = 0.0
    shift = np.subtract.outer(np.arange(n), np.arange(n)) % n
    matrix = np.zeros((2 * n, 2 * n), complex)
    matrix[:n, :n], matrix[n:, n:] = np.diag(-k), np.diag(k)
    matrix[:n, n:] = -1j / n * np.fft.fft(psi)[shift]
    matrix[n:, :n] = -1j / n * np.fft.fft(psi.conj())[shift]
    return matrix
