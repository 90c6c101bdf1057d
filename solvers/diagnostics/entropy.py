"""Entropies of the density |ψ|² on a line, of its spectrum, and of its ordering.

The probabilities are p_j = |ψ_j|²/Σ|ψ|² on the grid, so that the entropies depend on the
spacing: each time dx is halved, ln 2 is added to the logarithmic ones. The differential
ones, of the density ρ = p/dx, do not. Frames may be stacked along leading axes.

The definitions are those of the analysis published with simple-idealized-1d-nlse
(arXiv 2509.05901); where an entropy is not what it seems, its docstring says so.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray

Real = NDArray[np.float64]

NEGLIGIBLE = 1e-15
"""Probabilities up to this one do not count."""


def probabilities(psi: ArrayLike) -> Real:
    """|ψ_j|²/Σ|ψ|² along the last axis, the negligible ones set to zero."""
    psi = np.asarray(psi)
    p: Real = psi.real**2 + psi.imag**2
    total = p.sum(axis=-1, keepdims=True)
    p /= np.where(total > 0.0, total, 1.0)
    p[p <= NEGLIGIBLE] = 0.0
    return p


def shannon(p: Real) -> Real:
    """S = −Σ p ln p."""
    return np.asarray(0.0 - np.vecdot(p, np.log(np.maximum(p, NEGLIGIBLE))))


def renyi(p: Real, order: float) -> Real:
    """R_α = ln(Σ p^α)/(1 − α);  R_1 = S,  R_∞ = −ln max p,  R_0 = ln(number of p > 0).

    R_0 measures where the negligible probabilities begin, that is, numerical noise.
    """
    if order == 1:
        return shannon(p)
    if order == np.inf:
        return np.asarray(0.0 - _log(p.max(axis=-1)))
    return np.asarray(_log(_power_sum(p, order)) / (1.0 - order))


def tsallis(p: Real, order: float) -> Real:
    """T_q = (1 − Σ p^q)/(q − 1),  T_1 = S."""
    if order == 1:
        return shannon(p)
    return np.asarray((1.0 - _power_sum(p, order)) / (order - 1.0))


def complexity(p: Real) -> Real:
    """C = (S/ln N) · N Σ(p − 1/N)², zero for a uniform density and for a single point."""
    n = p.shape[-1]
    return np.asarray(shannon(p) / np.log(n) * n * np.sum((p - 1.0 / n) ** 2, axis=-1))


def spectral(psi: ArrayLike) -> Real:
    """Shannon entropy of |ψ̂_k|²/Σ|ψ̂|²."""
    return shannon(probabilities(np.fft.fft(psi)))


def differential_shannon(p: Real, dx: float) -> Real:
    """−∫ρ ln ρ dx = S + ln dx; for a soliton of amplitude A it is 2 − ln 2A."""
    return np.asarray(shannon(p) + np.log(dx))


def differential_renyi(p: Real, order: float, dx: float) -> Real:
    """ln(∫ρ^α dx)/(1 − α) = R_α + ln dx.

    For a soliton of amplitude A it is −ln(A/3) for α = 2 and −ln(A/2) for α = ∞.
    """
    return np.asarray(renyi(p, order) + np.log(dx))


def differential_tsallis(p: Real, order: float, dx: float) -> Real:
    """(1 − ∫ρ^q dx)/(q − 1); for a soliton 1 − A/3 (q = 2)."""
    if order == 1:
        return differential_shannon(p, dx)
    integral = _power_sum(p, order) * dx ** (1.0 - order)
    return np.asarray((1.0 - integral) / (order - 1.0))


def series(psi: ArrayLike, dx: float) -> dict[str, Real]:
    """Return every entropy that is cheap enough for each output time, by name."""
    p = probabilities(psi)
    s, r2, r_inf = shannon(p), renyi(p, 2), renyi(p, np.inf)
    n, collisions = p.shape[-1], np.exp(-r2)
    return {
        "shannon_entropy": s,
        "spectral_entropy": spectral(psi),
        "renyi_entropy_2": r2,
        "renyi_entropy_inf": r_inf,
        "tsallis_entropy_half": tsallis(p, 0.5),
        "tsallis_entropy_2": 1.0 - collisions,
        "complexity": s / np.log(n) * (n * collisions - 1.0),
        "differential_entropy": s + np.log(dx),
    }


def permutation_entropy(values: ArrayLike, *, order: int = 3, delay: int = 1) -> float:
    """Entropy of the orderings of ``order`` neighbours along a line, divided by ln(order!).

    Where |ψ| has decayed to rounding error the orderings are those of the noise.
    """
    values = np.asarray(values, float)
    reach = (order - 1) * delay + 1
    if values.size < reach:
        return 0.0
    orderings = np.argsort(sliding_window_view(values, reach)[:, ::delay], kind="stable")
    code = orderings @ order ** np.arange(order)
    counts = np.unique(code, return_counts=True)[1]
    return float(shannon(counts / counts.sum()) / math.log(math.factorial(order)))


def sample_entropy(values: ArrayLike, *, length: int = 2, tolerance: float = 0.2) -> float:
    """−ln of how often stretches that agree over ``length`` points agree over one more.

    Two stretches agree when no two of their points differ by more than ``tolerance``
    standard deviations. Zero when nothing agrees. Takes O(N²) operations, O(N) memory.
    """
    values = np.asarray(values, float)
    radius = tolerance * values.std()
    if values.size < length + 1 or radius == 0.0:
        return 0.0
    agreeing = np.zeros(2)
    for lag in range(1, values.size):
        close = np.abs(values[lag:] - values[:-lag]) <= radius
        for longer in (0, 1):
            n = close.size + 1 - length - longer
            if n > 0:
                run = close[:n].copy()
                for i in range(1, length + longer):
                    run &= close[i : i + n]
                agreeing[longer] += np.count_nonzero(run)
    if not agreeing.all():
        return 0.0
    stretches = values.size + 1 - length - np.arange(2)
    shorter, longer_rate = agreeing / (stretches * (stretches - 1))
    return float(-np.log(longer_rate / shorter))


def histogram_entropy(values: ArrayLike, *, bins: int = 50) -> float:
    """Differential entropy −∫f ln f of the distribution of values, from a histogram.

    The published analysis adds the logarithm of the bin width to this.
    """
    counts, edges = np.histogram(np.asarray(values, float), bins=bins)
    return float(shannon(counts / counts.sum()) + np.log(edges[1] - edges[0]))


def _power_sum(p: Real, order: float) -> Real:
    if order == 2:
        return np.asarray(np.vecdot(p, p))
    if order == 0.5:
        return np.asarray(np.sqrt(p).sum(axis=-1))
    return np.asarray(np.sum(np.where(p > 0.0, p, 1.0) ** order, axis=-1, where=p > 0.0))


def _log(value: Real) -> Real:
    """Ln, and 0 for the empty state."""
    return np.asarray(np.log(np.where(value > 0.0, value, 1.0)))
