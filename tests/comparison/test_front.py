"""Fronts, and what is read off them."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest

from pdekit.comparison.front import Front, Mark, Reach, break_even, verdict

LAW = Front.of([Mark(t, t**-4.0, f"{t}") for t in (1.0, 2.0, 8.0)])


def test_a_front_holds_what_none_is_quicker_and_better_than() -> None:
    rng = np.random.default_rng(0)
    marks = [Mark(*pair) for pair in rng.uniform(size=(50, 2))]
    front = Front.of([*marks, Mark(0.01, math.inf)]).marks
    for mark in marks:
        beaten = any(m.seconds <= mark.seconds and m.error <= mark.error for m in front)
        assert beaten
    assert all(a.seconds < b.seconds and a.error > b.error for a, b in pairwise(front))


@pytest.mark.parametrize("t", [1.0, 1.3, 2.0, 5.0, 8.0])
def test_between_marks_a_power_law_is_exact(t: float) -> None:
    assert LAW.seconds_at(t**-4).value == pytest.approx(t, rel=1e-12)
    assert LAW.error_at(t).value == pytest.approx(t**-4, rel=1e-12)
    assert LAW.seconds_at(t**-4).bound == "" == LAW.error_at(t).bound


def test_beyond_its_ends_a_front_gives_bounds() -> None:
    assert LAW.seconds_at(5.0) == Reach(1.0, "below")
    assert LAW.seconds_at(1e-9) == Reach(8.0, "above")
    assert LAW.error_at(0.5) == Reach(1.0, "above")
    assert LAW.error_at(20.0) == Reach(8.0**-4, "below")
    assert Front.of([]).error_at(1.0).value == math.inf


def test_training_pays_off_after_its_cost_over_the_gain() -> None:
    count = break_even(100.0, 400.0, classical_s=0.3, infer_s=0.05)
    assert count * 0.3 == pytest.approx(500.0 + count * 0.05)
    assert break_even(1.0, 1.0, 0.1, 0.1) == math.inf == break_even(1.0, 1.0, 0.1, 0.2)


@pytest.mark.parametrize(
    ("mark", "wins"),
    [
        (Mark(1.9, 2.0**-4), False),  # just quicker than 2 at the same error
        (Mark(2.1, 2.0**-4), True),
        (Mark(0.5, 3.0), False),  # coarser than all of the family, and quicker
        (Mark(1.5, 3.0), True),
        (Mark(100.0, 1e-9), False),  # beyond the family: nobody knows
        (Mark(0.1, math.inf), True),
    ],
)
def test_a_verdict_is_where_the_model_lies(mark: Mark, wins: bool) -> None:
    said = verdict(LAW, mark, 1.0, 2.0)
    assert said["classical_is_better"] is wins
    if wins:
        assert said["break_even_samples"] is None
    assert said["speed_up"] == pytest.approx(
        LAW.seconds_at(mark.error).value / mark.seconds
    )
