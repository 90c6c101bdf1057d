"""Kronecker identities against the explicit matrices of small grids."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pdekit.errors import NotApplicable
from pdekit.gp.kronecker import (
    KroneckerCovariance,
    along,
    factorize,
    mode_product,
    mode_products,
)
from tests.gp.grids import kron, lags, matrices, squared_exponential

torch = pytest.importorskip("torch")

SHAPES = [(7,), (5, 6), (3, 4, 5)]


@pytest.fixture(params=["numpy", "torch"])
def to(request):
    return torch.as_tensor if request.param == "torch" else np.asarray


def noise(*shape):
    return np.random.default_rng(3).standard_normal(shape)


@pytest.mark.parametrize("shape", SHAPES)
def test_mode_products_are_the_kronecker_product(shape, to):
    factors = [noise(n + d, n) for d, n in enumerate(shape, 1)]
    x = noise(2, *shape)
    found = mode_products([to(f) for f in factors], to(x))
    expected = x.reshape(2, -1) @ kron(*factors).T
    assert found.shape == (2, *(f.shape[0] for f in factors))
    assert np.asarray(found).reshape(2, -1) == pytest.approx(expected, rel=1e-13)


def test_a_mode_without_matrix_is_left_alone(to):
    x, matrix = noise(4, 5, 6), noise(3, 5)
    found = mode_products([None, to(matrix), None], to(x))
    assert np.asarray(found) == pytest.approx(np.einsum("jk,ikl->ijl", matrix, x))
    lines = along(lambda columns: to(matrix) @ columns, to(x), 1)
    assert np.asarray(lines) == pytest.approx(np.asarray(found), rel=1e-14)


def test_a_complex_matrix_acts_on_real_values(to):
    x, matrix = noise(3, 4), noise(4, 4) + 1j * noise(4, 4)
    found = mode_product(to(matrix), to(x), 0 - 1)
    assert np.asarray(found) == pytest.approx(x @ matrix.T)


@pytest.mark.parametrize("shape", SHAPES)
def test_covariance_identities(shape, to):
    K = matrices(shape)
    C = kron(*K)
    covariance = KroneckerCovariance.of([to(k) for k in K])
    x = noise(2, *shape)
    flat = x.reshape(2, -1)
    assert covariance.jitters == (0.0,) * len(shape)
    assert float(covariance.log_determinant) == pytest.approx(
        np.linalg.slogdet(C)[1], rel=1e-10
    )
    solved = np.linalg.solve(C, flat.T).T
    assert np.asarray(covariance.solve(to(x))).reshape(2, -1) == pytest.approx(
        solved, rel=1e-6
    )
    quadratic = np.einsum("bi,bi->b", flat, solved)
    assert np.asarray(covariance.quadratic(to(x))) == pytest.approx(quadratic, rel=1e-8)
    assert np.asarray(covariance.apply(to(x))).reshape(2, -1) == pytest.approx(
        flat @ C, rel=1e-12
    )
    constant = flat.shape[1] * math.log(2 * math.pi)
    density = -0.5 * (quadratic + np.linalg.slogdet(C)[1] + constant)
    assert np.asarray(covariance.log_density(to(x))) == pytest.approx(density, rel=1e-8)


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("shape", SHAPES)
def test_derivatives_and_predictions_are_those_of_the_explicit_covariance(shape, order, to):
    """A derivative along one dimension, and the mean at other points of all of them."""
    K = matrices(shape)
    covariance = KroneckerCovariance.of([to(k) for k in K])
    x = noise(*shape)
    alpha = np.linalg.solve(kron(*K), x.reshape(-1))
    for d in range(len(shape)):
        cross = [matrices(shape, order)[e] if e == d else K[e] for e in range(len(shape))]
        found = covariance.predict([to(c) for c in cross], to(x))
        expected = kron(*cross) @ alpha
        assert np.asarray(found).reshape(-1) == pytest.approx(expected, rel=1e-6, abs=1e-7)
        alone = covariance.factors[d].times_inverse(to(cross[d]))
        assert np.asarray(mode_product(alone, to(x), d)).reshape(-1) == pytest.approx(
            expected, rel=1e-6, abs=1e-6
        )
    other = [
        squared_exponential(
            0.3 * np.arange(n) - np.linspace(0, 1, 4)[:, None], 0, 1.1 + 0.4 * d
        )
        for d, n in enumerate(shape)
    ]
    found = covariance.predict([to(c) for c in other], to(x))
    assert np.asarray(found).reshape(-1) == pytest.approx(kron(*other) @ alpha, rel=1e-6)


def test_draws_have_the_covariance():
    """E x xᵀ = C  within five standard errors of 40,000 draws."""
    K = matrices((3, 4))
    covariance = KroneckerCovariance.of(K)
    draws = covariance.draw(np.random.default_rng(1).standard_normal((40000, 3, 4)))
    flat = draws.reshape(len(draws), -1)
    C = kron(*K)
    error = np.sqrt((np.outer(np.diag(C), np.diag(C)) + C**2) / len(draws))
    assert (abs(flat.T @ flat / len(draws) - C) < 5 * error).all()


def test_whitening_undoes_drawing(to):
    covariance = KroneckerCovariance.of([to(k) for k in matrices((5, 6))])
    z = noise(5, 6)
    again = covariance.whiten(covariance.draw(to(z)))
    assert np.asarray(again) == pytest.approx(z, abs=1e-9)


def test_inverse(to):
    (K,) = matrices((9,))
    inverse = np.asarray(factorize(to(K)).inverse())
    assert inverse == pytest.approx(np.linalg.inv(K), rel=1e-7)
    assert (inverse == inverse.T).all()


def test_jitter_is_raised_as_little_as_needed_and_reported(to):
    smooth = 100 * squared_exponential(lags(60, 0.05))  # numerically of rank 12 or so
    factor = factorize(to(smooth))
    assert 0 < factor.jitter <= 100 * 1e-11
    lower = np.asarray(factor.lower)
    assert lower @ lower.T == pytest.approx(smooth + factor.jitter * np.eye(60), rel=1e-12)
    given = factorize(to(smooth), 1e-6)
    assert given.jitter == pytest.approx(1e-4, rel=1e-12)


def test_what_is_no_covariance_is_refused(to):
    with pytest.raises(NotApplicable, match="not positive definite"):
        factorize(to(np.diag([1.0, 1.0, -0.5])))
