"""Pieces of an array that stay in the caches while they are worked on."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from pdekit import arrays
from pdekit.typing import Array, Shape


@dataclass(frozen=True)
class Slabs:
    """How arrays ``(member, variable, *space)`` are cut, along two of the axes.

    Attributes
    ----------
    members, lines
        How many members and points of the first axis the pieces have.
    ndim
        Number of axes in space.
    """

    members: tuple[int, ...]
    lines: tuple[int, ...]
    ndim: int

    @classmethod
    def of(
        cls, members: int, points: Shape, *, number: int, most: int, unit: int = 1
    ) -> Slabs:
        """Cut until no piece has more than ``most`` bytes, if that is possible.

        A member has ``number`` bytes at a point; ``unit`` points of the first axis stay
        together.
        """
        line = number * math.prod(points[1:])
        together = max(1, most // (line * points[0]))
        lines = max(unit, most // line // unit * unit)
        return cls(_equal(members, together), _equal(points[0], lines), len(points))

    def __len__(self) -> int:
        """Return the number of pieces."""
        return len(self.members) * len(self.lines)

    def cut(self, a: Array) -> Iterator[tuple[Array, slice]]:
        """Yield the pieces, and which points of the first axis these have."""
        begins = [sum(self.lines[:i]) for i in range(len(self.lines))]
        where = [slice(b, b + n) for b, n in zip(begins, self.lines, strict=True)]
        for some in arrays.split(a, self.members, -self.ndim - 2):
            yield from zip(arrays.split(some, self.lines, -self.ndim), where, strict=True)

    def pieces(self, a: Array) -> list[Array]:
        """Return the pieces alone."""
        return [piece for piece, _ in self.cut(a)]

    def whole(self, *pieces: Array) -> Array:
        """Return what these are the pieces of."""
        each = len(self.lines)
        rows = [
            arrays.concatenate(pieces[i : i + each], -self.ndim)
            for i in range(0, len(pieces), each)
        ]
        return arrays.concatenate(rows, -self.ndim - 2)


def _equal(total: int, part: int) -> tuple[int, ...]:
    """Return parts of a number, the last of which may be smaller."""
    return tuple(min(part, total - begin) for begin in range(0, total, part))
