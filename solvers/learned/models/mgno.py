"""MgNO: multigrid neural operator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from pdekit.errors import UnknownName
from pdekit.grid import Grid
from pdekit.solvers.learned.layers import boundary, domain
from pdekit.solvers.learned.layers.pointwise import Pointwise
from pdekit.solvers.learned.layers.vcycle import VCycle


class MgNO(nn.Module):
    """Fully connected network whose weights are V-cycles.

    ::

        v_0     = a
        v_{i+1} = σ(W_i v_i + K_i v_i + b_i)      W_i V-cycle, K_i matrix of channels
        u       = Q v_L                           Q matrix of channels

    with σ = GELU.  Walls are known to the kernels by what lies beyond them.

    Parameters
    ----------
    in_channels, out_channels
        Channels of a and u.
    width, layers, levels
        Channels w, number L of layers and J of levels; all sizes of a grid have to be
        2^{J-1} at least.
    ndim
        Number of space dimensions.
    nu, mu
        Smoothing steps of each level before and after the coarser ones; 1, 2 on the
        coarsest, and 0 if not given.
    padding
        What lies beyond the ends: ``auto``, by the boundaries of the grid, or ``zeros``,
        ``circular``, ``reflect``, ``replicate`` at all of them.
    skip
        Whether there are K and b.
    coarse_rhs, coarse_state, coarsening, kernels, norm, bias
        Those of `VCycle`; kernels of 3 points if ``nested``, of 4 if not, when not given.
    residual_output
        Whether u = a + Q v_L, for fields that change little.

    References
    ----------
    He, Liu & Xu, ICLR (2024), arXiv 2310.19809.

    Examples
    --------
    >>> import torch
    >>> model = MgNO(1, 1, width=8, layers=2, levels=4)
    >>> tuple(model(torch.zeros(2, 1, 41, 20)).shape)
    (2, 1, 41, 20)
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        width: int = 24,
        layers: int = 4,
        levels: int = 6,
        *,
        ndim: int = 2,
        nu: Sequence[int] | None = None,
        mu: Sequence[int] | None = None,
        padding: str = "auto",
        skip: bool = True,
        coarse_rhs: str = "data",
        coarse_state: str = "restricted",
        coarsening: str = "stride",
        kernels: int | Sequence[int] | None = None,
        norm: str = "none",
        bias: bool = False,
        residual_output: bool = False,
    ) -> None:
        nu = [*[1] * (levels - 1), 2] if nu is None else [int(k) for k in nu]
        mu = [0] * levels if mu is None else [int(k) for k in mu]
        if kernels is None:
            kernels = 3 if coarsening == "nested" else 4
        kernels = kernels if isinstance(kernels, int) else [int(k) for k in kernels]
        given = {k: v for k, v in locals().items() if k != "self" and k[0] != "_"}
        super().__init__()
        self.arguments = given
        if not len(nu) == len(mu) == levels:
            raise ValueError(f"{levels} levels need as many nu and mu, got {nu} and {mu}")
        if residual_output and in_channels != out_channels:
            raise ValueError("residual_output needs as many channels out as in")
        boundary.ends(padding, None, ndim)
        self.ndim, self.padding, self.residual = ndim, padding, residual_output
        cycle = {key: given[key] for key in _CYCLE}
        channels = [in_channels] + [width] * layers
        self.cycles = nn.ModuleList(VCycle(m, width, ndim, **cycle) for m in channels[:-1])
        self.skips = nn.ModuleList(Pointwise(m, width) for m in channels[:-1] if skip)
        self.head = Pointwise(channels[-1], out_channels, bias=False)

    def forward(self, x: Tensor, grid: Grid | None = None) -> Tensor:
        """Return u on the points of a, ``(batch, channel, *space)``.

        Without a grid they are those of a periodic box.
        """
        domain.sizes_of(x, grid, self.ndim)
        ends, v = boundary.ends(self.padding, grid, self.ndim), x
        for i, cycle in enumerate(self.cycles):
            z = cycle(v, ends)
            v = F.gelu(z + self.skips[i](v) if self.skips else z)
        out: Tensor = self.head(v)
        return x + out if self.residual else out


_CYCLE = ("nu", "mu", "coarse_rhs", "coarse_state", "coarsening", "kernels", "norm", "bias")


def reference_layout(name: str, **arguments: Any) -> dict[str, Any]:
    """Return the arguments with which `MgNO` has the parameters of the published program.

    ``darcy`` (rough and multiscale), ``darcy_smooth``, ``pipe`` and ``navier_stokes``; of
    the last without its normalisation, which has a weight for every channel and point of
    a grid of 64².

    Examples
    --------
    >>> model = MgNO(1, 1, **reference_layout("darcy"))
    >>> sum(p.numel() for p in model.parameters())
    572661
    """
    if name not in _LAYOUTS:
        raise UnknownName("layout", name, tuple(_LAYOUTS))
    return _LAYOUTS[name] | arguments


_LAYOUTS: dict[str, dict[str, Any]] = {
    "darcy": {"padding": "zeros"},
    "darcy_smooth": {"padding": "zeros", "layers": 5, "kernels": [3, 4, 3, 3, 4]},
    "pipe": {"padding": "zeros", "layers": 5, "mu": [0, 0, 0, 0, 1, 0]},
    "navier_stokes": {
        "padding": "circular",
        "width": 32,
        "layers": 5,
        "levels": 5,
        "nu": [1, 1, 1, 2, 2],
        "skip": False,
        "bias": True,
        "residual_output": True,
    },
}
