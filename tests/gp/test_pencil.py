"""The generalised eigenproblem of a dimension, and operators that it makes elementwise."""

from __future__ import annotations

import numpy as np
import pytest

from pdekit.errors import ShapeError
from pdekit.gp.pencil import KroneckerSum, pencil
from tests.gp.grids import kron, lags, matrices, squared_exponential

torch = pytest.importorskip("torch")


@pytest.fixture(params=["numpy", "torch"])
def to(request):
    return torch.as_tensor if request.param == "torch" else np.asarray


def noise(*shape):
    return np.random.default_rng(5).standard_normal(shape)


@pytest.mark.parametrize("order", [1, 2])
def test_pencil_diagonalises_prior_and_derivative(order, to):
    K, A = (squared_exponential(lags(9), k) for k in (0, order))
    found = pencil(to(A), to(K), odd=order == 1)
    V, W, values = (np.asarray(a) for a in (found.basis, found.dual, found.values))
    dual = W.conj().T
    assert abs(V @ V.conj().T - K).max() < 1e-14
    assert abs(dual @ K @ W - np.eye(9)).max() < 1e-7
    assert abs(dual @ V - np.eye(9)).max() < 1e-7
    assert abs(V * values @ V.conj().T - A).max() < 1e-10
    assert abs(A @ W - K @ W * values).max() < 1e-7
    assert (values.real if order == 1 else values.imag) == pytest.approx(0, abs=0)


def explicit(shape, orders, coefficients, constant):
    """The matrices  Σ a_d A_d ⊗ K_others + c C  and  C  of all points."""
    K = matrices(shape)
    total = constant * kron(*K)
    for d, order in enumerate(orders):
        A = matrices(shape, order)[d]
        total = total + coefficients[d] * kron(
            *[A if e == d else K[e] for e in range(len(shape))]
        )
    return total, kron(*K)


@pytest.mark.parametrize(
    ("shape", "orders", "coefficients", "constant"),
    [
        ((5, 6), (2, 2), (1.0, 1.0), 0.0),
        ((5, 6), (2, 2), (1.0, 0.5), -9.3),  # Helmholtz
        ((5, 6), (1, 2), (1.0, -0.5), 0.4),  # heat with time as a dimension
        ((4, 3, 5), (2, 2, 2), (1.0, 2.0, -0.5), 0.3),
        ((4, 3, 5), (1, 2, 2), (1.0, -1.0, -0.5), 0.0),
    ],
)
def test_sum_operators_are_the_explicit_ones(shape, orders, coefficients, constant, to):
    K = matrices(shape)
    pencils = tuple(
        pencil(to(matrices(shape, order)[d]), to(K[d]), odd=order == 1)
        for d, order in enumerate(orders)
    )
    operator = KroneckerSum(pencils, coefficients, constant)
    A, C = explicit(shape, orders, coefficients, constant)
    x = noise(*shape)
    flat = x.reshape(-1)

    def same(found, expected, rel=1e-6):
        error = np.asarray(found).reshape(-1) - expected
        return np.linalg.norm(error) < rel * np.linalg.norm(expected)

    assert same(operator.apply_covariance(to(x)), A @ flat, 1e-11)
    assert same(operator.apply(to(x)), A @ np.linalg.solve(C, flat))
    alpha = operator.solve_covariance(to(x))
    assert same(A @ np.asarray(alpha).reshape(-1), flat)
    assert same(operator.apply(operator.solve(to(x))), flat)
    assert same(operator.solve(to(x)), C @ np.asarray(alpha).reshape(-1))
    squares = (abs(np.asarray(operator.modes(to(x)))) ** 2).sum()
    assert squares == pytest.approx(flat @ np.linalg.solve(C, flat), rel=1e-8)
    # E[u | f]  with  f = D u + e,  D = A C⁻¹,  e of covariance C/t
    t = 0.7
    of_f = A @ np.linalg.solve(C, A.T) + C / t
    expected = A.T @ np.linalg.solve(of_f, flat)
    assert same(operator.posterior_mean(to(x), t), expected, 1e-5)


def test_coefficients_must_fit_the_dimensions():
    one = pencil(squared_exponential(lags(4), 2), squared_exponential(lags(4)))
    with pytest.raises(ShapeError, match="coefficients"):
        KroneckerSum((one, one), (1.0,))
