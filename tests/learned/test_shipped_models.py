"""Models kept with the cases: small, of their cases, and as good as they say."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest

from pdekit.case import TrainCase, dataset_case, load_case
from pdekit.datasets import make
from pdekit.datasets.finding import resolved_again
from pdekit.solvers.learned import checkpoint
from pdekit.solvers.learned.judging import errors
from pdekit.solvers.learned.samples import Samples

FOLDER = Path(str(files("pdekit.cases"))) / "operator_learning" / "models"
MODELS = sorted(FOLDER.glob("*.safetensors"))
FEW = 1
"""Of the samples of the test split, which are the same however many are solved."""


def case_of(path: Path) -> TrainCase:
    case = load_case(f"operator_learning/{path.stem}_train")
    assert isinstance(case, TrainCase)
    return case


def test_there_is_one_for_each_problem_and_all_are_small() -> None:
    assert {path.stem.split("_")[0] for path in MODELS} == {"burgers", "darcy", "navier"}
    assert sum(path.stat().st_size for path in MODELS) < 3e6


@pytest.mark.parametrize("path", MODELS, ids=lambda p: p.stem)
def test_it_comes_from_the_case_of_its_name(path: Path) -> None:
    facts = checkpoint.header(path)["facts"]
    case = case_of(path)
    learned, said = TrainCase.model_validate(facts["case"]), facts["errors"]
    assert learned.digest() == case.digest()
    assert facts["data"]["name"] == case.data.replace("/", "_")
    for metric, check in case.checks.items():
        assert said[metric] < check.below, metric


@pytest.mark.parametrize("path", MODELS, ids=lambda p: p.stem)
def test_fresh_solutions_find_the_errors_it_was_judged_by(
    path: Path, tmp_path: Path
) -> None:
    case, operator = case_of(path), checkpoint.load(path)
    said, data = operator.facts["errors"], dataset_case(case.data)
    (points,) = set(operator.grid.shape)
    few = resolved_again(data, points, FEW).model_copy(update={"workers": 1})
    solved = make(few, tmp_path / "data")
    test = Samples(solved["test"], operator.signature)
    at = test.place(case.test.start)
    each = errors(operator, test, test.longest(at), at=at).each
    assert len(each) == FEW
    assert float(each.max()) <= said["test_relative_l2_max"] * 1.001
    assert said["test_relative_l2"] / 3 < float(each.mean()) < 3 * said["test_relative_l2"]
