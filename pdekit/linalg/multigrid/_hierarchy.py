"""Which grids a hierarchy has."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from pdekit.axis import Axis
from pdekit.grid import Grid
from pdekit.linalg._kernels_plan import Lines
from pdekit.linalg._kernels_tables import coefficients_of
from pdekit.linalg.multigrid._axis import AxisTransfer, can_halve, good_size
from pdekit.linalg.multigrid._coarsest import direct_solver
from pdekit.linalg.multigrid._coefficients import coarsened
from pdekit.linalg.multigrid._level import Level
from pdekit.linalg.stencil import Stencil
from pdekit.typing import Array

FEW = 5
"""Points along the longest axis at which a grid is coarse enough."""
STRONG = 0.3
"""An axis is left alone while its couplings are weaker than this part of the strongest."""


def hierarchy(
    op: Stencil, transfer: str, *, single: bool, threads: int, events: list[str]
) -> tuple[list[Level], Callable[[Array], Array]]:
    """Return the levels, finest first, and the solver of the last one."""
    level = Level(coefficients_of(op))
    levels, real = [level], np.float32 if single else np.float64
    if single:
        level.f, level.u = np.zeros(level.shape, real), np.zeros(level.shape, real)
    while (steps := _steps(level)) is not None:
        level.prepare(steps, single=single, threads=threads)
        level = Level(coarsened(level.given, steps))
        level.f, level.u = np.zeros(level.shape, real), np.zeros(level.shape, real)
        levels.append(level)
    level.prepare(None, single=single, threads=threads)
    events += advice(op.grid, level)
    matrix = assembled(level).tocsr()
    return levels, direct_solver(matrix, op.singular)


def _steps(level: Level) -> list[AxisTransfer] | None:
    """Return what to coarsen: the axes of the strongest couplings that can be halved."""
    axes = level.given.axes
    able = [can_halve(axis) for axis in axes]
    if max(level.shape) <= FEW or not any(able):
        return None
    strength = [float(np.mean(a)) for a in level.given.faces]
    strongest = max(s for s, can in zip(strength, able, strict=True) if can)
    return [
        AxisTransfer(axis, can and s >= STRONG * strongest)
        for axis, can, s in zip(axes, able, strength, strict=True)
    ]


def assembled(level: Level) -> Stencil:
    """Return the operator of a level as a stencil."""
    given = level.given
    grid = Grid(given.axes)
    if not isinstance(given, Lines):
        return Stencil(grid, given.faces, given.reaction)
    outer = [_outer(given.parts, skip=d) for d in range(grid.ndim)]
    faces = tuple(
        s.reshape((-1,) + (1,) * (grid.ndim - 1 - d)) * outer[d]
        for d, s in enumerate(given.faces)
    )
    return Stencil(grid, faces, given.reaction * _outer(given.parts))


def _outer(parts: Sequence[Array], skip: int = -1) -> Any:
    total: Any = 1.0
    for e, part in enumerate(parts):
        if e != skip:
            total = total * part.reshape((-1,) + (1,) * (len(parts) - 1 - e))
    return total


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
