"""Data on the walls of a box, checked and in the shape of the wall."""

from __future__ import annotations

import numpy as np

from pdekit.errors import PdekitError
from pdekit.grid import Grid
from pdekit.linalg.stencil import Coefficient, Walls, sides
from pdekit.typing import Array


def values_at(grid: Grid, f: Coefficient) -> Array:
    """Return a source at the points of a grid: a number, an array or a function."""
    return np.asarray(f(*grid.points()) if callable(f) else f, dtype=float)


def checked_walls(grid: Grid, walls: Walls | None) -> dict[tuple[str, str], Array]:
    """Return the data on each wall, with one point across it.

    Raises
    ------
    PdekitError
        If there are data for a wall that does not exist or has none, or not finite ones.
    """
    found = {}
    for (name, side), value in (walls or {}).items():
        if name not in grid.names or side not in ("lower", "upper"):
            raise PdekitError(f"there is no wall {name}.{side}")
        d = grid.names.index(name)
        if sides(grid.axes[d])[side == "upper"] not in ("dirichlet", "neumann"):
            raise PdekitError(f"the {grid.axes[d].boundary} axis {name!r} has no walls")
        data = np.asarray(value, dtype=float)
        if not np.isfinite(data).all():
            raise PdekitError(f"the data on the wall {name}.{side} are not finite")
        if data.ndim == grid.ndim - 1 and data.ndim:
            data = np.expand_dims(data, d)
        shape = (*grid.shape[:d], 1, *grid.shape[d + 1 :])
        found[name, side] = np.array(np.broadcast_to(data, shape))
    return found
