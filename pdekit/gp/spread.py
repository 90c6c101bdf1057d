"""How noise in the rows of an equation spreads to its solution:  w ~ N(ŵ, (AᵀA)⁻¹).

With the triangle of the equation where there is one, or where it is little work to make;
by draws otherwise, each of which solves the equation for data that are noise.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from pdekit.gp.dense import Dense
from pdekit.gp.galerkin import Galerkin
from pdekit.gp.iterative import iterate
from pdekit.gp.kronecker import kron, mode_products
from pdekit.gp.least_squares import Gaps
from pdekit.gp.newton import Fit
from pdekit.gp.triangle import Triangle
from pdekit.typing import Array

EXACT_FLOPS = 2e9
"""Work up to which a triangle is used at all points, and made."""
DRAWS = 128
"""Draws, whose root mean square is then good to 6 %, …"""
MANY = 500_000
"""… or a quarter of them, 12 %, at so many points."""
SOLVES = 24
"""Draws where each is a solution by iteration (15 %)."""
LOOSE = 1e-6
"""Tolerance of those."""


class Spread:
    """Standard deviations of a fit for noise of unit size in its rows."""

    def __init__(self, fit: Fit) -> None:
        self.fit, self._weights, self._count = fit, list[Array](), 0
        bases, nodes = fit.bases, fit.collocation.nodes
        self._triangle: Triangle | None = None
        self._linear: dict[tuple[int, ...], Array] = {}
        if fit.exact:
            if not isinstance(fit.factor, Galerkin):
                self._triangle = fit.factor.triangle
            return
        self._linear = nodes.linearised(bases, fit.weights)
        if fit.gaps.count * fit.factor.unknowns**2 <= EXACT_FLOPS:
            same = fit.factor.ridge, fit.factor.scale
            self._triangle = Dense(bases, self._linear, fit.collocation, *same).triangle

    @property
    def undetermined(self) -> int:
        """How many directions the data do not determine."""
        known = self._triangle
        return self.fit.factor.undetermined if known is None else known.undetermined

    def is_computed(self, count: int) -> bool:
        """Whether deviations at so many points are computed rather than drawn."""
        work = count * self.fit.factor.unknowns**2
        return self._triangle is not None and work <= EXACT_FLOPS

    def at(self, rows: Sequence[Array]) -> Array:
        """Return the deviations of what the rows of every axis make of the weights."""
        count = math.prod(len(row) for row in rows)
        if self._triangle is not None and self.is_computed(count):
            parts = np.array_split(rows[0], max(1, len(rows[0]) // 64))
            deviations = [self._computed([part, *rows[1:]]) for part in parts]
            return np.concatenate(deviations).reshape([len(row) for row in rows])
        draws = self._draws(DRAWS // 4 if count > MANY else DRAWS)
        total = sum(mode_products(rows, draw) ** 2 for draw in draws)
        return np.asarray(np.sqrt(total / len(draws)))

    def _computed(self, rows: Sequence[Array]) -> Array:
        assert self._triangle is not None  # noqa: S101
        spread = self._triangle.spread(kron(rows).T, transposed=True)
        return np.asarray(np.linalg.norm(spread, axis=0))

    def _draws(self, count: int) -> list[Array]:
        """Return weights for data that are nothing but noise of unit size."""
        if self._count < count:
            self._count = count
            rng, factor = np.random.default_rng(0), self.fit.factor
            if self._triangle is not None:
                z = rng.standard_normal((factor.unknowns, count))
                found = self._triangle.spread(z).T
                self._weights = [w.reshape(factor.ranks) for w in found]
            elif self.fit.exact and isinstance(factor, Galerkin):
                self._weights = factor.draws(count, rng)
            else:
                self._weights = [self._iterated(self._noise(rng)) for _ in range(SOLVES)]
        return self._weights

    def _noise(self, rng: np.random.Generator) -> Gaps:
        collocation, scale = self.fit.collocation, self.fit.factor.scale
        return Gaps(
            scale * rng.standard_normal(collocation.nodes.shape),
            tuple(rng.standard_normal(np.shape(c.values)) for c in collocation.conditions),
        )

    def _iterated(self, noise: Gaps) -> Array:
        nothing = np.zeros(self.fit.factor.ranks)
        nodes, factor = self.fit.collocation.nodes, self.fit.factor
        assert not isinstance(factor, Dense)  # noqa: S101
        return iterate(factor, nodes, self._linear, noise, nothing, LOOSE)[0]
