"""The second-order operator: against its matrix, exact solutions and identities."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from pdekit import Axis, Grid
from pdekit.errors import PdekitError, ShapeError
from pdekit.linalg import Stencil, discretize
from tests.linalg.grids import KINDS, MIXED, box, cube, noise, smooth_k

rng = np.random.default_rng(1)


def operators(ndim: int) -> list[tuple[Any, ...]]:
    return list(itertools.product(KINDS + MIXED, repeat=ndim))[:: (1, 1, 2, 37)[ndim]]


@pytest.mark.parametrize("ndim", [1, 2, 3])
@pytest.mark.parametrize("k", [1.7, smooth_k], ids=["constant", "variable"])
@pytest.mark.parametrize("c", [0.0, 0.6])
def test_loops_multiply_with_the_matrix(ndim: int, k: Any, c: float) -> None:
    """Row lengths below, at and beyond those of registers; every kind of boundary."""
    for kinds in operators(ndim):
        for ns in ([3, 4, 5], [9, 8, 7], [5, 6, 21], [4, 3, 16]):
            op = discretize(box(kinds, ns[-ndim:]), k, c)
            x, b = rng.standard_normal((2, *op.shape))
            product = (op.tocsr() @ x.ravel()).reshape(op.shape)
            size = np.abs(product).max()
            assert np.abs(op.apply(x) - product).max() < 1e-13 * size, kinds
            assert np.abs(op.residual(b, x) - (b - product)).max() < 1e-13 * size, kinds
            assert np.allclose(op.tocsr().diagonal().reshape(op.shape), op.diagonal())


@pytest.mark.parametrize("ndim", [1, 2, 3])
def test_symmetric_and_positive(ndim: int) -> None:
    for kinds in operators(ndim):
        op = discretize(box(kinds, [7, 8, 9]), smooth_k)
        x, y = rng.standard_normal((2, *op.shape))
        ax, ay = op.apply(x), op.apply(y)
        assert abs(np.vdot(x, ay) - np.vdot(y, ax)) < 1e-13 * np.abs(ax).max() * x.size
        assert np.vdot(x, ax) > 0
        ones = op.apply(np.ones(op.shape))
        assert op.singular == bool(np.abs(ones).max() < 1e-12 * op.diagonal().max())


def test_maximum_principle() -> None:
    """The inverse has no negative entry: b ≥ 0 gives u ≥ 0."""
    op = discretize(cube(9, 2), lambda x, y: np.exp(3 * np.sin(7 * x * y)))
    assert np.linalg.inv(op.tocsr().toarray()).min() > 0


def test_errors_of_poisson_on_the_unit_square() -> None:
    """u = sin πx sin πy: the error is  2π²/(2λ_h) − 1,  λ_h = (4/h²) sin²(πh/2)."""
    from pdekit.linalg.multigrid import Multigrid

    published = {16: 3.218964e-3, 32: 8.035777e-4, 64: 2.008218e-4, 128: 5.020092e-5}
    for cells, expected in published.items():
        grid = cube(cells - 1, 2)
        x, y = grid.points()
        u = np.sin(np.pi * x) * np.sin(np.pi * y)
        op = discretize(grid)
        found = Multigrid(op).solve(op.right_hand_side(2 * np.pi**2 * u), rtol=1e-12).x
        assert np.abs(found - u).max() == pytest.approx(expected, rel=1e-6)


def variable(x: Any, y: Any) -> tuple[Any, Any, Any]:
    """Return a, u and  f = −∇·(a∇u)  for  a = exp(½ sin 2πx cos 2πy)."""
    p = 2 * np.pi
    a = np.exp(0.5 * np.sin(p * x) * np.cos(p * y))
    ax = a * 0.5 * p * np.cos(p * x) * np.cos(p * y)
    ay = -a * 0.5 * p * np.sin(p * x) * np.sin(p * y)
    u = np.sin(np.pi * x) * np.sin(2 * np.pi * y)
    ux = np.pi * np.cos(np.pi * x) * np.sin(2 * np.pi * y)
    uy = 2 * np.pi * np.sin(np.pi * x) * np.cos(2 * np.pi * y)
    return a, u, -(ax * ux + ay * uy - a * 5 * np.pi**2 * u)


@pytest.mark.parametrize("centring", ["vertex", "cell"])
def test_second_order_for_a_variable_coefficient(centring: str) -> None:
    from pdekit.linalg.multigrid import Multigrid

    errors = []
    for cells in (32, 64, 128):
        grid = cube(cells - (centring == "vertex"), 2, ("dirichlet", centring))
        _, u, f = variable(*grid.points())
        op = discretize(grid, lambda x, y: variable(x, y)[0])
        errors.append(np.abs(Multigrid(op).solve(op.right_hand_side(f), 1e-11).x - u).max())
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    assert np.allclose(orders, 2.0, atol=0.1)


@pytest.mark.parametrize("kinds", operators(2))
def test_exact_on_linear_functions_inside(kinds: Any) -> None:
    op = discretize(box(kinds, [9, 10]))
    x, y = op.grid.points()
    assert np.abs(op.apply(2 + 3 * x - y)[1:-1, 1:-1]).max() < 1e-10


def test_quadratic_with_walls_is_exact() -> None:
    """Vertex-centred differences of x² + y² are exact, its walls included."""
    grid = box([("dirichlet", "vertex"), ("neumann", "vertex")], [7, 9], unit=True)
    op = discretize(grid)
    x, y = grid.points()
    u = x**2 + y**2
    walls = {
        ("x", "lower"): y.reshape(1, -1) ** 2,
        ("x", "upper"): 1 + y.reshape(1, -1) ** 2,
        ("y", "lower"): 0.0,
        ("y", "upper"): 2.0,
    }
    assert np.abs(op.residual(op.right_hand_side(-4.0, walls), u)).max() < 1e-11


def test_flux_through_jumps_is_constant_in_one_dimension() -> None:
    """1-D Darcy: with harmonic means the solution is the quadrature of 1/a."""
    k = np.where(rng.random(64) < 0.5, 1.0, 1e4)
    grid = Grid((Axis("x", 64, 0.0, 1.0, "dirichlet", "cell"),))
    op = discretize(grid, k)
    b = op.right_hand_side(0.0, {("x", "upper"): 1.0})
    u = np.linalg.solve(op.tocsr().toarray(), b)
    flux = np.diff(u) * 64 * 2 * k[1:] * k[:-1] / (k[1:] + k[:-1])
    assert np.allclose(flux, 1 / np.mean(1 / k), rtol=1e-9)


def test_first_and_last_face_of_a_periodic_axis_are_one() -> None:
    op = discretize(cube(8, 2, ("periodic", "vertex")), lambda x, y: 1 + x + y)
    assert np.abs(op.apply(np.ones(op.shape))).max() < 1e-12
    assert op.singular


# -- masks -----------------------------------------------------------------------------


def test_mask_holds_points_at_zero() -> None:
    """The equations of the unknowns are those of the matrix without the other points."""
    mask = rng.random((9, 11)) < 0.7
    whole = discretize(box(KINDS[2:4], [9, 11]), smooth_k)
    op = discretize(box(KINDS[2:4], [9, 11]), smooth_k, mask=mask)
    b = op.right_hand_side(rng.standard_normal(op.shape))
    assert (b[~mask] == 0).all()
    inside = np.flatnonzero(mask.ravel())
    small = whole.tocsr().toarray()[np.ix_(inside, inside)]
    found = np.linalg.solve(op.tocsr().toarray(), b.ravel())
    assert np.allclose(found[inside], np.linalg.solve(small, b.ravel()[inside]))
    assert np.abs(found[~mask.ravel()]).max() == 0
    x = rng.standard_normal(op.shape)
    assert np.allclose(op.apply(x).ravel(), op.tocsr() @ x.ravel())
    assert not op.singular
    assert not op.separable


def test_mask_makes_a_singular_operator_regular() -> None:
    mask = np.ones((8, 8), bool)
    assert discretize(cube(8, 2, ("periodic", "vertex")), mask=mask).singular
    mask[3, 4] = False
    op = discretize(cube(8, 2, ("periodic", "vertex")), mask=mask)
    assert op.positive_definite
    assert np.linalg.eigvalsh(op.tocsr().toarray()).min() > 0


@pytest.mark.parametrize("mask", [np.ones((3, 3), bool), np.zeros((8, 8), bool)])
def test_unusable_masks_are_refused(mask: Any) -> None:
    with pytest.raises(PdekitError, match="mask"):
        discretize(cube(8, 2), mask=mask)


# -- arrays ----------------------------------------------------------------------------


def test_output_arrays_of_any_layout() -> None:
    op = discretize(cube(12, 2))
    x, b = rng.standard_normal((2, 12, 12))
    out = np.empty((12, 24))[:, ::2]
    assert op.apply(x, out) is out
    assert np.array_equal(out, op.apply(x))
    assert np.array_equal(op.residual(b.T, x.T), op.residual(b.T.copy(), x.T.copy()))
    same = x.copy()
    with pytest.raises(ShapeError):
        op.apply(same[:-1])


def test_wrong_walls_are_refused() -> None:
    op = discretize(cube(8, 2, ("periodic", "vertex")))
    with pytest.raises(PdekitError, match="no walls"):
        op.right_hand_side(0.0, {("x", "lower"): 1.0})
    with pytest.raises(PdekitError, match=r"no wall q.lower"):
        op.right_hand_side(0.0, {("q", "lower"): 1.0})


def test_wrong_coefficients_are_refused() -> None:
    with pytest.raises(PdekitError, match="positive"):
        discretize(cube(8, 2), -1.0)
    with pytest.raises(PdekitError, match="equidistant"):
        discretize(Grid((Axis("x", 8, 0.0, 1.0, "chebyshev"),)))


@pytest.mark.slow
def test_two_threads_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    from pdekit.linalg import _kernels_plan as plans
    from pdekit.linalg._kernels_tables import coefficients_of

    monkeypatch.setattr(plans, "SHARE", 1)
    for kinds in operators(3):
        for k in (1.0, smooth_k):
            op: Stencil = discretize(box(kinds, [6, 8, 10]), k)
            given, (x, b) = coefficients_of(op), rng.standard_normal((2, *op.shape))
            results = []
            for threads in (1, 2, 3):
                plan, u = plans.Plan(given, threads=threads), x.copy()
                assert len(plan.bounds) == threads + 1
                plan.sweep(u, b)
                plan.sweep(u, b, 1)
                start = np.full_like(u, 7.0)
                plan.sweep(start, b, 0, 1)
                results.append((u, start, plan.residual(u, b, np.empty_like(u))))
            for other in results[1:]:
                for mine, theirs in zip(results[0], other, strict=True):
                    assert np.array_equal(mine, theirs)


def test_noise_of_singular_operators_has_no_mean() -> None:
    assert abs(noise(discretize(cube(8, 2, KINDS[2]))).mean()) < 1e-16


@pytest.mark.parametrize("ndim", [1, 2, 3])
def test_norms_along_the_way_are_those_of_the_residual(ndim: int) -> None:
    """Half cells, mirror images and periodic neighbours at the ends of rows count too."""
    for kind, n, k in itertools.product(KINDS, (4, 8, 18, 34), (1.0, smooth_k)):
        op = discretize(box([kind] * ndim, [*[4, 6][: ndim - 1], n]), k, 1.0)
        plan, u, b = op.plan, noise(op, 1), noise(op, 2)
        r = op.residual(b, u)
        assert plan.residual_norm(u, b) == pytest.approx(np.linalg.norm(r), rel=1e-13)
        red = np.indices(op.shape).sum(0) % 2 == 0
        same = u.copy()
        found = plan.sweep(u, b, 0, 2)
        assert found == pytest.approx(np.linalg.norm(r[red]), rel=1e-12)
        plan.sweep(same, b)
        assert (u == same).all()
