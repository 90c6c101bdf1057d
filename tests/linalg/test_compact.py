"""The compact scheme, and data on the walls in every order, against exact solutions."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from pdekit.errors import PdekitError
from pdekit.grid import Axis, Grid
from pdekit.linalg.compact import CompactStencil
from pdekit.linalg.direct import DirectSolver

LENGTHS, K = (1.0, 1.3, 0.8), (1.0, 2.0, 0.5)
EXTRA = {"dirichlet": -1, "neumann": 1}  # points of a vertex-centred axis of n cells


def box(boundaries, n, centring="vertex"):
    return Grid(
        tuple(
            Axis(name, n + EXTRA.get(b, 0) * (centring == "vertex"), 0, length, b, centring)
            for name, length, b in zip("xyz", LENGTHS, boundaries, strict=False)
        )
    )


def factor(boundary, length, m):
    """A function along an axis that suits no series but the periodic one; derivative m."""
    if boundary == "periodic":
        w = 2 * np.pi / length
        return lambda x: 2.0 * (m == 0) + w**m * np.cos(w * x + 0.5 + m * np.pi / 2)
    return lambda x: 1.2**m * np.exp(1.2 * x) + 2.0**m * np.sin(2 * x + m * np.pi / 2)


def derivative(boundaries, points, along=0, m=0):
    total = 1.0
    for d, (b, length, x) in enumerate(zip(boundaries, LENGTHS, points, strict=False)):
        total = total * factor(b, length, m if d == along else 0)(x)
    return total


def wall_data(grid, boundaries):
    """u on Dirichlet walls, k ∂u/∂n on Neumann walls."""
    walls = {}
    for d, boundary in enumerate(boundaries):
        for end, kind in zip((0, 1), boundary.split("_") * 2, strict=False):
            if kind == "periodic":
                continue
            points = list(grid.points())
            points[d] = np.full((1,) * (grid.ndim - d), end * LENGTHS[d])
            if kind == "dirichlet":
                value = derivative(boundaries, points)
            else:
                value = (2 * end - 1) * K[d] * derivative(boundaries, points, d, 1)
            walls["xyz"[d], ("lower", "upper")[end]] = value
    return walls


def error(boundaries, n, order, c, centring="vertex"):
    grid = box(boundaries, n, centring)
    points = grid.points()
    exact = derivative(boundaries, points)
    f = c * exact
    for d in range(grid.ndim):
        f = f - K[d] * derivative(boundaries, points, d, 2)
    solver = DirectSolver(grid, K[: grid.ndim], c, order, reproducible=True)
    solution = solver.solve_field(f, wall_data(grid, boundaries), project=solver.singular)
    assert solution.converged
    if solver.singular:
        exact = exact - grid.mean(exact)
        solution.x -= grid.mean(solution.x)
    return abs(solution.x - exact).max()


def observed_order(*arguments, sizes=(32, 64), **options):
    e = [error(arguments[0], n, *arguments[1:], **options) for n in sizes]
    return math.log(e[0] / e[1]) / math.log(sizes[1] / sizes[0])


BOXES = [
    ("dirichlet",),
    ("neumann",),
    ("dirichlet_neumann",),
    ("neumann_dirichlet",),
    ("dirichlet", "dirichlet"),
    ("dirichlet", "periodic"),
    ("periodic", "periodic"),
    ("neumann", "neumann"),
    ("neumann", "dirichlet_neumann"),
    ("neumann_dirichlet", "dirichlet"),
]
SOLIDS = [
    ("dirichlet",) * 3,
    ("dirichlet", "neumann", "periodic"),
    ("dirichlet_neumann", "dirichlet", "neumann"),
]


@pytest.mark.parametrize("c", [0.0, 0.9])
@pytest.mark.parametrize("boundaries", BOXES, ids=".".join)
def test_order_four_with_data_on_the_walls(boundaries, c):  # M2
    assert observed_order(boundaries, 4, c) == pytest.approx(4.0, abs=0.2)


@pytest.mark.parametrize("boundaries", SOLIDS, ids=".".join)
def test_order_four_in_three_dimensions(boundaries):
    rate = observed_order(boundaries, 4, 0.4, sizes=(24, 40))
    assert rate == pytest.approx(4.0, abs=0.2)


@pytest.mark.parametrize("centring", ["vertex", "cell"])
@pytest.mark.parametrize("order", [2, "spectral"])
@pytest.mark.parametrize("boundaries", BOXES + SOLIDS, ids=".".join)
def test_order_two_with_data_on_the_walls(boundaries, order, centring):
    sizes = (64, 128) if len(boundaries) < 3 else (48, 96)
    if order == "spectral" and set(boundaries) == {"periodic"}:
        assert error(boundaries, 16, order, 0.9, centring) < 1e-13
        return
    rate = observed_order(boundaries, order, 0.9, sizes=sizes, centring=centring)
    # towards edges a logarithm stands beside h², of a series more than of differences
    assert (1.85 if order == 2 else 1.65) < rate < 2.15


def test_a_cosine_series_takes_fluxes_that_balance_the_source():
    # u = x² − 1/3,  −u″ = −2,  u′(1) = 2
    for centring, n in (("vertex", 9), ("cell", 8)):
        grid = Grid((Axis("x", n, 0, 1, "neumann", centring), Axis("y", 4, 0, 1)))
        x, y = grid.points()
        solver = DirectSolver(grid, order="spectral", reproducible=True)
        solution = solver.solve_field(-2.0, {("x", "upper"): 2.0 + 0 * y})
        exact = x**2 + 0 * y
        assert abs(solution.x - (exact - grid.mean(exact))).max() < 1e-13


def test_a_sine_series_lifts_what_it_cannot_hold():
    # harmonic functions with data on all walls, no source
    for centring, n in itertools.product(("vertex", "cell"), (9, 32)):
        grid = box(("dirichlet", "dirichlet"), n, centring)
        x, y = grid.points()
        length = LENGTHS[1]
        walls = {
            ("x", "lower"): 0.0 * y,
            ("x", "upper"): y,
            ("y", "lower"): (0.0 * x).ravel(),
            ("y", "upper"): (length * x).ravel(),
        }
        solver = DirectSolver(grid, order="spectral", reproducible=True)
        assert abs(solver.solve_field(0.0, walls).x - x * y).max() < 1e-13
        one = {(name, side): 1.0 for name in "xy" for side in ("lower", "upper")}
        assert abs(solver.solve_field(0.0, one).x - 1).max() < 1e-13


@pytest.mark.parametrize("ends", [("dirichlet",), ("neumann",), ("neumann_dirichlet",)])
@pytest.mark.parametrize("c", [0.0, 1e-9, 2.0, 1e6, -3.0])
def test_data_of_one_wall_without_a_source(ends, c):
    """The exact solution is a combination of exponentials, or a polynomial."""
    grid = box(ends, 24)
    solver = DirectSolver(grid, 2.0, c, "spectral", reproducible=True)
    if solver.singular:
        return
    (x,) = grid.points()
    m = np.sqrt(complex(c) / 2)
    far_neumann = ends == ("neumann",)
    got = solver.solve_field(0.0, {("x", "upper"): 0.7}).x
    if ends == ("dirichlet",):
        scale = 1.0 if c == 0 else None
        exact = 0.7 * x if scale else (0.7 * _ratio(np.sinh, np.sinh, m, x)).real
    elif far_neumann:
        exact = (0.35 / m * _ratio(np.cosh, np.sinh, m, x)).real
    else:
        exact = 0.7 + 0 * x if c == 0 else (0.7 * _ratio(np.cosh, np.cosh, m, x)).real
    np.testing.assert_allclose(got, exact, rtol=1e-7, atol=1e-12)


def _ratio(above, below, m, x):
    if abs(m) > 100:  # both overflow; what is left is the decay from the wall
        with np.errstate(under="ignore"):
            return np.exp(-m * (1 - x))
    return above(m * x) / below(m)


# --- the operator itself ------------------------------------------------------------------


@pytest.mark.parametrize("boundaries", BOXES + SOLIDS, ids=".".join)
def test_matrix_is_symmetric_and_what_is_applied(boundaries, rng):
    grid = box(boundaries, 5)
    for c in (0.0, 1.3):
        operator = CompactStencil(grid, K[: grid.ndim], c)
        x = rng.standard_normal(grid.shape)
        matrix = operator.tocsr()
        assert abs(matrix - matrix.T).max() < 1e-12 * abs(matrix).max()
        np.testing.assert_allclose(matrix @ x.ravel(), operator.apply(x).ravel(), atol=1e-9)
        np.testing.assert_allclose(matrix.diagonal(), operator.diagonal().ravel())
        b = rng.standard_normal(grid.shape)
        np.testing.assert_allclose(operator.residual(b, x), b - operator.apply(x))
        lowest = np.linalg.eigvalsh(matrix.toarray())[0]
        assert (lowest > 1e-9) == operator.positive_definite
        for null in operator.nullspace:
            assert abs(operator.apply(null)).max() < 1e-10


def test_nine_points_have_the_classical_weights():
    # (1, 4, 1; 4, −20, 4; 1, 4, 1)/6h² and (1; 1, 8, 1; 1)/12 of Collatz
    grid = Grid(tuple(Axis(name, 7, 0, 8, "dirichlet") for name in "xy"))
    operator = CompactStencil(grid, (1.0, 1.0))
    delta = np.zeros((7, 7))
    delta[3, 3] = 1.0
    weights = -6 * operator.apply(delta)[2:5, 2:5]
    np.testing.assert_allclose(weights, [[1, 4, 1], [4, -20, 4], [1, 4, 1]], atol=1e-14)
    smoothed = 12 * operator.right_hand_side(delta)[2:5, 2:5]
    np.testing.assert_allclose(smoothed, [[0, 1, 0], [1, 8, 1], [0, 1, 0]], atol=1e-13)


def test_polynomials_of_degree_three_are_exact():
    grid = box(("dirichlet", "neumann_dirichlet"), 8)
    x, y = grid.points()
    u = 1 + x - 2 * y + x * y * y - x**3 + 0.5 * x * x * y
    f = -K[0] * (-6 * x + y) - K[1] * (2 * x)
    walls = {
        ("x", "lower"): 1 - 2 * y,
        ("x", "upper"): 1 - 2 * y + y * y + 0.5 * y,
        ("y", "lower"): (-K[1] * (-2 + 0.5 * x * x)).ravel(),
        ("y", "upper"): (1 + x - 2.6 + 1.69 * x - x**3 + 0.65 * x * x).ravel(),
    }
    got = DirectSolver(grid, K[:2], order=4).solve_field(f, walls).x
    assert abs(got - u).max() < 1e-13


def test_refused():
    grid = box(("dirichlet",), 8)
    with pytest.raises(PdekitError, match="not finite"):
        CompactStencil(grid, (1.0,)).right_hand_side(1.0, {("x", "upper"): np.nan})
    with pytest.raises(PdekitError, match="equidistant"):
        CompactStencil(Grid((Axis("x", 9, 0, 1, "chebyshev"),)), (1.0,))
