"""Seconds a sample: one at a time and in the best batch, everything but files included."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from pdekit.comparison.trial import Method, Trial

REPEATS, LEAST_SECONDS, MOST_REPEATS = 5, 0.02, 25
"""Runs after a first one that warms up; quick ones are repeated more often."""
BATCHES = (8, 32, 128)
PATIENCE = 4.0
"""Seconds after which a larger batch is not tried any more."""


@dataclass(frozen=True)
class Timing:
    """Seconds a sample, alone and in the best of the batches tried.

    ``share`` is the part of that time in which the processor worked for us: 1 where
    nothing else was running.
    """

    single: float
    batched: float
    batch: int
    share: float = 1.0

    def of(self, batched: bool) -> float:
        """Return the seconds a sample in one of the two ways."""
        return self.batched if batched else self.single


def median_seconds(
    action: Callable[[], object], repeats: int = REPEATS
) -> tuple[float, float]:
    """Return the median time of an action, after one run that does not count.

    And which share of the time was the processor's own.
    """
    action()
    spent: list[float] = []
    worked = time.process_time()
    while len(spent) < repeats or (
        sum(spent) < LEAST_SECONDS and len(spent) < MOST_REPEATS
    ):
        began = time.perf_counter()
        action()
        spent.append(time.perf_counter() - began)
    share = (time.process_time() - worked) / max(sum(spent), 1e-9)
    return statistics.median(spent), min(share, 1.0)


def timed(
    method: Method,
    trial: Trial,
    batches: Sequence[int] = BATCHES,
    repeats: int = REPEATS,
) -> Timing:
    """Time a method on samples that lie in memory."""
    alone = trial.first(1)
    single, share = median_seconds(lambda: method(alone), repeats)
    best, batch, shares = single, 1, [share]
    for size in sorted({min(b, len(trial)) for b in batches} - {1}):
        some = trial.first(size)
        seconds, share = median_seconds(partial(method, some), repeats)
        shares.append(share)
        if seconds / size < best:
            best, batch = seconds / size, size
        if seconds * repeats > PATIENCE:
            break
    return Timing(single, best, batch, min(shares))
