"""Boundary-value problems from a case to a result: every boundary, solver and file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import xarray

import pdekit
from pdekit.case import BoundaryCase, load_case
from pdekit.cli import main
from pdekit.errors import NotConverged
from pdekit.files.writer import read_result
from pdekit.observer import Silent
from pdekit.run import solve
from pdekit.steady.folder import run_into

SINE: dict[str, Any] = {
    "equation": "poisson",
    "domain": {
        "x": {"interval": [0, 1], "points": 31},
        "y": {"interval": [0, 1], "points": 31},
    },
    "manufactured": "sin(pi*x)*sin(2*pi*y)",
    "outputs": {"figures": "none"},
}
CG = {"name": "krylov", "method": "cg", "preconditioner": "jacobi"}
VARIABLE = {"name": "poisson", "coefficient": "1 + 0.5*x*y"}


def case_of(**changes: Any) -> dict[str, Any]:
    merged = {**SINE, **changes}
    return {key: value for key, value in merged.items() if value is not None}


def discrete_error(n: int) -> float:
    """Relative error of second differences for sin(πx) sin(2πy), an eigenvector of both."""
    h = 1 / (n + 1)
    discrete = sum(4 / h**2 * np.sin(m * np.pi * h / 2) ** 2 for m in (1, 2))
    return float(5 * np.pi**2 / discrete - 1)


@pytest.mark.parametrize(
    "solver",
    ["auto", "direct", CG, {"name": "krylov"}, "multigrid",
     {"name": "krylov", "method": "fgmres", "preconditioner": "ssor"},
     {"name": "krylov", "method": "minres", "preconditioner": "none"},
     {"name": "krylov", "method": "flexible_cg", "preconditioner": "direct"},
     {"name": "krylov", "method": "bicgstab", "preconditioner": "ic"},
     {"name": "krylov", "method": "safe_fcg", "preconditioner": "mic"}],
)  # fmt: skip
def test_every_solver_finds_the_solution_of_the_differences(solver: Any) -> None:
    result = solve(case_of(solver=solver))
    assert result.status == "ok"
    assert result.errors["relative_l2"] == pytest.approx(discrete_error(31), rel=1e-6)
    assert result.summary["convergence"]["relative_residual"] <= 1e-10
    assert result.summary["cost"]["linear_solve_s"] > 0


def test_the_spectral_solver_is_exact_for_a_mode() -> None:
    assert solve(case_of(solver="spectral")).errors["relative_l2"] < 1e-14


def test_without_a_reference_the_error_is_estimated_well() -> None:
    source = "5*pi**2*sin(pi*x)*sin(2*pi*y)"
    result = solve(case_of(manufactured=None, source=source))
    errors = result.errors
    assert errors["space_error_estimate"] == pytest.approx(discrete_error(31), rel=0.05)
    assert errors["error_estimate"] >= errors["space_error_estimate"]
    assert "Richardson on two coarser grids, observed order 2." in errors["estimator"]


def test_the_algebraic_error_is_bounded_by_the_residual() -> None:
    """An eigenvector: the bound ‖r‖/(λ‖u‖) is attained by the error in its direction."""
    loose = case_of(solver={**CG, "rtol": 1e-3}, equation=VARIABLE)
    tight = case_of(solver={**CG, "rtol": 1e-12}, equation=VARIABLE)
    u, v = (solve(case).fields["u"][0] for case in (loose, tight))
    bound = solve(loose).errors["algebraic_error_bound"]
    error = np.linalg.norm(u - v) / np.linalg.norm(u)
    assert 0 < error <= bound < 1e4 * error


def test_source_may_stand_beside_the_equation_or_in_it() -> None:
    text = "exp(x)*y"
    beside = solve(case_of(manufactured=None, source=text))
    inside = solve(case_of(manufactured=None, equation={"name": "poisson", "source": text}))
    np.testing.assert_array_equal(beside.fields["u"], inside.fields["u"])


def test_wall_data_of_a_harmonic_polynomial_are_reproduced() -> None:
    """Second differences are exact for x² − y² + 3xy."""
    axis = {"interval": [0, 1], "points": 15}
    result = solve(
        {
            "equation": "poisson",
            "domain": {"x": axis, "y": {**axis, "boundary": "neumann_dirichlet"}},
            "boundary": {
                "x": {"lower": "-y**2", "upper": "1 - y**2 + 3*y"},
                "y": {"lower": "-3*x", "upper": "x**2 - 1 + 3*x"},
            },
            "reference": "x**2 - y**2 + 3*x*y",
            "outputs": {"figures": "none"},
        }
    )
    assert result.errors["linf"] < 1e-13


def test_parameters_are_used_in_every_formula() -> None:
    given = case_of(
        parameters={"a": 2.0, "b": 3.0},
        equation={"name": "poisson", "coefficient": "1 + a*x**2", "reaction": "b"},
        manufactured="sin(a*x + b*y)",
        solver=CG,
    )
    assert solve(given).errors["relative_l2"] < 2e-3


# -- fields that are no formula --------------------------------------------------------


def test_blocks_are_blocks_and_stored() -> None:
    coefficient = {"blocks": {"size": 8, "contrast": 100.0, "seed": 1}}
    result = solve(
        case_of(
            equation={"name": "poisson", "coefficient": coefficient},
            manufactured=None,
            source="1",
            solver=CG,
        )
    )
    k = result.fields["coefficient"][0]
    assert set(np.unique(k)) == {1.0, 100.0}
    for i in range(0, 31, 8):
        for j in range(0, 31, 8):
            assert len(np.unique(k[i : i + 8, j : j + 8])) == 1


def test_a_random_medium_is_the_same_function_on_every_grid() -> None:
    law = {"random_field": {"kind": "lognormal", "alpha": 6, "tau": 3, "seed": 4}}
    fields = [
        solve(
            {
                "equation": {"name": "poisson", "coefficient": law, "source": "1"},
                "domain": {
                    "x": {"interval": [0, 1], "points": n},
                    "y": {"interval": [0, 1], "points": n + 2, "boundary": "neumann"},
                },
                "outputs": {"figures": "none"},
                "solver": CG,
            }
        ).fields["coefficient"][0]
        for n in (31, 63)
    ]
    coarse, fine = fields[0], fields[1][1::2, ::2]
    assert np.abs(np.log(fine / coarse)).max() < 1e-3
    assert np.std(np.log(coarse)) > 0.1


def test_a_binary_medium_has_two_values() -> None:
    law = {"random_field": {"kind": "binary", "values": [3, 12], "seed": 0}}
    result = solve(
        case_of(
            equation={"name": "poisson", "coefficient": law, "source": "1"},
            manufactured=None,
            solver=CG,
        )
    )
    assert set(np.unique(result.fields["coefficient"])) == {3.0, 12.0}


def test_a_coefficient_is_read_from_a_file(tmp_path: Path) -> None:
    x = np.arange(1, 32) / 32
    np.save(tmp_path / "k.npy", 1 + x[:, None] * x)
    case = tmp_path / "case.yaml"
    read = case_of(
        equation={"name": "poisson", "coefficient": {"file": "k.npy"}, "source": "1"},
        manufactured=None,
        solver=CG,
    )
    case.write_text(json.dumps(read))
    formula = case_of(
        equation={"name": "poisson", "coefficient": "1 + x*y", "source": "1"},
        manufactured=None,
        solver=CG,
    )
    u, v = solve(case).fields["u"], solve(formula).fields["u"]
    assert np.abs(u - v).max() < 3e-3 * np.abs(v).max()  # harmonic means, or middles
    result, folder, _ = run_into(load_case(case), tmp_path / "out")
    again = load_case(folder / "case.yaml")
    np.testing.assert_array_equal(solve(again).fields["u"], result.fields["u"])


# -- singular problems -----------------------------------------------------------------

NEUMANN = {
    "x": {"interval": [0, 1], "points": 33, "boundary": "neumann"},
    "y": {"interval": [0, 1], "points": 33, "boundary": "neumann"},
}


@pytest.mark.parametrize("solver", ["auto", CG, {"name": "krylov"}, "multigrid"])
def test_a_singular_solution_has_the_mean_zero(solver: Any) -> None:
    result = solve(
        case_of(domain=NEUMANN, manufactured="7 + cos(pi*x)*cos(2*pi*y)", solver=solver)
    )
    assert abs(float(result.grid.mean(result.fields["u"][0]))) < 1e-15
    assert result.errors["relative_l2"] < 1e-2
    assert result.summary["convergence"]["events"]


def test_unbalanced_data_are_balanced_on_request() -> None:
    given = case_of(domain=NEUMANN, manufactured=None, source="1 + cos(pi*x)")
    result = solve(given, {"solver.project": True})
    (x, _) = result.grid.points()
    expected = np.cos(np.pi * x) / np.pi**2 + 0 * result.fields["u"][0]
    assert np.abs(result.fields["u"][0] - expected).max() < 1e-3


# -- masks -----------------------------------------------------------------------------


def test_outside_a_mask_there_is_no_solution() -> None:
    result = solve(
        {
            "equation": {"name": "poisson", "source": "1"},
            "domain": {
                "x": {"interval": [0, 1], "points": 31},
                "y": {"interval": [0, 1], "points": 31},
            },
            "mask": "0.5 - x - 1e-9",
            "outputs": {"figures": "none"},
        }
    )
    u, inside = result.fields["u"][0], result.grid.points()[0] < 0.5 - 1e-9
    assert (np.isnan(u) == ~(inside & np.ones_like(u, dtype=bool))).all()
    half = solve(
        {
            "equation": {"name": "poisson", "source": "1"},
            "domain": {
                "x": {"interval": [0, 0.5], "points": 15},
                "y": {"interval": [0, 1], "points": 31},
            },
            "outputs": {"figures": "none"},
        }
    ).fields["u"][0]
    np.testing.assert_allclose(u[:15], half, rtol=1e-8)


# -- the end of a run ------------------------------------------------------------------


def write(path: Path, **changes: Any) -> str:
    path.write_text(json.dumps(case_of(**changes)))
    return str(path)


def test_exit_statuses(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    good = write(tmp_path / "good.yaml", checks={"relative_l2": {"below": 1e-1}})
    fails = write(tmp_path / "fails.yaml", checks={"relative_l2": {"below": 1e-9}})
    wrong = write(tmp_path / "wrong.yaml", equation={"name": "poisson", "coefficient": -1})
    slow = write(tmp_path / "slow.yaml", solver={**CG, "maxiter": 3}, equation=VARIABLE)
    statuses = [
        main(["run", case, "--out", str(tmp_path / f"out{i}"), "--quiet"])
        for i, case in enumerate((good, fails, wrong, slow))
    ]
    assert statuses == [0, 1, 2, 3]
    assert not (tmp_path / "out2").exists()
    assert "wrong.yaml" in capfd.readouterr().err
    kept = read_result(tmp_path / "out3")
    assert kept.status == "not_converged"
    assert np.isfinite(kept.fields["u"]).all()
    assert kept.fields["u"].any()
    message = kept.summary["message"]
    assert "after 3 iterations, the tolerance is 1e-10 (maxiter)" in message
    assert "the last iterate is kept" in message


def test_a_solver_that_fails_raises_in_a_program() -> None:
    given = case_of(solver={**CG, "maxiter": 2}, equation=VARIABLE)
    with pytest.raises(NotConverged, match="relative residual"):
        solve(given)
    assert solve(given, raise_on_failure=False).status == "not_converged"


def test_json_is_the_summary(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    case = write(tmp_path / "case.yaml", solver=CG, equation=VARIABLE)
    assert main(["run", case, "--json", "--out", str(tmp_path / "out")]) == 0
    summary = json.loads(capfd.readouterr().out)
    assert summary == json.loads((tmp_path / "out" / "summary.json").read_text())
    told = summary["convergence"]
    assert told["relative_residual"] <= told["tolerance"] == 1e-10
    assert told["iterations"] == summary["cost"]["iterations"] > 10
    assert told["matvecs"] >= told["iterations"]
    assert 0 < told["convergence_factor"] < 1


def test_the_result_opens_in_xarray(tmp_path: Path) -> None:
    result, folder, _ = run_into(
        load_case(case_of(solver=CG, equation=VARIABLE)), tmp_path / "out"
    )
    with xarray.open_dataset(folder / "result.h5", engine="h5netcdf") as data:
        assert data["u"].dims == ("t", "x", "y")
        assert data["coefficient"].dims == ("t", "x", "y")
        assert data["x"].attrs["boundary"] == "dirichlet"
        np.testing.assert_array_equal(data["u"], result.fields["u"])
    with h5py.File(folder / "result.h5") as file:
        history = file["diagnostics/residual_history"][0]
        assert history[0] == 1.0
        assert history[-1] <= 1e-10
        np.testing.assert_array_equal(file["reference/u"], result.reference["u"])
    again = read_result(folder)
    assert again.summary["convergence"] == result.summary["convergence"]
    assert again.to_xarray()["u"].shape == (1, 31, 31)


def test_a_written_case_gives_the_same_answer(tmp_path: Path) -> None:
    result, folder, _ = run_into(
        load_case(case_of(solver="auto", equation=VARIABLE)), tmp_path / "out"
    )
    case = load_case(folder / "case.yaml")
    assert isinstance(case, BoundaryCase)
    np.testing.assert_array_equal(solve(case).fields["u"], result.fields["u"])


class Stops(Silent):
    """An observer that asks to stop after so many questions."""

    def __init__(self, after: int) -> None:
        self.left = after

    def stop_requested(self) -> bool:
        self.left -= 1
        return self.left < 0


def test_an_interrupted_solution_goes_on_from_its_iterate(tmp_path: Path) -> None:
    case = load_case(case_of(solver=CG, equation=VARIABLE))
    result, folder, failure = run_into(case, tmp_path / "out", observer=Stops(20))
    assert result.status == "interrupted"
    assert failure is not None
    assert (folder / "checkpoint.h5").exists()
    resumed, same, _ = run_into(case, folder, resume=True)
    assert same == folder
    assert resumed.status == "ok"
    assert not (folder / "checkpoint.h5").exists()
    whole = solve(case)
    np.testing.assert_allclose(resumed.fields["u"], whole.fields["u"], atol=1e-8)
    first = resumed.diagnostics["residual_history"][0, 0]
    assert first < 1.0  # it did not begin with zero


def test_a_finished_run_is_not_resumed(tmp_path: Path) -> None:
    case = write(tmp_path / "case.yaml")
    out = str(tmp_path / "out")
    assert main(["run", case, "--out", out, "--quiet"]) == 0
    assert main(["run", case, "--out", out, "--resume", "--quiet"]) == 2


def test_figures_are_drawn_again_from_the_file(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    drawn = {"equation": VARIABLE, "outputs": {"figures": "all"}}
    case = write(tmp_path / "case.yaml", solver=CG, **drawn)
    out = tmp_path / "out"
    assert main(["run", case, "--out", str(out), "--quiet"]) == 0
    assert {p.stem for p in (out / "figures").iterdir()} == {"solution", "residuals"}
    capfd.readouterr()
    assert main(["plot", str(out), "--out", str(tmp_path / "again")]) == 0
    assert len(capfd.readouterr().out.split()) == 2


def test_the_library_solves_cases() -> None:
    result = pdekit.solve("poisson/dirichlet", {"domain.x.points": 31})
    assert result.grid.shape == (31, 127)
    assert result.summary["solver"]["chosen_because"].startswith("constant coefficients")


def test_threads_and_precision_are_what_they_say() -> None:
    assert solve(case_of(run={"threads": 2})).summary["solver"]["threads"] == 2
