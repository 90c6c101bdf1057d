"""Transforms along the columns of an array of complex numbers, in place."""

from __future__ import annotations

from pdekit.lanes._machine import Transform, built
from pdekit.lanes._passes import Index, transform
from pdekit.lanes._vector import WORD, Function
from pdekit.lanes._views import Interleaved, Split


def columns(
    n: int, stride: int, sign: int, *, low: int, gap: int, single: bool
) -> Transform:
    """Return the transforms of adjacent columns, without scaling.

    Called as ``(groups, place, place)``: as many columns as there are lanes make a group.

    Parameters
    ----------
    n
        Length of a column.
    stride
        Complex numbers from one row to the next.
    sign
        Of the exponent: −1 forth, +1 back.
    low, gap
        Rows  low ≤ k < low + gap  of the modes are left out: they count as zero on the way
        back, whatever lies there, and nothing is written to them on the way forth.
    single
        Whether the numbers have single precision.
    """

    def kept(k: int) -> int | None:
        return None if low <= k < low + gap else k

    def every(k: int) -> int:
        return k

    modes: tuple[Index, Index] = (kept, every) if sign > 0 else (every, kept)

    def write(f: Function) -> None:
        work = Split(f, f.room(2 * f.lanes * n))
        base = f.pointer(f.source)
        with f.loop(f.count) as group:
            place = f.at(base, f.builder.mul(group, WORD(2 * f.lanes)))
            lines = Interleaved(f, place, stride)
            read, into = modes
            transform(f, n, sign, lines, lines, work, read=read, write=into)

    return built("columns", write, n, stride, sign, low, gap, single=single)
