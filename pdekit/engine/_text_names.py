"""What the text of compiled steps calls its arguments, and how it finds numbers in them."""

from __future__ import annotations

from dataclasses import dataclass

SIZES = ("N0", "N1", "N2", "low0", "gap0", "low1", "gap1", "M", "S", "W", "B", "H")
"""Points along each axis; kept modes before, and modes left out, along axes 0 and 1; kept
modes along axis 2; axis-0 points per slab; columns per bundle and bundles per row; length
of a row of modes."""


@dataclass(frozen=True)
class Lanes:
    """Which passes transform a line per lane of a register; FFTW has the others.

    ``width`` is the number of lanes.  Points of slabs lie as ``[group][point][lane]`` then.
    With ``members``, the lines are those of as many members in one dimension, which the
    loops see as axis 0.  With ``line``, a slab is the one line of a member, which has a
    piece of its own in each of the lanes.
    """

    width: int = 0
    columns: bool = False
    slabs: bool = False
    members: bool = False
    line: bool = False

    @property
    def lines(self) -> int:
        """Number of lines in a group, which are transformed at once."""
        return 1 if self.line else self.width

    @property
    def together(self) -> int:
        """Number of members that are advanced at once."""
        return self.width if self.members else 1

    def used(self, ndim: int) -> tuple[str, ...]:
        """Name who executes transforms in so many dimensions."""
        passes = (self.columns, self.slabs) if ndim > 1 else (self.slabs,)
        lanes = ("lanes",) if any(passes) else ()
        return lanes if all(passes) else (*lanes, "pyfftw")


class Rows:
    """Rows along the last axis that an innermost loop runs over, by their expressions.

    Those of one dimension are taken before the loop, which begins at 0 then: no index might
    be negative, and count from the end, so that the loop works on whole registers.  Of more
    dimensions they are many and short: to take each of them, and to see that none overlaps
    another, costs what the registers save.
    """

    def __init__(self, ndim: int) -> None:
        self._are_long = ndim == 1
        self._names: dict[str, str] = {}

    def at(self, array: str, *places: object, first: str = "0") -> str:
        """Return the expression of a number of a row, whose mode ``first`` is its first."""
        row = f"{array}[{', '.join(map(str, places))}, "
        if not self._are_long:
            return f"{row}{'j' if first == '0' else f'j - {first}'}]"
        row += ": right - left]" if first == "left" else "left:right]"
        return f"{self._names.setdefault(row, f'row{len(self._names)}')}[j]"

    @property
    def loop(self) -> list[str]:
        """Return what takes the rows, and the head of the loop."""
        taken = [f"{name} = {row}" for row, name in self._names.items()]
        span = "right - left" if self._are_long else "left, right"
        return [*taken, f"for j in range({span}):"]


@dataclass(frozen=True)
class Kind:
    """How an argument of the loops is indexed: the axes along which it varies.

    ``channels`` is 0 for an array over the modes, 1 for one that all variables share and
    2 for one with a row per variable; a number varies along no axis.
    """

    varies: tuple[bool, bool, bool] = (False, False, False)
    channels: int = 0
    number: bool = False

    @property
    def loop(self) -> int:
        """Where the value is looked up: 0 once, 1 in the loop over r0, 2 in that over j."""
        return 2 if self.varies[2] else 1 if self.varies[0] else 0

    def index(self, name: str, channel: int, rows: Rows) -> str:
        """Return the expression of the value at a mode."""
        if self.number:
            return name
        places = ["r0" if self.varies[0] else "0", "r1" if self.varies[1] else "0"]
        if self.channels:
            places.insert(0, str(channel) if self.channels == 2 else "0")
        if self.varies[2]:
            return rows.at(name, *places)
        return f"{name}[{', '.join(places)}, 0]"


@dataclass(frozen=True)
class Names:
    """Everything the generated functions take, by the name they have there."""

    arrays: tuple[str, ...]
    """State arrays; those of ``kept`` have one per member, the others one per thread."""
    kept: tuple[str, ...]
    symbols: dict[str, Kind]
    weights: dict[str, Kind]
    constants: tuple[str, ...]
    coefficients: dict[str, bool]
    """Whether each is a field (else a number)."""
    mask: bool
    source: bool

    @property
    def spectral(self) -> list[str]:
        """Arguments of the loops over the modes, beside buffers and state."""
        own = [f"s_{name}" for name in self.symbols]
        own += [f"c_{name}" for name in self.constants]
        own += [f"m_{name}" for name in self.weights]
        own += ["mask"] if self.mask else []
        return [*own, *(["source"] if self.source else [])]

    @property
    def physical(self) -> list[str]:
        """Arguments of the products, beside the buffers."""
        own = [f"f_{name}" for name in self.coefficients]
        return [*own, *(f"c_{name}" for name in self.constants)]

    @property
    def state(self) -> list[str]:
        """Names of the state arrays."""
        return [f"a_{name}" for name in self.arrays]
