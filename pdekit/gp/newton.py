"""Weights that close all gaps: one correction for a linear equation, Newton for others."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np

from pdekit.errors import NotApplicable, PdekitError
from pdekit.gp.basis import Basis
from pdekit.gp.collocation import Collocation, MultiIndex
from pdekit.gp.dense import Dense, is_quick
from pdekit.gp.galerkin import Galerkin
from pdekit.gp.iterative import iterate
from pdekit.gp.least_squares import Factor, Gaps, averaged, separated
from pdekit.typing import Array

QUICK = 2000
"""Weights up to which least squares are preferred to Galerkin's method."""
STEPS = 30
"""Most Newton steps."""
SMALL = 1e-13
"""Relative size of a correction that is the last."""
SHORTEST = 2.0**-10
"""Shortest step along Newton's direction before it is said to stagnate."""
AMPLITUDES = (0.05, 0.2, 0.4, 0.6, 0.8, 1.0)
"""Of the nonlinear terms, when Newton does not converge with all of them at once."""


REFRESH = 150
"""Inner iterations beyond which the next correction has a factorisation of its own."""
AnyFactor = Factor | Dense | Galerkin


class Stagnation(PdekitError):
    """Newton's method comes no closer."""

    exit_status = 3


@dataclass
class Fit:
    """A function that satisfies an equation as well as its basis can.

    Attributes
    ----------
    weights : (ranks) array
        Of the products of the functions of the axes.
    factor : Factor, Dense or Galerkin
        The last one, of the equation or of a separable one close to it.
    gaps : Gaps
        What is left at the nodes.
    corrections : list of float
        Relative size of each correction.
    iterations : int
        Of LSMR or GMRES, all together.
    exact : bool
        Whether ``factor`` is that of the equation itself.
    """

    collocation: Collocation
    bases: Sequence[Basis]
    weights: Array
    factor: AnyFactor
    gaps: Gaps
    corrections: list[float] = field(default_factory=list)
    iterations: int = 0
    exact: bool = True

    @property
    def noise(self) -> float:
        """Standard deviation of the gaps, those of the equation relative to its scale."""
        freedom = max(self.gaps.count - self.factor.unknowns, 1)
        return self.gaps.size(self.factor.scale) / math.sqrt(freedom)


def solve(
    collocation: Collocation,
    bases: Sequence[Basis],
    *,
    start: Array | None = None,
    ridge: Array | None = None,
    look: Callable[[], None] = lambda: None,
) -> Fit:
    """Return the function of a basis that satisfies an equation best.

    Parameters
    ----------
    collocation, bases
        The equation, and the functions of every axis.
    start
        First guess of the weights; zero when left out.
    ridge
        Rows  ridge · w  added to the equation: a prior.
    look
        Called before every correction; may raise to stop.

    Raises
    ------
    Stagnation
        If Newton's method does not converge, even in small steps of the nonlinear terms.
    TooLarge
        If there are too many weights.
    """
    ranks = tuple(basis.rank for basis in bases)
    weights = np.zeros(ranks) if start is None else start
    solver = _Solver(collocation, bases, ridge, look)
    try:
        return solver.corrected(weights, 1.0)
    except Stagnation:
        pass
    weights = np.zeros(ranks)
    for amplitude in AMPLITUDES:
        fit = solver.corrected(weights, amplitude)
        weights = fit.weights
    return fit


