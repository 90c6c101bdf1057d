"""Cases with observations: what is found from them, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pdekit.case import load_case
from pdekit.errors import CaseError
from pdekit.observer import Silent
from pdekit.plots import figures
from pdekit.result import Result
from pdekit.run import prepared, solve
from pdekit.steady import boundary_run
from pdekit.store import run_into

BOX = {"interval": [0, 1], "points": 17, "boundary": "open"}
LINE: dict[str, Any] = {
    "equation": {"name": "poisson", "coefficient": "1 + x"},
    "domain": {"x": {**BOX, "points": 41}},
    "manufactured": "sin(5*x) + x**2",
    "source": "unknown",
    "observations": {"points": 80, "noise": 0.02, "seed": 0},
    "solver": "gp",
}


def case(**changes: Any) -> dict[str, Any]:
    """Return the case with sections replaced, or left out where None."""
    return {key: value for key, value in {**LINE, **changes}.items() if value is not None}


def solved(**changes: Any) -> Result:
    return solve(load_case(case(**changes)))


# -- what is found -------------------------------------------------------------------------


def test_a_source_is_found_with_its_deviation() -> None:
    result = solved()
    assert list(result.fields) == ["u", "u_deviation", "source", "source_deviation"]
    errors, told = result.errors, result.summary["solver"]
    assert errors["relative_l2"] < 0.02
    for key in ("mean_squared_z", "source_mean_squared_z"):
        assert 0.3 < errors[key] < 3
    assert 0.5 < told["noise_ratio"] < 2
    assert 0.5 < told["leave_one_out"] < 2
    x = np.linspace(0, 1, 41)
    exact = 25 * (1 + x) * np.sin(5 * x) - 5 * np.cos(5 * x) - 2 * (1 + x) - 2 * x
    assert result.reference is not None
    np.testing.assert_allclose(result.reference["source"], exact, atol=1e-9)


def test_deviations_are_right_on_the_average_of_many_data() -> None:
    """Of u and of the source, over twelve sets of observations."""
    found = [
        solved(observations={**LINE["observations"], "seed": seed}).errors
        for seed in range(12)
    ]
    assert np.mean([errors["source_relative_l2"] for errors in found]) < 0.2
    for key in ("mean_squared_z", "source_mean_squared_z"):
        assert 0.6 < np.mean([errors[key] for errors in found]) < 1.6


def test_the_equation_fills_the_gap() -> None:
    """Sensors in the left half only; the wall on the right is told nothing of."""
    here: dict[str, Any] = {
        "domain": {"x": {**BOX, "points": 41, "boundary": "dirichlet_open"}},
        "observations": {"points": 30, "noise": 0.02, "where": "0.5 - x"},
    }
    with_equation, without = solved(source=None, **here), solved(**here)
    assert list(with_equation.fields) == ["u", "u_deviation"]
    assert with_equation.errors["relative_l2"] < 0.1 * without.errors["relative_l2"]
    assert with_equation.errors["relative_l2"] < 0.02
    seen = with_equation.summary["solver"]["observations"]
    assert len(seen["x"]) == 30
    assert max(seen["x"]) < 0.5
    assert without.fields["u_deviation"][0, -1] > 10 * without.fields["u_deviation"][0, 10]


def test_exact_observations_on_walls_solve_the_problem() -> None:
    """Given nothing but exact values, u is that of the equation."""
    result = solved(
        source=None,
        equation="poisson",
        manufactured="exp(x)*sin(2*x)",
        observations={"points": 6, "noise": 0.0, "learn": False},
    )
    assert result.errors["relative_l2"] < 1e-6
    assert not result.summary["warnings"]


def test_a_field_that_moves_in_time_is_found_without_its_start() -> None:
    """Neither the start nor the right-hand side is known; a formula only compares."""
    result = solved(
        equation={"name": "heat", "diffusivity": "0.1"},
        domain={"x": {**BOX, "boundary": "dirichlet"}},
        manufactured=None,
        reference="sin(pi*x)*exp(-t)",
        time={"end": 1, "save": 6},
        observations={"points": 100, "noise": 0.02},
    )
    assert result.fields["source"].shape == (6, 17)
    assert result.errors["relative_l2_max"] < 0.05
    t, x = np.linspace(0, 1, 6)[:, None], np.linspace(0, 1, 17)
    source = (0.1 * np.pi**2 - 1) * np.sin(np.pi * x) * np.exp(-t)
    z = (result.fields["source"] - source) / result.fields["source_deviation"]
    assert np.mean(z**2) < 3


def test_three_axes_and_a_periodic_one() -> None:
    result = solved(
        equation="poisson",
        domain={
            "x": {**BOX, "points": 9},
            "y": {**BOX, "points": 8, "boundary": "periodic"},
            "z": {**BOX, "points": 9},
        },
        manufactured="cos(2*pi*y)*(x + z**2)",
        observations={"points": 200, "noise": 0.01, "kernel": "squared_exponential"},
    )
    assert result.errors["relative_l2"] < 0.03
    assert result.errors["source_relative_l2"] < 0.1
    assert 0.5 < result.summary["solver"]["noise_ratio"] < 2
    assert not figures(result, "observations")


def test_an_equation_on_many_nodes_is_thinned_and_says_so() -> None:
    domain = {axis: {**BOX, "points": 61} for axis in "xy"}
    run = boundary_run(
        load_case(case(domain=domain, source=None, equation="poisson")), Silent()
    )
    assert [w for w in run.warnings if "not at all 61 x 61" in w]


def test_a_kernel_can_be_asked_for() -> None:
    for kernel in ("matern", "squared_exponential"):
        observations = {**LINE["observations"], "kernel": kernel}
        told = solved(observations=observations).summary["solver"]
        assert told["kernel"] == kernel
        assert told["jitter"] < 1e-10


# -- files ---------------------------------------------------------------------------------


def written(path: Path, seen: dict[str, list[float]], columns: str = "x,u") -> Path:
    names = columns.split(",")
    rows = zip(*(seen[name] for name in names), strict=True)
    lines = [columns, "# thermometers", "", *(",".join(map(repr, row)) for row in rows)]
    path.write_text("\r\n".join(lines))
    return path


@pytest.mark.parametrize("columns", ["x,u", "u,x"])
def test_observations_in_a_file_are_those_drawn(columns: str, tmp_path: Path) -> None:
    drawn = solved()
    file = written(tmp_path / "data.csv", drawn.summary["solver"]["observations"], columns)
    read = solved(observations={"file": str(file)})
    for name, values in drawn.fields.items():
        np.testing.assert_allclose(read.fields[name], values, rtol=1e-9)


def test_wrong_noise_is_noticed(tmp_path: Path) -> None:
    seen = solved(observations={"points": 80, "noise": 0.2}).summary["solver"]
    file = written(tmp_path / "data.csv", seen["observations"])
    result = solved(observations={"file": str(file), "noise": 2.0})
    (warning,) = result.summary["warnings"]
    assert "deviations are too large" in warning
    assert result.summary["solver"]["leave_one_out"] < 0.5


def test_a_run_keeps_its_observations_and_can_be_run_again(tmp_path: Path) -> None:
    file = written(tmp_path / "data.csv", solved().summary["solver"]["observations"])
    (tmp_path / "case.yaml").write_text(
        load_case(case(observations={"file": str(file)}, outputs={"figures": "none"}))
        .to_yaml()
        .replace(str(file), "data.csv")
    )
    first, folder, _ = run_into(load_case(tmp_path / "case.yaml"), tmp_path / "out")
    assert (folder / "inputs" / "observations.csv").read_bytes() == file.read_bytes()
    again = solve(load_case(folder / "case.yaml"))
    np.testing.assert_array_equal(again.fields["source"], first.fields["source"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "data.csv: is empty"),
        ("x,u\n", "case.yaml:6:22: observations.file: must give 4 to 4000 observations"),
        ("x,v\n0,1\n", "data.csv:1:3: unknown column 'v'"),
        ("x\n0\n", "data.csv:1:1: the header lacks u; it reads x,u"),
        ("x,u,u\n", "data.csv:1:5: column u stands here a second time"),
        ("x,u\n0.1,2\n0.2,two\n", "data.csv:3:5: column u: must be a number (got 'two')"),
        ("x,u\n0.1,\n", "data.csv:2:5: column u: must be a number (got '')"),
        ("x,u\n0.1,inf\n", "data.csv:2:5: column u: must be finite"),
        ("x,u\n0.1\n", "data.csv:2:1: must have 2 columns (got 1)"),
        ("x,u\n# no\n\n 1.5 ,2\n", "data.csv:4:1: column x: must lie in the box, [0, 1]"),
        ("x,u\n" + "0.5,1\n" * 4, "has points more than once (3)"),
        ("x,u\n" + "0.5,1\n" * 4001, "must give 4 to 4000 observations here (got 4001)"),
        ("x,u\n\xff", "data.csv: cannot be read"),
    ],
)
def test_a_file_that_is_wrong_is_refused(
    text: str, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("data.csv").write_bytes(text.encode("latin-1"))
    Path("case.yaml").write_text(
        "equation: poisson\n"
        "domain:\n"
        "  x: {interval: [0, 1], points: 41, boundary: open}\n"
        "source: unknown\n"
        "solver: gp\n"
        "observations: {file: data.csv, noise: 0}\n"
    )
    with pytest.raises(CaseError) as refused:
        prepared(load_case("case.yaml"), Silent())
    assert expected in str(refused.value)


# -- what is refused -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"solver": "direct"}, "observations: are for the solver gp (got 'direct')"),
        ({"solver": "gp_hm"}, "observations: are for the solver gp (got 'gp_hm')"),
        ({"solver": {"name": "gp", "rtol": 1e-3}}, "solver.rtol: is not used with"),
        ({"solver": {"name": "gp", "basis": "mixture"}}, "solver.basis: is not used with"),
        ({"observations": None}, "source: needs `observations`"),
        ({"observations": {"file": "no.csv"}}, "observations.file: no such file"),
        ({"observations": {"noise": 1}}, "must be a mapping with one of file, points"),
        ({"observations": {"points": 9, "noise": -1}}, "noise: must be at least 0"),
        ({"observations": {"points": 9, "kernel": "rbf"}}, "kernel: must be one of auto"),
        ({"observations": {"points": 3}}, "points: must give 4 to 4000 observations"),
        ({"observations": {"points": 5000}}, "points: must give 4 to 4000 observations"),
        ({"observations": {"points": 9, "where": "q"}}, "where: unknown name 'q'"),
        (
            {"observations": {"points": 9, "where": "-x"}},
            "where: is positive at hardly any",
        ),
        ({"manufactured": None}, "points: are drawn from `manufactured`, or from"),
        (
            {"manufactured": None, "reference": {"refine": 2}},
            "reference: must be a formula",
        ),
        ({"equation": "steady_allen_cahn"}, "observations: need a linear equation"),
        ({"mask": "x - 0.5"}, "mask"),
        ({"boundary": {"x": {"lower": "1"}}}, "boundary.x.lower: the axis is open there"),
    ],
)
def test_a_case_that_is_wrong_is_refused(changes: dict[str, Any], expected: str) -> None:
    with pytest.raises(CaseError) as refused:
        prepared(load_case(case(**changes)), Silent())
    assert expected in str(refused.value)


def test_observations_alone_choose_the_process() -> None:
    assert load_case(case(solver=None)).solver.name == "gp"
    assert boundary_run(load_case(case(solver=None)), Silent()).singular is False


# -- figures -------------------------------------------------------------------------------


def test_data_are_drawn_on_what_they_say() -> None:
    drawn = figures(solved(), "observations")["observations"]
    of_u, of_source = drawn.axes
    marks = [line for line in of_u.lines if line.get_label() == "observed"]
    assert len(marks[0].get_xdata()) == 80
    assert not [line for line in of_source.lines if line.get_label() == "observed"]
    assert [line.get_label() for line in of_source.lines] == ["mean", "reference"]


def test_data_are_marked_on_maps() -> None:
    plane = {axis: {**BOX, "points": 9} for axis in "xy"}
    rod = {"x": {**BOX, "points": 9}}
    in_time: dict[str, Any] = {
        "equation": "heat", "domain": rod, "time": {"end": 1, "save": 5},
    }  # fmt: skip
    observations = {"points": 40, "noise": 0.02, "kernel": "squared_exponential"}
    for changes in ({"equation": "poisson", "domain": plane}, in_time):
        result = solved(**changes, observations=observations)
        drawn = figures(result, "observations")["observations"]
        maps = [ax for ax in drawn.axes if ax.images]
        assert len(maps) == 4
        (on_u,) = [c for c in maps[0].collections if len(c.get_offsets()) == 40]
        assert on_u.get_clim() == maps[0].images[0].get_clim()
        assert len(maps[1].lines[0].get_xdata()) == 40
        assert not maps[2].lines
