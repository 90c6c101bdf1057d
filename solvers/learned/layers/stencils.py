"""Convolutions by small kernels on boxes of one to three dimensions with any boundary."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pdekit.solvers.learned.layers.boundary import Ends, extended

_CONVOLVE = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
_SPREAD = {1: F.conv_transpose1d, 2: F.conv_transpose2d, 3: F.conv_transpose3d}
_LAST = {2: torch.channels_last, 3: torch.channels_last_3d}
_WALLS = ("zeros", "zeros")


def channels_last(x: Tensor) -> Tensor:
    """Return the field with its channels next to each other in memory.

    On one core models of 20 or 24 channels then take 1.1 to 1.4 times less for a step of
    training, and up to twice less without the gradient.
    """
    form = _LAST.get(x.ndim - 2)
    return x if form is None else x.contiguous(memory_format=form)


class Stencil(nn.Module):
    """Convolution by kernels of three points along each axis.

    Weights are drawn as torch does for its convolutions.
    """

    def __init__(
        self, in_channels: int, out_channels: int, ndim: int, *, bias: bool = False
    ) -> None:
        super().__init__()
        fan_in = in_channels * 3**ndim
        self.weight = _drawn((out_channels, in_channels, *(3,) * ndim), fan_in)
        self.bias = _drawn((out_channels,), fan_in) if bias else None

    def forward(self, x: Tensor, ends: Ends) -> Tensor:
        """Map ``(batch, in, *space)`` to ``(batch, out, *space)``."""
        own = [int(end == _WALLS) for end in ends]  # by the convolution itself
        other = [1 - wall for wall in own]
        x = extended(x, ends, other, other)
        return _CONVOLVE[len(ends)](x, channels_last(self.weight), self.bias, padding=own)


class Restriction(nn.Module):
    """Convolution at every second point: 2i, or 2i+1 on axes whose ``firsts`` is 1."""

    def __init__(self, in_channels: int, out_channels: int, ndim: int) -> None:
        super().__init__()
        shape = (out_channels, in_channels, *(3,) * ndim)
        self.weight = _drawn(shape, in_channels * 3**ndim)

    def forward(
        self, x: Tensor, ends: Ends, firsts: Sequence[int], sizes: Sequence[int]
    ) -> Tensor:
        """Map to so many coarse points."""
        own, low, high = [], [], []
        axes = zip(x.shape[2:], ends, firsts, sizes, strict=True)
        for n, end, first, coarse in axes:
            by_itself = end == _WALLS and not first
            below = 1 - first
            own.append(int(by_itself))
            low.append(0 if by_itself else below)
            high.append(0 if by_itself else max(0, 2 * coarse + 1 - n - below))
        x = extended(x, ends, low, high)
        weight = channels_last(self.weight)
        return _CONVOLVE[len(ends)](x, weight, stride=2, padding=own)


class Prolongation(nn.Module):
    """The transpose of a convolution at every second point, to any size.

    Of the kernel's points, three or four, the second lies on the coarse point.  Beyond the
    ends coarse values are continued as fine ones are.
    """

    def __init__(self, channels: int, ndim: int, kernel: int) -> None:
        super().__init__()
        shape = (channels, channels, *(kernel,) * ndim)
        self.weight = _drawn(shape, channels * kernel**ndim)

    def forward(
        self, x: Tensor, ends: Ends, firsts: Sequence[int], sizes: Sequence[int]
    ) -> Tensor:
        """Map to fine points of these sizes."""
        ghosts = [int(end != _WALLS) for end in ends]
        x = extended(x, ends, ghosts, ghosts)
        cut = [1 - f + 2 * g for f, g in zip(firsts, ghosts, strict=True)]
        kernel = self.weight.shape[-1]
        full = [2 * (m - 1) + kernel - 2 * c for m, c in zip(x.shape[2:], cut, strict=True)]
        more = [max(0, n - m) for n, m in zip(sizes, full, strict=True)]
        weight = channels_last(self.weight)
        x = _SPREAD[len(ends)](x, weight, None, 2, cut, more)
        for dim, n in enumerate(sizes, start=2):
            x = x.narrow(dim, 0, n)
        return x


def coarse_sizes(sizes: Sequence[int], firsts: Sequence[int]) -> tuple[int, ...]:
    """Return how many points 2i (or 2i+1) there are of each axis.

    Examples
    --------
    >>> coarse_sizes((41, 41), (0, 1))
    (21, 20)
    """
    return tuple((n - first + 1) // 2 for n, first in zip(sizes, firsts, strict=True))


def _drawn(shape: tuple[int, ...], fan_in: int) -> nn.Parameter:
    bound = 1.0 / math.sqrt(fan_in)
    return nn.Parameter(torch.empty(shape).uniform_(-bound, bound))
