"""Conditioning on linear functionals: covariances, data, exact solutions, calibration."""

from __future__ import annotations

import dataclasses

import mpmath as mp
import numpy as np
import pytest

from pdekit.errors import NotApplicable, PdekitError, ShapeError
from pdekit.gp import Functional, condition
from pdekit.gp.covariance import CovarianceMap, cross, lag_table, variances
from pdekit.gp.kernels import GaussianMixture, Matern, SquaredExponential, StudentMixture
from pdekit.gp.likelihood import FIRST_JITTER
from pdekit.typing import Array
from tests.gp.problems import PROBLEMS

KERNEL = GaussianMixture([0.7, 0.4], [1.2, 0.5], [0.0, 1.1])


def functionals(x: Array) -> list[Functional]:
    """Values, a flux, a closing and an operator of order two with variable coefficients."""
    return [
        Functional(x[[0, -1]], {0: 1.0}, 0.0),
        Functional(x[[0]], {1: 2.0}, 0.0),
        Functional(x[[-1]], {0: 1.0, 1: 0.5}, 0.0, partners=x[[0]]),
        Functional(x, {2: 1 + x, 1: np.sin(x), 0: -3.0}, 0.0, noise="residual"),
        Functional(x, {2: 1.0, 1: 0.3}, 0.0),
    ]


def test_covariance_is_both_operators_applied_to_the_kernel() -> None:
    """Against mpmath's partial derivatives of k(x − y)."""
    x = np.array([0.0, 0.3, 1.1])

    def k(a: object, b: object) -> object:
        return sum(
            w * mp.exp(-((p * (a - b)) ** 2)) * mp.cos(2 * mp.pi * m * (a - b))  # type: ignore[operator]
            for w, p, m in zip(
                KERNEL.weights, KERNEL.inverse_lengths, KERNEL.frequencies, strict=True
            )
        )

    def exact(left: Functional, i: int, right: Functional, j: int) -> float:
        with mp.workdps(30):
            return float(
                sum(
                    s * t * float(np.broadcast_to(c, len(left))[i])
                    * float(np.broadcast_to(d, len(right))[j])
                    * mp.diff(k, (mp.mpf(xs[i]), mp.mpf(ys[j])), (a, b))
                    for s, xs in left.places for t, ys in right.places
                    for a, c in left.operator.items() for b, d in right.operator.items()
                )
            )  # fmt: skip

    data = functionals(x)
    for left in data:
        for right in data:
            found = cross(KERNEL, left, right)
            for i in range(len(left)):
                for j in range(len(right)):
                    assert found[i, j] == pytest.approx(
                        exact(left, i, right, j), rel=1e-11, abs=1e-10
                    )


@pytest.mark.parametrize("kind", ["uniform", "scattered"])
def test_lags_in_common_do_not_change_the_covariance(kind: str) -> None:
    x = np.linspace(-1, 3, 17)
    if kind == "scattered":
        x = x + np.random.default_rng(1).uniform(-0.05, 0.05, x.size)
    data = functionals(x)
    exact = np.block([[cross(KERNEL, a, b) for b in data] for a in data])
    found = CovarianceMap.of(data)
    assert (found.lags.size == 17) == (kind == "uniform")
    scale = np.sqrt(np.outer(exact.diagonal(), exact.diagonal()))
    np.testing.assert_allclose(
        np.triu(found.matrix(KERNEL) / scale), np.triu(exact / scale), rtol=0, atol=1e-13
    )
    prior = np.concatenate([variances(KERNEL, f) for f in data])
    np.testing.assert_allclose(prior, exact.diagonal(), rtol=1e-13)


@pytest.mark.parametrize("points", [[2.0], [0.0, 1.0, 1.0, 0.0], [0.1, 0.30000000004, 0.5]])
def test_lag_table_gives_back_the_lags(points: list[float]) -> None:
    x = np.array(points)
    lags, index = lag_table(x)
    signed = np.concatenate([-lags[:0:-1], lags])
    np.testing.assert_allclose(signed[index], x[:, None] - x, rtol=0, atol=1e-15)


