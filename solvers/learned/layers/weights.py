"""Weights of a spectral convolution: one matrix of channels for every mode.

All are kept as real numbers with a last axis of two, real and imaginary part, so that any
optimiser, precision and file format does with them what it does with other parameters.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor, nn

from pdekit.errors import UnknownName

Sizes = tuple[int, ...]


class Weight(Protocol):
    """What multiplies the coefficients of each mode by a matrix of channels."""

    def mix(self, v: Tensor, kept: Sizes) -> Tensor:
        """From ``(part, mode, batch, in)`` to ``(part, mode, batch, out)``.

        ``kept`` numbers the modes along each axis, no more than the weight has: of an
        axis that has both signs the middle ones, of the last the first.
        """
        ...

    def reconstruct(self) -> Tensor:
        """Return the complex matrices ``(mode, in, out)``."""
        ...


def scale_of(in_channels: int, out_channels: int) -> float:
    """Return the standard deviation √(2 / (in + out)) of a complex weight.

    Each mode is a mixing of channels of its own, so it is not divided by their number.
    """
    return math.sqrt(2.0 / (in_channels + out_channels))


def kept_rows(values: Tensor, axis: int, kept: int, *, last: bool) -> Tensor:
    """Return the rows of an axis of modes that are kept."""
    first = 0 if last else values.shape[axis] // 2 - kept // 2
    return values.narrow(axis, first, kept)


class DenseWeight(nn.Module):
    """A full complex matrix for every mode, ``values`` of shape ``(mode, in, out, 2)``.

    Parameters
    ----------
    init
        ``normal``: parts N(0, s²/2), s² = 2/(in + out).  ``uniform2021``: parts
        U[0, 1)/(in out), which has a positive mean; for reproducing old curves only.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        modes: Sequence[int],
        init: str = "normal",
    ) -> None:
        super().__init__()
        self.modes = tuple(modes)
        values = torch.empty(math.prod(modes), in_channels, out_channels, 2)
        if init == "normal":
            nn.init.normal_(values, std=scale_of(in_channels, out_channels) / math.sqrt(2))
        elif init == "uniform2021":
            nn.init.uniform_(values, 0.0, 1.0 / (in_channels * out_channels))
        else:
            raise UnknownName("init", init, ("normal", "uniform2021"))
        self.values = nn.Parameter(values)

    def mix(self, v: Tensor, kept: Sizes) -> Tensor:
        """Multiply; see `Weight`."""
        values: Tensor = self.values
        if kept != self.modes:
            values = values.view(*self.modes, *values.shape[1:])
            for axis, count in enumerate(kept):
                last = axis == len(kept) - 1
                values = kept_rows(values, axis, count, last=last)
            values = values.reshape(-1, *self.values.shape[1:])
        return matrices_times(values, v)

    def reconstruct(self) -> Tensor:
        """Return the complex matrices; see `Weight`."""
        return torch.view_as_complex(self.values)


def matrices_times(values: Tensor, v: Tensor) -> Tensor:
    """Multiply ``(part, mode, batch, in)`` by ``(mode, in, out, 2)``, all in real numbers.

    One batched product makes the four products of parts,
    [V_re; V_im] · [R_re, R_im], of which two differences and sums are taken.
    """
    _, modes, batch, channels = v.shape
    out = values.shape[2]
    rows = v.transpose(0, 1).reshape(modes, 2 * batch, channels)
    products = torch.bmm(rows, values.reshape(modes, channels, 2 * out))
    re, im = products.view(modes, 2, batch, out, 2).unbind(1)
    return torch.stack([re[..., 0] - im[..., 1], re[..., 1] + im[..., 0]])
