"""UNet: convolutions on coarser and coarser points and back, for comparison."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pdekit.grid import Grid
from pdekit.solvers.learned.layers import boundary, domain
from pdekit.solvers.learned.layers.boundary import Ends
from pdekit.solvers.learned.layers.pointwise import Norm, Pointwise
from pdekit.solvers.learned.layers.stencils import Stencil, channels_last

_POOL = {1: F.max_pool1d, 2: F.max_pool2d, 3: F.max_pool3d}
_SPREAD: dict[int, Any] = {
    1: nn.ConvTranspose1d,
    2: nn.ConvTranspose2d,
    3: nn.ConvTranspose3d,
}


class UNet(nn.Module):
    """U-shaped network of convolutions.

    ::

        v_0 = D a,            v_l = D max v_{l-1}         the largest of 2^d points
        w_{L-1} = v_{L-1},    w_l = D (v_l, T w_{l+1})    T transposed convolution
        u = Q w_0                                         Q matrix of channels

    with D = (σ ∘ norm ∘ convolution by three points along each axis)², σ = GELU.  Odd sizes
    round up on the way down and are cropped on the way up.  What a layer sees depends on
    the spacing: a model trained on a grid is for grids of that spacing.

    Parameters
    ----------
    in_channels, out_channels
        Channels of a and u.
    widths
        Channels of each level, fine to coarse.
    ndim
        Number of space dimensions.
    padding
        What lies beyond the ends: ``auto``, by the boundaries of the grid, or ``zeros``,
        ``circular``, ``reflect``, ``replicate`` at all of them.
    norm
        That of `Norm`.

    References
    ----------
    Ronneberger, Fischer & Brox, MICCAI (2015), arXiv 1505.04597.

    Examples
    --------
    >>> import torch
    >>> tuple(UNet(1, 2)(torch.zeros(3, 1, 41, 20)).shape)
    (3, 2, 41, 20)
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        widths: Sequence[int] = (16, 32, 64, 128),
        *,
        ndim: int = 2,
        padding: str = "auto",
        norm: str = "layer",
    ) -> None:
        widths = [int(w) for w in widths]
        given = {k: v for k, v in locals().items() if k != "self" and k[0] != "_"}
        super().__init__()
        if not widths:
            raise ValueError("widths need one number a level, got none")
        boundary.ends(padding, None, ndim)
        self.arguments, self.ndim, self.padding = given, ndim, padding
        before = [in_channels, *widths[:-1]]
        self.down = nn.ModuleList(
            Double(m, n, ndim, norm) for m, n in zip(before, widths, strict=True)
        )
        steps = list(pairwise(widths))
        self.spread = nn.ModuleList(_SPREAD[ndim](m, n, 2, 2) for n, m in steps)
        self.up = nn.ModuleList(Double(2 * n, n, ndim, norm) for n, _ in steps)
        self.head = Pointwise(widths[0], out_channels)

    def forward(self, x: Tensor, grid: Grid | None = None) -> Tensor:
        """Return u on the points of a, ``(batch, channel, *space)``.

        Without a grid they are those of a periodic box.
        """
        domain.sizes_of(x, grid, self.ndim)
        ends, v = boundary.ends(self.padding, grid, self.ndim), channels_last(x)
        left: list[Tensor] = []
        for level, double in enumerate(self.down):
            v = double(_POOL[self.ndim](v, 2, ceil_mode=True) if level else v, ends)
            left.append(v)
        for level in reversed(range(len(self.up))):
            fine = left[level]
            rise = domain.cropped(self.spread[level](v), tuple(fine.shape[2:]))
            v = self.up[level](torch.cat([fine, rise], 1), ends)
        out: Tensor = self.head(v)
        return out


class Double(nn.Module):
    """Twice a convolution, a normalisation and GELU."""

    def __init__(self, in_channels: int, out_channels: int, ndim: int, norm: str) -> None:
        super().__init__()
        self.first = Stencil(in_channels, out_channels, ndim, bias=True)
        self.second = Stencil(out_channels, out_channels, ndim, bias=True)
        self.norms = nn.ModuleList(Norm(norm, out_channels) for _ in range(2))

    def forward(self, x: Tensor, ends: Ends) -> Tensor:
        """Map ``(batch, in, *space)`` to ``(batch, out, *space)``."""
        x = F.gelu(self.norms[0](self.first(x, ends)))
        return F.gelu(self.norms[1](self.second(x, ends)))
