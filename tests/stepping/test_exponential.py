"""Weights of ETDRK4, and schemes that solve the linear part exactly."""

from __future__ import annotations

import mpmath  # type: ignore[import-untyped]
import numpy as np
import pytest

from pdekit import registry
from pdekit.grid import Grid
from pdekit.stepping.etdrk4 import coefficients
from tests.stepping.marching import error, solve

NLSE = registry.equation("nlse")

ARGUMENTS = [
    *(s * 1j * 10.0**e for s in (1, -1) for e in (-16, -8, -3, -1, 0, 1, 2)),
    *(1j * y for y in (0.5, 0.999, 1.001, 1.5, 2.0, 3.0)),
    *(-(10.0**e) for e in (-16, -8, -4, -3, -2, -1, 0, 1, 2)),
    0.0,
    3.0 - 2.0j,
    -0.3 + 0.1j,
]


def weights(z: complex) -> list[complex]:
    """exp(z/2), Q, f₁, f₂, f₃ from their formulas, or their limits at 0."""
    if z == 0:
        return [1.0, 0.5, 1 / 6, 1 / 6, 1 / 6]
    with mpmath.workdps(120):  # 50 digits are left after the cancellation at 1e-16
        s = mpmath.mpmathify(z)
        e = mpmath.exp(s)
        found = [
            mpmath.exp(s / 2),
            (mpmath.exp(s / 2) - 1) / s,
            (-4 - s + e * (4 - 3 * s + s**2)) / s**3,
            (2 + s + e * (-2 + s)) / s**3,
            (-4 - 3 * s - s**2 + e * (4 - s)) / s**3,
        ]
        return [complex(f) for f in found]


@pytest.mark.parametrize("z", ARGUMENTS)
def test_etdrk4_weights(z: complex) -> None:
    found = [complex(f) for f in coefficients(np.array(z))]
    assert found == pytest.approx(weights(z), rel=1e-14, abs=0.0)


def test_etdrk4_weights_of_a_whole_symbol() -> None:
    z = -0.5j * np.arange(-8, 9) ** 2
    for whole, each in zip(
        coefficients(z), zip(*map(coefficients, z), strict=True), strict=True
    ):
        assert np.allclose(whole, each, rtol=1e-14, atol=0.0)


@pytest.mark.parametrize("name", [n for n in registry.integrators() if n != "dop853"])
def test_free_evolution_is_exact_in_one_step_of_ten(name: str) -> None:
    """On a box of 2π the phases k²t/2 = 5k² are whole numbers, without rounding."""
    grid = Grid.periodic(24, (0.0, 2 * np.pi))
    rng = np.random.default_rng(3)
    u = rng.standard_normal(24) + 1j * rng.standard_normal(24)
    k = np.fft.fftfreq(24, 1 / 24)
    exact = np.fft.ifft(np.exp(-5j * k**2) * np.fft.fft(u))
    how = {"first_step": 10.0} if registry.integrator(name).adaptive else {"steps": 1}
    assert error(solve(NLSE(focusing=0.0), grid, name, u, end=10.0, **how), exact) < 1e-13
