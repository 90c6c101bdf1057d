"""Operators by the derivatives of series against exact solutions and dense matrices."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from pdekit.errors import PdekitError
from pdekit.grid import Axis, Grid
from pdekit.linalg.direct import DirectSolver
from pdekit.linalg.spectral import (
    SpectralOperator,
    derivative,
    staggered,
)

BOUNDARIES = (
    "periodic",
    "dirichlet",
    "neumann",
    "dirichlet_neumann",
    "neumann_dirichlet",
)
KINDS = list(itertools.product(BOUNDARIES, ("vertex", "cell")))


def line(kind, n, length=1.5):
    return Axis("x", n, -0.5, length - 0.5, *kind)


def mode(kind):
    return np.sin if kind[0].startswith("dirichlet") else np.cos


@pytest.mark.parametrize("n", [2, 3, 6, 7])
@pytest.mark.parametrize("kind", KINDS, ids="-".join)
def test_modes_are_differentiated_halfway_between_the_points(kind, n):
    axis = line(kind, n)
    between = staggered(axis)
    x, z = axis.points() - axis.lower, between.points() - axis.lower
    faces = np.union1d(np.round(x, 12), np.round(z, 12))
    np.testing.assert_allclose(np.diff(faces), axis.spacing / 2, rtol=1e-9)
    for kappa in axis.wavenumbers(real=True):
        function, slope = (
            mode(kind),
            np.cos if mode(kind) is np.sin else lambda t: -np.sin(t),
        )
        got = derivative(function(kappa * x), 0, axis, between)
        np.testing.assert_allclose(got, kappa * slope(kappa * z), atol=1e-12 * (1 + kappa))


@pytest.mark.parametrize("kind", KINDS, ids="-".join)
def test_the_way_back_is_the_transpose(kind, rng):
    axis = line(kind, 6)
    between = staggered(axis)
    u, v = rng.standard_normal(axis.n), rng.standard_normal(between.n)
    forth = np.vdot(v * between.weights(), derivative(u, 0, axis, between))
    back = np.vdot(u * axis.weights(), derivative(v, 0, between, axis))
    assert forth == pytest.approx(-back, rel=1e-12)
    assert staggered(between) == axis


@pytest.mark.parametrize("kinds", list(itertools.product(KINDS, repeat=2))[::7], ids=str)
def test_variable_operators_are_symmetric_and_positive(kinds, rng):
    grid = Grid((line(kinds[0], 5), Axis("y", 6, 0, 2, *kinds[1])))
    for c in (0.0, lambda x, y: 1 + x * x + 0 * y):
        operator = SpectralOperator(grid, lambda x, y: 2 + np.sin(3 * x + y), c)
        matrix = operator.tocsr()
        assert operator.symmetric
        assert abs(matrix - matrix.T).max() < 1e-12 * abs(matrix).max()
        lowest = np.linalg.eigvalsh(matrix.toarray())[0]
        assert (lowest > 1e-3) == operator.positive_definite
        assert len(operator.nullspace) == 1 - operator.positive_definite
        for null in operator.nullspace:
            assert abs(operator.apply(null)).max() < 1e-11
        np.testing.assert_allclose(matrix.diagonal(), operator.diagonal().ravel())
        x, b = rng.standard_normal((2, *grid.shape))
        np.testing.assert_allclose(operator.residual(b, x), b - operator.apply(x))


def test_variable_coefficients_are_solved_with_spectral_accuracy(scipy_cg):
    # −∇·(k∇u) + u = f,  periodic in x, sines in y; the mean coefficient preconditions
    errors, iterations = [], []
    for n in (12, 18, 24, 36):
        grid = Grid((Axis("x", n, 0, 2 * np.pi), Axis("y", n - 1, 0, np.pi, "dirichlet")))
        x, y = grid.points()
        exact = np.exp(np.sin(x)) * np.sin(y)
        ux, uxx = np.cos(x) * exact, (np.cos(x) ** 2 - np.sin(x)) * exact
        uy = np.exp(np.sin(x)) * np.cos(y)

        def k(x, y):
            return 2 + np.sin(x) * np.cos(2 * y)

        kx, ky = np.cos(x) * np.cos(2 * y), -2 * np.sin(x) * np.sin(2 * y)
        f = -k(x, y) * (uxx - exact) - kx * ux - ky * uy + exact
        operator = SpectralOperator(grid, k, 1.0)
        solver = DirectSolver(grid, 2.0, 1.0, "spectral", reproducible=True)
        got, count = scipy_cg(operator, operator.right_hand_side(f), solver, 1e-12)
        errors.append(abs(got - exact).max())
        iterations.append(count)
    assert errors[0] < 1e-4
    assert errors[1] < 1e-3 * errors[0]
    assert errors[3] < 1e-11
    assert max(iterations) <= 28  # contrast 3: (√3 − 1)/(√3 + 1) = 0.27 per iteration
    assert max(iterations) - min(iterations) <= 4


def test_neumann_walls_and_cells_with_variable_coefficients(scipy_cg):
    for centring, n in (("vertex", 25), ("cell", 24)):
        grid = Grid((Axis("x", n, 0, np.pi, "neumann", centring),))
        (x,) = grid.points()
        exact = np.exp(np.cos(x))
        slope = -np.sin(x) * exact
        k, k1 = 2 + np.cos(x), -np.sin(x)
        f = -k * (np.sin(x) ** 2 - np.cos(x)) * exact - k1 * slope + exact
        operator = SpectralOperator(grid, lambda x: 2 + np.cos(x), 1.0)
        solver = DirectSolver(grid, 2.0, 1.0, "spectral", reproducible=True)
        got, _ = scipy_cg(operator, operator.right_hand_side(f), solver, 1e-12)
        assert abs(got - exact).max() < 1e-11


def test_values_of_k_on_a_periodic_grid():
    grid = Grid.periodic((16, 12), ((0, 2 * np.pi), (0, 1)))
    x, y = grid.points()
    k = 2 + np.sin(x) * np.cos(2 * np.pi * y)
    u = np.cos(x + 2 * np.pi * y)
    by_values = SpectralOperator(grid, k)
    by_function = SpectralOperator(grid, lambda x, y: 2 + np.sin(x) * np.cos(2 * np.pi * y))
    np.testing.assert_allclose(by_values.apply(u), by_function.apply(u), atol=1e-11)
    flux = [k * grid.derivative(u, d) for d in range(2)]
    expected = -sum(grid.derivative(flux[d], d) for d in range(2))
    np.testing.assert_allclose(by_values.apply(u), expected, atol=1e-10)


def test_refused():
    grid = Grid((Axis("x", 8, 0, 1, "dirichlet"),))
    with pytest.raises(PdekitError, match="as a function of the coordinates"):
        SpectralOperator(grid, np.ones(8))
    with pytest.raises(PdekitError, match="positive and finite"):
        SpectralOperator(grid, lambda x: x - 0.5)
    with pytest.raises(PdekitError, match="reaction must be finite"):
        SpectralOperator(grid, 1.0, np.nan)
    with pytest.raises(PdekitError, match="equidistant"):
        SpectralOperator(Grid((Axis("x", 8, 0, 1, "chebyshev"),)))


def test_a_single_cell_between_neumann_walls_has_no_flux():
    grid = Grid((Axis("x", 1, 0, 1, "neumann", "cell"), Axis("y", 6, 0, 1, "dirichlet")))
    solver = DirectSolver(grid, order="spectral", reproducible=True)
    y = grid.points()[1]
    exact = np.sin(np.pi * y) + np.zeros(grid.shape)
    assert abs(solver.solve_field(np.pi**2 * exact).x - exact).max() < 1e-14
