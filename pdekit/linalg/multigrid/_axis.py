"""How one axis is coarsened: which points stay, and the weights between the two grids.

===========  ==========================  =============================  ==================
centring     coarse point K              prolongation                   restriction
===========  ==========================  =============================  ==================
vertex       fine point 2K + o           linear, 1 and (½, ½)           (¼, ½, ¼)
cell         the pair 2K, 2K + 1         linear, (¼, ¾) and (¾, ¼)      its transpose / 2
===========  ==========================  =============================  ==================

o = 1 after a Dirichlet wall, on which there is no unknown, and 0 otherwise.  Beyond a wall
a cell has a mirror image: of the other sign at a Dirichlet wall.  Restriction is the
transpose of prolongation over 2 for every axis, so that a symmetric cycle is possible.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from pdekit.axis import Axis
from pdekit.linalg._faces import sides
from pdekit.typing import Array


@dataclass(frozen=True)
class AxisTransfer:
    """The step to the coarser axis; none if ``halves`` is False."""

    axis: Axis
    halves: bool = True

    @cached_property
    def offset(self) -> int:
        """The o of the table above."""
        vertex = self.axis.centring == "vertex"
        return int(self.halves and vertex and sides(self.axis)[0] == "dirichlet")

    @cached_property
    def coarse(self) -> Axis:
        """The coarser axis."""
        n = self.axis.n
        if not self.halves:
            return self.axis
        if self.axis.boundary == "periodic" or self.axis.centring == "cell":
            return replace(self.axis, n=n // 2)
        return replace(self.axis, n=(n - self.offset + 1) // 2)

    @cached_property
    def table(self) -> tuple[Array, Array]:
        """Coarse points and weights of each fine point, (n, 2) both."""
        n, N = self.axis.n, self.coarse.n
        i = np.arange(n)
        if not self.halves:
            to, by = np.stack([i, i], 1), np.stack([np.ones(n), np.zeros(n)], 1)
        elif self._cells:
            to = np.stack([i // 2, i // 2 + np.where(i % 2, 1, -1)], 1)
            by = np.tile([0.75, 0.25], (n, 1))
            for end, sign in zip((0, -1), self._signs, strict=True):
                if not self._periodic:
                    to[end, 1], by[end, 1] = to[end, 0], 0.25 * sign
        else:
            k = i - self.offset
            to = np.stack([k // 2, k // 2 + 1], 1)
            by = np.where((k % 2 == 0)[:, None], [1.0, 0.0], [0.5, 0.5])
        if self._periodic:
            to %= N
        outside = (to < 0) | (to >= N)
        return np.where(outside, 0, to), np.where(outside, 0.0, by)

    @cached_property
    def rows(self) -> tuple[Array, Array]:
        """Fine points and weights of each coarse point, (n, 4) both; point i in i mod 4."""
        to, by = self.table
        n, N = self.axis.n, self.coarse.n
        points, weights = np.full((N, 4), -1), np.zeros((N, 4))
        place = np.stack([np.arange(n) % 4] * 2, 1)
        if self._periodic and self.halves:
            place[-1, to[-1] == 0] = 3  # beside 0 and 1, the other points of coarse point 0
        used = by != 0
        points[to[used], place[used]] = np.nonzero(used)[0]
        np.add.at(weights, (to[used], place[used]), self.half * by[used])
        return points, weights

    @property
    def _periodic(self) -> bool:
        return self.axis.boundary == "periodic"

    @property
    def _cells(self) -> bool:
        return self.axis.centring == "cell" and not self._periodic

    @property
    def _signs(self) -> tuple[int, ...]:
        return tuple(-1 if kind == "dirichlet" else 1 for kind in sides(self.axis))

    @property
    def _guards(self) -> list[float]:
        if self._periodic:
            return [2, 2]
        return [float(sign) for sign in self._signs] if self._cells else [0, 0]

    @cached_property
    def prolongation(self) -> Array:
        """Weights along a row, see `pdekit.linalg._kernels_transfer`."""
        if self._cells:
            weights = [0.25, 0.75, 0, 0, 0.75, 0.25]
        elif self.offset:
            weights = [0.5, 0.5, 0, 0, 1, 0]
        else:
            weights = [0, 1, 0, 0, 0.5, 0.5]
        return np.array([*weights, *self._guards, self.halves], dtype=float)

    @cached_property
    def restriction(self) -> Array:
        """Weights along a row, see `pdekit.linalg._kernels_transfer`."""
        if self._cells:
            weights = [0.125, 0.375, 0.375, 0.125]
        elif self.offset:
            weights = [0, 0.25, 0.5, 0.25]
        else:
            weights = [0.25, 0.5, 0.25, 0]
        return np.array([*weights, *self._guards, self.halves], dtype=float)

    @property
    def half(self) -> float:
        """What the transpose of the prolongation is multiplied by."""
        return 0.5 if self.halves else 1.0

    def restricted(self, a: Array, d: int) -> Array:
        """Return R a along a dimension."""
        if not self.halves:
            return a
        to, by = self.table
        a = np.moveaxis(a, d, 0)
        out = np.zeros((self.coarse.n, *a.shape[1:]))
        for column in (0, 1):
            weights = by[:, column].reshape((-1,) + (1,) * (a.ndim - 1))
            used = by[:, column] != 0
            np.add.at(out, to[used, column], 0.5 * weights[used] * a[used])
        return np.moveaxis(out, 0, d)

    def faces(self, a: Array, d: int) -> Array:
        """Return the coarse coefficients across the axis: faces in series, over 4.

        Between two vertices two faces are in series; between two centres of cells one face
        and half of each of its neighbours.
        """
        if not self.halves:
            return a
        a, n, N = np.moveaxis(a, d, 0), self.axis.n, self.coarse.n
        if self._cells:
            inner = 2 * np.arange(1, N)
            out = np.concatenate(
                (
                    a[:1],
                    _series(_series(2 * a[inner - 1], 2 * a[inner + 1]), a[inner]),
                    a[-1:],
                )
            )
            out[1:-1] *= 2
        else:
            first = 2 * np.arange(N + 1) - 1 + self.offset
            left = a[first % n] if self._periodic else a[np.clip(first, 0, n)]
            right = a[(first + 1) % n] if self._periodic else a[np.clip(first + 1, 0, n)]
            out = 2 * _series(left, right)
        return np.moveaxis(out, 0, d) / 4


def _series(a: Array, b: Array) -> Array:
    """Return  1/(1/a + 1/b),  zero where both are."""
    total = a + b
    return a * b / np.where(total == 0, 1.0, total)


def can_halve(axis: Axis) -> bool:
    """Whether every second point makes the same axis again."""
    n = axis.n
    if axis.boundary == "periodic":
        return n % 2 == 0 and n >= 4
    if axis.centring == "cell":
        return n % 2 == 0 and n >= 2
    lower, upper = sides(axis)
    if lower == upper:
        return n % 2 == 1 and n >= 3
    return n % 2 == 0 and n >= 2


def good_size(axis: Axis) -> int:
    """Return the next number of points that halves down to a handful."""
    n = axis.n
    extra = 0
    if axis.centring == "vertex" and axis.boundary != "periodic":
        lower, upper = sides(axis)
        extra = (lower == upper) * (1 if lower == "neumann" else -1)
    cells, factor = n - extra, 1
    while cells / factor > 16:
        factor *= 2
    return int(-(-cells // factor) * factor + extra)
