"""Making data sets: what a sample is does not depend on how it was made."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pdekit.datasets.coarsening import Coarsening
from pdekit.datasets.dataset import DataSet
from pdekit.datasets.generation import make
from pdekit.datasets.leakage import shared_inputs
from pdekit.datasets.loading import load
from pdekit.datasets.seeds import sample_seed
from pdekit.datasets.workers import SamplesFailed
from pdekit.errors import Interrupted, ResultFileError
from pdekit.files.checkpoint import load_checkpoint
from pdekit.grid import Axis, Grid, GridError
from pdekit.run import solve
from tests.datasets.small import DARCY, FLOW, PROBLEM, case_of

DOUBLE = {"points": 32, "dtype": "float64"}


def same(a: DataSet, b: DataSet, count: int | None = None) -> bool:
    """Whether all samples, or the first of every split, are equal bit by bit."""
    return all(
        np.array_equal(a[split][name][:count], b[split][name][:count])
        for split in a.splits
        for name in a[split].header.names
    )


@pytest.mark.parametrize("problem", [PROBLEM, DARCY, FLOW], ids=["line", "walls", "plane"])
def test_samples_depend_neither_on_batches_nor_on_their_number(
    problem: dict[str, Any],
) -> None:
    save = {"dtype": "float64"}
    one = make(case_of(Path("a"), problem, save=save, batch=1), "one")
    assert same(one, make(case_of(Path("b"), problem, save=save, batch=4), "four"))
    more = {"train": 7, "validation": 2, "test": 3}
    other = make(case_of(Path("c"), problem, save=save, samples=more), "more")
    assert same(one, other, 2)
    assert shared_inputs(other) == []
    reseeded = make(case_of(Path("d"), problem, save=save, seed=1), "other")
    assert not same(one, reseeded, 2)


def test_samples_do_not_depend_on_processes() -> None:
    file = case_of(Path("a"), save=DOUBLE, batch=2)
    assert same(make(file, "here"), make(file, "there", {"workers": 2}))


def test_a_sample_is_the_solution_for_its_seed() -> None:
    data = make(case_of(Path("a"), save=DOUBLE), "out")
    seed = sample_seed(0, "test", 2)
    result = solve(PROBLEM, {"initial.random_field.seed": seed})
    coarse = result.grid.interpolate(result.fields["u"], result.grid.resize(32))
    assert np.abs(data["test"]["u"][2] - coarse).max() < 1e-13
    assert np.array_equal(data["test"].times, result.times)


def test_a_medium_and_its_flow_are_those_of_their_seed() -> None:
    data = make(case_of(Path("a"), DARCY, save={"points": 7, "dtype": "float64"}), "out")
    seed = sample_seed(0, "train", 1)
    result = solve(DARCY, {"equation.coefficient.random_field.seed": seed})
    at = np.s_[1::2, 1::2]
    u, k = result.fields["u"][-1], result.fields["coefficient"][-1]
    assert np.abs(data["train"]["u"][1, 0] - u[at]).max() < 1e-9 * u.max()
    assert np.array_equal(data["train"]["coefficient"][1], k[at])
    assert data["train"].grid.axes[0].points()[0] == 0.125


@pytest.mark.parametrize(
    ("name", "louder"),
    [("advection_diffusion/random_waves", {}),
     ("nlse/mi_planewave", {"initial.noise_level": 0.1})],
)  # fmt: skip
def test_exact_solutions_and_states_with_a_seed_are_drawn(
    name: str, louder: dict[str, Any]
) -> None:
    shorter = {"time.end": 0.1, "time.save": 2, "checks": {}, **louder}
    case = {"task": "dataset", "name": "drawn", "problem": name, "samples": {"train": 2}}
    data = make({**case, "data_error": False, "set": shorter}, "out")
    result = solve(
        name, {**shorter, "initial.seed": sample_seed(0, "train", 1), "reference": None}
    )
    (values,) = result.fields.values()
    for field, part in zip(data["train"].header.varying, ("real", "imag"), strict=False):
        whole = getattr(values, part)
        coarse = result.grid.interpolate(whole, data["train"].grid)
        assert np.abs(data["train"][field][1] - coarse).max() < 1e-6
        assert np.abs(data["train"][field][0] - coarse).max() > 1e-3


def test_only_what_is_asked_for_is_stored() -> None:
    save = {"fields": ["v"], "times": [0.05], "inputs": False, "points": {"x": 8, "y": 16}}
    data = make(case_of(Path("a"), FLOW, save=save), "out")
    assert data["train"]["v"].shape == (5, 1, 8, 16)
    assert data["train"].times == [0.05]
    assert data["train"]["v"].dtype == np.float32
    assert list(data["train"].fields) == ["v"]


class Impatient:
    """Stops a data set after some progress."""

    def __init__(self, looks: int) -> None:
        self.looks = looks

    def progress(self, done: float, message: str) -> None:
        self.looks -= 1

    def message(self, text: str) -> None:
        """Ignore."""

    def stop_requested(self) -> bool:
        return self.looks < 0


def test_an_interrupted_data_set_goes_on_to_the_same() -> None:
    file = case_of(Path("a"), save=DOUBLE, batch=2)
    whole = make(file, "whole")
    with pytest.raises(Interrupted):
        make(file, "out", observer=Impatient(5))
    kept = sorted(Path("out/parts").glob("*.h5"))
    assert kept
    with pytest.raises(ResultFileError, match="not finished; go on with --resume"):
        load("out")
    with pytest.raises(ResultFileError, match="holds another case"):
        make(file, "out", {"seed": 3}, resume=True)
    before = [load_checkpoint(path)[1] for path in kept]
    assert same(whole, make(file, "out", {"batch": 3}, resume=True))
    assert not Path("out/parts").exists()
    assert before[0]["numbers"] == [0, 1]
    with pytest.raises(ResultFileError, match="finished; nothing to resume"):
        make(file, "out", resume=True)


def test_a_killed_data_set_goes_on_to_the_same() -> None:
    flow = {**FLOW, "solver": {"steps": 3000}}
    file = case_of(Path("a"), flow, samples={"train": 12}, batch=2)
    command = [sys.executable, "-m", "pdekit", "run", str(file), "--out", "out", "--quiet"]
    process = subprocess.Popen([*command, "--set", "workers=2"])
    while not list(Path("out/parts").glob("*.h5")):
        assert process.poll() is None
        time.sleep(0.01)
    process.kill()
    process.wait()
    assert len(list(Path("out/parts").glob("*.h5"))) < 6
    assert same(make(file, "whole"), make(file, "out", resume=True))


def test_a_damaged_part_is_not_taken_for_samples() -> None:
    file = case_of(Path("a"), batch=2)
    with pytest.raises(Interrupted):
        make(file, "out", observer=Impatient(5))
    part = min(Path("out/parts").glob("*.h5"))
    part.write_bytes(part.read_bytes()[:-300])
    with pytest.raises(ResultFileError, match=part.name):
        make(file, "out", resume=True)


def test_a_sample_that_is_not_resolved_is_named_with_its_seed() -> None:
    problem = {**PROBLEM, "solver": {**PROBLEM["solver"], "abort_tail": 1e-4}}
    with pytest.raises(SamplesFailed, match="no longer resolved") as failure:
        make(case_of(Path("a"), problem), "out")
    number = int(str(failure.value).split()[1])
    assert str(sample_seed(0, "train", number)) in str(failure.value)
    assert not list(Path("out").rglob("*.hdf5"))


def test_a_sample_that_blows_up_is_found_among_the_others() -> None:
    wild = {"random_field": {"alpha": 2, "tau": 1, "amplitude": 400.0}}
    problem = {**PROBLEM, "initial": wild}
    with pytest.raises(SamplesFailed, match=r"sample \d of train \(seed \d+\)"):
        make(case_of(Path("a"), problem, save={"times": [0.5]}), "out")


def test_the_estimate_of_the_error_falls_with_points_and_steps() -> None:
    """Fast with the points, and where these suffice at order 4 with the steps."""

    def error(points: int, steps: int) -> float:
        changes = {"domain.x.points": points, "solver.steps": steps}
        case = case_of(Path("a"), data_error=1, set=changes, save={"points": 16})
        data = make(case, f"{points}-{steps}")
        return float(data["train"].header.facts["data_error"][-1])

    assert error(32, 20) > 10 * error(64, 20) > 0
    assert 8 < error(192, 4) / error(192, 8) < 32


def test_the_error_of_a_medium_falls_with_the_points() -> None:
    def error(points: int) -> float:
        changes = {"domain.x.points": points, "domain.y.points": points}
        smooth = {"random_field": {"kind": "lognormal", "alpha": 4, "tau": 3}}
        problem = {**DARCY, "equation": {**DARCY["equation"], "coefficient": smooth}}
        case = case_of(Path("a"), problem, data_error=2, set=changes, save={"points": 7})
        return float(make(case, str(points))["train"].header.facts["data_error"][0])

    assert error(15) > 3 * error(31) > 0


# -- coarsening ------------------------------------------------------------------------


def test_cutting_modes_is_exact_for_what_the_coarse_grid_holds() -> None:
    fine, coarse = (Grid.periodic((n, n), (0.0, 1.0)) for n in (48, 20))
    rng = np.random.default_rng(0)
    amplitude = rng.standard_normal((10, 10))

    def at(grid: Grid, highest: int) -> Any:
        x, y = (2 * np.pi * p for p in grid.points())
        return sum(
            amplitude[j, m] * np.cos(j * x + m * y + j + m)
            for j in range(highest)
            for m in range(highest)
        )

    cut = Coarsening(fine, coarse, stride=False)
    assert np.abs(cut(at(fine, 10)) - at(coarse, 10)).max() < 1e-11
    x, _ = fine.points()
    above = np.cos(2 * np.pi * 13 * x) + np.zeros(fine.shape)
    assert np.abs(cut(above)).max() < 1e-13  # a stride would alias it onto mode 7


@pytest.mark.parametrize(
    ("kind", "centring", "fine", "coarse"),
    [("dirichlet", "vertex", 419, 83), ("neumann", "vertex", 421, 85),
     ("neumann", "cell", 45, 15), ("periodic", "vertex", 64, 16)],
)  # fmt: skip
def test_strides_take_points_that_both_have(
    kind: Any, centring: Any, fine: int, coarse: int
) -> None:
    grids = [Grid((Axis("x", n, 0.0, 2.0, kind, centring),)) for n in (fine, coarse)]
    taken = Coarsening(*grids, stride=True)(grids[0].points()[0])
    assert np.abs(taken - grids[1].points()[0]).max() < 1e-14


def test_strides_between_other_points_are_refused() -> None:
    grids = [Grid((Axis("x", n, 0.0, 1.0, "dirichlet"),)) for n in (83, 40)]
    with pytest.raises(GridError, match=r"possible are 83, 41, 27, 20, 13"):
        Coarsening(*grids, stride=True)
