"""A field as patches that see their surroundings on coarser and coarser levels.

Each axis of n points is cut into P patches of m = ⌈n/P⌉ points, with p more at both ends.
Window l of a patch has as many points as the patch, 2^l times as far from each other, and
the same centre: its points are

    x = c_s + 2^l (j - (m + 2p - 1)/2),      c_s = s m + (m - 1)/2,      s = 0 … P-1,

in spacings of the field.  There the coarser field is

    the series of the field with |k| < n/2^{l+1}       on a periodic axis,
    its mean over 2^l spacings, x in the middle        between walls,

either of which is one matrix for each axis.  What lies beyond walls is said by `boundary`;
mirrors are placed so that one point beyond is as there.

References
----------
Kossaifi, Kovachki, Azizzadenesheli, Anandkumar, TMLR (2024), arXiv 2310.00120.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from pdekit.axis import FloatArray
from pdekit.solvers.learned.layers.boundary import End


def patch_size(n: int, patches: int) -> int:
    """Return the points of a patch: if they do not divide n, the last goes beyond."""
    return -(-n // patches)


@torch.compiler.disable  # type: ignore[untyped-decorator]
def windows(n: int, end: End, patches: int, pad: int, level: int) -> Tensor:
    """Return the matrix from an axis to the windows of a level, ``(patch, point, n)``."""
    return torch.from_numpy(_windows(n, end, patches, pad, level))


@lru_cache(maxsize=64)
def _windows(n: int, end: End, patches: int, pad: int, level: int) -> FloatArray:
    m = patch_size(n, patches)
    points = m + 2 * pad
    centres = np.arange(patches)[:, None] * m + (m - 1) / 2
    x = centres + 2**level * (np.arange(points) - (points - 1) / 2)
    if level and end[0] == "circular":
        return _series(x, n, level)
    return _means(x, n, end, 2**level)


def _series(x: FloatArray, n: int, level: int) -> FloatArray:
    """(1/n) Σ_{|k| < n/2^{l+1}} exp(2πik (x - i)/n), for points i of the axis."""
    angle = 2 * np.pi / n * (x[..., None] - np.arange(n))
    k = np.arange(1, -(-n // 2 ** (level + 1)))
    waves: FloatArray = (1 + 2 * np.cos(angle[..., None] * k).sum(-1)) / n
    return waves


def _means(x: FloatArray, n: int, end: End, width: int) -> FloatArray:
    """Shares of the cells [i - ½, i + ½] in [x - width/2, x + width/2]."""
    first = int(np.floor(x.min() - width / 2))
    cells = np.arange(first, int(np.ceil(x.max() + width / 2)) + 1)
    upper = np.minimum(x[..., None] + width / 2, cells + 0.5)
    lower = np.maximum(x[..., None] - width / 2, cells - 0.5)
    shares = np.clip(upper - lower, 0, None) / width
    matrix = np.zeros((*x.shape, n))
    for column, cell in enumerate(cells):
        inside = _inside(int(cell), n, end)
        if inside is not None:
            matrix[..., inside] += shares[..., column]
    return matrix


def _inside(i: int, n: int, end: End) -> int | None:
    """Return the point whose value continues the field at i; None for zero."""
    while not 0 <= i < n:
        mode = end[0] if i < 0 else end[1]
        if mode == "zeros":
            return None
        if mode == "circular" or n == 1:
            return i % n
        middle = {"reflect": 0, "replicate": -1}[mode]  # twice that of the lower mirror
        i = middle - i if i < 0 else 2 * (n - 1) - middle - i
    return i


def split(x: Tensor, matrices: Sequence[Tensor]) -> Tensor:
    """Return windows of a field, ``(patch, batch, channel, *window)``."""
    for matrix in matrices:
        x = torch.tensordot(x, matrix.to(x), ([2], [2]))
    ndim = len(matrices)  # now (batch, channel, patch, point, patch, point, …)
    patch = [2 + 2 * axis for axis in range(ndim)]
    x = x.permute(*patch, 0, 1, *(axis + 1 for axis in patch))
    return x.flatten(0, ndim - 1)


def stitch(y: Tensor, patches: int, pads: Sequence[int], sizes: Sequence[int]) -> Tensor:
    """Return the field whose patches ``(patch, batch, channel, *window)`` these are."""
    ndim = len(sizes)
    for dim, pad in enumerate(pads, start=3):
        y = y.narrow(dim, pad, y.shape[dim] - 2 * pad)
    y = y.reshape(*(patches,) * ndim, *y.shape[1:])
    order = [axis for d in range(ndim) for axis in (d, ndim + 2 + d)]
    y = y.permute(ndim, ndim + 1, *order)
    for axis in range(ndim):
        y = y.flatten(2 + axis, 3 + axis)
    for axis, n in enumerate(sizes, start=2):
        y = y.narrow(axis, 0, n)
    return y.contiguous()
