"""A case as numbers on a grid: operator, right-hand side, walls, exact solution."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from pdekit import registry, transfer
from pdekit.boundary_value import (
    AbstractDiffusion,
    AbstractProblem,
    AxisCoefficient,
    BlockCoefficient,
    FileCoefficient,
    RandomCoefficient,
)
from pdekit.calculus import Smooth
from pdekit.errors import PdekitError
from pdekit.expressions import compile_expression, evaluate_on
from pdekit.grid import Grid
from pdekit.linalg.stencil import Stencil, discretize, sides
from pdekit.steady import media
from pdekit.steady.blame import Blame
from pdekit.typing import Array

if TYPE_CHECKING:
    from pdekit.case.boundary_case import BoundaryCase

Data = dict[tuple[str, str], Array]
"""Values on walls by axis and side."""


@dataclass(frozen=True)
class Posed:
    """A problem on a grid: that of the case, or a coarser or finer one.

    ``member`` is added to the seeds of what is random.
    """

    case: BoundaryCase
    grid: Grid
    original: Grid
    member: int = 0

    @cached_property
    def problem(self) -> AbstractProblem:
        """The equation with its parameters."""
        spec = self.case.equation
        return registry.problem(spec.name)(**spec.params)

    @property
    def law(self) -> AbstractDiffusion:
        """The equation as one that finite differences solve."""
        assert isinstance(self.problem, AbstractDiffusion)  # noqa: S101
        return self.problem

    def on(self, grid: Grid) -> Posed:
        """Return the same problem on another grid on the same box."""
        return replace(self, grid=grid)

    # -- formulas ----------------------------------------------------------------------

    @property
    def names(self) -> tuple[str, ...]:
        """Names that formulas may use."""
        time = ("t",) if self.problem.evolves else ()
        return (*self.grid.names, *time, *self.case.parameters)

    def values(self, path: str, text: str, points: Any, t: Any = 0.0) -> Array:
        """Evaluate the formula at ``path``, real and finite at all points and times."""
        shape = np.broadcast_shapes(*(np.shape(p) for p in points), np.shape(t))
        with self._blaming(path):
            formula = compile_expression(text, self.names)
            known = self._known(points, t)
            used = {n: v for n, v in known.items() if n in formula.names_used}
            found = evaluate_on(formula, used, shape)
        if np.iscomplexobj(found):
            if np.any(found.imag):
                raise self.case.problem(path, "must be real")
            found = found.real
        return np.asarray(found, dtype=float)

    def smooth_values(self, path: str, u: Smooth, points: Any, t: Any = 0.0) -> Array:
        """Evaluate a function that follows from the formula at ``path``."""
        shape = np.broadcast_shapes(*(np.shape(p) for p in points), np.shape(t))
        with self._blaming(path):
            return u.at(self._known(points, t), shape)

    def smooth(self, path: str, text: str) -> Smooth:
        """Return a formula as a function that has derivatives."""
        with self._blaming(path):
            return Smooth.of(text, self.names)

    def _known(self, points: Any, t: float) -> dict[str, Any]:
        named = dict(zip(self.grid.names, points, strict=False))
        return {**named, "t": t, **self.case.parameters}

    def _blaming(self, path: str) -> Blame:
        return Blame(self.case, path)

    # -- coefficients ------------------------------------------------------------------

    @cached_property
    def diffusion(self) -> tuple[Any, ...]:
        """K for each axis: a number, values at the points, or a function of them."""
        name, given = self.law.diffusion
        path = f"equation.{name}"
        if isinstance(given, AxisCoefficient):
            texts = [getattr(given, axis) for axis in self.grid.names]
            return tuple(
                self._coefficient(f"{path}.{axis}", text)
                for axis, text in zip(self.grid.names, texts, strict=True)
            )
        k = self._coefficient(path, given)
        return (k,) * self.grid.ndim

    def _coefficient(self, path: str, given: Any) -> Any:
        if isinstance(given, str):
            return self._formula_coefficient(path, given)
        if isinstance(given, RandomCoefficient):
            law = given.random_field
            return media.random_medium(law, self.grid, self._seed(law.seed))
        if isinstance(given, BlockCoefficient):
            each = given.blocks
            k = media.blocks(each, self.original, self._seed(each.seed))
        elif isinstance(given, FileCoefficient):
            file = self.case.file(f"{path}.file", given.file)
            try:
                k = media.read(file, given.field, self.original)
            except PdekitError as error:
                raise self.case.problem(f"{path}.file", str(error)) from error
            self.require_positive(f"{path}.file", k, self.original.points())
        if self.grid == self.original:
            return k
        return transfer.nearest(k, self.original, self.grid)

    def _seed(self, own: int | None) -> int:
        return (self.case.run.seed if own is None else own) + self.member

    def _formula_coefficient(self, path: str, text: str) -> Any:
        formula = compile_expression(text, self.names)
        names = formula.names_used - set(self.case.parameters)
        if not names:
            k = float(self.values(path, text, ()))
            self.require_positive(path, np.array(k), ())
            return k

        def k_at(*points: Array) -> Array:
            found = self.values(path, text, points)
            self.require_positive(path, found, points)
            return found

        return k_at

    def require_positive(self, path: str, k: Array, points: Any) -> None:
        """Refuse a coefficient that is not positive everywhere."""
        worst = int(np.argmin(np.where(np.isfinite(k), k, -np.inf)))
        value = float(k.flat[worst])
        if value > 0:
            return
        place = np.unravel_index(worst, k.shape)
        at = ", ".join(
            f"{name} = {np.broadcast_to(p, k.shape)[place]:.4g}"
            for name, p in zip(self.grid.names, points, strict=False)
        )
        where = f" at {at}" if at else ""
        raise self.case.problem(
            path, f"must be positive everywhere (it is {value:.4g}{where})"
        )

    @cached_property
    def reaction(self) -> Any:
        """c: a number or values at the points."""
        name, text = self.law.reaction
        path = f"equation.{name}"
        formula = compile_expression(text, self.names)
        if not formula.names_used - set(self.case.parameters):
            return float(self.values(path, text, ()))
        return self.values(path, text, self.grid.points())

    @property
    def constant(self) -> bool:
        """Whether all coefficients are numbers."""
        return all(np.ndim(k) == 0 and not callable(k) for k in self.diffusion) and (
            np.ndim(self.reaction) == 0
        )

    @property
    def isotropic(self) -> bool:
        """Whether k is the same along all axes."""
        return all(k is self.diffusion[0] or k == self.diffusion[0] for k in self.diffusion)

    def operator(self, added: float = 0.0) -> Stencil:
        """Return  −∇·(k∇u) + (c + added) u  on the grid."""
        c = self.reaction + added
        k = self.diffusion
        whole = discretize(self.grid, k[0], c, self.mask)
        if all(each is k[0] for each in k):
            return whole
        faces = (
            discretize(self.grid, each).faces[d] if d else whole.faces[0]
            for d, each in enumerate(k)
        )
        return replace(whole, faces=tuple(faces))

    @cached_property
    def mask(self) -> Array | None:
        """Whether each point is inside, if the domain is not the whole box."""
        text = self.case.mask
        if text is None:
            return None
        inside = self.values("mask", text, self.grid.points()) > 0
        if not inside.any():
            raise self.case.problem("mask", "is positive at no point: the domain is empty")
        return None if inside.all() else inside

    def inside(self, u: Array) -> Array:
        """Return u, not a number outside the domain."""
        return u if self.mask is None else np.where(self.mask, u, np.nan)

    # -- data --------------------------------------------------------------------------

    @cached_property
    def chain(self) -> tuple[Smooth, ...]:
        """The manufactured u, L u, …: one more than there are factors."""
        text = self.case.manufactured
        assert text is not None  # noqa: S101
        u, given = [self.smooth("manufactured", text)], Formulas(self)
        with self._blaming("manufactured"):
            for _ in range(self.problem.factors):
                u.append(self.problem.left_side(u[-1], given))
            if self.problem.evolves:
                u[-1] = u[0].d("t") + u[-1]
        return tuple(u)

    def source(self, t: Any = 0.0, points: Any = None) -> Array:
        """Return f at points; at those of the grid if none are given."""
        points = self.grid.points() if points is None else points
        if self.case.manufactured is not None:
            return self.smooth_values("manufactured", self.chain[-1], points, t)
        for path, text in (
            ("source", self.case.source),
            ("equation.source", self.problem.params.source),
        ):
            if text is not None:
                return self.values(path, text, points, t)
        return np.zeros(np.broadcast_shapes(*(np.shape(p) for p in points), np.shape(t)))

    def at_wall(self, name: str, side: str, points: Any, t: Any = 0.0) -> Array:
        """Return what a case gives on a wall, at points of it."""
        data = self.case.boundary.get(name)
        text = getattr(data, side) if data is not None else None
        return self.values(f"boundary.{name}.{side}", text or "0", points, t)

    def walls(self, t: float = 0.0, factor: int = 0) -> Data:
        """Return the data on the walls of u, or of L u (``factor`` 1) and so on."""
        if self.case.manufactured is not None:
            return self._manufactured_walls(t, factor)
        found: Data = {}
        for name, data in self.case.boundary.items() if factor == 0 else ():
            for side in ("lower", "upper"):
                if getattr(data, side) is not None:
                    points = self.wall_points(name, side)
                    found[name, side] = self.at_wall(name, side, points, t)
        return found

    def _manufactured_walls(self, t: float, factor: int) -> Data:
        found: Data = {}
        for axis in self.original.axes:
            for side, kind in zip(("lower", "upper"), sides(axis), strict=True):
                if kind != "periodic":
                    points = self.wall_points(axis.name, side)
                    found[axis.name, side] = self.manufactured_at(
                        axis.name, side, kind, points, t, factor
                    )
        return found

    def manufactured_at(
        self, name: str, side: str, kind: str, points: Any, t: Any = 0.0, factor: int = 0
    ) -> Array:
        """Return the value on a wall, or the flux into the box, at points of it."""
        u = self.chain[factor]
        if kind == "dirichlet":
            return self.smooth_values("manufactured", u, points, t)
        flux = self.problem.flux(u, Formulas(self), name)
        sign = -1 if side == "lower" else 1
        return sign * self.smooth_values("manufactured", flux, points, t)

    def wall_points(self, name: str, side: str) -> list[Array]:
        """Return the points of a wall, open: one coordinate along its axis."""
        points = list(self.grid.points())
        d = self.grid.names.index(name)
        axis = self.grid.axes[d]
        end = axis.lower if side == "lower" else axis.upper
        points[d] = np.full((1,) * self.grid.ndim, end)
        return points

    def exact(self, t: float = 0.0) -> Array:
        """Return the manufactured solution at the points."""
        return self.smooth_values("manufactured", self.chain[0], self.grid.points(), t)


class Formulas:
    """The formulas of the parameters of a posed problem."""

    def __init__(self, posed: Posed) -> None:
        self._posed, self.axes = posed, posed.grid.names

    def __call__(self, key: str) -> Smooth:
        """Return the formula of a parameter."""
        return self._smooth(key, getattr(self._posed.problem.params, key))

    def along(self, key: str) -> tuple[Smooth, ...]:
        """Return the formulas of a parameter for each axis."""
        value = getattr(self._posed.problem.params, key)
        if isinstance(value, AxisCoefficient):
            each = (
                self._smooth(f"{key}.{axis}", getattr(value, axis)) for axis in self.axes
            )
            return tuple(each)
        return (self._smooth(key, value),) * len(self.axes)

    def _smooth(self, key: str, value: Any) -> Smooth:
        path = f"equation.{key}"
        if not isinstance(value, str):
            raise self._posed.case.problem(
                path, "must be a formula here: it is differentiated"
            )
        return self._posed.smooth(path, value)
