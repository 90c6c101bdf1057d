"""What boundary-value problems are made of: derivatives, transfers, media, bounds."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from pdekit.boundary_value import BlocksLaw, RandomCoefficientLaw
from pdekit.calculus import Smooth
from pdekit.case import load_case
from pdekit.case.boundary_case import BoundaryCase
from pdekit.errors import ExpressionError, PdekitError
from pdekit.grid import Axis, Grid
from pdekit.linalg.stencil import discretize
from pdekit.observer import Silent
from pdekit.run import prepared
from pdekit.solvers.exact import torsion
from pdekit.steady import checking, media
from pdekit.steady.grids import grid_of, nearest_good
from pdekit.steady.posing import Posed
from pdekit.transfer import moved, nearest, sampled

BOUNDARIES = ("dirichlet", "neumann", "periodic", "dirichlet_neumann", "neumann_dirichlet")


def grid_with(*boundaries: str, n: int = 24, centring: str = "vertex") -> Grid:
    axes = zip("xyz", boundaries, strict=False)
    return Grid(
        tuple(Axis(a, n, 0.0, 1.0 + i, b, centring) for i, (a, b) in enumerate(axes))
    )


# -- derivatives -----------------------------------------------------------------------


def test_a_product_of_formulas_is_differentiated() -> None:
    sympy = pytest.importorskip("sympy")
    x, y = sympy.symbols("x y")
    k, u = 1 + x * y**2, sympy.sin(2 * x) * sympy.exp(y)
    expected = -(sympy.diff(k * sympy.diff(u, x), x) + sympy.diff(k * sympy.diff(u, y), y))
    names = ("x", "y")
    smooth_k, smooth_u = (Smooth.of(t, names) for t in ("1 + x*y**2", "sin(2*x)*exp(y)"))
    total = -((smooth_k * smooth_u.d("x")).d("x") + (smooth_k * smooth_u.d("y")).d("y"))
    for point in ((0.3, -1.1), (2.0, 0.5)):
        value = float(total.at(dict(zip(names, point, strict=True)), ()))
        assert value == pytest.approx(float(expected.subs({x: point[0], y: point[1]})))


def test_the_derivative_of_a_constant_is_nothing() -> None:
    assert Smooth.of("3", ("x",)).d("x").terms == ()


def test_values_that_are_not_finite_are_refused() -> None:
    with pytest.raises(ExpressionError, match="not finite"):
        Smooth.of("1/x", ("x",)).at({"x": np.array([0.0, 1.0])}, (2,))


# -- transfers -------------------------------------------------------------------------


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_values_between_points_are_of_fourth_order(boundary: str) -> None:
    errors = []
    for n in (32, 64):
        grid, target = grid_with(boundary, n=n), grid_with(boundary, n=11)
        x, y = (g.points()[0] for g in (grid, target))
        u, v = (np.cos(2 * np.pi * s + 1) for s in (x, y))
        errors.append(np.abs(moved(u, grid, target) - v).max())
    assert errors[0] / errors[1] > 10
    assert errors[1] < 1e-4


def test_nearest_values_keep_jumps() -> None:
    grid, target = grid_with("dirichlet", n=31), grid_with("dirichlet", n=15)
    steps = np.where(grid.points()[0] < 0.4, 1.0, 7.0)
    assert set(nearest(steps, grid, target)) == {1.0, 7.0}


def test_one_value_of_a_plane() -> None:
    grid = grid_with("dirichlet", "neumann")
    x, y = grid.points()
    found = sampled(x**2 * y, grid, [np.array([0.37]), np.array([1.21])])
    assert found.item() == pytest.approx(0.37**2 * 1.21, rel=1e-12)


# -- media -----------------------------------------------------------------------------


def test_a_random_medium_has_its_variance_and_is_not_periodic() -> None:
    grid = grid_with("dirichlet", "dirichlet", n=63)
    law = RandomCoefficientLaw(alpha=2.0, tau=8.0, variance=0.5)
    logs = np.array([np.log(media.random_medium(law, grid, seed)) for seed in range(60)])
    assert np.mean(logs) == pytest.approx(0.0, abs=0.05)
    assert np.mean(logs**2) == pytest.approx(0.5, rel=0.15)
    ends = np.abs(logs[:, 0] - logs[:, -1]).mean()
    neighbours = np.abs(logs[:, 0] - logs[:, 1]).mean()
    assert ends > 5 * neighbours


@pytest.mark.parametrize("centring", ["vertex", "cell"])
@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_a_random_medium_is_sampled_at_the_points(boundary: str, centring: str) -> None:
    """The same function through points of every kind, compared by splines."""
    fine = Grid((Axis("x", 511, 0.0, 1.0, "dirichlet"),))
    kind = grid_with(boundary, n=32, centring=centring)
    if boundary == "periodic":  # has a period of its own
        return
    law = {"alpha": 5.0, "tau": 2.0}
    u, v = (media.gaussian(g, 3, **law) for g in (fine, kind))
    assert np.abs(moved(u, fine, kind) - v).max() < 2e-3 * np.abs(u).max()


@pytest.mark.parametrize("centring", ["vertex", "cell"])
def test_a_mirrored_medium_is_a_sum_of_cosines(centring: Any) -> None:
    """The coefficient of each cosine, of mean square 1, has variance (k² + τ²)^(−α)."""
    alpha, tau = 1.5, 3.0
    grid = Grid(tuple(Axis(name, 17, 0.0, 1.0, "neumann", centring) for name in "xy"))
    law = {"alpha": alpha, "tau": tau, "amplitude": 1.0, "mirrored": True}
    u = np.array([media.gaussian(grid, seed, **law) for seed in range(1000)])
    x, y = grid.points()
    for j, m in ((1, 0), (0, 2), (1, 1), (3, 2)):
        size = np.sqrt(2.0 ** ((j > 0) + (m > 0)))
        c = grid.mean(u * size * np.cos(j * np.pi * x) * np.cos(m * np.pi * y))
        k2 = np.pi**2 * (j * j + m * m)
        deviation = (2 / len(u)) ** 0.5
        assert (c**2).mean() * (k2 + tau**2) ** alpha == pytest.approx(1, abs=4 * deviation)
    free = np.array([media.gaussian(grid, s, alpha=2, tau=3) for s in range(400)])
    held = np.array(
        [media.gaussian(grid, s, alpha=2, tau=3, mirrored=True) for s in range(400)]
    )
    for fields in (free, held):
        assert grid.mean(fields**2).mean() == pytest.approx(1, rel=0.15)


def test_blocks_of_any_size_fill_the_box() -> None:
    k = media.blocks(BlocksLaw(size=7, contrast=3.0), grid_with("dirichlet", n=24), 0)
    assert k.shape == (24,)
    assert set(k) <= {1.0, 3.0}


def test_a_file_of_another_shape_is_refused(tmp_path: Any) -> None:
    np.save(tmp_path / "k.npy", np.ones((3, 3)))
    with pytest.raises(PdekitError, match="must hold real numbers of shape"):
        media.read(tmp_path / "k.npy", "u", grid_with("dirichlet"))


# -- bounds ----------------------------------------------------------------------------


@pytest.mark.parametrize("centring", ["vertex", "cell"])
@pytest.mark.parametrize("boundaries", list(itertools.product(BOUNDARIES, BOUNDARIES)))
def test_the_smallest_eigenvalue_is_bounded_from_below(
    boundaries: tuple[str, str], centring: str
) -> None:
    axes = {
        a: {"interval": [0, 1 + i], "points": 9, "boundary": b, "centring": centring}
        for i, (a, b) in enumerate(zip("xy", boundaries, strict=True))
    }
    case = load_case(
        {"equation": {"name": "poisson", "coefficient": "1 + x"}, "domain": axes}
    )
    assert isinstance(case, BoundaryCase)
    grid = grid_of(case)
    posed = Posed(case, grid, grid)
    op = posed.operator()
    eigenvalues = np.linalg.eigvalsh(op.tocsr().toarray())
    smallest = eigenvalues[1] if op.singular else eigenvalues[0]
    bound = checking.smallest_eigenvalue(posed, op)
    assert 0 < bound <= smallest * (1 + 1e-9)
    assert bound > smallest / 20  # of any use: cells at walls are halves of halves


@pytest.mark.parametrize("centring", ["vertex", "cell"])
@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_eigenvalues_of_an_axis(boundary: str, centring: str) -> None:
    axis = Axis("x", 12, 0.0, 2.0, boundary, centring)  # type: ignore[arg-type]
    op = discretize(Grid((axis,)))
    matrix = op.tocsr().toarray() / np.asarray(op.volumes)[:, None]
    expected = np.sort(np.linalg.eigvals(matrix).real)
    np.testing.assert_allclose(checking.one_dimensional(axis), expected, atol=1e-9)


@pytest.mark.parametrize(("n", "expected"), [(64, [64]), (61, [60, 64]), (130, [128, 144])])
def test_nearest_numbers_of_intervals_that_halve(n: int, expected: list[int]) -> None:
    assert nearest_good(n) == expected


# -- exact solutions -------------------------------------------------------------------


def test_torsion_solves_its_equation() -> None:
    x = np.linspace(0.1, 0.9, 9)[:, None]
    y, h = np.linspace(0.15, 0.85, 8), 1e-3

    def u(a: Any, b: Any) -> Any:
        return torsion.square(a, b)

    laplacian = (u(x + h, y) + u(x - h, y) + u(x, y + h) + u(x, y - h) - 4 * u(x, y)) / h**2
    assert np.abs(laplacian + 1).max() < 1e-5
    assert np.abs(u(np.array(0.0), y)).max() < 1e-15
    assert np.abs(u(np.linspace(0.1, 0.9, 5), 0.0)).max() < 1e-6  # the end of the series
    assert np.abs(u(x, y) - u(y[:, None], x[:, 0]).T).max() < 1e-9
    assert float(u(0.5, 0.5)) == pytest.approx(0.0736713532815138, rel=1e-12)


def test_the_mean_of_torsion_is_the_published_one() -> None:
    nodes, weights = np.polynomial.legendre.leggauss(60)
    x, w = (nodes + 1) / 2, weights / 2
    mean = w @ torsion.square(x[:, None], x) @ w
    assert mean == pytest.approx(0.0351442537387884, rel=1e-7)


# -- what a problem tells --------------------------------------------------------------


def test_anisotropy_that_turns_takes_mic() -> None:
    crossing = {"x": "where(x < 0.5, 100, 1)", "y": "where(x < 0.5, 1, 100)"}
    case = {
        "equation": {"name": "poisson", "coefficient": crossing, "source": "1"},
        "domain": {a: {"interval": [0, 1], "points": 31} for a in "xy"},
    }
    choice = prepared(load_case(case), Silent()).system.choice
    assert choice.preconditioner == "mic"
    assert "couplings along x are more than 8 times those along y in 48%" in choice.why
