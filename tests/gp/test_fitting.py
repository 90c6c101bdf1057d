"""Marginal likelihood: gradients against differences, fits against exact solutions."""

from __future__ import annotations

import numpy as np
import pytest

from pdekit.errors import NotApplicable
from pdekit.gp import Functional, condition, fit
from pdekit.gp.exact import condition_with
from pdekit.gp.fitting import shares
from pdekit.gp.kernels import AbstractMixture, GaussianMixture, StudentMixture
from pdekit.gp.likelihood import Likelihood
from tests.gp.problems import PROBLEMS

RNG = np.random.default_rng(5)
UNIFORM = np.linspace(0, 2, 15)
SCATTERED = np.sort(RNG.uniform(0, 2, 15))


def some_data(x: np.ndarray, *, variable: bool) -> list[Functional]:
    second = 1 + x / 3 if variable else 1.0
    return [
        Functional(x[[0]], {0: 1.0}, 0.4),
        Functional(x[[-1]], {1: 1.0}, -1.0),
        Functional(x, {2: second, 1: 0.2, 0: 1.0}, np.cos(4 * x), noise="residual"),
    ]


@pytest.mark.parametrize("variable", [False, True])
@pytest.mark.parametrize("x", [UNIFORM, SCATTERED], ids=["uniform", "scattered"])
@pytest.mark.parametrize("mixture", [GaussianMixture, StudentMixture])
def test_gradient_agrees_with_differences(
    mixture: type[AbstractMixture], x: np.ndarray, variable: bool
) -> None:
    likelihood = Likelihood.of(some_data(x, variable=variable))
    kernel = mixture([1.0, 0.3, 0.2], [1.5, 0.8, 1.1], [0.0, 0.9, 2.1])
    theta, jitter, h = np.append(kernel.parameters, np.log(1e-3)), 1e-4, 1e-5

    def value(p: np.ndarray) -> float:
        return likelihood.value(kernel.at(p[:-1]), np.exp(p[-1]), jitter)

    differences = [
        (value(theta + h * e) - value(theta - h * e)) / (2 * h) for e in np.eye(theta.size)
    ]
    found, gradient = likelihood.gradient(kernel, 1e-3, jitter)
    assert found == value(theta)
    scale = np.max(np.abs(gradient))
    np.testing.assert_allclose(gradient, differences, rtol=0, atol=1e-6 * scale)


def test_sums_over_diagonals_give_the_dense_gradient() -> None:
    """∂nll/∂θ = ½ tr(C⁻¹ ∂C) − ½ αᵀ ∂C α  with every ∂C a dense matrix of all pairs."""
    x, kernel = UNIFORM, GaussianMixture([1.0, 0.3], [1.5, 0.8], [0.0, 0.9])
    data = [Functional(x, {2: 1.0}, np.cos(4 * x), noise="residual")]
    pairs = x[:, None] - x
    c = kernel.derivative(pairs, 4)
    noisy = c + 1e-3 * c[0, 0] * np.eye(x.size)
    inverse = np.linalg.inv(noisy)
    alpha = inverse @ data[0].values
    g = 0.5 * (inverse - np.outer(alpha, alpha))
    g[np.diag_indices_from(g)] *= 1 + 1e-3
    _, gradient = Likelihood.of(data).gradient(kernel, 1e-3, 0.0)
    np.testing.assert_allclose(gradient[:-1], kernel.pull_back(pairs, {4: g}), rtol=1e-9)


def test_likelihood_is_the_density_of_a_gaussian() -> None:
    from scipy.stats import multivariate_normal

    x, kernel = UNIFORM[::2], GaussianMixture([1.0], [1.5], [0.4])
    data = [Functional(x, {0: 1.0}, np.cos(x), noise="residual")]
    c = kernel(x[:, None] - x) + 0.01 * np.eye(x.size)
    exact = multivariate_normal(np.zeros(x.size), c).logpdf(np.cos(x))
    assert -Likelihood.of(data).value(kernel, 0.01, 0.0) == pytest.approx(exact, rel=1e-10)


