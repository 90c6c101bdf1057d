"""The numbers that checks speak of."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from pdekit import metrics, solve
from pdekit.case import load_case
from pdekit.errors import UnknownName
from pdekit.metrics import at_time, drift, holds, measure
from pdekit.solvers.spectral.nlse import NLSE
from tests.running import case_of


def test_drift_is_relative_to_the_first_value_or_to_a_scale() -> None:
    assert drift([2.0, 2.1, 1.9, 2.0], 0.0) == pytest.approx(0.05)
    assert drift([0.0, 1e-9], 10.0) == pytest.approx(1e-10)
    assert drift([0.0, 1e-9], 0.0) == 1e-9  # nothing to divide by
    members = np.array([[1.0, 2.0], [1.0, 2.2]])
    assert drift(members, 0.0) == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("at", "value"),
    [("initial", 4.0), ("final", 1.0), (None, 1.0), ("max", 9.0), ("min", 1.0),
     ("mean", 14 / 3), (0.5, 9.0), (0.52, 9.0)],
)  # fmt: skip
def test_a_time_series_at_a_time(at: Any, value: float) -> None:
    assert at_time([0.0, 0.5, 1.0], np.array([4.0, 9.0, 1.0]), at) == pytest.approx(value)


@pytest.mark.parametrize(
    ("value", "check", "expected"),
    [
        (1.0, {"below": 2}, True),
        (2.0, {"below": 2}, False),
        (3.0, {"above": 2}, True),
        (2.0, {"above": 2}, False),
        (1.0, {"between": [1, 2]}, True),
        (2.1, {"between": [1, 2]}, False),
        (1.05, {"equals": 1, "within": 0.1}, True),
        (1.2, {"equals": 1, "within": 0.1}, False),
        (math.nan, {"below": 2}, False),
        (math.inf, {"above": 2}, False),
        (-math.inf, {"below": 2}, False),
    ],
)
def test_bounds(value: float, check: dict[str, Any], expected: bool) -> None:
    assert holds(value, check) is expected


def test_every_accepted_name_can_be_measured() -> None:
    result = solve(case_of())
    equation, invariants = NLSE(), result.summary["invariants"]
    names = metrics.accepted(equation, invariants, result.diagnostics)
    assert len(names) == len(set(names))
    plain = set(names) - set(equation.metrics) - {"error_estimate"}
    for name in plain:
        assert math.isfinite(measure(name, {}, None, result, equation)), name
    assert math.isnan(measure("error_estimate", {}, None, result, equation))
    with pytest.raises(UnknownName, match="did you mean 'mass_drift'"):
        measure("mas_drift", {}, None, result, equation)


def test_no_metric_of_an_equation_hides_a_general_one() -> None:
    result = solve(case_of())
    general = {*metrics.ERRORS, *metrics.COSTS, *result.diagnostics}
    assert not general & set(NLSE.metrics)


def test_drift_of_mass_by_hand() -> None:
    result = solve(case_of())
    mass = (np.abs(result.fields["psi"]) ** 2).sum(axis=1) * result.grid.spacing[0]
    expected = np.abs(mass - mass[0]).max() / mass[0]
    assert measure("mass_drift", {}, None, result, NLSE()) == pytest.approx(
        expected, abs=1e-15
    )
    assert measure("mass", {}, "initial", result, NLSE()) == pytest.approx(
        mass[0], rel=1e-13
    )


def test_the_loader_and_the_runner_know_the_same_metrics() -> None:
    """What the loader lets pass as a metric of the equation, the runner can measure."""
    shift = {"metric": "peak_shift", "position": 0, "velocity": 1, "below": 1}
    case = load_case(case_of(checks={"shift": shift}))
    spec = case.checks["shift"]
    assert spec.params == {"position": 0, "velocity": 1, "width": 5.0}
    found = measure("peak_shift", spec.params, 0.5, solve(case), NLSE())
    assert abs(found) < 1e-3
