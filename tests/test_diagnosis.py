"""What is said of a run that blows up, before it and after."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import pdekit
from pdekit.dealiasing import unlimited_waves
from pdekit.diagnosis import products
from pdekit.engine._rhs import RightHandSide
from pdekit.errors import CaseError
from pdekit.grid import Grid
from pdekit.solvers.spectral.navier_stokes_2d import NavierStokes2D
from pdekit.spectral import two_thirds

KS: dict[str, Any] = {
    "equation": "kuramoto_sivashinsky",
    "domain": {"x": {"interval": [0, "32*pi"], "points": 48}},
    "initial": {"state": "kassam_trefethen"},
    "time": {"end": 200, "save": 41},
    "solver": {"integrator": "etdrk4", "step": 0.05, "dealias": {"exp": {}}},
}
SQUARE = {"interval": [0, "2*pi"], "points": 32}


def solved(case: dict[str, Any], **changes: Any) -> Any:
    return pdekit.solve({**case, **changes}, raise_on_failure=False).summary


def line(equation: Any, initial: Any = "sin(x)", **changes: Any) -> dict[str, Any]:
    case = {
        "equation": equation,
        "domain": {"x": SQUARE},
        "initial": initial,
        "time": {"end": 2, "save": 5},
        "solver": {"integrator": "etdrk4", "steps": 200},
    }
    return {**case, **changes}


def test_waves_that_grow_unhindered_are_announced_and_explain_the_end() -> None:
    # k = m/16 grows for m < 16; the filter leaves exp(-36 (15/16)^36) = 3 % of N at m = 15
    found = solved(KS)
    (warning,) = [w for w in found["warnings"] if "grow at rates" in w]
    assert "|m| = 15 along x of 48 points (at least 55 are needed)" in warning
    assert f"up to {(15 / 16) ** 2 - (15 / 16) ** 4:.3g}" in warning
    assert found["status"] == "diverged"
    assert "the grid did not resolve it" in found["message"]


@pytest.mark.parametrize(
    ("points", "dealias"), [(55, {"exp": {}}), (48, "two_thirds"), (48, "none")]
)
def test_waves_that_n_limits_or_that_are_cut_off_are_not(points: int, dealias: Any) -> None:
    domain = {"x": {"interval": [0, "32*pi"], "points": points}}
    solver = {**KS["solver"], "dealias": dealias}
    found = solved(KS, domain=domain, solver=solver, time={"end": 0.1, "save": 2})
    assert not [w for w in found["warnings"] if "grow at rates" in w]


def test_a_sharp_mask_of_complex_fields_leaves_growing_waves_alone() -> None:
    # 1 - k^2 > 0 for k = m/16 < 1, and N keeps |m| < 32/3 only
    grid = Grid.periodic(32, (0.0, 32 * np.pi))
    linear = 1 - grid.k_squared()[None]
    (warning,) = unlimited_waves(linear, two_thirds(grid), grid, real=False)
    assert "|m| = 11 to 15 along x" in warning
    assert f"up to {1 - (11 / 16) ** 2:.3g}" in warning
    assert not unlimited_waves(linear - 1, two_thirds(grid), grid, real=False)


@pytest.mark.parametrize(
    ("source", "key"),
    [("sin(x)*sqrt(1-t)", "equation.source"),
     ({"u": "sin(x)*sqrt(1-t)"}, "equation.source.u")],
)  # fmt: skip
def test_a_source_that_ends_is_named(source: Any, key: str) -> None:
    message = solved(line({"name": "burgers", "viscosity": 0.1, "source": source}))
    assert f"{key}: the formula 'sin(x)*sqrt(1-t)' is not finite at t = 1.005" in str(
        message
    )
    assert "smaller" not in message["message"]


@pytest.mark.parametrize("source", ["1/(x-pi)", "1/t"])
def test_a_source_without_a_value_at_the_start_is_refused(source: str) -> None:
    with pytest.raises(CaseError, match="source: the formula") as caught:
        solved(line({"name": "burgers", "viscosity": 0.1, "source": source}))
    assert "is not finite" in str(caught.value)


def test_a_nonlinear_formula_without_a_value_is_named_with_its_place() -> None:
    # sqrt(u) ends where u = cos(x) - t does not stay positive
    equation = {"fields": ["u"], "linear": {"u": "0*u"}, "nonlinear": {"u": "sqrt(u) - 1"}}
    message = solved(line(equation, "1 + 1.5*cos(x)"))["message"]
    first = np.argmax(1 + 1.5 * np.cos(2 * np.pi * np.arange(32) / 32) < 0)
    assert f"at x = {2 * np.pi * first / 32:.6g}" in message
    assert "nonlinear term" in message
    assert "smaller" not in message


def test_a_long_step_of_a_resolved_run_is_still_to_blame() -> None:
    case = line({"name": "kdv"}, "100*sin(x)", solver={"integrator": "etdrk4", "steps": 20})
    message = solved(case)["message"]
    assert "try a step smaller than 0.1" in message


def test_products_are_those_of_the_equation() -> None:
    grid = Grid.periodic((32, 32), (0.0, 2 * np.pi))
    x, y = grid.points()
    flow = NavierStokes2D(viscosity=0.1)
    psi = np.sin(x) * np.cos(2 * y)  # omega = 5 psi, u = psi_y, v = -psi_x
    found = products(RightHandSide(flow, grid), 5 * psi[None], {})
    u, v = -2 * np.sin(x) * np.sin(2 * y), -np.cos(x) * np.cos(2 * y)
    wanted = {"uv": u * v, "uw": 5 * u * psi, "vw": 5 * v * psi, "vv-uu": v * v - u * u}
    for value in found:
        assert any(
            np.allclose(value, sign * part, atol=1e-12)
            for part in wanted.values()
            for sign in (1, -1)
        )