class _Solver:
    """Newton's method with a line search on the norm of the gaps."""

    def __init__(
        self,
        collocation: Collocation,
        bases: Sequence[Basis],
        ridge: Array | None,
        look: Callable[[], None],
    ) -> None:
        self.collocation, self.bases, self.ridge = collocation, bases, ridge
        self.nodes, self.look = collocation.nodes, look
        self.factor: AnyFactor | None = None
        self.iterations, self.exact, self._slow = 0, True, False

    def corrected(self, weights: Array, amplitude: float) -> Fit:
        """Correct weights until the corrections are small."""
        gaps, corrections = self.gaps(weights, amplitude), list[float]()
        for _ in range(STEPS):
            self.look()
            correction = self.correction(weights, gaps, amplitude)
            weights, gaps, moved = self.moved(weights, correction, gaps, amplitude)
            size = float(np.linalg.norm(weights))
            corrections.append(moved / size if size else 0.0)
            done = corrections[-1] < SMALL
            flat = len(corrections) > 1 and corrections[-1] > 0.3 * corrections[-2]
            if done or (flat and corrections[-1] < 1e-6):
                break
            if self.collocation.linear and len(corrections) == 3:
                break
        else:
            raise Stagnation(
                f"Newton's method did not converge in {STEPS} steps: the last correction "
                f"is {corrections[-1]:.1e} of the solution"
            )
        assert self.factor is not None  # noqa: S101
        return Fit(
            self.collocation, self.bases, weights, self.factor, gaps, corrections,
            self.iterations, self.exact,
        )  # fmt: skip

    def gaps(self, weights: Array, amplitude: float) -> Gaps:
        """Return what is left of all right-hand sides."""
        nodes = self.nodes
        left = nodes.left(self.bases, weights, amplitude)[0]
        conditions = self.collocation.conditions
        return Gaps(
            nodes.source - left,
            tuple(np.asarray(c.values - c.of(self.bases, weights)) for c in conditions),
        )

    def correction(self, weights: Array, gaps: Gaps, amplitude: float) -> Array:
        """Solve the linearised equation."""
        linear = self.nodes.linearised(self.bases, weights, amplitude)
        vectors = {m: separated(c) for m, c in linear.items()}
        self.exact = all(v is not None for v in vectors.values())
        if self.exact:
            if self.factor is None or not self.collocation.linear:
                self.factor = self._factor({m: v for m, v in vectors.items() if v})
            return self.factor.solve(gaps, weights)
        if is_quick(self.bases, self.collocation):
            self.exact = True
            if not (isinstance(self.factor, Dense) and self.collocation.linear):
                self.factor = Dense(self.bases, linear, self.collocation, self.ridge)
            return self.factor.solve(gaps, weights)
        if self.factor is None or isinstance(self.factor, Dense) or self._slow:
            self.factor = self._factor({m: averaged(c) for m, c in linear.items()})
        found, iterations = iterate(self.factor, self.nodes, linear, gaps, weights)
        self.iterations += iterations
        self._slow = iterations > REFRESH and not self.collocation.linear
        return found

    def _factor(self, vectors: dict[MultiIndex, list[Array]]) -> Factor | Galerkin:
        """Factorise least squares where that is quick or the only way."""
        if self.ridge is None and math.prod(b.rank for b in self.bases) > QUICK:
            with suppress(NotApplicable):
                return Galerkin(self.bases, vectors, self.collocation)
        return Factor(self.bases, vectors, self.collocation, self.ridge)

    def moved(
        self, weights: Array, correction: Array, gaps: Gaps, amplitude: float
    ) -> tuple[Array, Gaps, float]:
        """Go along a correction as far as the gaps become smaller."""
        if self.collocation.linear:
            weights = weights + correction
            return weights, self.gaps(weights, amplitude), float(np.linalg.norm(correction))
        assert self.factor is not None  # noqa: S101
        before, step = gaps.size(self.factor.scale), 1.0
        small = 1e-6 * float(np.linalg.norm(weights))
        while True:
            trial = weights + step * correction
            left = self.gaps(trial, amplitude)
            length = step * float(np.linalg.norm(correction))
            if left.size(self.factor.scale) < (1 - 1e-4 * step) * before or length <= small:
                return trial, left, length
            step /= 2
            if step < SHORTEST:
                raise Stagnation(
                    "Newton's method stagnates: no step along its direction brings the "
                    "equation closer to being satisfied"
                )
