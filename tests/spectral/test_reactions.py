"""What every equation of reaction and diffusion promises: symmetries, dimensions, cost."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pdekit import registry
from pdekit.grid import Grid
from pdekit.solvers.exact import pattern_states as states
from pdekit.typing import Array
from tests.spectral.flows import rate, shifted
from tests.spectral.patterns import BOX, march
from tests.stepping.marching import error, solve

SETUPS: dict[str, tuple[dict[str, float], Any]] = {
    "allen_cahn": ({"epsilon": 0.4}, 0.1),
    "cahn_hilliard": ({"gamma": 0.1}, 0.2),
    "fisher_kpp": ({"diffusivity": 0.1, "rate": 1.3}, 0.4),
    "nagumo": ({"diffusivity": 0.1, "threshold": 0.3}, 0.4),
    "swift_hohenberg": ({"r": 0.3, "k0": 2.0, "quadratic": 0.7, "cubic": 1.2}, 0.2),
    "gray_scott": ({"diffusivity_u": 0.05, "diffusivity_v": 0.02}, (0.6, 0.3)),
    "fitzhugh_nagumo": (
        {"diffusivity_v": 0.2, "diffusivity_w": 0.1, "current": 0.3},
        (0.3, -0.1),
    ),
    "ginzburg_landau": ({"b": 0.7, "c": -1.1}, 0.5 + 0.2j),
}
"""Parameters, none of them the default, and the means of the fields."""

TRANSFORMS = dict.fromkeys(SETUPS, 2) | {"gray_scott": 3}
ONE_DIMENSIONAL = ("fisher_kpp", "nagumo", "fitzhugh_nagumo")
"""Shipped cases have one dimension only: no other loops need compiling."""
EVERY = pytest.mark.parametrize("name", SETUPS)


def equation_of(name: str, **others: float) -> Any:
    return registry.equation(name)(**{**SETUPS[name][0], **others})


def start(
    equation: Any, grid: Grid, amplitude: float = 0.2, bandwidth: float = 3.1
) -> Array:
    """Noise without any symmetry on the means, ``(channel, *space)``."""
    noise = (states.noise, states.noise_2d, states.noise_3d)[grid.ndim - 1]
    means = np.atleast_1d(SETUPS[equation.name][1])
    law = {"amplitude": amplitude, "bandwidth": bandwidth}
    parts = [m + noise(*grid.points(), seed=i, **law) for i, m in enumerate(means)]
    if equation.complex:
        parts = [parts[0] + 1j * noise(*grid.points(), seed=7, **law)]
    return np.stack(parts)


@EVERY
def test_transforms_for_each_evaluation(name: str) -> None:
    from pdekit.engine._rhs import RightHandSide

    for grid in (Grid.periodic(16, BOX), Grid.periodic((8, 8, 8), BOX)):
        rhs = RightHandSide(equation_of(name), grid)
        assert rhs.inputs + rhs.outputs == TRANSFORMS[name]


@EVERY
def test_compiled_loops_equal_plain_arrays(name: str) -> None:
    equation, grid = equation_of(name), Grid.periodic((24, 18), (BOX, (0.0, 5.0)))
    if name in ONE_DIMENSIONAL:
        grid = Grid.periodic(24, BOX)
    u = start(equation, grid)
    found = solve(equation, grid, "etdrk4", u, end=0.5, steps=5)
    assert error(found, march(equation, grid, u, 0.5, 5)) < 1e-13


@EVERY
def test_symmetries_of_the_plane_commute_with_a_step(name: str) -> None:
    equation, grid = equation_of(name), Grid.periodic((24, 24), BOX)
    u = start(equation, grid)

    def step(v: Array) -> Array:
        return march(equation, grid, v, 0.2, 1)

    after = step(u)
    assert error(after, u) > 1e-3
    symmetries = (
        lambda v: shifted(v, (5, -3)),
        lambda v: v[:, ::-1, :],
        lambda v: np.rot90(v, axes=(1, 2)),
    )
    for symmetry in symmetries:
        assert error(symmetry(u), u) > 1e-2
        assert error(step(symmetry(u)), symmetry(after)) < 1e-13


@EVERY
@pytest.mark.parametrize("direction", [(1, 2), (2, -1, 1)])
def test_an_oblique_profile_moves_as_in_one_dimension(
    name: str, direction: tuple[int, ...]
) -> None:
    """u(m·x) with |m|² = n on a box of side 2π is a profile on one of side 2π/√n."""
    equation, points = equation_of(name), 32
    stretch = float(np.linalg.norm(direction))
    line = Grid.periodic(points, (0.0, 2 * np.pi / stretch))
    u = start(equation, Grid.periodic(points, BOX), 0.03, bandwidth=1.1)
    box = Grid.periodic((points,) * len(direction), BOX)
    places = sum(
        m * np.arange(points).reshape((-1,) + (1,) * (len(direction) - 1 - i))
        for i, m in enumerate(direction)
    )
    found = march(equation, box, u[:, places % points], 0.1, 4)
    expected = march(equation, line, u, 0.1, 4)[:, places % points]
    assert error(u[:, places % points], expected) > 1e-3
    assert error(found, expected) < 1e-12


@EVERY
def test_a_resolved_state_does_not_depend_on_the_grid(name: str) -> None:
    equation = equation_of(name)
    coarse, fine = (Grid.periodic(n, BOX) for n in (64, 128))
    small, large = (march(equation, g, start(equation, g), 0.4, 8) for g in (coarse, fine))
    assert error(small, large[..., ::2]) < 1e-12


LENGTHS = {
    "allen_cahn": {"epsilon": 1.0},
    "cahn_hilliard": {},
    "fisher_kpp": {"diffusivity": 2.0},
    "nagumo": {"diffusivity": 2.0},
    "gray_scott": {"diffusivity_u": 2.0, "diffusivity_v": 2.0},
    "fitzhugh_nagumo": {"diffusivity_v": 2.0, "diffusivity_w": 2.0},
}
"""Powers of the unit of length in the parameters."""


@pytest.mark.parametrize("name", [n for n in LENGTHS if LENGTHS[n]])
def test_another_unit_of_length_gives_the_same_numbers(name: str) -> None:
    given = SETUPS[name][0]
    scaled = {k: given[k] * 3.0**power for k, power in LENGTHS[name].items()}
    grid, larger = Grid.periodic(32, BOX), Grid.periodic(32, (0.0, 6 * np.pi))
    u = start(equation_of(name), grid)
    found = march(equation_of(name, **scaled), larger, u, 0.5, 5)
    assert error(found, march(equation_of(name), grid, u, 0.5, 5)) < 1e-13


def test_cahn_hilliard_in_another_unit_of_length_is_slower() -> None:
    """x → 3x,  t → 9t,  γ → 9γ."""
    grid, larger = Grid.periodic(32, BOX), Grid.periodic(32, (0.0, 6 * np.pi))
    equation = equation_of("cahn_hilliard")
    u = start(equation, grid)
    found = march(equation_of("cahn_hilliard", gamma=0.9), larger, u, 4.5, 5)
    assert error(found, march(equation, grid, u, 0.5, 5)) < 1e-13


@pytest.mark.parametrize("name", ["allen_cahn", "cahn_hilliard", "swift_hohenberg"])
def test_the_sign_of_the_order_parameter_is_arbitrary(name: str) -> None:
    others = {"quadratic": 0.0} if name == "swift_hohenberg" else {}
    equation, grid = equation_of(name, **others), Grid.periodic(32, BOX)
    u = start(equation, grid)
    np.testing.assert_allclose(
        march(equation, grid, -u, 0.5, 5), -march(equation, grid, u, 0.5, 5), atol=1e-14
    )


@pytest.mark.parametrize(
    "name", ["allen_cahn", "cahn_hilliard", "swift_hohenberg", "fisher_kpp", "nagumo"]
)
def test_the_free_energy_never_increases(name: str) -> None:
    equation, grid = equation_of(name), Grid.periodic((24, 24), BOX)
    u, energies = start(equation, grid, 0.3), []
    for _ in range(40):
        energies.append(float(equation.diagnostics(grid, u)["free_energy"]))
        u = march(equation, grid, u, 0.5, 5)
    assert energies[-1] < energies[0] - 1e-3
    assert np.diff(energies).max() <= 1e-14 * abs(energies[0])


@pytest.mark.parametrize(
    "name", ["allen_cahn", "cahn_hilliard", "swift_hohenberg", "fisher_kpp", "nagumo"]
)
def test_the_flow_is_the_gradient_of_the_free_energy(name: str) -> None:
    """dF/dt = −⟨uₜ²⟩, or −⟨|∇μ|²⟩ = ⟨uₜ ∇⁻²uₜ⟩ where the mass is conserved."""
    equation, grid = equation_of(name), Grid.periodic(48, BOX)
    u = start(equation, grid, 0.3)
    slope = rate(equation, grid, u)

    def energy(h: float) -> float:
        return float(equation.diagnostics(grid, u + h * slope)["free_energy"])

    h = 0.1 / float(np.abs(slope).max())  # F is of degree four: these differences are exact
    change = 8 * (energy(h) - energy(-h)) - (energy(2 * h) - energy(-2 * h))
    power, k2 = np.abs(np.fft.fft(slope[0]) / grid.size) ** 2, grid.k_squared()
    if name == "cahn_hilliard":
        power = power / np.where(k2 > 0, k2, np.inf)
    assert change / (12 * h) == pytest.approx(-float(power.sum()), rel=1e-10)
