"""Distances of predicted fields from true ones, as the literature defines them.

Arrays are ``(samples, channels, frames, *space)``; a single time is one frame. What is
relative is relative to the truth, sample by sample.

References
----------
Li et al., ICLR (2021), arXiv 2010.08895 (`relative_l2`).
Takamoto et al., NeurIPS (2022), arXiv 2210.07182 (`nrmse`, `conserved_rmse`,
`boundary_rmse`, `fourier_rmse`).
Ohana et al., NeurIPS (2024), arXiv 2412.00568 (`vrmse`, `spectral_mse`).
Koehler et al., NeurIPS (2024), arXiv 2411.00180 (`symmetric_rmse`, roll-outs).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from pdekit.errors import ShapeError
from pdekit.typing import Array

LEADING = 3
"""Axes before space: samples, channels, frames."""
VARIANCE_FLOOR = 1e-7
"""Added to the variance in `vrmse`, as The Well does."""
SHELLS = (0, 4, 12)
"""Lower ends of the low, middle and high shells of `fourier_rmse`."""


def _checked(p: Array, y: Array) -> tuple[Array, Array]:
    """Return both in double precision; refuse what cannot be compared."""
    p, y = np.asarray(p, dtype=float), np.asarray(y, dtype=float)
    if p.shape != y.shape or p.ndim <= LEADING:
        wanted = "(samples, channels, frames, *space), both alike"
        raise ShapeError(wanted, (p.shape, y.shape), "prediction and truth")
    return p, y


def _space(y: Array) -> tuple[int, ...]:
    return tuple(range(LEADING, y.ndim))


def _ratio(above: Array, below: Array) -> Array:
    """Divide; nothing over nothing is nothing."""
    zero = (below == 0) & (above == 0)
    with np.errstate(divide="ignore"):
        return np.asarray(np.where(zero, 0.0, above / np.where(zero, 1.0, below)))


# -- over whole samples ----------------------------------------------------------------


def relative_l2(p: Array, y: Array) -> float:
    """Return the mean over samples of  ‖p − y‖₂/‖y‖₂,  norms over all else."""
    return float(np.mean(relative_l2_of_samples(p, y)))


def relative_l2_of_samples(p: Array, y: Array) -> Array:
    """Return  ‖p − y‖₂/‖y‖₂  of every sample."""
    p, y = _checked(p, y)
    flat = (len(y), -1)
    above = np.linalg.norm((p - y).reshape(flat), axis=1)
    return _ratio(above, np.linalg.norm(y.reshape(flat), axis=1))


def relative_l2_of_frames(p: Array, y: Array) -> Array:
    """Return the mean over samples of  ‖p − y‖₂/‖y‖₂  of every frame."""
    p, y = _checked(p, y)
    axes = (1, *_space(y))
    above = np.sqrt(np.sum((p - y) ** 2, axis=axes))
    return np.asarray(_ratio(above, np.sqrt(np.sum(y**2, axis=axes))).mean(axis=0))


def max_error(p: Array, y: Array) -> float:
    """Return  max |p − y|."""
    p, y = _checked(p, y)
    return float(np.abs(p - y).max())


def relative_max_error(p: Array, y: Array) -> float:
    """Return the mean over samples of  max |p − y| / max |y|."""
    p, y = _checked(p, y)
    flat = (len(y), -1)
    above = np.abs((p - y).reshape(flat)).max(axis=1)
    return float(_ratio(above, np.abs(y.reshape(flat)).max(axis=1)).mean())


# -- over space, of every sample, channel and frame ------------------------------------


def rmse(p: Array, y: Array) -> Array:
    """Return  √⟨(p − y)²⟩,  shape ``(samples, channels, frames)``."""
    p, y = _checked(p, y)
    return np.asarray(np.sqrt(np.mean((p - y) ** 2, axis=_space(y))))


def nrmse(p: Array, y: Array) -> float:
    """Return the mean of  √⟨(p − y)²⟩ / √⟨y²⟩."""
    p, y = _checked(p, y)
    return float(_ratio(rmse(p, y), np.sqrt(np.mean(y**2, axis=_space(y)))).mean())


def symmetric_rmse(p: Array, y: Array) -> float:
    """Return the mean of  2 ‖p − y‖ / (‖p‖ + ‖y‖)."""
    p, y = _checked(p, y)
    sizes = (np.sqrt(np.mean(f**2, axis=_space(f))) for f in (p, y))
    return float(_ratio(2 * rmse(p, y), np.asarray(sum(sizes))).mean())


def vrmse(p: Array, y: Array) -> float:
    """Return the mean of  √(⟨(p − y)²⟩ / (var y + 1e-7)):  1 for predicting the mean.

    The variance has the divisor N − 1.
    """
    p, y = _checked(p, y)
    variance = np.var(y, axis=_space(y), ddof=1) + VARIANCE_FLOOR
    return float(np.mean(rmse(p, y) / np.sqrt(variance)))


def conserved_rmse(p: Array, y: Array) -> float:
    """Return the root mean square of  ⟨p⟩ − ⟨y⟩."""
    p, y = _checked(p, y)
    drift = p.mean(axis=_space(p)) - y.mean(axis=_space(y))
    return float(np.sqrt(np.mean(drift**2)))


def boundary_rmse(p: Array, y: Array) -> float:
    """Return the root mean square of p − y over the outermost points, each counted once."""
    p, y = _checked(p, y)
    rim = np.ones(y.shape[LEADING:], dtype=bool)
    rim[tuple(slice(1, -1) for _ in rim.shape)] = False
    return float(np.sqrt(np.mean((p - y)[..., rim] ** 2)))


# -- in Fourier space ------------------------------------------------------------------


def _modes(y: Array) -> tuple[Array, Array]:
    """Return coefficients over all wavenumbers, and the modulus of whole wavenumbers."""
    shape = y.shape[LEADING:]
    coefficients = np.fft.fftn(y, axes=_space(y), norm="forward")
    k = np.sqrt(
        sum(np.square(a) for a in np.ix_(*(np.fft.fftfreq(n, 1 / n) for n in shape)))
    )
    return coefficients, np.asarray(k)


def fourier_rmse(p: Array, y: Array, compat: str = "") -> dict[str, float]:
    """Return the root mean square of the error's modes in low, middle and high shells.

    Shells are  ⌊|k|⌋ < 4,  4 ≤ ⌊|k|⌋ < 12  and beyond; all wavenumbers count, those of
    either sign. ``compat="pdebench"`` takes only non-negative ones, as that code does.
    """
    p, y = _checked(p, y)
    e, k = _modes(p - y)
    energy = np.abs(e) ** 2
    if compat == "pdebench":
        shape = y.shape[LEADING:]
        quadrant = tuple(slice(0, n // 2) for n in shape)
        energy, k = energy[(..., *quadrant)], k[quadrant]
    bounds = [*SHELLS, np.inf]
    found = {}
    names = ("low", "middle", "high")
    for name, (low, high) in zip(names, pairwise(bounds), strict=True):
        inside = (np.floor(k) >= low) & (np.floor(k) < high)
        found[name] = float(np.sqrt(energy[..., inside].sum(axis=-1).mean()))
    return found


def spectrum(y: Array) -> Array:
    """Return  E(k) = ½ Σ |û_κ|²  over  k−½ ≤ |κ| < k+½,  as an axis in place of space.

    It sums up to  ½⟨|u|²⟩.
    """
    y = np.asarray(y, dtype=float)
    coefficients, k = _modes(y)
    shell = np.floor(k + 0.5).astype(int).ravel()
    energy = 0.5 * np.abs(coefficients.reshape(*y.shape[:LEADING], -1)) ** 2
    count = int(shell.max()) + 1
    lines = energy.reshape(-1, energy.shape[-1])
    total = [np.bincount(shell, weights=line, minlength=count) for line in lines]
    return np.reshape(total, (*y.shape[:LEADING], count))


def log_spectrum_error(p: Array, y: Array) -> float:
    """Return the mean over shells of  |log E_p − log E_y|  of the mean spectra."""
    p, y = _checked(p, y)
    ours, theirs = (spectrum(f).mean(axis=(0, 1, 2)) for f in (p, y))
    held = theirs > 1e-30 * theirs.max()
    floor = np.finfo(float).tiny
    return float(np.mean(np.abs(np.log(ours[held] + floor) - np.log(theirs[held]))))


def spectral_mse(p: Array, y: Array, bins: int = 3) -> Array:
    """Return the mean square error in bins of |k| that are even on a log scale.

    From the slowest to the fastest wave that the grid holds, as The Well has them.
    """
    p, y = _checked(p, y)
    e, k = _modes(p - y)
    edges = np.geomspace(1.0, k.max(), bins + 1)
    edges[0], edges[-1] = 0.0, np.inf
    energy = np.abs(e) ** 2
    return np.array(
        [
            energy[..., (k > low) & (k <= high)].sum(axis=-1).mean()
            for low, high in pairwise(edges)
        ]
    )


# -- along time ------------------------------------------------------------------------


def correlation(p: Array, y: Array) -> Array:
    """Return the correlation of p and y over space, ``(samples, channels, frames)``."""
    p, y = _checked(p, y)
    space = _space(y)
    p, y = (f - f.mean(axis=space, keepdims=True) for f in (p, y))
    size = np.sqrt(np.sum(p**2, axis=space) * np.sum(y**2, axis=space))
    return _ratio(np.sum(p * y, axis=space), size)


def correlation_time(
    p: Array, y: Array, times: Sequence[float], threshold: float = 0.8
) -> Array:
    """Return when the correlation first falls below a threshold, of every sample.

    Interpolated linearly between frames, over the mean of the channels; the last time
    where it never does.
    """
    rho, t = correlation(p, y).mean(axis=1), np.asarray(times, dtype=float)
    found = np.full(len(rho), t[-1])
    for i, line in enumerate(rho):
        below = np.flatnonzero(line < threshold)
        if below.size:
            j = int(below[0])
            part = (line[j - 1] - threshold) / (line[j - 1] - line[j]) if j else 0.0
            found[i] = t[j - 1] + part * (t[j] - t[j - 1]) if j else t[0]
    return found


def wasserstein(p: Array, y: Array) -> float:
    """Return the Wasserstein-1 distance of all values of p from all values of y."""
    p, y = _checked(p, y)
    return float(np.mean(np.abs(np.sort(p, axis=None) - np.sort(y, axis=None))))


# -- over samples ----------------------------------------------------------------------


@dataclass(frozen=True)
class Spread:
    """Mean and median over samples, with the 95 % interval of the mean."""

    mean: float
    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float] | Array, draws: int = 1000) -> Spread:
        """Summarise the errors of samples; the interval is by the bootstrap.

        Efron, Ann. Statist. 7 (1979) 1.
        """
        values = np.asarray(values, dtype=float)
        rng = np.random.default_rng(0)
        chosen = rng.integers(len(values), size=(draws, len(values)))
        low, high = np.quantile(values[chosen].mean(axis=1), (0.025, 0.975))
        return cls(float(values.mean()), float(np.median(values)), float(low), float(high))
