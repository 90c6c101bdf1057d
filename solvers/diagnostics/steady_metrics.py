"""Numbers that tell something of a stationary field."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from pdekit.result import Result


def value(
    result: Result, *, x: float, y: float | None = None, z: float | None = None
) -> float:
    """Return u at a point, between points by cubic splines along the axes."""
    from pdekit.transfer import sampled

    where = [p for p in (x, y, z) if p is not None]
    if len(where) != result.grid.ndim:
        raise ValueError(f"{result.grid.ndim} coordinates are needed")
    points = [np.array([p]) for p in where]
    return float(sampled(result.fields["u"][-1], result.grid, points).reshape(()))


def mean(result: Result) -> float:
    """Return the mean of u over the box by the rule of the grid."""
    return float(result.grid.mean(np.nan_to_num(result.fields["u"][-1])))


def smallest(result: Result) -> float:
    """Return the smallest value of u."""
    return float(np.nanmin(result.fields["u"][-1]))


def largest(result: Result) -> float:
    """Return the largest value of u."""
    return float(np.nanmax(result.fields["u"][-1]))


METRICS: Mapping[str, Callable[..., Any]] = {
    "value": value,
    "mean": mean,
    "smallest": smallest,
    "largest": largest,
}
