"""The triangle R of least squares, and what its directions know of a solution."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from pdekit.gp.span import Span
from pdekit.typing import Array

UNDETERMINED = (1e-9, 1e-6)
"""Parts of what an equation makes of a plain function of unit size, below which a function
is not determined: for certain, and where no more is left of it than rounding."""
ROUNDING = 16 * float(np.finfo(float).eps)


def plain(sizes: Iterable[tuple[Sequence[int], float]], spans: Sequence[Span]) -> float:
    """Return the largest of terms of a function that varies by 1 along the box.

    Parameters
    ----------
    sizes
        Multi-index of every term, and the size of its coefficient.
    spans
        The axes.
    """
    terms = (
        size / math.prod(s.length**m for s, m in zip(spans, index, strict=True))
        for index, size in sizes
    )
    return max(terms, default=0.0)


@dataclass(frozen=True, eq=False)
class Triangle:
    """An upper triangular R with  RᵀR = AᵀA  for the rows A of a problem.

    Weights are of functions that are orthonormal on the nodes. A direction is told to be
    undetermined by what its function makes of the rows, compared with a plain function and
    not with the largest column: derivatives of some functions are very large.

    Attributes
    ----------
    r : array
        The triangle.
    plain : float
        What the rows make of a plain function of unit size.
    """

    r: Array
    plain: float

    @cached_property
    def _least(self) -> float:
        """The size below which a direction is not determined."""
        certain, doubtful = (part * self.plain for part in UNDETERMINED)
        rounding = ROUNDING * float(np.linalg.norm(self.r, axis=0).max())
        return max(certain, min(doubtful, rounding))

    @cached_property
    def undetermined(self) -> int:
        """How many directions the rows do not determine."""
        from scipy.linalg.lapack import dtrcon

        smallest = dtrcon(self.r)[0] * float(np.linalg.norm(self.r, 1))  # about
        if smallest > self._least:
            return 0
        return int((self._parts[1] < self._least).sum())

    @cached_property
    def _parts(self) -> tuple[Array, Array, Array]:
        return np.linalg.svd(self.r)

    def solve(self, z: Array, transposed: bool = False) -> Array:
        """Return  R⁻¹ z  or  R⁻ᵀ z,  without the directions that are not determined."""
        if not self.undetermined:
            return self._direct(z, transposed)
        size = self._parts[1]
        known = size >= self._least
        return self._by_parts(
            z, transposed, np.where(known, 1 / np.where(known, size, 1), 0)
        )

    def spread(self, z: Array, transposed: bool = False) -> Array:
        """Return  R⁻¹ z  or  R⁻ᵀ z  with all directions: the undetermined ones are huge."""
        if not self.undetermined:
            return self._direct(z, transposed)
        floor = 1e-16 * max(self.plain, self._least)
        return self._by_parts(z, transposed, 1 / np.maximum(self._parts[1], floor))

    def _direct(self, z: Array, transposed: bool) -> Array:
        from scipy.linalg import solve_triangular

        trans = 1 if transposed else 0
        return np.asarray(solve_triangular(self.r, z, trans=trans, check_finite=False))

    def _by_parts(self, z: Array, transposed: bool, inverse: Array) -> Array:
        u, _, vt = self._parts
        left, right = (vt, u) if transposed else (u.T, vt.T)
        scaled = left @ z
        return np.asarray(right @ (inverse.reshape(-1, *(1,) * (scaled.ndim - 1)) * scaled))
