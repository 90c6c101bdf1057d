"""The posterior of a Gaussian process given an equation: mean, deviation, residual.

With weights of no prior (`polytrig` and its kin) the posterior is that of least squares,

    w ~ N(ŵ, σ² (RᵀR)⁻¹),   σ² = ‖gaps‖²/(equations − weights),

so that the deviation is small where the equation holds well and determines u well.  Where
more is left of the equation between the nodes than at them, σ is what is left there; it is
never below rounding.  What is left of the data on the faces between their nodes is added.

References
----------
Rasmussen & Williams, Gaussian Processes for Machine Learning (2006), section 2.7 (weights
of a vague prior).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from pdekit.gp.collocation import At, Condition, MultiIndex, Sample, rms
from pdekit.gp.kronecker import mode_products
from pdekit.gp.newton import Fit
from pdekit.gp.span import Span
from pdekit.gp.spread import Spread
from pdekit.gp.triangle import plain
from pdekit.typing import Array


@dataclass(frozen=True)
class Quality:
    """How well an equation is satisfied; r.m.s. relative to its largest term.

    Attributes
    ----------
    nodes, between : float
        What is left of the equation at the nodes, and between them.
    conditions : float
        What is left of the conditions, relative to u, at or between the nodes.
    term, size : float
        R.m.s. of the largest term, and of u.
    off_nodes : float
        What is left of the conditions between the nodes, as an error of u.
    """

    nodes: float
    between: float
    conditions: float
    term: float
    size: float
    off_nodes: float

    @property
    def worst(self) -> float:
        """The largest of those that say something about new points."""
        return max(self.between, self.conditions)


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

    @cached_property
    def noise(self) -> float:
        """Standard deviation of what is left, of the equation relative to its scale."""
        relative = max(self.quality.between, float(np.finfo(float).eps))
        return max(self.fit.noise, relative * self.quality.term / self.fit.factor.scale)

    @cached_property
    def _spread(self) -> Spread:
        return Spread(self.fit)

    @property
    def undetermined(self) -> int:
        """How many directions the data do not determine."""
        return self._spread.undetermined

    def deviation(self, points: Sequence[Array], index: MultiIndex | None = None) -> Array:
        """Return the posterior standard deviation at the points of a box.

        Where that is much work it is that of draws.
        """
        bases = self.fit.bases
        orders = index or (0,) * len(bases)
        rows = [b.at(p, m) for b, p, m in zip(bases, points, orders, strict=True)]
        faces = self.quality.off_nodes
        for basis, order in zip(bases, orders, strict=True):
            faces /= basis.span.length**order
        return np.hypot(self.noise * self._spread.at(rows), faces)

    def deviation_is_exact(self, points: Sequence[Array]) -> bool:
        """Whether deviations at these points are computed rather than drawn."""
        return self._spread.is_computed(math.prod(len(p) for p in points))

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
    """Return how well a fit satisfies its equation and its conditions."""
    bases, weights, conditions = fit.bases, fit.weights, fit.collocation.conditions
    u = rms(mode_products([b.on_nodes() for b in bases], weights))
    found, scale = [], 0.0
    for sample in (fit.collocation.nodes, fit.collocation.between):
        left, term = sample.left(bases, weights)
        scale = max(rms(sample.source), term, plain_term(sample, u)) or 1.0
        found.append(rms(sample.source - left) / scale)
    size = max([u, *(rms(c.values) for c in conditions)]) or 1.0
    misfit = max((rms(gap) for gap in fit.gaps.conditions), default=0.0)
    between = [c.misfit_between(bases, weights) for c in conditions]
    off_nodes = max((rms(gap) for gap in between), default=0.0)
    errors = [
        rms(gap) * _unit(c, fit.collocation.spans)
        for gap, c in zip(between, conditions, strict=True)
    ]
    return Quality(
        found[0],
        found[1],
        max(misfit, off_nodes) / size,
        scale,
        size,
        max(errors, default=0.0),
    )


def plain_term(sample: Sample, size: float) -> float:
    """Return the largest term for a function that varies by its size along the box.

    Terms of a constant are zero, or its rounding, and say nothing of what is left of them.
    """
    sizes = [
        (np.sum(factors, axis=0), rms(sample.coefficient(factors)) * size ** len(factors))
        for factors in sample.collocation.terms
    ]
    return plain(sizes, sample.collocation.spans)


def _unit(condition: Condition, spans: Sequence[Span]) -> float:
    """Return the change of u for a unit of a condition: for a slope, the length across."""
    unit = 1.0
    for functional, span in zip(condition.functionals, spans, strict=True):
        if isinstance(functional, At):
            unit *= span.length**functional.order
    return unit
