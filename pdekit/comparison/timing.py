"""Seconds a sample: one at a time and in the best batch, everything but files included."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pdekit.comparison.trial import Method, Trial

REPEATS, LEAST_SECONDS, MOST_REPEATS = 5, 0.02, 25
"""Runs after a first one that warms up; quick ones are repeated more often."""
BATCHES = (8, 32, 128)
PATIENCE = 4.0
"""Seconds after which a larger batch is not tried any more."""


@dataclass(frozen=True)
class Timing:
    """Seconds a sample, alone and in the best of the batches tried."""

    single: float
    batched: float
    batch: int

    def of(self, batched: bool) -> float:
        """Return the seconds a sample in one of the two ways."""
        return self.batched if batched else self.single


def median_seconds(action: Callable[[], object], repeats: int = REPEATS) -> float:
    """Return the median time of an action, after one run that does not count.

    >>> median_seconds(lambda: None) < 1e-3
    True
    """
    action()
    spent: list[float] = []
    while len(spent) < repeats or (
        sum(spent) < LEAST_SECONDS and len(spent) < MOST_REPEATS
    ):
        began = time.perf_counter()
        action()
        spent.append(time.perf_counter() - began)
    return statistics.median(spent)


def timed(
    method: Method,
    trial: Trial,
    batches: Sequence[int] = BATCHES,
    repeats: int = REPEATS,
) -> Timing:
    """Time a method on samples that lie in memory."""
    alone = trial.first(1)
    single = median_seconds(lambda: method(alone), repeats)
    best, batch = single, 1
    for size in sorted({min(b, len(trial)) for b in batches} - {1}):
        some = trial.first(size)
        each = median_seconds(lambda some=some: method(some), repeats) / size  # type: ignore[misc]
        if each < best:
            best, batch = each, size
        if each * size * repeats > PATIENCE:
            break
    return Timing(single, best, batch)
