"""Flow in a box in velocity form: exact flows, structure, consistency with plane flow."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from pdekit import Grid, evolve, spectral
from pdekit.engine._rhs import RightHandSide
from pdekit.solvers.exact import flow_states
from pdekit.solvers.exact.navier_stokes import taylor_green_enstrophy
from pdekit.solvers.spectral.navier_stokes_2d import NavierStokes2D
from pdekit.solvers.spectral.navier_stokes_3d import NavierStokes3D
from pdekit.turbulence import Flow
from pdekit.typing import Array
from tests.spectral.flows import (
    BOX,
    band_limited,
    plane_velocity,
    rate,
    shifted,
    solenoidal,
)

SHAPES = [
    ((16, 16, 16), (BOX, BOX, BOX)),
    ((15, 18, 13), ((0.0, 1.0), (-2.0, 3.5), BOX)),
]
EULER = {"viscosity": 0.0}


def projected(grid: Grid, f: Array) -> Array:
    """Remove the gradient part of a vector field, on full complex transforms."""
    k, k2 = grid.wavenumbers(odd=True), grid.k_squared()
    f_hat = np.fft.fftn(f, axes=(1, 2, 3))
    along = sum(k[i] * f_hat[i] for i in range(3)) / np.where(k2 > 0, k2, np.inf)
    rest = np.stack([f_hat[i] - k[i] * along for i in range(3)])
    return np.fft.ifftn(rest, axes=(1, 2, 3)).real


def curl(grid: Grid, f: Array) -> Array:
    (u, v, w), d = f, grid.derivative
    return np.stack([d(w, 1) - d(v, 2), d(u, 2) - d(w, 0), d(v, 0) - d(u, 1)])


def truncated(grid: Grid, u: Array) -> Array:
    """Keep the modes that the solver keeps."""
    keep = spectral.two_thirds(grid, real=True)
    u_hat = np.fft.rfftn(u, axes=(1, 2, 3)) * keep
    return np.fft.irfftn(u_hat, s=grid.shape, axes=(1, 2, 3))


def test_an_evaluation_takes_eight_transforms() -> None:
    rhs = RightHandSide(NavierStokes3D(), Grid.periodic((8, 8, 8), BOX))
    assert (rhs.inputs, rhs.outputs) == (3, 5)


@pytest.mark.parametrize(("shape", "box"), SHAPES)
@pytest.mark.parametrize(
    "params", [EULER, {"viscosity": 0.05}, {"viscosity": 0.0, "hyperviscosity": 1e-3}]
)
def test_stress_form_is_the_advective_and_the_rotational_form(
    shape: tuple[int, ...], box: Any, params: dict[str, float]
) -> None:
    grid, equation = Grid.periodic(shape, box), NavierStokes3D(**params)
    u, d, p = solenoidal(grid, 1, 2), grid.derivative, equation.params
    laplacian = np.stack([sum(d(s, j, 2) for j in range(3)) for s in u])
    viscous = p.viscosity * laplacian
    if p.hyperviscosity:
        viscous = viscous - p.hyperviscosity * np.stack(
            [sum(d(s, j, 2) for j in range(3)) for s in laplacian]
        )
    advective = -np.stack([sum(u[j] * d(s, j) for j in range(3)) for s in u])
    rotational = np.cross(u, curl(grid, u), axis=0)
    found = rate(equation, grid, u)
    for form in (advective, rotational):
        expected = projected(grid, form) + viscous
        assert abs(found - expected).max() < 1e-12 * abs(expected).max()


@pytest.mark.parametrize(("shape", "box"), SHAPES)
def test_advection_conserves_energy_and_helicity(shape: tuple[int, ...], box: Any) -> None:
    """Re⟨û*·N̂⟩ = ⟨ω·N⟩ = 0 and k·N̂ = 0, with all modes present."""
    grid = Grid.periodic(shape, box)
    u = truncated(grid, solenoidal(grid, 2, 99))
    n = rate(NavierStokes3D(**EULER), grid, u)
    for weight in (u, curl(grid, u)):
        size = np.sqrt(np.mean(weight**2) * np.mean(n**2))
        assert abs(np.mean(weight * n)) < 1e-14 * size
    k_max = max(np.pi / dx for dx in grid.spacing)
    assert Flow.of_velocity(n, grid).divergence < 1e-14 * k_max
    assert abs(n.mean(axis=(1, 2, 3))).max() < 1e-14 * abs(n).max()


@pytest.mark.parametrize("shape", [(12, 12, 12), (13, 12, 15)])
@pytest.mark.parametrize("wavenumber", [1.0, 2.0])
def test_abc_flow_decays_exactly(shape: tuple[int, ...], wavenumber: float) -> None:
    grid, equation = Grid.periodic(shape, BOX), NavierStokes3D(viscosity=0.1)
    f = equation.solution("abc", wavenumber=wavenumber)
    start = np.stack(f(*grid.points(), 0.0))
    u = evolve(equation, grid, start, 1.0, steps=20)
    assert abs(u - np.stack(f(*grid.points(), 1.0))).max() < 2e-15 * 20 * abs(start).max()


def test_a_plane_flow_is_that_of_the_vorticity_form() -> None:
    """The same flow, as ω in the plane and as (u, v, w) in a box, in all three planes."""
    plane = Grid.periodic((24, 25), (BOX, (0.0, 4.0)))
    omega = band_limited(plane, 3, 6)[0]
    end = evolve(NavierStokes2D(viscosity=0.02), plane, omega, 0.5, steps=20)
    before, after = (plane_velocity(plane, w) for w in (omega, end))
    for normal in range(3):
        axes = [i for i in range(3) if i != normal]
        n, box = [6, 6, 6], [BOX, BOX, BOX]
        for axis, count, interval in zip(axes, plane.shape, (BOX, (0.0, 4.0)), strict=True):
            n[axis], box[axis] = count, interval
        grid = Grid.periodic(n, box)

        def lifted(
            pair: Any, grid: Grid = grid, axes: Any = axes, normal: int = normal
        ) -> Array:
            u = np.zeros((3, *grid.shape))
            for axis, s in zip(axes, pair, strict=True):
                u[axis] = np.expand_dims(s, normal)
            return u

        found = evolve(NavierStokes3D(viscosity=0.02), grid, lifted(before), 0.5, steps=20)
        assert abs(found - lifted(after)).max() < 1e-11


def test_euler_follows_the_series_of_the_taylor_green_vortex() -> None:
    grid = Grid.periodic((32, 32, 32), BOX)
    start = np.stack(flow_states.taylor_green(*grid.points()))
    times = [0.2, 0.35, 0.5]
    frames = evolve(NavierStokes3D(**EULER), grid, start, 0.5, times=times, step=0.025)
    flow = Flow.of_velocity(frames, grid)
    for t, enstrophy in zip(times, flow.enstrophy, strict=True):
        assert enstrophy == pytest.approx(taylor_green_enstrophy(t), abs=1e-9)
    assert flow.energy == pytest.approx(0.125, abs=1e-11)


def test_the_short_viscous_run_of_a_published_program() -> None:
    """Re = 1600, 32 points, t = 0.1: Mortensen & Langtangen (2016), spectralDNS."""
    grid = Grid.periodic((32, 32, 32), BOX)
    start = np.stack(flow_states.taylor_green(*grid.points()))
    end = evolve(NavierStokes3D(viscosity=1 / 1600), grid, start, 0.1, steps=10)
    flow = Flow.of_velocity(end, grid)
    assert flow.energy == pytest.approx(0.124953117517, abs=1e-9)
    assert flow.enstrophy == pytest.approx(0.375249930801, abs=1e-9)


def test_taylor_green_at_re_100_on_a_coarse_grid() -> None:
    """E(10), recomputed with an independent program on the same 32³ points."""
    grid = Grid.periodic((32, 32, 32), BOX)
    start = np.stack(flow_states.taylor_green(*grid.points()))
    end = evolve(NavierStokes3D(viscosity=0.01), grid, start, 10.0, step=0.05)
    assert Flow.of_velocity(end, grid).energy == pytest.approx(0.02635696, abs=1e-8)


# -- symmetries ------------------------------------------------------------------------


def march(u: Array, grid: Grid, **params: Any) -> Array:
    """Advance a velocity by a fraction of a turnover."""
    given = {"viscosity": 0.02, **params}
    return np.asarray(evolve(NavierStokes3D(**given), grid, u, 0.1, steps=5))


def test_translation_commutes_with_the_solver() -> None:
    grid = Grid.periodic((12, 15, 14), BOX)
    u, by = solenoidal(grid, 4, 3), (3, -4, 5)
    assert abs(march(shifted(u, by), grid) - shifted(march(u, grid), by)).max() < 1e-12


@pytest.mark.parametrize("order", list(itertools.permutations(range(3)))[1:])
def test_permuted_axes_commute_with_the_solver(order: tuple[int, int, int]) -> None:
    """Rotations about the diagonal and reflections: u'ᵢ(x') = u_{order(i)}(x)."""
    grid = Grid.periodic((13, 13, 13), BOX)
    u = solenoidal(grid, 5, 3)

    def permuted(u: Array) -> Array:
        return np.stack([np.transpose(u[i], order) for i in order])

    assert abs(march(permuted(u), grid) - permuted(march(u, grid))).max() < 1e-12


def test_rotation_by_a_right_angle_commutes_with_the_solver() -> None:
    """About z: (u, v, w)(x, y, z) → (−v, u, w)(y, −x, z)."""
    grid = Grid.periodic((14, 14, 12), BOX)
    u = solenoidal(grid, 6, 3)

    def turned(u: Array) -> Array:
        moved = np.swapaxes(np.roll(u[:, :, ::-1], 1, axis=2), 1, 2)  # u(y, −x, z)
        return np.stack([-moved[1], moved[0], moved[2]])

    assert abs(march(turned(u), grid) - turned(march(u, grid))).max() < 1e-12


def test_reflection_commutes_and_changes_the_sign_of_the_helicity() -> None:
    grid = Grid.periodic((14, 12, 13), BOX)
    u = solenoidal(grid, 7, 3)

    def mirrored(u: Array) -> Array:
        moved = np.roll(u[:, ::-1], 1, axis=1)
        return np.stack([-moved[0], moved[1], moved[2]])

    assert abs(march(mirrored(u), grid) - mirrored(march(u, grid))).max() < 1e-12
    here, there = (Flow.of_velocity(v, grid).helicity for v in (u, mirrored(u)))
    assert here == pytest.approx(-there, rel=1e-12)
    assert abs(here) > 1e-3


def test_a_mean_velocity_carries_the_pattern_along() -> None:
    """Galilean invariance, with the error of the scheme."""
    grid = Grid.periodic((12, 12, 12), BOX)
    u, mean = solenoidal(grid, 8, 3), np.array([2.0, -1.0, 0.0]) * grid.spacing[0] / 0.1
    errors = []
    for steps in (10, 20):
        equation = NavierStokes3D(viscosity=0.02)
        still = evolve(equation, grid, u, 0.1, steps=steps)
        moved = evolve(equation, grid, u + mean[:, None, None, None], 0.1, steps=steps)
        moved = moved - mean[:, None, None, None]
        errors.append(abs(moved - shifted(still, (2, -1, 0))).max())
    assert errors[1] < 1e-3
    assert errors[0] / errors[1] > 12


def test_an_inviscid_flow_runs_backwards() -> None:
    grid = Grid.periodic((16, 16, 16), BOX)
    start = np.stack(flow_states.taylor_green(*grid.points()))
    errors = []
    for steps in (10, 20):
        there = evolve(NavierStokes3D(**EULER), grid, start, 1.0, steps=steps)
        back = evolve(NavierStokes3D(**EULER), grid, -there, 1.0, steps=steps)
        errors.append(abs(start + back).max())
    assert errors[1] < 1e-6
    assert np.log2(errors[0] / errors[1]) > 3.8


# -- force and pressure ----------------------------------------------------------------


def test_the_gradient_part_of_a_source_belongs_to_the_pressure() -> None:
    grid = Grid.periodic((12, 13, 12), BOX)
    u = solenoidal(grid, 9, 3)
    pushed = NavierStokes3D(
        source={"u": "cos(x)*sin(y)*cos(z)", "v": "sin(x)*cos(y)*cos(z)", "w": "sin(x)"}
    )
    x, y, z = grid.points()
    force = np.stack(
        np.broadcast_arrays(
            np.cos(x) * np.sin(y) * np.cos(z), np.sin(x) * np.cos(y) * np.cos(z), np.sin(x)
        )
    )
    difference = rate(pushed, grid, u) - rate(NavierStokes3D(), grid, u)
    assert abs(difference - projected(grid, force)).max() < 1e-12


def test_a_divergence_at_the_start_is_warned_of_and_removed() -> None:
    grid = Grid.periodic((12, 12, 12), BOX)
    x, y, z = grid.points()
    u = np.stack(np.broadcast_arrays(np.sin(x), np.sin(x + y), np.cos(y) + 0 * z))
    equation = NavierStokes3D(viscosity=0.1)
    assert "divergence" in equation.warnings(grid, u, None, None)[0]
    assert equation.warnings(grid, projected(grid, u), None, None) == []
    dirty, clean = (
        evolve(equation, grid, v, 0.1, steps=5) for v in (u, projected(grid, u))
    )
    assert abs(dirty - clean).max() < 1e-13
    assert Flow.of_velocity(dirty, grid).divergence < 1e-14


def test_the_force_feeds_its_band_only() -> None:
    """dE/dt = power − dissipation, with the power 2a times the energy of the band."""
    grid = Grid.periodic((16, 15, 14), BOX)
    u = solenoidal(grid, 10, 4)
    equation = NavierStokes3D(viscosity=0.03, forcing_rate=0.2, forcing_band=2.5)
    series = equation.diagnostics(grid, u[None])
    slope = np.mean(np.sum(u * rate(equation, grid, u), axis=0))
    assert slope == pytest.approx((series["power"] - series["dissipation"])[0], rel=1e-12)
    k, energy = Flow.of_velocity(u, grid).energy_spectrum()
    low = 0.2 * 2 * energy[k < 2.4].sum()  # shells end at 2.5
    assert series["power"][0] == pytest.approx(low, rel=1e-12)
    assert series["dissipation"][0] == pytest.approx(
        0.06 * series["enstrophy"][0], rel=1e-12
    )


def test_a_forced_abc_flow_grows_as_its_exact_solution() -> None:
    grid = Grid.periodic((12, 12, 12), BOX)
    equation = NavierStokes3D(viscosity=0.1, forcing_rate=0.3, forcing_band=1.0)
    f = equation.solution("abc")
    u = evolve(equation, grid, np.stack(f(*grid.points(), 0.0)), 1.0, steps=20)
    assert abs(u - np.stack(f(*grid.points(), 1.0))).max() < 1e-13
    assert np.mean(u**2) > np.mean(np.stack(f(*grid.points(), 0.0)) ** 2) * np.exp(0.39)


def test_advection_is_the_largest_courant_number() -> None:
    grid = Grid.periodic((12, 13, 14), (BOX, (0.0, 3.0), BOX))
    u = solenoidal(grid, 11, 3)
    expected = sum(abs(s) / dx for s, dx in zip(u, grid.spacing, strict=True)).max()
    assert NavierStokes3D().advection(grid, u[None]) == pytest.approx(expected, rel=1e-14)
