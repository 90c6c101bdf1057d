"""What the equations of plane flow say about related flows, said by the solver, too."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pdekit import Grid, evolve, spectral
from pdekit.solvers.exact.flow_states import deterministic
from pdekit.solvers.spectral.navier_stokes_2d import NavierStokes2D
from pdekit.solvers.spectral.navier_stokes_3d import NavierStokes3D
from pdekit.typing import Array
from tests.spectral.flows import BOX, band_limited, plane_velocity, rate, shifted


def march(omega: Array, grid: Grid, **params: Any) -> Array:
    """Advance a vorticity, with or without members, by a tenth of a turnover."""
    given = {"viscosity": 0.01, **params}
    return np.asarray(evolve(NavierStokes2D(**given), grid, omega, 0.2, steps=10))


def test_translation_commutes_with_the_solver() -> None:
    grid = Grid.periodic((24, 30), BOX)
    omega = band_limited(grid, 5, 6)
    moved = march(shifted(omega, (5, -7)), grid)
    assert abs(moved - shifted(march(omega, grid), (5, -7))).max() < 1e-12


def test_rotation_by_a_right_angle_commutes_with_the_solver() -> None:
    """(x, y) → (−y, x): vorticity is a scalar under rotations."""
    grid = Grid.periodic((27, 27), BOX)
    omega = band_limited(grid, 6, 6)
    assert abs(march(turned(omega), grid) - turned(march(omega, grid))).max() < 1e-12


def turned(omega: Array) -> Array:
    """Rotate the values on the points of a square periodic grid that begins at 0."""
    mirrored = np.roll(omega[:, ::-1], 1, axis=1)  # ω(−x, y)
    return np.swapaxes(mirrored, 1, 2)


def test_reflection_changes_the_sign_of_the_vorticity() -> None:
    grid = Grid.periodic((24, 25), BOX)
    omega = band_limited(grid, 7, 6)
    assert abs(march(mirrored(omega), grid) - mirrored(march(omega, grid))).max() < 1e-12


def mirrored(omega: Array) -> Array:
    """Return −ω(−x, y)."""
    return -np.roll(omega[:, ::-1], 1, axis=1)


def test_a_mean_flow_only_carries_the_pattern_along() -> None:
    """Galilean invariance; U dt is a whole number of grid steps."""
    grid = Grid.periodic((24, 30), BOX)
    omega = band_limited(grid, 8, 6)
    steps_x, steps_y = 3, -4
    boost = {
        "mean_u": steps_x * grid.spacing[0] / 0.2,
        "mean_v": steps_y * grid.spacing[1] / 0.2,
    }
    fixed = march(omega, grid)
    errors = []
    for steps in (20, 40):
        equation = NavierStokes2D(viscosity=0.01, **boost)
        carried = evolve(equation, grid, omega, 0.2, steps=steps)
        errors.append(abs(carried - shifted(fixed, (steps_x, steps_y))).max())
    assert errors[1] < 1e-6
    assert errors[0] / errors[1] > 10  # the splitting of L and N shows at fourth order


def test_an_inviscid_flow_runs_backwards() -> None:
    """ω → −ω turns the flow round: it comes back with the error of the scheme."""
    grid = Grid.periodic((32, 32), BOX)
    omega = deterministic(*grid.points())
    errors = []
    for steps in (20, 40):
        there = evolve(NavierStokes2D(viscosity=0.0), grid, omega, 1.0, steps=steps)
        back = evolve(NavierStokes2D(viscosity=0.0), grid, -there, 1.0, steps=steps)
        errors.append(abs(omega + back).max())
    assert errors[1] < 1e-6
    assert np.log2(errors[0] / errors[1]) > 3.8


def test_scaling_of_length_and_time() -> None:
    """ω(x, t) in a box L is s ω(x/a, s t) in a box aL, for the viscosity a² s ν."""
    small = Grid.periodic((24, 24), BOX)
    large = Grid.periodic((24, 24), (0.0, 2.5 * 2 * np.pi))
    omega, a, s = band_limited(small, 9, 6), 2.5, 3.0
    fast = evolve(
        NavierStokes2D(viscosity=0.01 * a * a * s), large, s * omega, 0.2 / s, steps=10
    )
    assert abs(fast / s - march(omega, small)).max() < 1e-12


# -- properties of every grid ----------------------------------------------------------

lengths = st.floats(0.1, 100.0)


@given(
    shape=st.tuples(st.integers(2, 33), st.integers(2, 33)),
    sides=st.tuples(lengths, lengths),
    seed=st.integers(0, 1000),
)
@settings(max_examples=40, deadline=None)
def test_plane_advection_does_no_work(
    shape: tuple[int, int], sides: tuple[float, float], seed: int
) -> None:
    """⟨u·(−u·∇u)⟩ = ⟨ωN⟩ = 0: whatever the number of points and the sides of the box."""
    grid = Grid.periodic(shape, [(0.0, side) for side in sides])
    omega = _kept(grid, np.random.default_rng(seed).standard_normal((1, *shape)))
    n = rate(NavierStokes2D(viscosity=0.0), grid, omega)
    spin, turn = plane_velocity(grid, omega[0]), plane_velocity(grid, n[0])
    work = sum(np.mean(a * b) for a, b in zip(spin, turn, strict=True))
    size = np.sqrt(sum(np.mean(a**2) for a in spin) * sum(np.mean(b**2) for b in turn))
    assert abs(work) <= 1e-13 * size
    assert abs(np.mean(omega * n)) <= 1e-13 * np.sqrt(np.mean(omega**2) * np.mean(n**2))


@given(
    shape=st.tuples(*[st.integers(2, 14)] * 3),
    sides=st.tuples(lengths, lengths, lengths),
    seed=st.integers(0, 1000),
)
@settings(max_examples=25, deadline=None)
def test_advection_in_space_does_no_work(
    shape: tuple[int, int, int], sides: tuple[float, float, float], seed: int
) -> None:
    grid = Grid.periodic(shape, [(0.0, side) for side in sides])
    u = np.random.default_rng(seed).standard_normal((3, *shape))
    equation = NavierStokes3D(viscosity=0.0)
    u = _solenoidal_part(grid, _kept(grid, u))
    n = rate(equation, grid, u)
    assert abs(np.mean(np.sum(u * n, axis=0))) <= 1e-13 * np.sqrt(
        np.mean(u**2) * np.mean(n**2)
    )


def _kept(grid: Grid, u: Array) -> Array:
    """Keep the modes that the solver keeps, without the mean."""
    axes = tuple(range(1, u.ndim))
    u_hat = np.fft.rfftn(u, axes=axes) * spectral.two_thirds(grid, real=True)
    u_hat[(slice(None), *(0,) * grid.ndim)] = 0
    return np.fft.irfftn(u_hat, s=grid.shape, axes=axes)


def _solenoidal_part(grid: Grid, u: Array) -> Array:
    """Remove the gradient part, on full complex transforms."""
    k, k2 = grid.wavenumbers(odd=True), grid.k_squared()
    u_hat = np.fft.fftn(u, axes=(1, 2, 3))
    along = sum(k[i] * u_hat[i] for i in range(3)) / np.where(k2 > 0, k2, np.inf)
    rest = np.stack([u_hat[i] - k[i] * along for i in range(3)])
    return np.asarray(np.fft.ifftn(rest, axes=(1, 2, 3)).real)
