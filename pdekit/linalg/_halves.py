"""Sine transforms of type 1 by halves, in place, with the modes in an order of their own.

The sine series of N − 1 points, N = 2M, falls into one of the sums and one of the
differences about the middle,

    Xₖ, k odd:   type 3, of length M, of  uⱼ + u_{N−j}  and  2 u_M
    Xₖ, k even:  type 1, of length M − 1, of  uⱼ − u_{N−j}

and the latter again.  A library transforms type 1 by a real transform of 2N numbers, which
takes twice the time of type 3; the butterflies are one pass over memory.  Differences lie
in reverse order, which changes the sign of some modes, and both ways alike.

References
----------
Swarztrauber, Symmetric FFTs, Mathematics of Computation 47 (1986) 323.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from pdekit.fft.auto import executors
from pdekit.typing import Array

_LEVELS, _SHORTEST = 3, 32


def levels(n: int) -> int:
    """Return how often n points are halved; 0 if it does not pay."""
    count, cells = 0, n + 1
    while count < _LEVELS and cells % 2 == 0 and cells // 2 >= _SHORTEST:
        count, cells = count + 1, cells // 2
    return count


def order(n: int) -> Array:
    """Return the number, from 0, of the mode at every place."""
    cells, step, found = n + 1, 1, []
    for _ in range(levels(n)):
        found.append(step * np.arange(1, cells, 2))
        cells, step = cells // 2, 2 * step
    found.append(step * np.arange(1, cells))
    return np.concatenate(found) - 1


def halved(
    values: Array, d: int, options: dict[str, Any]
) -> tuple[Callable[[], object], Callable[[], object], dict[str, Any]]:
    """Return the transforms along axis d, their inverses, and who does the parts."""
    from pdekit.linalg import _kernels_halves as kernels

    n, count = values.shape[d], levels(values.shape[d])
    shape = math.prod(values.shape[:d]), n, math.prod(values.shape[d + 1 :])
    blocks: Array = values.reshape(shape)
    forth, back = kernels.forward, kernels.inverse
    if shape[2] == 1:
        blocks, forth, back = (
            values.reshape(shape[:2]),
            kernels.forward_lines,
            kernels.inverse_lines,
        )
    start, cells, parts = 0, n + 1, []
    for kind in ["dst3"] * count + ["dst1"]:
        length = cells // 2 if kind == "dst3" else cells - 1
        part = blocks[:, start : start + length]
        parts.append(executors(part, part, axes=(1,), kind=kind, **options))
        start, cells = start + length, cells // 2

    def forward() -> None:
        forth(blocks, count)
        for part in parts:
            part[0]()

    def inverse() -> None:
        for part in parts:
            part[1]()
        back(blocks, count)

    return forward, inverse, parts[0][2] | {"halved": count}
