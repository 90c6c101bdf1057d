"""Between a vertex-centred grid with Dirichlet walls and every second point of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor
else:
    Tensor = Any


def restrict(r: Tensor, ndim: int) -> Tensor:
    """Return the means with weights ¼, ½, ¼ at every second point, axis by axis."""
    for dim in range(-ndim, 0):
        n = (r.shape[dim] - 1) // 2
        left, middle, right = (_every_second(r, dim, start, n) for start in (0, 1, 2))
        r = 0.25 * (left + right) + 0.5 * middle
    return r


def prolong(e: Tensor, ndim: int) -> Tensor:
    """Return the linear interpolant: 2ᵈ times the transpose of `restrict`."""
    import torch

    for dim in range(-ndim, 0):
        nothing = torch.zeros_like(e.narrow(dim, 0, 1))
        padded = torch.cat((nothing, e, nothing), dim)
        n = e.shape[dim]
        between = 0.5 * (padded.narrow(dim, 0, n + 1) + padded.narrow(dim, 1, n + 1))
        pairs = torch.stack((between.narrow(dim, 0, n), e), dim=e.ndim + dim + 1)
        shape = list(e.shape)
        shape[dim] = 2 * n
        e = torch.cat((pairs.reshape(shape), between.narrow(dim, n, 1)), dim)
    return e


def _every_second(r: Tensor, dim: int, start: int, count: int) -> Tensor:
    index = [slice(None)] * r.ndim
    index[dim] = slice(start, start + 2 * count - 1, 2)
    return r[tuple(index)]
