"""Valid cases: what they say, their defaults, overrides, digests and round trips."""

from __future__ import annotations

import copy
import math
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pdekit.case import Case, load_case, shipped_cases
from pdekit.case.schema import (
    ExactInitial,
    ExactReference,
    FormulaInitial,
    RandomInitial,
    RefineReference,
    SolverReference,
)
from pdekit.errors import CaseError

BASE: dict[str, Any] = {
    "equation": "nlse",
    "domain": {"x": {"interval": [-40, 40], "points": 1024}},
    "initial": {"exact": "n_soliton"},
    "time": {"end": 20, "save": 100},
}


def case_with(**sections: Any) -> Case:
    return load_case(copy.deepcopy(BASE) | sections)


def test_defaults_are_filled_in() -> None:
    case = load_case(BASE)
    assert case.equation.name == "nlse"
    assert case.equation.params == {
        "dispersion": 1.0,
        "focusing": 1.0,
        "potential": None,
        "source": None,
    }
    assert case.solver.integrator == "dop853_ip"  # what its equation prefers
    assert case.solver.dealias == "none"
    assert (case.solver.rtol, case.solver.atol) == (1e-9, 0.0)
    assert case.run.seed == 0
    assert case.reference is None
    assert case.checks == {}


def test_the_parameters_of_an_exact_solution_get_its_defaults() -> None:
    initial = load_case(BASE).initial
    assert isinstance(initial, ExactInitial)
    assert initial.exact == "n_soliton"
    assert initial.params["amplitudes"] == [2.0, 1.5]


def test_a_reference_of_the_same_name_takes_the_parameters_of_the_initial_state() -> None:
    initial = {"exact": "bright_soliton", "amplitude": 3, "velocity": 1}
    case = case_with(initial=initial, reference={"exact": "bright_soliton", "velocity": 2})
    assert isinstance(case.reference, ExactReference)
    assert case.reference.params["amplitude"] == 3.0
    assert case.reference.params["velocity"] == 2.0


def test_one_formula_stands_for_the_only_field() -> None:
    case = case_with(initial="2*sech(x)")
    assert isinstance(case.initial, FormulaInitial)
    assert case.initial.formulas == {"psi": "2*sech(x)"}


def test_a_number_is_a_formula() -> None:
    case = case_with(initial={"psi": 0.5}, equation={"name": "nlse", "potential": 2})
    assert isinstance(case.initial, FormulaInitial)
    assert case.initial.formulas == {"psi": "0.5"}
    assert case.equation.params["potential"] == "2"


def test_numbers_may_be_formulas_of_declared_parameters() -> None:
    case = case_with(
        parameters={"L": "8*pi", "v": 3},
        domain={"x": {"interval": ["-L/2", "L/2"], "points": 64}},
        initial={"exact": "bright_soliton", "velocity": "2*pi*v/L"},
    )
    assert case.domain["x"].interval == pytest.approx(
        (-4 * math.pi, 4 * math.pi), rel=1e-15
    )
    assert isinstance(case.initial, ExactInitial)
    assert case.initial.params["velocity"] == pytest.approx(0.75, rel=1e-15)


@pytest.mark.parametrize(
    ("save", "expected"),
    [
        (3, [0.0, 10.0, 20.0]),
        ({"every": 6}, [0.0, 6.0, 12.0, 18.0, 20.0]),
        ({"every": 5}, [0.0, 5.0, 10.0, 15.0, 20.0]),
        ({"every": 50}, [0.0, 20.0]),
        ([1, 2.5], [0.0, 1.0, 2.5, 20.0]),
        ([0, 20], [0.0, 20.0]),
    ],
)
def test_frames_hold_the_first_and_the_last_time(save: Any, expected: list[float]) -> None:
    frames = case_with(time={"end": 20, "save": save}).time.frames()
    np.testing.assert_allclose(frames, expected, rtol=1e-15)


def test_an_interval_that_divides_up_to_rounding_gives_no_double_frame() -> None:
    frames = case_with(time={"end": 0.3, "save": {"every": 0.1}}).time.frames()
    assert len(frames) == 4
    assert frames[-1] == 0.3


def test_other_kinds_of_references_and_states() -> None:
    case = case_with(initial={"random_field": {"alpha": 3}}, reference={"refine": 2})
    assert isinstance(case.initial, RandomInitial)
    assert (case.initial.random_field.alpha, case.initial.random_field.tau) == (3.0, 7.0)
    assert isinstance(case.reference, RefineReference)
    case = case_with(reference={"solver": {"integrator": "rkn6_14", "steps": 800}})
    assert isinstance(case.reference, SolverReference)
    assert case.reference.solver.steps == 800


def test_null_means_not_given() -> None:
    text = ["solver.rtol=null", "checks.mass_drift=", "time.save=~"]
    case = load_case(BASE | {"checks": {"mass_drift": {"below": 1}}}, text)
    assert case.solver.rtol == 1e-9
    assert case.checks == {}
    assert case.time.save == 101


def test_whole_numbers_may_be_written_with_an_exponent(tmp_path: Path) -> None:
    assert case_with(solver={"max_steps": 1e6}).solver.max_steps == 1_000_000


# -- files ---------------------------------------------------------------------------


