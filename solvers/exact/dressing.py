"""Bright N-soliton solutions of one field or of coupled fields, by repeated dressing.

The equation  i ∂ₜψ_α + ½ ∂ₓ²ψ_α + (Σ_β |ψ_β|²) ψ_α = 0  is the compatibility condition of a
linear system whose solutions without field are  φ = (e^{ζx + iζ²t/2}, q),  with
ζ = A + iv and a constant vector q. A Darboux transformation with soliton k adds

    ψ_α ← ψ_α + 2 A_k φ₀ φ_α* / |φ|²,      φ = φ_k,

and dresses the vectors of the solitons that follow:

    φ_j ← φ_j − 2 A_k / (ζ_j + ζ_k*) φ_k (φ_k† φ_j) / |φ_k|².

No linear system is solved, so nothing is lost when solitons resemble each other, and
every vector is kept of order one, so that nothing overflows far away from them.

References
----------
Matveev & Salle, Darboux Transformations and Solitons (1991);
Park & Shin, Phys. Rev. E 61 (2000) 3093 (the vector case).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pdekit.solvers.exact.parameters import require

Complex = NDArray[np.complex128]
Real = NDArray[np.float64]


def n_solitons(
    x: ArrayLike,
    t: ArrayLike,
    *,
    amplitudes: Sequence[float],
    velocities: Sequence[float],
    positions: Sequence[float],
    phases: Sequence[float] = (),
    polarisations: Complex | None = None,
) -> Complex:
    """Solitons that at t = 0, far from each other, are the ones given.

    Soliton j then looks like  p_j A_j sech(A_j(x − x_j)) exp(i(v_j x + φ_j)).

    Parameters
    ----------
    x, t : array_like
        Places and times, of shapes that broadcast.
    amplitudes, velocities, positions : sequence of float
        A_j > 0, v_j and x_j.
    phases : sequence of float
        φ_j; all zero when left out.
    polarisations : array ``(soliton, field)``, optional
        Unit vectors p_j; without them there is one field.

    Returns
    -------
    array ``(field, *broadcast of x and t)``
    """
    a, v, x0 = (np.asarray(p, float) for p in (amplitudes, velocities, positions))
    phi = np.asarray(phases, float) if len(phases) else np.zeros_like(a)
    _check(a, v, x0, phi)
    zeta = a + 1j * v
    p = np.ones((a.size, 1), complex) if polarisations is None else polarisations
    order = np.argsort(-x0, kind="stable")  # from right to left, as the seeds need it
    zeta = zeta[order]
    offset, q = _seeds(zeta, p[order])
    offset += (-a * x0 + 1j * phi)[order]
    return _dress(np.asarray(x, float), np.asarray(t, float), zeta, offset, q)


def _check(a: Real, v: Real, x0: Real, phi: Real) -> None:
    require(
        a.size == v.size == x0.size == phi.size > 0,
        f"every soliton needs one of each, got {a.size} amplitudes, {v.size} velocities, "
        f"{x0.size} positions, {phi.size} phases",
    )
    require(bool(np.all(a > 0)), f"amplitudes must be positive, got {a.tolist()}")
    pairs = np.unique(np.stack([a, v], axis=1), axis=0)
    require(
        len(pairs) == a.size,
        "two solitons of the same amplitude and velocity have no common solution; "
        "change one of them a little",
    )


def _seeds(zeta: Complex, p: Complex) -> tuple[Complex, Complex]:
    """Logarithmic offsets and vectors q that give the polarisations p at t = 0.

    Where soliton j sits, those to its left have φ = (1, 0) and those to its right
    φ = (0, p*): their dressing is undone here, for each j.
    """
    offset, q = np.zeros_like(zeta), p.conj()
    for j in range(zeta.size):
        for k in range(j + 1, zeta.size):  # to the left of j
            offset[j] -= np.log((zeta[j] - zeta[k]) / (zeta[j] + zeta[k].conj()))
        for k in reversed(range(j)):  # to the right of j, the nearest undone first
            along = p[k].conj() * (p[k] @ q[j])
            q[j] += 2 * zeta[k].real / (zeta[j] - zeta[k]) * along
    return offset, q


def _dress(x: Real, t: Real, zeta: Complex, offset: Complex, q: Complex) -> Complex:
    phi = [_seed(x, t, *soliton) for soliton in zip(zeta, offset, q, strict=True)]
    psi = np.zeros((q.shape[1], *phi[0].shape[1:]), complex)
    for k, soliton in enumerate(phi):
        unit = soliton / np.sqrt(np.sum(soliton.real**2 + soliton.imag**2, axis=0))
        psi += 2 * zeta[k].real * unit[0] * unit[1:].conj()
        for j in range(k + 1, zeta.size):
            overlap = np.sum(unit.conj() * phi[j], axis=0)
            phi[j] -= 2 * zeta[k].real / (zeta[j] + zeta[k].conj()) * overlap * unit
    return psi


def _seed(x: Real, t: Real, zeta: complex, offset: complex, q: Complex) -> Complex:
    """(e^θ, q) divided by max(1, |e^θ|), with θ = ζx + iζ²t/2 + offset."""
    theta = zeta * x + 0.5j * zeta**2 * t + offset
    scale = np.maximum(theta.real, 0.0)
    small = np.exp(-scale)
    return np.stack([np.exp(theta - scale), *(c * small for c in q)])
