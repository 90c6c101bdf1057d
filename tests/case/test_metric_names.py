"""Names of metrics are reported beside every other mistake, not after it."""

from __future__ import annotations

from typing import Any

import pytest

from pdekit.case import load_case
from pdekit.errors import CaseError

CASE: dict[str, Any] = {
    "equation": {"name": "burgers", "viscosity": 0.1},
    "domain": {"x": {"interval": [0, 1], "points": 32}},
    "initial": "sin(2*pi*x)",
    "time": {"end": 1, "save": 3},
    "solver": {"integrator": "etdrk5", "step": 0.1},
    "checks": {
        "relative_l3": {"below": 1},
        "label": {"metric": "energyy", "below": 1},
        "energy": {"below": 1},
        "mean_drift": {"below": 1},
        "spectral_tail": {"below": 1},
        "front_speed": {"below": 1},
        "steps": {"below": 1},
    },
    "outputs": {"figures": ["profil", "spektrum"]},
}


def problems(**changes: Any) -> dict[str, str]:
    with pytest.raises(CaseError) as caught:
        load_case({**CASE, **changes})
    return {p.path: p.message for p in caught.value.problems}


def test_every_unknown_name_is_reported_in_one_go() -> None:
    found = problems()
    assert "etdrk4" in found.pop("solver.integrator")
    assert "relative_l2" in found.pop("checks.relative_l3")
    assert "'energy'" in found.pop("checks.label.metric")
    assert "profile" in found.pop("outputs.figures[0]")
    assert "spectrum" in found.pop("outputs.figures[1]")
    assert not {key for key in found if key.startswith("checks")} - {"checks.front_speed"}


def test_without_an_equation_nothing_is_said_of_metrics() -> None:
    found = problems(equation="burgerss")
    assert "equation.name" in found
    assert not [key for key in found if key.startswith("checks")]


def test_an_equation_written_out_has_the_general_metrics() -> None:
    own = {"fields": ["u"], "linear": {"u": "dxx(u)"}}
    found = problems(
        equation=own, checks={"relative_l3": {"below": 1}, "linf": {"below": 1}}
    )
    assert [key for key in found if key.startswith("checks")] == ["checks.relative_l3"]