def test_data_are_reproduced_to_the_jitter() -> None:
    x = np.linspace(0, 2, 25)
    values = np.random.default_rng(2).standard_normal(27)
    data = [
        Functional(x[[0, -1]], {0: 1.0}, values[:2]),
        Functional(x, {2: 1.0, 0: x}, values[2:]),
    ]
    kernel = StudentMixture([1.0], [4.0], [1.0])  # rough enough for any data
    found = condition(kernel, data)
    assert found.jitter == FIRST_JITTER
    np.testing.assert_allclose(found.mean(x[[0, -1]]), values[:2], rtol=0, atol=1e-10)
    np.testing.assert_allclose(found.mean(x, {2: 1.0, 0: x}), values[2:], rtol=0, atol=1e-9)
    prior = np.sqrt(variances(kernel, data[1]))
    assert np.all(found.deviation(x, {2: 1.0, 0: x}) < 1e-6 * prior)


def test_linear_functions_are_recovered() -> None:
    x = np.linspace(0, 3, 20)
    data = [Functional([0.0, 3.0], {0: 1.0}, [1.0, -5.0]), Functional(x, {2: 1.0}, 0.0)]
    found = condition(GaussianMixture([1.0], [0.3], [0.0]), data)
    t = np.linspace(0, 3, 50)
    np.testing.assert_allclose(found.mean(t), 1 - 2 * t, rtol=0, atol=1e-8)
    np.testing.assert_allclose(found.mean(t, 1), -2.0, rtol=0, atol=1e-7)


def test_neumann_data_and_variable_coefficients() -> None:
    """(1 + x) u'' + sin(x) u' − u = f,  u'(0) = 3,  u(1) given;  u = sin 3x + x²."""
    x = np.linspace(0, 1, 40)
    u, du, d2u = np.sin(3 * x) + x**2, 3 * np.cos(3 * x) + 2 * x, 2 - 9 * np.sin(3 * x)
    f = (1 + x) * d2u + np.sin(x) * du - u
    data = [
        Functional([0.0], {1: 1.0}, 3.0),
        Functional([1.0], {0: 1.0}, u[-1:]),
        Functional(x, {2: 1 + x, 1: np.sin(x), 0: -1.0}, f),
    ]
    found = condition(SquaredExponential(1.0, 0.4), data)
    np.testing.assert_allclose(found.mean(x), u, rtol=0, atol=1e-7)
    np.testing.assert_allclose(found.mean(x, 1), du, rtol=0, atol=1e-6)


def test_periodic_closing() -> None:
    """u' + u = f on a circle,  u(2π) = u(0):  u = sin x + cos 2x."""
    x = np.linspace(0, 2 * np.pi, 41)
    u = np.sin(x) + np.cos(2 * x)
    f = np.cos(x) - 2 * np.sin(2 * x) + u
    data = [
        Functional(x[[-1]], {0: 1.0}, 0.0, partners=x[[0]]),
        Functional(x, {1: 1.0, 0: 1.0}, f),
    ]
    found = condition(SquaredExponential(1.0, 1.5), data)
    np.testing.assert_allclose(found.mean(x), u, rtol=0, atol=1e-7)


def test_clamped_beam() -> None:
    """u⁗ = f,  u and u' given at both ends:  u = x² (1 − x)² eˣ,  order eight of k."""
    x = np.linspace(0, 1, 30)
    p = np.polynomial.Polynomial([0, 0, 1, -2, 1])
    jet = [p, *(p.deriv(n) for n in (1, 2, 3, 4))]
    binomial = (1, 4, 6, 4, 1)
    f = np.exp(x) * sum(c * jet[n](x) for n, c in enumerate(binomial))
    data = [
        Functional([0.0, 1.0], {0: 1.0}, 0.0),
        Functional([0.0, 1.0], {1: 1.0}, 0.0),
        Functional(x, {4: 1.0}, f),
    ]
    found = condition(SquaredExponential(1.0, 0.6), data)
    np.testing.assert_allclose(found.mean(x), p(x) * np.exp(x), rtol=0, atol=1e-7)


