"""The classical family: order, tuning, and what is done to inputs on coarser points."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pdekit.case import BoundaryCase, load_case
from pdekit.comparison import classical, timing
from pdekit.comparison.scores import score
from pdekit.comparison.solving import Solving, banded_solution, overlaps
from pdekit.comparison.trial import Cut, Trial, trial_of
from pdekit.datasets.generation import make
from pdekit.errors import PdekitError
from pdekit.grid import Axis, Grid
from pdekit.linalg.stencil import discretize
from tests.datasets.small import DARCY, PROBLEM, case_of

WAVES: dict[str, Any] = {
    **PROBLEM,
    "initial": {"random_field": {"alpha": 4, "tau": 2, "amplitude": 8}},
    "solver": {"integrator": "etdrk4", "steps": 200},
}


def waves(folder: Path) -> Trial:
    save = {"points": 64, "dtype": "float64"}
    data = make(case_of(folder, WAVES, save=save), folder / "out")
    return trial_of(data["test"], 3, Cut())


def errors(family: Any, trial: Trial, settings: list[tuple[int, float]]) -> np.ndarray:
    each = (family.method((n,) * trial.grid.ndim, effort)(trial) for n, effort in settings)
    return np.array([score("relative_l2", p, trial.truth).mean for p in each])


def test_steps_converge_at_the_order_of_the_integrator(tmp_path: Path) -> None:
    trial = waves(tmp_path)
    assert (trial.history, trial.frames, trial.start) == (1, 2, 0.0)
    (family,) = classical.families(tmp_path / "problem.yaml", [{}], trial)
    e = errors(family, trial, [(64, 4), (64, 8), (64, 16)])
    assert np.log2(e[:-1] / e[1:]) == pytest.approx(4.0, abs=0.25)
    e = errors(family, trial, [(12, 64), (24, 64), (48, 64)])
    assert e[1] / e[2] > 2 * e[0] / e[1] > 8  # a series, not a power


def test_a_steady_problem_converges_at_second_order() -> None:
    case = load_case({**DARCY, "equation": {**DARCY["equation"]}})
    assert isinstance(case, BoundaryCase)
    grid = Grid(tuple(Axis(n, 63, 0, 1, "dirichlet") for n in "xy"))
    k = np.ones((1, 1, *grid.shape))
    i = np.arange(1, 200, 2) * np.pi
    x, y = np.meshgrid(*(axis.points() for axis in grid.axes), indexing="ij")
    sines = [np.sin(np.multiply.outer(p.ravel(), i)) for p in (x, y)]
    weights = 16 / (i[:, None] * i * (i[:, None] ** 2 + i**2))
    u = np.einsum("pi,ij,pj->p", sines[0], weights, sines[1]).reshape(grid.shape)
    u = u[None, None, None]
    trial = Trial(grid, np.zeros(1), ("u",), ("coefficient",), u[:, :, :0], k, u)
    for spec in (None, case.solver):
        family = Solving(case, spec, "", ("coefficient",))  # type: ignore[arg-type]
        e = errors(family, trial, [(7, 1e-10), (15, 1e-10), (31, 1e-10)])
        assert np.log2(e[:-1] / e[1:]) == pytest.approx(2.0, abs=0.2)


def test_factors_in_the_band_solve_the_system() -> None:
    rng = np.random.default_rng(1)
    kinds = {"x": (5, "dirichlet"), "y": (7, "neumann"), "z": (4, "dirichlet")}
    grid = Grid(tuple(Axis(name, n, 0, 2, b) for name, (n, b) in kinds.items()))  # type: ignore[arg-type]
    op = discretize(grid, rng.uniform(1, 9, grid.shape), 0.3)
    b = rng.standard_normal(grid.shape)
    assert np.abs(op.tocsr() @ banded_solution(op, b).ravel() - b.ravel()).max() < 1e-12
    periodic = discretize(Grid.periodic(8, (0, 1)), 1.0, 1.0)
    with pytest.raises(PdekitError, match="krylov"):
        banded_solution(periodic, np.ones(8))


@pytest.mark.parametrize("boundary", ["periodic", "dirichlet"])
def test_cells_are_averaged_by_what_they_share(boundary: Any) -> None:
    fine, coarse = (Axis("x", n, 0, 3, boundary) for n in (23, 7))
    shares = overlaps(fine, coarse)
    assert shares.sum(axis=1) == pytest.approx(1.0)
    if boundary == "periodic":  # every cell is used in full
        assert shares.sum(axis=0) * coarse.spacing == pytest.approx(fine.spacing)
    inner = np.abs(shares @ fine.points() - coarse.points())[1:-1]
    assert inner.max() < fine.spacing / 2


def test_a_checkerboard_conducts_like_its_geometric_mean() -> None:
    case: Any = load_case(DARCY)
    stored = Grid(tuple(Axis(n, 16, 0, 1, "periodic") for n in "xy"))
    board = np.where(np.add.outer(np.arange(16), np.arange(16)) % 2, 12.0, 3.0)
    solved = Solving(case, None, "", ("coefficient",)).method((4, 4), 0.0)
    solved.grid = stored.resize(4)
    assert solved._averaged(board[None], stored) == pytest.approx(6.0)


class Ladder:
    """Errors that are known:  √(space² + (1/steps)⁸)."""

    ladder = (1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0)
    space = 1e-3

    def method(self, points: tuple[int, ...], effort: float) -> Any:
        def answer(trial: Trial) -> np.ndarray:
            return trial.truth * (1 + np.hypot(self.space, effort**-4.0))

        answer.effort = effort  # type: ignore[attr-defined]
        return answer


def test_the_largest_step_that_adds_little_is_chosen() -> None:
    rng = np.random.default_rng(2)
    truth = rng.standard_normal((2, 1, 1, 8))
    trial = Trial(Grid.periodic(8, (0, 1)), np.arange(2.0), ("u",), (), truth,
                  truth[:, :0, 0], truth)  # fmt: skip
    chosen: Any = classical.tuned(Ladder(), (8,), trial, "relative_l2")  # type: ignore[arg-type]
    allowed = [s for s in Ladder.ladder if np.hypot(1e-3, s**-4.0) < 1.1e-3]
    assert chosen.effort == allowed[0]


def test_resolutions_are_those_asked_for_or_spread_evenly() -> None:
    plane = Grid.periodic((64, 32), [(0, 2), (0, 1)])
    assert classical.resolutions(plane, [16, 32]) == [(16, 8), (32, 16)]
    found = [n[0] for n in classical.resolutions(plane, None)]
    assert found[0] == 8
    assert found[-1] == 64
    assert len(found) >= 4
    walls = Grid((Axis("x", 41, 0, 1, "dirichlet"),))
    assert [n for (n,) in classical.resolutions(walls, None)] == [5, 6, 13, 20, 41]


def test_times_are_medians_a_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks, clock = iter([9.0, *[1.0, 2.0, 3.0, 4.0, 50.0]]), [0.0]

    def action() -> None:
        clock[0] += next(ticks)

    monkeypatch.setattr(timing.time, "perf_counter", lambda: clock[0])
    monkeypatch.setattr(timing.time, "process_time", lambda: clock[0] / 4)
    assert timing.median_seconds(action) == (3.0, 0.25)  # three others are running
    truth = np.zeros((40, 1, 1, 8))
    box = Grid.periodic(8, (0, 1))
    trial = Trial(box, np.zeros(1), ("u",), (), truth, truth, truth)

    def method(trial: Trial) -> np.ndarray:
        clock[0] += 0.01 + 0.001 * len(trial)  # an overhead, and so much a sample
        return trial.truth

    found = timing.timed(method, trial, batches=(8, 32, 128))
    each = pytest.approx(0.011), pytest.approx(0.001 + 0.01 / 40)
    assert found == timing.Timing(*each, 40, pytest.approx(0.25))


def test_what_does_not_fit_is_refused(tmp_path: Path) -> None:
    trial = waves(tmp_path)
    with pytest.raises(PdekitError, match="banded is for steady problems"):
        classical.families(tmp_path / "problem.yaml", [{"name": "banded"}], trial)
    with pytest.raises(PdekitError, match="integrator"):
        classical.families(tmp_path / "problem.yaml", [{"integrator": "etd"}], trial)
    with pytest.raises(PdekitError, match="coefficient"):
        Solving(load_case(DARCY), None, "", ())  # type: ignore[arg-type]
    both: list[dict[str, Any]] = [{}, {"integrator": "dop853_ip"}, {"integrator": "etdrk4"}]
    fleet = classical.families(tmp_path / "problem.yaml", both, trial)
    assert [each.label for each in fleet] == ["etdrk4", "dop853_ip", "etdrk4 no. 2"]
    adaptive = fleet[1].method((16,), 1e-3)
    assert fleet[1].words(adaptive.setting) == "16 points, rtol 0.001"  # type: ignore[arg-type]
    data = make(case_of(tmp_path / "b", WAVES), tmp_path / "b" / "out")
    with pytest.raises(PdekitError, match="3"):
        trial_of(data["test"], 1, Cut(history=3))
