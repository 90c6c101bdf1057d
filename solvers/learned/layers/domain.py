"""What a model sees of the domain: coordinates as channels, room beyond the ends.

Without a grid the domain is a periodic unit box.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from pdekit.axis import Axis
from pdekit.errors import ShapeError, UnknownName
from pdekit.grid import Grid

COORDINATES = ("off", "periodic", "position")


def sizes_of(x: Tensor, grid: Grid | None, ndim: int) -> tuple[int, ...]:
    """Return the points along each axis; refuse a field that is not on the grid."""
    sizes = tuple(int(n) for n in x.shape[2:])
    expected = sizes if grid is None else grid.shape
    if len(sizes) != ndim or expected != sizes:
        axes = expected if len(expected) == ndim else ("n",) * ndim
        raise ShapeError(
            f"(batch, channel, {', '.join(map(str, axes))})", tuple(x.shape), "x"
        )
    return sizes


def count(kind: str, ndim: int) -> int:
    """Return the number of channels that coordinates take."""
    if kind not in COORDINATES:
        raise UnknownName("coordinates", kind, COORDINATES)
    return {"off": 0, "periodic": 2 * ndim, "position": ndim}[kind]


def with_coordinates(x: Tensor, grid: Grid | None, kind: str) -> Tensor:
    """Append channels to a field: nothing, cos and sin of 2πξ, or ξ = (x - lower)/L.

    With ξ itself a model on a periodic box is not equivariant under translation, nor smooth
    across the seam.
    """
    if kind == "off":
        return x
    sizes = tuple(x.shape[2:])
    if grid is None:
        unit = [torch.arange(n, dtype=torch.float64, device=x.device) / n for n in sizes]
    else:
        unit = _positions(grid, x.device)
    channels = []
    for axis, xi in enumerate(unit):
        xi = xi.view(-1, *(1,) * (len(sizes) - 1 - axis))
        angle = 2 * math.pi * xi
        channels += [angle.cos(), angle.sin()] if kind == "periodic" else [xi]
    shape = (x.shape[0], 1, *sizes)
    return torch.cat([x, *(c.to(x.dtype).expand(shape) for c in channels)], 1)


@torch.compiler.disable  # type: ignore[untyped-decorator]
def _positions(grid: Grid, device: torch.device) -> list[Tensor]:
    return [
        torch.as_tensor((axis.points() - axis.lower) / axis.length, device=device)
        for axis in grid.axes
    ]


def extended(x: Tensor, grid: Grid | None, fraction: float) -> Tensor:
    """Append zeros to axes that are not periodic, to all of them if no grid is given.

    All at the end: layers that commute with translation cannot tell the ends apart.
    """
    if not fraction:
        return x
    if grid is None:
        cells = [round(fraction * n) for n in x.shape[2:]]
    else:
        cells = _cells(grid, fraction)
    return F.pad(x, [n for cell in reversed(cells) for n in (0, cell)])


@torch.compiler.disable  # type: ignore[untyped-decorator]
def _cells(grid: Grid, fraction: float) -> list[int]:
    return [
        0 if axis.boundary == "periodic" else cells_beyond(axis, fraction)
        for axis in grid.axes
    ]


def cells_beyond(axis: Axis, fraction: float) -> int:
    """Return by how many points an axis is extended to (1 + fraction) of its length.

    The period of the extended axis is then the same, to half a cell, on all grids.
    """
    period = (1 + fraction) * axis.length
    return max(0, round(period / axis.spacing) - axis.n)


def cropped(x: Tensor, sizes: tuple[int, ...]) -> Tensor:
    """Undo `extended`."""
    for axis, n in enumerate(sizes, start=2):
        x = x.narrow(axis, 0, n)
    return x