@pytest.mark.parametrize(
    ("name", "top", "goal"),
    [("u1", 20, 3.2e-7), ("u2", 30, 1e-7), ("u3", 20, 5e-6)]
    + [(name, None, goal) for name, goal in (("chirp", 5.1e-8), ("bump", 8.9e-7))],
)
def test_fit_from_equispaced_frequencies(name: str, top: float | None, goal: float) -> None:
    """Without knowing u: 30 equal components up to a given frequency or 0.6 Nyquist."""
    problem = PROBLEMS[name]
    found = fit(problem.equispaced(top or 0.6 * problem.nyquist), problem.data())
    assert problem.error(found.posterior) < goal
    assert found.evaluations <= 320  # 300, and restarts after a failed factorisation
    assert 0.1 < found.posterior.misfit < 10
    assert found.posterior.jitter <= 1e-11


def test_fit_refines_a_good_guess() -> None:
    problem = PROBLEMS["u3"]
    guess = condition(problem.narrow(), problem.data())
    found = fit(
        problem.narrow(),
        problem.data(),
        learn_noise=False,
        coarse_evaluations=0,
        evaluations=60,
    )
    assert found.posterior.log_likelihood > guess.log_likelihood
    assert problem.error(found.posterior) < 5e-6


@pytest.mark.parametrize("guess", ["narrow", "equispaced"])
def test_noise_is_estimated(guess: str) -> None:
    problem = PROBLEMS["u2"]
    x = np.linspace(problem.start, problem.end, problem.n)
    deviation = 0.01 * np.sqrt(np.mean(problem.f(x) ** 2))
    noise = deviation * np.random.default_rng(11).standard_normal(problem.n)
    kernel = problem.narrow() if guess == "narrow" else problem.equispaced(30)
    found = fit(kernel, problem.data(noise=noise))
    assert 0.5 < found.noise_variance / deviation**2 < 2


def test_misfit_is_the_most_likely_factor_of_the_weights() -> None:
    likelihood = Likelihood.of(some_data(UNIFORM, variable=True))
    kernel = GaussianMixture([1.0, 0.3], [1.5, 0.8], [0.0, 0.9])
    factor = condition_with(likelihood, kernel, ratio=1e-3).misfit
    best = GaussianMixture(
        factor * kernel.weights, kernel.inverse_lengths, kernel.frequencies
    )
    _, before = likelihood.gradient(kernel, 1e-3, 0.0)
    _, after = likelihood.gradient(best, 1e-3, 0.0)
    assert abs(before[:2].sum()) > 1
    assert abs(after[:2].sum()) < 1e-8


@pytest.mark.parametrize(("size", "weight"), [(1.0, 1.0), (1e6, 1.0), (1.0, 1e-9)])
def test_amplitude_of_the_data_and_of_the_guess_do_not_matter(
    size: float, weight: float
) -> None:
    x = np.linspace(0, 1, 30)
    exact = size * np.sin(9 * x)
    data = [
        Functional(x[[0, -1]], {0: 1.0}, exact[[0, -1]]),
        Functional(x, {2: 1.0}, -81 * exact, noise="residual"),
    ]
    guess = GaussianMixture([weight, weight], [1.0, 1.0], [0.0, 1.2])
    found = fit(guess, data, learn_noise=False, noise_ratio=1e-4, evaluations=100)
    assert found.kernel.frequencies[-1] == pytest.approx(9 / (2 * np.pi), rel=1e-4)
    np.testing.assert_allclose(found.posterior.mean(x), exact, rtol=0, atol=1e-3 * size)


def test_negligible_components_are_dropped_and_low_ones_kept() -> None:
    """u'' does not see μ = 0, the boundary values do."""
    kernel = GaussianMixture([1e-3, 1.0, 1e-20], [0.01, 0.1, 0.1], [0.0, 30.0, 20.0])
    found = shares(kernel, PROBLEMS["u1"].data())
    assert found[0] == pytest.approx(1e-3, rel=1e-2)
    assert found[1] > 0.99
    assert found[2] < 1e-14


def test_fit_refuses_a_kernel_too_rough() -> None:
    x = np.linspace(0, 1, 9)
    with pytest.raises(NotApplicable, match="order 3 needs derivative 6"):
        fit(StudentMixture([1.0], [1.0], [1.0]), [Functional(x, {3: 1.0}, 0.0)])
