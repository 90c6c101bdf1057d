"""Scattered readings in several dimensions, against other formulas and their own draws."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import sympy

from pdekit.errors import NotApplicable, PdekitError, ShapeError
from pdekit.gp import Functional
from pdekit.gp import condition as condition_on_an_axis
from pdekit.gp.kernels import AbstractKernel, Matern, Periodic, SquaredExponential
from pdekit.gp.product import Process, ProductKernel
from pdekit.gp.readings import Readings
from pdekit.gp.scattered import condition, draws
from pdekit.gp.scattered_fit import Likelihood, deviations, fit, given, thinned
from pdekit.typing import Array

PLANE = Process((ProductKernel(1.7, (SquaredExponential(length=0.4), Matern(3.5))),), 0.3)


def points(n: int, d: int = 2, seed: int = 0) -> Array:
    return np.random.default_rng(seed).uniform(size=(n, d))


def elliptic(p: Array) -> dict[tuple[int, ...], Array]:
    """An operator of second order in the plane, its coefficients not constant."""
    x, y = p.T
    return {(2, 0): -(1 + x), (1, 1): 0.3 * y, (0, 2): -np.exp(y), (1, 0): -1.0, (0, 0): x}


def mixed(seed: int = 0) -> list[Readings]:
    """Noisy values, exact slopes, an equation with known noise."""
    rng, (a, b, c) = np.random.default_rng(seed), (points(n, seed=n) for n in (12, 5, 9))
    return [
        Readings(a, {(0, 0): 1.0}, rng.standard_normal(12), "learn"),
        Readings(b, {(0, 1): 2.0}, rng.standard_normal(5)),
        Readings(c, elliptic(c), rng.standard_normal(9), 0.7),
    ]


def test_on_one_axis_it_is_the_process_of_functionals() -> None:
    kernel, x = SquaredExponential(1.7, 0.2), np.linspace(0, 1, 11)
    operator = {2: 1 + x, 1: np.sin(x), 0: -3.0}
    values = np.cos(3 * x)
    there = condition_on_an_axis(
        kernel,
        [
            Functional([0.0, 1.0], {0: 1.0}, [0.2, -0.1]),
            Functional(x, operator, values, noise="residual"),
        ],
        noise_variance=1e-3,
    )
    here = condition(
        Process((ProductKernel(1.7, (SquaredExponential(length=0.2),)),)),
        [
            Readings([[0.0], [1.0]], {(0,): 1.0}, [0.2, -0.1]),
            Readings(x[:, None], {(a,): c for a, c in operator.items()}, values, "learn"),
        ],
        noise_variance=1e-3,
    )
    assert here.log_likelihood == pytest.approx(there.log_likelihood, rel=1e-8)
    new = np.linspace(-0.1, 1.2, 17)
    for order in (0, 1, 2):
        mean, deviation = here.read(Readings(new[:, None], {(order,): 1.0}))
        np.testing.assert_allclose(mean, there.mean(new, order), atol=1e-6)
        np.testing.assert_allclose(deviation, there.deviation(new, order), atol=1e-6)


def test_in_the_plane_it_is_the_formula_with_derivatives_by_computer_algebra() -> None:
    process = Process(
        (
            ProductKernel(1.7, (SquaredExponential(length=0.4), SquaredExponential())),
            ProductKernel(0.2, (SquaredExponential(length=0.1),) * 2),
        ),
        0.3,
    )
    x, y, p, q = sympy.symbols("x y p q")
    k = 1.7 * sympy.exp(-((x - p) ** 2) / 0.32 - (y - q) ** 2 / 2) + 0.2 * sympy.exp(
        -((x - p) ** 2) / 0.02 - (y - q) ** 2 / 0.02
    )
    operators = {
        "value": lambda u, a, b: u,
        "slope": lambda u, a, b: 2 * u.diff(b),
        "equation": lambda u, a, b: (
            -(1 + a) * u.diff(a, 2)
            + 0.3 * b * u.diff(a, b)
            - sympy.exp(b) * u.diff(b, 2)
            - u.diff(a)
            + a * u
        ),
    }

    def covariance(one: str, other: str, left: Array, right: Array) -> Array:
        form = operators[other](operators[one](k, x, y), p, q)
        f = sympy.lambdify((x, y, p, q), form)
        (a, b), (c, d) = left.T[:, :, None], right.T[:, None, :]
        return np.broadcast_to(f(a, b, c, d), (len(left), len(right)))

    data, names = mixed(), list(operators)
    c = np.block(
        [
            [covariance(m, n, r.points, s.points) for n, s in zip(names, data, strict=True)]
            for m, r in zip(names, data, strict=True)
        ]
    )
    c += np.diag(np.repeat([0.04, 0.0, 0.49], [12, 5, 9]))
    level = np.concatenate([np.full(12, 0.3), np.zeros(5), 0.3 * data[2].points[:, 0]])
    gap = np.concatenate([r.values for r in data]) - level
    found = condition(process, data, noise_variance=0.04)
    _, log_det = np.linalg.slogdet(2 * np.pi * c)
    expected = -0.5 * (gap @ np.linalg.solve(c, gap) + log_det)
    assert found.log_likelihood == pytest.approx(expected, rel=1e-9)
    new = points(7, seed=5)
    for name, r in (
        ("value", Readings(new, {(0, 0): 1.0})),
        ("equation", Readings(new, elliptic(new))),
    ):
        across = np.hstack(
            [covariance(name, n, new, s.points) for n, s in zip(names, data, strict=True)]
        )
        prior = 0.3 if name == "value" else 0.3 * new[:, 0]
        own = covariance(name, name, new, new)
        spread = np.diag(own - across @ np.linalg.solve(c, across.T)) ** 0.5
        mean, deviation = found.read(r)
        np.testing.assert_allclose(
            mean, prior + across @ np.linalg.solve(c, gap), rtol=1e-8
        )
        np.testing.assert_allclose(deviation, spread, rtol=1e-8)


@pytest.mark.parametrize(
    "kernel", [SquaredExponential(1.3, 0.4), Matern(3.5, 0.8, 0.7), Periodic(1.1, 0.9, 1.5)]
)
def test_slopes_in_the_length_are_those_of_differences(kernel: AbstractKernel) -> None:
    r, h = np.array([-0.8, -0.1, 0.0, 0.3, 1.1]), 1e-6
    jet, slopes = kernel.stretched(r, 4)
    np.testing.assert_array_equal(jet, kernel.jet(r, 4))
    high, low = (
        replace(kernel, length=kernel.length * np.exp(s)).jet(r, 4)  # type: ignore[type-var, attr-defined, call-arg]
        for s in (h, -h)
    )
    size = np.abs(jet).max(axis=1, keepdims=True)
    np.testing.assert_allclose(slopes / size, (high - low) / (2 * h) / size, atol=1e-7)


def test_the_gradient_of_the_likelihood_is_that_of_differences() -> None:
    """Of two components, three kinds of axes and noise, a jitter that matters."""
    p = points(20, 3)
    operator = {(2, 0, 0): 1 + p[:, 0], (0, 1, 1): -2.0, (0, 0, 0): p[:, 2]}
    kernels = (SquaredExponential(length=0.5), Matern(3.5, length=0.8), Periodic())
    process = Process((ProductKernel(1.0, kernels), ProductKernel(0.3, kernels)), 0.2)
    rng = np.random.default_rng(1)
    data = (
        Readings(points(15, 3, 1), {(0, 0, 0): 1.0}, rng.standard_normal(15), "learn"),
        Readings(p, operator, rng.standard_normal(20), 0.1),
        Readings(points(6, 3, 2), {(0, 0, 1): 1.0}, rng.standard_normal(6)),
    )
    likelihood = Likelihood(process, data, jitter=1e-3)
    at = np.append(process.parameters, np.log(0.05))
    _, gradient = likelihood(at)
    assert len(gradient) == 9
    h = 1e-5
    differences = [
        (likelihood.value(at + h * e) - likelihood.value(at - h * e)) / (2 * h)
        for e in np.eye(len(at))
    ]
    np.testing.assert_allclose(gradient, differences, rtol=1e-6, atol=1e-6)


def test_draws_of_the_prior_are_as_far_from_the_mean_as_it_says() -> None:
    """Of 200 draws, u and L u at 30 points each are known from data with noise."""
    data, new = mixed(), points(30, seed=9)
    wanted = [Readings(new, {(0, 0): 1.0}), Readings(new, elliptic(new))]
    found = condition(PLANE, data, noise_variance=0.01)
    rng = np.random.default_rng(3)
    *truth, values, slopes, equation = draws(PLANE, [*wanted, *data], 200, rng)
    values = values + 0.1 * rng.standard_normal(values.shape)
    equation = equation + 0.7 * rng.standard_normal(equation.shape)
    seen = np.hstack([values, slopes, equation])
    level = PLANE.level * np.concatenate([r.of_constant for r in data])
    alpha = found.factor.solve((seen - level).T)
    for r, u in zip(wanted, truth, strict=True):
        across = np.hstack([PLANE.cross(r, s) for s in data])
        mean = (across @ alpha).T + PLANE.level * r.of_constant
        z = (u - mean) / found.deviation(r)
        assert 0.85 < np.mean(z**2) < 1.15
        assert abs(np.mean(z)) < 0.15


def test_samples_have_the_mean_and_the_covariance_of_the_posterior() -> None:
    data, new = mixed(), points(4, seed=8)
    wanted = [Readings(new, {(0, 0): 1.0}), Readings(new, {(1, 0): 1.0})]
    found = condition(PLANE, data, noise_variance=0.01)
    samples = np.hstack(found.samples(wanted, 20_000, np.random.default_rng(2)))
    across = np.vstack([np.hstack([PLANE.cross(r, s) for s in data]) for r in wanted])
    prior = np.block([[PLANE.cross(r, s) for s in wanted] for r in wanted])
    covariance = prior - across @ found.factor.solve(across.T)
    mean = np.concatenate([found.mean(r) for r in wanted])
    spread = np.sqrt(np.diag(covariance))
    assert np.all(np.abs(samples.mean(axis=0) - mean) < 4 * spread / np.sqrt(20_000))
    error = (np.cov(samples.T) - covariance) / np.outer(spread, spread)
    assert np.abs(error).max() < 4 * np.sqrt(2 / 20_000)


def test_left_out_data_are_predicted_as_if_they_had_been_left_out() -> None:
    data = mixed()
    left_out = condition(PLANE, data, noise_variance=0.04).leave_one_out()
    for which, noise in ((0, 0.2), (1, 0.0), (2, 0.7)):
        r = data[which]
        for i in (0, len(r) - 1):
            others = list(data)
            others[which] = r.only(np.arange(len(r)) != i)
            rest = condition(PLANE, others, noise_variance=0.04)
            mean, spread = (v[0] for v in rest.read(r.only(np.array([i]))))
            spread = np.hypot(spread, noise)
            assert left_out[which].deviation[i] == pytest.approx(spread, rel=1e-6)
            assert left_out[which].z[i] == pytest.approx((r.values[i] - mean) / spread)
    one = left_out[0]
    normal = -0.5 * one.z**2 - np.log(one.deviation * np.sqrt(2 * np.pi))
    assert one.log_density == pytest.approx(normal.sum())
    assert one.mean_squared == pytest.approx(np.mean(one.z**2))


def test_exact_data_are_reproduced() -> None:
    p = points(30)
    x, y = p.T
    exact = [
        Readings(p, {(0, 0): 1.0}, np.sin(3 * x) * y),
        Readings(p[:5], {(1, 0): 1.0}, (3 * np.cos(3 * x) * y)[:5]),
    ]
    found = condition(PLANE, exact)
    for r in exact:
        mean, deviation = found.read(r)
        np.testing.assert_allclose(mean, r.values, atol=1e-6)
        assert deviation.max() < 1e-4


@pytest.mark.parametrize("seed", range(3))
def test_noise_and_lengths_are_found_within_a_factor_of_two(seed: int) -> None:
    rng, p = np.random.default_rng(seed), points(150, seed=seed)
    where = Readings(p, {(0, 0): 1.0})
    truth = Process((ProductKernel(2.0, (Matern(3.5, length=0.3), Matern(3.5))),), 5.0)
    (u,) = draws(truth, [where], 1, rng)
    data = replace(where, values=u[0] + 0.05 * rng.standard_normal(150), noise="learn")
    start = Process((ProductKernel(1.0, (Matern(3.5), Matern(3.5))),), float(u.mean()))
    found = fit(start, [data]).posterior
    assert 0.025 < found.noise_variance**0.5 < 0.1
    lengths = np.exp(found.process.parameters[1:])
    assert np.all(np.abs(np.log(lengths / [0.3, 1.0])) < np.log(2))
    assert 0.5 < found.leave_one_out()[0].mean_squared < 2
    at_truth = condition(truth, [data], noise_variance=0.05**2)
    assert found.log_likelihood > at_truth.log_likelihood - 1


def test_deviations_grow_by_what_is_not_known_of_the_parameters() -> None:
    """Against 400 draws of the parameters, so many data that first order is near."""
    rng, p = np.random.default_rng(7), points(250)
    seen = Readings(p, {(0, 0): 1.0}, np.sin(8 * p[:, 0]) * np.cos(9 * p[:, 1]), "learn")
    seen = replace(seen, values=seen.values + 0.02 * rng.standard_normal(250))
    found = fit(Process((ProductKernel(1.0, (SquaredExponential(),) * 2),)), [seen])
    new = Readings(points(40, seed=3), {(2, 0): 1.0, (0, 2): 1.0})
    mean, deviation = found.read(new)
    alone = found.posterior.deviation(new)
    np.testing.assert_array_equal(mean, found.posterior.mean(new))
    steps = np.array(deviations(found.objective, found.x))
    drawn = found.x + rng.standard_normal((400, len(steps))) @ steps
    means = np.array([given(found.objective, x, [seen], 1e-13).mean(new) for x in drawn])
    assert np.all(deviation > alone)
    extra = np.mean(deviation**2 - alone**2)
    assert extra == pytest.approx(np.mean(means.var(axis=0)), rel=0.2)


def test_parameters_lie_within_their_deviations() -> None:
    """Of 40 draws of a prior: squared distances in four directions, in deviations."""
    truth = Process((ProductKernel(1.0, (SquaredExponential(length=0.3),) * 2),))
    where, rng = Readings(points(80), {(0, 0): 1.0}), np.random.default_rng(5)
    (u,) = draws(truth, [where], 40, rng)
    exact, distances = np.append(truth.parameters, np.log(0.1**2)), []
    for values in u + 0.1 * rng.standard_normal(u.shape):
        found = fit(truth, [replace(where, values=values, noise="learn")])
        steps = np.array(deviations(found.objective, found.x))
        distances.append(np.linalg.solve(steps.T, exact - found.x))
    assert 0.6 < np.mean(np.square(distances)) < 1.6


def test_parameters_are_found_from_a_part_of_many_data() -> None:
    """Of an equation above all; data with unknown errors are rare."""
    few = Readings(points(50), {(0, 0): 1.0}, 0.0, "learn")
    many = Readings(points(950), {(1, 0): 1.0})
    rng = np.random.default_rng(0)
    assert [len(r) for r in thinned([few, many], 400, rng)] == [50, 350]
    assert [len(r) for r in thinned([few, many], 60, rng)] == [30, 30]
    assert [len(r) for r in thinned([few, many], 2000, rng)] == [50, 950]
    p = points(900)
    seen = Readings(p, {(0, 0): 1.0}, np.sin(4 * p).sum(axis=1), 0.1)
    found = fit(
        Process((ProductKernel(1.0, (SquaredExponential(),) * 2),)), [seen], most=90
    )
    assert (found.used, len(found.posterior.data[0])) == (90, 900)


def test_a_constant_is_added_to_what_is_predicted() -> None:
    p, new = points(20), Readings(points(5, seed=4), {(0, 0): 2.0, (2, 0): 1.0})
    seen = Readings(p, {(0, 0): 1.0}, np.sin(3 * p[:, 0]), 0.1)
    here = condition(PLANE, [seen])
    there = condition(replace(PLANE, level=7.3), [replace(seen, values=seen.values + 7.0)])
    np.testing.assert_allclose(there.mean(new) - here.mean(new), 14.0, rtol=1e-9)
    np.testing.assert_allclose(there.deviation(new), here.deviation(new))


def test_what_has_no_meaning_is_refused() -> None:
    p = points(3)
    rough = Process((ProductKernel(1.0, (SquaredExponential(), Matern(1.5))),))
    with pytest.raises(NotApplicable, match="derivative 4"):
        condition(rough, [Readings(p, {(0, 2): 1.0})])
    with pytest.raises(ShapeError):
        Readings(p, {(0, 0): 1.0}, [1.0, 2.0])
    with pytest.raises(PdekitError, match="2 orders"):
        Readings(p, {(0,): 1.0})
    with pytest.raises(PdekitError, match="finite"):
        Readings(p, {(0, 0): np.nan})
    with pytest.raises(PdekitError, match="noise"):
        Readings(p, {(0, 0): 1.0}, noise=-1.0)
    with pytest.raises(PdekitError, match="2 orders"):
        Readings(p, {})
