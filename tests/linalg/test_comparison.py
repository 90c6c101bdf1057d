"""The table of all solvers of linear systems."""

from __future__ import annotations

import numpy as np
import pytest

from pdekit.linalg.choice import METHODS, PRECONDITIONERS
from pdekit.validation.benchmarks.linear_systems import COEFFICIENTS, problem, solvers


@pytest.mark.parametrize("name", COEFFICIENTS)
def test_every_solver_is_in_the_table_and_solves(name: str) -> None:
    pytest.importorskip("pyamg")
    given = problem(name, 15)
    found = {each: call() for each, call in solvers(given, 1e-10)}
    assert {f"{m}, {P}" for m in METHODS[2:] for P in PRECONDITIONERS} <= found.keys()
    spectral = found.pop("spectral", None)
    assert (spectral is None) == (name == "blocks")
    expected = found["cg, multigrid"].x
    for each, solution in found.items():
        assert solution.converged, each
        np.testing.assert_allclose(solution.x, expected, atol=1e-7, err_msg=each)


@pytest.mark.parametrize("name", ["constant", "smooth"])
def test_differences_are_of_second_order_and_series_exact(name: str) -> None:
    errors: dict[str, list[float]] = {"cg, direct": [], "spectral": []}
    for n in (31, 63):
        given = problem(name, n)
        for each, call in solvers(given, 1e-13):
            if each in errors:
                errors[each].append(float(np.abs(call().x - given.exact).max()))
    coarse, fine = errors["cg, direct"]
    assert np.log2(coarse / fine) == pytest.approx(2, abs=0.1)
    assert errors["spectral"][1] < 1e-11
