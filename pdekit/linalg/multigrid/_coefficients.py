"""Coefficients on the given grid and rediscretised on coarser ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pdekit.grid import Grid
from pdekit.linalg._faces import cell_parts
from pdekit.linalg._kernels_plan import Fields, Lines, without_walls
from pdekit.linalg.multigrid._axis import AxisTransfer
from pdekit.linalg.stencil import Stencil
from pdekit.typing import Array


def coarsened(given: Lines | Fields, steps: Sequence[AxisTransfer]) -> Lines | Fields:
    """Return the coefficients on the coarser grid.

    Along an axis faces are in series, across it they are averaged with the weights of the
    restriction; this keeps the number of points of the stencil.
    """
    axes = tuple(step.coarse for step in steps)
    if isinstance(given, Lines):
        lines = tuple(step.faces(s, 0) for step, s in zip(steps, given.faces, strict=True))
        return Lines(axes, lines, tuple(map(cell_parts, axes)), given.reaction)
    faces = []
    for d, a in enumerate(given.faces):
        b = steps[d].faces(a, d)
        for e, step in enumerate(steps):
            b = b if e == d else step.restricted(b, e)
        faces.append(np.ascontiguousarray(b))
    reaction = given.reaction
    if np.ndim(reaction):
        for e, step in enumerate(steps):
            reaction = step.restricted(reaction, e)
    couplings = tuple(without_walls(a, d, axes[d]) for d, a in enumerate(faces))
    return Fields(axes, tuple(faces), couplings, _diagonal(faces, reaction), reaction)


def _diagonal(faces: Sequence[Array], reaction: Any) -> Array:
    total: Any = reaction
    for d, a in enumerate(faces):
        lower = (slice(None),) * d + (slice(0, -1),)
        upper = (slice(None),) * d + (slice(1, None),)
        total = total + a[lower] + a[upper]
    return total


def assembled(given: Lines | Fields) -> Stencil:
    """Return coefficients as a stencil."""
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
