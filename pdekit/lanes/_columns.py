"""Transforms along the columns of arrays of complex numbers."""

from __future__ import annotations

from typing import Any

from pdekit.lanes._machine import Transform, built
from pdekit.lanes._passes import Index, transform
from pdekit.lanes._vector import WORD, Function
from pdekit.lanes._views import Interleaved, Split


def columns(
    n: int, stride: int, sign: int, *, low: int, gap: int, single: bool
) -> Transform:
    """Return the transforms of adjacent columns in place, without scaling.

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

    def write(f: Function) -> None:
        work = Split(f, f.room(2 * f.lanes * n))
        base = f.pointer(f.source)
        with f.loop(f.count) as group:
            place = f.at(base, f.builder.mul(group, WORD(2 * f.lanes)))
            lines = Interleaved(f, place, stride)
            read, into = _ways(kept, sign)
            transform(f, n, sign, lines, lines, work, read=read, write=into)

    return built("columns", write, n, stride, sign, low, gap, single=single)


def compact_columns(
    n: int, width: int, full: int, sign: int, *, low: int, gap: int, single: bool
) -> Transform:
    """Return the transforms of the columns of many matrices, without scaling.

    Called as ``(first << 32 | groups, source, target)``: matrices of n − gap rows, which
    hold the modes that are kept one after the other, are the source on the way back and the
    target on the way forth; matrices of n rows are the other one. A matrix has
    ⌈width / lanes⌉  groups, the last of which begins early enough to be full: its first
    columns are done twice. ``first`` groups of the first matrix are left to others.

    Parameters
    ----------
    n, sign, low, gap, single
        Those of `columns`.
    width
        Columns of every matrix, and numbers in a row of kept modes; as many as there are
        lanes at least.
    full
        Numbers in a row of the matrices of n rows, where those after ``width`` are left
        alone.
    """

    def kept(k: int) -> int | None:
        return None if low <= k < low + gap else k - gap if k >= low else k

    def write(f: Function) -> None:
        work = Split(f, f.room(2 * f.lanes * n))
        places = f.pointer(f.source), f.pointer(f.target)
        sizes = ((n - gap) * width, n * full)
        strides = (width, full)
        if sign < 0:
            sizes, strides = sizes[::-1], strides[::-1]
        starts = [2 * min(k, width - f.lanes) for k in range(0, width, f.lanes)]
        table, groups = f.table(starts, WORD), WORD(len(starts))
        first, count = _halves(f)
        with f.loop(count) as index:
            group = f.builder.add(first, index)
            matrix = f.builder.udiv(group, groups)
            column = f.word(table, f.builder.urem(group, groups))
            source, target = (
                Interleaved(
                    f,
                    f.at(f.at(place, f.builder.mul(matrix, WORD(2 * size))), column),
                    stride,
                )
                for place, size, stride in zip(places, sizes, strides, strict=True)
            )
            read, into = _ways(kept, sign)
            transform(f, n, sign, source, target, work, read=read, write=into)

    return built("compact_columns", write, n, width, full, sign, low, gap, single=single)


def _halves(f: Function) -> tuple[Any, Any]:
    """Return the upper and the lower half of the word that a function is called with."""
    low = f.builder.and_(f.count, WORD((1 << 32) - 1))
    return f.builder.lshr(f.count, WORD(32)), low


def _ways(kept: Index, sign: int) -> tuple[Index, Index]:
    """Return where numbers are read and written: the modes are the source only back."""
    return (kept, int) if sign > 0 else (int, kept)
