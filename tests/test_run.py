"""The runner in memory: memory, blow-ups, ensembles, random states, checks, summaries."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import pdekit
from pdekit import memory, solve, threads
from pdekit.case import load_case
from pdekit.errors import BlowUp, CaseError, Interrupted, NotConverged
from pdekit.files import hdf5
from pdekit.run import Run, Silent
from tests.running import case_of

UNSTABLE = {
    "initial": {"exact": "bright_soliton", "amplitude": 12},
    "solver": {"integrator": "etdrk4", "steps": 60},
    "time": {"end": 60, "save": 61},
    "domain": {"x": {"interval": [-16, 16], "points": 512}},
    "reference": None,
}


def test_a_shipped_case_with_overrides() -> None:
    result = pdekit.solve("nlse/single_soliton", {"time.end": 1.0, "solver.steps": 100})
    assert result.ok
    assert result.errors["relative_l2"] < 1e-7
    assert result.summary["case"] == "nlse/single_soliton"
    assert result.provenance["pdekit"] == pdekit.__version__
    assert result.case["solver"]["steps"] == 100


def test_the_same_case_twice_is_the_same() -> None:
    noise = {"state": "mi_noise", "noise_level": 0.1, "seed": 2}
    case = case_of(initial=noise, reference=None)
    one, two = solve(case), solve(case)
    assert np.array_equal(one.fields["psi"], two.fields["psi"])
    other = solve({**case, "initial": {**noise, "seed": 3}})
    assert not np.array_equal(one.fields["psi"], other.fields["psi"])


def test_threads_of_the_process_are_left_alone() -> None:
    before = threads.current()
    solve(case_of(run={"threads": 2}))
    assert threads.current() == before


# -- failures --------------------------------------------------------------------------


def test_a_blow_up_is_raised_or_returned() -> None:
    with pytest.raises(BlowUp) as caught:
        solve(case_of(**UNSTABLE))
    assert caught.value.exit_status == 3
    result = solve(case_of(**UNSTABLE), raise_on_failure=False)
    assert result.status == "diverged"
    assert not result.ok
    message = result.summary["message"]
    assert (
        f"{len(result.times)} frames up to t = {result.times[-1]:.6g} are kept" in message
    )
    peak = np.abs(result.fields["psi"][-1])
    place = result.grid.points()[0][np.argmax(peak)]
    assert f"the largest |psi| there is {peak.max():.4g} near x = {place:.4g}" in message
    assert np.isfinite(result.fields["psi"]).all()
    assert result.errors == {}


def test_a_start_too_large_for_any_step_diverges() -> None:
    start = {"initial": "1e60*exp(-x**2)", "reference": None}
    with np.errstate(all="ignore"), pytest.raises(BlowUp, match="cannot be advanced"):
        solve(case_of(**start, solver={"integrator": "dop853_ip"}))


def test_checks_of_a_run_that_ended_early_do_not_hold_for_what_is_missing() -> None:
    checks = {"error_estimate": {"below": 1e9}}
    result = solve(case_of(**UNSTABLE, checks=checks), raise_on_failure=False)
    (check,) = result.summary["checks"]
    assert check["value"] is None
    assert check["holds"] is False
    assert result.status == "diverged"


def test_an_unresolved_solution_can_be_stopped() -> None:
    solver = {"integrator": "strang", "steps": 400, "abort_tail": 1e-3}
    collapse = {"exact": "satsuma_yajima", "amplitude": 2}
    case = case_of(
        initial=collapse, solver=solver, time={"end": 1, "save": 101}, reference=None
    )
    with pytest.raises(BlowUp, match=r"no longer resolved .* use more points"):
        solve(case)


def test_too_many_steps() -> None:
    solver = {"integrator": "dop853_ip", "rtol": 1e-11, "max_steps": 2}
    with pytest.raises(NotConverged, match="max_steps"):
        solve(case_of(solver=solver))


def test_an_observer_can_stop() -> None:
    class Impatient(Silent):
        said: list[str] = []  # noqa: RUF012

        def message(self, text: str) -> None:
            self.said.append(text)

        def stop_requested(self) -> bool:
            return True

    with pytest.raises(Interrupted, match="stopped at t"):
        solve(case_of(), observer=Impatient())


# -- memory ----------------------------------------------------------------------------


def test_a_case_that_does_not_fit_is_refused_before_it_is_allocated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hdf5, "available_memory", lambda: 100 << 20)
    case = case_of(domain={"x": {"interval": [0, 1], "points": 1 << 16}}, initial="x",
                   time={"end": 1, "save": 1000}, reference=None)  # fmt: skip
    with pytest.raises(
        CaseError, match=r"needs about 1\.\d GB of memory, 0\.1 GB are free"
    ):
        solve(case)


@pytest.mark.slow
@pytest.mark.parametrize("solver", [
    {"integrator": "strang", "steps": 20}, {"integrator": "dop853_ip", "rtol": 1e-3},
])  # fmt: skip
def test_the_estimate_of_memory_is_near_the_peak(solver: dict[str, Any]) -> None:
    case = case_of(
        domain={"x": {"interval": [-16, 16], "points": 1 << 16}},
        time={"end": 0.01, "save": 200},
        solver=solver,
    )
    script = (
        "import json, sys; from pdekit import solve\n"
        "print(solve(json.loads(sys.argv[1])).summary['cost']['peak_memory_mb'])"
    )
    words = [sys.executable, "-c", script, json.dumps(case)]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    peak = float(done.stdout) * (1 << 20)
    assert 1 / 1.5 < memory.needed(load_case(case)) / peak < 1.5


def test_the_peak_is_that_of_the_process_and_not_of_its_parent() -> None:
    ballast = np.ones(1 << 26)  # half a gigabyte here, which a child is born with
    script = "from pdekit.conclusion import _peak_memory_mb; print(_peak_memory_mb())"
    words = [sys.executable, "-c", script]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert float(done.stdout) < 0.5 * ballast.nbytes / (1 << 20)


# -- ensembles and random states -------------------------------------------------------


@pytest.mark.parametrize("solver", [
    {"integrator": "strang", "steps": 100}, {"integrator": "dop853_ip", "rtol": 1e-10},
])  # fmt: skip
def test_members_are_the_runs_with_their_own_seeds(solver: dict[str, Any]) -> None:
    def case(seed: int, members: int) -> dict[str, Any]:
        noise = {"state": "mi_noise", "noise_level": 0.3, "seed": seed}
        return case_of(
            initial=noise, reference=None, solver=solver, run={"members": members}
        )

    together = solve(case(7, 3))
    assert together.fields["psi"].shape == (5, 3, 128)
    assert together.diagnostics["mass"].shape == (5, 3)
    for member in range(3):
        alone = solve(case(7 + member, 1)).fields["psi"]
        assert np.allclose(together.fields["psi"][:, member], alone, rtol=0, atol=1e-12)
    assert together.summary["solver"]["members"] == 3


def test_members_cost_no_more_than_their_own_runs() -> None:
    """No step of an adaptive member is taken again because of the others, but one."""
    noise = {"state": "mi_noise", "noise_level": 1e-2}
    solver = {"integrator": "dop853_ip", "rtol": 1e-8}
    case = case_of(
        initial=noise, solver=solver, reference="0*x+1", time={"end": 4, "save": 9}
    )
    costs = [
        solve({**case, "run": {"members": members}}).summary["cost"] for members in (1, 8)
    ]
    again = 8 * 9 * 30  # a step that spans a frame is computed once more after it
    assert costs[1]["transforms"] < 1.3 * 8 * costs[0]["transforms"] + again


def test_checks_and_references_of_an_ensemble() -> None:
    checks = {"max_abs": {"at": "max", "below": 2}, "mass_drift": {"below": 1e-10},
              "relative_l2": {"below": 1e-3}}  # fmt: skip
    result = solve(case_of(run={"members": 2}, checks=checks))
    assert result.ok
    assert result.reference is not None
    assert result.reference["psi"].shape == (2, 128)


def test_random_fields_follow_run_seed_and_member() -> None:
    def start(**run: Any) -> Any:
        initial = {"random_field": {"alpha": 2, "tau": 3}}
        case = case_of(initial=initial, reference=None, run=run)
        return Run(load_case(case), Silent()).initial[:, 0]

    assert np.array_equal(start(seed=1), start(seed=1))
    assert not np.array_equal(start(seed=1), start(seed=2))
    members = start(seed=1, members=3)
    assert np.array_equal(members[0], start(seed=1)[0])
    assert not np.array_equal(members[0], members[1])


# -- checks ----------------------------------------------------------------------------


def test_checks_with_labels_metrics_and_times() -> None:
    checks = {
        "height": {"metric": "max_abs", "at": "final", "equals": 1, "within": 0.01},
        "mass": {"at": 0.5, "between": [1.99, 2.01]},
        "where it is": {"metric": "peak_shift", "position": 0, "velocity": 1, "at": 0.5,
                        "between": [-1e-3, 1e-3]},
        "steps": {"equals": 200, "within": 0.5},
        "total_s": {"above": 0},
    }  # fmt: skip
    result = solve(case_of(checks=checks))
    found = {c.get("label", c["metric"]): c for c in result.summary["checks"]}
    assert result.ok, found
    assert found["height"]["metric"] == "max_abs"
    assert found["mass"]["at"] == 0.5
    assert found["mass"]["value"] == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("check", "words"),
    [
        ({"relativ_l2": {"below": 1}}, "did you mean 'relative_l2'"),
        ({"a": {"metric": "mas", "below": 1}}, "did you mean 'mass'"),
        ({"relative_l2": {"below": 1, "at": 0.5}}, "'at' is for time series"),
        ({"mass": {"below": 1, "at": 0.3}}, "no frame is stored at t = 0.3"),
    ],
)
def test_checks_that_make_no_sense(check: dict[str, Any], words: str) -> None:
    with pytest.raises(CaseError, match=words) as caught:
        solve(case_of(checks=check))
    assert caught.value.problems[0].path == f"checks.{next(iter(check))}"


def test_all_wrong_checks_at_once() -> None:
    with pytest.raises(CaseError) as caught:
        solve(case_of(checks={"a": {"below": 1}, "b": {"below": 1}}))
    assert len(caught.value.problems) == 2


def test_a_metric_that_fails_does_not_cost_the_result(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from pdekit.solvers.spectral.nlse import NLSE

    def broken(result: Any) -> float:
        raise IndexError("no peak")

    monkeypatch.setattr(NLSE, "metrics", {**NLSE.metrics, "broken": broken})
    result = solve(case_of(checks={"broken": {"below": 1}}))
    assert result.status == "check_failed"
    assert result.summary["checks"][0]["why"] == "IndexError: no peak"


# -- what a run says -------------------------------------------------------------------


def test_warnings_are_said_and_kept() -> None:
    class Listener(Silent):
        def __init__(self) -> None:
            self.said: list[str] = []

        def message(self, text: str) -> None:
            self.said.append(text)

    listener = Listener()
    case = case_of(
        initial={"exact": "plane_wave"},
        reference=None,
        solver={"integrator": "strang", "steps": 10},
        domain={"x": {"interval": [0, 1], "points": 128}},
    )
    result = solve(case, observer=listener)
    assert any("resonance" in text for text in result.summary["warnings"])
    assert any(text.startswith("warning: step") for text in listener.said)
    coarse = solve(case_of(domain={"x": {"interval": [-16, 16], "points": 32}}))
    assert any("spectral tail" in text for text in coarse.summary["warnings"])


def test_two_dimensions_and_a_potential() -> None:
    axis = {"interval": [-6, 6], "points": 32}
    # the ground state of the linear oscillator turns its phase with energy 1
    case = case_of(
        equation={
            "name": "nlse",
            "focusing": 0,
            "potential": "(x^2 + y^2)/2".replace("^", "**"),
        },
        domain={"x": axis, "y": axis},
        initial="exp(-(x**2 + y**2)/2)/sqrt(pi)",
        reference="exp(-(x**2 + y**2)/2 - 1j*t)/sqrt(pi)",
        solver={"integrator": "strang", "steps": 400},
    )
    result = solve(case)
    assert result.errors["relative_l2"] < 1e-5
    assert result.summary["invariants"]["mass"]["initial"] == pytest.approx(1.0)
    assert result.summary["invariants"]["energy"]["initial"] == pytest.approx(1.0)


def test_single_precision_and_the_plain_engine() -> None:
    single = solve(case_of(run={"precision": "single"})).errors["relative_l2"]
    assert single < 1e-4
    plain = solve(case_of(run={"backend": "numpy"})).fields["psi"]
    assert np.allclose(plain, solve(case_of()).fields["psi"], rtol=0, atol=1e-12)


# -- formulas without a value ----------------------------------------------------------


def test_a_potential_may_use_the_parameters_of_the_case() -> None:
    trap = {"reference": None, "initial": "exp(-x**2)", "time": {"end": 0.2, "save": 2}}
    named = {"name": "nlse", "potential": "w**2*x**2 + a*t"}
    plain = {"name": "nlse", "potential": "4.0*x**2 - 0.5*t"}
    one = solve(case_of(**trap, equation=named, parameters={"w": 2.0, "a": -0.5}))
    two = solve(case_of(**trap, equation=plain))
    assert np.allclose(one.fields["psi"], two.fields["psi"], rtol=1e-12)


@pytest.mark.parametrize(
    ("potential", "says"),
    [
        ("1j*x", "is complex; V is real"),
        ("1/x", "is not finite"),
        ("y", "unknown name 'y'"),
    ],
)
def test_a_potential_that_makes_no_sense_is_refused_in_its_place(
    potential: str, says: str
) -> None:
    case = case_of(equation={"name": "nlse", "potential": potential}, initial="exp(-x**2)")
    with pytest.raises(CaseError, match=f"equation.potential: .*{says}"):
        solve({**case, "reference": None})


def test_a_potential_that_becomes_infinite_stops_the_run_and_keeps_it() -> None:
    case = case_of(
        equation={"name": "nlse", "potential": "1/(t-0.5)"},
        initial="exp(-x**2)",
        reference=None,
        time={"end": 1, "save": 11},
        solver={"integrator": "strang", "steps": 100},
    )
    result = solve(case, raise_on_failure=False)
    assert result.status == "diverged"
    assert len(result.times) >= 5
    assert "'1/(t-0.5)' is not finite" in result.summary["message"]


def test_a_reference_without_a_value_does_not_cost_the_result() -> None:
    result = solve(case_of(reference="1/(t-0.5)", time={"end": 1, "save": 3}, checks={}))
    assert result.ok
    assert "is not finite at t = 0.5" in " ".join(result.summary["warnings"])


def test_a_formula_without_a_value_on_the_coarser_grid_leaves_an_estimate() -> None:
    domain = {"x": {"interval": [-20, 20], "points": 65}}
    case = case_of(domain=domain, initial="sin(x)/x", reference=None, time={"end": 0.1})
    assert "spectral tail" in solve(case).errors["estimator"]


def test_a_reference_that_does_not_fit_is_refused_in_its_place() -> None:
    with pytest.raises(CaseError, match="reference: dark_pair needs"):
        solve(case_of(reference={"exact": "dark_pair"}))


def test_members_that_are_all_the_same_are_told() -> None:
    result = solve(case_of(run={"members": 2}, time={"end": 0.1}))
    assert "all 2 members are the same" in " ".join(result.summary["warnings"])


def test_rounding_of_single_precision_is_not_called_unresolved() -> None:
    case = case_of(run={"precision": "single"}, time={"end": 0.5}, checks={})
    assert "spectral tail" not in " ".join(solve(case).summary["warnings"])


@pytest.mark.filterwarnings("error")
def test_a_start_that_overflows_says_so_without_noise() -> None:
    case = case_of(initial="1e200*sech(x)", reference=None)
    assert solve(case, raise_on_failure=False).status == "diverged"
