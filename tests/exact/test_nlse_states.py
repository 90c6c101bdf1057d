"""Initial states: their formulas, their invariants, their independence of the grid."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pdekit.errors import PdekitError
from pdekit.grid import Grid
from pdekit.solvers.exact import nlse_states as states

GRID = Grid.periodic(512, (-25.0, 25.0))
(X,) = GRID.points()


def invariants(psi: Any) -> tuple[float, float, float]:
    rho, momentum = np.abs(psi) ** 2, (psi.conj() * GRID.derivative(psi)).imag
    kinetic = -(psi.conj() * GRID.derivative(psi, 0, 2)).real / 2  # sees the Nyquist mode
    densities = (rho, momentum, kinetic - rho**2 / 2)
    m, p, e = (float(GRID.integrate(density)) for density in densities)
    return m, p, e


def test_published_breather() -> None:
    psi = states.si_breather(X)
    expected = np.sqrt(2) / np.cosh(X) * np.exp(0.5j * X) * (1 + 0.5 * np.cos(X))
    np.testing.assert_allclose(psi, expected, rtol=1e-13)
    # evaluated for the specification by another program
    assert invariants(psi) == pytest.approx((7.366292, 3.683146, -8.484251), abs=1e-6)


def test_published_modulation_instability() -> None:
    psi = states.si_modulation_instability(X)
    mass, _, energy = invariants(psi)
    assert (mass, energy) == pytest.approx((8.884111, -1.393966), abs=1e-6)  # as above
    smooth = states.si_modulation_instability(X, noise_level=0.0)
    np.testing.assert_allclose(smooth, np.exp(-(X**2) / 50), rtol=1e-14)
    other = states.si_modulation_instability(X, seed=7)
    assert np.abs(other - psi).max() > 1e-3


def test_gaussian() -> None:
    psi = states.gaussian(X, amplitude=0.7, width=2.0, center=3.0, wavenumber=1.5)
    np.testing.assert_allclose(
        psi, 0.7 * np.exp(-((X - 3) ** 2) / 8 + 1.5j * X), rtol=1e-14
    )


def test_cosine_has_three_modes() -> None:
    x = np.arange(32) * 2 * np.pi / 32
    psi = states.mi_cosine(x, amplitude=2.0, perturbation=0.1, wavenumber=3.0)
    modes = np.fft.fft(psi) / 32
    expected = np.zeros(32)
    expected[0], expected[3], expected[-3] = 2.0, 0.1, 0.1
    np.testing.assert_allclose(modes, expected, atol=1e-15)
    assert psi.dtype == np.complex128


def test_noise_is_band_limited_and_the_same_on_every_grid() -> None:
    coarse, fine = (np.linspace(-20, 20, n, endpoint=False) for n in (64, 256))
    params: dict[str, Any] = {"amplitude": 1.2, "noise_level": 1e-3, "seed": 3}
    few, many = states.mi_noise(coarse, **params), states.mi_noise(fine, **params)
    np.testing.assert_allclose(many[::4], few, atol=1e-15)
    assert np.mean(np.abs(many - 1.2) ** 2) == pytest.approx(1e-6, rel=1e-10)
    modes = np.abs(np.fft.fft(many - 1.2)) / 256
    k = 2 * np.pi * np.fft.fftfreq(256, 40 / 256)
    inside = (np.abs(k) < 3.6) & (k != 0)
    assert np.ptp(modes[inside]) < 1e-15
    assert modes[~inside].max() < 1e-15
    assert np.abs(states.mi_noise(fine, **{**params, "seed": 4}) - many).max() > 1e-4


def test_noise_needs_a_grid_that_carries_it() -> None:
    with pytest.raises(PdekitError, match="wavenumbers"):
        states.mi_noise(np.linspace(0, 40, 16, endpoint=False))
    with pytest.raises(PdekitError, match="wavenumbers"):
        states.mi_noise(np.linspace(0, 1, 16, endpoint=False))
