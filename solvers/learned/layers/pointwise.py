"""What acts on the channels of each point alone."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pdekit.errors import UnknownName


class Pointwise(nn.Conv1d):
    """One linear map of the channels, on any number of space axes."""

    def __init__(self, in_channels: int, out_channels: int, bias: bool = True) -> None:
        super().__init__(in_channels, out_channels, 1, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(batch, in, *space)`` to ``(batch, out, *space)``, laid out as they are."""
        if x.stride(1) == 1:  # channels next to each other: rows of a matrix
            rows = F.linear(x.movedim(1, -1), self.weight[..., 0], self.bias)
            return rows.movedim(-1, 1)
        flat = super().forward(x.flatten(2))
        return flat.view(x.shape[0], -1, *x.shape[2:])


class PointwiseMLP(nn.Module):
    """in → hidden → out with GELU between."""

    def __init__(self, in_channels: int, hidden: int, out_channels: int) -> None:
        super().__init__()
        self.first = Pointwise(in_channels, hidden)
        self.second = Pointwise(hidden, out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(batch, in, *space)`` to ``(batch, out, *space)``."""
        return self.second(F.gelu(self.first(x)))  # type: ignore[no-any-return]


class Norm(nn.Module):
    """Normalisation of ``(batch, channel, *space)``.

    ``instance`` over space, ``layer`` over channels and space (group norm of one group):
    both are functions of the field, not of its grid.  The statistics of ``batch`` depend on
    the discretisation; it is there for the layout of 2021.
    """

    def __init__(self, kind: str, channels: int) -> None:
        super().__init__()
        made: dict[str, Callable[[], nn.Module]] = {
            "none": nn.Identity,
            "instance": lambda: nn.InstanceNorm1d(channels, affine=True),
            "layer": lambda: nn.GroupNorm(1, channels),
            "batch": lambda: nn.BatchNorm1d(channels),
        }
        if kind not in made:
            raise UnknownName("norm", kind, tuple(made))
        self.norm = made[kind]()

    def forward(self, x: Tensor) -> Tensor:
        """Normalise."""
        out: Tensor = self.norm(x.flatten(2)).view(x.shape)
        return out


class Gate(nn.Module):
    """γ ⊙ v with one factor a channel, 1 at first."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.factors = nn.Parameter(torch.ones(channels))

    def forward(self, x: Tensor) -> Tensor:
        """Multiply."""
        return x * self.factors.view(-1, *(1,) * (x.ndim - 2))
