"""Error against time: the settings that none other beats, and what lies between them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Mark:
    """A method in the plane of error and seconds a sample."""

    seconds: float
    error: float
    label: str = ""


@dataclass(frozen=True)
class Reach:
    """A number read off a front: ``bound`` says that it lies beyond an end of it.

    ``"below"``: the true number is at most this; ``"above"``: at least this.
    """

    value: float
    bound: str = ""


@dataclass(frozen=True)
class Front:
    """Marks in order of rising time and falling error."""

    marks: tuple[Mark, ...]

    @classmethod
    def of(cls, marks: Sequence[Mark]) -> Front:
        """Keep those that no other one is both quicker and better than.

        >>> Front.of([Mark(1, 0.1), Mark(2, 0.2), Mark(3, 0.01)]).marks
        (Mark(seconds=1, error=0.1, label=''), Mark(seconds=3, error=0.01, label=''))
        """
        kept: list[Mark] = []
        for mark in sorted(marks, key=lambda m: (m.seconds, m.error)):
            if math.isfinite(mark.error) and (not kept or mark.error < kept[-1].error):
                kept.append(mark)
        return cls(tuple(kept))

    def seconds_at(self, error: float) -> Reach:
        """Return the time that this error takes, log-log between two marks."""
        marks = self.marks
        if not marks or not error < math.inf:
            return Reach(marks[0].seconds if marks else math.inf, "below" if marks else "")
        if error >= marks[0].error:
            return Reach(marks[0].seconds, "" if error == marks[0].error else "below")
        if error < marks[-1].error:
            return Reach(marks[-1].seconds, "above")
        errors = [math.log(_positive(m.error)) for m in reversed(marks)]
        times = [math.log(m.seconds) for m in reversed(marks)]
        return Reach(math.exp(float(np.interp(math.log(_positive(error)), errors, times))))

    def error_at(self, seconds: float) -> Reach:
        """Return the error that this time buys, log-log between two marks."""
        marks = self.marks
        if not marks or seconds < marks[0].seconds:
            return Reach(marks[0].error if marks else math.inf, "above")
        if seconds > marks[-1].seconds:
            return Reach(marks[-1].error, "below")
        times = [math.log(m.seconds) for m in marks]
        errors = [math.log(_positive(m.error)) for m in marks]
        return Reach(math.exp(float(np.interp(math.log(seconds), times, errors))))


def _positive(error: float) -> float:
    return max(error, 1e-300)


def break_even(data_s: float, train_s: float, classical_s: float, infer_s: float) -> float:
    """Return after how many samples training has paid off; infinite is never.

        (t_data + t_train) / (t_classical(at equal error) − t_infer)

    >>> break_even(10, 90, 0.3, 0.1)
    500.0
    >>> break_even(10, 90, 0.1, 0.1)
    inf
    """
    gain = classical_s - infer_s
    return round((data_s + train_s) / gain, 6) if gain > 0 else math.inf


def verdict(front: Front, mark: Mark, data_s: float, train_s: float) -> dict[str, Any]:
    """Compare a learned operator with the front: at equal error, and at equal time."""
    time, error = front.seconds_at(mark.error), front.error_at(mark.seconds)
    known = time.bound != "above"  # beyond the front nobody knows what is better
    lost = math.isinf(mark.error)
    count = math.inf if lost else break_even(data_s, train_s, time.value, mark.seconds)
    # a bound from above: the classical solver needs at most this time
    wins = lost or (known and time.value <= mark.seconds)
    return {
        "classical_s_at_equal_error": time.value,
        "classical_s_is": {"below": "at most", "above": "at least"}.get(time.bound, ""),
        "speed_up": time.value / mark.seconds,
        "classical_error_at_equal_time": error.value,
        "classical_error_is": {"below": "at most", "above": "at least"}.get(
            error.bound, ""
        ),
        "break_even_samples": None if math.isinf(count) else count,
        "classical_is_better": wins,
    }
