"""Step sizes in notches, so that what belongs to a size is computed once and kept."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Generic, TypeVar

KEPT = 6
"""Step sizes of which everything is kept."""

T = TypeVar("T")


def notched(h: float, span: float, notches: int) -> float:
    """Round ``h`` down to  span · 2^(−m/notches)."""
    notch = math.ceil(-notches * math.log2(h / span) - 1e-9)
    return float(span * 2.0 ** (-notch / notches))


class BySize(Generic[T]):
    """What ``make`` gives for a step size, kept for the last few sizes."""

    def __init__(self, make: Callable[[float], T]) -> None:
        self._make = make
        self._kept: dict[float, T] = {}

    def __call__(self, h: float) -> T:
        """Return what belongs to the step size ``h``."""
        if h not in self._kept:
            if len(self._kept) >= KEPT:
                self._kept.pop(next(iter(self._kept)))
            self._kept[h] = self._make(h)
        return self._kept[h]
