"""Grids and operators that the tests of linear solvers share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pdekit.axis import Axis
from pdekit.grid import Grid

KINDS = [
    ("dirichlet", "vertex"),
    ("neumann", "vertex"),
    ("periodic", "vertex"),
    ("dirichlet", "cell"),
    ("neumann", "cell"),
]
MIXED = [
    (f"{lower}_{upper}", centring)
    for lower, upper in (("dirichlet", "neumann"), ("neumann", "dirichlet"))
    for centring in ("vertex", "cell")
]
LENGTHS = (1.0, 1.3, 0.8)


def good(kind: tuple[str, str], cells: int) -> int:
    """Return the number of points that divides an axis into cells that can be halved."""
    return cells + {("dirichlet", "vertex"): -1, ("neumann", "vertex"): 1}.get(kind, 0)


def box(kinds: Sequence[tuple[Any, Any]], ns: Sequence[int], unit: bool = False) -> Grid:
    lengths = (1.0,) * 3 if unit else LENGTHS
    return Grid(
        tuple(
            Axis(name, n, 0.0, length, *kind)
            for name, n, length, kind in zip("xyz", ns, lengths, kinds, strict=False)
        )
    )


def cube(n: int, ndim: int, kind: tuple[Any, Any] = KINDS[0]) -> Grid:
    return box([kind] * ndim, [n] * ndim, unit=True)


def smooth_k(*x: Any) -> Any:
    """A coefficient that is positive, periodic on the boxes above, and not separable."""
    phase = sum(
        np.sin(2 * np.pi * y / length) for y, length in zip(x, LENGTHS, strict=False)
    )
    return np.exp(0.4 * phase)


def noise(op: Any, seed: int = 0) -> Any:
    """Return a right-hand side that the operator can make."""
    b = np.random.default_rng(seed).standard_normal(op.shape)
    return b - b.mean() if op.singular else b
