"""Numbers that tell something of a stationary field."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from pdekit.result import Result
from pdekit.typing import Array


def value(
    result: Result, *, x: float, y: float | None = None, z: float | None = None
) -> float:
    """Return u at a point, between points by cubic splines; of an ensemble the mean."""
    from pdekit.transfer import sampled

    where = [p for p in (x, y, z) if p is not None]
    if len(where) != result.grid.ndim:
        raise ValueError(f"{result.grid.ndim} coordinates are needed")
    points = [np.array([p]) for p in where]
    found = [sampled(u, result.grid, points) for u in _members(result)]
    return float(np.mean(found))


def mean(result: Result) -> float:
    """Return the mean of u over the box by the rule of the grid, and over the members."""
    return float(np.mean([result.grid.mean(np.nan_to_num(u)) for u in _members(result)]))


def smallest(result: Result) -> float:
    """Return the smallest value of u."""
    return float(np.nanmin(result.fields["u"][-1]))


def largest(result: Result) -> float:
    """Return the largest value of u."""
    return float(np.nanmax(result.fields["u"][-1]))


def _members(result: Result) -> Array:
    """Return the last u of all members."""
    u = result.fields["u"][-1]
    return u[None] if result.members is None else u


METRICS: Mapping[str, Callable[..., Any]] = {
    "value": value,
    "mean": mean,
    "smallest": smallest,
    "largest": largest,
}
