"""Budgets, scales and fluxes of flows whose values are known."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from pdekit import random_field, spectral
from pdekit.errors import ShapeError
from pdekit.grid import Axis, Grid, GridError
from pdekit.turbulence import Flow

TAU = 2 * math.pi
SQUARE = Grid.periodic((24, 24), (0, TAU))
CUBE = Grid.periodic((16, 16, 16), (0, TAU))


def stacked(*components: Any) -> Any:
    return np.stack(np.broadcast_arrays(*components))


def noise(shape: Sequence[int], lengths: Sequence[float], seed: int = 0) -> Any:
    """Rough velocity without divergence, and its grid."""
    grid = Grid.periodic(tuple(shape), tuple((0, length) for length in lengths))
    return random_field.solenoidal(grid, seed, lambda k: 1 / (1 + k)), grid


# -- means -----------------------------------------------------------------------------


def test_taylor_green_in_two_dimensions() -> None:
    x, y = SQUARE.points()
    u = stacked(np.sin(2 * x) * np.cos(2 * y), -np.cos(2 * x) * np.sin(2 * y))
    omega = 4 * np.sin(2 * x) * np.sin(2 * y)  # |k|² = 8
    for flow in (Flow.of_velocity(u, SQUARE), Flow.of_vorticity(omega, SQUARE)):
        found = [flow.energy, flow.enstrophy, flow.palinstrophy, flow.helicity]
        np.testing.assert_allclose(found, [1 / 4, 2, 16, 0], rtol=1e-14)
        assert flow.dissipation(0.1) == pytest.approx(0.4, rel=1e-14)
        assert flow.divergence < 1e-14


def test_the_specified_flow_in_two_dimensions() -> None:
    x, y = SQUARE.points()
    omega = np.sin(x) * np.sin(y) + np.cos(x + 2 * y) + 0.5 * np.cos(3 * x - y)
    flow = Flow.of_vorticity(omega, SQUARE)
    found = [flow.energy, flow.enstrophy, flow.palinstrophy]
    np.testing.assert_allclose(found, [0.11875, 0.4375, 2.125], rtol=1e-14)


def test_taylor_green_in_three_dimensions() -> None:
    x, y, z = CUBE.points()
    u = stacked(np.sin(x) * np.cos(y) * np.cos(z), -np.cos(x) * np.sin(y) * np.cos(z), 0.0)
    flow = Flow.of_velocity(u, CUBE)
    found = [flow.energy, flow.enstrophy, flow.dissipation(1 / 1600)]
    np.testing.assert_allclose(found, [1 / 8, 3 / 8, 3 / 6400], rtol=1e-14)
    assert abs(flow.helicity) < 1e-15
    assert flow.divergence < 1e-14


@pytest.mark.parametrize("mode", [1, 2])
def test_beltrami_flow(mode: int) -> None:
    x, y, z = (mode * p for p in CUBE.points())
    a, b, c = 1.0, 0.7, 0.43
    u = stacked(
        a * np.sin(z) + c * np.cos(y), b * np.sin(x) + a * np.cos(z),
        c * np.sin(y) + b * np.cos(x),
    )  # fmt: skip
    flow = Flow.of_velocity(u, CUBE)
    np.testing.assert_allclose(flow.omega_hat, mode * flow.u_hat, atol=1e-15)
    energy = (a**2 + b**2 + c**2) / 2
    found = [flow.energy, flow.enstrophy, flow.palinstrophy, flow.helicity]
    expected = [energy, mode**2 * energy, mode**4 * energy, 2 * mode * energy]
    np.testing.assert_allclose(found, expected, rtol=1e-14)
    assert np.abs(flow.energy_transfer()[1]).max() < 1e-15  # u × ω = 0


@pytest.mark.parametrize(
    ("shape", "lengths"), [((20, 15), (1.0, 3.0)), ((9, 12, 10), (2.0, 0.5, 1.0))]
)
def test_means_agree_with_derivatives_on_boxes_of_any_shape(
    shape: tuple[int, ...], lengths: tuple[float, ...]
) -> None:
    u, grid = noise(shape, lengths)
    flow = Flow.of_velocity(u, grid)
    d = [grid.derivative(u, axis=i) for i in range(grid.ndim)]  # d[i][j] = ∂u_j/∂x_i
    if grid.ndim == 2:
        omega = (d[0][1] - d[1][0])[None]
    else:
        omega = np.stack([d[1][2] - d[2][1], d[2][0] - d[0][2], d[0][1] - d[1][0]])
        assert flow.helicity == pytest.approx(np.sum(u * omega, axis=0).mean(), rel=1e-12)
    gradients = [grid.derivative(omega, axis=i) for i in range(grid.ndim)]
    assert flow.energy == pytest.approx((u**2).sum(axis=0).mean() / 2, rel=1e-12)
    assert flow.enstrophy == pytest.approx((omega**2).sum(axis=0).mean() / 2, rel=1e-12)
    expected = sum((g**2).sum(axis=0).mean() for g in gradients) / 2
    assert flow.palinstrophy == pytest.approx(expected, rel=1e-12)
    assert flow.divergence < 1e-12
    if grid.ndim == 2:
        again = Flow.of_vorticity(omega[0], grid)
        np.testing.assert_allclose(again.u_hat, flow.u_hat, atol=1e-14)


def test_divergence() -> None:
    x, y, z = CUBE.points()
    u = stacked(np.sin(3 * x) + 0 * (y + z), 5 * np.cos(2 * x) + 0 * (y + z), 0.0)
    # k·û = 3/2 at k = (3, 0, 0), |û| = 5/2 at (2, 0, 0)
    assert Flow.of_velocity(u, CUBE).divergence == pytest.approx(0.6, rel=1e-13)
    assert Flow.of_velocity(0 * u, CUBE).divergence == 0


# -- scales ----------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(128, 128), (48, 48, 48)])
def test_scales_are_those_of_the_correlation(shape: tuple[int, ...]) -> None:
    d = len(shape)
    grid = Grid.periodic(shape, (0, TAU))
    seeds = range(24 if d == 2 else 2)
    u = np.stack(
        [
            random_field.solenoidal(grid, s, lambda k: random_field.peaked(k, peak=6.0))
            for s in seeds
        ]
    )
    flow = Flow.of_velocity(u, grid)
    dims = tuple(range(-d, 0))
    variance = np.mean(u**2)
    assert np.mean(flow.fluctuation**2) == pytest.approx(variance, rel=1e-12)
    slopes = np.mean([np.mean(grid.derivative(u[:, i], axis=i) ** 2) for i in range(d)])
    measured = math.sqrt(variance / slopes)
    assert np.mean(flow.taylor_scale) == pytest.approx(measured, rel=0.03)
    # ∫ ⟨u_x(x) u_x(x + r)⟩ dr over half the period is L/2 times ⟨(mean of u_x along x)²⟩
    lines = np.mean([np.mean(u[:, i].mean(axis=dims[i]) ** 2) for i in range(d)])
    assert np.mean(flow.integral_scale) == pytest.approx(
        math.pi * lines / variance, rel=0.1
    )


def test_numbers_of_one_shell() -> None:
    x, y, z = CUBE.points()
    u = stacked(np.sin(2 * z) + 0 * (x + y), np.cos(2 * z) + 0 * (x + y), 0.0)
    flow = Flow.of_velocity(u + 3.0, CUBE)  # a mean flow changes no scale
    assert flow.energy == pytest.approx(0.5 + 13.5 + 0.0, rel=1e-14)
    assert flow.fluctuation == pytest.approx(math.sqrt(1 / 3), rel=1e-14)
    assert flow.taylor_scale == pytest.approx(math.sqrt(5) / 2, rel=1e-14)
    assert flow.integral_scale == pytest.approx(3 * math.pi / 8, rel=1e-14)
    assert flow.reynolds(0.01) == pytest.approx(100 * math.sqrt(5 / 12), rel=1e-14)
    # ε = 2ν·2, and with the 2/3 rule k_max = 16/3
    assert flow.resolution(0.01) == pytest.approx(16 / 3 * (1e-6 / 0.04) ** 0.25)
    assert flow.resolution(0.01, cutoff=1.0) == pytest.approx(8 * (1e-6 / 0.04) ** 0.25)


def test_resolution_in_two_dimensions_is_that_of_the_enstrophy_cascade() -> None:
    grid = Grid.periodic((24, 32), ((0, TAU), (0, 2 * TAU)))
    x, _ = grid.points()
    flow = Flow.of_vorticity(np.cos(3 * x) + np.zeros(grid.shape), grid)
    # P = 9/4, and the smallest Nyquist wavenumber is 8
    expected = 16 / 3 * (1e-6 / (0.02 * 9 / 4)) ** (1 / 6)
    assert flow.resolution(0.01) == pytest.approx(expected, rel=1e-13)


def test_fluid_at_rest_and_without_viscosity() -> None:
    rest = Flow.of_velocity(np.zeros((2, *SQUARE.shape)), SQUARE)
    assert (rest.taylor_scale, rest.integral_scale, rest.reynolds(0.1)) == (0, 0, 0)
    assert rest.resolution(0.1) == math.inf
    x, y = SQUARE.points()
    ideal = Flow.of_vorticity(np.sin(x) * np.sin(y), SQUARE)
    assert (ideal.reynolds(0.0), ideal.resolution(0.0)) == (math.inf, 0)


# -- shells ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "lengths"), [((16, 21), (1.0, 2.0)), ((10, 8, 9), (1.0, 1.0, 2.0))]
)
def test_spectrum_is_that_of_the_components(
    shape: tuple[int, ...], lengths: tuple[float, ...]
) -> None:
    u, grid = noise(shape, lengths)
    k, energy = Flow.of_velocity(u, grid).energy_spectrum()
    k_expected, parts = spectral.energy_spectrum(u, grid)
    assert np.array_equal(k, k_expected)
    np.testing.assert_allclose(energy, parts.sum(axis=0), rtol=1e-12, atol=1e-18)


def coefficients(u: Any, ndim: int) -> dict[tuple[int, ...], Any]:
    """Vectors of the nonzero modes within the 2/3 rule, by their whole numbers."""
    shape = u.shape[-ndim:]
    u_hat = np.fft.fftn(u, axes=range(-ndim, 0)) / math.prod(shape)
    lines = [[m for m in range(-n // 2, n) if 3 * abs(m) < n] for n in shape]
    every = {m: u_hat[:, *m] for m in itertools.product(*lines)}
    return {m: c for m, c in every.items() if np.abs(c).max() > 1e-14}


def transfer(u: Any, grid: Grid) -> dict[tuple[int, ...], float]:
    """Re û_k*·Σ_{p+q=k} −i(k·û_p) û_q  of each mode, by the sum itself."""
    c = coefficients(u, grid.ndim)
    out = dict.fromkeys(c, 0.0)
    for p, q in itertools.product(c, c):
        m = tuple(int(a + b) for a, b in zip(p, q, strict=True))
        if m in c:
            k = TAU * np.array(m) / np.array(grid.lengths)
            out[m] += float((np.vdot(c[m], -1j * (k @ c[p]) * c[q])).real)
    return out


def in_shells(values: dict[tuple[int, ...], float], grid: Grid, count: int) -> Any:
    dk, shells = TAU / min(grid.lengths), np.zeros(count)
    for m, value in values.items():
        k = math.hypot(
            *(TAU * i / length for i, length in zip(m, grid.lengths, strict=True))
        )
        shells[math.floor(k / dk + 0.5)] += value
    return shells


def test_one_triad_in_two_dimensions() -> None:
    x, y = SQUARE.points()
    # amplitude and phase of ψ; phases that add up would be a shift, without transfer
    modes = {(1, 0): (0.8, 0.3), (1, 2): (0.5, 1.1), (2, 2): (0.3, 2.9)}
    psi = sum(a * np.sin(m * x + n * y + p) for (m, n), (a, p) in modes.items())
    omega = -sum(SQUARE.derivative(psi, axis=i, order=2) for i in range(2))
    u = stacked(SQUARE.derivative(psi, 1), -SQUARE.derivative(psi, 0))
    flow = Flow.of_vorticity(omega, SQUARE)
    k, energy = flow.energy_transfer()
    expected = in_shells(transfer(u, SQUARE), SQUARE, k.size)
    assert np.abs(expected).max() > 0.05
    np.testing.assert_allclose(energy, expected, atol=1e-15)
    # each mode is a shell of its own here, and gains |k|² as much enstrophy as energy
    _, enstrophy = flow.enstrophy_transfer()
    np.testing.assert_allclose(
        enstrophy[[1, 2, 3]], energy[[1, 2, 3]] * [1, 5, 8], atol=1e-14
    )
    # Fjørtoft: the middle wavenumber feeds both others, or the other way round
    assert energy[1] * energy[3] > 0 > energy[1] * energy[2]
    assert energy[1] * (8 - 1) == pytest.approx(-energy[2] * (8 - 5), rel=1e-12)


@pytest.mark.parametrize(
    ("shape", "lengths"),
    [((9, 12), (1.0, 2.0)), ((10, 8), (3.0, 1.0)), ((6, 7, 8), (1.0, 1.5, 1.0))],
)
def test_transfer_is_the_sum_over_triads(
    shape: tuple[int, ...], lengths: tuple[float, ...]
) -> None:
    u, grid = noise(shape, lengths, seed=3)
    k, found = Flow.of_velocity(u, grid).energy_transfer()
    expected = in_shells(transfer(u, grid), grid, k.size)
    assert np.abs(expected).max() > 1e-3
    np.testing.assert_allclose(
        found, expected, atol=1e-14 * np.abs(expected).max() * k.size
    )


@pytest.mark.parametrize(
    ("shape", "lengths"),
    [
        ((64, 64), (1.0, 1.0)),
        ((45, 31), (1.0, 0.3)),
        ((24, 24, 24), (1.0, 1.0, 1.0)),
        ((15, 16, 18), (1.0, 2.0, 3.0)),
    ],
)
def test_nothing_flows_out_of_the_last_shell(
    shape: tuple[int, ...], lengths: tuple[float, ...]
) -> None:
    u, grid = noise(shape, lengths)
    flow = Flow.of_velocity(u, grid)
    fluxes = [flow.energy_flux()]
    if grid.ndim == 2:
        fluxes.append(flow.enstrophy_flux())
    for k, flux in fluxes:
        assert k.shape == flux.shape
        assert abs(flux[-1]) < 1e-14 * np.abs(np.diff(flux)).sum()
        assert np.abs(flux).max() > 1e-3 * np.abs(np.diff(flux)).sum()


def test_flux_is_what_the_large_scales_lose_to_advection() -> None:
    u, grid = noise((32, 30), (TAU, TAU))
    mask = spectral.two_thirds(grid, real=True)

    def truncated(values: Any) -> Any:
        return np.fft.irfft2(np.fft.rfft2(values) * mask, grid.shape)

    def rate(omega: Any) -> Any:
        v = grid.size * np.fft.irfft2(Flow.of_vorticity(omega, grid).u_hat, grid.shape)
        advection = v[0] * grid.derivative(omega, 0) + v[1] * grid.derivative(omega, 1)
        return -truncated(advection)

    def inside(omega: Any) -> Any:
        return np.cumsum(Flow.of_vorticity(omega, grid).energy_spectrum()[1])

    omega = truncated(grid.derivative(u[1], 0) - grid.derivative(u[0], 1))
    h = 1e-5
    change = (inside(omega + h * rate(omega)) - inside(omega - h * rate(omega))) / (2 * h)
    _, flux = Flow.of_vorticity(omega, grid).energy_flux()
    np.testing.assert_allclose(-change, flux, atol=1e-8 * np.abs(flux).max())


def test_modes_that_dealiasing_removes_carry_energy_but_no_flux() -> None:
    u, grid = noise((24, 24), (TAU, TAU))
    x, y = grid.points()
    high = stacked(np.cos(9 * y) + 0 * x, np.sin(8 * x) + 0 * y)  # 3·8 = 24 is cut, too
    low, both = Flow.of_velocity(u, grid), Flow.of_velocity(u + high, grid)
    assert both.energy > low.energy + 0.1
    np.testing.assert_allclose(both.energy_flux()[1], low.energy_flux()[1], atol=1e-13)


def test_leading_axes() -> None:
    draws = [noise((12, 10, 8), (1, 2, 1), seed)[0] for seed in range(6)]
    _, grid = noise((12, 10, 8), (1, 2, 1))
    together = Flow.of_velocity(np.stack(draws).reshape(2, 3, 3, *grid.shape), grid)
    one = Flow.of_velocity(draws[4], grid)
    for name in ("energy", "enstrophy", "palinstrophy", "helicity", "divergence",
                 "fluctuation", "integral_scale", "taylor_scale"):  # fmt: skip
        values = getattr(together, name)
        assert values.shape == (2, 3)
        assert values[1, 1] == pytest.approx(getattr(one, name), rel=1e-11, abs=1e-13)
    assert together.reynolds(0.1).shape == together.resolution(0.1).shape == (2, 3)
    np.testing.assert_allclose(
        together.energy_flux()[1][1, 1], one.energy_flux()[1], atol=1e-12
    )
    plane = Grid.periodic((8, 8), (0, 1))
    members = Flow.of_vorticity(np.random.default_rng(0).normal(size=(5, 8, 8)), plane)
    assert members.energy.shape == (5,)
    assert members.enstrophy_flux()[1].shape == (5, members.energy_spectrum()[0].size)


def test_single_precision_is_read_in_double() -> None:
    u, grid = noise((8, 8), (1, 1))
    flow = Flow.of_velocity(u.astype(np.float32), grid)
    assert flow.energy.dtype == np.float64
    assert flow.energy == pytest.approx((u**2).sum(axis=0).mean() / 2, rel=1e-6)


def test_refuses_what_is_no_flow() -> None:
    with pytest.raises(ShapeError):
        Flow.of_velocity(np.zeros((2, *CUBE.shape)), CUBE)
    with pytest.raises(ShapeError):
        Flow.of_vorticity(np.zeros((24, 25)), SQUARE)
    with pytest.raises(ShapeError, match="real"):
        Flow.of_vorticity(np.zeros(SQUARE.shape, complex), SQUARE)
    with pytest.raises(GridError, match="two dimensions"):
        Flow.of_vorticity(np.zeros(CUBE.shape), CUBE)
    with pytest.raises(GridError, match="two or three"):
        Flow.of_velocity(np.zeros((1, 8)), Grid.periodic(8, (0, 1)))
    walls = Grid((Axis("x", 8, 0, 1, boundary="dirichlet"), Axis("y", 8, 0, 1)))
    with pytest.raises(GridError, match="periodic"):
        Flow.of_velocity(np.zeros((2, 8, 8)), walls)
    with pytest.raises(GridError, match="conserves enstrophy"):
        Flow.of_velocity(np.zeros((3, *CUBE.shape)), CUBE).enstrophy_flux()
