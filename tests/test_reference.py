"""References of every kind, and error estimates that tell the truth without one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pdekit import solve
from pdekit.case import load_case
from pdekit.errors import CaseError
from pdekit.reference import relative_l2
from pdekit.run import Run, Silent
from pdekit.solvers.spectral.nlse import NLSE
from tests.running import case_of

PI_2 = "pi*sqrt(2)"

TWO = {
    "initial": {"exact": "n_soliton", "amplitudes": [2, 1.5], "velocities": [2, -2],
                "positions": [-10, 10]},
    "domain": {"x": {"interval": [-25, 25], "points": 512}},
    "time": {"end": 10, "save": 11},
}  # fmt: skip
ONE = {
    "initial": {"exact": "bright_soliton", "amplitude": 1.5, "velocity": 1},
    "domain": {"x": {"interval": [-20, 20], "points": 256}},
    "time": {"end": 4, "save": 9},
}
WAVE = {
    "initial": {"exact": "akhmediev", "a": 0.25},
    "domain": {"x": {"interval": ["-2*" + PI_2, "2*" + PI_2], "points": 128}},
    "time": {"start": -6, "end": 4, "save": 21},
}
PEAKS = {
    "initial": {"exact": "kuznetsov_ma", "a": 1.0},
    "domain": {"x": {"interval": [-20, 20], "points": 384}},
    "time": {"end": "2*pi/sqrt(2)", "save": 33},
}
FINE = {"integrator": "dop853_ip", "rtol": 1e-11}
ORDER_6 = {"integrator": "rkn6_14", "steps": 400}


def points(section: dict[str, Any], n: int) -> dict[str, Any]:
    (axis,) = section["domain"].values()
    return {**section, "domain": {"x": {**axis, "points": n}}}


@pytest.mark.parametrize(
    ("case", "solver"),
    [
        pytest.param(TWO, FINE, id="space, collision"),
        pytest.param(points(TWO, 384), FINE, id="space, collision, coarse"),
        pytest.param(points(TWO, 300), FINE, id="space, collision, very coarse"),
        pytest.param(points(ONE, 128), FINE, id="space, soliton"),
        pytest.param(points(WAVE, 96), FINE, id="space, modulated wave"),
        pytest.param(WAVE, FINE, id="space, modulated wave, fine"),
        pytest.param(PEAKS, FINE, id="space, breather"),
        pytest.param(points(PEAKS, 256), FINE, id="space, breather, coarse"),
        pytest.param(ONE, {"integrator": "strang", "steps": 400}, id="time, strang"),
        pytest.param(ONE, {"integrator": "strang", "steps": 5}, id="time, far too coarse"),
        pytest.param(ONE, {"integrator": "rkn6_14", "steps": 101}, id="time, order 6, odd"),
        pytest.param(points(TWO, 1024), ORDER_6, id="time, collision"),
        pytest.param(ONE, {"integrator": "dop853_ip", "rtol": 1e-5}, id="tolerance, loose"),
        pytest.param(points(WAVE, 256), {**FINE, "rtol": 1e-8}, id="tolerance"),
        pytest.param(points(PEAKS, 768), {**FINE, "rtol": 1e-7}, id="tolerance, breather"),
    ],
)  # fmt: skip
def test_the_estimate_is_honest(case: dict[str, Any], solver: dict[str, Any]) -> None:
    result = solve(case_of(**case, solver=solver, reference=None))
    name, *values = case["initial"].values()
    keys = [key for key in case["initial"] if key != "exact"]
    exact = NLSE().solution(name, **dict(zip(keys, values, strict=True)))
    expected = exact(*result.grid.points(), result.times[-1])
    true = relative_l2(result.fields["psi"][-1:], expected[None])
    found = result.errors["error_estimate"]
    assert 0.3 * true <= found <= 20 * true
    parts = result.errors["time_error_estimate"] + result.errors["space_error_estimate"]
    assert found == pytest.approx(parts)
    assert "tail" in result.errors["estimator"]


def test_one_step_is_compared_with_two() -> None:
    settings = case_of(
        solver={"integrator": "strang", "steps": 1}, time={"end": 0.05, "save": 2}
    )
    true = solve(settings).errors["relative_l2"]
    result = solve({**settings, "reference": None})
    assert "halved step" in result.errors["estimator"]
    assert 0.3 * true <= result.errors["error_estimate"] <= 20 * true


@pytest.mark.parametrize(
    ("reference", "name"),
    [
        ({"exact": "bright_soliton"}, "exact bright_soliton"),
        ("exp(1j*x)/cosh(x-t)", "formula"),
        ({"psi": "exp(1j*x)*sech(x-t)"}, "formula"),
        ({"refine": 2}, "same solver, grid x2 and finer steps"),
        ({"solver": FINE}, "solver dop853_ip"),
    ],
)
def test_all_references_agree(reference: Any, name: str) -> None:
    settings = case_of(solver={"integrator": "strang", "steps": 60}, reference=reference)
    errors = solve(settings).errors
    assert errors["reference"] == name
    assert errors["compared_at"] == 1.0
    # second order: the refined run has a quarter of the error left
    share = 0.75 if "grid" in name else 1.0
    exact = solve({**settings, "reference": {"exact": "bright_soliton"}}).errors
    assert errors["relative_l2"] == pytest.approx(share * exact["relative_l2"], rel=0.02)
    assert errors["relative_l2_max"] >= errors["relative_l2"]


def test_a_stored_result_is_a_reference_and_a_start(tmp_path: Path) -> None:
    solve(case_of(solver=FINE, time={"end": 2, "save": 9})).save("fine")
    case = case_of(reference={"file": "fine/result.h5"})
    errors = solve(case).errors
    assert errors["reference"] == "file fine/result.h5"
    assert errors["relative_l2"] == pytest.approx(
        solve(case_of()).errors["relative_l2"], rel=1e-2
    )
    # go on from t = 1: a whole number is a frame, a number with a point is a time
    for time in (4, 1.0):
        start = {"file": "fine/result.h5", "time": time}
        later = case_of(
            initial=start,
            reference="exp(1j*x)/cosh(x-t)",
            time={"start": 1, "end": 1.5, "save": 2},
        )
        assert solve(later).errors["relative_l2"] < 1e-3


@pytest.mark.parametrize(
    ("changes", "place", "words"),
    [
        ({"time": 99}, "initial.time", "there are 5 frames"),
        ({"time": 0.33}, "initial.time", "no frame is stored at 0.33"),
    ],
)
def test_a_frame_that_is_not_there(changes: dict[str, Any], place: str, words: str) -> None:
    solve(case_of()).save("out")
    case = case_of(initial={"file": "out/result.h5", **changes}, reference=None)
    with pytest.raises(CaseError, match=words) as caught:
        solve(case)
    assert caught.value.problems[0].path == place


def test_a_result_of_another_box_or_equation() -> None:
    """They are refused before the run."""
    solve(case_of()).save("out")
    box = {"x": {"interval": [-10, 10], "points": 64}}
    for changes in ({"domain": box, "initial": "sech(x)"}, {
        "equation": "manakov", "initial": {"u": "sech(x)", "v": "0*x"}
    }):  # fmt: skip
        case = case_of(**changes, reference={"file": "out/result.h5"})
        with pytest.raises(CaseError) as caught:
            solve(case)
        assert caught.value.problems[0].path == "reference.file"


def test_until_ends_the_comparison() -> None:
    reference = {"exact": "bright_soliton", "until": 0.5}
    errors = solve(case_of(reference=reference)).errors
    assert errors["compared_at"] == 0.5
    early = {"start": -2, "end": -1, "save": 5}
    reference = {"exact": "bright_soliton", "until": -1.5}
    assert solve(case_of(reference=reference, time=early)).errors["compared_at"] == -1.5


def test_a_stored_reference_at_other_times_is_told() -> None:
    solve(case_of()).save("out")
    case = case_of(
        initial="sech(x)*exp(1j*x)",
        reference={"file": "out/result.h5"},
        time={"start": 5, "end": 6, "save": 2},
    )
    result = solve(case)
    assert result.errors == {}
    assert any("none of the stored times" in text for text in result.summary["warnings"])


def test_companions_start_from_the_same_noise() -> None:
    noise = {"state": "si_modulation_instability", "noise_level": 1e-3}
    case = case_of(initial=noise, reference={"refine": 2}, domain={
        "x": {"interval": [-25, 25], "points": 256}}, solver=FINE)  # fmt: skip
    # other noise would differ by the noise level; the same noise is only cut at N/2
    assert solve(case).errors["relative_l2"] < 1e-4


def test_relative_l2_averages_members() -> None:
    reference = np.ones((2, 1, 4))
    u = reference * np.array([1.1, 1.3])[:, None, None]
    assert relative_l2(u, reference) == pytest.approx(0.2)
    assert relative_l2(u, 0 * reference) == pytest.approx((2 * 1.1 + 2 * 1.3) / 2)


def test_references_are_looked_at_before_the_run() -> None:
    with pytest.raises(CaseError, match="finite"):
        Run(load_case(case_of(reference="1/(t*x)")), Silent())
    other = {"integrator": "strang", "steps": 10, "dealias": {"exp": {}}}
    case = load_case(case_of(reference={"solver": other}))
    with pytest.raises(CaseError, match=r"reference\.solver\.dealias: strang would"):
        Run(case, Silent())
