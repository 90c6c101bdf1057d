"""Polynomials between walls: spectral accuracy whatever the data."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from pdekit import load_case
from pdekit.errors import PdekitError
from pdekit.grid import Axis, Grid
from pdekit.linalg.chebyshev import ChebyshevOperator
from pdekit.linalg.legendre import LegendreSolver
from pdekit.observer import Silent
from pdekit.steady.run import BoundaryRun
from pdekit.typing import Array

WALLS = ("dirichlet", "neumann", "dirichlet_neumann", "neumann_dirichlet")


def solved(boundary: str, other: str, n: int, reaction: str = "0.7") -> Array:
    """Errors of  u = e^x cos(2x + 3y),  or of a period in y, over its largest value."""
    periodic = other == "periodic"
    case = {
        "equation": {"name": "poisson", "reaction": reaction},
        "domain": {
            "x": {"interval": [0, 1.5], "points": n, "boundary": boundary},
            "y": {"interval": [-1, 1], "points": n, "boundary": other},
        },
        "manufactured": "exp(x)*cos(2*x)" + ("*exp(cos(pi*y))" if periodic else "*exp(y)"),
        "solver": "spectral",
    }
    run = BoundaryRun(load_case(case), Silent())
    result = run.execute()
    assert isinstance(run.system.tool, LegendreSolver)
    assert result.summary["solver"]["chosen_because"].startswith("in polynomials")
    assert result.summary["convergence"]["relative_residual"] < 1e-13
    u, exact = result.fields["u"][0], result.reference["u"]
    return np.asarray(abs(u - exact) / abs(exact).max())


@pytest.mark.parametrize(("boundary", "other"), [*product(WALLS, (*WALLS, "periodic"))])
def test_the_error_falls_to_rounding(boundary: str, other: str) -> None:
    reaction = "0" if "dirichlet" in boundary + other else "0.7"
    coarse, fine = (solved(boundary, other, n, reaction).max() for n in (9, 25))
    assert coarse > 1e-8
    assert fine < 2e-11


def test_singular_problem_has_a_balanced_solution() -> None:
    assert solved("neumann", "neumann", 25, "0").max() < 2e-11
    grid = Grid((Axis("x", 16, 0.0, 1.0, "neumann"),))
    solver = LegendreSolver(grid)
    with pytest.raises(PdekitError, match="do not balance"):
        solver.solve_field(1.0)
    found = solver.solve_field(1.0, project=True)
    np.testing.assert_allclose(found.x, 0.0, atol=1e-14)


def test_polynomials_are_exact_and_agree_with_collocation() -> None:
    """−∇·(k∇u) + c u  for a polynomial of three coordinates; independent code for k = 1."""
    axes = [
        Axis(name, 8, 0.0, length, "dirichlet")
        for name, length in zip("xyz", (1, 2, 3), strict=True)
    ]
    solver = LegendreSolver(Grid(tuple(axes)), (1.0, 2.0, 3.0), 0.5)
    x, y, z = solver.nodes.points()
    u = x**3 * y**2 * z + x - z
    f = -(6 * x * y**2 * z) - 2 * (2 * x**3 * z) + 0.5 * u
    ends = {("x", 0): u[:1], ("x", 1): u[-1:], ("y", 0): u[:, :1], ("y", 1): u[:, -1:],
            ("z", 0): u[..., :1], ("z", 1): u[..., -1:]}  # fmt: skip
    walls = {(name, ("lower", "upper")[end]): g for (name, end), g in ends.items()}
    found = solver.solve_field(f, walls)
    np.testing.assert_allclose(found.x, u, atol=1e-12)

    plane = [Axis(axis.name, 20, 0.0, axis.upper, "dirichlet") for axis in axes[:2]]
    solver = LegendreSolver(Grid(tuple(plane)))
    x, y = solver.nodes.points()
    op = ChebyshevOperator(solver.nodes)
    f = np.broadcast_to(x * (1 - x) * y * (2 - y) * np.exp(x), op.shape)
    theirs = op.solve(
        op.right_hand_side(f)
    ).x  # f vanishes in the corners: u is smooth there
    np.testing.assert_allclose(solver.solve_field(f).x, theirs, atol=1e-8 * theirs.max())


def test_a_resonance_is_refused() -> None:
    grid = Grid((Axis("x", 24, 0.0, 1.0, "dirichlet"),))
    with pytest.raises(PdekitError, match="resonance"):
        LegendreSolver(grid, 1.0, -((3 * np.pi) ** 2))


def test_a_uniform_load_is_as_good_as_its_corners_allow() -> None:
    """−Δu = 1 on the unit square: the centre is 0.0736713532815138 (series)."""
    axis = {"interval": [0, 1], "points": 31}
    case = {
        "equation": {"name": "poisson", "source": "1"},
        "domain": {"x": axis, "y": axis},
        "solver": "spectral",
    }
    result = BoundaryRun(load_case(case), Silent()).execute()
    centre = result.fields["u"][0][15, 15]
    assert centre == pytest.approx(0.0736713532815138, rel=1e-8)
    assert result.summary["errors"]["error_estimate"] < 1e-7


def test_two_equations_in_a_row() -> None:
    axis = {"interval": [0, 1], "points": 25}
    case = {
        "equation": "biharmonic",
        "domain": {"x": axis, "y": axis},
        "manufactured": "exp(x)*cos(2*x + 3*y)",
        "solver": "spectral",
    }
    result = BoundaryRun(load_case(case), Silent()).execute()
    assert result.summary["errors"]["relative_l2"] < 1e-12


def test_data_that_contradict_each_other_are_told() -> None:
    grid = Grid((Axis("x", 9, 0.0, 1.0, "dirichlet"), Axis("y", 9, 0.0, 1.0, "dirichlet")))
    found = LegendreSolver(grid).solve_field(0.0, {("x", "lower"): 1.0})
    assert any("where these meet" in sentence for _, sentence in found.events)
