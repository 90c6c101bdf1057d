"""DeepONet: products of functions of the input and of the place, for comparison."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from pdekit.errors import ShapeError
from pdekit.grid import Grid
from pdekit.solvers.learned.layers import domain


class DeepONet(nn.Module):
    """Sum of p products, of a network of the input and one of the place.

    ::

        u_c(x) = β_c + p^{-½} Σ_{k ≤ p} B_ck(a(x_1), …, a(x_S)) T_k(ξ)

    with multilayer perceptrons B and T of GELU, the last of T activated too.  The points
    x_i where the input is taken are part of the model: it serves no other grid.

    Parameters
    ----------
    in_channels, out_channels
        Channels of a and u.
    sensors
        Points of the input along each axis; their number is that of the axes.
    width, layers
        Channels and number of the hidden layers of B and of T.
    latents
        p.
    coordinates
        ξ: ``position``, (x - lower)/L along each axis, as published, or ``periodic``, cos
        and sin of 2π of it.

    References
    ----------
    Lu, Jin, Pang, Zhang & Karniadakis, Nat. Mach. Intell. 3 (2021) 218, arXiv 1910.03193.

    Examples
    --------
    >>> model = DeepONet(1, 2, sensors=[16, 20], width=8)
    >>> tuple(model(torch.zeros(3, 1, 16, 20)).shape)
    (3, 2, 16, 20)
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        sensors: Sequence[int],
        width: int = 128,
        layers: int = 3,
        *,
        latents: int = 128,
        coordinates: str = "position",
    ) -> None:
        sensors = [int(n) for n in sensors]
        given = {k: v for k, v in locals().items() if k != "self" and k[0] != "_"}
        super().__init__()
        self.arguments, self.coordinates = given, coordinates
        self.sensors, self.channels = tuple(sensors), out_channels
        seen = domain.count(coordinates, len(sensors))
        if not seen:
            raise ValueError("a DeepONet needs coordinates, 'position' or 'periodic'")
        hidden = [width] * layers
        values = in_channels * math.prod(sensors)
        self.branch = _perceptron([values, *hidden, out_channels * latents])
        self.trunk = nn.Sequential(_perceptron([seen, *hidden, latents]), nn.GELU())
        self.bias = nn.Parameter(torch.zeros(out_channels))
        self.scale = 1 / math.sqrt(latents)

    @property
    def ndim(self) -> int:
        """Number of space dimensions."""
        return len(self.sensors)

    def forward(self, x: Tensor, grid: Grid | None = None) -> Tensor:
        """Return u on the points of a, ``(batch, channel, *space)``.

        Without a grid they are those of a periodic unit box.
        """
        sizes = domain.sizes_of(x, grid, self.ndim)
        if sizes != self.sensors:
            expected = f"(batch, channel, {', '.join(map(str, self.sensors))}), its sensors"
            raise ShapeError(expected, tuple(x.shape), "x")
        place = domain.with_coordinates(x[:1, :0], grid, self.coordinates)
        trunk = self.trunk(place[0].flatten(1).T)  # (point, latent)
        branch = self.branch(x.flatten(1)).view(len(x), self.channels, -1)
        out: Tensor = self.scale * (branch @ trunk.T) + self.bias[:, None]
        return out.view(len(x), self.channels, *sizes)


def _perceptron(channels: list[int]) -> nn.Sequential:
    layers: list[nn.Module] = []
    for n, m in pairwise(channels):
        layers += [nn.Linear(n, m), nn.GELU()]
    return nn.Sequential(*layers[:-1])
