"""Kernels against 40-digit differentiation, numerical Fourier transforms, differences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from scipy.integrate import quad

from pdekit.errors import NotApplicable, PdekitError
from pdekit.gp.kernels import (
    AbstractKernel,
    AbstractMixture,
    GaussianMixture,
    Matern,
    Periodic,
    SquaredExponential,
    StudentMixture,
)  # fmt: skip

W, RHO, MU = (0.7, 0.2, 1.3), (1.5, 0.4, 3.0), (0.0, 2.5, 7.0)
LAGS = (-2.3, -0.4, -1e-3, 0.0, 1e-6, 0.07, 0.9, 3.1)
EXACT: dict[str, tuple[AbstractKernel, Callable[[Any], Any]]] = {
    "gaussian mixture": (
        GaussianMixture(W, RHO, MU),
        lambda r: sum(
            w * mp.exp(-((p * r) ** 2)) * mp.cos(2 * mp.pi * m * r)
            for w, p, m in zip(W, RHO, MU, strict=True)
        ),
    ),
    "student mixture": (
        StudentMixture(W, RHO, MU),
        lambda r: sum(
            w * matern52(mp.sqrt(5) * p * abs(r)) * mp.cos(2 * mp.pi * m * r)
            for w, p, m in zip(W, RHO, MU, strict=True)
        ),
    ),
    "squared exponential": (
        SquaredExponential(1.7, 0.6),
        lambda r: mp.mpf(1.7) * mp.exp(-(r**2) / (2 * mp.mpf(0.6) ** 2)),
    ),
    "matern": (Matern(2.5, 1.7, 0.6), lambda r: 1.7 * matern52(mp.sqrt(5) * abs(r) / 0.6)),
    "periodic": (
        Periodic(1.7, 0.6, 1.9),
        lambda r: 1.7 * mp.exp(-2 * (mp.sin(mp.pi * r / 1.9) / 0.6) ** 2),
    ),
    "sum": (
        SquaredExponential(1.7, 0.6) + Periodic(1.0, 1.0, 2.0),
        lambda r: 1.7 * mp.exp(-(r**2) / (2 * mp.mpf(0.6) ** 2))
        + mp.exp(-2 * mp.sin(mp.pi * r / 2) ** 2),
    ),
    "product": (
        SquaredExponential(1.7, 0.6) * Periodic(1.0, 1.0, 2.0),
        lambda r: 1.7 * mp.exp(-(r**2) / (2 * mp.mpf(0.6) ** 2))
        * mp.exp(-2 * mp.sin(mp.pi * r / 2) ** 2),
    ),
}  # fmt: skip


def matern52(t: Any) -> Any:
    return (1 + t + t * t / 3) * mp.exp(-t)


def at_zero(name: str, order: int) -> float:
    """Derivatives of the rough kernels at r = 0, from the series of the envelope.

    (1 + t + t²/3) e^{−t} = 1 − t²/6 + t⁴/24 + O(|t|⁵).
    """
    if order % 2:
        return 0.0
    if name == "matern":
        a2 = 5 / 0.6**2
        return 1.7 * {0: 1.0, 2: -a2 / 3, 4: a2**2}[order]
    a2, m2 = 5 * np.square(RHO), np.square(2 * np.pi * np.array(MU))
    parts = {0: a2**0, 2: -a2 / 3 - m2, 4: a2**2 + 2 * a2 * m2 + m2**2}[order]
    return float(W @ parts)


@pytest.mark.parametrize("order", range(5))
@pytest.mark.parametrize("name", EXACT)
def test_derivatives_agree_with_forty_digits(name: str, order: int) -> None:
    kernel, formula = EXACT[name]
    scale = abs(kernel.derivative(0.0, order + order % 2))
    for r in LAGS:
        if r == 0 and name in ("student mixture", "matern"):
            exact = at_zero(name, order)
        else:
            with mp.workdps(40):  # the step must not reach across the kink at zero
                exact = float(mp.diff(formula, mp.mpf(r), order, h=mp.mpf(10) ** -9))
        found = float(kernel.derivative(r, order))
        # The phase 2πμr is rounded: 1e-12 of the largest value, not of a zero crossing.
        assert abs(found - exact) <= 1e-12 * scale, (r, found, exact)


def test_sixth_derivative_of_a_gaussian_mixture() -> None:
    kernel, formula = EXACT["gaussian mixture"]
    with mp.workdps(60):
        exact = [float(mp.diff(formula, mp.mpf(r), 6)) for r in LAGS]
    scale = -float(kernel.derivative(0.0, 6))
    np.testing.assert_allclose(
        kernel.derivative(LAGS, 6), exact, rtol=0, atol=1e-12 * scale
    )


@pytest.mark.parametrize("nu", [0.5, 1.5, 2.5, 3.5])
def test_matern_agrees_with_its_bessel_function(nu: float) -> None:
    for r in (0.01, 0.3, 2.0):
        z = mp.sqrt(2 * nu) * r / 0.7
        exact = 2 ** (1 - mp.mpf(nu)) / mp.gamma(nu) * z**nu * mp.besselk(nu, z)
        assert Matern(nu, 1.0, 0.7)(r) == pytest.approx(float(exact), rel=1e-13)


@pytest.mark.parametrize(
    "kernel",
    [
        EXACT["gaussian mixture"][0],
        EXACT["student mixture"][0],
        SquaredExponential(1.7, 0.6),
    ]
    + [Matern(nu, 1.7, 0.6) for nu in (1.5, 2.5, 3.5)],
    ids=lambda k: type(k).__name__,
)
def test_density_is_the_fourier_transform_of_the_kernel(kernel: AbstractKernel) -> None:
    """Wiener–Khinchin: S(s) = 2 ∫₀^∞ k(r) cos 2πsr dr ≥ 0."""
    for s in (0.0, 0.3, 2.4, 6.6):
        exact = 2 * sum(
            quad(kernel, a, a + 5, weight="cos", wvar=2 * np.pi * s, limit=200)[0]
            for a in range(0, 40, 5)
        )
        assert float(kernel.density(s)) == pytest.approx(exact, rel=1e-7, abs=1e-9)
    assert np.all(kernel.density(np.linspace(-20, 20, 401)) >= 0)


@pytest.mark.parametrize("name", ["gaussian mixture", "student mixture"])
def test_gradient_in_the_parameters_agrees_with_differences(name: str) -> None:
    kernel = EXACT[name][0]
    assert isinstance(kernel, AbstractMixture)
    rng = np.random.default_rng(3)
    r = rng.uniform(-2, 2, (6, 4))
    r[0, 0] = 0.0
    forces = {n: rng.standard_normal(r.shape) / 10.0**n for n in range(5)}

    def value(parameters: np.ndarray) -> float:
        jet = kernel.at(parameters).jet(r, 4)
        return float(sum(np.sum(b * jet[n]) for n, b in forces.items()))

    theta, h = kernel.parameters, 1e-5
    differences = [
        (value(theta + h * e) - value(theta - h * e)) / (2 * h) for e in np.eye(theta.size)
    ]
    gradient = kernel.pull_back(r, forces)
    scale = np.max(np.abs(gradient))
    np.testing.assert_allclose(gradient, differences, rtol=0, atol=1e-7 * scale)


@pytest.mark.parametrize(
    ("kernel", "exists"),
    [(Matern(1.5), 2), (Matern(2.5), 4), (EXACT["student mixture"][0], 4)],
)
def test_a_derivative_that_does_not_exist_is_refused(
    kernel: AbstractKernel, exists: int
) -> None:
    assert np.isfinite(kernel.derivative(0.0, exists))
    with pytest.raises(NotApplicable, match=f"derivative {exists + 1}.*has {exists}"):
        kernel.derivative(0.0, exists + 1)
    with pytest.raises(NotApplicable):
        (kernel + SquaredExponential()).derivative(0.0, exists + 1)


@pytest.mark.parametrize(
    "build",
    [
        lambda: GaussianMixture([1.0, 2.0], [1.0], [0.0, 1.0]),
        lambda: GaussianMixture([-1.0], [1.0], [0.0]),
        lambda: StudentMixture([1.0], [0.0], [0.0]),
        lambda: GaussianMixture([np.nan], [1.0], [0.0]),
        lambda: Matern(2.0),
        lambda: SquaredExponential(length=0.0),
        lambda: Periodic(period=-1.0),
    ],
)
def test_what_is_no_covariance_is_refused(build: Callable[[], object]) -> None:
    with pytest.raises(PdekitError):
        build()


def test_blocks_of_lags_do_not_change_values() -> None:
    kernel = EXACT["gaussian mixture"][0]
    r = np.linspace(-3, 3, 10_001).reshape(73, 137)
    some = (slice(None, None, 9), 50)
    np.testing.assert_array_equal(
        kernel.derivative(r, 2)[some], kernel.derivative(r[some], 2)
    )