def test_deviations_are_calibrated() -> None:
    """Draw u from the prior by random Fourier features, f exactly from the same draw.

    E z² = 1 for features of any number, as z² is quadratic in u.
    """
    rng = np.random.default_rng(7)
    kernel = GaussianMixture([1.0, 0.5], [2.0, 1.0], [0.0, 3.0])
    x, t, noise = np.linspace(0, 2, 14), np.linspace(0.05, 1.95, 9), 0.5
    z = []
    for _ in range(200):
        m, phase = 800, rng.uniform(0, 2 * np.pi, 800)
        of = rng.choice(2, m, p=kernel.weights / 1.5)
        omega = 2 * np.pi * kernel.frequencies[of]
        omega = omega + np.sqrt(2) * kernel.inverse_lengths[of] * rng.standard_normal(m)
        angle = np.multiply.outer(np.concatenate([x, t]), omega) + phase
        u = np.sqrt(2 * 1.5 / m) * np.cos(angle).sum(axis=1)
        f = -np.sqrt(2 * 1.5 / m) * np.cos(angle[: x.size]) @ omega**2
        data = [
            Functional(x[[0, -1]], {0: 1.0}, u[[0, x.size - 1]]),
            Functional(
                x, {2: 1.0}, f + noise * rng.standard_normal(x.size), noise="residual"
            ),
        ]
        found = condition(kernel, data, noise_variance=noise**2)
        z.append((found.mean(t) - u[x.size :]) / found.deviation(t))
    assert 0.8 < np.mean(np.square(z)) < 1.2


@pytest.mark.parametrize(
    ("kernel", "order", "message"),
    [
        (Matern(1.5), 2, r"operator of order 2 needs derivative 4 .*nu=1\.5.* has 2"),
        (StudentMixture([1.0], [1.0], [1.0]), 3, "order 3 needs derivative 6 .* has 4"),
    ],
)
def test_a_kernel_too_rough_for_the_operator_is_refused(
    kernel: Matern | StudentMixture, order: int, message: str
) -> None:
    with pytest.raises(NotApplicable, match=message):
        condition(kernel, [Functional([0.0, 1.0], {order: 1.0}, 0.0)])


def test_impossible_data_are_refused() -> None:
    with pytest.raises(ShapeError, match="values"):
        Functional([0.0, 1.0], {0: 1.0}, [1.0, 2.0, 3.0])
    with pytest.raises(PdekitError, match="finite"):
        Functional([0.0, np.nan], {0: 1.0}, 0.0)
    with pytest.raises(PdekitError, match="at least one derivative"):
        Functional([0.0], {}, 0.0)
    with pytest.raises(PdekitError, match="datum 1 has no prior variance"):
        condition(KERNEL, [Functional([0.0, 1.0], {2: np.array([1.0, 0.0])}, 0.0)])


@pytest.mark.parametrize(
    ("name", "goal"), [("u1", 1e-6), ("u2", 1e-7), ("u3", 5e-6), ("u4", 1e-6)]
)
def test_given_frequencies_reach_the_goals(name: str, goal: float) -> None:
    problem = PROBLEMS[name]
    found = condition(problem.narrow(), problem.data())
    assert problem.error(found) < goal
    assert found.jitter <= 1e-11
    # A posterior that knows its limits: three deviations hold the error almost everywhere.
    t = np.linspace(problem.start, problem.end, 100)
    assert np.mean(np.abs(found.mean(t) - problem.u(t)) < 3 * found.deviation(t)) > 0.95


def test_unit_of_length_and_origin_do_not_matter() -> None:
    problem, kernel = PROBLEMS["u3"], PROBLEMS["u3"].narrow()
    error = problem.error(condition(kernel, problem.data()))
    stretched = dataclasses.replace(
        problem,
        u=lambda x: problem.u((x - 50) / 10),
        f=lambda x: problem.f((x - 50) / 10) / 100,
        start=50 + 10 * problem.start,
        end=50 + 10 * problem.end,
    )
    slow = GaussianMixture(
        kernel.weights, kernel.inverse_lengths / 10, kernel.frequencies / 10
    )
    assert error / 3 < stretched.error(condition(slow, stretched.data())) < 3 * error
