"""Burgers' equation: published errors, shocks, random waves, symmetries, vector forms."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from pdekit import Grid, random_field, registry, solve, spectral
from pdekit.errors import PdekitError
from pdekit.solvers.exact import burgers as exact
from tests.spectral.flows import band_limited, rate
from tests.spectral.symmetries import commutator, evolve, reflected, translation

Burgers = registry.equation("burgers")
CIRCLE = Grid.periodic(64, (0.0, 2 * math.pi))
BOXES = [
    Grid.periodic(96, (0.0, 2.0)),
    Grid.periodic(97, (0.0, 2.0)),
    Grid.periodic((32, 45), ((0.0, 1.0), (0.0, 3.0))),
    Grid.periodic((16, 15, 18), ((0.0, 1.0), (0.0, 2.0), (0.0, 1.5))),
]

# ‖error‖∞ of B1 at t = 0.5 with 16, 32, … steps, by an independent code
ERRORS = {
    "etdrk4": (2.26e-7, 1.50e-8, 9.63e-10, 6.09e-11),
    "ifrk4": (4.24e-7, 2.94e-8, 1.93e-9, 1.24e-10),
}


class Aliased(Burgers):
    dealias = "none"


def of_dimension(grid: Grid, **params: Any) -> Any:
    name = "burgers" if grid.ndim == 1 else f"burgers_{grid.ndim}d"
    return registry.equation(name)(**params)


@pytest.mark.parametrize("integrator", ERRORS)
def test_errors_in_time_are_those_of_the_scheme(integrator: str) -> None:
    equation = Burgers(viscosity=1.0)
    u = equation.solution("periodic_wave", amplitude=1.5)
    (x,) = CIRCLE.points()
    for n, expected in zip((16, 32, 64, 128), ERRORS[integrator], strict=True):
        found = evolve(equation, CIRCLE, u(x, 0.0), 0.5, integrator=integrator, steps=n)
        error = np.abs(found - u(x, 0.5)).max()
        assert error == pytest.approx(expected, rel=5e-3)


def test_a_front_on_the_line_between_ramps_far_away() -> None:
    """B2. Nothing but e^{−d²/4νt} arrives from where the box differs from the line."""
    equation, grid = Burgers(viscosity=0.3), Grid.periodic(512, (-20.0, 20.0))
    (x,) = grid.points()
    given = {"height": 1.2, "velocity": 0.4, "viscosity": 0.3}
    u = exact.front(x, 0.0, **given)
    u = u + 1.2 * (np.tanh(x - 20) + np.tanh(x + 20))
    found = evolve(equation, grid, u, 1.0, steps=400)
    near = np.abs(x) < 4
    assert np.abs(found - exact.front(x, 1.0, **given))[near].max() < 1e-8


def test_the_shock_of_basdevant() -> None:
    """1024 points reach 3e-6 and 0.03 of the slope, 2048 points 6e-11 and 1e-6."""
    nu, end = 0.01 / math.pi, 1.603688 / math.pi
    equation, grid = Burgers(viscosity=nu), Grid.periodic(1536, (-1.0, 1.0))
    (x,) = grid.points()
    found = evolve(equation, grid, -np.sin(math.pi * x), end, steps=4000)
    error = found - exact.sine_shock(x, end, viscosity=nu)
    assert np.sqrt(np.mean(error**2) / np.mean(found**2)) < 3e-8
    steepest = equation.diagnostics(grid, found[None, None])["steepest"]
    assert steepest == pytest.approx(152.005161598, abs=3e-4)


@pytest.mark.parametrize(
    ("case", "length", "nu"),
    [("nu0p1_unit", 1.0, 0.1), ("nu0p1_2pi", 2 * math.pi, 0.1), ("nu0p01_unit", 1.0, 0.01)],
)
def test_data_sets_are_the_cole_hopf_solution(case: str, length: float, nu: float) -> None:
    result = solve(f"burgers/{case}", overrides={"reference": None})
    u = result.fields["u"]
    grid = Grid.periodic(512, (0.0, length))
    known = exact.from_start(u[0], grid, 1.0, viscosity=nu)
    error = np.linalg.norm(u[-1] - known, axis=-1) / np.linalg.norm(known, axis=-1)
    assert error.max() < 1e-7


def test_random_waves_have_the_published_statistics() -> None:
    """Of 625(−∇² + 25)⁻², and of the energy in one wave after ν = 0.1 has acted on it."""
    unit, wide = Grid.periodic(256, (0.0, 1.0)), Grid.periodic(256, (0.0, 2 * math.pi))

    def sample(grid: Grid, tau: float, amplitude: float) -> Any:
        draws = [
            random_field.gaussian(grid, s, alpha=2, tau=tau, amplitude=amplitude)
            for s in range(400)
        ]
        return np.stack(draws)

    u = sample(unit, 5.0, 25.0)
    m = np.arange(1, 128)
    variance = 2 * np.sum(625 / ((2 * math.pi * m) ** 2 + 25) ** 2)
    assert np.mean(u**2) == pytest.approx(variance, rel=0.1)
    same = sample(wide, 5 / (2 * math.pi), 25 / (2 * math.pi) ** 2)
    np.testing.assert_allclose(same, u, atol=1e-12)
    later = exact.from_start(u, unit, 1.0, viscosity=0.1)
    energy = np.abs(np.fft.rfft(later)[:, 1:]) ** 2
    assert np.mean(energy[:, 0] / energy.sum(axis=1)) == pytest.approx(0.9999, abs=1e-4)
    still = exact.from_start(same, wide, 1.0, viscosity=0.1)
    energy = np.abs(np.fft.rfft(still)[:, 1:]) ** 2
    assert np.mean(energy[:, 0] / energy.sum(axis=1)) == pytest.approx(0.82, abs=0.06)


@pytest.mark.parametrize("grid", BOXES, ids=lambda g: f"{g.shape}")
def test_the_flow_commutes_with_translations_and_reflections(grid: Grid) -> None:
    equation = of_dimension(grid, viscosity=0.02)
    u = 0.3 * band_limited(grid, 1, 4, grid.ndim) + 0.2
    assert translation(equation, grid, u, 0.1, steps=10) < 1e-12
    for axis in range(grid.ndim):

        def mirrored(v: Any, axis: int = axis) -> Any:
            v = reflected(v, axis + 1)
            v[axis] *= -1
            return v

        assert commutator(equation, grid, u, 0.1, mirrored, steps=10) < 1e-12


@pytest.mark.parametrize("grid", BOXES, ids=lambda g: f"{g.shape}")
def test_a_boost_by_a_grid_step_is_a_translation(grid: Grid) -> None:
    """Exact but for the steps in time, which see another velocity."""
    equation, end = of_dimension(grid, viscosity=0.05), 0.2
    u = 0.2 * band_limited(grid, 2, 3, grid.ndim)
    velocity = np.array([3 * dx / end for dx in grid.spacing])
    boost = velocity.reshape(-1, *(1,) * grid.ndim)
    steps = 200 if grid.ndim < 3 else 100
    still = evolve(equation, grid, u, end, steps=steps)
    moving = evolve(equation, grid, u + boost, end, steps=steps) - boost
    back = np.roll(moving, [-3] * grid.ndim, tuple(range(1, grid.ndim + 1)))
    assert np.abs(back - still).max() < 1e-7


def test_scales_drop_out() -> None:
    """u(x, t) → (s/r) u(x/s, t/r), ν → (s²/r) ν."""
    s, r, grid = 3.0, 0.4, Grid.periodic(64, (0.0, 1.0))
    large, u = (
        Grid.periodic(64, (0.0, s)),
        0.3 * band_limited(Grid.periodic(64, (0.0, 1.0)), 4, 6),
    )
    a = evolve(Burgers(viscosity=0.01), grid, u, 0.5, steps=50)
    b = evolve(Burgers(viscosity=0.01 * s**2 / r), large, s / r * u, 0.5 * r, steps=50)
    np.testing.assert_allclose(b, s / r * a, rtol=0, atol=1e-12)


def test_twice_the_points_change_nothing_that_is_resolved() -> None:
    grid, fine = Grid.periodic(96, (0.0, 2.0)), Grid.periodic(192, (0.0, 2.0))
    u = 0.1 * band_limited(grid, 1, 3)
    equation = Burgers(viscosity=0.05)
    a = evolve(equation, grid, u, 0.5, steps=100)
    b = evolve(equation, fine, grid.interpolate(u, fine), 0.5, steps=100)
    np.testing.assert_allclose(b[:, ::2], a, atol=1e-12)


@pytest.mark.parametrize("n", [48, 49, 53])
def test_without_viscosity_nothing_is_lost(n: int) -> None:
    grid = Grid.periodic(n, (0.0, 2 * math.pi))
    u, equation = band_limited(grid, 3, (n - 1) // 3), Burgers(viscosity=0)
    right = rate(equation, grid, u)
    assert abs(grid.mean(right[0])) < 1e-15
    assert abs(grid.mean(u[0] * right[0])) < 1e-14 * np.sqrt(np.mean(right**2))
    rough = band_limited(grid, 3, (n - 1) // 2)
    wrong = rate(Aliased(viscosity=0), grid, rough)
    assert abs(grid.mean(rough[0] * wrong[0])) > 1e-2  # a test of the test
    found = equation.invariants(grid, u[None])
    assert set(found) == {"mean", "energy"}
    assert found["energy"] == pytest.approx(0.5)


def test_the_energy_decays_as_it_must() -> None:
    equation, grid = Burgers(viscosity=0.1), Grid.periodic(96, (0.0, 2.0))
    u = 0.2 * band_limited(grid, 1, 4)
    right, found = rate(equation, grid, u), equation.diagnostics(grid, u[None])
    assert grid.mean(u[0] * right[0]) == pytest.approx(-found["dissipation"][0], rel=1e-12)
    assert found["energy"] == pytest.approx(0.02)
    assert equation.advection(grid, u[None]) == pytest.approx(np.abs(u).max() / (2 / 96))


def test_a_wave_without_viscosity_is_warned_of() -> None:
    (x,) = CIRCLE.points()
    etdrk4 = registry.integrator("etdrk4")
    (said,) = Burgers(viscosity=0).warnings(CIRCLE, 0.5 * np.sin(x)[None], etdrk4, 0.1)
    assert "breaks at t = 2 " in said  # −1 / min u₀′
    assert Burgers().warnings(CIRCLE, np.sin(x)[None], etdrk4, 0.1) == []
    with pytest.raises(PdekitError, match="viscosity > 0"):
        Burgers(viscosity=0).solution("sine_shock")


# -- two and three dimensions ----------------------------------------------------------


@pytest.mark.parametrize("grid", BOXES[2:], ids=lambda g: f"{g.shape}")
def test_the_rotational_form_is_the_advective_one(grid: Grid) -> None:
    d, equation = grid.ndim, of_dimension(grid, viscosity=0)
    u = band_limited(grid, 1, 4, d) + 0.3
    advective = -sum(u[i] * np.stack([grid.derivative(c, i) for c in u]) for i in range(d))
    axes = tuple(range(1, d + 1))
    cut = np.fft.rfftn(advective, axes=axes) * spectral.mask("two_thirds", grid, True)
    expected = np.fft.irfftn(cut, s=grid.shape, axes=axes)
    found = rate(equation, grid, u)
    assert np.abs(found - expected).max() < 1e-13 * np.abs(expected).max()


@pytest.mark.parametrize("d", [2, 3])
def test_cells_stay_cells(d: int) -> None:
    grid = Grid.periodic((40, 64, 40)[:d], (0.0, 2 * math.pi))
    equation = registry.equation(f"burgers_{d}d")(viscosity=0.3)
    u = equation.solution(f"cells_{d}d", amplitude=2.5)
    start, end = (np.stack(u(*grid.points(), t)) for t in (0.0, 0.5))
    found = evolve(equation, grid, start, 0.5, steps=30)
    assert np.abs(found - end).max() < 1e-7 * np.abs(end).max()
    vorticity = equation.diagnostics(grid, found[None])["max_vorticity"]
    assert vorticity[0] < 1e-11


@pytest.mark.parametrize("axis", [0, 1])
def test_a_flow_of_one_coordinate_is_that_of_the_line(axis: int) -> None:
    line, nu = Grid.periodic(48, (0.0, 2.0)), 0.05
    u = 0.3 * band_limited(line, 5, 4) + 0.1
    alone = evolve(Burgers(viscosity=nu), line, u, 0.4, steps=40)[0]
    shape, boxes = [10, 10], [(0.0, 1.0), (0.0, 1.0)]
    shape[axis], boxes[axis] = 48, (0.0, 2.0)
    plane = Grid.periodic(shape, boxes)
    across = u[0][:, None] if axis == 0 else u[0][None, :]
    start = np.zeros((2, *shape))
    start[axis] = across
    found = evolve(
        registry.equation("burgers_2d")(viscosity=nu), plane, start, 0.4, steps=40
    )
    expected = alone[:, None] if axis == 0 else alone[None, :]
    np.testing.assert_allclose(found[axis], np.broadcast_to(expected, shape), atol=1e-13)
    assert np.abs(found[1 - axis]).max() < 1e-16


def test_a_plane_flow_in_space_is_that_of_the_plane() -> None:
    plane, space = (
        BOXES[2],
        Grid.periodic((32, 45, 6), ((0.0, 1.0), (0.0, 3.0), (0.0, 1.0))),
    )
    u = 0.1 * band_limited(plane, 3, 3, 2)
    flat = evolve(of_dimension(plane, viscosity=0.02), plane, u, 0.3, steps=15)
    thick = np.zeros((3, *space.shape))
    thick[:2] = u[..., None]
    found = evolve(of_dimension(space, viscosity=0.02), space, thick, 0.3, steps=15)
    np.testing.assert_allclose(
        found[:2], np.broadcast_to(flat[..., None], found[:2].shape), atol=1e-12
    )
    assert np.abs(found[2]).max() < 1e-14


@pytest.mark.parametrize("d", [2, 3])
def test_diagnostics_of_a_flow(d: int) -> None:
    grid = BOXES[d]
    u = np.zeros((d, *grid.shape))
    k = 2 * math.pi / grid.lengths[0]
    x = grid.points()[0]
    u[0], u[1] = 0.5, 2 * np.sin(k * x)
    equation = of_dimension(grid, viscosity=0)
    found = equation.diagnostics(grid, u[None])
    assert found["energy"] == pytest.approx(0.125 + 1.0)
    assert (found["mean_u"], found["max_abs"]) == (pytest.approx(0.5), pytest.approx(2.0))
    assert found["max_vorticity"] == pytest.approx(2 * k)
    dx, dy = grid.spacing[:2]
    assert equation.advection(grid, u[None]) == pytest.approx(0.5 / dx + 2 / dy)
    assert equation.warnings(grid, u)
