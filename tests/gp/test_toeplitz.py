"""Toeplitz matrices against the kernel at all pairs; diagonal sums as their adjoint."""

from __future__ import annotations

import numpy as np
import pytest

from pdekit.gp import toeplitz
from pdekit.gp.kernels import GaussianMixture


@pytest.mark.parametrize("order", range(4))
def test_matrix_of_lags_is_the_kernel_at_all_pairs(order: int) -> None:
    kernel, x = GaussianMixture([1.0, 0.4], [2.0, 1.0], [0.0, 3.0]), np.arange(7) / 8
    pairs = kernel.derivative(x[:, None] - x, order)
    found = toeplitz.matrix(kernel.derivative(x, order), even=order % 2 == 0)
    np.testing.assert_allclose(found, pairs, rtol=1e-14, atol=1e-14 * np.abs(pairs).max())


@pytest.mark.parametrize("even", [True, False])
@pytest.mark.parametrize("n", [1, 2, 9])
def test_sums_over_diagonals_are_the_adjoint(n: int, even: bool) -> None:
    rng = np.random.default_rng(n)
    g, lags = rng.standard_normal((n, n)), rng.standard_normal(n)
    if not even:
        lags[0] = 0.0
    assert np.sum(g * toeplitz.matrix(lags, even)) == pytest.approx(
        toeplitz.diagonal_sums(g, even) @ lags, rel=1e-12
    )
