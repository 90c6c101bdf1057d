"""Cases given to a Gaussian process: every boundary, refusals, references, honesty."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pdekit.case import load_case
from pdekit.errors import CaseError, NotConverged
from pdekit.files.writer import read_result
from pdekit.observer import Silent
from pdekit.result import Result
from pdekit.run import solve
from pdekit.steady import boundary_run
from pdekit.steady.folder import run_into

T = {"end": 1, "save": 3}


def axis(n: int = 31, boundary: str = "dirichlet", **more: Any) -> dict[str, Any]:
    return {"interval": [0, 1], "points": n, "boundary": boundary, **more}


def case(**changes: Any) -> dict[str, Any]:
    plain = {
        "equation": "poisson", "domain": {"x": axis()}, "solver": "gp",
        "outputs": {"figures": "none"},
    }  # fmt: skip
    return {**plain, **changes}


def refusal(**changes: Any) -> str:
    with pytest.raises(CaseError) as caught:
        solve(case(**changes))
    return str(caught.value)


def within(result: Result, bound: float) -> None:
    """The error is small, and no more than a few deviations and their rounding."""
    error = result.errors["relative_l2"]
    assert error < bound
    assert error < 3 * result.errors["posterior_deviation"]


# -- every boundary, dimension, coefficient, equation ----------------------------------


@pytest.mark.parametrize(
    "boundary", ["dirichlet", "neumann", "dirichlet_neumann", "neumann_dirichlet"]
)
@pytest.mark.parametrize("centring", ["vertex", "cell"])
def test_every_wall_on_a_line(boundary: str, centring: str) -> None:
    x = axis(31, boundary, centring=centring)
    within(solve(case(domain={"x": x}, manufactured="exp(x)*sin(3*x)")), 1e-11)


def test_every_wall_in_the_plane() -> None:
    coefficient = {"x": "1 + x*y", "y": "exp(x - y)"}
    domain = {"x": axis(24), "y": axis(24, "dirichlet_neumann")}
    equation = {"name": "poisson", "coefficient": coefficient, "reaction": "x"}
    within(
        solve(case(equation=equation, domain=domain, manufactured="sin(3*x)*exp(y)")), 1e-11
    )


def test_three_axes_of_three_kinds() -> None:
    domain = {"x": axis(12), "y": axis(12, "neumann_dirichlet"), "z": axis(16, "periodic")}
    u = "sin(2*x)*exp(y)*cos(2*pi*z)"
    within(solve(case(domain=domain, manufactured=u)), 1e-6)


def test_three_axes_and_time() -> None:
    domain = {name: axis(6) for name in "xyz"}
    given = case(
        equation={"name": "heat", "diffusivity": "0.1"}, domain=domain, time=T,
        manufactured="exp(-t)*x*y*z**2", solver={"name": "gp", "time_points": 12},
    )  # fmt: skip
    within(solve(given), 1e-6)


def test_a_start_that_is_not_zero_and_a_coefficient_that_varies() -> None:
    given = case(
        equation={"name": "heat", "diffusivity": "1 + x"}, time={**T, "start": -1},
        manufactured="exp(-t)*sin(x)",
    )  # fmt: skip
    result = solve(given)
    assert result.errors["relative_l2_max"] < 1e-10
    np.testing.assert_allclose(result.times, [-1, 0, 1])


def test_singular_problems_are_known_up_to_a_constant() -> None:
    """The measures are of what is left without it: ⟨z²⟩ too."""
    domain = {"x": axis(24, "neumann"), "y": axis(24, "neumann")}
    result = solve(case(domain=domain, manufactured="sin(2*x)*y + 5"))
    within(result, 1e-11)
    assert result.errors["mean_squared_z"] < 10
    assert float(result.grid.mean(result.fields["u"][0])) == pytest.approx(0, abs=1e-13)


def test_flux_walls_take_the_flux_of_the_case() -> None:
    """k = 2 + x, u = x²: k u' is 0 at 0 and, out of the box, 6 at 1."""
    given = case(
        equation={"name": "poisson", "coefficient": "2 + x"},
        domain={"x": axis(15, "dirichlet_neumann")}, source="-4 - 4*x",
        boundary={"x": {"upper": "6"}}, reference="x**2",
    )  # fmt: skip
    within(solve(given), 1e-12)


@pytest.mark.parametrize("u", ["3", "1e12 + x", "1e-12*sin(3*x)"])
def test_constants_and_sizes_far_from_one(u: str) -> None:
    result = solve(case(manufactured=u))
    assert result.status == "ok"
    within(result, 1e-11)


def test_nothing_is_a_solution() -> None:
    result = solve(case(source="0"))
    assert np.all(result.fields["u"] == 0)
    assert np.all(np.isfinite(result.fields["u_deviation"]))


