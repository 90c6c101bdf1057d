"""Several draws of the same data: likelihoods add, and every draw is conditioned alike."""

from __future__ import annotations

import numpy as np
import pytest

from pdekit.errors import ShapeError
from pdekit.gp import Functional, condition
from pdekit.gp.kernels import GaussianMixture
from pdekit.gp.likelihood import Likelihood

X = np.linspace(0.0, 1.0, 12)
KERNEL = GaussianMixture([1.0, 0.3], [2.0, 3.0], [0.0, 2.0])
DRAWS = np.random.default_rng(3).standard_normal((12, 4))


def likelihood(values):
    return Likelihood.of([Functional(X, {0: 1.0}, values, noise="residual")])


def test_likelihood_and_gradient_of_draws_are_sums():
    value, gradient = likelihood(DRAWS).gradient(KERNEL, 1e-2, 1e-13)
    single = [likelihood(column).gradient(KERNEL, 1e-2, 1e-13) for column in DRAWS.T]
    assert value == pytest.approx(sum(v for v, _ in single), rel=1e-12)
    np.testing.assert_allclose(gradient, sum(g for _, g in single), rtol=1e-10, atol=1e-12)


def test_every_draw_is_conditioned_as_if_alone():
    both = condition(KERNEL, [Functional(X, {0: 1.0}, DRAWS)], jitter=1e-10)
    y = np.linspace(0.05, 0.95, 5)
    for i, column in enumerate(DRAWS.T):
        alone = condition(KERNEL, [Functional(X, {0: 1.0}, column)], jitter=1e-10)
        np.testing.assert_allclose(both.mean(y)[:, i], alone.mean(y), rtol=1e-6)


def test_draws_of_another_number_of_points_are_refused():
    with pytest.raises(ShapeError):
        Functional(X, {0: 1.0}, DRAWS[1:])
