"""A case as an equation at nodes, time among its axes, with conditions on its faces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Any

import numpy as np

from pdekit.boundary_value import AbstractDiffusion
from pdekit.calculus import Smooth
from pdekit.case.schema import ExactInitial
from pdekit.errors import PdekitError
from pdekit.forms import Form
from pdekit.gp.collocation import At, Collocation, Condition, Known, MultiIndex, mean
from pdekit.gp.span import Span
from pdekit.steady.grids import intervals
from pdekit.steady.posing import Formulas, Posed
from pdekit.typing import Array

BALANCE = 1e-4
"""Part of the data by which those of a singular problem may fail to balance at nodes."""
ENDS = (3 / 8, 7 / 6, 23 / 24)
"""Weights of Gregory's rule, of fourth order, at either end of an axis."""


@dataclass(frozen=True)
class Face:
    """What is given on a face: the derivative of u of some order across it.

    ``data`` are those of the case, which for a flux are  k ∂u/∂n;  ``between`` are values
    between the nodes.
    """

    axis: int
    end: float
    order: int
    values: Array
    data: Array
    between: Array
    label: str


@dataclass(frozen=True)
class Collocated:
    """A posed problem for a Gaussian process.

    Attributes
    ----------
    posed : Posed
        The problem, on the grid of the case or on another.
    time_points : int or None
        Nodes along time.
    """

    posed: Posed
    time_points: int | None = None

    @cached_property
    def spans(self) -> tuple[Span, ...]:
        """The axes, time behind those of space; nodes on both ends, spaced as the grid."""
        case, found = self.posed.case, []
        for axis in self.posed.grid.axes:
            periodic = axis.boundary == "periodic"
            n = intervals(axis) + (not periodic)
            found.append(self._span(axis.name, n, axis.lower, axis.upper, periodic))
        if case.time is not None:
            n = self.time_points or max(span.n for span in found)
            found.append(self._span("t", n, case.time.start, case.time.end, False))
        return tuple(found)

    def _span(self, name: str, n: int, lower: float, upper: float, periodic: bool) -> Span:
        try:
            return Span(name, n, lower, upper, periodic)
        except PdekitError as error:
            key = "solver.time_points" if name == "t" else f"domain.{name}.points"
            raise self.posed.case.problem(key, str(error)) from error

    @cached_property
    def form(self) -> Form:
        """The left-hand side of the unknown."""
        u = Form.unknown(tuple(span.name for span in self.spans))
        left = self.posed.problem.left_side(u, Formulas(self.posed))
        return u.d("t") + left if self.posed.problem.evolves else left

    @cached_property
    def terms(self) -> dict[tuple[MultiIndex, ...], Known]:
        """The coefficients of the terms that are not zero."""
        found = {product: self._known(c) for product, c in self.form.terms.items()}
        return {product: c for product, c in found.items() if callable(c) or c}

    @cached_property
    def singular(self) -> bool:
        """Whether a constant can be added to any solution."""
        nothing = (0,) * len(self.spans)
        pinned = any("dirichlet" in a.boundary for a in self.posed.case.domain.values())
        constant = any(nothing in product for product in self.terms)
        return not (pinned or constant or self.posed.problem.evolves)

    @cached_property
    def collocation(self) -> Collocation:
        """The equation at nodes.

        Raises
        ------
        CaseError
            If data are not finite, or a singular problem has no solution.
        """
        self.require_positive()
        conditions = [self._condition(face) for face in self.faces]
        if self.singular:
            if not any("open" in a.boundary for a in self.posed.case.domain.values()):
                self._require_balance()
            conditions.append(Condition((mean,) * len(self.spans), np.zeros(()), "mean"))
        return Collocation(self.spans, self.terms, self.source, tuple(conditions))

    def require_positive(self) -> None:
        """Refuse a diffusivity that is not positive at all nodes."""
        posed = self.posed
        for k in posed.diffusion if isinstance(posed.problem, AbstractDiffusion) else ():
            if callable(k):
                k(*np.ix_(*(span.nodes for span in self.spans[: posed.grid.ndim])))

    # -- data --------------------------------------------------------------------------

    def _split(self, points: Sequence[Array]) -> tuple[Sequence[Array], Any]:
        """Return coordinates of space, and time."""
        n = self.posed.grid.ndim
        return points[:n], points[n] if len(points) > n else 0.0

    def source(self, *points: Array) -> Array:
        """Return the right-hand side at points."""
        space, t = self._split(points)
        return self.posed.source(t, space)

    def _known(self, what: Smooth) -> Known:
        """Return a coefficient: a number if it is the same everywhere."""
        names = {n for _, factors in what.terms for f in factors for n in f.names_used}
        if names <= set(self.posed.case.parameters):
            return float(self.posed.smooth_values("equation", what, ()))

        def values(*points: Array) -> Array:
            space, t = self._split(points)
            return self.posed.smooth_values("equation", what, space, t)

        return values

    @cached_property
    def faces(self) -> list[Face]:
        """What the walls and the start give."""
        found = []
        for d, (name, axis) in enumerate(self.posed.case.domain.items()):
            ends = axis.boundary.split("_")
            for side, kind in (("lower", ends[0]), ("upper", ends[-1])):
                if kind in ("dirichlet", "neumann"):
                    found.append(self._wall(d, name, side, kind))
        case = self.posed.case
        if case.time is not None and not (case.initial is case.manufactured is None):
            found.append(self._start(case.time.start))
        return found

    def _wall(self, d: int, name: str, side: str, kind: str) -> Face:
        span, order = self.spans[d], int(kind == "neumann")
        end = span.lower if side == "lower" else span.upper

        def at(lines: Sequence[Array]) -> tuple[Array, Array]:
            lines = [np.array([end]) if i == d else x for i, x in enumerate(lines)]
            space, t = self._split(np.ix_(*lines))
            data = self._on_wall(name, side, kind, space, t)
            slope = self._outward(name, side, space, t) if order else 1.0
            shape = tuple(map(len, lines))
            return self._spread(data / slope, shape, d), self._spread(data, shape, d)

        values, data = at([span.nodes for span in self.spans])
        between, _ = at([span.between for span in self.spans])
        return Face(d, end, order, values, data, between, f"{name}.{side}")

    def _on_wall(self, name: str, side: str, kind: str, space: Any, t: Any) -> Array:
        """Return what the case gives: u, or the flux into the box."""
        if self.posed.case.manufactured is not None:
            return self.posed.manufactured_at(name, side, kind, space, t)
        return self.posed.at_wall(name, side, space, t)

    def _outward(self, name: str, side: str, space: Any, t: Any) -> Array:
        """Return k, with the sign of the way out of the box."""
        unknown = Form.unknown(self.form.axes)
        flux = self.posed.problem.flux(unknown, Formulas(self.posed), name)
        (k,) = flux.linear.values()
        outward = -1 if side == "lower" else 1
        return outward * self.posed.smooth_values("equation", k, space, t)

    def _start(self, begin: float) -> Face:
        spans = self.spans[:-1]

        def at(lines: Sequence[Array]) -> Array:
            values = self._initial(np.ix_(*lines), begin)
            return self._spread(values, tuple(map(len, lines)))

        values = at([span.nodes for span in spans])
        between = at([span.between for span in spans])
        return Face(len(spans), begin, 0, values, values, between, "initial")

    def _initial(self, points: Sequence[Array], begin: float) -> Array:
        case, posed = self.posed.case, self.posed
        if case.manufactured is not None:
            return posed.smooth_values("manufactured", posed.chain[0], points, begin)
        if isinstance(case.initial, ExactInitial):
            return np.asarray(posed.problem.exact[case.initial.exact](*points, begin))
        if isinstance(case.initial, str):
            return posed.values("initial", case.initial, points, begin)
        raise case.problem(
            "initial", f"must be a formula or an exact solution for {case.solver.name}"
        )

    @staticmethod
    def _spread(values: Array, shape: tuple[int, ...], across: int | None = None) -> Array:
        """Return values at all points of a box, or of a wall across an axis of it."""
        found = np.broadcast_to(np.asarray(values, dtype=float), shape)
        return np.array(found if across is None else found.squeeze(across))

    def _condition(self, face: Face) -> Condition:
        functional = At(face.end, face.order)
        axes = range(len(self.spans))
        across = tuple(functional if d == face.axis else None for d in axes)
        return Condition(across, face.values, face.label, face.between)

    # -- contradictions ----------------------------------------------------------------

    def _require_balance(self) -> None:
        """Refuse data of a singular problem that cannot balance."""
        points = np.ix_(*(span.nodes for span in self.spans))
        f = np.broadcast_to(self.source(*points), [span.n for span in self.spans])
        total, size = _mean(f, self.spans), float(np.abs(f).max())
        for face in self.faces:
            others = [span for d, span in enumerate(self.spans) if d != face.axis]
            total += _mean(face.data, others) / self.spans[face.axis].length
            size = max(size, float(np.abs(face.data).max()))
        if abs(total) > BALANCE * size:
            key = "source" if self.posed.case.source is not None else "equation"
            raise self.posed.case.problem(
                key,
                "has no solution: without a Dirichlet wall and without reaction the data "
                f"must balance, and their mean is {total:.3g} (the largest is {size:.3g})",
            )

    def disagreements(self) -> list[str]:
        """Say where values on two faces differ in the edge between them."""
        found = []
        values = [face for face in self.faces if face.order == 0]
        size = max((float(np.abs(face.values).max()) for face in values), default=0.0)
        for a, b in combinations(values, 2):
            if a.axis == b.axis:
                continue
            one, two = (self._edge(x, y) for x, y in ((a, b), (b, a)))
            jump = float(np.abs(one - two).max())
            if jump > 1e-8 * size:
                found.append(
                    f"the data of {a.label} and {b.label} differ by {jump:.3g} where the "
                    "two meet: no smooth solution has both"
                )
        return found

    def _edge(self, face: Face, other: Face) -> Array:
        """Return the values of a face in its edge with another."""
        d = other.axis - (other.axis > face.axis)
        first = other.end == self.spans[other.axis].lower
        return np.take(face.values, 0 if first else -1, axis=d)


def _mean(values: Array, spans: Sequence[Span]) -> float:
    """Return the mean over nodes by Gregory's rule."""
    for span in reversed(spans):
        weights = np.ones(span.n)
        if not span.periodic and span.n >= 2 * len(ENDS):
            weights[: len(ENDS)] = ENDS
            weights[-len(ENDS) :] = ENDS[::-1]
        values = values @ (weights / weights.sum())
    return float(values)
