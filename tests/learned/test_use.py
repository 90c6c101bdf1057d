"""A model as a solver: whatever it is worth, what finishes it ends at the tolerance."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pdekit import solve, threads
from pdekit.case import load_case
from pdekit.errors import BlowUp
from pdekit.files.writer import read_result
from pdekit.observer import Silent
from pdekit.prediction import parareal
from pdekit.result import Result
from pdekit.run import Run
from pdekit.solvers.learned.operator import LearnedOperator, Signature
from pdekit.store import run_into
from tests.learned.operators import (
    RING,
    darcy,
    heat,
    multipliers,
    random_heat,
    rolled,
    scaled,
    steady,
    written,
)


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """Waiting for each other takes longer than what there is to compute."""
    with threads.limit(1):
        yield


FINISH = {"integrator": "etdrk4", "step": 0.05, "tolerance": 1e-9}
CLASSICAL = {"name": "spectral", "integrator": "etdrk4", "step": 0.05}

MODELS: dict[str, Callable[[], LearnedOperator]] = {
    "exact": heat,
    "of several frames": lambda: heat(history=3, frames=2),
    "a little wrong": lambda: scaled(heat(), 1.001),
    "untrained": random_heat,
    "sign flipped": lambda: scaled(heat(), -1.0),
    "a million times too large": lambda: scaled(heat(), 1e6),
    "overflowing": lambda: scaled(heat(), 1e300),
}


def classical(case: dict[str, Any], solver: Any) -> Result:
    return solve({**case, "solver": solver})


def gap(one: Result, other: Result) -> float:
    """Return the largest relative L² distance of two results over their frames."""
    u, v = (r.fields["u"].reshape(len(r.times), -1) for r in (one, other))
    return float(np.max(np.linalg.norm(u - v, axis=1) / np.linalg.norm(v, axis=1)))


# -- in time, corrected ----------------------------------------------------------------


@pytest.mark.parametrize("kind", MODELS)
def test_corrected_models_end_at_the_tolerance(kind: str, tmp_path: Path) -> None:
    case = rolled(written(MODELS[kind](), tmp_path), solver={"finish": FINISH})
    result = solve(case)
    assert result.status == "ok"
    assert gap(result, classical(case, CLASSICAL)) < FINISH["tolerance"]
    found = result.summary["prediction"]
    if kind in ("exact", "of several frames"):
        assert found["corrections"] == 0
        assert not found["left_to_finish"]
    if kind == "a little wrong":
        assert found["corrections"] >= 2
        assert not found["left_to_finish"]
    if kind in ("sign flipped", "untrained"):
        assert found["left_to_finish"]
        assert any("solved the rest without it" in w for w in result.summary["warnings"])
    if kind in ("a million times too large", "overflowing"):
        assert found["replaced"] == found["solved_steps"] == 8
        assert any("not finite or far too large" in w for w in result.summary["warnings"])


def test_corrections_converge_as_they_must(tmp_path: Path) -> None:
    """For G = (1 + ε) F the jump before slab n is  C(n, k) ε^(k+1)  after k corrections.

    It is relative to what F makes of a state of slab n, off by O(n ε).
    """
    eps = 1e-2
    case = rolled(
        written(scaled(heat(), 1 + eps), tmp_path),
        solver={"finish": {**FINISH, "tolerance": 1e-14, "max_iterations": 3}},
    )
    jumps = solve(case).summary["prediction"]["jumps"]
    expected = [sum(math.comb(n, k) for n in range(8)) * eps ** (k + 1) for k in range(4)]
    assert jumps == pytest.approx(expected, rel=0.15)


def test_as_many_corrections_as_slabs_are_the_classical_solution(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parareal, "GAIN", np.inf)
    solver = {"finish": {**FINISH, "tolerance": 1e-300, "max_iterations": 99}}
    case = rolled(written(scaled(heat(), -1.0), tmp_path), solver=solver)
    result = solve(case)
    found = result.summary["prediction"]
    assert (found["corrections"], found["jumps"][-1]) == (8, 0.0)
    assert not found["left_to_finish"]
    other = classical(case, CLASSICAL)
    assert np.allclose(result.fields["u"], other.fields["u"], rtol=0, atol=1e-15)


def test_correction_of_an_equation_that_changes_in_time(tmp_path: Path) -> None:
    """The classical solver begins every slab at the right time."""
    forced = {"name": "diffusion", "diffusivity": 0.1, "source": "cos(3*t)*sin(x)"}
    operator = heat()
    operator.facts = {}
    case = rolled(written(operator, tmp_path), equation=forced, solver={"finish": FINISH})
    assert gap(solve(case), classical(case, CLASSICAL)) < FINISH["tolerance"]


@pytest.mark.parametrize(
    "finish",
    [
        {"integrator": "dop853_ip", "rtol": 1e-11},
        {"integrator": "ark4", "rtol": 1e-10},
        {"integrator": "sbdf4", "step": 0.001},
    ],
    ids=lambda each: each["integrator"],
)
def test_any_integrator_corrects(finish: dict[str, Any], tmp_path: Path) -> None:
    burgers = {"name": "burgers", "viscosity": 0.1}
    operator = heat()
    operator.facts = {}
    case = rolled(
        written(operator, tmp_path),
        equation=burgers,
        time={"end": 1, "save": 3},
        solver={"finish": {**finish, "tolerance": 1e-8}},
    )
    fine = classical(case, {"integrator": "dop853_ip", "rtol": 1e-12})
    assert gap(solve(case), fine) < 3e-8


def test_members_are_corrected_each(tmp_path: Path) -> None:
    case = rolled(
        written(scaled(heat(), 1.001), tmp_path),
        initial={"random_field": {"alpha": 3, "tau": 2, "amplitude": 1}},
        run={"members": 3},
        solver={"finish": {"integrator": "ark4", "rtol": 1e-10}},
    )
    fine = classical(case, CLASSICAL)
    assert np.allclose(solve(case).fields["u"], fine.fields["u"], atol=1e-7)


# -- in time, alone --------------------------------------------------------------------


def test_an_exact_model_rolls_out_to_the_exact_solution(tmp_path: Path) -> None:
    case = rolled(written(heat(history=2, frames=3), tmp_path))
    result = solve(case)
    assert gap(result, classical(case, CLASSICAL)) < 1e-7  # ark4 makes the first frame
    assert result.summary["errors"]["error_estimate"] < 1e-7
    assert "defects of 3 of 3" in result.summary["errors"]["estimator"]
    assert result.summary["prediction"]["test_errors"] == {"test_relative_l2": 1e-12}
    assert not result.summary["warnings"]


def test_the_estimate_tells_the_error(tmp_path: Path) -> None:
    case = rolled(written(scaled(heat(), 1.01), tmp_path))
    result = solve(case)
    error = gap(result, classical(case, CLASSICAL))
    assert error == pytest.approx(1.01**8 - 1, rel=1e-6)
    assert result.summary["errors"]["error_estimate"] == pytest.approx(error, rel=0.1)
    (mean,) = result.summary["invariants"].values()  # over max |u|, which is larger
    largest, mass = np.abs(result.fields["u"][0]).max(), np.mean(result.fields["u"][0])
    assert mean["drift"] * largest == pytest.approx((1.01**8 - 1) * mass, rel=1e-6)


def test_a_complex_field_is_two_parts(tmp_path: Path) -> None:
    """The free Schrödinger equation:  û ↦ exp(−i k² Δ/2) û."""

    def turn(k: torch.Tensor) -> torch.Tensor:
        angle = -0.5 * k**2 * 0.25
        c, s = angle.cos(), angle.sin()
        return torch.stack([torch.stack([c, -s]), torch.stack([s, c])])

    signature = Signature(("psi_real", "psi_imag"), (), 1, 1, 0.25)
    case = rolled(
        written(multipliers(signature, RING, 10, turn), tmp_path),
        equation={"name": "nlse", "focusing": 0},
        initial="exp(cos(x) + 1j*sin(x))",
    )
    other = classical(case, {"integrator": "strang", "steps": 10})
    result = solve(case)  # which keeps ten modes: exp(exp(ix)) has 1/11! beyond
    assert np.abs(result.fields["psi"] - other.fields["psi"]).max() < 2 * 1.1 / 39916800


@pytest.mark.parametrize("factor", [1e6, 1e300])
def test_an_unstable_roll_out_is_stopped(factor: float, tmp_path: Path) -> None:
    case = rolled(written(scaled(heat(), factor), tmp_path))
    with pytest.raises(BlowUp, match=r"solver\.finish corrects it"):
        solve(case)
    result = solve(case, raise_on_failure=False)
    assert (result.status, len(result.times)) == ("diverged", 1)
    assert "at t = 0.25" in result.summary["message"]


def test_growth_is_watched(tmp_path: Path) -> None:
    """r.m.s. 0.98 · 1.5ʲ of a decaying wave passes the bound where it is counted to."""
    case = rolled(written(scaled(heat(), 1.5), tmp_path), solver={"growth": 2})
    result = solve(case, raise_on_failure=False)
    whole = solve({**case, "solver": {**case["solver"], "growth": 1000}})
    rms = np.sqrt(np.mean(whole.fields["u"] ** 2, axis=1))
    largest = max(1.0, rms[0])
    assert len(result.times) == int(np.argmax(rms > 2 * largest))
    assert "beyond 2 times the largest seen" in result.summary["message"]


# -- interrupted -----------------------------------------------------------------------


class Stops(Silent):
    """Asks to stop after so many looks."""

    def __init__(self, looks: int) -> None:
        self.looks = looks

    def stop_requested(self) -> bool:
        self.looks -= 1
        return self.looks < 0


@pytest.mark.parametrize("solver", [{}, {"finish": {**FINISH, "tolerance": 1e-12}}])
def test_resumed_runs_are_uninterrupted_ones(
    solver: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def patient(evolution: Any, until: float, look: Callable[[], None]) -> None:
        while not evolution.advance(until, 1):
            look()

    monkeypatch.setattr("pdekit.evolution.Evolution.arrive", patient)
    weights = written(scaled(heat(frames=3), 1.01), tmp_path)
    case = load_case(rolled(weights, time={"end": 4, "save": 5}, solver=solver))
    whole, _, _ = run_into(case, tmp_path / "whole")
    for looks in (2, 5):
        out = tmp_path / f"after_{looks}"
        stopped, _, _ = run_into(case, out, observer=Stops(looks))
        assert stopped.status == "interrupted"
        run_into(case, out, resume=True)
        again = read_result(out / "result.h5")
        assert np.array_equal(again.fields["u"], whole.fields["u"])
        errors = json.loads((out / "summary.json").read_text())["errors"]
        assert errors == whole.summary["errors"]


def test_what_is_left_runs_again(tmp_path: Path) -> None:
    """The weights are kept beside the results."""
    case = load_case(rolled(written(heat(), tmp_path)))
    result, out, _ = run_into(case, tmp_path / "out")
    (tmp_path / "model.safetensors").unlink()
    again = solve(out / "case.yaml")
    assert np.array_equal(again.fields["u"], result.fields["u"])


# -- beyond training -------------------------------------------------------------------


def test_extrapolation_is_warned_of(tmp_path: Path) -> None:
    case = rolled(
        written(heat(), tmp_path),
        equation={"name": "diffusion", "diffusivity": 0.2},
        domain={"x": {"interval": ["-pi", "pi"], "points": 48}},
        initial="3*exp(sin(x))",
        time={"end": 3, "save": 4},
    )
    found = "\n".join(Run(load_case(case), Silent()).warnings)
    assert "trained on 32 points and is used on 48" in found
    assert "equation.diffusivity is 0.2, and the model was trained with 0.1" in found
    assert "the r.m.s. of the input u: 4.529, in training 0.1 … 1" in found
    assert "the values of the input u: 1.104 … 8.155, in training -2 … 2" in found
    assert "trained on [0, 6.28319] along x and is used on [-3.14159, 3.14159]" in found
    assert "rolls out over 3, and was trained on frames up to 2" in found


# -- at rest ---------------------------------------------------------------------------

STEADY: dict[str, Callable[[], LearnedOperator]] = {
    "untrained": darcy,
    "trained": lambda: darcy(20),
    "sabotaged": lambda: spoiled(1e6),
    "sign flipped": lambda: spoiled(-1.0),
}


def spoiled(factor: float) -> LearnedOperator:
    operator = darcy(20)
    for parameter in operator.model.parameters():
        parameter.data *= factor
    return operator


@pytest.mark.parametrize("kind", STEADY)
@pytest.mark.parametrize("finish", ["krylov", "multigrid", "direct"])
def test_finished_predictions_end_at_the_tolerance(
    finish: str, kind: str, tmp_path: Path
) -> None:
    solver = {"finish": {"name": finish, "rtol": 1e-9}}
    case = steady(written(STEADY[kind](), tmp_path), solver)
    if finish == "direct":
        case["equation"] = {"name": "poisson", "coefficient": "2"}
    result = solve(case)
    assert result.status == "ok"
    assert result.summary["convergence"]["relative_residual"] <= 1e-9
    other = classical(case, {"name": finish, "rtol": 1e-12})
    assert gap(result, other) < 1e-8
    assert result.summary["prediction"]["used"] in (False, kind == "trained")


def source_model() -> LearnedOperator:
    """Return  f̂ ↦ f̂ / (k² + 1),  the solution of  −∇²u + u = f  on a ring."""
    signature = Signature(("u",), ("source",), history=0)
    return multipliers(signature, RING, 10, lambda k: (1 / (k**2 + 1))[None, None])


def on_the_ring(weights: Path, solver: dict[str, Any]) -> dict[str, Any]:
    return steady(
        weights,
        solver,
        equation={"name": "poisson", "reaction": "1"},
        source="exp(sin(x))",
        domain={"x": {"interval": [0, "2*pi"], "points": 32, "boundary": "periodic"}},
    )


def between_symbols() -> float:
    """Return the residual of  f̂/(k² + 1)  where −∇² is  4 sin²(k h/2) / h²."""
    (x,) = RING.points()
    f_hat, h = np.fft.fft(np.exp(np.sin(x))), RING.spacing[0]
    k = np.fft.fftfreq(32, 1 / 32)
    kept = np.abs(k) <= 10
    rest = f_hat - kept * f_hat * (4 * np.sin(k * h / 2) ** 2 / h**2 + 1) / (k**2 + 1)
    return float(np.linalg.norm(rest) / np.linalg.norm(f_hat))


def test_a_good_guess_saves_iterations(tmp_path: Path) -> None:
    finish = {"name": "krylov", "preconditioner": "none", "rtol": 1e-6}
    weights = written(source_model(), tmp_path)
    result = solve(on_the_ring(weights, {"finish": finish, "compare": True}))
    found = result.summary["prediction"]
    assert found["used"]
    assert found["relative_residual"] == pytest.approx(between_symbols(), rel=1e-3)
    assert found["iterations"] < found["without"]["iterations"]
    assert result.summary["convergence"]["relative_residual"] <= 1e-6


def test_a_prediction_says_how_good_it_is(tmp_path: Path) -> None:
    case = on_the_ring(written(source_model(), tmp_path), {})
    result = solve(case)
    exact = classical(case, "direct")
    error = gap(result, exact)
    assert result.summary["errors"]["error_estimate"] == pytest.approx(error, rel=0.3)
    assert error <= result.summary["errors"]["algebraic_error_bound"]
    assert result.summary["convergence"]["iterations"] == 0


def test_a_prediction_that_is_not_finite_is_no_result(tmp_path: Path) -> None:
    case = steady(written(spoiled(1e30), tmp_path), {})
    result = solve(case, raise_on_failure=False)
    assert result.status == "diverged"
    assert not result.fields


def test_data_that_a_model_does_not_see_are_warned_of(tmp_path: Path) -> None:
    case = steady(
        written(darcy(), tmp_path),
        {"finish": "krylov"},
        equation={"name": "poisson", "coefficient": "4 + x"},
        source="2",
        boundary={"x": {"lower": "y"}},
    )
    warnings = "\n".join(solve(case).summary["warnings"])
    assert "equation.source is 2, and the model was trained with 1" in warnings
    assert (
        "the values of the input coefficient: 4.062 … 4.938, in training 0.5 … 3"
        in warnings
    )
    assert "the data on the walls (up to 0.938) are no input of the model" in warnings
