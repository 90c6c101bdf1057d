"""Where ψ(x, t) is, how it moves, how it is correlated, and in which modes it lives."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Real = NDArray[np.float64]
Complex = NDArray[np.complex128]


def centre_of_mass(psi: ArrayLike, x: ArrayLike) -> Real:
    """∫x|ψ|² / ∫|ψ|² along the last axis; it jumps when something crosses the ends."""
    rho = _density(psi)
    return np.asarray(rho @ np.asarray(x, float) / _positive(rho.sum(axis=-1)))


def periodic_centre_of_mass(psi: ArrayLike, x: ArrayLike) -> Real:
    """Centre of mass on the circle, (L/2π) arg ∫|ψ|² e^{2πix/L}, between x₀ and x₀ + L.

    It moves through the ends without a jump of the field; ``np.unwrap(..., period=L)``
    makes a path of it.
    """
    x = np.asarray(x, float)
    length = x.size * (x[1] - x[0])
    moment = _density(psi) @ np.exp(2j * np.pi * (x - x[0]) / length)
    return np.asarray(x[0] + length * (np.angle(moment) / (2 * np.pi) % 1.0))


def mean_velocity(times: ArrayLike, path: ArrayLike) -> float:
    """Displacement between the first and the last time, divided by their distance."""
    t, path = np.asarray(times, float), np.asarray(path, float)
    return float((path[-1] - path[0]) / (t[-1] - t[0]))


def autocorrelation_length(psi: ArrayLike, dx: float) -> Real:
    """First distance at which the autocorrelation of |ψ| is below 1/e of its maximum.

    The field counts as zero beyond the ends; the answer is a multiple of dx, and infinite
    when there is no such distance.
    """
    height = np.abs(psi)
    n = height.shape[-1]
    spectrum = np.fft.rfft(height, 2 * n)
    correlation = np.fft.irfft(spectrum * spectrum.conj(), 2 * n)[..., :n]
    below = correlation < correlation[..., :1] / np.e
    return np.where(below.any(axis=-1), dx * below.argmax(axis=-1), np.inf)


def wavenumber_frequency_spectrum(
    psi: ArrayLike, dx: float, dt: float
) -> tuple[Real, Real, Real]:
    """Power of the waves exp(i(kx − ωt)) in ψ(t, x).

    A Hann window is laid over time, which need not be periodic: a line has a width of two
    frequencies. The powers add up to the mean of the windowed |ψ|².

    Returns
    -------
    k, omega, power
        Of the shapes ``(x,)``, ``(t,)`` and ``(t, x)``, all in ascending order.
    """
    psi = np.asarray(psi)
    nt, nx = psi.shape
    window = np.sin(np.pi * (np.arange(nt) + 0.5) / nt) ** 2
    window *= np.sqrt(nt / np.sum(window**2))
    amplitude = np.fft.fftshift(
        np.fft.ifft(np.fft.fft(window[:, None] * psi, axis=1), axis=0)
    )
    k, omega = (
        2 * np.pi * np.fft.fftshift(np.fft.fftfreq(n, step))
        for n, step in ((nx, dx), (nt, dt))
    )
    return k, omega, np.abs(amplitude / nx) ** 2


def growth_rates(times: ArrayLike, psi: ArrayLike) -> Real:
    """Growth rate of each mode: slope of the least-squares line through ln|ψ̂_k| over time.

    ``psi`` is ``(t, [member,] x)``; the modes are in the order of `numpy.fft.fftfreq`. A
    mode that is ever exactly zero has the rate nan.
    """
    t, psi_hat = np.asarray(times, float), np.abs(np.fft.fft(psi, axis=-1))
    empty = (psi_hat == 0).any(axis=0)
    logs = np.log(np.where(psi_hat > 0, psi_hat, 1.0))
    centred = t - t.mean()
    slopes = np.tensordot(centred, logs, axes=1) / np.sum(centred**2)
    return np.where(empty, np.nan, slopes)


def kurtosis(psi: ArrayLike) -> Real:
    """⟨|ψ|⁴⟩/⟨|ψ|²⟩² along the last axis: 1 for a plane wave, 2 for Gaussian noise."""
    rho = _density(psi)
    return np.asarray(np.mean(rho**2, axis=-1) / _positive(rho.mean(axis=-1) ** 2))


def exceedance(psi: ArrayLike, levels: ArrayLike) -> Real:
    """Fraction of all values with |ψ|² above each level times the mean of |ψ|².

    It is e^{−level} for Gaussian noise; above 8 a wave is commonly called a rogue wave.
    """
    rho = np.sort(_density(psi), axis=None)
    levels = np.asarray(levels, float)
    above = rho.size - np.searchsorted(rho, levels * rho.mean(), side="right")
    return np.asarray(above / rho.size)


def _density(psi: ArrayLike) -> Real:
    psi = np.asarray(psi)
    return np.asarray(psi.real**2 + psi.imag**2)


def _positive(total: Real) -> Real:
    return np.where(total > 0.0, total, 1.0)