@pytest.mark.parametrize("n", [2, 3, 4, 6, 9])
def test_few_points_tell_how_few_they_are(n: int) -> None:
    try:
        result = solve(case(domain={"x": axis(n)}, manufactured="exp(x)*sin(3*x)"))
    except NotConverged:
        assert n < 4
        return
    assert result.errors["relative_l2"] < 3 * result.errors["posterior_deviation"]


# -- what no grid of nodes can tell ----------------------------------------------------


@pytest.mark.parametrize("k", ["1000", "1e5", "2*pi*4*50"])
def test_a_wave_above_nyquist_is_not_called_solved(k: str) -> None:
    with pytest.raises(NotConverged, match="between the nodes"):
        solve(case(domain={"x": axis(49)}, manufactured=f"sin(({k})*x) + x"))


def test_a_wave_above_nyquist_on_a_face_is_not_called_solved() -> None:
    """201 cycles on 50 intervals are one at the nodes, and Laplace's equation holds."""
    domain = {"x": axis(49), "y": axis(9)}
    with pytest.raises(NotConverged, match="between the nodes"):
        solve(case(domain=domain, boundary={"y": {"lower": "sin(2*pi*201*x)"}}))


def test_a_wave_above_nyquist_at_the_start_is_not_called_solved() -> None:
    equation = {"name": "heat", "diffusivity": "0.01"}
    with pytest.raises(NotConverged, match="between the nodes"):
        solve(case(equation=equation, domain={"x": axis(19)}, time=T,
                   initial="sin(2*pi*41*x)"))  # fmt: skip


def test_the_published_case_below_nyquist_is_not_called_solved() -> None:
    x = {"interval": [0, "2*pi"], "points": 198}
    with pytest.raises(NotConverged, match="use more points"):
        solve(case(domain={"x": x}, manufactured="sin(6*x)*cos(100*x)"))


def test_a_jump_in_the_source_is_not_called_solved() -> None:
    with pytest.raises(NotConverged, match="between the nodes"):
        solve(case(source="where(x > 0.5, 1, 0)"))


@pytest.mark.parametrize(
    ("equation", "boundary", "more"),
    [
        ("poisson", "dirichlet_open", {"source": "1"}),
        ("poisson", "open", {"source": "1"}),
        ({"name": "heat", "diffusivity": "1"}, "open_dirichlet",
         {"initial": "x", "time": T}),
        ({"name": "transport", "velocity": "-1"}, "dirichlet_open",
         {"initial": "sin(x)", "time": T}),
        ({"name": "helmholtz", "wavenumber": "pi"}, "dirichlet", {"source": "1"}),
    ],
)  # fmt: skip
def test_missing_data_and_resonances_are_told(
    equation: Any, boundary: str, more: dict[str, Any]
) -> None:
    with pytest.raises(NotConverged, match="do not determine"):
        solve(case(equation=equation, domain={"x": axis(31, boundary)}, **more))


def test_what_disagrees_in_a_corner_is_told() -> None:
    domain = {"x": axis(15), "y": axis(15)}
    given = load_case(case(domain=domain, boundary={"y": {"lower": "1"}}))
    run = boundary_run(given, Silent())
    assert sum("where the two meet" in text for text in run.warnings) == 2


