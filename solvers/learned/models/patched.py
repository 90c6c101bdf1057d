"""Patched: any model, applied to patches of the domain with their surroundings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from pdekit import registry
from pdekit.grid import Grid
from pdekit.solvers.learned.layers import boundary, domain
from pdekit.solvers.learned.layers.patches import split, stitch, windows


class Patched(nn.Module):
    """Multigrid domain decomposition: one model for all patches of a domain.

    ::

        u on patch s = M(a_0, …, a_L, 1_0, …, 1_L, coordinates) without the pads
        a_l          = window l around patch s, of as many points, 2^l times as wide

    of 2^L patches along each axis.  1_l is the part of each point that is inside walls with
    zeros beyond.  Coordinates are those of the whole domain.

    Parameters
    ----------
    in_channels, out_channels
        Channels of a and u.
    model
        The model M: its ``name`` and its arguments, but for the channels.
    levels
        L.
    padding
        p of `patches` as a fraction of the points of each axis.
    beyond
        What lies beyond the ends, ``auto`` or one of those of `boundary`.
    mask
        Whether there are 1_l.
    coordinates
        Those of `FNO`; of M they would be those of a patch, and are refused.
    chunk
        Patches (of all samples) that M takes at once, recomputed when their gradient is
        taken, so that only they are kept; 0 for all, with nothing recomputed.

    References
    ----------
    Kossaifi, Kovachki, Azizzadenesheli, Anandkumar, TMLR (2024), arXiv 2310.00120.

    Examples
    --------
    >>> import torch
    >>> model = Patched(1, 1, {"name": "fno", "modes": [4, 4], "width": 8})
    >>> tuple(model(torch.zeros(2, 1, 32, 40)).shape)
    (2, 1, 32, 40)
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        model: Mapping[str, Any] | None = None,
        levels: int = 1,
        padding: float = 0.078125,
        *,
        beyond: str = "auto",
        mask: bool = True,
        coordinates: str = "off",
        chunk: int = 0,
    ) -> None:
        model = {"name": "tfno"} if model is None else dict(model)
        given = {k: v for k, v in locals().items() if k != "self" and k[0] != "_"}
        super().__init__()
        if "name" not in model:
            raise ValueError(f"model needs the name of a model, got {model!r}")
        if model.get("coordinates", "off") != "off":
            raise ValueError(
                "coordinates belong to Patched, those of its model are of a patch"
            )
        self.arguments = given
        self.levels, self.padding, self.beyond, self.mask = levels, padding, beyond, mask
        self.coordinates, self.chunk = coordinates, chunk
        options = {key: value for key, value in model.items() if key != "name"}
        made = registry.model(model["name"])
        seen = (levels + 1) * (in_channels + mask)
        with torch.device("meta"):  # for its dimension alone
            self.ndim = int(made(seen, out_channels, **options).ndim)
        seen += domain.count(coordinates, self.ndim)
        self.model = made(seen, out_channels, **options)
        boundary.ends(beyond, None, self.ndim)

    def forward(self, x: Tensor, grid: Grid | None = None) -> Tensor:
        """Return u on the points of a, ``(batch, channel, *space)``.

        Without a grid they are those of a periodic unit box.
        """
        sizes = domain.sizes_of(x, grid, self.ndim)
        pads = [round(self.padding * n) for n in sizes]
        seen = self._windows(x, grid, pads)
        return stitch(self._applied(seen), 2**self.levels, pads, sizes)

    def _windows(self, x: Tensor, grid: Grid | None, pads: list[int]) -> Tensor:
        """Return what M sees of each patch, ``(patch, batch, channel, *window)``."""
        sizes, patches = tuple(x.shape[2:]), 2**self.levels
        ends = boundary.ends(self.beyond, grid, self.ndim)
        inside = x.new_ones((x.shape[0], int(self.mask), *sizes))
        field, parts = torch.cat([x, inside], 1), []
        for level in range(self.levels + 1):
            matrices = [
                windows(n, end, patches, pad, level)
                for n, end, pad in zip(sizes, ends, pads, strict=True)
            ]
            parts.append(split(field, matrices))
            if level == 0:
                position = domain.with_coordinates(x, grid, self.coordinates)[
                    :, x.shape[1] :
                ]
                parts.append(split(position, matrices))
        return torch.cat(parts, 2)

    def _applied(self, seen: Tensor) -> Tensor:
        """Apply M to all patches, or to some after the others."""
        if not self.chunk:
            return self._model(seen)
        chunks = torch.split(seen, self.chunk)
        return torch.cat([checkpoint(self._model, c, use_reentrant=False) for c in chunks])

    def _model(self, seen: Tensor) -> Tensor:
        out: Tensor = self.model(seen.flatten(0, 1))
        return out.reshape(*seen.shape[:2], *out.shape[1:])
