"""Heat in time: orders of the integrators, exact decay, interruption."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pdekit.case import load_case
from pdekit.errors import CaseError
from pdekit.run import solve
from pdekit.steady.folder import run_into
from pdekit.steady.marching import GAMMA
from tests.test_steady import Stops

DECAY: dict[str, Any] = {
    "equation": {"name": "heat", "diffusivity": 0.5},
    "domain": {"x": {"interval": [0, 1], "points": 31}},
    "initial": "sin(pi*x)",
    "time": {"end": 0.5, "save": 6},
    "solver": {"integrator": "sdirk2", "steps": 20},
    "reference": "exp(-0.5*pi**2*t)*sin(pi*x)",
    "outputs": {"figures": "none"},
}


def amplification(integrator: str, z: float) -> float:
    """Return R(z), the factor of  u′ = λu  over a step, z = λh."""
    if integrator == "backward_euler":
        return 1 / (1 - z)
    if integrator == "crank_nicolson":
        return (1 + z / 2) / (1 - z / 2)
    # both methods of two implicit stages have the same one
    return (1 + (1 - 2 * GAMMA) * z) / (1 - GAMMA * z) ** 2


@pytest.mark.parametrize(
    "integrator", ["backward_euler", "crank_nicolson", "sdirk2", "tr_bdf2"]
)
@pytest.mark.parametrize("solver", ["auto", "krylov"])
def test_a_mode_is_multiplied_by_the_stability_function(
    integrator: str, solver: str
) -> None:
    given = {**DECAY, "solver": {"name": solver, "integrator": integrator, "steps": 20}}
    result = solve({**given, "checks": {}})
    h, dx = 0.5 / 20, 1 / 32
    eigenvalue = -0.5 * 4 / dx**2 * np.sin(np.pi * dx / 2) ** 2
    factor = amplification(integrator, h * eigenvalue)
    u = result.fields["u"]
    for frame in range(6):
        np.testing.assert_allclose(u[frame], factor ** (4 * frame) * u[0], atol=1e-9)
    assert result.summary["cost"]["steps"] == 20
    assert result.diagnostics["iterations"].shape == (6,)


@pytest.mark.parametrize(
    ("integrator", "order"),
    [("backward_euler", 1), ("crank_nicolson", 2), ("tr_bdf2", 2), ("sdirk2", 1.8)],
)
def test_order_in_time(integrator: str, order: int) -> None:
    """Against a manufactured solution that second differences hold exactly.

    Walls that change in time cost sdirk2, whose stages are of order one, some of its order.
    """
    errors = []
    for steps in (10, 20, 40):
        result = solve(
            {
                "equation": {"name": "heat", "diffusivity": "1"},
                "domain": {
                    "x": {"interval": [0, 1], "points": 16, "boundary": "dirichlet_neumann"}
                },
                "manufactured": "(1 + x + x**2)*cos(3*t)",
                "time": {"end": 1, "save": 2},
                "solver": {"integrator": integrator, "steps": steps},
                "outputs": {"figures": "none"},
            }
        )
        errors.append(result.errors["relative_l2"])
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    assert orders[-1] == pytest.approx(order, abs=0.15)


def test_errors_are_estimated_in_space_and_time() -> None:
    result = solve({key: value for key, value in DECAY.items() if key != "reference"})
    errors, exact = result.errors, 0.5 * np.pi**2 * 0.5
    in_space = exact * (np.pi / 32) ** 2 / 12  # of the eigenvalue, times the time
    factor = amplification("sdirk2", -0.5 * np.pi**2 * 0.5 / 20) ** 20
    assert errors["space_error_estimate"] == pytest.approx(in_space, rel=0.1)
    in_time = abs(factor * np.exp(exact) - 1)
    assert errors["time_error_estimate"] == pytest.approx(in_time, rel=0.2)
    assert errors["error_estimate"] >= solve(DECAY).errors["relative_l2"]
    assert "doubled step" in errors["estimator"]


def test_a_march_that_is_stopped_goes_on_to_the_same_end(tmp_path: Path) -> None:
    case = load_case({**DECAY, "solver": {"integrator": "sdirk2", "steps": 30}})
    stopped, folder, _ = run_into(case, tmp_path / "out", observer=Stops(21))
    assert stopped.status == "interrupted"
    assert 1 < len(stopped.times) < 6
    resumed, _, _ = run_into(case, folder, resume=True)
    assert resumed.status == "ok"
    np.testing.assert_array_equal(resumed.fields["u"], solve(case).fields["u"])
    assert resumed.summary["cost"]["steps"] == 30


def test_walls_may_move_and_sources_change() -> None:
    given = {
        "equation": {"name": "heat", "diffusivity": "1 + x*y"},
        "domain": {
            "x": {"interval": [0, 1], "points": 33, "boundary": "neumann"},
            "y": {"interval": [0, 1], "points": 31},
        },
        "manufactured": "exp(-t)*sin(2*x + y) + cos(2*t)*x*y",
        "time": {"end": 1, "save": 3},
        "solver": {"integrator": "crank_nicolson", "steps": 16},
        "checks": {"observed_order": {"between": [1.8, 2.2]}},
        "outputs": {"figures": "none"},
    }
    result = solve(given)
    assert result.status == "ok", result.summary["checks"]


def test_a_stored_result_is_a_start(tmp_path: Path) -> None:
    case = load_case(DECAY)
    first, _, _ = run_into(case, tmp_path / "first")
    file = tmp_path / "second.yaml"
    start = {"file": "first/result.h5", "time": -1}
    file.write_text(json.dumps({**DECAY, "initial": start, "reference": None}))
    second = solve(file)
    np.testing.assert_array_equal(second.fields["u"][0], first.fields["u"][-1])
    with pytest.raises(CaseError, match=r"there are 6 frames, numbered from 0 \(got 9\)"):
        solve(file, {"initial.time": 9})
    with pytest.raises(CaseError, match=r"initial\.file: is on another box"):
        solve(file, {"domain.x.interval": [0, 2]})


def test_a_random_start_is_drawn_as_everywhere() -> None:
    law = {"alpha": 2, "tau": 3, "seed": 5}
    once, twice = (
        solve(
            {
                **DECAY,
                "initial": {"random_field": {**law, "amplitude": size}},
                "reference": None,
            }
        ).fields["u"][0]
        for size in (1.0, 2.0)
    )
    np.testing.assert_allclose(twice, 2 * once)
    assert np.any(once)


def test_a_start_without_values_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "case.yaml"
    file.write_text(json.dumps({**DECAY, "initial": "1/(x - 0.5)"}))
    with pytest.raises(
        CaseError, match=r"case\.yaml:1:\d+: initial: the formula .* finite"
    ):
        run_into(load_case(file), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_system_that_is_not_solved_ends_the_march() -> None:
    given = {**DECAY, "equation": {"name": "heat", "diffusivity": "1 + x"}}
    del given["reference"]
    bad = {"name": "krylov", "preconditioner": "none", "maxiter": 1, "steps": 20}
    result = solve({**given, "solver": bad}, raise_on_failure=False)
    assert result.status == "not_converged"
    assert len(result.times) == 1
    assert "in the step from t = 0" in result.summary["message"]
