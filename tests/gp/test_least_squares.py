"""Least squares of products of axes against the explicit matrix and numpy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pdekit.gp import least_squares
from pdekit.gp.basis import Basis, polytrig
from pdekit.gp.collocation import Collocation
from pdekit.gp.dense import Dense
from pdekit.gp.galerkin import Galerkin
from pdekit.gp.iterative import iterate
from pdekit.gp.least_squares import Factor, Gaps, Rows, TooLarge, averaged, separated
from pdekit.gp.span import Span
from pdekit.gp.triangle import Triangle
from pdekit.typing import Array
from tests.gp.posed import data_of, dirichlet, matrix_of, relative

X, Y = Span("x", 14, 0.0, 1.0), Span("y", 11, -1.0, 1.0)
BASES = [polytrig(X, [3.0], 4, 1), polytrig(Y, [], 5, 0)]
SEPARABLE = {
    ((2, 0),): lambda x, y: (1 + x) * (2 + y),
    ((0, 2),): 1.0,
    ((1, 1),): lambda x, y: x + 0 * y,
    ((0, 0),): -3.0,
}
MIXED = {**SEPARABLE, ((0, 0),): lambda x, y: np.exp(0.3 * x * y)}


SIZES = st.floats(-5, -1e-6) | st.just(0.0) | st.floats(1e-6, 5)


def u(x: Array, y: Array) -> Array:
    return np.asarray(np.sin(3 * x) * np.exp(y))


def problem(terms: dict) -> Collocation:  # type: ignore[type-arg]
    """Data that no function of the basis satisfies."""
    return dirichlet([X, Y], terms, lambda x, y: np.cos(5 * x * y), u)


def gaps(collocation: Collocation) -> Gaps:
    return Gaps(collocation.nodes.source, tuple(c.values for c in collocation.conditions))


def factor_of(
    collocation: Collocation, bases: Sequence[Basis], ridge: Array | None = None
) -> Factor:
    nodes = collocation.nodes
    linear = {m: separated(c) for m, c in nodes.linearised(bases, np.zeros(0)).items()}
    return Factor(bases, {m: v for m, v in linear.items() if v}, collocation, ridge)


@pytest.mark.parametrize("few", [400, 0])
def test_the_factorised_equation_gives_the_solution_of_the_explicit_matrix(
    few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From its rows, and from its Gram matrix."""
    monkeypatch.setattr(least_squares, "FEW", few)
    collocation = problem(SEPARABLE)
    factor = factor_of(collocation, BASES)
    a = matrix_of(collocation, BASES, factor.scale)
    exact = np.linalg.lstsq(a, data_of(collocation, factor.scale))[0]
    found = factor.solve(gaps(collocation), np.zeros(factor.ranks))
    assert relative(found.ravel(), exact) < 1e-9
    r = factor.triangle.r
    np.testing.assert_allclose(r.T @ r, a.T @ a, atol=1e-13)


def test_a_ridge_is_a_prior() -> None:
    """w = argmin ‖Aw − b‖² + ‖Γ(w + w₀)‖² when the weights so far are w₀."""
    collocation, rng = problem(SEPARABLE), np.random.default_rng(3)
    n = BASES[0].rank * BASES[1].rank
    ridge, before = rng.uniform(1e-3, 1e-2, n), rng.standard_normal(n)
    factor = factor_of(collocation, BASES, ridge)
    a = np.concatenate([matrix_of(collocation, BASES, factor.scale), np.diag(ridge)])
    b = np.concatenate([data_of(collocation, factor.scale), -ridge * before])
    exact = np.linalg.lstsq(a, b)[0]
    found = factor.solve(gaps(collocation), before.reshape(factor.ranks))
    assert relative(found.ravel(), exact) < 1e-10


def test_a_dense_matrix_takes_any_coefficients() -> None:
    collocation = problem(MIXED)
    linear = collocation.nodes.linearised(BASES, np.zeros(0))
    dense = Dense(BASES, linear, collocation)
    a = matrix_of(collocation, BASES, dense.scale)
    exact = np.linalg.lstsq(a, data_of(collocation, dense.scale))[0]
    found = dense.solve(gaps(collocation), np.zeros(dense.ranks))
    assert relative(found.ravel(), exact) < 1e-10
    assert np.linalg.norm(a[: X.n * Y.n], axis=0).max() == pytest.approx(1.0)


def test_iteration_gives_the_solution_of_the_explicit_matrix() -> None:
    collocation = problem(MIXED)
    linear = collocation.nodes.linearised(BASES, np.zeros(0))
    mean = {m: averaged(c) for m, c in linear.items()}
    factor = Factor(BASES, mean, collocation)
    a = matrix_of(collocation, BASES, factor.scale)
    exact = np.linalg.lstsq(a, data_of(collocation, factor.scale))[0]
    found, count = iterate(
        factor, collocation.nodes, linear, gaps(collocation), np.zeros(factor.ranks)
    )
    assert relative(found.ravel(), exact) < 1e-8
    assert 1 < count < 60


def test_rows_and_their_adjoint_are_transposed() -> None:
    """⟨A w, y⟩ = ⟨w, Aᵀ y⟩."""
    collocation, rng = problem(MIXED), np.random.default_rng(4)
    linear = collocation.nodes.linearised(BASES, np.zeros(0))
    terms = [(c, collocation.nodes.matrices(BASES, m)) for m, c in linear.items()]
    rows = Rows(terms, BASES, collocation.conditions)
    w = rng.standard_normal(rows.ranks)
    y = Gaps(
        rng.standard_normal((X.n, Y.n)),
        tuple(rng.standard_normal(np.shape(c.values)) for c in collocation.conditions),
    )
    left = rows.apply(w)
    ahead = np.vdot(left.equation, y.equation) + sum(
        np.vdot(a, b) for a, b in zip(left.conditions, y.conditions, strict=True)
    )
    assert ahead == pytest.approx(np.vdot(w, rows.adjoint(y)), rel=1e-11)
    np.testing.assert_allclose(rows.dense(), matrix_of(collocation, BASES, 1.0), atol=1e-10)


