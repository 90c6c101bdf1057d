"""Diagnostics of ψ(x, t) on waves whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from pdekit.solvers.diagnostics import spacetime
from pdekit.solvers.exact import nlse, nlse_states
from pdekit.solvers.exact.nlse_theory import modulational_gain

DX = 50 / 512
X = -25 + DX * np.arange(512)
T = np.linspace(0.0, 20.0, 100)


def test_centre_of_mass_of_a_soliton_moves_with_it() -> None:
    psi = nlse.bright_soliton(X, T[:, None], amplitude=2.0, velocity=1.0, position=-10.0)
    path = spacetime.centre_of_mass(psi, X)
    np.testing.assert_allclose(path, -10 + T, atol=1e-10)
    assert spacetime.mean_velocity(T, path) == pytest.approx(1.0, abs=1e-11)
    assert spacetime.centre_of_mass(np.zeros(512), X) == 0.0


def test_momentum_is_mass_times_velocity_of_the_centre() -> None:
    t = np.array([1.0, 2.0])
    psi = nlse.n_soliton(X, t[:, None])
    path = spacetime.centre_of_mass(psi, X)
    # momentum 2 over mass 7, of the published pair
    assert spacetime.mean_velocity(t, path) == pytest.approx(2 / 7, abs=1e-8)


def test_periodic_centre_of_mass_goes_through_the_ends() -> None:
    t = np.linspace(0.0, 60.0, 200)
    images = [nlse.bright_soliton(X + 50 * m, t[:, None], velocity=1.5) for m in range(4)]
    inside = spacetime.periodic_centre_of_mass(sum(images), X)
    assert inside.min() >= -25
    assert inside.max() < 25
    path = np.unwrap(inside, period=50.0)
    np.testing.assert_allclose(path, 1.5 * t, atol=1e-8)


def test_autocorrelation_length() -> None:
    # the published value for the single soliton: 14 spacings
    psi = nlse.bright_soliton(X, 10.101, amplitude=2.0, velocity=1.0, position=-10.0)
    assert float(spacetime.autocorrelation_length(psi, DX)) == pytest.approx(
        1.367, abs=5e-4
    )
    # a Gaussian of width s has the autocorrelation exp(−d²/4s²)
    x = np.linspace(-40, 40, 8000, endpoint=False)
    frames = np.stack([nlse_states.gaussian(x, width=s) for s in (1.0, 3.0)])
    found = spacetime.autocorrelation_length(frames, 0.01)
    np.testing.assert_allclose(found, [2.0, 6.0], atol=0.011)
    alone = np.ones(1)
    assert spacetime.autocorrelation_length(alone, 0.1) == np.inf


def test_spectrum_shows_plane_waves_where_they_belong() -> None:
    t, x = np.linspace(0, 20, 200, endpoint=False), np.linspace(0, 10, 64, endpoint=False)
    k0, w0 = 2 * np.pi / 10 * 5, 2 * np.pi / 20 * -12
    psi = 0.3 * np.exp(1j * (k0 * x - w0 * t[:, None]))
    k, omega, power = spacetime.wavenumber_frequency_spectrum(psi, x[1], t[1])
    row, column = np.unravel_index(power.argmax(), power.shape)
    assert (k[column], omega[row]) == pytest.approx((k0, w0))
    assert power.sum() == pytest.approx(0.09)
    off_line = np.abs(omega - w0) > 2.01 * 2 * np.pi / 20
    assert power[off_line].max() < 1e-28
    assert (np.diff(k) > 0).all()
    assert (np.diff(omega) > 0).all()


def test_growth_rates_of_prescribed_modes() -> None:
    t, x = np.linspace(0, 2, 11), 2 * np.pi * np.arange(16) / 16
    rates = np.linspace(-1, 1, 16)
    modes = np.exp(rates * t[:, None] + 1j * np.arange(16))
    psi = np.stack([np.fft.ifft(modes), 2 * np.fft.ifft(modes)], axis=1)  # two members
    found = spacetime.growth_rates(t, psi)
    np.testing.assert_allclose(found, np.broadcast_to(rates, (2, 16)), atol=1e-12)
    still = spacetime.growth_rates(t, np.zeros((11, 16)))
    assert np.isnan(still).all()
    plane = spacetime.growth_rates(t, np.broadcast_to(np.exp(3j * x), (11, 16)))
    assert plane[3] == pytest.approx(0.0, abs=1e-14)


def test_growth_rate_of_a_breather_is_the_gain() -> None:
    a = 0.3
    omega = 2 * np.sqrt(1 - 2 * a)
    x = 2 * np.pi / omega * np.arange(32) / 32
    t = np.linspace(-12, -11, 6)
    rates = spacetime.growth_rates(t, nlse.akhmediev(x, t[:, None], a=a))
    assert rates[1] == pytest.approx(float(modulational_gain(omega)), abs=1e-6)


def test_statistics_of_heights() -> None:
    plane = nlse.plane_wave(X, T[:5, None], amplitude=0.7)
    np.testing.assert_allclose(spacetime.kurtosis(plane), np.ones(5))
    np.testing.assert_allclose(spacetime.exceedance(plane, [0.5, 1.5]), [1.0, 0.0])
    random = np.random.default_rng(0)
    noise = random.normal(size=400_000) + 1j * random.normal(size=400_000)
    assert float(spacetime.kurtosis(noise)) == pytest.approx(2.0, abs=0.02)
    levels = np.array([0.5, 1.0, 4.0])
    np.testing.assert_allclose(
        spacetime.exceedance(noise, levels), np.exp(-levels), atol=2e-3
    )
    assert spacetime.kurtosis(np.zeros(8)) == 0.0
