"""Predictions that have learned nothing, scores, and what is told of failures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pdekit.case import load_case
from pdekit.comparison.controls import Homogenised, Mean, Propagator, linear, persistence
from pdekit.comparison.scores import along_time, score
from pdekit.comparison.shifted import case_with, drawn, suggested
from pdekit.comparison.solving import Solving
from pdekit.comparison.trial import Cut, Trial, trial_of
from pdekit.datasets.dataset import Header, Split
from pdekit.datasets.generation import make
from pdekit.errors import CaseError, NotApplicable
from pdekit.evolution import equation_of
from pdekit.grid import Grid
from tests.datasets.small import DARCY, PROBLEM, case_of

N = 16
GRID = Grid.periodic(N, (0, 1))
rng = np.random.default_rng(0)


def split_of(u: np.ndarray, times: list[float]) -> Split:
    header = Header("test", GRID, np.array(times), ("u",), (), len(u), "float64")
    return Split(header, {"u": u})


def test_the_mean_of_what_averages_out_has_vrmse_1() -> None:
    u = rng.standard_normal((6, 3, N))
    u -= u.mean(axis=-1, keepdims=True)
    train = split_of(np.concatenate([u, -u]), [0, 1, 2])
    trial = trial_of(split_of(10 * u, [0, 1, 2]), 6, Cut())
    control = Mean.of(train, Cut())
    assert control.values.shape == (1, 2, N)
    found = score("vrmse", control(trial), trial.truth)
    assert found.values == pytest.approx(np.sqrt(1 - 1 / N), rel=1e-6)  # divisor N − 1


def test_the_mean_is_that_of_the_frames_asked_for() -> None:
    u = rng.standard_normal((5, 7, N))
    train = split_of(u, list(range(7)))
    cut = Cut(history=2, stride=2, frames=1)
    assert np.allclose(Mean.of(train, cut).values[0], u[:, 4:5].mean(axis=0))
    trial = trial_of(train, 3, cut)
    assert np.array_equal(trial.given[:, 0], u[:3, [0, 2]])
    assert np.array_equal(trial.truth[:, 0], u[:3, [4]])
    assert (trial.start, list(trial.ahead)) == (2.0, [4.0])


def test_persistence_is_exact_where_nothing_changes() -> None:
    still = np.repeat(rng.standard_normal((4, 1, N)), 3, axis=1)
    trial = trial_of(split_of(still, [0, 1, 2]), 4, Cut())
    assert not score("relative_l2", persistence(trial), trial.truth).values.any()
    said = along_time(persistence(trial), trial)
    assert said["correlation_time"]["0.95"] == 2.0
    assert said["relative_l2"] == [0.0, 0.0]
    assert said["energy_drift"] == 0.0


def test_without_its_nonlinear_term_burgers_is_the_heat_equation() -> None:
    case: Any = load_case(PROBLEM)
    grid = Grid.periodic(32, (0, 2 * np.pi))
    (x,) = grid.points()
    u = np.stack([np.sin(k * x + k) + 0.5 for k in (1, 2, 5)])[:, None]
    later = [np.exp(-0.1 * k**2 * 3.0) * np.sin(k * x + k) + 0.5 for k in (1, 2, 5)]
    trial = Trial(grid, np.array([1.0, 4.0]), ("u",), (), u[:, :, None], u[:, :0],
                  np.stack(later)[:, None, None])  # fmt: skip
    found = Propagator(equation_of(case))(trial)
    assert np.abs(found - trial.truth).max() < 1e-13
    assert isinstance(linear(case, trial), Propagator)


def test_a_constant_coefficient_is_its_own_harmonic_mean() -> None:
    case: Any = load_case(DARCY)
    solved = Solving(case, None, "", ("coefficient",)).method((15, 15), 0.0)
    grid = solved.grid
    k = np.full((2, 1, *grid.shape), 5.0)
    u = np.zeros((2, 1, 1, *grid.shape))
    trial = Trial(grid, np.zeros(1), ("u",), ("coefficient",), u[:, :, :0], k, u)
    assert np.allclose(Homogenised(solved)(trial), solved(trial), rtol=1e-12)
    with pytest.raises(NotApplicable, match="in time"):
        persistence(trial)


def test_what_is_not_finite_diverges_and_is_not_dropped() -> None:
    u = rng.standard_normal((4, 3, N))
    trial = trial_of(split_of(u, [0, 1, 2]), 4, Cut())
    p = trial.truth.copy()
    p[2, 0, 1, 3] = np.nan
    found = score("relative_l2", p, trial.truth)
    assert found.mean == np.inf
    said = found.facts()
    assert (said["diverged"], said["samples"], said["mean"]) == (1, 4, None)
    assert said["mean_of_the_others"] == 0.0
    rolled = along_time(p, trial)
    assert rolled["relative_l2"] == [0.0, None]
    assert rolled["diverged"] == 1


# -- shifted data sets -----------------------------------------------------------------


def test_shifted_samples_are_new_and_of_the_changed_problem(tmp_path: Path) -> None:
    data = make(case_of(tmp_path, save={"dtype": "float64"}), tmp_path / "out")
    same, _ = drawn(case_with(tmp_path / "out", {}), 3, Cut())
    assert not np.isclose(same.given[:, 0, 0, 0], data["test"]["u"][:3, 0, 0]).any()
    changes = {"equation.viscosity": 0.2, "save.points": 16, "save.times": [0.1]}
    other, problem = drawn(case_with(tmp_path / "out", changes), 3, Cut())
    assert problem.equation.params["viscosity"] == 0.2
    assert (other.grid.shape, other.frames) == ((16,), 1)
    coarse = same.grid.interpolate(same.given[:, 0, 0], other.grid)
    assert np.allclose(coarse, other.given[:, 0, 0])  # the same starts, fewer modes
    with pytest.raises(CaseError, match="viscosty"):
        case_with(tmp_path / "out", {"equation.viscosty": 0.2})


def test_the_usual_shifts_are_suggested(tmp_path: Path) -> None:
    case: Any = load_case(case_of(tmp_path, save={"times": [0.5], "points": 32}))
    problem: Any = load_case(PROBLEM)
    found = suggested(case, problem)
    assert found["half_viscosity"] == {"equation.viscosity": 0.05}
    assert found["rougher"] == {"initial.random_field.alpha": 1.5}
    assert found["twice_the_points"] == {"domain.x.points": 128, "save.points": 64}
    assert found["twice_as_long"]["time.end"] == 1.0
    assert found["twice_as_long"]["save.times"] == [0.5, 1.0]
    walls: Any = load_case(case_of(tmp_path / "b", DARCY, save={"points": 7}))
    found = suggested(walls, load_case(DARCY))  # type: ignore[arg-type]
    assert found["twice_the_points"]["domain.y.points"] == 31
    assert found["twice_the_points"]["save.points"] == 15
    assert "twice_as_long" not in found