def test_a_path_wins_over_a_shipped_name_and_names_the_case(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(load_case(BASE, {"title": "é"}).to_yaml(), encoding="utf-8")
    case = load_case(file)
    assert (case.name, case.title, case.source) == ("mine", "é", file)


@pytest.mark.parametrize("name", sorted(shipped_cases()))
def test_every_shipped_case_loads_and_survives_a_round_trip(
    name: str, tmp_path: Path
) -> None:
    case = load_case(name)
    assert case.name == name
    file = tmp_path / "case.yaml"
    file.write_text(case.to_yaml(), encoding="utf-8")
    if "weights:" in file.read_text(encoding="utf-8"):
        models = shipped_cases()[name].parent / "models"
        shutil.copytree(models, tmp_path / "models")
    again = load_case(file)
    assert again == case
    assert again.digest() == case.digest()
    assert again.to_yaml() == case.to_yaml()


def test_windows_files_are_read(tmp_path: Path) -> None:
    file = tmp_path / "case.yaml"
    text = load_case(BASE).to_yaml().replace("\n", "\r\n")
    file.write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert load_case(file).equation == load_case(BASE).equation


# -- overrides -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("override", "path", "expected"),
    [
        ("solver.rtol=1e-11", ("solver", "rtol"), 1e-11),
        ("domain.x.points=2048", ("domain", "x", "points"), 2048),
        ("domain.x.interval[1]=10", ("domain", "x", "interval"), [-40.0, 10.0]),
        ("domain.x.interval.0=-1", ("domain", "x", "interval"), [-1.0, 40.0]),
        ("time.save.every=0.5", ("time", "save", "every"), 0.5),
        ("equation.dispersion=2", ("equation", "dispersion"), 2.0),
        ("initial=sech(x)", ("initial", "psi"), "sech(x)"),
        ("outputs.figures=[]", ("outputs", "figures"), []),
        ("title=a = b", ("title",), "a = b"),
        ("run={seed: 3, fft: scipy}", ("run", "fft"), "scipy"),
    ],
)
def test_overrides_in_yaml(override: str, path: tuple[str, ...], expected: Any) -> None:
    found: Any = load_case(BASE, [override]).to_dict()
    for part in path:
        found = found[part]
    assert found == expected


def test_overrides_as_a_mapping_leave_the_source_alone() -> None:
    data = copy.deepcopy(BASE)
    case = load_case(data, {"domain.x.points": 64, "solver.integrator": "dop853"})
    assert (case.domain["x"].points, case.solver.integrator) == (64, "dop853")
    assert data == BASE
    assert load_case(case, {"domain.x.points": 32}).domain["x"].points == 32


def test_from_adaptive_to_fixed_step() -> None:
    case = load_case(
        BASE | {"solver": {"integrator": "dop853", "rtol": 1e-8}},
        ["solver.integrator=strang", "solver.rtol=null", "solver.steps=100"],
    )
    assert case.solver.steps == 100
    assert case.solver.rtol is None


# -- identity ------------------------------------------------------------------------


def test_the_digest_knows_what_determines_the_answer() -> None:
    digest = load_case(BASE).digest()
    same: dict[str, Any] = {
        "title": "other",
        "name": "other",
        "checks": {"mass_drift": {"below": 1}},
        "outputs": {"figures": "none"},
        "run": {"threads": 2},
        "reference": {"refine": 2},
    }
    for key, value in same.items():
        assert load_case(BASE | {key: value}).digest() == digest, key
    for override in (
        "equation.focusing=2",
        "domain.x.points=512",
        "initial.positions=[-9,10]",
        "time.save=50",
        "solver.rtol=1e-8",
        "run.seed=1",
        "run.precision=single",
    ):
        assert load_case(BASE, [override]).digest() != digest, override


def test_the_spelling_of_a_case_does_not_change_its_digest() -> None:
    spelt_out = {"name": "nlse", "dispersion": 1, "focusing": 1.0}
    solver = {"name": "spectral", "rtol": "1e-9"}
    other = case_with(equation=spelt_out, solver=solver, time={"end": 20.0, "save": 100})
    assert other == load_case(BASE)
    assert other.digest() == load_case(BASE).digest()
    assert hash(other) == hash(load_case(BASE))


def test_a_case_is_frozen() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load_case(BASE).solver.rtol = 1.0


# -- files named in a case -----------------------------------------------------------


def test_files_are_relative_to_the_case(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "result.h5").write_bytes(b"")
    file = tmp_path / "case.yaml"
    file.write_text(load_case(BASE).to_yaml())
    case = load_case(file, {"reference": {"file": "in/result.h5"}})
    assert case.file("reference.file", "in/result.h5") == tmp_path / "in" / "result.h5"


def test_only_the_user_in_person_may_point_outside(tmp_path: Path) -> None:
    outside = tmp_path / "result.h5"
    outside.write_bytes(b"")
    (tmp_path / "cases").mkdir()
    (tmp_path / "cases" / "link.h5").symlink_to(outside)
    file = tmp_path / "cases" / "case.yaml"
    for name in ("../result.h5", str(outside), "link.h5"):
        text = f'equation: nlse\ninitial: {{file: "{name}"}}\ntime: {{end: 1}}\n'
        file.write_text(text + "domain: {x: {interval: [0, 1], points: 8}}\n")
        with pytest.raises(
            CaseError, match=r"case\.yaml:2:17: initial\.file: .*out of the folder"
        ):
            load_case(file)
        case = load_case(file, [f"initial.file={name}"])
        assert case.file("initial.file", name) == outside
