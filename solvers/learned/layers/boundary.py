"""What a convolution finds beyond the ends of the axes, by the boundaries of the grid.

========== =====================================================  ==========================
``zeros``      0                                                  a wall where u = 0
``circular``   the other end                                      a periodic axis
``reflect``    the point as far inside, the end itself not twice  a Neumann wall at the end
``replicate``  the end                                            half a cell before a wall
========== =====================================================  ==========================
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from pdekit.axis import Axis
from pdekit.errors import UnknownName
from pdekit.grid import Grid

MODES = ("zeros", "circular", "reflect", "replicate")

End = tuple[str, str]
"""What lies beyond the lower and the upper end of an axis."""
Ends = tuple[End, ...]


def ends(kind: str, grid: Grid | None, ndim: int) -> Ends:
    """Return what lies beyond the ends of all axes: of one kind, or ``auto``, by the grid.

    Without a grid the domain is a periodic box.
    """
    if kind not in ("auto", *MODES):
        raise UnknownName("padding", kind, ("auto", *MODES))
    if ndim not in (1, 2, 3):
        raise ValueError(f"a box has one to three dimensions, got ndim = {ndim!r}")
    if kind == "auto" and grid is not None:
        found: Ends = _ends_of(grid)
        return found
    mode = "circular" if kind == "auto" else kind
    return ((mode, mode),) * ndim


@torch.compiler.disable  # type: ignore[untyped-decorator]
def _ends_of(grid: Grid) -> Ends:
    return tuple(ends_of_axis(axis) for axis in grid.axes)


def ends_of_axis(axis: Axis) -> End:
    """Return what lies beyond the ends of an axis.

    Chebyshev points are none that a kernel could be the same at; their ends are repeated.
    """
    wall = {"dirichlet": "zeros", "neumann": "reflect"}
    if axis.centring == "cell":
        wall["neumann"] = "replicate"
    if axis.boundary in ("periodic", "chebyshev"):
        mode = "circular" if axis.boundary == "periodic" else "replicate"
        return mode, mode
    lower, _, upper = axis.boundary.partition("_")
    return wall[lower], wall[upper or lower]


def extended(
    x: Tensor,
    ends: Ends,
    low: Sequence[int] | None = None,
    high: Sequence[int] | None = None,
) -> Tensor:
    """Append one point beyond the ends of the space axes, or of those with a 1.

    By joining slices, which takes less time than torch's own padding (on one core, 24
    channels: 0.3 ms, not 4 ms, of a convolution that takes 2.6 ms).
    """
    ones = (1,) * len(ends)
    low, high = low or ones, high or ones
    for dim, (end, below, above) in enumerate(zip(ends, low, high, strict=True), start=2):
        parts = [_below(x, dim, end[0])] * below + [x] + [_above(x, dim, end[1])] * above
        x = torch.cat(parts, dim) if len(parts) > 1 else x
    return x


def _below(x: Tensor, dim: int, mode: str) -> Tensor:
    n = x.shape[dim]
    if mode == "zeros":
        return torch.zeros_like(x.narrow(dim, 0, 1))
    return x.narrow(dim, {"circular": n - 1, "reflect": min(1, n - 1)}.get(mode, 0), 1)


def _above(x: Tensor, dim: int, mode: str) -> Tensor:
    n = x.shape[dim]
    if mode == "zeros":
        return torch.zeros_like(x.narrow(dim, 0, 1))
    return x.narrow(dim, {"circular": 0, "reflect": max(0, n - 2)}.get(mode, n - 1), 1)
