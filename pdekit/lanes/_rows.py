"""Transforms between real lines and the modes  0 ≤ k < kept  of them.

A line of n real numbers is one of  h = n/2  complex ones,  zⱼ = x₂ⱼ + i x₂ⱼ₊₁.  With
w = exp(2πi/n)  and  E, O  the transforms of the even and odd points,

    Zₖ = Eₖ + i Oₖ,   Xₖ = Eₖ + w⁻ᵏ Oₖ,   Eₖ = ½ (Zₖ + Z̄₍ₕ₋ₖ₎),   Oₖ = ½ (Zₖ − Z̄₍ₕ₋ₖ₎)/i.

Lines are the rows of an array on the side of the modes, as many to a group as there are
lanes: squares of them are transposed in the registers.  On the side of the points a group
is ``[point][lane]``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pdekit.lanes._machine import Transform, built
from pdekit.lanes._passes import transform
from pdekit.lanes._vector import WORD, Complex, Function, Vector, root
from pdekit.lanes._views import Split


def rows_back(
    n: int, kept: int, stride: int, *, part: int, apart: int, single: bool
) -> Transform:
    """Return the transforms from modes to points, without scaling.

    Called as ``(groups, modes, points)``.

    Parameters
    ----------
    n, kept
        Points, an even number of them, and modes that are not zero.
    stride
        Complex numbers from one row to the next.
    part, apart
        The modes of a row lie in parts of ``part`` complex numbers, ``apart`` from one to
        the next.  A part is a multiple of the lanes, and what pads the last one is ignored.
    single
        Whether the numbers have single precision.
    """
    h, kept = n // 2, min(kept, n // 2 + 1)

    def write(f: Function) -> None:
        work = Split(f, f.room(2 * f.lanes * (h + 1 + f.lanes // 2)))
        modes, points = f.pointer(f.source), f.pointer(f.target)
        with f.loop(f.count) as group:
            row = f.at(modes, f.builder.mul(group, WORD(2 * f.lanes * stride)))
            lines = f.at(points, f.builder.mul(group, WORD(f.lanes * n)))
            _read_tiles(f, row, work, kept, stride, _tiles(f, kept, part, apart))
            _join_halves(f, work, n, kept)

            def read(k: int) -> int | None:
                return k if k < kept or h - k < kept else None

            transform(f, h, 1, work, Split(f, lines, 8), work, read=read)

    return built("rows_back", write, n, kept, stride, part, apart, single=single)


def rows_forth(
    n: int, kept: int, stride: int, scale: float, *, part: int, apart: int, single: bool
) -> Transform:
    """Return the transforms from points to modes, multiplied by ``scale``.

    Called as ``(groups, points, modes)``; the other parameters are those of `rows_back`.
    """
    h, kept = n // 2, min(kept, n // 2 + 1)

    def write(f: Function) -> None:
        work = Split(f, f.room(2 * f.lanes * h))
        found = Split(f, f.room(2 * f.lanes * (h + 1 + f.lanes // 2)))
        points, modes = f.pointer(f.source), f.pointer(f.target)
        with f.loop(f.count) as group:
            row = f.at(modes, f.builder.mul(group, WORD(2 * f.lanes * stride)))
            lines = f.at(points, f.builder.mul(group, WORD(f.lanes * n)))

            def needed(k: int) -> int | None:
                return k if k < kept or h - k < kept else None

            transform(f, h, -1, Split(f, lines, 8), found, work, write=needed)
            found.store(h, found.load(0))  # Z has the period h
            offsets = _tiles(f, kept, part, apart)
            _write_tiles(f, found, row, n, stride, scale / 2, offsets)

    return built("rows_forth", write, n, kept, stride, scale, part, apart, single=single)


def _tiles(f: Function, kept: int, part: int, apart: int) -> list[int]:
    """Return where in a row the tiles begin, squares of reals once they are transposed."""
    width = f.lanes // 2
    starts = range(0, kept, width)
    return [2 * (k // part * apart + k % part) for k in starts]


def _read_tiles(
    f: Function, row: Any, work: Split, kept: int, stride: int, offsets: Sequence[int]
) -> None:
    """Read the modes of a group, a tile after the other, and split them."""
    places, width = f.table(offsets, WORD), f.lanes // 2
    with f.loop(len(offsets)) as tile:
        place = f.at(row, f.word(places, tile))
        square = [f.load(f.at(place, 2 * stride * i), 8) for i in range(f.lanes)]
        columns = [Vector(f, v) for v in f.transposed(square)]
        into = work.moved(f.builder.mul(tile, WORD(work.offset(width))))
        for i in range(width):
            into.store(i, Complex(columns[2 * i], columns[2 * i + 1]))


def _join_halves(f: Function, work: Split, n: int, kept: int) -> None:
    """Replace  Xₖ  by  Zₖ = (Xₖ + X̄₍ₕ₋ₖ₎) + i wᵏ (Xₖ − X̄₍ₕ₋ₖ₎),  two of them at once.

    With S and D the two terms of Zₖ,  Z₍ₕ₋ₖ₎ = conj(S − D).  The mean and the last mode of
    a real line are real: their imaginary parts are ignored, as every library does.
    """
    h = n // 2
    mean = work.load(0).re
    last = work.load(h).re if kept == h + 1 else None
    both = Complex(mean, mean) if last is None else Complex(mean + last, mean - last)
    work.store(0, both)
    below = range(1, (h + 1) // 2)
    alone = [k for k in range(1, min(kept, h)) if h - k >= kept]
    paired = [k for k in below if h - k < kept]
    for ks in (alone, paired):
        if not ks:
            continue
        turns = f.table([p for k in ks for p in _parts(1j * root(k, n, 1))])
        with f.loop(len(ks)) as i:
            here = f.builder.mul(f.builder.add(i, WORD(ks[0])), WORD(work.offset(1)))
            there = f.builder.sub(WORD(work.offset(h)), here)
            a = s = work.moved(here).load(0)
            if ks is paired:
                b = work.moved(there).load(0).conj()
                a, s = a - b, a + b
            d = a * f.turn(turns, i)
            work.moved(here).store(0, s + d)
            work.moved(there).store(0, (s - d).conj())
    if h % 2 == 0 and h // 2 < kept:
        work.store(h // 2, work.load(h // 2).conj() * 2.0)


def _write_tiles(
    f: Function,
    found: Split,
    row: Any,
    n: int,
    stride: int,
    factor: float,
    offsets: Sequence[int],
) -> None:
    """Form  Xₖ = factor ((Zₖ + Z̄₍ₕ₋ₖ₎) − i w⁻ᵏ (Zₖ − Z̄₍ₕ₋ₖ₎))  and write the rows."""
    h, width = n // 2, f.lanes // 2
    places = f.table(offsets, WORD)
    count = len(offsets) * width
    turns = f.table([p for k in range(count) for p in _parts(-1j * root(k, n, -1))])
    with f.loop(len(offsets)) as tile:
        start = f.builder.mul(tile, WORD(width))
        here = f.builder.mul(start, WORD(found.offset(1)))
        there = f.builder.sub(WORD(found.offset(h)), here)
        square = []
        for i in range(width):
            z = found.moved(here).load(i)
            mirrored = found.moved(there).load(-i).conj()
            turn = f.turn(turns, f.builder.add(start, WORD(i)))
            x = ((z + mirrored) + (z - mirrored) * turn) * factor
            square += [x.re.value, x.im.value]
        place = f.at(row, f.word(places, tile))
        for i, value in enumerate(f.transposed(square)):
            f.store(value, f.at(place, 2 * stride * i), 8)


def _parts(w: complex) -> tuple[float, float]:
    return w.real, w.imag
