"""FNO: Fourier neural operator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from pdekit.errors import UnknownName
from pdekit.grid import Grid
from pdekit.solvers.learned.layers import domain
from pdekit.solvers.learned.layers.factorised import FactorisedWeight, LayerWeight
from pdekit.solvers.learned.layers.pointwise import Gate, Norm, Pointwise, PointwiseMLP
from pdekit.solvers.learned.layers.spectral_conv import SpectralConv, weight_shape
from pdekit.solvers.learned.layers.truncated import resample
from pdekit.solvers.learned.layers.weights import Weight


class FNO(nn.Module):
    """Operator between functions on a box, of spectral convolutions and pointwise maps.

    ::

        v_0 = P(a, coordinates)             lift, pointwise
        z   = K v + S v                     K spectral convolution, S matrix of channels
        v'  = σ(norm z)
        v'' = σ(norm M(v') + γ ⊙ v')        M: w → w/2 → w, pointwise; γ one a channel
        u   = Q(v_L)                        project, pointwise

    with σ = GELU, left out in the last layer.  Before the activation (``pre_activation``):
    z = K norm σ(v) + S v, v'' = M norm σ(z) + γ ⊙ z.

    Parameters
    ----------
    in_channels, out_channels
        Channels of a and u.
    modes
        Largest wavenumber kept along each axis; their number is that of the axes.
    width, layers
        Channels w and number L of layers.
    lift, project
        Hidden channels of P and Q in multiples of w; 0 for one linear map.
    mlp
        Hidden channels of M in multiples of w; 0 for layers without M.
    norm
        ``none``, ``instance`` or ``layer`` (or ``batch``, which depends on the grid).
    coordinates
        ``off``; ``periodic``: cos and sin along each axis; ``position``: x itself, for
        boxes with ends.
    padding
        Room beyond the ends as a fraction of the length, on axes that are not periodic; on
        all if no grid is given.
    skip_bias
        Whether S has a bias.
    spectral_bias
        Whether K has a bias.
    factorisation, rank, joint
        ``dense``, or what `FactorisedWeight` takes: the kind, its parameters as a fraction
        of the dense ones, and whether all layers share one tensor.
    one_sided, init, path, reproducible
        Those of `SpectralConv`.

    References
    ----------
    Li et al., ICLR (2021), arXiv 2010.08895; blocks with M and γ: Kossaifi et al., TMLR
    (2024), arXiv 2310.00120.

    Examples
    --------
    >>> import torch
    >>> model = FNO(1, 1, modes=[4, 4], width=8)
    >>> tuple(model(torch.zeros(2, 1, 16, 20)).shape)
    (2, 1, 16, 20)
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        modes: Sequence[int] = (12, 12),
        width: int = 32,
        layers: int = 4,
        *,
        lift: float = 2.0,
        project: float = 2.0,
        mlp: float = 0.5,
        norm: str = "none",
        pre_activation: bool = False,
        coordinates: str = "off",
        padding: float = 0.0,
        skip_bias: bool = False,
        spectral_bias: bool = True,
        factorisation: str = "dense",
        rank: float = 1.0,
        joint: bool = False,
        one_sided: bool = False,
        init: str = "normal",
        path: str = "auto",
        reproducible: bool = False,
    ) -> None:
        given = {k: v for k, v in locals().items() if k != "self" and k[0] != "_"}
        super().__init__()
        self.arguments = {**given, "modes": [int(m) for m in modes]}
        seen = in_channels + domain.count(coordinates, len(modes))
        self.coordinates, self.padding = coordinates, padding
        self.lift = _pointwise(seen, lift * width, width)
        shape = weight_shape(tuple(modes), one_sided=one_sided)
        self.shared = (
            FactorisedWeight(width, width, shape, factorisation, rank, layers)
            if joint
            else None
        )

        def weight_of(layer: int) -> Weight | None:
            if self.shared is not None:
                return LayerWeight(self.shared, layer)
            if factorisation == "dense":
                return None
            return FactorisedWeight(width, width, shape, factorisation, rank)

        options = {key: given[key] for key in _SPECTRAL}
        self.blocks = nn.ModuleList(
            Block(
                SpectralConv(
                    width, width, modes, bias=spectral_bias, weight=weight_of(i), **options
                ),
                mlp=mlp,
                norm=norm,
                skip_bias=skip_bias,
                pre_activation=pre_activation,
                last=i == layers - 1,
            )
            for i in range(layers)
        )
        self.project = _pointwise(width, project * width, out_channels)

    @property
    def ndim(self) -> int:
        """Number of space dimensions."""
        return len(self.arguments["modes"])

    def forward(self, x: Tensor, grid: Grid | None = None) -> Tensor:
        """Return u on the points of a, ``(batch, channel, *space)``.

        Without a grid they are those of a periodic unit box.
        """
        sizes = domain.sizes_of(x, grid, self.ndim)
        v = self.lift(domain.with_coordinates(x, grid, self.coordinates))
        v = domain.extended(v, grid, self.padding)
        for block in self.blocks:
            v = block(v)
        out: Tensor = self.project(domain.cropped(v, sizes))
        return out


