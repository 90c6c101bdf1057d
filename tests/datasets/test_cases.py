"""Case files of data sets: mistakes with their places, the command line, shipped ones."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from pdekit.case import load_case, problem_of, shipped_cases
from pdekit.cli import main
from pdekit.datasets.loading import load
from pdekit.errors import CaseError
from pdekit.tasks import warnings_of
from tests.datasets.small import DARCY, PROBLEM, case_of

GOOD = """\
task: dataset
problem: burgers/nu0p1_2pi
samples: {train: 2}
"""


def refusal(text: str) -> str:
    file = Path("case.yaml")
    file.write_text(text)
    with pytest.raises(CaseError) as error:
        warnings_of(load_case(file))
    return str(error.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("task: dataset\nproblem: burgers/sine_shock\nsamples: {train: 2}\n",
         "case.yaml:2:10: problem: draws nothing at random"),
        ("task: dataset\nproblem: burgers/nu0p1\nsamples: {train: 2}\n", "no shipped case"),
        ("task: dataset\nproblem: ../other.yaml\nsamples: {train: 2}\n",
         "case.yaml:2:10: problem: cannot be used: it leads out of the folder"),
        ("task: dataset\nproblem: heat/layered_rock\nsamples: {train: 2}\n",
         "problem: is a boundary-value problem in time"),
        ("task: datasets\nproblem: burgers/nu0p1_2pi\nsamples: {train: 2}\n",
         "case.yaml:1:7: task: must be dataset"),
        (GOOD.replace("train", "trian"), "case.yaml:3:11: samples.trian: unknown key"),
        (GOOD + "set: {solver.stepps: 3}\n", "yaml:4:22: set.solver.stepps: unknown key"),
        (GOOD + "save: {fields: [v]}\n", "yaml:4:17: save.fields[0]: unknown field 'v'"),
        (GOOD + "save: {times: [0.5, 2]}\n", "save.times[1]: must lie in [0, 1] (got 2)"),
        (GOOD + "save: {times: {every: 2}}\n", "save.times.every: must be at most 1"),
        (GOOD + "save: {points: 1024}\n", "yaml:4:16: save.points: must be at most 512"),
        (GOOD + "save: {points: {y: 8}}\n", "save.points.y: unknown axis; accepted: x"),
        (GOOD + "save: {coarsening: stride, points: 500}\n",
         "case.yaml:4:36: save.points: the 500 points of x are not among the 512"),
        (GOOD + "save: {dtype: float16}\n", "save.dtype: must be float32 or float64"),
        (GOOD + "checks: {error: {below: 1}}\n", "unknown metric 'error'"),
        (GOOD + "checks: {data_error: {}}\n", "needs exactly one of below, above"),
        (GOOD + "batch: 0\n", "case.yaml:4:8: batch: must be at least 1"),
    ],
)  # fmt: skip
def test_mistakes_are_told_with_their_place(text: str, expected: str) -> None:
    assert expected in refusal(text)


def test_mistakes_in_the_problem_are_told_with_its_own_place() -> None:
    Path("problem.yaml").write_text("equation: burgers\ndomian: {}\n")
    text = GOOD.replace("burgers/nu0p1_2pi", "problem.yaml")
    assert "problem.yaml:2:1: domian: unknown key" in refusal(text)


def test_a_boundary_value_problem_is_not_interpolated() -> None:
    file = case_of(Path("a"), DARCY, save={"coarsening": "spectral"})
    with pytest.raises(CaseError, match=r"save.coarsening: must be stride"):
        warnings_of(load_case(file))


def test_a_case_is_written_back_unchanged() -> None:
    case = load_case(case_of(Path("a"), save={"times": {"every": 0.25}}))
    Path("a/again.yaml").write_text(case.to_yaml())
    assert load_case("a/again.yaml") == case


def test_keys_of_the_problem_can_be_set_on_the_command_line() -> None:
    file = case_of(Path("a"), set={"solver.steps": 20})
    case: Any = load_case(file, ["set.solver.steps=30", "set.equation.viscosity=0.2"])
    problem: Any = problem_of(case)
    assert problem.solver.steps == 30
    assert problem.solver.integrator == "etdrk4"
    assert problem.equation.params == {"viscosity": 0.2, "source": None}


def test_the_page_shows_what_works(root: Path) -> None:
    text = (root / "docs" / "datasets.md").read_text(encoding="utf-8")
    case = re.findall(r"^```yaml\n(.*?)^```", text, re.M | re.S)[0]
    Path("waves.yaml").write_text(case, encoding="utf-8")
    fewer = ["--set", "samples={train: 4, validation: 1, test: 1}", "--quiet"]
    assert main(["run", "waves.yaml", "--out", "runs/waves", *fewer]) == 0
    python = "\n".join(re.findall(r"^```python\n(.*?)^```", text, re.M | re.S))
    exec(python, {})  # noqa: S102 - our own text
    copy, original = load("runs/copy"), load("runs/waves")
    assert (copy["test"]["u"] == original["test"]["u"]).all()


def test_only_what_changes_samples_changes_the_digest() -> None:
    file = case_of(Path("a"))
    digest = load_case(file).digest()
    for same in ({"batch": 3}, {"workers": 2}, {"samples.train": 9}, {"data_error": True}):
        assert load_case(file, same).digest() == digest
    for other in ({"seed": 1}, {"save.points": 8}, {"set": {"solver.steps": 30}}):
        assert load_case(file, other).digest() != digest


@pytest.mark.parametrize("name", shipped_cases("dataset"))
def test_shipped_data_sets_are_sound(name: str) -> None:
    case: Any = load_case(name)
    assert case.checks
    assert not any("save.points" in warning for warning in warnings_of(case))


def test_the_command_makes_a_data_set_and_says_what_it_is_worth(capfd: Any) -> None:
    bound = {"data_error": {"below": 1e-3}}
    file = case_of(Path("a"), PROBLEM, data_error=True, checks=bound)
    assert main(["run", str(file), "--out", "out", "--json"]) == 0
    summary = json.loads(capfd.readouterr().out)
    assert summary["status"] == "ok"
    assert summary["samples"] == {"train": 5, "validation": 2, "test": 3}
    assert 0 < summary["errors"]["error_estimate"] < 1e-3
    assert summary == json.loads(Path("out/summary.json").read_text())
    written = "out/data/train/small.hdf5"
    assert main(["check", written, "out/case.yaml"]) == 0
    again = main(["run", "out/case.yaml", "--out", "again", "--quiet"])
    assert again == 0
    first, second = load("out")["test"]["u"], load("again")["test"]["u"]
    assert (first == second).all()
    strict = ["--set", "checks.data_error.below=1e-30", "--out", "strict", "--quiet"]
    assert main(["run", str(file), *strict]) == 1


def test_the_command_refuses_a_foreign_file(capfd: Any) -> None:
    Path("foreign.hdf5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
    assert main(["check", "foreign.hdf5"]) == 2
    assert "foreign.hdf5: damaged or truncated" in capfd.readouterr().err
