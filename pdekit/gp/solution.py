"""The posterior of a Gaussian process given an equation: mean, deviation, residual.

With weights of no prior (`polytrig` and its kin) the posterior is that of least squares,

    w ~ N(ŵ, σ² (RᵀR)⁻¹),   σ² = ‖gaps‖²/(equations − weights),

so that the deviation is small where the equation holds well and determines u well.

References
----------
Rasmussen & Williams, Gaussian Processes for Machine Learning (2006), section 2.7 (weights
of a vague prior).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from pdekit.gp.collocation import MultiIndex, Sample, rms
from pdekit.gp.kronecker import kron, mode_products
from pdekit.gp.least_squares import Factor
from pdekit.gp.newton import Fit
from pdekit.typing import Array

EXACT_FLOPS = 2e9
"""Work up to which deviations are computed, and beyond which they are drawn."""
DRAWS = 128
"""Draws from the posterior, whose deviation then is good to 6 %, …"""
MANY = 500_000
"""… or a quarter of them, 12 %, at so many points."""


@dataclass(frozen=True)
class Quality:
    """How well an equation is satisfied; r.m.s. relative to its largest term."""

    nodes: float
    midpoints: float
    conditions: float

    @property
    def worst(self) -> float:
        """The largest of those that say something about new points."""
        return max(self.midpoints, self.conditions)


@dataclass(frozen=True)
class Posterior:
    """A Gaussian process given an equation and conditions.

    Attributes
    ----------
    fit : Fit
        Weights and factorisation.
    quality : Quality
        What is left of the equation at the nodes and between them.
    disagreement : float or None
        Relative difference, in the mean square, from the mean of the next best basis.
    tried : list
        Label and quality of every basis that was tried.
    """

    fit: Fit
    quality: Quality
    disagreement: float | None = None
    tried: list[tuple[str, Quality]] = field(default_factory=list)

    @property
    def ranks(self) -> tuple[int, ...]:
        """Functions along each axis."""
        return tuple(basis.rank for basis in self.fit.bases)

    @property
    def label(self) -> str:
        """The basis in words."""
        return label(self.fit)

    def mean(self, points: Sequence[Array], index: MultiIndex | None = None) -> Array:
        """Return u, or a derivative of it, at the points of a box."""
        bases = self.fit.bases
        orders = index or (0,) * len(bases)
        rows = [b.at(p, m) for b, p, m in zip(bases, points, orders, strict=True)]
        return mode_products(rows, self.fit.weights)

    def deviation(self, points: Sequence[Array], index: MultiIndex | None = None) -> Array:
        """Return the posterior standard deviation at the points of a box.

        Where that is much work it is that of `DRAWS` draws.
        """
        bases, factor = self.fit.bases, self.fit.factor
        orders = index or (0,) * len(bases)
        rows = [b.at(p, m) for b, p, m in zip(bases, points, orders, strict=True)]
        if isinstance(factor, Factor) and self.deviation_is_exact(points):
            spread = np.concatenate(
                [
                    np.linalg.norm(
                        factor.root_solve(kron([first, *rows[1:]]).T, transposed=True),
                        axis=0,
                    )
                    for first in np.array_split(rows[0], max(1, len(rows[0]) // 64))
                ]
            )
            return np.asarray(self.fit.noise * spread.reshape([len(p) for p in points]))
        many = math.prod(len(p) for p in points) > MANY
        draws = factor.draws(DRAWS // 4 if many else DRAWS, np.random.default_rng(0))
        total = sum(mode_products(rows, draw) ** 2 for draw in draws)
        return np.asarray(self.fit.noise * np.sqrt(total / len(draws)))

    def deviation_is_exact(self, points: Sequence[Array]) -> bool:
        """Whether deviations at these points are computed rather than drawn."""
        count, factor = math.prod(len(p) for p in points), self.fit.factor
        return isinstance(factor, Factor) and count * factor.unknowns**2 <= EXACT_FLOPS

    @property
    def nyquist_margin(self) -> float:
        """Largest frequency of a band over the Nyquist frequency, of the worst axis."""
        return max(
            (
                float(basis.frequencies.max()) / basis.span.nyquist
                for basis in self.fit.bases
                if len(basis.frequencies)
            ),
            default=0.0,
        )

    def residual(self, sample: Sample) -> Array:
        """Return  f − (left-hand side)  at the points of a sample."""
        return sample.source - sample.left(self.fit.bases, self.fit.weights)[0]


def label(fit: Fit) -> str:
    """Return the bases of a fit in words."""
    labels = [basis.label for basis in fit.bases]
    if len(set(labels)) == 1:
        return labels[0]
    names = (basis.span.name for basis in fit.bases)
    return "; ".join(f"{n}: {text}" for n, text in zip(names, labels, strict=True))


def quality(fit: Fit) -> Quality:
    """Return how well a fit satisfies its equation."""
    found = []
    for sample in (fit.collocation.nodes, fit.collocation.midpoints):
        left, term = sample.left(fit.bases, fit.weights)
        scale = max(rms(sample.source), term) or 1.0
        found.append(rms(sample.source - left) / scale)
    u = mode_products([b.on_nodes() for b in fit.bases], fit.weights)
    size = max([rms(u), *(rms(c.values) for c in fit.collocation.conditions)]) or 1.0
    misfit = max((rms(gap) for gap in fit.gaps.conditions), default=0.0)
    return Quality(found[0], found[1], misfit / size)