_SPECTRAL = ("one_sided", "init", "path", "reproducible")


class Block(nn.Module):
    """One layer of `FNO`; on another grid if sizes are given."""

    def __init__(
        self,
        spectral: SpectralConv,
        *,
        mlp: float,
        norm: str,
        skip_bias: bool,
        pre_activation: bool,
        last: bool,
    ) -> None:
        super().__init__()
        width = spectral.out_channels
        self.spectral, self.pre_activation, self.last = spectral, pre_activation, last
        self.skip = Pointwise(spectral.in_channels, width, bias=skip_bias)
        self.norm = Norm(norm, spectral.in_channels if pre_activation else width)
        self.has_mlp = mlp > 0
        if self.has_mlp:
            self.mlp = PointwiseMLP(width, round(mlp * width), width)
            self.mlp_norm = Norm(norm, width)
            self.gate = Gate(width)

    def forward(self, v: Tensor, sizes: tuple[int, ...] | None = None) -> Tensor:
        """Advance the channels by one layer."""
        skip = self.skip(v if sizes is None else resample(v, sizes))
        z: Tensor
        if self.pre_activation:
            z = self.spectral(self.norm(F.gelu(v)), sizes) + skip
            if self.has_mlp:
                z = self.mlp(self.mlp_norm(F.gelu(z))) + self.gate(z)
            return z
        z = self._activated(self.norm(self.spectral(v, sizes)) + skip)
        if self.has_mlp:
            z = self._activated(self.mlp_norm(self.mlp(z)) + self.gate(z))
        return z

    def _activated(self, v: Tensor) -> Tensor:
        return v if self.last else F.gelu(v)


def _pointwise(in_channels: int, hidden: float, out_channels: int) -> nn.Module:
    if not hidden:
        return Pointwise(in_channels, out_channels)
    return PointwiseMLP(in_channels, round(hidden), out_channels)


def reference_layout(name: str, **arguments: Any) -> dict[str, Any]:
    """Return the arguments with which `FNO` has the parameters of another program.

    ``2021``: the scripts of the paper; ``library``: neuraloperator.  Their modes are named
    there: ``modes`` m of 2021 are k = -m … m-1, on the last axis 0 … m-1; of ``n_modes`` n
    of the library, n even, k = -n/2 … n/2-1, on the last axis 0 … n/2.  For comparison
    only: see ``one_sided`` of `SpectralConv`.

    Examples
    --------
    >>> model = FNO(1, 1, **reference_layout("library", modes=[16, 16], width=24))
    >>> sum(p.numel() for p in model.parameters())
    671113
    """
    given = [int(m) for m in arguments.pop("modes")]
    if name == "library":
        layout: dict[str, Any] = {
            "modes": [n // 2 for n in given],
            "coordinates": "position",
        }
    elif name == "2021":
        width = arguments.get("width", 32)
        layout = {
            "modes": [*given[:-1], given[-1] - 1],
            "lift": 0,
            "project": 128 / width,
            "mlp": 0,
            "norm": "batch",
            "coordinates": "position",
            "skip_bias": True,
            "spectral_bias": False,
            "init": "uniform2021",
        }
    else:
        raise UnknownName("layout", name, ("2021", "library"))
    return layout | {"one_sided": True} | arguments
