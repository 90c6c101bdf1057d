"""Parameters of equations and functions are checked by their types."""

from __future__ import annotations

from typing import Any

import pytest

from pdekit.case import load_case
from pdekit.case.params import Parameters
from pdekit.errors import CaseError
from tests.toy_equation import ToyParams, noise, soliton, train


def test_what_a_function_takes() -> None:
    assert Parameters.of_function(soliton).names == {"amplitude", "velocity"}
    assert Parameters.of_function(soliton).positional == 2
    assert Parameters.of_function(noise).positional == 1
    assert Parameters.of_model(ToyParams).formulas == {"potential", "source"}


def test_defaults_lists_and_constants() -> None:
    values, problems = Parameters.of_function(soliton).check(
        {"velocity": "2*v"}, {"v": 0.5}
    )
    assert (values, problems) == ({"amplitude": 1.0, "velocity": 1.0}, [])
    given = {"amplitudes": [1, "3/2"], "centres": []}
    values, problems = Parameters.of_function(train).check(given, {})
    assert (values, problems) == ({"amplitudes": [1.0, 1.5], "centres": []}, [])


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            {"dispersion": "wide"},
            [(("dispersion",), "must be a number (got 'wide')", False)],
        ),
        ({"dispersion": True}, [(("dispersion",), "must be a number (got true)", False)]),
        ({"order": 1.5}, [(("order",), "must be a whole number (got 1.5)", False)]),
        ({"order": 0}, [(("order",), "must be at least 1 (got 0)", False)]),
        ({"potential": [1]}, [(("potential",), "must be text (got [1])", False)]),
    ],
)
def test_wrong_values(given: dict[str, Any], expected: list[Any]) -> None:
    assert Parameters.of_model(ToyParams).check(given, {})[1] == expected


def test_required_and_unknown_parameters() -> None:
    _, problems = Parameters.of_function(train).check({"amplitude": 1}, {})
    found = {path[0]: (words, about_key) for path, words, about_key in problems}
    assert found["centres"] == ("is required", True)
    assert "did you mean 'amplitudes'?" in found["amplitude"][0]


def test_the_number_of_axes_and_of_formulas_must_fit() -> None:
    axis = {"interval": [0, 1], "points": 8}
    case = {"domain": {"x": axis, "y": axis}, "time": {"end": 1}}
    with pytest.raises(CaseError, match="'bright_soliton' needs 1 axes"):
        load_case(case | {"equation": "nlse", "initial": {"exact": "bright_soliton"}})
    with pytest.raises(CaseError, match="manakov needs 1 axes") as caught:
        load_case(case | {"equation": "manakov", "initial": "sech(x)"})
    assert "must give one formula for each of the fields u, v" in str(caught.value)
    one = case | {"domain": {"x": axis}, "equation": "manakov", "initial": {"u": "x"}}
    with pytest.raises(CaseError, match="must give a formula for v too"):
        load_case(one)
