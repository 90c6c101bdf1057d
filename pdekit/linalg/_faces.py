"""Coefficients of faces between the points of a grid, and parts of arrays along an axis."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pdekit.axis import Axis
from pdekit.errors import PdekitError
from pdekit.grid import Grid
from pdekit.typing import Array

Coefficient = float | Array | Callable[..., Array]
"""A number, values at the points of the grid, or a function of the coordinates."""


def sides(axis: Axis) -> tuple[str, str]:
    """Return what holds at the two ends of an axis."""
    ends = axis.boundary.split("_")
    return ends[0], ends[-1]


def cell_parts(axis: Axis) -> Array:
    """Return the part of a cell that lies inside the box at every point of an axis."""
    if axis.boundary == "chebyshev":
        raise PdekitError("finite differences need equidistant points")
    parts = np.ones(axis.n)
    if axis.centring == "vertex":
        lower, upper = sides(axis)
        parts[0] = 0.5 if lower == "neumann" else 1.0
        parts[-1] = 0.5 if upper == "neumann" else parts[-1]
    return parts


def openings(axis: Axis) -> Array:
    """Return what multiplies k/h² on every face: 0 on a Neumann wall, 2 at half a step."""
    openings = np.ones(axis.n + 1)
    for end, kind in zip((0, -1), sides(axis), strict=True):
        if kind == "neumann":
            openings[end] = 0.0
        elif kind == "dirichlet" and axis.centring == "cell":
            openings[end] = 2.0
    return openings


def conductance_of(grid: Grid, d: int, k: Coefficient) -> Array:
    """Return k on the faces across axis d."""
    if callable(k):
        points = list(grid.points())
        points[d] = along(d, grid.ndim, _face_points(grid.axes[d]))
        shape = [axis.n for axis in grid.axes]
        shape[d] += 1
        values = np.broadcast_to(np.asarray(k(*points), dtype=float), shape)
        if grid.axes[d].boundary == "periodic":  # the first face and the last are the same
            first = between(values, d, 0, 1)
            values = np.concatenate((first, between(values, d, 1, -1), first), axis=d)
        return values
    if np.ndim(k) == 0:
        return np.full((1,) * grid.ndim, float(k))
    values = np.broadcast_to(np.asarray(k, dtype=float), grid.shape)
    first, last = between(values, d, 0, 1), between(values, d, -1, None)
    if grid.axes[d].boundary == "periodic":
        first, last = last, first
    padded = np.concatenate((first, values, last), axis=d)
    left, right = between(padded, d, 0, -1), between(padded, d, 1, None)
    return 2 * left * right / (left + right)


def _face_points(axis: Axis) -> Array:
    """Return the middles between the points, and the walls beyond the outer ones.

    Halfway to a wall on which no unknown lies, at a wall elsewhere.
    """
    x, h = axis.points(), axis.spacing
    inner = (x[1:] + x[:-1]) / 2
    lower = x[0] - h / 2
    upper = x[-1] + h / 2
    faces = np.concatenate(([lower], inner, [upper]))
    if axis.boundary != "periodic":
        faces = np.clip(faces, axis.lower, axis.upper)
    return faces


def along(d: int, ndim: int, values: Array) -> Array:
    """Return values along axis d, shaped to broadcast."""
    return values.reshape((-1,) + (1,) * (ndim - 1 - d))


def between(a: Array, d: int, start: int, stop: int | None) -> Array:
    """Return the part of an array between two places along an axis, as a view."""
    return a[(slice(None),) * d + (slice(start, stop),)]
