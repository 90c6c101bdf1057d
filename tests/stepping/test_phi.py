"""The φ functions and the weights of ETDRK4 against forty digits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath  # type: ignore[import-untyped]
import numpy as np
import pytest

from pdekit.stepping._phi import etdrk4_weights, phi1, phi2, phi3
from pdekit.typing import Array

SIZES = [10.0**e for e in (-16, -12, -8, -6, -4, -3, -2, -1, 0, 1, 2, 3)]
REAL = [0.0, *(-z for z in SIZES), -0.5, -1.999, -2.0, -2.001, -5.0, 1e-3, 0.7, 3.0]
COMPLEX = [
    *(s * 1j * z for z in SIZES for s in (1, -1)),
    *(1j * y for y in (0.5, 0.999, 1.001, 1.5, 1.999, 2.001, 3.0)),
    -0.3 + 0.1j,
    3.0 - 2.0j,
    -1.4 + 1.4j,
]
PHI = {1: phi1, 2: phi2, 3: phi3}


def exactly(formula: Callable[[Any], Any], limit: Any, z: complex) -> complex:
    """A formula with digits enough for the cancellation at 1e-16, or its limit at 0."""
    with mpmath.workdps(120):
        return complex(limit if z == 0 else formula(mpmath.mpmathify(z)))


def phi(k: int, s: Any) -> Any:
    rest = mpmath.exp(s) - sum(s**j / mpmath.factorial(j) for j in range(k))
    return rest / s**k


WEIGHTS = [
    lambda s: (mpmath.exp(s / 2) - 1) / s,
    lambda s: (-4 - s + mpmath.exp(s) * (4 - 3 * s + s**2)) / s**3,
    lambda s: (2 + s + mpmath.exp(s) * (-2 + s)) / s**3,
    lambda s: (-4 - 3 * s - s**2 + mpmath.exp(s) * (4 - s)) / s**3,
]
LIMITS = [1 / 2, 1 / 6, 1 / 6, 1 / 6]


@pytest.mark.parametrize("z", [*REAL, *COMPLEX])
@pytest.mark.parametrize("k", PHI)
def test_phi(k: int, z: complex) -> None:
    expected = exactly(lambda s: phi(k, s), 1 / mpmath.factorial(k), z)
    assert abs(complex(PHI[k](np.array(z))) - expected) < 1e-14 * abs(expected)


@pytest.mark.parametrize("z", [*REAL, *COMPLEX])
def test_weights_of_etdrk4(z: complex) -> None:
    for found, formula, limit in zip(
        etdrk4_weights(np.array(z)), WEIGHTS, LIMITS, strict=True
    ):
        expected = exactly(formula, limit, z)
        assert abs(complex(found) - expected) < 1e-14 * abs(expected)


@pytest.mark.parametrize("z", [-1.0, -0.1, 0.0, 0.4j, -0.6 + 0.6j, -1.9, 1.9j])
def test_the_mean_over_a_full_circle_agrees(z: complex) -> None:
    """Kassam and Trefethen's way: 32 points of a circle that keeps away from 0."""
    s = z + 3.0 * np.exp(2j * np.pi * (np.arange(64) + 0.5) / 64)
    means = [
        np.mean((np.exp(s / 2) - 1) / s),
        np.mean((-4 - s + np.exp(s) * (4 - 3 * s + s**2)) / s**3),
        np.mean((2 + s + np.exp(s) * (-2 + s)) / s**3),
        np.mean((-4 - 3 * s - s**2 + np.exp(s) * (4 - s)) / s**3),
    ]
    for found, mean in zip(etdrk4_weights(np.array(z)), means, strict=True):
        assert complex(found) == pytest.approx(mean, abs=2e-15)


def test_the_combinations_of_the_weights() -> None:
    """Q = φ₁(z/2)/2,  f₁ = φ₁ − 3φ₂ + 4φ₃,  f₂ = φ₂ − 2φ₃,  f₃ = 4φ₃ − φ₂."""
    z = np.array([0.0, -0.3, 0.2 + 1j, -3.0, 5j])
    one, two, three = phi1(z), phi2(z), phi3(z)
    combined = [
        phi1(z / 2) / 2,
        one - 3 * two + 4 * three,
        two - 2 * three,
        4 * three - two,
    ]
    for found, expected in zip(etdrk4_weights(z), combined, strict=True):
        assert np.abs(found - expected).max() < 1e-15


def every_function(z: Array) -> list[Array]:
    return [phi1(z), phi2(z), phi3(z), *etdrk4_weights(z)]


def test_real_arguments_give_real_values_and_complex_ones_complex() -> None:
    shape = (2, 3, 4)
    z = -np.linspace(0.0, 50.0, 24).reshape(shape)
    for real, turned in zip(every_function(z), every_function(1j * z), strict=True):
        assert real.shape == turned.shape == shape
        assert real.dtype == np.float64
        assert turned.dtype == np.complex128
        assert np.abs(turned.imag).max() > 0.01


def test_a_whole_array_is_what_its_elements_are() -> None:
    z = np.array([*REAL, *COMPLEX], dtype=complex)
    for index, whole in enumerate(every_function(z)):
        alone = [complex(every_function(np.array(s))[index]) for s in z]
        assert np.array_equal(whole, alone)


def test_stiff_decay_does_not_overflow() -> None:
    z = -np.array([1e3, 1e5, 1e8, 1e12])
    for found in every_function(z):
        assert np.isfinite(found).all()
    assert phi1(z) == pytest.approx(-1 / z, rel=1e-15)


@pytest.mark.filterwarnings("error")
def test_growth_over_a_huge_step_overflows_without_a_warning() -> None:
    for found in every_function(np.array([1.0, 1e4, 1e120])):
        assert np.isfinite(found[0])
        assert not np.isfinite(found[1:]).any()
