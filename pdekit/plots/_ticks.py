"""Ticks of coordinates: in parts of π where a box is measured in π."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pdekit.grid import Axis

ROOM = 0.45  # inches a tick label takes
LADDER = sorted(
    {Fraction(1, 4), Fraction(1, 2)}
    | {Fraction(2) ** i for i in range(12)}
    | {Fraction(step * 10**i) for i in range(4) for step in (1, 2, 5)}
)
"""Distances between ticks, in π."""


def coordinate_ticks(drawn: Any, axis: Axis, inches: float) -> None:
    """Set the ticks of a matplotlib axis (``ax.xaxis``) that shows a coordinate."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator

    intervals = max(1, min(4, int(inches / ROOM)))
    ticks = pi_ticks(axis.lower, axis.upper, intervals)
    if ticks is None:
        drawn.set_major_locator(MaxNLocator(intervals, steps=[1, 2, 2.5, 5, 10]))
        return
    drawn.set_major_locator(FixedLocator([float(tick) * math.pi for tick in ticks]))
    drawn.set_major_formatter(FuncFormatter(lambda value, _: in_pi(value / math.pi)))


def pi_ticks(lower: float, upper: float, intervals: int) -> list[Fraction] | None:
    """Return ticks in π for an interval whose ends are halves of π, else None."""
    ends = [2 * end / math.pi for end in (lower, upper)]
    if any(abs(end - round(end)) > 1e-9 * max(1.0, abs(end)) for end in ends):
        return None
    first, last = (Fraction(round(end), 2) for end in ends)
    wide = [step for step in LADDER if step * intervals >= last - first]
    step = next((step for step in wide if (last - first) % step == 0), None)
    step = step or (wide[0] if wide else None)
    if step is None:
        return None
    return [step * n for n in range(math.ceil(first / step), math.floor(last / step) + 1)]


def in_pi(value: float) -> str:
    """Write a multiple of π, such as ``−3π/2``."""
    number = Fraction(value).limit_denominator(4)
    if number == 0:
        return "0"
    over = f"/{number.denominator}" if number.denominator > 1 else ""
    count = "" if abs(number.numerator) == 1 else str(abs(number.numerator))
    return f"{'−' if number < 0 else ''}{count}π{over}"


def place(axis: Axis, index: int) -> str:
    """Write the coordinate of a point as its axis's ticks are written."""
    point = float(axis.points()[index])
    if pi_ticks(axis.lower, axis.upper, 4) and abs(4 * point / math.pi % 1) < 1e-9:
        return in_pi(point / math.pi)
    return f"{point:.3g}"
