"""A hierarchy whose coarse grids follow from the coefficients."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from types import SimpleNamespace
from typing import Any

import numpy as np

from pdekit.linalg._kernels_plan import Fields, Lines, Plan
from pdekit.linalg._kernels_tables import fields_of
from pdekit.linalg.multigrid._box import BoxPlan, BoxTransfer, Line, as_box
from pdekit.linalg.multigrid._coarsest import direct_solver
from pdekit.linalg.multigrid._level import Level
from pdekit.linalg.stencil import Stencil
from pdekit.typing import Array

FEW = 400
"""Points that are solved for directly."""
STRONG = 0.1
"""An axis is left alone while its couplings are weaker than this part of the strongest."""
Given = Callable[[int, BoxTransfer], Array] | Sequence[Array] | None


class Galerkin:
    """Restriction of the residual and prolongation, between two levels of a hierarchy."""

    def __init__(self, plan: Plan | BoxPlan, step: BoxTransfer, room: Array) -> None:
        self._plan, self.step, self._room = plan, step, room

    def restrict(self, f: Array, u: Array | None, out: Array) -> None:
        """Write  Pᵀ (f − A u),  or  Pᵀ f  without u."""
        r = f if u is None else self._plan.residual(u, f, self._room)
        self.step.restrict_field(r, out)

    def prolong(self, e: Array, u: Array, keep: float = 1.0) -> None:
        """Write  u ← keep u + P e."""
        self.step.prolong(e, u, keep)


class BoxLevel:
    """A level with an operator of 3ᵈ points; see `Level`."""

    def __init__(
        self, lines: Sequence[Line], a: Array, real: Any, threads: int = 1
    ) -> None:
        self.given = SimpleNamespace(axes=tuple(lines))
        self.plan = BoxPlan(lines, a, real, threads)
        self.shape, self.size = self.plan.shape, self.plan.size
        self.transfer: Galerkin | None = None
        self.f, self.u = self.plan.field(), self.plan.field()

    @cached_property
    def bound(self) -> float:
        """A bound of the eigenvalues of  diag⁻¹ A."""
        return self.plan.bound()

    @cached_property
    def step(self) -> Array:
        """Room for a correction."""
        return self.plan.field()


def by_coefficients(
    op: Stencil, first: Level, given: Given, *, single: bool, threads: int
) -> tuple[list[Any], Callable[[Array], Array]]:
    """Return the levels, finest first, and the solver of the last one."""
    real = np.float32 if single else np.float64
    if isinstance(first.given, Lines):
        first = Level(fields_of(op))
    first.prepare(None, single=single, threads=threads)
    if single:
        first.make_arrays(real)
    levels: list[Any] = [first]
    assert isinstance(first.given, Fields)  # noqa: S101 (made so above)
    a, off = as_box(first.given)
    lines = [Line.of(axis) for axis in first.given.axes]
    while (halves := _halves(lines, a, off)) is not None:
        step = BoxTransfer(lines, halves, threads)
        step.use(step.interpolate(a, off), float)
        if given is not None:
            k = len(levels) - 1
            step.use(given(k, step) if callable(given) else given[k], float)
        a, lines = step.galerkin(a, off), step.coarse
        step.use(step.weights, real)
        level = levels[-1]
        level.transfer = Galerkin(level.plan, step, np.zeros(level.shape, real))
        levels.append(BoxLevel(lines, a, real, threads))
        off = np.array(_places(len(lines)), dtype=np.int64)
    matrix = levels[-1].plan.tocsr() if len(levels) > 1 else op.tocsr()
    return levels, direct_solver(matrix, op.singular)


def _places(ndim: int) -> list[tuple[int, int, int]]:
    from pdekit.linalg._kernels_box import offsets

    return offsets(ndim - 1)


def _halves(lines: Sequence[Line], a: Array, off: Array) -> list[bool] | None:
    """Return which axes to coarsen: those with strong couplings; None at the bottom."""
    size = a.shape[1]
    able = [line.n >= 3 for line in lines]
    if size <= FEW or not any(able):
        return None
    places = [*range(len(lines) - 1), 2]
    strength = [float(np.abs(a[off[:, d] != 0]).sum()) for d in places]
    strongest = max(s for s, can in zip(strength, able, strict=True) if can)
    return [can and s >= STRONG * strongest for can, s in zip(able, strength, strict=True)]
