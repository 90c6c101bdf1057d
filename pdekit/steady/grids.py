"""Grids of a case, and coarser and finer ones on the same box."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pdekit.grid import Axis, Grid, GridError

if TYPE_CHECKING:
    from pdekit.case.boundary_case import BoundaryCase

SMALL = 16
"""Intervals that the coarsest grid may have along an axis."""


def grid_of(case: BoundaryCase) -> Grid:
    """Return the grid of a case.

    Raises
    ------
    CaseError
        If an axis cannot be made.
    """
    axes = []
    for name, a in case.domain.items():
        try:
            kind: Any = (
                "neumann" if "open" in a.boundary else a.boundary
            )  # points on both ends
            axes.append(Axis(name, a.points, *a.interval, kind, a.centring))
        except GridError as error:
            message = str(error).removeprefix(f"axis {name!r}: ")
            raise case.problem(f"domain.{name}", message) from error
    return Grid(tuple(axes))


def intervals(axis: Axis) -> int:
    """Return the number that is halved from grid to grid."""
    return round(axis.length / axis.spacing)


def coarsest(n: int) -> int:
    """Return what is left of a number of intervals when it can be halved no more."""
    while n % 2 == 0 and n > 2:
        n //= 2
    return n


def nearest_good(n: int) -> list[int]:
    """Return the nearest numbers below and above that halve down to a small one."""
    below = next((m for m in range(n, 1, -1) if coarsest(m) <= SMALL), 2)
    above = next(m for m in range(n, 4 * n) if coarsest(m) <= SMALL)
    return sorted({below, above})


def resized(grid: Grid, factor: float) -> Grid:
    """Return the grid with so many times the intervals along every axis."""
    return Grid(tuple(_resized(axis, factor) for axis in grid.axes))


def _resized(axis: Axis, factor: float) -> Axis:
    n = intervals(axis)
    return replace(axis, n=max(2, round(factor * n)) + axis.n - n)
