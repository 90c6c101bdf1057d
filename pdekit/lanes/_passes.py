"""The passes of a transform of mixed radix: which numbers each butterfly takes and makes.

With  n = r M  the transform of a line is M butterflies of r numbers at distance M, factors
exp(± 2πi mk/n), and r transforms of length M of adjacent numbers (decimation in frequency).
What comes out of the last pass lies in an order of reversed digits; its butterflies write
it where it belongs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import prod

from pdekit.lanes._butterfly import butterfly
from pdekit.lanes._vector import WORD, Function, root
from pdekit.lanes._views import View

LONGEST = 2048
"""Complex numbers in a line: the passes work on the stack, up to 256 KiB of it."""

Index = Callable[[int], int | None]
"""Where in memory a number lies, or None if it is zero (to read) or unwanted (to write)."""


@dataclass(frozen=True)
class Fly:
    """A butterfly: the places of what it takes and makes, and the factors afterwards."""

    takes: tuple[int | None, ...]
    makes: tuple[int | None, ...]
    factors: tuple[complex, ...]

    @property
    def shape(self) -> tuple[object, ...]:
        """What butterflies of one loop have in common: all but the first places."""
        return (
            tuple(None if i is None else i - self.first(self.takes) for i in self.takes),
            tuple(None if i is None else i - self.first(self.makes) for i in self.makes),
            set(self.factors) == {1},
        )

    @staticmethod
    def first(places: Sequence[int | None]) -> int:
        """Return the first place, 0 if there is none."""
        return next((i for i in places if i is not None), 0)


def supports(n: int) -> bool:
    """Whether lines of ``n`` complex numbers can be transformed."""
    return 2 <= n <= LONGEST and prod(radices(n)) == n


def radices(n: int) -> tuple[int, ...]:
    """Return factors 7, 5, 3, then 4 and 8 of ``n``; their product is n if it is smooth."""
    odd = []
    for r in (7, 5, 3):
        while n % r == 0:
            odd.append(r)
            n //= r
    twos = (n & -n).bit_length() - 1
    if twos % 3 == 0:
        even = [8] * (twos // 3)
    elif twos % 3 == 2:
        even = [4] + [8] * (twos // 3)
    elif twos < 10:
        even = [2] if twos == 1 else [4, 4] + [8] * (twos // 3 - 1)
    else:  # one pass less is worth the registers that a butterfly of 16 spills
        even = [8] * (twos // 3 - 1) + [16]
    return (*odd, *even)


def passes(n: int, sign: int, read: Index, write: Index) -> Iterator[list[Fly]]:
    """Yield the butterflies of every pass.

    The first pass takes its numbers from where ``read`` says, the last one puts them where
    ``write`` says; in between they lie in the order of the passes.
    """
    factors = radices(n)
    blocks, starts = 1, [0]
    for i, r in enumerate(factors):
        m = n // (blocks * r)
        is_first, is_last = i == 0, i == len(factors) - 1
        flies = []
        for b, start in enumerate(starts):
            for j in range(m):
                places = [b * r * m + q * m + j for q in range(r)]
                makes = [start + k * blocks for k in range(r)]
                flies.append(
                    Fly(
                        tuple(map(read, places)) if is_first else tuple(places),
                        tuple(map(write, makes)) if is_last else tuple(places),
                        tuple(root(j * k, r * m, sign) if j else 1 for k in range(r)),
                    )
                )
        yield flies
        starts = [start + k * blocks for start in starts for k in range(r)]
        blocks *= r


def transform(
    f: Function,
    n: int,
    sign: int,
    source: View,
    target: View,
    work: View,
    *,
    read: Index = int,
    write: Index = int,
) -> None:
    """Write the transforms of the lines of a group from one view into another."""
    every = list(passes(n, sign, read, write))
    for i, flies in enumerate(every):
        taken = source if i == 0 else work
        made = target if i == len(every) - 1 else work
        _write_pass(f, flies, taken, made, sign)


def _write_pass(
    f: Function, flies: Sequence[Fly], source: View, target: View, sign: int
) -> None:
    """Write a loop for all butterflies of one shape, which is a shape after the other."""
    shapes: dict[tuple[object, ...], list[Fly]] = {}
    for fly in flies:
        if any(i is not None for i in fly.makes):
            shapes.setdefault(fly.shape, []).append(fly)
    for same in shapes.values():
        _write_loop(f, same, source, target, sign)


def _write_loop(
    f: Function, flies: Sequence[Fly], source: View, target: View, sign: int
) -> None:
    fly = flies[0]
    r, turns = len(fly.takes), set(fly.factors) != {1}
    first, last = fly.first(fly.takes), fly.first(fly.makes)
    sources = f.table([source.offset(x.first(x.takes)) for x in flies], WORD)
    targets = f.table([target.offset(x.first(x.makes)) for x in flies], WORD)
    if turns:
        parts = [p for x in flies for w in x.factors[1:] for p in (w.real, w.imag)]
        factors = f.table(parts)
    with f.loop(len(flies)) as i:
        taken = source.moved(f.word(sources, i))
        made = target.moved(f.word(targets, i))
        x = [None if p is None else taken.load(p - first) for p in fly.takes]
        for k, (p, y) in enumerate(zip(fly.makes, butterfly(x, sign), strict=True)):
            if p is None:
                continue
            if y is None:
                y = f.zero()
            elif turns and k:
                at = f.builder.add(f.builder.mul(i, WORD(r - 1)), WORD(k - 1))
                y = y * f.turn(factors, at)
            made.store(p - last, y)
