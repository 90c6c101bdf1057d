"""Values between the points of a grid, for fields that are no Fourier series.

Along every axis through a cubic spline of the values at the points: an error of fourth
order in the spacing, below that of second-order differences on the same points.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pdekit.grid import Axis, Grid
from pdekit.typing import Array


def sampled(values: Array, grid: Grid, points: Sequence[Array]) -> Array:
    """Return ``(*space)`` values at the points of a tensor product, one array per axis."""
    for d, (axis, x) in enumerate(zip(grid.axes, points, strict=True)):
        values = _along(values, axis, np.ravel(x), d)
    return values


def moved(values: Array, source: Grid, target: Grid) -> Array:
    """Return values on the points of another grid on the same box."""
    if source == target:
        return values
    return sampled(values, source, [axis.points() for axis in target.axes])


def nearest(values: Array, source: Grid, target: Grid) -> Array:
    """Return the values of the nearest points, for fields that jump."""
    for d, (axis, other) in enumerate(zip(source.axes, target.axes, strict=True)):
        distance = np.abs(other.points()[:, None] - axis.points())
        values = np.take(values, distance.argmin(axis=1), axis=d)
    return values


def _along(values: Array, axis: Axis, x: Array, d: int) -> Array:
    from scipy.interpolate import make_interp_spline

    points: Any = axis.points()
    if axis.boundary == "periodic":  # three more points beyond each end
        beyond = min(3, axis.n)
        left, right = points[-beyond:] - axis.length, points[:beyond] + axis.length
        points = np.concatenate((left, points, right))
        ends = values.take(range(-beyond, 0), axis=d), values.take(range(beyond), axis=d)
        values = np.concatenate((ends[0], values, ends[1]), axis=d)
    degree = min(3, len(points) - 1)
    out: Array = make_interp_spline(points, values, k=degree, axis=d)(x)
    return out
