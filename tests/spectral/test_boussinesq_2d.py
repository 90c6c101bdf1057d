"""Plane flow with buoyancy: internal waves, energy, convection."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pdekit import Grid, evolve, spectral
from pdekit.engine._rhs import RightHandSide
from pdekit.solvers.spectral.boussinesq_2d import Boussinesq2D
from pdekit.solvers.spectral.passive_scalar_2d import PassiveScalar2D
from pdekit.typing import Array
from tests.spectral.flows import BOX, band_limited, plane_velocity, rate

SHAPES = [((32, 32), (BOX, BOX)), ((31, 27), ((0.0, 1.0), (-2.0, 3.5)))]
IDEAL = {"viscosity": 0.0, "diffusivity": 0.0}


def truncated(u: Array, grid: Grid) -> Array:
    """Keep the modes that the solver keeps."""
    keep = spectral.two_thirds(grid, real=True)
    return np.fft.irfft2(np.fft.rfft2(u) * keep, grid.shape)


def test_an_evaluation_takes_seven_transforms() -> None:
    rhs = RightHandSide(Boussinesq2D(), Grid.periodic((8, 8), BOX))
    assert (rhs.inputs, rhs.outputs) == (3, 4)


@pytest.mark.parametrize(("shape", "box"), SHAPES)
@pytest.mark.parametrize(
    "params", [{}, {"buoyancy": 1.7}, {"stratification": 0.6}, {"mean_v": 0.3}]
)
def test_the_right_hand_side_is_that_of_the_equations(
    shape: tuple[int, int], box: Any, params: dict[str, float]
) -> None:
    grid, equation = Grid.periodic(shape, box), Boussinesq2D(**{**IDEAL, **params})
    p, d = equation.params, grid.derivative
    both = band_limited(grid, 1, 3, 2)
    (u, v), (omega, theta) = plane_velocity(grid, both[0]), both
    u, v = u + p.mean_u, v + p.mean_v
    expected = np.stack(
        [
            -u * d(omega, 0) - v * d(omega, 1) + p.buoyancy * d(theta, 0),
            -u * d(theta, 0) - v * d(theta, 1) - p.stratification * (v - p.mean_v),
        ]
    )
    assert abs(rate(equation, grid, both) - expected).max() < 1e-13 * abs(expected).max()


@pytest.mark.parametrize(("shape", "box"), SHAPES)
@pytest.mark.parametrize("stratification", [0.7, -0.7])
def test_total_energy_is_conserved(
    shape: tuple[int, int], box: Any, stratification: float
) -> None:
    """⟨ψωₜ⟩ + (β/S)⟨θθₜ⟩ = 0 with all modes present."""
    grid = Grid.periodic(shape, box)
    equation = Boussinesq2D(**IDEAL, buoyancy=1.3, stratification=stratification)
    both = truncated(band_limited(grid, 2, 99, 2), grid)
    slope = rate(equation, grid, both)
    k2 = grid.k_squared()
    psi = np.fft.ifft2(np.fft.fft2(both[0]) / np.where(k2 > 0, k2, np.inf)).real
    kinetic = np.mean(psi * slope[0])
    potential = 1.3 / stratification * np.mean(both[1] * slope[1])
    size = np.sqrt(np.mean(psi**2) * np.mean(slope[0] ** 2))
    assert abs(kinetic) > 1e-5 * size  # energy is exchanged
    assert abs(kinetic + potential) < 1e-14 * size * 10


@pytest.mark.parametrize("modes", [(1.0, 1.0), (2.0, -3.0)])
def test_an_internal_wave_of_any_amplitude_has_the_linear_frequency(
    modes: tuple[float, float],
) -> None:
    """ω = N kₓ/k: back after one period."""
    grid, (kx, ky) = Grid.periodic((24, 25), BOX), modes
    equation = Boussinesq2D(**IDEAL, buoyancy=2.0, stratification=0.5)
    f = equation.solution("internal_wave", amplitude=1.0, kx=kx, ky=ky)
    start = np.stack(f(*grid.points(), 0.0))
    period = 2 * np.pi * np.hypot(kx, ky) / kx
    errors = [
        abs(evolve(equation, grid, start, period, steps=n) - start).max()
        for n in (100, 200)
    ]
    assert errors[1] < 1e-6
    assert np.log2(errors[0] / errors[1]) > 3.8


@pytest.mark.parametrize(
    ("viscosity", "diffusivity", "stratification"),
    [(0.05, 0.05, 1.0), (0.1, 0.02, 1.0), (0.1, 0.05, -1.0), (0.1, 0.05, 0.0)],
)
def test_waves_and_convection_follow_their_exact_solution(
    viscosity: float, diffusivity: float, stratification: float
) -> None:
    grid = Grid.periodic((16, 18), BOX)
    equation = Boussinesq2D(
        viscosity=viscosity, diffusivity=diffusivity, stratification=stratification
    )
    f = equation.solution("internal_wave", amplitude=1.5, kx=2.0, ky=1.0)
    u = evolve(equation, grid, np.stack(f(*grid.points(), 0.0)), 2.0, steps=200)
    assert abs(u - np.stack(f(*grid.points(), 2.0))).max() < 1e-8


def test_without_buoyancy_the_scalar_is_passive() -> None:
    grid = Grid.periodic((24, 27), BOX)
    both = band_limited(grid, 3, 5, 2)
    common = {"viscosity": 0.02, "diffusivity": 0.01}
    found = rate(Boussinesq2D(buoyancy=0.0, stratification=0.4, **common), grid, both)
    passive = rate(PassiveScalar2D(gradient_y=0.4, **common), grid, both)
    assert abs(found - passive).max() < 1e-13 * abs(passive).max()


def test_a_reflection_in_x_commutes_with_the_solver() -> None:
    """(ω, θ)(x, y) → (−ω, θ)(−x, y): up stays up."""
    grid = Grid.periodic((24, 25), BOX)
    both = band_limited(grid, 4, 5, 2)

    def mirrored(u: Array) -> Array:
        return np.roll(u[:, ::-1], 1, axis=1) * np.array([-1.0, 1.0])[:, None, None]

    def march(u: Array) -> Array:
        return np.asarray(evolve(Boussinesq2D(), grid, u, 0.2, steps=10))

    assert abs(march(mirrored(both)) - mirrored(march(both))).max() < 1e-12


def test_buoyancy_does_the_work_that_is_recorded() -> None:
    """dE/dt = β⟨vθ⟩ − dissipation."""
    grid, equation = (
        Grid.periodic((32, 32), BOX),
        Boussinesq2D(viscosity=0.03, buoyancy=2.0),
    )
    both = band_limited(grid, 5, 4, 2)
    series = equation.diagnostics(grid, both[None])
    k2 = grid.k_squared()
    psi = np.fft.ifft2(np.fft.fft2(both[0]) / np.where(k2 > 0, k2, np.inf)).real
    slope = np.mean(psi * rate(equation, grid, both)[0])
    assert slope == pytest.approx((series["power"] - series["dissipation"])[0], rel=1e-12)


def test_conserved_quantities_are_named_as_such() -> None:
    grid = Grid.periodic((16, 16), BOX)
    both = band_limited(grid, 1, 3, 2)[None]

    def names(**params: Any) -> set[str]:
        return set(Boussinesq2D(**params).invariants(grid, both))

    assert names() == {"scalar"}
    assert names(**IDEAL) == {"scalar", "scalar_variance"}
    assert names(**IDEAL, stratification=1.0) == {"scalar", "total_energy"}
    assert names(**IDEAL, source="sin(x)") == {"scalar"}
    assert names(**IDEAL, source={"theta": "sin(x)"}) == set()
