"""Toeplitz products, solutions and determinants at large N against dense and O(N²) ones."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg as sl

from pdekit.errors import NotApplicable, NotConverged
from pdekit.gp import toeplitz
from pdekit.gp.circulant import (
    CirculantPreconditioner,
    CosinePreconditioner,
    ToeplitzOperator,
    solve,
)
from pdekit.gp.determinant import levinson_log_determinant, log_determinant, quadrature
from pdekit.gp.kernels import GaussianMixture, Matern
from pdekit.linalg.preconditioners import check_preconditioner

LARGE = 4001


def operator(n, kernel=None, order=0, **options):
    kernel = kernel or Matern(2.5, 1.0, 0.1)
    lags = kernel.derivative(np.linspace(0, 1, n), order)
    return ToeplitzOperator(lags, even=order % 2 == 0, **options)


def noise(*shape):
    return np.random.default_rng(6).standard_normal(shape)


@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize("order", [0, 1, 2])
@pytest.mark.parametrize("n", [2, 36, 37])
def test_product_is_that_of_the_matrix(n, order, rows):
    op = operator(n, order=order, rows=rows, jitter=0.1 if order == 0 else 0.0)
    K = toeplitz.matrix(op.lags, order % 2 == 0)
    x = noise(*op.shape)
    assert abs(op.apply(x) - x @ K.T).max() < 1e-13 * abs(K).max() * n
    out = np.empty(op.shape)
    assert op.residual(x, x, out) is out
    assert abs(out - (x - x @ K.T)).max() < 1e-13 * abs(K).max() * n
    assert (op.diagonal() == op.lags[0]).all()
    assert op.tocsr().toarray() == pytest.approx(K, abs=0)


def eigenvectors(kind, n):
    """The columns of the Fourier or the cosine transform, orthonormal."""
    k, i = np.arange(n)[:, None], np.arange(n)
    if kind is CirculantPreconditioner:
        return np.exp(2j * np.pi * k * i / n) / np.sqrt(n)
    rows = np.cos(np.pi * k * (i + 0.5) / n) * np.sqrt(2 / n)
    rows[0] /= np.sqrt(2)
    return rows


@pytest.mark.parametrize("kind", [CirculantPreconditioner, CosinePreconditioner])
@pytest.mark.parametrize("n", [12, 13])
def test_preconditioner_is_the_nearest_matrix_with_its_eigenvectors(kind, n):
    op = operator(n, jitter=1e-3)
    P, F = kind(op), eigenvectors(kind, n)
    diagonal = np.einsum("ki,ij,kj->k", F, toeplitz.matrix(op.lags), F.conj())
    nearest = (F.T * diagonal @ F.conj()).real
    x = noise(n)
    assert P.apply(x) == pytest.approx(np.linalg.solve(nearest, x), rel=1e-9)
    assert P.whiten(P.whiten(x)) == pytest.approx(P.apply(x), rel=1e-10)
    assert P.log_determinant == pytest.approx(np.linalg.slogdet(nearest)[1], rel=1e-12)
    report = check_preconditioner(P, op)
    assert report.asymmetry < 1e-12
    assert report.positivity > 0


@pytest.mark.parametrize("kind", [CirculantPreconditioner, CosinePreconditioner, None])
def test_solution_of_thousands_of_points_is_that_of_levinson(kind):
    op = operator(LARGE, Matern(1.5, 1.0, 0.01), jitter=1e-2)
    b = noise(LARGE)
    found = solve(op, b, kind)
    assert found.relative_residual < 1e-10
    expected = sl.solve_toeplitz(op.lags, b)
    assert np.linalg.norm(found.x - expected) < 1e-6 * np.linalg.norm(expected)


def test_cosines_save_nine_iterations_of_ten():
    """Of Matérn-5/2: 26 against 257 when written."""
    op = operator(LARGE, jitter=1e-6)
    b = op.apply(noise(LARGE))
    cosine, circulant = (
        solve(op, b, kind, rtol=1e-8).iterations
        for kind in (CosinePreconditioner, CirculantPreconditioner)
    )
    assert cosine < 40
    assert cosine < 0.2 * circulant


def test_rows_are_solved_together():
    op = operator(LARGE, jitter=1e-4, rows=3)
    b = noise(3, LARGE)
    found = solve(op, b)
    single = operator(LARGE, jitter=1e-4)
    for row, right in zip(found.x, b, strict=True):
        assert np.linalg.norm(single.residual(right, row)) < 1e-9 * np.linalg.norm(b)


def test_quadrature_with_all_steps_is_exact():
    a = noise(9, 9)
    a = a @ a.T + np.eye(9)
    v = noise(9)
    values, vectors = np.linalg.eigh(a)
    exact = (vectors.T @ v) ** 2 @ np.log(values)
    assert quadrature(lambda x: a @ x, v, np.log, 20)[0] == pytest.approx(exact, rel=1e-12)
    assert quadrature(lambda x: 2 * x, v, np.log, 20) == pytest.approx(
        (v @ v * np.log(2),) * 2, rel=1e-12
    )


@pytest.mark.parametrize(
    "kernel", [Matern(2.5, 3.0, 0.1), GaussianMixture([1, 0.5], [3, 3], [0, 20])]
)
def test_recursion_gives_the_determinant(kernel):
    op = operator(150, kernel, jitter=1e-5)
    exact = np.linalg.slogdet(toeplitz.matrix(op.lags))[1]
    assert levinson_log_determinant(op.lags) == pytest.approx(exact, rel=1e-8)


@pytest.mark.parametrize(
    ("kernel", "jitter"),
    [
        (Matern(2.5, 1.0, 0.1), 1e-6),
        (Matern(2.5, 1.0, 6 / LARGE), 0.0),
        (Matern(1.5, 2.0, 0.01), 1e-8),
        (GaussianMixture([1, 1], [3, 3], [0, 80]), 1e-2),
    ],
)
def test_estimated_determinant_lies_within_its_stated_error(kernel, jitter):
    op = operator(LARGE, kernel, jitter=jitter)
    found = log_determinant(op, np.random.default_rng(2))
    exact = levinson_log_determinant(op.lags)
    assert abs(found.value - exact) < 4 * found.deviation + found.truncation
    assert found.deviation < 0.01 * abs(exact)
    assert abs(found.value - exact) < 0.3 * abs(found.approximate - exact)


def test_what_is_not_positive_definite_is_refused():
    op = ToeplitzOperator(np.array([1.0, 2.0, 0.0, 0.0]))
    with pytest.raises(NotApplicable, match="positive definite"):
        CirculantPreconditioner(op)
    with pytest.raises(NotApplicable, match="positive definite"):
        levinson_log_determinant(op.lags)


def test_missing_convergence_is_an_error():
    op = operator(LARGE, jitter=1e-8)
    with pytest.raises(NotConverged, match="more jitter"):
        solve(op, noise(LARGE), maxiter=3)
