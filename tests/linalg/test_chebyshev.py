"""Chebyshev collocation against exact solutions and its own matrix."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pdekit.errors import PdekitError, ShapeError
from pdekit.grid import Axis, Grid
from pdekit.linalg.chebyshev import ChebyshevOperator


def test_chebyshev_converges_geometrically_with_data_on_the_walls():
    errors = []
    for n in (8, 12, 16, 24):
        grid = Grid((Axis("x", n, -1, 1, "chebyshev"),))
        (x,) = grid.points()
        exact = np.exp(x) * np.cos(2 * x)
        slope = np.exp(x) * (np.cos(2 * x) - 2 * np.sin(2 * x))
        second = np.exp(x) * (-3 * np.cos(2 * x) - 4 * np.sin(2 * x))
        operator = ChebyshevOperator(grid, lambda x: 2 + x, 1.0)
        f = -(2 + x) * second - slope + exact
        walls = {("x", "lower"): exact[0], ("x", "upper"): exact[-1]}
        solution = operator.solve(operator.right_hand_side(f, walls))
        assert solution.converged
        errors.append(abs(solution.x - exact).max())
    assert errors[0] < 2e-2
    assert errors[1] < 1e-3 * errors[0]
    assert errors[3] < 1e-12


def test_torsion_of_a_square_by_chebyshev():  # M3
    grid = Grid(tuple(Axis(name, 25, 0, 1, "chebyshev") for name in "xy"))
    operator = ChebyshevOperator(grid)
    solution = operator.solve(operator.right_hand_side(1.0))
    assert solution.x[12, 12] == pytest.approx(0.0736713532815138, abs=1e-8)
    assert grid.mean(solution.x) == pytest.approx(0.0351442537387884, abs=1e-7)


def test_chebyshev_with_a_periodic_axis():
    grid = Grid((Axis("x", 12, 0, 2 * np.pi), Axis("y", 14, 0, 1, "chebyshev")))
    x, y = grid.points()
    exact = np.sin(x) * np.exp(y) + y
    operator = ChebyshevOperator(grid, 1.0, 2.0)
    walls = {("y", "lower"): exact[:, 0], ("y", "upper"): exact[:, -1]}
    b = operator.right_hand_side(2 * exact, walls)
    solution = operator.solve(b)
    assert abs(solution.x - exact).max() < 1e-11


def test_chebyshev_says_that_it_is_not_symmetric(rng):
    grid = Grid((Axis("x", 9, 0, 1, "chebyshev"),))
    operator = ChebyshevOperator(grid)
    matrix = operator.tocsr().toarray()
    assert not operator.symmetric
    assert not operator.positive_definite
    assert abs(matrix - matrix.T).max() > 1
    x, b = rng.standard_normal((2, 9))
    np.testing.assert_allclose(matrix @ x, operator.apply(x), atol=1e-10)
    np.testing.assert_allclose(np.diag(matrix), operator.diagonal())
    np.testing.assert_allclose(operator.residual(b, x), b - operator.apply(x))
    zero = operator.solve(np.zeros(9))
    assert zero.converged
    assert not zero.x.any()
    assert math.isclose(operator.apply(x)[0], x[0])


def test_refused():
    grid = Grid((Axis("x", 8, 0, 1, "dirichlet"),))
    with pytest.raises(PdekitError, match="Chebyshev and periodic axes"):
        ChebyshevOperator(grid)
    chebyshev = Grid((Axis("x", 8, 0, 1, "chebyshev"),))
    with pytest.raises(PdekitError, match="positive and finite"):
        ChebyshevOperator(chebyshev, 0.0)
    operator = ChebyshevOperator(chebyshev)
    with pytest.raises(ShapeError):
        operator.solve(np.ones(7))
    with pytest.raises(PdekitError, match="finite"):
        operator.solve(np.full(8, np.nan))
    with pytest.raises(PdekitError, match="there is no wall"):
        operator.right_hand_side(1.0, {("y", "lower"): 1.0})
    large = ChebyshevOperator(chebyshev.resize(5000))
    with pytest.raises(PdekitError, match="more than 4096 unknowns"):
        large.solve(np.ones(5000))
