"""Noise on a plane wave: the instability that is real, and the one that long steps make."""

from __future__ import annotations

import numpy as np
import pytest

from pdekit import registry
from pdekit.grid import Grid
from pdekit.typing import Array
from tests.stepping.marching import DISPERSIVE, error, solve

NLSE = registry.equation("nlse")
EVERY = DISPERSIVE
SPLITTINGS = [n for n in EVERY if getattr(registry.integrator(n), "outer", None)]


def test_modulations_grow_as_linear_theory_says() -> None:
    """aₜ = K²/2 b, bₜ = (2A² − K²/2) a  for  ψ = (A + a + ib) e^{iA²t}."""
    amplitude, t, grid = 0.9, 3.0, Grid.periodic(128, (0.0, 8 * np.pi))
    (x,) = grid.points()
    modes = np.arange(1, 13)
    assert modes[-1] / 4 > 2 * amplitude  # unstable and stable ones
    shape = np.cos(np.outer(modes, x / 4) + modes[:, None] ** 2)
    u = amplitude + 1e-7 * shape.sum(axis=0)
    found = solve(NLSE(), grid, "dop853_ip", u + 0j, end=t, rtol=1e-12)
    turned = found * np.exp(-1j * amplitude**2 * t) - amplitude
    k2 = (modes / 4) ** 2 / 2
    sigma = np.sqrt(k2 * (2 * amplitude**2 - k2) + 0j)
    real = np.cosh(sigma * t).real
    imaginary = ((2 * amplitude**2 - k2) * np.sinh(sigma * t) / sigma).real
    predicted = 1e-7 * ((real + 1j * imaginary) @ shape)
    assert error(turned, predicted) < 1e-4


BACKGROUND = Grid.periodic(256, (-25.0, 25.0))
HIGHEST = (np.pi * 256 / 50) ** 2


def noise_after(name: str, ratio: float) -> Array:
    """High modes at t = 20, for a step ``ratio`` times the stated limit of resonance."""
    k = BACKGROUND.wavenumbers()[0]
    high = np.abs(k) > 5.0  # out of reach of the modulational instability
    phases = np.random.default_rng(0).uniform(0, 2 * np.pi, 256)
    noise = np.fft.ifft(1e-10 * 256 * high * np.exp(1j * phases)) / np.sqrt(high.sum())
    step = ratio * registry.integrator(name).resonance * np.pi / HIGHEST
    found = solve(NLSE(), BACKGROUND, name, 1 + noise, end=20.0, steps=round(20.0 / step))
    return np.asarray(np.abs(np.fft.fft(found)) / 256 * high)


def test_strang_resonates_beyond_its_limit() -> None:
    """At k = √(2π/h), once that is on the grid: h > 2 dx²/π."""
    assert registry.integrator("strang").resonance * np.pi / HIGHEST == pytest.approx(
        2 * (50 / 256) ** 2 / np.pi
    )
    assert noise_after("strang", 0.9).max() < 1e-9
    dirty = noise_after("strang", 1.5)
    assert dirty.max() > 1e-5
    step = 1.5 * 2 * (50 / 256) ** 2 / np.pi
    worst = abs(BACKGROUND.wavenumbers()[0][dirty.argmax()])
    assert worst == pytest.approx(np.sqrt(2 * np.pi / step), rel=0.02)


@pytest.mark.parametrize(
    "name", [n for n in EVERY if np.isfinite(registry.integrator(n).resonance)]
)
def test_the_stated_limits_of_resonance_are_safe(name: str) -> None:
    assert noise_after(name, 0.95).max() < 1e-9


@pytest.mark.parametrize("name", ["yoshida4", "suzuki4"])
def test_beyond_its_limit_a_composition_resonates_too(name: str) -> None:
    """Narrowly, around  h (k²/2 − 1) = π:  the step is chosen for mode 110 of the grid."""
    step = np.pi / ((2 * np.pi * 110 / 50) ** 2 / 2 - 1)
    assert noise_after(name, step / (2 * np.pi / HIGHEST)).max() > 1e-8


@pytest.mark.parametrize("name", SPLITTINGS)
def test_limits_of_resonance_follow_from_the_coefficients(name: str) -> None:
    """Where h k²/2 = mπ noise grows like exp(|Σ bⱼ exp(2πi m cⱼ)| t) on the background 1.

    cⱼ is the part of the step at which the kick bⱼ comes.  A rate of 0.1 is let pass.
    """
    scheme = registry.integrator(name)
    if scheme.drift_first:
        kicks, clock = np.array(scheme.inner), np.cumsum(scheme.outer)[:-1]
    else:
        kicks, clock = np.array(scheme.outer), np.cumsum([0.0, *scheme.inner])
    rates = [abs(kicks @ np.exp(2j * np.pi * m * clock)) for m in range(1, 9)]
    first = next(m for m, rate in enumerate(rates, start=1) if rate > 0.1)
    assert scheme.resonance == 2 * first


@pytest.mark.parametrize("name", EVERY)
def test_warning_of_resonance(name: str) -> None:
    equation, integrator = NLSE(), registry.integrator(name)
    wave, limit = np.ones((1, 256), complex), integrator.resonance * np.pi / HIGHEST
    if not np.isfinite(limit):
        assert equation.warnings(BACKGROUND, wave, integrator, 10.0) == []
        return
    assert equation.warnings(BACKGROUND, wave, integrator, 0.99 * limit) == []
    (sentence,) = equation.warnings(BACKGROUND, wave, integrator, 1.01 * limit)
    assert f"resonance limit {limit:.3g} of {name}" in sentence
    assert equation.warnings(BACKGROUND, wave, integrator, None) == []
    decaying = np.exp(-(BACKGROUND.points()[0] ** 2))[None] + 0j
    assert equation.warnings(BACKGROUND, decaying, integrator, 5 * limit) == []
