"""A scalar carried by a plane flow."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pdekit import Grid, evolve, spectral
from pdekit.engine._rhs import RightHandSide
from pdekit.solvers.exact.flow_states import deterministic, shear_layer
from pdekit.solvers.exact.scalar_states import mixing_layer, stirred
from pdekit.solvers.spectral.navier_stokes_2d import NavierStokes2D
from pdekit.solvers.spectral.passive_scalar_2d import PassiveScalar2D
from pdekit.typing import Array
from tests.spectral.flows import BOX, band_limited, plane_velocity, rate

SHAPES = [((32, 32), (BOX, BOX)), ((31, 27), ((0.0, 1.0), (-2.0, 3.5)))]


def truncated(u: Array, grid: Grid) -> Array:
    """Keep the modes that the solver keeps."""
    keep = spectral.two_thirds(grid, real=True)
    return np.fft.irfft2(np.fft.rfft2(u) * keep, grid.shape)


def test_an_evaluation_takes_seven_transforms() -> None:
    rhs = RightHandSide(PassiveScalar2D(), Grid.periodic((8, 8), BOX))
    assert (rhs.inputs, rhs.outputs) == (3, 4)


@pytest.mark.parametrize(("shape", "box"), SHAPES)
@pytest.mark.parametrize(
    "params",
    [
        {"diffusivity": 0.0},
        {"diffusivity": 0.05},
        {"gradient_x": 0.7},
        {"gradient_y": -1.3},
        {"mean_u": 0.4, "mean_v": -0.6},
    ],
)
def test_flux_form_is_the_advective_form(
    shape: tuple[int, int], box: Any, params: dict[str, float]
) -> None:
    grid = Grid.periodic(shape, box)
    equation = PassiveScalar2D(viscosity=0.02, **{"diffusivity": 0.0, **params})
    p, d = equation.params, grid.derivative
    both = band_limited(grid, 1, 3, 2)
    (u, v), theta = plane_velocity(grid, both[0]), both[1]
    expected = (
        -(u + p.mean_u) * d(theta, 0)
        - (v + p.mean_v) * d(theta, 1)
        - p.gradient_x * u
        - p.gradient_y * v
        + p.diffusivity * (d(theta, 0, 2) + d(theta, 1, 2))
    )
    found = rate(equation, grid, both)
    assert abs(found[1] - expected).max() < 1e-12 * max(1.0, abs(expected).max())
    alone = NavierStokes2D(viscosity=0.02, mean_u=p.mean_u, mean_v=p.mean_v)
    flow = rate(alone, grid, both[:1])
    assert abs(found[0] - flow[0]).max() < 1e-13 * abs(flow).max()


@pytest.mark.parametrize(("shape", "box"), SHAPES)
def test_advection_keeps_mean_and_variance(shape: tuple[int, int], box: Any) -> None:
    """⟨N⟩ = ⟨θN⟩ = 0 with all modes present."""
    grid = Grid.periodic(shape, box)
    both = truncated(band_limited(grid, 2, 99, 2) + 0.3, grid)
    n = rate(PassiveScalar2D(viscosity=0.0, diffusivity=0.0), grid, both)[1]
    assert abs(n.mean()) < 1e-14 * abs(n).max()
    size = np.sqrt(np.mean(both[1] ** 2) * np.mean(n**2))
    assert abs(np.mean(both[1] * n)) < 1e-14 * size


@pytest.mark.parametrize("diffusivity", [0.02, 0.05])
def test_a_stirred_gradient_follows_its_exact_solution(diffusivity: float) -> None:
    grid = Grid.periodic((24, 25), BOX)
    equation = PassiveScalar2D(
        viscosity=0.02, diffusivity=diffusivity, gradient_x=0.7, gradient_y=-0.4
    )
    f = equation.solution("shear_wave", amplitude=2.0, scalar=0.5, kx=1.0, ky=2.0)
    points = grid.points()
    u = evolve(equation, grid, np.stack(f(*points, 0.0)), 2.0, steps=80)
    assert abs(u - np.stack(f(*points, 2.0))).max() < 1e-11


def test_a_scalar_like_the_vorticity_stays_so() -> None:
    """θ = ω at the start, with equal coefficients, is θ = ω for ever."""
    grid = Grid.periodic((32, 32), BOX)
    omega = deterministic(*grid.points())
    equation = PassiveScalar2D(viscosity=0.02, diffusivity=0.02)
    omega, theta = evolve(equation, grid, np.stack([omega, omega]), 1.0, steps=40)
    assert abs(omega - theta).max() < 1e-13


def test_the_scalar_is_linear_and_has_no_say() -> None:
    grid = Grid.periodic((32, 27), BOX)
    omega, theta, other = band_limited(grid, 3, 5, 3)
    equation = PassiveScalar2D(viscosity=0.02, diffusivity=0.01)
    start = np.stack([[omega, theta], [omega, other], [omega, 2 * theta - 3 * other]])
    end = evolve(equation, grid, start, 0.5, steps=20)
    assert abs(end[2, 1] - 2 * end[0, 1] + 3 * end[1, 1]).max() < 1e-12
    alone = evolve(NavierStokes2D(viscosity=0.02), grid, omega, 0.5, steps=20)
    assert abs(end[:, 0] - alone).max() < 1e-12


def test_variance_decays_by_dissipation_and_grows_by_flux() -> None:
    """½ d⟨θ²⟩/dt = −κ⟨|∇θ|²⟩ − G·⟨uθ⟩."""
    grid = Grid.periodic((32, 32), BOX)
    both = band_limited(grid, 5, 4, 2)
    equation = PassiveScalar2D(
        viscosity=0.02, diffusivity=0.03, gradient_x=0.7, gradient_y=-0.4
    )
    theta, series = both[1], equation.diagnostics(grid, both[None])
    slope = np.mean(theta * rate(equation, grid, both)[1])
    square = grid.derivative(theta, 0) ** 2 + grid.derivative(theta, 1) ** 2
    flux = 0.7 * series["flux_x"][0] - 0.4 * series["flux_y"][0]
    assert slope == pytest.approx(-0.03 * square.mean() - flux, rel=1e-12)


def test_conserved_quantities_are_named_as_such() -> None:
    grid = Grid.periodic((16, 16), BOX)
    both = band_limited(grid, 1, 3, 2)[None]

    def names(**params: Any) -> set[str]:
        return set(PassiveScalar2D(**params).invariants(grid, both))

    ideal = {"viscosity": 0.0, "diffusivity": 0.0}
    assert names(**ideal) == {"energy", "enstrophy", "scalar", "scalar_variance"}
    assert names() == {"scalar"}
    assert names(**ideal, gradient_x=1.0) == {"energy", "enstrophy", "scalar"}
    assert names(**ideal, source={"theta": "sin(x)"}) == {"energy", "enstrophy"}
    assert names(**ideal, source="sin(x)") == {"scalar", "scalar_variance"}


def test_initial_states() -> None:
    grid = Grid.periodic((64, 64), (BOX, (1.0, 3.0)))
    x, y = grid.points()
    omega, theta = mixing_layer(x, y, sharpness=20.0)
    assert np.array_equal(omega, shear_layer(x, y, sharpness=20.0))
    assert theta.shape == grid.shape
    assert theta.mean() == pytest.approx(0.5, abs=1e-12)  # half of the box is 1
    assert theta.min() >= 0
    assert theta.max() <= 1
    assert theta[:, 32] == pytest.approx(np.tanh(5.0), abs=1e-3)  # the middle
    _, waves = stirred(x, y, waves=3, seed=2)
    assert abs(waves - np.sin(3 * x)).max() < 1e-13
