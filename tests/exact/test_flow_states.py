"""Initial states of flow: their formulas, their energies, their spectra, their boxes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from pdekit import random_field
from pdekit.case.params import Parameters
from pdekit.grid import Grid
from pdekit.solvers.exact import flow_states as states
from pdekit.solvers.exact.parameters import ParameterError
from pdekit.turbulence import Flow

TAU = 2 * math.pi
PLANE = Grid.periodic((48, 40), ((-math.pi, math.pi), (0, TAU)))
OBLONG = Grid.periodic((32, 30), ((0.0, 1.0), (-1.0, 2.0)))
CUBE = Grid.periodic((24, 24, 24), (0, TAU))
BRICK = Grid.periodic((16, 18, 15), ((0, 1), (0, 2), (-1, 0.5)))

IN_THE_PLANE = [
    states.gaussian_random, states.mcwilliams, states.shear_layer, states.vortex_pair,
    states.taylor_green_vorticity, states.deterministic,
]  # fmt: skip
IN_SPACE = [states.taylor_green, states.abc, states.isotropic]


def advection(omega: Any, grid: Grid) -> Any:
    flow = Flow.of_vorticity(omega, grid)
    u = grid.size * np.fft.irfft2(flow.u_hat, grid.shape)
    return u[0] * grid.derivative(omega, 0) + u[1] * grid.derivative(omega, 1)


# -- every state -----------------------------------------------------------------------


@pytest.mark.parametrize("state", IN_THE_PLANE)
def test_vorticity_has_the_shape_of_the_grid_and_no_mean(state: Any) -> None:
    grid = Grid.periodic((64, 60), ((-1, 5.0), (0, 7.0)))
    omega = state(*grid.points())
    assert omega.shape == grid.shape
    assert abs(omega.mean()) < 1e-13 * np.abs(omega).max()
    full = state(*np.broadcast_arrays(*grid.points()))
    np.testing.assert_allclose(full, omega, rtol=1e-12, atol=1e-13)
    assert Parameters.of_function(state).positional == 2  # its parameters have types


@pytest.mark.parametrize("state", IN_SPACE)
@pytest.mark.parametrize("grid", [CUBE, BRICK])
def test_velocity_has_no_divergence(state: Any, grid: Grid) -> None:
    u = state(*grid.points(), **({"peak": 9.0} if state is states.isotropic else {}))
    assert isinstance(u, tuple)
    assert [part.shape for part in u] == [grid.shape] * 3
    flow = Flow.of_velocity(np.stack(u), grid)
    assert flow.energy > 0.01
    assert flow.divergence < 1e-13
    assert Parameters.of_function(state).positional == 3


@pytest.mark.parametrize("state", [states.gaussian_random, states.mcwilliams])
def test_random_states_take_a_seed(state: Any) -> None:
    a, b, c = (state(*PLANE.points(), seed=s) for s in (1, 1, 2))
    assert np.array_equal(a, b)
    assert abs(np.corrcoef(a.ravel(), c.ravel())[0, 1]) < 0.5


def test_coordinates_must_be_those_of_a_whole_box() -> None:
    x, y = PLANE.points()
    for bad in (x**3, -x, np.zeros_like(x), x[:1]):
        with pytest.raises(ParameterError, match="evenly spaced"):
            states.deterministic(bad, y)


# -- in the plane ----------------------------------------------------------------------


def test_gaussian_random_is_the_published_law() -> None:
    grid = Grid.periodic((64, 64), (0, 1))
    omega = states.gaussian_random(*grid.points(), seed=3)
    drawn = random_field.gaussian(grid, 3, alpha=2.5, tau=7.0, amplitude="fno")
    np.testing.assert_allclose(omega, drawn, atol=1e-13)
    m = np.arange(-31, 32)
    k2 = TAU**2 * (m[:, None] ** 2 + m**2)
    expected = np.sum(343.0 * (k2 + 49.0) ** -2.5) - 343.0 * 49.0**-2.5
    coarse = Grid.periodic((16, 16), (0, 1)).points()  # its 15² modes hold 99 % of it
    draws = [states.gaussian_random(*coarse, seed=s) for s in range(1000)]
    assert np.mean(np.square(draws)) == pytest.approx(expected, rel=0.03)


@pytest.mark.parametrize("density", ["code", "paper"])
@pytest.mark.parametrize("grid", [Grid.periodic((64, 64), (0, TAU)), PLANE])
def test_mcwilliams_energy_and_spectrum(density: Any, grid: Grid) -> None:
    omega = states.mcwilliams(*grid.points(), density=density, seed=4)
    omega_hat = np.fft.fft2(omega) / grid.size
    k2 = grid.k_squared()
    k = np.sqrt(np.where(k2 > 0, k2, 1.0))
    psi_hat = omega_hat / k**2
    assert np.sum(2 * k2 * np.abs(psi_hat) ** 2) == pytest.approx(1.0, rel=1e-12)
    phi = 1 / (k * (1 + (k / 4) ** 4))
    noise = np.abs(psi_hat) / (phi if density == "code" else np.sqrt(phi))
    xi = np.abs(np.fft.fft2(random_field.values(grid, random_field.white(grid, 4))))
    drawn = xi > 1e-6
    ratio = noise[drawn] / xi[drawn]
    assert np.ptp(ratio) < 1e-7 * ratio.max()


def test_mcwilliams_at_two_resolutions_is_one_flow() -> None:
    def low_modes(n: int) -> Any:
        omega = states.mcwilliams(*Grid.periodic((n, n), (0, TAU)).points())
        return np.fft.rfft2(omega)[np.r_[0:32, -31:0], :32] / n**2

    a, b = low_modes(64), low_modes(128)
    factor = abs(b[1, 1]) / abs(a[1, 1])
    assert factor == pytest.approx(1.0, abs=1e-3)  # what the fine grid has beyond k = 32
    np.testing.assert_allclose(a * factor, b, atol=1e-14)


@pytest.mark.parametrize("sharpness", [30.0, 20.0])
def test_shear_layer_is_that_of_brown_and_minion(sharpness: float) -> None:
    grid = Grid.periodic((128, 256), ((2.0, 3.0), (-0.5, 0.5)))
    x, y = grid.points()
    omega = states.shear_layer(x, y, sharpness=sharpness, perturbation=0.07)
    u, v = grid.size * np.fft.irfft2(Flow.of_vorticity(omega, grid).u_hat, grid.shape)
    below, above = np.tanh(sharpness * (y + 0.25)), np.tanh(sharpness * (0.25 - y))
    profile = np.where(y <= 0, below, above) + 0 * x
    kink = 1 - math.tanh(sharpness / 4)
    np.testing.assert_allclose(u, profile, atol=3 * kink + 1e-9)
    np.testing.assert_allclose(v, 0.07 * np.sin(TAU * (x - 2.0)) + 0 * y, atol=1e-12)
    tail = np.abs(np.fft.rfft2(omega))[:, -8:].max() / np.abs(np.fft.rfft2(omega)).max()
    assert tail < 1e-12  # the profile with kinks has 1e-7 there


def test_shear_layer_of_any_size_has_velocities_of_one() -> None:
    grid = Grid.periodic((64, 128), ((0, 5.0), (0, 20.0)))
    omega = states.shear_layer(*grid.points(), sharpness=10.0, perturbation=0.2)
    u, v = grid.size * np.fft.irfft2(Flow.of_vorticity(omega, grid).u_hat, grid.shape)
    # half-way between the layers, where the tails of both are felt
    assert u.max() == pytest.approx(2 * math.tanh(2.5) - 1, abs=1e-5)
    assert v.max() == pytest.approx(0.2, rel=1e-12)


def test_vortex_pair() -> None:
    grid = Grid.periodic((96, 90), ((0, TAU), (-2.0, 4.0)))
    x, y = grid.points()
    law = {"circulation": 3.0, "ratio": 0.5, "separation": 2.0, "radius": 0.4}
    omega = states.vortex_pair(x, y, **law)
    mean = 3.0 * 1.5 / (TAU * 6.0)
    alone = sum(
        gamma / (math.pi * 0.16) * np.exp(-((x - centre) ** 2 + (y - 1.0) ** 2) / 0.16)
        for gamma, centre in ((3.0, math.pi - 1), (1.5, math.pi + 1))
    )
    np.testing.assert_allclose(omega, alone - mean, atol=1e-12)
    dipole = states.vortex_pair(x, y, ratio=-1.0)
    assert np.abs(dipole + np.roll(dipole[::-1], 1, axis=0)).max() < 1e-13


def test_a_wide_vortex_is_periodic() -> None:
    grid = Grid.periodic((32, 32), (0, 1))
    omega = states.vortex_pair(*grid.points(), separation=0.3, radius=0.5)
    x, y = grid.points()
    total = -2.0
    for i in range(-8, 9):
        for j in range(-8, 9):
            for centre in (0.35, 0.65):
                r2 = (x - centre - i) ** 2 + (y - 0.5 - j) ** 2
                total = total + np.exp(-r2 / 0.25) / (math.pi * 0.25)
    np.testing.assert_allclose(omega, total, atol=1e-13)


@pytest.mark.parametrize("grid", [PLANE, OBLONG])
def test_taylor_green_in_the_plane_is_steady_without_viscosity(grid: Grid) -> None:
    x, y = grid.points()
    omega = states.taylor_green_vorticity(x, y, amplitude=1.5, mode=2)
    a, b = (2 * TAU / length for length in grid.lengths)
    u, v = grid.size * np.fft.irfft2(Flow.of_vorticity(omega, grid).u_hat, grid.shape)
    np.testing.assert_allclose(u, 1.5 * np.sin(a * x) * np.cos(b * y), atol=1e-13)
    np.testing.assert_allclose(v, -1.5 * a / b * np.cos(a * x) * np.sin(b * y), atol=1e-13)
    assert np.abs(advection(omega, grid)).max() < 1e-10


def test_deterministic_has_the_specified_numbers() -> None:
    grid = Grid.periodic((16, 16), (0, TAU))
    omega = states.deterministic(*grid.points())
    flow = Flow.of_vorticity(omega, grid)
    np.testing.assert_allclose([flow.energy, flow.enstrophy], [0.11875, 0.4375], rtol=1e-14)
    assert omega[0, 0] == 1.5
    assert np.abs(advection(omega, grid)).max() > 0.1


# -- in space --------------------------------------------------------------------------


def test_taylor_green_in_space() -> None:
    flow = Flow.of_velocity(np.stack(states.taylor_green(*CUBE.points())), CUBE)
    np.testing.assert_allclose([flow.energy, flow.enstrophy], [1 / 8, 3 / 8], rtol=1e-14)
    x, y, z = CUBE.points()
    u, v, w = states.taylor_green(x, y, z, amplitude=2.0, mode=3)
    np.testing.assert_allclose(
        u, 2 * np.sin(3 * x) * np.cos(3 * y) * np.cos(3 * z), atol=1e-14
    )
    np.testing.assert_allclose(
        v, -2 * np.cos(3 * x) * np.sin(3 * y) * np.cos(3 * z), atol=1e-14
    )
    assert not w.any()


def test_abc_is_its_own_vorticity() -> None:
    grid = Grid.periodic((12, 12, 12), (1.0, 4.0))
    x, y, z = grid.points()
    u = np.stack(states.abc(x, y, z, a=1.0, b=0.7, c=0.43, mode=2))
    flow = Flow.of_velocity(u, grid)
    k = 2 * TAU / 3
    np.testing.assert_allclose(flow.omega_hat, k * flow.u_hat, atol=1e-14)
    assert flow.energy == pytest.approx((1 + 0.49 + 0.43**2) / 2, rel=1e-14)
    expected = np.sin(k * z) + 0.43 * np.cos(k * y) + 0 * x
    np.testing.assert_allclose(u[0], expected, atol=1e-13)


@pytest.mark.parametrize("spectrum", ["peak", "lognormal"])
def test_isotropic_turbulence(spectrum: Any) -> None:
    grid = Grid.periodic((48, 48, 48), (0, TAU))
    law = random_field.peaked if spectrum == "peak" else random_field.lognormal
    u = np.stack(
        states.isotropic(*grid.points(), energy=0.7, peak=5.0, spectrum=spectrum, seed=2)
    )
    flow = Flow.of_velocity(u, grid)
    assert flow.energy == pytest.approx(0.7, rel=1e-13)
    k, found = flow.energy_spectrum()
    expected = law(k[4:12], peak=5.0)
    np.testing.assert_allclose(
        found[4:12] / found[4:12].sum(), expected / expected.sum(), rtol=0.25
    )


def test_isotropic_turbulence_at_two_resolutions_is_one_flow() -> None:
    def low_modes(n: int) -> Any:
        grid = Grid.periodic((n, n, n), (0, TAU))
        u = np.stack(states.isotropic(*grid.points(), peak=3.0, seed=5))
        modes = np.r_[0:8, -7:0]
        return Flow.of_velocity(u, grid).u_hat[:, modes][:, :, modes, :8]

    a, b = low_modes(16), low_modes(30)
    factor = np.vdot(a, b).real / np.vdot(a, a).real
    assert factor == pytest.approx(1.0, abs=0.01)
    np.testing.assert_allclose(a * factor, b, atol=1e-14)


def test_parameters_out_of_range() -> None:
    plane, space = PLANE.points(), CUBE.points()
    for call in (
        lambda: states.gaussian_random(*plane, tau=0.0),
        lambda: states.mcwilliams(*plane, peak=-1.0),
        lambda: states.shear_layer(*plane, sharpness=0.0),
        lambda: states.vortex_pair(*plane, radius=0.0),
        lambda: states.taylor_green(*space, mode=0),
        lambda: states.isotropic(*space, energy=0.0),
        lambda: states.isotropic(*Grid.periodic((2, 2, 2), (0, 1)).points()),  # no modes
    ):
        with pytest.raises(ParameterError):
            call()
