"""From the points a problem is solved on to those that are stored."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from pdekit.axis import Axis
from pdekit.case.dataset_case import DatasetCase
from pdekit.grid import Grid, GridError
from pdekit.typing import Array, Field

NEAR = 1e-9
"""Points that lie so close, in spacings, are the same."""


@dataclass(frozen=True)
class Coarsening:
    """Values at the points of ``stored``.

    By cutting the modes that it cannot hold: no other way neither shifts nor aliases. With
    ``stride`` by taking the points that both grids have.
    """

    solved: Grid
    stored: Grid
    stride: bool

    def __post_init__(self) -> None:
        """Refuse a stride between grids whose points do not coincide."""
        if self.stride:
            for axis, coarse in zip(self.solved.axes, self.stored.axes, strict=True):
                if common(axis, coarse) is None:
                    raise GridError(
                        f"the {coarse.n} points of {axis.name} are not among the {axis.n} "
                        f"it is solved on; possible are {_listed(nested(axis))}"
                    )

    def __call__(self, u: Field) -> Field:
        """Return ``(..., *space)`` at the stored points."""
        if self.solved == self.stored:
            return u
        if not self.stride:
            return self.solved.interpolate(u, self.stored)
        axes = zip(self.solved.axes, self.stored.axes, strict=True)
        for d, (axis, coarse) in enumerate(axes):
            shared: Any = common(axis, coarse)
            u = np.take(u, shared, axis=d - self.solved.ndim)
        return u


def common(axis: Axis, coarse: Axis) -> Array | None:
    """Return where the points of ``coarse`` stand in ``axis``; None if some do not.

    >>> common(Axis("x", 7, 0, 1, "dirichlet"), Axis("x", 3, 0, 1, "dirichlet"))
    array([1, 3, 5])
    """
    fine, wanted = axis.points(), coarse.points()
    index = np.rint(np.interp(wanted, fine, np.arange(axis.n))).astype(int)
    same = np.abs(fine[index] - wanted) <= NEAR * axis.spacing
    return index if same.all() else None


def nested(axis: Axis) -> list[int]:
    """Return the numbers of points, largest first, whose grids the axis contains."""
    fewest = 4
    tried = (replace(axis, n=n) for n in range(axis.n, fewest - 1, -1))
    return [coarse.n for coarse in tried if common(axis, coarse) is not None]


def between_walls(grid: Grid) -> Grid:
    """Return the first half of every axis of cells, with walls without flux."""
    halves = (
        replace(a, n=a.n // 2, upper=a.lower + a.length / 2, boundary="neumann")
        for a in grid.axes
    )
    return Grid(tuple(halves))


def coarsening_of(case: DatasetCase, solved: Grid, *, bounded: bool) -> Coarsening:
    """Return the coarsening that a case asks for.

    Raises
    ------
    CaseError
        If its points do not fit those that are solved on.
    """
    way, halves = case.save.coarsening, 1 + (case.save.walls == "mirrored")
    if bounded and way == "spectral":
        raise case.refusal(
            "save.coarsening",
            "must be stride for a boundary-value problem: its coefficients may jump",
        )
    stride = bounded or way == "stride"
    given = case.save.points
    axes = []
    for axis in solved.axes:
        points = given.get(axis.name, axis.n) if isinstance(given, dict) else given
        axes.append(replace(axis, n=halves * points if points else _half(axis, stride)))
    try:
        return Coarsening(solved, Grid(tuple(axes)), stride)
    except GridError as error:
        raise case.refusal("save.points", str(error)) from error


def _half(axis: Axis, stride: bool) -> int:
    """Return about half the points."""
    if not stride:
        return max(axis.n // 2, 4)
    return min(nested(axis), key=lambda n: abs(n - axis.n / 2))


def _listed(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers[:8])) + (" …" if len(numbers) > 8 else "")
