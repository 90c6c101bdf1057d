"""Products of fields by transforms with one line in each lane of a register.

What a library does in three operations is one pass over the memory: modes that were left
out are neither read nor written, and the scaling is part of a transform.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from pdekit import arrays, lanes
from pdekit.engine._lane_passes import Pair, Pass
from pdekit.engine._slabs import Slabs
from pdekit.fft.linear import LinearMap
from pdekit.typing import Array, Shape

Product: TypeAlias = Callable[[Array, Callable[[Array], Array]], Array]
"""From the fields of a slab, and what gives coefficients at its points, to the products."""


class LaneModes:
    """Products of the fields of spectra ``(member, variable, *kept)``.

    Points lie as ``(*points[:-2], group, points[-1], lane)``: a group has as many lines
    as there are lanes.

    Parameters
    ----------
    points, low, gap, kept
        Those of `ModeLayout`, of the axes of the grid.
    """

    def __init__(
        self, points: Shape, low: Shape, gap: Shape, kept: Shape, *, single: bool
    ) -> None:
        self._points, self._single, self._wide = points, single, lanes.lanes(single)
        self._complex = np.dtype(np.complex64 if single else np.complex128)
        self._real = np.dtype(np.float32 if single else np.float64)
        tile = self._wide // 2
        self._kept, self._row = kept[-1], -(-kept[-1] // tile) * tile
        self._columns = [
            self._along(n, kept[axis + 1 :], low[axis], gap[axis])
            for axis, n in enumerate(points[:-1])
        ]
        self._rows = self._last()

    @staticmethod
    def supports(points: Shape, kept: Shape, *, single: bool) -> bool:
        """Whether every axis can be transformed, and lines fill the lanes."""
        wide = lanes.lanes(single)
        if len(points) < 2 or not wide or points[-2] % wide or points[-1] % 2:
            return False
        smooth = all(map(lanes.supports, (*points[:-1], points[-1] // 2)))
        return smooth and kept[-1] >= wide

    def _along(self, n: int, rest: Shape, low: int, gap: int) -> Pair:
        """Return the passes along an axis, for so many kept modes along those after it.

        Before the last axis, rows of modes are made as long as its passes like them.
        """
        pads = self._row - self._kept if len(rest) == 1 else 0
        width = math.prod(rest)
        groups = -(-width // self._wide)
        few, many = (n - gap, *rest), (n, *rest[:-1], rest[-1] + pads)
        how: dict[str, Any] = {"low": low, "gap": gap, "single": self._single}
        back = lanes.compact_columns(n, width, width + pads, 1, **how)
        forth = lanes.compact_columns(n, width, width + pads, -1, **how)

        def full(given: Shape) -> Shape:
            return (*given[: -len(few)], *many)

        def compact(given: Shape) -> Shape:
            return (*given[: -len(few)], *few)

        return Pair(
            Pass(back, few, groups, full, self._complex, pads),
            Pass(forth, many, groups, compact, self._complex),
        )

    def _last(self) -> Pair:
        """Return the passes along the last axis; the one forth has the scaling."""
        n, wide, row, kept = self._points[-1], self._wide, self._row, self._kept
        scale = 1.0 / math.prod(self._points)
        how: dict[str, Any] = {"part": row, "apart": 0, "single": self._single}
        back = lanes.rows_back(n, kept, row, **how)
        forth = lanes.rows_forth(n, kept, row, scale, **how)

        def points(given: Shape) -> Shape:
            return (*given[:-2], given[-2] // wide, n, wide)

        def modes(given: Shape) -> Shape:
            return (*given[:-3], given[-3] * wide, row)

        # a mode stands for its conjugate as well, but for the mean and the last of all
        weights = np.full(row, 2.0 / scale)
        weights[0] = 1.0 / scale
        weights[n // 2 : n // 2 + 1] = 1.0 / scale
        return Pair(
            Pass(back, (wide, row), 1, points, self._real),
            Pass(forth, (1, n, wide), 1, modes, self._complex, row - kept),
            weights,
        )

    def products(self, w: Array, product: Product, slab_bytes: int) -> Array:
        """Return the normalised spectra of what ``product`` makes of fields."""
        columns = self._columns[0].back(w)
        members, fields = w.shape[:2]
        slabs = Slabs.of(
            members,
            self._points,
            number=fields * self._real.itemsize,
            most=slab_bytes,
            unit=self._wide if len(self._points) == 2 else 1,
        )
        whole, places, done = np.empty(0), [], []
        for i, (slab, lines) in enumerate(slabs.cut(columns)):
            u = product(self._to_points(slab), partial(self._at, lines=lines))
            if i == 0:
                rest = tuple(columns.shape[2:])
                whole = np.empty((members, u.shape[1], *rest), self._complex)
                places = slabs.pieces(whole)
            done.append(self._to_modes(u, places[i]))
        return self._columns[0].forth(joined(slabs, done, whole, places))

    def _to_points(self, slab: Array) -> Array:
        for columns in self._columns[1:]:
            slab = columns.back(slab)
        return self._rows.back(slab)

    def _to_modes(self, u: Array, out: Array) -> Array:
        *before, last = (self._rows, *self._columns[:0:-1])
        for passes in before:
            u = passes.forth(u)
        return last.forth(u, out)

    def _at(self, c: Array, lines: slice) -> Array:
        """Return a coefficient field at the points of a slab, as they lie there."""
        c = c[lines]
        groups = c.reshape((*c.shape[:-2], -1, self._wide, c.shape[-1]))
        return arrays.contiguous(groups.swapaxes(-1, -2))


def joined(slabs: Slabs, done: list[Array], whole: Array, places: list[Array]) -> Array:
    """Return the array whose pieces these are: it is there if they are in place."""

    def fast(*done: Array) -> Array:
        where = [a.ctypes.data for a in done]
        return whole if where == [a.ctypes.data for a in places] else slabs.whole(*done)

    if len(done) == 1:
        return done[0]
    if not arrays.is_tensor(done[0]):
        return fast(*done)
    return LinearMap(fast, slabs.whole, slabs.pieces)(*done)