# -- refusals --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"mask": "x - 0.5"}, "mask: cannot be had with gp"),
        ({"equation": {"name": "poisson", "coefficient": {"blocks": {"contrast": 9}}}},
         "equation.coefficient: must be a formula"),
        ({"equation": {"name": "poisson", "coefficient": "x - 0.5"}},
         "equation.coefficient: must be positive"),
        ({"equation": {"name": "poisson", "reaction": "-1"}},
         "equation.reaction: must be >= 0"),
        ({"solver": {"name": "gp", "cycle": "V"}}, "solver.cycle: unknown key"),
        ({"solver": {"name": "gp", "bases": "auto"}}, "did you mean 'basis'?"),
        ({"solver": {"name": "direct", "basis": "auto"}}, "solver.basis: unknown key"),
        ({"solver": {"name": "gp", "basis": "polytrigg"}}, "did you mean 'polytrig'?"),
        ({"solver": {"name": "gp", "rtol": 2}}, "solver.rtol: must be less than 1"),
        ({"solver": {"name": "gp", "time_points": 9}}, "is for equations in time"),
        ({"source": "1/(x - 0.5)"}, "source: the formula '1/(x - 0.5)' is not finite"),
        ({"domain": {"x": axis(31, "neumann")}}, "source: has no solution"),
        ({"domain": {"x": axis(32, "periodic")}, "source": None, "manufactured": "x"},
         "does not have the period of the axis x"),
        ({"domain": {"x": axis(3, "periodic")}}, "needs at least 4 nodes"),
        ({"run": {"precision": "single"}}, "run.precision: must be double"),
        ({"run": {"device": "cuda"}}, "run.device: must be auto or cpu for gp"),
        ({"run": {"members": 3}}, "run.members: must be 1"),
        ({"solver": "direct", "domain": {"x": axis(31, "open")}},
         "must have data at both ends for direct"),
        ({"domain": {"x": axis(31, "open_dirichlet")}, "boundary": {"x": {"lower": "1"}}},
         "the axis is open there"),
        ({"domain": {"x": axis(32, "periodic")}, "source": "sin(2*pi*x)",
          "solver": {"name": "gp", "basis": "learned"}}, "periodic axis"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(changes: dict[str, Any], text: str) -> None:
    given = {"source": "1", **changes}
    assert text in refusal(**{k: v for k, v in given.items() if v is not None})


@pytest.mark.parametrize(
    ("missing", "text"),
    [("initial", "initial: is required"), ("time", "time: is required")],
)
def test_equations_in_time_need_a_start_and_an_end(missing: str, text: str) -> None:
    given = {"equation": {"name": "heat", "diffusivity": "1"}, "initial": "x", "time": T}
    given.pop(missing)
    assert text in refusal(**given)


def test_a_random_start_is_refused() -> None:
    text = refusal(
        equation={"name": "heat", "diffusivity": "1"}, time=T,
        initial={"random_field": {"kind": "measure", "alpha": 2, "tau": 3}},
    )  # fmt: skip
    assert "initial" in text


@pytest.mark.parametrize(
    ("equation", "solver", "accepted"),
    [("biharmonic", "gp", "must be one of"), ("transport", "direct", "must be one of gp")],
)
def test_solvers_that_an_equation_does_not_have_are_refused(
    equation: str, solver: str, accepted: str
) -> None:
    assert accepted in refusal(
        equation=equation, solver=solver, domain={"x": axis(), "y": axis()}
    )


# -- references ------------------------------------------------------------------------


def test_differences_and_processes_are_references_of_each_other() -> None:
    """Both ways the distance is the error of second differences."""
    given = {"source": "exp(x)", "domain": {"x": axis(63)}}
    ways = [
        solve(case(**given, reference={"solver": "direct"})),
        solve(case(**given, solver="direct", reference={"solver": "gp"})),
    ]
    one, other = (result.errors["relative_l2"] for result in ways)
    assert one == pytest.approx(other, rel=1e-3)
    assert 1e-6 < one < 1e-4


def test_the_same_on_twice_the_nodes_is_a_reference() -> None:
    result = solve(case(source="exp(x)*sin(20*x)", reference={"refine": 2}))
    assert result.errors["relative_l2"] < 3 * result.errors["posterior_deviation"] + 1e-13


def test_without_a_reference_the_deviation_is_the_estimate() -> None:
    more = {"solver": {"name": "gp", "basis": "polytrig"}, "domain": {"x": axis(63)}}
    known = solve(case(manufactured="1/(1 + 30*(x - 0.4)**2)", **more))
    source = "-(60*(90*(x - 0.4)**2 - 1))/(1 + 30*(x - 0.4)**2)**3"
    ends = {"lower": "1/(1 + 30*0.4**2)", "upper": "1/(1 + 30*0.6**2)"}
    alone = solve(case(source=source, boundary={"x": ends}, **more))
    estimate = alone.errors["error_estimate"]
    assert alone.errors["estimator"] == "posterior deviation"
    assert estimate == pytest.approx(known.errors["posterior_deviation"], rel=1e-3)
    assert known.errors["relative_l2"] < 3 * estimate


# -- folders, interrupts ---------------------------------------------------------------


class Stopping(Silent):
    """Asks to stop after so many looks."""

    def __init__(self, looks: int) -> None:
        self.looks = looks

    def stop_requested(self) -> bool:
        self.looks -= 1
        return self.looks < 0


def test_an_interrupt_keeps_nothing_and_can_be_resumed(tmp_path: Path) -> None:
    given = load_case(case(manufactured="1/(1 + 400*(x - 0.5)**2)"))
    stopped, _, _ = run_into(given, tmp_path / "a", observer=Stopping(2))
    assert stopped.status == "interrupted"
    assert "stopped before the process was conditioned" in stopped.summary["message"]
    assert not len(stopped.times)
    again, _, _ = run_into(given, tmp_path / "a", resume=True)
    whole, _, _ = run_into(given, tmp_path / "b")
    np.testing.assert_array_equal(again.fields["u"], whole.fields["u"])


def test_the_folder_has_the_deviation_beside_the_mean(tmp_path: Path) -> None:
    result, _, _ = run_into(load_case(case(manufactured="sin(9*x)")), tmp_path / "run")
    stored = read_result(tmp_path / "run")
    for name in ("u", "u_deviation"):
        np.testing.assert_array_equal(stored.fields[name], result.fields[name])
    assert np.all(stored.fields["u_deviation"] > 0)


def test_what_is_not_called_solved_is_kept_with_its_deviation(tmp_path: Path) -> None:
    given = load_case(case(domain={"x": axis(49)}, manufactured="sin(1000*x)"))
    result, _, _ = run_into(given, tmp_path / "run")
    assert result.status == "not_converged"
    assert result.errors["relative_l2"] > 0.1
    assert result.errors["posterior_deviation"] > 0.1
