"""Random fields: their law, their independence of the grid, their symmetry."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import minimize_scalar

from pdekit import random_field, random_starts
from pdekit.errors import PdekitError
from pdekit.grid import Axis, Grid, GridError

TAU = 2 * math.pi
SAMPLES = 4000


def modes(u: Any) -> dict[tuple[int, ...], complex]:
    """Coefficients by the whole numbers of their modes, below every Nyquist mode."""
    u_hat = np.fft.fftn(u) / u.size
    lines = [range(-((n - 1) // 2), (n - 1) // 2 + 1) for n in u.shape]
    return {m: u_hat[m] for m in itertools.product(*lines)}


def variances(grid: Grid, alpha: float, tau: float, sigma: float) -> dict[Any, float]:
    """σ²(|2πm/L|² + τ²)^(−α) of every mode that is drawn."""
    lines = [range(-((n - 1) // 2), (n - 1) // 2 + 1) for n in grid.shape]
    return {
        m: sigma**2
        * (sum((TAU * i / length) ** 2 for i, length in zip(m, grid.lengths, strict=True))
           + tau**2) ** -alpha
        for m in itertools.product(*lines) if any(m)
    }  # fmt: skip


LAWS = [
    (Grid.periodic((12, 9), ((0, 1), (0, 1))), {"alpha": 2.5, "tau": 7.0}, 7.0**1.5),
    (Grid.periodic((8, 10), ((-1, 2), (0, 0.5))), {"alpha": 1.5, "tau": 3.0}, 0.7),
    (Grid.periodic(32, (0, 2)), {"alpha": 1.0, "tau": 9.0}, 2.0),
]


@pytest.mark.parametrize(("grid", "law", "sigma"), LAWS)
def test_variance_of_the_field_and_of_every_mode(
    grid: Grid, law: dict[str, float], sigma: float
) -> None:
    expected = variances(grid, **law, sigma=sigma)
    draws = np.stack(
        [random_field.gaussian(grid, s, **law, amplitude=sigma) for s in range(SAMPLES)]
    )
    assert np.mean(draws**2) == pytest.approx(sum(expected.values()), rel=0.01)
    u_hat = np.fft.fftn(draws, axes=range(1, draws.ndim)) / grid.size
    for m, variance in expected.items():
        z = u_hat[:, *m] / math.sqrt(variance)
        assert abs(np.mean(np.abs(z) ** 2) - 1) < 5 / math.sqrt(SAMPLES), m
        assert abs(np.mean(z * z)) < 5 / math.sqrt(SAMPLES), m  # Re and Im alike, unrelated
        kurtosis = np.mean(np.abs(z) ** 4)  # E|z|⁴ = 2, and E|z|⁸ = 24
        assert abs(kurtosis - 2) < 5 * math.sqrt(20 / SAMPLES), m


def test_variance_of_shells() -> None:
    grid, law = Grid.periodic((64, 48, 50), ((0, 1),) * 3), {"alpha": 2.0, "tau": 5.0}
    u = random_field.gaussian(grid, 4, **law, amplitude="fno")
    expected = variances(grid, **law, sigma=math.sqrt(5.0))  # τ^((2·2 − 3)/2)
    power = {m: abs(c) ** 2 for m, c in modes(u).items()}
    for shell in range(1, 24):
        inside = [m for m in expected if shell - 0.5 <= math.hypot(*m) < shell + 0.5]
        ratio = np.mean([power[m] / expected[m] for m in inside])
        assert abs(ratio - 1) < 5 / math.sqrt(len(inside) / 2), shell


PAIRS = [
    ((16,), (32,)), ((15,), (17,)), ((2,), (64,)), ((1,), (8,)), ((16, 16), (32, 32)),
    ((13, 8), (29, 31)), ((8, 31), (33, 16)), ((1, 24), (7, 12)), ((256, 6), (10, 64)),
    ((8, 8, 8), (16, 16, 16)), ((7, 10, 12), (16, 11, 5)),
]  # fmt: skip


@pytest.mark.parametrize(("coarse", "fine"), PAIRS)
def test_the_same_function_at_every_resolution(
    coarse: tuple[int, ...], fine: tuple[int, ...]
) -> None:
    box = tuple(((0.0, 1.0), (-2.0, 3.0), (1.0, 1.5))[: len(coarse)])
    law = {"alpha": 1.5, "tau": 2.0, "amplitude": 1.0}
    low, high = (
        modes(random_field.gaussian(Grid.periodic(n, box), (3, 1), **law))
        for n in (coarse, fine)
    )
    common = low.keys() & high.keys()
    assert len(common) == math.prod(
        2 * ((min(pair) - 1) // 2) + 1 for pair in zip(coarse, fine, strict=True)
    )
    largest = max(map(abs, high.values()))
    assert max(abs(low[m] - high[m]) for m in common) <= 1e-15 * max(largest, 1.0)


def test_refining_is_interpolating_what_the_coarse_grid_carries() -> None:
    coarse, fine = (Grid.periodic((n, n + 1), ((0, 1), (0, 3))) for n in (21, 64))
    law = {"alpha": 2.5, "tau": 7.0, "amplitude": 1.0}
    u, v = (random_field.gaussian(g, 0, **law) for g in (coarse, fine))
    restricted = fine.interpolate(v[None], coarse.resize((21, 21)))[0]
    again = coarse.interpolate(u[None], coarse.resize((21, 21)))[0]
    np.testing.assert_allclose(restricted, again, atol=1e-14 * np.abs(u).max())


@pytest.mark.parametrize("shape", [(8,), (9,), (8, 8), (8, 6, 4), (5, 8, 7), (6, 7, 8)])
def test_white_noise_is_exactly_hermitian(shape: tuple[int, ...]) -> None:
    grid = Grid.periodic(shape, (0, 1))
    xi = random_field.white(grid, 5)
    plane = xi[..., 0]
    opposite = plane[np.ix_(*(-np.arange(n) % n for n in plane.shape))]
    assert np.array_equal(plane, opposite.conj())
    for axis, n in enumerate(shape):
        if n % 2 == 0:
            assert not np.take(xi, n // 2, axis).any()
    drawn = math.prod(2 * ((n - 1) // 2) + 1 for n in shape) - 1
    w = np.where(np.arange(shape[-1] // 2 + 1) > 0, 2, 1)
    assert ((xi != 0) * w).sum() == drawn
    u = random_field.values(grid, xi)
    assert u.dtype == np.float64
    assert abs(u.mean()) < 1e-14
    np.testing.assert_allclose(np.fft.rfftn(u) / u.size, xi, atol=1e-14)


def test_the_series_is_the_formula() -> None:
    grid = Grid.periodic((5, 4), ((0.0, 2.0), (1.0, 4.0)))
    x, y = grid.points()
    xi = modes(random_field.values(grid, random_field.white(grid, 2)))
    u = random_field.gaussian(grid, 2, alpha=1.3, tau=0.8, amplitude=1.7)
    total = 0.0
    for (a, b), z in xi.items():
        kx, ky = math.pi * a, TAU / 3 * b
        deviation = 1.7 * (kx**2 + ky**2 + 0.8**2) ** -0.65
        total = total + deviation * z * np.exp(1j * (kx * x + ky * (y - 1.0)))
    np.testing.assert_allclose(u, total, atol=1e-14)


def test_cell_centred_points_sample_the_same_function() -> None:
    faces = Grid.periodic((16, 15), ((0, 1), (0, 2)))
    cells = Grid((Axis("x", 16, 0, 1, centring="cell"), faces.axes[1]))
    law = {"alpha": 2.0, "tau": 3.0, "amplitude": 1.0}
    at_faces, at_cells = (random_field.gaussian(g, 1, **law) for g in (faces, cells))
    points = np.broadcast_arrays(*cells.points())
    np.testing.assert_allclose(faces.evaluate(at_faces, points), at_cells, atol=1e-14)
    assert np.abs(at_faces - at_cells).max() > 1e-3


def test_seeds_members_and_parts_are_unrelated() -> None:
    grid = Grid.periodic((64, 64), (0, 1))
    streams = [((0, 0, 0), 0), ((0, 0, 0), 1), ((0, 0, 1), 0), ((0, 1, 0), 0), (7, 0)]
    fields = [random_field.white(grid, seed, part).ravel() for seed, part in streams]
    for a, b in itertools.combinations(fields, 2):
        assert abs(np.vdot(a, b)) / a.size < 5 / math.sqrt(a.size)
    assert np.array_equal(random_field.white(grid, 7).ravel(), fields[-1])


def test_complex_draws_have_two_independent_parts() -> None:
    grid, law = Grid.periodic(16, (0, 1)), {"alpha": 1.0, "tau": 30.0, "amplitude": 2.0}
    draws = np.stack(
        [
            random_starts.draw(grid, (s, 0), kind="gaussian", is_complex=True, **law)
            for s in range(2000)
        ]
    )
    expected = sum(variances(grid, 1.0, 30.0, 2.0).values())
    assert np.mean(np.abs(draws) ** 2) == pytest.approx(expected, rel=0.03)
    assert abs(np.mean(draws**2)) < 0.03 * expected
    real = random_starts.draw(grid, (3, 0), kind="gaussian", is_complex=False, **law)
    np.testing.assert_allclose(real, math.sqrt(2) * draws[3].real, rtol=1e-13)


def test_amplitude_of_the_fno_code() -> None:
    grid = Grid.periodic((32, 32), (0, 1))
    one, fno = (
        random_field.gaussian(grid, 0, alpha=2.5, tau=7.0, amplitude=a)
        for a in (1.0, "fno")
    )
    np.testing.assert_allclose(fno, 343.0**0.5 * one, atol=1e-15 * np.abs(fno).max())
    assert random_field.fno_amplitude(2.0, 5.0, 1) == pytest.approx(5.0**1.5)


def test_only_on_periodic_boxes() -> None:
    walls = Grid((Axis("x", 8, 0, 1, boundary="dirichlet"),))
    with pytest.raises(GridError, match="periodic"):
        random_field.gaussian(walls, 0, alpha=2.0, tau=1.0)
    with pytest.raises(GridError, match="two or three"):
        random_field.solenoidal(Grid.periodic(8, (0, 1)), 0, np.exp)
    with pytest.raises(PdekitError, match="not negative"):
        random_field.from_spectrum(Grid.periodic(8, (0, 1)), 0, lambda k: -k)


# -- prescribed spectra ----------------------------------------------------------------


@pytest.mark.parametrize("law", [random_field.peaked, random_field.lognormal])
def test_spectra_have_their_peak_and_the_energy_one(law: Callable[..., Any]) -> None:
    total = quad(lambda k: float(law(k, peak=3.0)), 1e-9, 200, points=[1, 3, 10, 40])[0]
    assert total == pytest.approx(1.0, abs=1e-7)
    top = minimize_scalar(lambda k: -law(k, peak=3.0), bounds=(0.5, 9), method="bounded")
    assert top.x == pytest.approx(3.0, abs=1e-4)


def test_mcwilliams_amplitudes() -> None:
    k = np.array([1.0, 4.0, 8.0])
    code = random_field.mcwilliams(k)
    np.testing.assert_allclose(code, [256 / 257, 1 / 8, 1 / 136], rtol=1e-15)
    np.testing.assert_allclose(random_field.mcwilliams(k, density="paper") ** 2, code)


@pytest.mark.parametrize(
    ("shape", "box", "tolerance"),
    [((2000,), ((0, 40 * TAU),), 0.15), ((128, 160), ((0, 2 * TAU), (0, 3 * TAU)), 0.05)],
)
def test_scalar_of_a_prescribed_spectrum(
    shape: tuple[int, ...], box: Any, tolerance: float
) -> None:
    grid = Grid.periodic(shape, box)
    draws = np.stack(
        [
            random_field.from_spectrum(
                grid, s, lambda k: 3 * random_field.peaked(k, peak=4.0)
            )
            for s in range(8)
        ]
    )
    assert 0.5 * np.mean(draws**2) == pytest.approx(3.0, rel=tolerance)


@pytest.mark.parametrize("shape", [(48, 54, 50), (96, 81)])
def test_solenoidal_field_of_a_prescribed_spectrum(shape: tuple[int, ...]) -> None:
    d = len(shape)
    grid = Grid.periodic(shape, ((0, TAU), (0, TAU), (0, 2 * TAU))[:d])
    draws = [
        random_field.solenoidal(grid, s, lambda k: random_field.peaked(k, peak=6.0))
        for s in range(1 if d == 3 else 10)
    ]
    u = np.stack(draws)
    slope = sum(grid.derivative(u[:, i], axis=i) for i in range(d))
    assert np.abs(slope).max() < 1e-12 * np.abs(u).max()
    assert 0.5 * np.mean((u**2).sum(axis=1)) == pytest.approx(1.0, rel=0.05)
    shares = np.mean(u**2, axis=(0, *range(2, 2 + d)))
    np.testing.assert_allclose(shares, 2 / d, rtol=0.1)
    # energy in the band 4.5 ≤ k < 8.5 against the integral of E over it
    k = np.sqrt(grid.k_squared())
    power = np.abs(np.fft.fftn(u, axes=range(2, 2 + d)) / grid.size) ** 2
    band = 0.5 * power.sum(axis=1).mean(axis=0)[(k >= 4.5) & (k < 8.5)].sum()
    exact = quad(lambda k: float(random_field.peaked(k, peak=6.0)), 4.5, 8.5)[0]
    assert band == pytest.approx(exact, rel=0.06)


@pytest.mark.parametrize(("shape", "seconds"), [((256, 256), 0.05), ((128,) * 3, 3.0)])
def test_a_draw_is_fast(shape: tuple[int, ...], seconds: float) -> None:
    grid, best = Grid.periodic(shape, (0, 1)), math.inf
    for seed in range(5 if len(shape) == 2 else 2):
        start = time.perf_counter()
        random_field.gaussian(grid, seed, alpha=2.5, tau=7.0)
        best = min(best, time.perf_counter() - start)
    assert best < seconds
