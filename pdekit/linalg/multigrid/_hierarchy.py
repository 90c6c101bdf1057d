"""Which grids a hierarchy has."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from pdekit.axis import Axis
from pdekit.errors import UnknownName
from pdekit.grid import Grid
from pdekit.linalg._faces import between
from pdekit.linalg._kernels_plan import Fields
from pdekit.linalg._kernels_tables import coefficients_of
from pdekit.linalg.multigrid._axis import AxisTransfer, can_halve, good_size
from pdekit.linalg.multigrid._black_box import by_coefficients
from pdekit.linalg.multigrid._coarsest import direct_solver
from pdekit.linalg.multigrid._coefficients import assembled, coarsened
from pdekit.linalg.multigrid._level import Level
from pdekit.linalg.stencil import Stencil
from pdekit.typing import Array

MANY = 16
"""Points along an axis that cannot be halved and yet are few."""
FEW = 5
"""Points along the longest axis at which a grid is coarse enough."""
STRONG = 0.7
"""An axis is left alone while its couplings are weaker than this part of the strongest."""
JUMP = 20.0
"""Ratio of the coefficients of neighbouring faces that linear interpolation fails at."""
Solver = Callable[[Array], Array]


def hierarchy(
    op: Stencil,
    transfer: str,
    prolongation: Any,
    *,
    full: bool = False,
    single: bool,
    threads: int,
    events: list[str],
) -> tuple[list[Any], Solver]:
    """Return the levels, finest first, and the solver of the last one."""
    if transfer not in ("auto", "geometric", "operator"):
        raise UnknownName("transfer", transfer, ("auto", "geometric", "operator"))
    first = Level(coefficients_of(op))
    why = _reason(first, op) if transfer == "auto" else ""
    if transfer == "operator" or why or prolongation is not None:
        events += [f"coarse grids by the coefficients: {why}"] if why else []
        return by_coefficients(op, first, prolongation, single=single, threads=threads)
    strong = 0.0 if full else STRONG
    return _geometric(op, first, strong, single=single, threads=threads, events=events)


def _geometric(
    op: Stencil,
    level: Level,
    strong: float,
    *,
    single: bool,
    threads: int,
    events: list[str],
) -> tuple[list[Any], Solver]:
    """Return levels with rediscretised operators and linear interpolation."""
    levels, real = [level], np.float32 if single else np.float64
    if single:
        level.make_arrays(real)
    while (steps := _steps(level, strong)) is not None:
        level.prepare(steps, single=single, threads=threads)
        level = Level(coarsened(level.given, steps))
        level.make_arrays(real)
        levels.append(level)
    level.prepare(None, single=single, threads=threads)
    events += advice(op.grid, level)
    return levels, direct_solver(assembled(level.given).tocsr(), op.singular)


def _reason(first: Level, op: Stencil) -> str:
    """Return why linear interpolation will not do, or nothing."""
    if op.mask is not None and not op.mask.all():
        return "the domain is a mask"
    if isinstance(first.given, Fields):
        jump = max(_jump(a, d) for d, a in enumerate(first.given.faces))
        if jump > JUMP:
            return f"coefficients of neighbouring faces differ by a factor {jump:.2g}"
    axes: Sequence[Axis] = op.grid.axes
    while any(can_halve(axis) for axis in axes):
        axes = [AxisTransfer(axis, can_halve(axis)).coarse for axis in axes]
    if max(axis.n for axis in axes) <= MANY:
        return ""
    sizes = [_named(axis) for axis in op.grid.axes if good_size(axis) != axis.n]
    return f"numbers of points that cannot be halved; {', '.join(sizes)} can"


def _jump(a: Array, d: int) -> float:
    """Return the largest ratio of neighbouring coefficients of faces inside the box."""
    inner = between(a, d, 1, -1)
    ratios = [1.0]
    for e, n in enumerate(inner.shape):
        if n > 3:
            left, right = between(inner, e, 1, -2), between(inner, e, 2, -1)
            ratio = left / right
            ratios += [float(ratio.max()), float(1 / ratio.min())]
    return max(ratios)


def _steps(level: Level, strong: float) -> list[AxisTransfer] | None:
    """Return what to coarsen: the axes of the strongest couplings that can be halved."""
    axes = level.given.axes
    able = [can_halve(axis) for axis in axes]
    if max(level.shape) <= FEW or not any(able):
        return None
    strength = [float(np.mean(a)) for a in level.given.faces]
    strongest = max(s for s, can in zip(strength, able, strict=True) if can)
    return [
        AxisTransfer(axis, can and s >= strong * strongest)
        for axis, can, s in zip(axes, able, strength, strict=True)
    ]


def advice(grid: Grid, last: Level) -> list[str]:
    """Say which numbers of points would have allowed more levels."""
    if last.size <= 17**grid.ndim:
        return []
    sizes = [_named(axis) for axis in grid.axes if good_size(axis) != axis.n]
    return [
        f"the coarsest grid has {last.size} points, since others cannot be halved: "
        f"{', '.join(sizes)} would make it small"
    ]


def _named(axis: Axis) -> str:
    return f"{good_size(axis)} points along {axis.name} instead of {axis.n}"
