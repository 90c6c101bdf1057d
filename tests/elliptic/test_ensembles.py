"""Ensembles of random media: each member a run of its own, in any order, resumed or not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pdekit.case import load_case
from pdekit.errors import CaseError, NotConverged
from pdekit.files.writer import read_result
from pdekit.observer import Silent
from pdekit.run import solve
from pdekit.steady.folder import run_into
from pdekit.steady.run import BoundaryRun

MEDIA: dict[str, Any] = {
    "random": {"random_field": {"kind": "binary", "values": [3, 12]}},
    "blocks": {"blocks": {"size": 4, "contrast": 100.0, "seed": 7}},
}


def ensemble(medium: str = "random", **changes: Any) -> dict[str, Any]:
    axis = {"interval": [0, 1], "points": 31}
    return {
        "equation": {"name": "poisson", "coefficient": MEDIA[medium], "source": "1"},
        "domain": {"x": axis, "y": axis},
        "solver": "krylov",
        "run": {"members": 5, "seed": 3},
        "outputs": {"figures": "none"},
        **changes,
    }


class StopsAfter(Silent):
    def __init__(self, looks: int) -> None:
        self.looks = looks

    def stop_requested(self) -> bool:
        self.looks -= 1
        return self.looks < 0


def test_a_member_is_the_run_with_its_seed() -> None:
    result = solve(ensemble())
    assert result.members == 5
    assert result.summary["convergence"]["systems"] == 5
    total = 0
    for member in range(5):
        alone = solve(ensemble(run={"seed": 3 + member}))
        for name in ("u", "coefficient"):
            one = result.fields[name][0, member]
            np.testing.assert_array_equal(one, alone.fields[name][0])
        iterations = alone.summary["convergence"]["iterations"]
        assert result.diagnostics["iterations"][0, member] == iterations
        total += iterations
    assert result.summary["convergence"]["iterations"] == total
    assert not np.array_equal(*result.fields["coefficient"][0, :2])


@pytest.mark.parametrize("medium", MEDIA)
def test_the_answer_does_not_depend_on_how_many_are_solved_at_a_time(medium: str) -> None:
    one, two = (solve(ensemble(medium, run={"members": 7, "threads": n})) for n in (1, 2))
    np.testing.assert_array_equal(one.fields["u"], two.fields["u"])
    assert len(np.unique(one.fields["coefficient"][0], axis=0)) == 7


def test_resumed_it_is_the_same(tmp_path: Path) -> None:
    case = load_case(ensemble())
    whole, *_ = run_into(case, tmp_path / "whole")
    stopped, folder, failure = run_into(case, tmp_path / "run", observer=StopsAfter(2))
    assert stopped.status == "interrupted"
    assert str(failure) == "stopped after 3 members"
    assert "checkpoint" in stopped.summary["message"]
    resumed, folder, failure = run_into(case, folder, resume=True)
    assert failure is None
    stored = read_result(folder / "result.h5")
    for name in ("u", "coefficient"):
        np.testing.assert_array_equal(stored.fields[name], whole.fields[name])
    for name in ("iterations", "matvecs", "systems", "relative_residual"):
        told = [each.summary["convergence"][name] for each in (whole, resumed)]
        assert told[0] == told[1]


def test_members_that_miss_the_tolerance_are_counted() -> None:
    run = BoundaryRun(
        load_case(ensemble(solver={"name": "krylov", "maxiter": 2})), Silent()
    )
    result = run.execute()
    assert result.status == "not_converged"
    assert isinstance(run.failure, NotConverged)
    assert "5 of 5 members" in str(run.failure)
    assert result.fields["u"].shape == (1, 5, 31, 31)


def test_metrics_are_means_over_the_members() -> None:
    checks = {"value": {"above": 0, "x": 0.5, "y": 0.5}, "mean": {"above": 0}}
    result = solve(ensemble(checks=checks))
    found = {check["metric"]: check["value"] for check in result.summary["checks"]}
    u = result.fields["u"][0]
    assert found["value"] == pytest.approx(u[:, 15, 15].mean(), rel=1e-12)
    assert found["mean"] == pytest.approx(u.sum() / 32**2 / 5, rel=1e-12)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"equation": {"name": "poisson", "source": "1"}}, "no coefficient is random"),
        ({"reference": "x"}, "is for one member"),
        (
            {
                "equation": {"name": "heat", "diffusivity": MEDIA["random"]},
                "initial": "x*(1 - x)*y*(1 - y)",
                "time": {"end": 1},
                "solver": {"name": "krylov", "steps": 2},
            },
            "must be 1 for equations in time",
        ),
    ],
)
def test_what_is_no_ensemble_is_refused(changes: dict[str, Any], expected: str) -> None:
    with pytest.raises(CaseError, match=expected):
        load_case(ensemble(**changes))
