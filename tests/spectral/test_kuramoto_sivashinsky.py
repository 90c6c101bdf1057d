"""Kuramoto–Sivashinsky: published runs, equilibria, growth, symmetries, both forms."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from pdekit import Grid, registry, spectral
from pdekit.solvers.exact import kuramoto_sivashinsky as states
from pdekit.validation.ks_lyapunov import KNOWN, Spectrum, lyapunov
from tests.spectral.flows import band_limited, rate
from tests.spectral.symmetries import commutator, evolve, reflected, translation

Line = registry.equation("kuramoto_sivashinsky")
Plane = registry.equation("kuramoto_sivashinsky_2d")
SMALL = Grid.periodic(48, (0.0, 22.0))


def test_the_run_of_kassam_and_trefethen() -> None:
    """E and u(0) of two independent integrators on finer grids."""
    grid, equation = Grid.periodic(384, (0.0, 32 * math.pi)), Line()
    (x,) = grid.points()
    u = states.kassam_trefethen(x)
    for steps, energy, origin in (
        (200, 0.35808271, 0.5879679),
        (200, 0.19663072, 0.4131804),
        (200, 0.12406987, 0.3111986),
    ):
        u = evolve(equation, grid, u, 10.0, steps=steps)
        found = equation.diagnostics(grid, u[None, None])["energy"]
        assert found == pytest.approx(energy, abs=2e-8)
        assert u[0] == pytest.approx(origin, abs=2e-7)


# -- equilibria of the box of length 22 ------------------------------------------------


def equilibrium(mode: int, amplitude: float) -> Any:
    """Solve for a steady odd state, from a sine; Newton on the sine coefficients."""
    (x,) = SMALL.points()
    k = 2 * math.pi / 22.0

    def field(b: Any) -> Any:
        return sum(c * np.sin(m * k * x) for m, c in enumerate(b, 1))

    def residual(b: Any) -> Any:
        right = rate(Line(), SMALL, field(b)[None])[0]
        return -2 * np.fft.rfft(right)[1:16].imag / 48 / (1 + np.arange(1, 16) ** 4)

    b = np.zeros(15)
    b[mode - 1], b[2 * mode - 1] = amplitude, 0.3 * amplitude
    for _ in range(40):  # Newton with differences: fifteen unknowns
        now = residual(b)
        slope = np.stack(
            [(residual(b + 1e-7 * e) - residual(b - 1e-7 * e)) / 2e-7 for e in np.eye(15)],
            axis=1,
        )
        change = np.linalg.solve(slope, now)
        b = b - change * min(1.0, 1.0 / np.abs(change).max())
        if np.abs(change).max() < 1e-13:
            break
    return field(b)


@pytest.mark.parametrize(
    ("mode", "amplitude", "energy", "rate_of_growth"),
    [(1, 2.0, 0.2608728, 0.1308), (2, 2.0, 0.4381572, 0.1390), (3, -2.0, 1.587597, 0.0933)],
)
def test_equilibria_stay(
    mode: int, amplitude: float, energy: float, rate_of_growth: float
) -> None:
    u, equation = equilibrium(mode, amplitude), Line()
    assert equation.diagnostics(SMALL, u[None, None])["energy"] == pytest.approx(
        energy, abs=1e-7 * max(1, 10 * energy)
    )
    residual = np.abs(rate(equation, SMALL, u[None])).max()
    assert residual < 1e-10
    later = evolve(equation, SMALL, u, 50.0, steps=500)
    # what rounding has put in grows at the leading eigenvalue
    assert np.abs(later - u).max() < 1e-10 * math.exp(50 * rate_of_growth)


def travelling(modes: Sequence[complex], speed: float) -> tuple[Any, float]:
    """Solve  −uuₓ − uₓₓ − uₓₓₓₓ + c uₓ = 0  for u and c near a guess; û₁ stays real."""
    k, m = 2 * math.pi / 22.0, np.arange(1, 16)

    def spectrum(b: Any) -> Any:
        full = np.zeros(25, dtype=complex)
        full[1:16] = b[:15] + 1j * np.append(0.0, b[15:29])
        return full

    def residual(b: Any) -> Any:
        u_hat = spectrum(b)
        right = rate(Line(), SMALL, 48 * np.fft.irfft(u_hat, 48)[None])[0]
        left = np.fft.rfft(right)[1:16] / 48 + 1j * b[29] * k * m * u_hat[1:16]
        left = left / (1 + m**4)
        return np.concatenate([left.real, left.imag])

    guess = np.pad(np.array(modes), (0, 15 - len(modes)))
    b = np.concatenate([guess.real, guess.imag[1:], [speed]])
    for _ in range(40):
        slope = np.stack(
            [(residual(b + 1e-7 * e) - residual(b - 1e-7 * e)) / 2e-7 for e in np.eye(30)],
            axis=1,
        )
        change = np.linalg.solve(slope, residual(b))
        b = b - change * min(1.0, 1.0 / np.abs(change).max())
        if np.abs(change).max() < 1e-13:
            break
    return 48 * np.fft.irfft(spectrum(b), 48), float(b[29])


@pytest.mark.parametrize(
    ("modes", "guess", "speed", "energy"),
    [
        ((-0.4, 0.4, -0.3 + 0.1j, 0.1 - 0.2j, 0.1 + 0.1j), 0.7, 0.73699, 0.46492),
        ((0.4, 0.2 + 0.1j, -0.3 - 0.4j, -0.1 + 0.3j), -0.3, 0.34954, 0.60482),
    ],
)
def test_travelling_waves_travel(
    modes: Sequence[complex], guess: float, speed: float, energy: float
) -> None:
    """Both waves of Cvitanović, Davidchack & Siminos (2010)."""
    u, c = travelling(modes, guess)
    assert abs(c) == pytest.approx(speed, abs=6e-6)
    found = Line().diagnostics(SMALL, u[None, None])["energy"]
    assert found == pytest.approx(energy, abs=6e-6)
    later = evolve(Line(), SMALL, u, 10.0, steps=2000)
    turn = np.exp(-1j * np.arange(25) * (2 * math.pi / 22.0) * 10.0 * c)
    expected = np.fft.irfft(np.fft.rfft(u) * turn, 48)
    assert np.abs(later - expected).max() < 1e-8
    assert np.abs(later - u).max() > 0.1


@pytest.mark.parametrize(
    ("mode", "amplitude", "growth"),
    [(1, 2.0, 0.1308 + 0.3341j), (2, 2.0, 0.1390 + 0.2384j), (3, -2.0, 0.0933)],
)
def test_equilibria_are_as_unstable_as_published(
    mode: int, amplitude: float, growth: complex
) -> None:
    u = equilibrium(mode, amplitude)
    step = 1e-6
    basis = np.stack([np.fft.irfft(c, 48) for c in _real_modes()])

    def right(v: Any) -> Any:
        return rate(Line(), SMALL, v[None])[0]

    columns = [(right(u + step * e) - right(u - step * e)) / (2 * step) for e in basis]
    jacobian = np.linalg.lstsq(basis.T, np.stack(columns, axis=1), rcond=None)[0]
    assert jacobian.shape == (30, 30)
    leading = max(np.linalg.eigvals(jacobian), key=lambda s: (round(s.real, 9), s.imag))
    assert leading == pytest.approx(growth, abs=1e-4)


def _real_modes() -> Any:
    return [unit * np.eye(25)[m] * 24 for m in range(1, 16) for unit in (1, 1j)]


# -- structure -------------------------------------------------------------------------


@pytest.mark.parametrize("n", [96, 97])
def test_waves_grow_as_linear_theory_has_it(n: int) -> None:
    grid = Grid.periodic(n, (0.0, 20 * math.pi))
    (x,) = grid.points()
    u = states.noise(x, amplitude=1e-8, highest=11, seed=3)
    later = evolve(Line(), grid, u, 10.0, steps=100)
    gain = np.abs(np.fft.rfft(later))[1:12] / np.abs(np.fft.rfft(u))[1:12]
    k = 0.1 * np.arange(1, 12)
    np.testing.assert_allclose(np.log(gain) / 10, k**2 - k**4, atol=1e-6)


@pytest.mark.parametrize("n", [64, 65, 67])
def test_symmetries_of_the_line(n: int) -> None:
    grid = Grid.periodic(n, (0.0, 22.0))
    u = band_limited(grid, 1, 4)
    assert translation(Line(), grid, u, 2.0, steps=40) < 1e-12
    assert commutator(Line(), grid, u, 2.0, lambda v: -reflected(v), steps=40) < 1e-12
    assert abs(rate(Line(), grid, u + 0.3).mean()) < 1e-14
    boost = 4 * grid.spacing[0] / 2.0
    still = evolve(Line(), grid, u, 2.0, steps=400)
    moving = evolve(Line(), grid, u + boost, 2.0, steps=400) - boost
    assert np.abs(np.roll(moving, -4, 1) - still).max() < 1e-7


def test_scales_drop_out() -> None:
    """With ν₄:  u(x, t) → u(x/s, t/s²)/s  for  ν₄ → s²ν₄."""
    s, grid, large = 1.6, Grid.periodic(48, (0.0, 22.0)), Grid.periodic(48, (0.0, 35.2))
    u = band_limited(grid, 2, 4)
    a = evolve(Line(), grid, u, 2.0, steps=40)
    b = evolve(Line(hyperviscosity=s**2), large, u / s, 2.0 * s**2, steps=40)
    np.testing.assert_allclose(s * b, a, atol=1e-12)


def test_the_balance_of_energy() -> None:
    equation, u = Line(hyperviscosity=1.3), band_limited(SMALL, 5, 6)
    right, found = rate(equation, SMALL, u), equation.diagnostics(SMALL, u[None])
    balance = found["production"][0] - found["dissipation"][0]
    assert SMALL.mean(u[0] * right[0]) == pytest.approx(balance, rel=1e-11)
    assert found["energy"] == pytest.approx(0.5)
    assert set(equation.invariants(SMALL, u[None])) == {"mean"}
    assert equation.advection(SMALL, u[None]) == pytest.approx(np.abs(u).max() * 48 / 22)


# -- the plane -------------------------------------------------------------------------

OBLONG = Grid.periodic((40, 33), ((0.0, 15.0), (0.0, 11.0)))


def test_the_gradient_form() -> None:
    phi = band_limited(OBLONG, 1, 5)
    across, up = OBLONG.derivative(phi, 0), OBLONG.derivative(phi, 1)
    laplacian = OBLONG.derivative(phi, 0, 2) + OBLONG.derivative(phi, 1, 2)
    bend = OBLONG.derivative(laplacian, 0, 2) + OBLONG.derivative(laplacian, 1, 2)
    square = np.fft.rfft2(across**2 + up**2) * spectral.mask("two_thirds", OBLONG, True)
    expected = -laplacian - 1.4 * bend - 0.5 * np.fft.irfft2(square, OBLONG.shape)
    found = rate(Plane(hyperviscosity=1.4), OBLONG, phi)
    np.testing.assert_allclose(found, expected, atol=1e-11 * np.abs(expected).max())
    assert abs(rate(Plane(fixed_mean=True), OBLONG, phi).mean()) < 1e-15
    series = Plane().diagnostics(OBLONG, phi[None])
    assert series["energy"] == pytest.approx(OBLONG.mean(across**2 + up**2)[0] / 2)
    assert series["drift"] == pytest.approx(found.mean())
    assert (series["variance"], series["mean"]) == (
        pytest.approx(1.0),
        pytest.approx(0.0, abs=1e-15),
    )
    dx, dy = OBLONG.spacing
    speed = (np.abs(across) / dx + np.abs(up) / dy).max()
    assert Plane().advection(OBLONG, phi[None]) == pytest.approx(speed)


def test_the_mean_is_felt_by_nothing() -> None:
    phi = band_limited(OBLONG, 4, 4)
    free = evolve(Plane(), OBLONG, phi + 5.0, 1.0, steps=40)
    fixed = evolve(Plane(fixed_mean=True), OBLONG, phi, 1.0, steps=40)
    assert abs(fixed.mean()) < 1e-15
    assert free.mean() < 4.9
    np.testing.assert_allclose(free - free.mean(), fixed, atol=1e-12)
    assert set(Plane(fixed_mean=True).invariants(OBLONG, phi[None])) == {"mean"}
    assert Plane().invariants(OBLONG, phi[None]) == {}


@pytest.mark.parametrize("axis", [0, 1])
def test_slopes_of_one_coordinate_obey_the_equation_of_the_line(axis: int) -> None:
    phi = 2 * band_limited(SMALL, 3, 4)
    shape, box = [9, 9], [(0.0, 3.0), (0.0, 3.0)]  # too small for waves across
    shape[axis], box[axis] = 48, (0.0, 22.0)
    plane = Grid.periodic(shape, box)
    start = np.broadcast_to(phi[0][:, None] if axis == 0 else phi[0], shape)[None]
    found = evolve(Plane(), plane, start, 2.0, steps=40)[0]
    slope = plane.derivative(found, axis).take(0, 1 - axis)
    alone = evolve(Line(), SMALL, SMALL.derivative(phi), 2.0, steps=40)[0]
    np.testing.assert_allclose(slope, alone, atol=1e-11)


def test_symmetries_of_the_plane() -> None:
    phi = band_limited(OBLONG, 2, 4)
    assert translation(Plane(), OBLONG, phi, 0.5, steps=10) < 1e-12
    for axis in (1, 2):
        turned = commutator(
            Plane(), OBLONG, phi, 0.5, lambda v, a=axis: reflected(v, a), steps=10
        )
        assert turned < 1e-12
    square = Grid.periodic((32, 32), ((0.0, 12.0), (0.0, 12.0)))
    phi = band_limited(square, 3, 4)
    quarter = commutator(
        Plane(), square, phi, 0.5, lambda v: reflected(np.swapaxes(v, 1, 2)), steps=10
    )
    assert quarter < 1e-12


def test_noise_is_the_same_on_every_grid() -> None:
    (x,), (finer,) = SMALL.points(), SMALL.resize(96).points()
    np.testing.assert_allclose(states.noise(finer)[::2], states.noise(x), atol=1e-20)
    fine = OBLONG.resize((80, 66))
    coarse = states.noise_2d(*OBLONG.points(), seed=2)
    assert np.sqrt(np.mean(coarse**2)) == pytest.approx(0.1)
    np.testing.assert_allclose(
        states.noise_2d(*fine.points(), seed=2)[::2, ::2], coarse, atol=1e-13
    )


# -- chaos -----------------------------------------------------------------------------


@pytest.mark.slow
def test_lyapunov_exponents_of_the_box_of_length_22() -> None:
    """Over T = 2000 the largest has a standard error of about 0.004."""
    found = lyapunov(duration=2000.0, with_mean=True)
    assert found.exponents[0] == pytest.approx(0.049, abs=0.012)
    np.testing.assert_allclose(found.exponents, KNOWN, atol=0.02)
    assert found.dimension == pytest.approx(5.235, abs=0.12)
    assert found.energy == pytest.approx(0.705, abs=0.03)


def test_the_dimension_of_kaplan_and_yorke() -> None:
    exponents = np.array([0.5, 0.0, -1.0])
    assert Spectrum(exponents, 1.0, 1.0, 1.0).dimension == pytest.approx(2.5)
    assert math.isnan(Spectrum(exponents[:2], 1.0, 1.0, 1.0).dimension)


def test_a_state_at_rest_in_a_narrow_box_has_the_exponents_of_linear_theory() -> None:
    """L = 6: every wave decays, in pairs of sine and cosine at k² − k⁴."""
    found = lyapunov(box=6.0, points=12, exponents=4, duration=40.0, transient=150.0)
    k2 = (math.pi / 3 * np.array([1, 1, 2, 2])) ** 2
    np.testing.assert_allclose(found.exponents, k2 - k2**2, rtol=1e-6)
    boosted = lyapunov(
        box=6.0, points=12, exponents=3, duration=40.0, transient=150.0, with_mean=True
    )
    expected = [0.0, *(k2 - k2**2)[:2]]
    np.testing.assert_allclose(boosted.exponents, expected, rtol=1e-5, atol=1e-8)