@settings(max_examples=50, deadline=None)
@given(st.lists(SIZES, min_size=9, max_size=9), st.booleans())
def test_a_product_is_separated_and_nothing_else(values: list[float], is_sum: bool) -> None:
    x, y = np.array(values[:5]), np.array(values[5:])
    c = np.add.outer(x, y) if is_sum else np.multiply.outer(x, y)
    found = separated(c)
    size = np.abs(c).max()
    rank = np.linalg.matrix_rank(c, tol=1e-10 * size) if size else 0
    if found is None:
        assert np.linalg.svd(c)[1][1] > 1e-15 * size
    else:
        np.testing.assert_allclose(np.multiply.outer(*found), c, atol=2e-13 * size)
    if not is_sum and rank <= 1:
        assert found is not None


def test_averages_are_means_over_the_other_axes() -> None:
    c = np.add.outer(np.arange(1.0, 4), np.arange(4.0))
    a, b = averaged(c)
    product = np.multiply.outer(a, b)
    np.testing.assert_allclose(product.mean(1), c.mean(1))
    np.testing.assert_allclose(product.mean(0), c.mean(0))


def test_too_many_weights_are_refused() -> None:
    spans = [Span("x", 80, 0.0, 1.0), Span("y", 80, 0.0, 1.0)]
    bases = [polytrig(s, [], 70, 0) for s in spans]
    collocation = dirichlet(spans, {((2, 0),): 1.0}, 0.0, u)
    with pytest.raises(TooLarge, match=r"\d+ x \d+ weights"):
        factor_of(collocation, bases)


def test_a_direction_without_data_is_told_and_left_out() -> None:
    """u'' = f with one value: a line through it is free."""
    (span,) = spans = [X]
    basis = polytrig(span, [], 6, 0)
    full = dirichlet(spans, {((2,),): 1.0}, lambda x: 6 * x, lambda x: x**3)
    short = Collocation(full.spans, full.terms, full.source, full.conditions[:1])
    assert factor_of(full, [basis]).undetermined == 0
    factor = factor_of(short, [basis])
    assert factor.undetermined == 1
    w = factor.solve(gaps(short), np.zeros(factor.ranks))
    left, _ = short.nodes.left([basis], w)
    np.testing.assert_allclose(left, 6 * X.nodes, atol=1e-8)
    spread = factor.triangle.spread(basis.at(np.array([1.0])).T, transposed=True)
    assert np.linalg.norm(spread) > 1e12 * np.linalg.norm(w)


def test_functions_with_large_derivatives_are_not_undetermined() -> None:
    """Second derivatives 1e13 times those of others say nothing of the others."""
    span = Span("x", 40, 0.0, 1.0)
    basis = polytrig(span, [5.0, 6.0, 7.0], 20, 8)
    collocation = dirichlet([span], {((2,),): 1.0}, lambda x: -np.sin(x), np.sin)
    factor = factor_of(collocation, [basis])
    size = np.linalg.svd(factor.triangle.r)[1]
    assert size[-1] < 1e-12 * size[0]
    assert factor.undetermined == 0
    w = factor.solve(gaps(collocation), np.zeros(factor.ranks))
    assert relative(basis.at(span.between) @ w, np.sin(span.between)) < 1e-7


def test_triangles_solve_transposed_as_well() -> None:
    rng = np.random.default_rng(5)
    r = np.triu(rng.standard_normal((6, 6))) + 3 * np.eye(6)
    triangle, z = Triangle(r, 1.0), rng.standard_normal((6, 2))
    np.testing.assert_allclose(r @ triangle.solve(z), z, atol=1e-12)
    np.testing.assert_allclose(r.T @ triangle.solve(z, transposed=True), z, atol=1e-12)
    lacking = Triangle(r @ np.diag([1.0, 1, 1, 1, 1, 0]), 1.0)
    assert lacking.undetermined == 1
    assert np.isfinite(lacking.solve(z)).all()
    again = lacking.r @ lacking.solve(lacking.r @ z)
    np.testing.assert_allclose(again, lacking.r @ z, atol=1e-12)


def test_galerkin_finds_what_the_basis_holds() -> None:
    """A polynomial of two variables satisfies the equation exactly."""

    def poly(x: Array, y: Array) -> Array:
        return np.asarray(x**3 * y**2 - y**4 + x)

    def f(x: Array, y: Array) -> Array:
        return np.asarray(6 * x * y**2 + (2 * x**3 - 12 * y**2) - 2 * poly(x, y))

    terms = {((2, 0),): 1.0, ((0, 2),): 1.0, ((0, 0),): -2.0}
    collocation = dirichlet([X, Y], terms, f, poly)
    bases = [polytrig(X, [], 6, 0), polytrig(Y, [], 6, 0)]
    linear = {
        m: separated(c) for m, c in collocation.nodes.linearised(bases, np.zeros(0)).items()
    }
    galerkin = Galerkin(bases, {m: v for m, v in linear.items() if v}, collocation)
    w = galerkin.solve(gaps(collocation), np.zeros(galerkin.ranks))
    points = [X.between, Y.between]
    values = np.einsum("ia,jb,ab->ij", bases[0].at(points[0]), bases[1].at(points[1]), w)
    assert relative(values, poly(*np.ix_(*points))) < 1e-11
