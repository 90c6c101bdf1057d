"""Where the kept modes of a spectrum lie: compact in memory, full in the transforms."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from itertools import product

import numpy as np

from pdekit.engine._rhs import RightHandSide
from pdekit.typing import Array


class ModeLayout:
    """The kept modes of three axes, axes of one point among them if the grid has fewer.

    The last axis of the grid is the last here, its first one the first.

    Attributes
    ----------
    points
        Number of points along each of the three axes.
    modes, kept
        Number of modes along each axis in all, and of those that are kept.
    low, gap
        Along each axis, how many kept modes precede the modes left out, and how many these
        are: the mode in row r of a compact array is in row  r + (gap if r >= low).
    """

    def __init__(self, rhs: RightHandSide) -> None:
        self.ndim = rhs.grid.ndim
        self.points, self.modes = self._padded(rhs.grid.shape), self._padded(rhs.modes)
        low, gap = [], []
        for i, n in enumerate(rhs.modes):
            half = rhs.real and i == self.ndim - 1
            cut = None if rhs.cut is None else rhs.cut[i]
            low.append(n if cut is None else cut + 1)
            kept = n if cut is None else cut + 1 if half else 2 * cut + 1
            gap.append(max(0, n - kept))  # of even n, the Nyquist mode is there but once
        self.low, self.gap = self._padded(low), self._padded(gap, 0)
        self.kept = tuple(n - g for n, g in zip(self.modes, self.gap, strict=True))

    def side_by_side(self, lines: int) -> ModeLayout:
        """Return the layout of so many lines, which take the place of a first axis."""
        found = copy(self)
        for name in ("points", "modes", "kept", "low"):
            setattr(found, name, (lines, *getattr(self, name)[1:]))
        return found

    def _padded(self, entries: Sequence[int], fill: int = 1) -> tuple[int, int, int]:
        first, last = (entries[:-1], entries[-1:])
        return (*first, *(fill,) * (3 - self.ndim), *last)  # type: ignore[return-value]

    def compact(self, a: Array) -> Array:
        """Return the kept modes of ``(..., *modes)`` as ``(..., *kept)``.

        Axes along which ``a`` does not vary keep their one entry.
        """
        a = np.asarray(a)
        a = a.reshape((*(1,) * (self.ndim - a.ndim), *a.shape))
        cut = a.ndim - self.ndim
        a = a.reshape((*a.shape[:cut], *self._padded(a.shape[cut:])))
        for i in range(3):
            if a.shape[i - 3] > 1 and self.gap[i]:
                rows = np.r_[: self.low[i], self.low[i] + self.gap[i] : self.modes[i]]
                a = np.take(a, rows, axis=i - 3)
        return a

    def full(self, a: Array) -> Array:
        """Return ``(..., *modes)`` with zeros where modes were left out."""
        out: Array = np.zeros((*a.shape[:-3], *self.modes), a.dtype)
        for parts in product(*(self._pieces(i) for i in range(3))):
            (i, i_kept), (j, j_kept), (k, k_kept) = parts
            out[..., i, j, k] = a[..., i_kept, j_kept, k_kept]
        grid = self.modes[: self.ndim - 1] + self.modes[-1:]
        return out.reshape((*a.shape[:-3], *grid))

    def _pieces(self, i: int) -> Sequence[tuple[slice, slice]]:
        """Return the two runs of kept modes along an axis: where, and from where."""
        low, gap = self.low[i], self.gap[i]
        return [
            (slice(0, low), slice(0, low)),
            (slice(low + gap, None), slice(low, None)),
        ]

    def shared(self, a: Array) -> Array:
        """Return one row of ``(variable, ...)`` where all of them are the same."""
        return a[:1] if (a == a[:1]).all() else a
