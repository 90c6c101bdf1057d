"""Transforms between fields and the modes that are kept of them, on whole arrays."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import cached_property
from operator import itemgetter
from typing import TYPE_CHECKING, Any, TypeAlias

from pdekit import arrays
from pdekit.engine._lane_modes import LaneModes, Product
from pdekit.engine._layout import ModeLayout
from pdekit.engine._rhs import RightHandSide
from pdekit.engine._slabs import Slabs
from pdekit.typing import Array

if TYPE_CHECKING:
    from pdekit.engine._generic import GenericEngine

SLAB_BYTES = 1 << 20
"""Products are formed in slabs of about this size on a CPU: they stay in the caches, and
the system need not hand out, and clear, the memory of every temporary anew."""
FEWEST = 1 << 13
"""Points of all fields from which compiled passes, whose calls cost more, pay."""
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

    def products(self, w: Array, product: Product) -> Array:
        """Return the normalised spectra of what ``product`` makes of fields."""
        most, (members, fields) = self.engine.slab_bytes, w.shape[:2]
        large = members * fields * self.engine.size >= FEWEST
        if large and self._in_lanes is not None:
            return self._in_lanes.products(w, product, most)
        first, others = self.axes[:1], self.axes[1:]
        most = most if others else sys.maxsize  # a line is not cut
        slabs = Slabs.of(members, self.points, number=8 * fields, most=most)
        if len(slabs) == 1:
            return self.to_modes(product(self.to_points(w), lambda c: c))
        done = []
        for slab, lines in slabs.cut(self._inverse(w, first)):
            u = product(self._inverse(slab, others), itemgetter(lines))
            done.append(self._forward(u, others))
        return self._forward(slabs.whole(*done), first) * (1.0 / self.engine.size)

    @cached_property
    def _in_lanes(self) -> LaneModes | None:
        """The same by compiled passes, for lengths that they know."""
        single, layout = self.engine.single, self._layout
        three = (layout.points, layout.low, layout.gap, layout.kept)
        points, low, gap, kept = map(self._of_grid, three)
        if not (self.real and self.engine.in_lanes):
            return None
        if not LaneModes.supports(points, kept, single=single):
            return None
        self.engine.used = ("lanes", *self.engine.used)
        return LaneModes(points, low, gap, kept, single=single)

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
