"""Transforms between fields and the modes that are kept of them, on whole arrays."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from pdekit import arrays
from pdekit.engine._layout import ModeLayout
from pdekit.engine._rhs import RightHandSide
from pdekit.typing import Array

if TYPE_CHECKING:
    from pdekit.engine._generic import GenericEngine

SLAB_BYTES = 1 << 20
"""Products are formed in slabs of about this size on a CPU: they stay in the caches, and
the system need not hand out, and clear, the memory of every temporary anew."""
Axes: TypeAlias = tuple[int, ...]


class KeptModes:
    """Spectra ``(member, variable, *kept)`` of fields ``(member, channel, *space)``.

    Where a sharp mask drops modes, one axis is transformed after the other, from the first
    to the last on the way to the points: each for no other modes of the axes after it than
    those that are kept.
    """

    def __init__(self, engine: GenericEngine, rhs: RightHandSide) -> None:
        self.engine, self.real, self.points = engine, rhs.real, rhs.grid.shape
        self.axes = tuple(range(-rhs.grid.ndim, 0))
        self._layout = layout = ModeLayout(rhs)
        self._pruned = any(layout.gap)
        high = [kept - low for kept, low in zip(layout.kept, layout.low, strict=True)]
        pieces = list(zip(layout.low, layout.gap, high, strict=True))
        self._pieces = dict(zip(self.axes, self._of_grid(pieces), strict=True))

    def _of_grid(self, three: Sequence[Any]) -> tuple[Any, ...]:
        """Return the entries of the axes that the grid has, of the three of a layout."""
        return (*three[: len(self.axes) - 1], three[-1])

    def multipliers(self, a: Array) -> Array:
        """Return the kept ones of ``(..., *modes)``, still of NumPy."""
        a = self._layout.compact(a)
        return a.reshape((*a.shape[:-3], *self._of_grid(a.shape[-3:])))

    # -- transforms --------------------------------------------------------------------

    def to_points(self, w: Array) -> Array:
        """Return the fields of normalised spectra."""
        return self._inverse(w, self.axes)

    def to_modes(self, u: Array) -> Array:
        """Return the normalised spectra of fields."""
        return self._forward(u, self.axes) * (1.0 / self.engine.size)

    def products(self, w: Array, product: Callable[[Array, slice], Array]) -> Array:
        """Return the normalised spectra of what ``product`` makes of the fields of ``w``.

        It takes the fields of a slab, and which points of the first axis these are.
        """
        sizes = self._slabs(w)
        if len(sizes) == 1:
            return self.to_modes(product(self.to_points(w), slice(None)))
        first, others, done, end = self.axes[:1], self.axes[1:], [], 0
        columns = self._inverse(w, first)
        for slab, size in zip(arrays.split(columns, sizes, first[0]), sizes, strict=True):
            begin, end = end, end + size
            u = product(self._inverse(slab, others), slice(begin, end))
            done.append(self._forward(u, others))
        n = self._forward(arrays.concatenate(done, first[0]), first)
        return n * (1.0 / self.engine.size)

    def _slabs(self, w: Array) -> Sequence[int]:
        """Return how many points of the first axis each slab has; a line is not cut."""
        n, *others = self.points
        if not others:
            return (n,)
        row = 8 * math.prod(w.shape[:2]) * math.prod(others)
        rows = max(1, self.engine.slab_bytes // row)
        return [min(rows, n - begin) for begin in range(0, n, rows)]

    def _inverse(self, w: Array, axes: Axes) -> Array:
        """Transform back without scaling; of real fields the last axis is halved."""
        for group in self._groups(axes):
            shape = tuple(self.points[axis] for axis in group)
            w = self.engine.back(
                self._widened(w, group[0]), shape, group, self._halves(group)
            )
        return w

    def _forward(self, u: Array, axes: Axes) -> Array:
        """Transform without scaling."""
        for group in reversed(self._groups(axes)):
            u = self._narrowed(self.engine.forth(u, group, self._halves(group)), group[0])
        return u

    def _groups(self, axes: Axes) -> Sequence[Axes]:
        """Return which axes are transformed in one call: all where every mode is kept."""
        return [(axis,) for axis in axes] if self._pruned else [axes]

    def _halves(self, axes: Axes) -> bool:
        return self.real and axes[-1] == -1

    # -- modes that are left out -------------------------------------------------------

    def _narrowed(self, u_hat: Array, axis: int) -> Array:
        """Leave out the modes along an axis that are not kept."""
        low, gap, high = self._pieces[axis]
        if not gap:
            return u_hat
        first, _, last = arrays.split(u_hat, (low, gap, high), axis)
        return arrays.concatenate((first, last), axis) if high else first

    def _widened(self, w: Array, axis: int) -> Array:
        """Put zeros where modes along an axis were left out."""
        low, gap, high = self._pieces[axis]
        if not gap:
            return w
        shape = list(w.shape)
        shape[axis] = gap
        none = arrays.zeros(tuple(shape), w)
        if not high:
            return arrays.concatenate((w, none), axis)
        first, last = arrays.split(w, (low, high), axis)
        return arrays.concatenate((first, none, last), axis)
