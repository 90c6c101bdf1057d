"""Transforms between one real line and its modes  0 ≤ k < kept,  a piece in every lane.

As in `_rows`, a line of n real numbers is one of  h = n/2  complex ones,
zⱼ = x₂ⱼ + i x₂ⱼ₊₁,  and X and Z are what they are there.  With L lanes,  h = L m,
j = L a + b,  k = c + m d  and  w(r) = exp(2πi/r),

    zⱼ = Σ_c w(m)^ac  w(h)^bc  Σ_d w(L)^bd  Z_{c+md},

from the right: butterflies of L registers, each with L neighbouring c; factors; a square
transposed in the registers, which brings b into the lanes; transforms of length m, L at
once.  Forth it is the same from the left, with the signs of the exponents reversed.

On the side of the points  x₂ⱼ  is number  L (2a) + b  and  x₂ⱼ₊₁  number  L (2a + 1) + b:
what is done point by point need not know, but for coefficients, see `line_order`.

References
----------
Bailey, J. Supercomputing 4 (1990) 23 (transforms in four steps).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from pdekit.lanes._butterfly import Number, butterfly, minus, plus
from pdekit.lanes._machine import Transform, built, lanes
from pdekit.lanes._passes import supports, transform
from pdekit.lanes._vector import WORD, Complex, Function, Vector, root
from pdekit.lanes._views import Interleaved, Split
from pdekit.typing import Array


def supports_line(n: int, *, single: bool) -> bool:
    """Whether a line of ``n`` real numbers can be transformed."""
    width = lanes(single)
    return width > 0 and n % (2 * width**2) == 0 and supports(n // (2 * width))


def line_order(x: Array, *, single: bool) -> Array:
    """Return values at the points in the order in which they lie there."""
    return x.reshape(-1, lanes(single), 2).swapaxes(1, 2).reshape(-1)


def line_back(n: int, kept: int, *, single: bool) -> Transform:
    """Return the transform from modes to points, without scaling.

    Called as ``(1, modes, points)``.  Behind the modes lie as many numbers as there are
    lanes, or more, that are ignored.
    """
    h, kept = n // 2, min(kept, n // 2 + 1)

    def write(f: Function) -> None:
        work = Split(f, f.room(2 * h))
        _read_modes(f, f.pointer(f.source), work, h, kept)
        transform(f, h // f.lanes, 1, work, Split(f, f.pointer(f.target)), work)

    return built("line_back", write, n, kept, single=single)


def line_forth(n: int, kept: int, scale: float, *, single: bool) -> Transform:
    """Return the transform from points to modes, multiplied by ``scale``.

    Called as ``(1, points, modes)``.  It overwrites the points and, behind the modes, what
    fills a register with the last of them.
    """
    h, kept = n // 2, min(kept, n // 2 + 1)

    def write(f: Function) -> None:
        points, pieces = Split(f, f.pointer(f.source)), Split(f, f.room(2 * h))
        transform(f, h // f.lanes, -1, points, pieces, points)
        # with Z₍ₕ₎ behind and, as `_opposite_of` reads whole registers, room before
        line = Split(f, f.at(f.room(2 * h + 4 * f.lanes), 2 * f.lanes))
        _combine_pieces(f, pieces, line, h)
        line.store(h // f.lanes, line.load(0))
        _write_modes(f, line, f.pointer(f.target), n, kept, scale / 2)

    return built("line_forth", write, n, kept, scale, single=single)


@dataclass(frozen=True)
class Block:
    """Which of  Xₖ  and of  X₍ₕ₋ₖ₎  are kept, for as many k as there are lanes.

    The imaginary parts of the mean and of the last mode, which the first block holds, are
    not read.
    """

    here: tuple[bool, ...]
    opposite: tuple[bool, ...]
    first: bool

    @classmethod
    def at(cls, start: int, lanes: int, h: int, kept: int) -> Block:
        """Return that of  start ≤ k < start + L."""
        ks = range(start, start + lanes)
        here, opposite = (k < kept for k in ks), (h - k < kept for k in ks)
        return cls(tuple(here), tuple(opposite), start == 0)


def _read_modes(f: Function, row: Any, work: Split, h: int, kept: int) -> None:
    """Form  Zₖ = (Xₖ + X̄₍ₕ₋ₖ₎) + i wᵏ (Xₖ − X̄₍ₕ₋ₖ₎)  of the modes, and cut it in pieces."""
    lanes, m = f.lanes, h // f.lanes
    starts = [[c + m * d for d in range(lanes)] for c in range(0, m, lanes)]
    joins = _table(
        f, [1j * root(k + i, 2 * h, 1) for ks in starts for k in ks for i in range(lanes)]
    )
    turns = _turns(f, h, 1)

    def alike(b: int) -> list[Block]:
        return [Block.at(k, lanes, h, kept) for k in starts[b]]

    for blocks, same in groupby(range(len(starts)), alike):
        numbers = list(same)
        with f.loop(len(numbers)) as i:
            number = f.builder.add(i, WORD(numbers[0]))
            here = _times(f, number, 2 * lanes)
            square = _times(f, number, 2 * lanes**2)
            z = []
            for d, block in enumerate(blocks):
                x = _modes(f, f.at(row, here), m * d, block)
                end = f.builder.sub(WORD(2 * (h - m * d)), here)
                y = _opposite_modes(f, f.at(row, end), block)
                s, t = plus(x, y), minus(x, y)
                join = joins.moved(square).load(d)
                z.append(None if t is None else plus(s, t * join))
            pieces = [y or f.zero() for y in butterfly(z, 1)]
            factors = turns.moved(_times(f, number, 2 * lanes * (lanes - 1)))
            for k, piece in enumerate(_transposed(f, _turned(pieces, factors))):
                work.moved(square).store(k, piece)


def _combine_pieces(f: Function, pieces: Split, line: Split, h: int) -> None:
    """Form Z of the pieces, which the transforms of length m have left."""
    lanes, m = f.lanes, h // f.lanes
    turns = _turns(f, h, -1)
    with f.loop(m // lanes) as number:
        taken = pieces.moved(_times(f, number, 2 * lanes**2))
        made = line.moved(_times(f, number, 2 * lanes))
        factors = turns.moved(_times(f, number, 2 * lanes * (lanes - 1)))
        square = _transposed(f, [taken.load(i) for i in range(lanes)])
        for d, z in enumerate(butterfly(_turned(square, factors), -1)):
            assert z is not None  # noqa: S101 - for the type checker
            made.store(m // lanes * d, z)


def _write_modes(
    f: Function, line: Split, row: Any, n: int, kept: int, factor: float
) -> None:
    """Write  Xₖ = factor ((Zₖ + Z̄₍ₕ₋ₖ₎) − i w⁻ᵏ (Zₖ − Z̄₍ₕ₋ₖ₎))."""
    h, lanes = n // 2, f.lanes
    count = -(-kept // lanes)
    joins = _table(f, [-1j * root(k, n, -1) for k in range(count * lanes)])
    with f.loop(count) as number:
        here = _times(f, number, 2 * lanes)
        z = line.moved(here).load(0)
        y = _opposite_of(f, line.moved(f.builder.sub(WORD(2 * h), here))).conj()
        x = ((z + y) + (z - y) * joins.moved(here).load(0)) * factor
        Interleaved(f, f.at(row, here), lanes).store(0, x)


def _modes(f: Function, row: Any, first: int, block: Block) -> Number:
    """Return  Xₖ  from the k on that is ``first`` in a row."""
    if not any(block.here):
        return None
    x = Interleaved(f, f.at(row, 2 * first), f.lanes).load(0)
    return _masked(f, x, block.here, block.first)


def _opposite_modes(f: Function, end: Any, block: Block) -> Number:
    """Return the conjugates of  X₍ₕ₋ₖ₎,  of which the first lies at ``end``."""
    if not any(block.opposite):
        return None
    lanes = f.lanes
    a, b = (f.load(f.at(end, 2 - 2 * lanes + i * lanes), 8) for i in range(2))
    parts = (f.shuffled(a, b, range(2 * lanes - 2 + i, -1, -2)) for i in range(2))
    x = Complex(*(Vector(f, part) for part in parts))
    return _masked(f, x, block.opposite, block.first).conj()


def _opposite_of(f: Function, line: Split) -> Complex:
    """Return  Z₀, Z₋₁, …  of what follows and precedes the beginning of a view."""
    a, b = line.load(-1), line.load(0)
    picks = [f.lanes, *range(f.lanes - 1, 0, -1)]
    parts = ((a.re, b.re), (a.im, b.im))
    return Complex(*(Vector(f, f.shuffled(p.value, q.value, picks)) for p, q in parts))


def _masked(f: Function, x: Complex, keep: Sequence[bool], first: bool) -> Complex:
    """Replace by 0 what is not kept, and the first imaginary part where none is."""

    def part(value: Vector, keep: Sequence[bool]) -> Vector:
        if all(keep):
            return value
        picks = [i if k else f.lanes + i for i, k in enumerate(keep)]
        return Vector(f, f.shuffled(value.value, f.zero().re.value, picks))

    return Complex(part(x.re, keep), part(x.im, [keep[0] and not first, *keep[1:]]))


def _turned(x: Sequence[Complex], factors: Split) -> list[Complex]:
    """Multiply all but the first with what lies in a table."""
    return [x[0], *(y * factors.load(i) for i, y in enumerate(x[1:]))]


def _transposed(f: Function, square: Sequence[Complex]) -> list[Complex]:
    """Exchange what is in the lanes and what is in the registers."""
    parts = ([x.re.value for x in square], [x.im.value for x in square])
    both = zip(*map(f.transposed, parts), strict=True)
    return [Complex(Vector(f, re), Vector(f, im)) for re, im in both]


def _turns(f: Function, h: int, sign: int) -> Split:
    """Return the factors  w(h)^bc,  b > 0, of neighbouring c: block after block, by b."""
    lanes = f.lanes
    starts = range(0, h // lanes, lanes)
    return _table(
        f,
        [
            root(b * (c + i), h, sign)
            for c in starts
            for b in range(1, lanes)
            for i in range(lanes)
        ],
    )


def _table(f: Function, values: Sequence[complex]) -> Split:
    """Return numbers that follow one another in the lanes and then in memory."""
    groups = [values[i : i + f.lanes] for i in range(0, len(values), f.lanes)]
    parts = [p for g in groups for p in (*(w.real for w in g), *(w.imag for w in g))]
    return Split(f, f.table(parts))


def _times(f: Function, number: Any, factor: int) -> Any:
    """Write the product with an integer."""
    return f.builder.mul(number, WORD(factor))
