"""Motions of trapped condensates put into the equation; ground states against tables."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from pdekit.errors import PdekitError
from pdekit.grid import Grid
from pdekit.solvers.exact import gross_pitaevskii as exact
from pdekit.solvers.exact import trapped as traps
from pdekit.solvers.ground_state import NoGroundState, StationaryState, ground_state
from pdekit.typing import Array
from tests.exact.conftest import FIRST, OFFSETS

LINE = Grid.periodic(128, (-10.0, 10.0))
PLANE = Grid.periodic((128, 128), (-10.0, 10.0))

# Bao & Du, SIAM J. Sci. Comput. 25 (2004) 1674: β, energy, chemical potential.
TABLE = [
    (0.0, 0.5, 0.5),
    (3.1371, 1.044098, 1.526595),
    (12.5484, 2.233008, 3.596561),
    (31.371, 3.981004, 6.552683),
    (62.742, 6.256976, 10.369463),
    (156.855, 11.464486, 19.070459),
    (313.71, 18.170972, 30.259179),
    (627.42, 28.825359, 48.024470),
]


# -- motions ---------------------------------------------------------------------------


def residual(f: Any, grid: Grid, t: float, trap: Any, g: float, rotation: float) -> float:
    """Largest  |iψₜ − Hψ|  relative to the largest |Hψ|."""
    points, dt = grid.points(), 0.004
    psi = np.asarray(f(*points, t))
    psi_t = (
        sum(c * f(*points, t + j * dt) for c, j in zip(FIRST, OFFSETS, strict=True)) / dt
    )
    laplacian = sum(grid.derivative(psi, j, 2) for j in range(grid.ndim))
    v = traps.harmonic(grid, traps.frequencies(trap, grid.ndim))
    right = -0.5 * laplacian + (v + g * np.abs(psi) ** 2) * psi
    if rotation:
        x, y = points
        turning = x * grid.derivative(psi, 1) - y * grid.derivative(psi, 0)
        right = right + 1j * rotation * turning
    return float(np.abs(1j * psi_t - right).max() / np.abs(right).max())


@pytest.mark.parametrize(
    ("function", "grid", "coefficients", "own"),
    [
        (exact.coherent_state, LINE, {}, {}),
        (exact.coherent_state, LINE, {"trap": 1.3}, {"displacement": -0.7}),
        (exact.coherent_state_2d, PLANE, {"trap": (1.3, 0.8)}, {}),
        (exact.coherent_state_2d, PLANE, {"trap": 1.2, "rotation": 0.6}, {}),
        (exact.vortex, PLANE, {}, {}),
        (exact.vortex, PLANE, {"trap": 1.2, "rotation": 0.6}, {"charge": -2}),
        (exact.kohn, LINE, {"trap": 1.3, "interaction": 8.0}, {"displacement": -0.7}),
        (exact.kohn_2d, PLANE, {"trap": (1.3, 0.9), "interaction": 8.0}, {}),
        (exact.breathing_2d, PLANE, {"interaction": 8.0}, {"trap_before": 1.4}),
        (exact.breathing_2d, PLANE, {"trap": 1.3, "interaction": -2.0}, {"trap_before": 1}),
    ],
)
def test_solves_the_equation(
    function: Any, grid: Grid, coefficients: dict[str, Any], own: dict[str, Any]
) -> None:
    given = {**coefficients, **own}
    trap, g = given.get("trap", 1.0), given.get("interaction", 0.0)
    for t in (0.0, 2.7):
        found = residual(
            lambda *p: function(*p, **given), grid, t, trap, g, given.get("rotation", 0.0)
        )
        assert found < 1e-9


@pytest.mark.parametrize("name", ["coherent_state", "kohn"])
def test_kohn_without_interaction_is_the_coherent_state(name: str) -> None:
    (x,) = LINE.points()
    found = exact.kohn(x, 1.9, trap=1.1, displacement=0.8)
    expected = exact.coherent_state(x, 1.9, trap=1.1, displacement=0.8)
    assert np.abs(found - expected).max() < 1e-10


def test_breathing_without_interaction_is_that_of_a_gaussian() -> None:
    # Each axis of the Gaussian of w₀ in the trap w has ⟨x²⟩ = (cos² + (w₀/w)² sin²)/2w₀.
    x, y = PLANE.points()
    psi = exact.breathing_2d(x, y, 0.9, trap=1.2, trap_before=2.0)
    square = float(PLANE.integrate(np.abs(psi) ** 2 * x**2))
    c, s = math.cos(1.08), math.sin(1.08) * 2.0 / 1.2
    assert abs(square - (c**2 + s**2) / 4.0) < 1e-10


@pytest.mark.parametrize(
    ("function", "wrong"),
    [
        (exact.coherent_state, {"interaction": 1.0}),
        (exact.coherent_state, {"trap": (1.0, 2.0)}),
        (exact.vortex, {"trap": (1.0, 2.0)}),
        (exact.breathing_2d, {"trap": (1.0, 2.0)}),
    ],
)
def test_refuses_what_is_no_solution(function: Any, wrong: dict[str, Any]) -> None:
    points = LINE.points() if function is exact.coherent_state else PLANE.points()
    with pytest.raises(PdekitError):
        function(*points, 0.0, **wrong)


# -- ground states ---------------------------------------------------------------------


def trapped(
    n: int, half: float, ws: tuple[float, ...], g: float, **how: Any
) -> StationaryState:
    grid = Grid.periodic((n,) * len(ws), ((-half, half),) * len(ws))
    return ground_state(grid, traps.harmonic(grid, ws), interaction=g, **how)


def virial(state: StationaryState, dimension: int) -> float:
    """2E_kin − 2E_pot + d E_int  of a state in a harmonic trap, relative to the energy."""
    parts = 2 * state.kinetic - 2 * state.potential + dimension * state.interaction
    return abs(parts) / state.energy


@pytest.mark.parametrize(("beta", "energy", "mu"), TABLE)
def test_the_table_of_bao_and_du(beta: float, energy: float, mu: float) -> None:
    state = trapped(192, 8.0 if beta < 100 else 14.0, (1.0,), beta)
    assert abs(state.energy - energy) < 6e-7
    assert abs(state.chemical_potential - mu) < 6e-7
    assert state.residual < 1e-10 * max(1.0, mu)


@pytest.mark.parametrize(
    ("n", "half", "ws", "g"),
    [
        (128, 8.0, (1.3,), 40.0),
        (64, 8.0, (1.0, 1.3), 30.0),
        (48, 6.0, (1.0, 1.3, 0.9), 20.0),
    ],
)
def test_the_virial_theorem(n: int, half: float, ws: tuple[float, ...], g: float) -> None:
    state = trapped(n, half, ws, g, tolerance=1e-12)
    assert virial(state, len(ws)) < 1e-10
    assert state.residual < 1e-11


@pytest.mark.parametrize("ws", [(1.2,), (1.2, 0.8), (1.2, 0.8, 1.0)])
def test_without_interaction_it_is_the_gaussian(ws: tuple[float, ...]) -> None:
    state = trapped(32, 8.0, ws, 0.0)
    assert abs(state.chemical_potential - sum(ws) / 2) < 1e-10


@pytest.mark.parametrize(
    ("n", "half", "dimension", "g", "mu"),
    [
        (512, 22.0, 1, 4000.0, 0.5 * (3 * 4000.0 / 2) ** (2 / 3)),
        (96, 10.0, 2, 3000.0, math.sqrt(3000.0 / math.pi)),
        (48, 8.0, 3, 6000.0, 0.5 * (15 * 6000.0 / (4 * math.pi)) ** 0.4),
    ],
)
def test_strong_repulsion_tends_to_thomas_and_fermi(
    n: int, half: float, dimension: int, g: float, mu: float
) -> None:
    # The kinetic energy adds terms of the order ln(μ)/μ², all of one sign.
    state = trapped(n, half, (1.0,) * dimension, g)
    excess = state.chemical_potential / mu - 1
    assert 0 < excess < 2 * math.log(mu) / mu**2


@pytest.mark.parametrize("g", [-3.0, 4.0, 30.0])
def test_imaginary_time_arrives_at_the_same_state(g: float) -> None:
    flow = trapped(64, 8.0, (1.0,), g, method="gradient_flow")
    descent = trapped(64, 8.0, (1.0,), g)
    assert abs(flow.energy - descent.energy) < 1e-12
    assert np.abs(np.abs(flow.phi) - np.abs(descent.phi)).max() < 1e-9


def test_attraction_is_a_bright_soliton() -> None:
    # Without a trap  φ = ½√G sech(Gx/2),  G = |interaction|, has μ = −G²/8, E = −G²/24.
    grid = Grid.periodic(256, (-16.0, 16.0))
    (x,) = grid.points()
    state = ground_state(grid, 0 * x, interaction=-4.0, start=np.exp(-(x**2)))
    assert abs(state.chemical_potential + 2.0) < 1e-9
    assert abs(state.energy + 2.0 / 3.0) < 1e-9
    assert np.abs(np.abs(state.phi) - 1 / np.cosh(2 * x)).max() < 1e-8


def test_the_norm_scales_the_interaction() -> None:
    one, many = trapped(64, 8.0, (1.0,), 12.0), trapped(64, 8.0, (1.0,), 3.0, norm=4.0)
    assert abs(one.chemical_potential - many.chemical_potential) < 1e-11
    assert np.abs(2 * np.abs(one.phi) - np.abs(many.phi)).max() < 1e-10


# -- rotation --------------------------------------------------------------------------

ROUND = Grid.periodic((64, 64), (-8.0, 8.0))


def turning(rotation: float, guess: traps.Guess) -> StationaryState:
    return traps.stationary(ROUND, (1.0, 1.0), 40.0, rotation, guess)


def test_a_central_vortex_carries_one_unit_of_angular_momentum() -> None:
    still, slow = turning(0.0, "vortex"), turning(0.5, "vortex")
    assert abs(slow.rotational + 0.5) < 1e-8
    # L_z φ = φ: rotation shifts its energy and its μ, and changes nothing else.
    assert abs(slow.energy - (still.energy - 0.5)) < 1e-8
    assert abs(slow.chemical_potential - (still.chemical_potential - 0.5)) < 1e-8
    centre = np.abs(slow.phi[32, 32]) / np.abs(slow.phi).max()
    assert centre < 1e-6


def test_a_vortex_pays_above_the_critical_rotation() -> None:
    critical = turning(0.0, "vortex").energy - turning(0.0, "still").energy
    assert 0.2 < critical < 1.0
    for rotation, pays in ((0.95 * critical, False), (1.05 * critical, True)):
        gain = turning(rotation, "still").energy - turning(rotation, "vortex").energy
        assert (gain > 0) is pays


def test_fast_rotation_makes_a_lattice_of_vortices() -> None:
    rotation = 0.85
    state = traps.stationary(ROUND, (1.0, 1.0), 40.0, rotation, "mixture", 1e-8)
    # L_z = 1: the energy of one vortex at the centre falls by Ω
    assert state.energy < turning(0.0, "vortex").energy - rotation - 0.01
    assert virial(state, 2) < 1e-3
    assert _winding(state.phi, radius=1.9) >= 3


def _winding(phi: Array, radius: float) -> int:
    """Count the turns of the phase along a circle, that is the vortices inside."""
    angles = np.linspace(0, 2 * np.pi, 400)
    circle = radius * np.cos(angles), radius * np.sin(angles)
    steps = np.diff(np.angle(ROUND.evaluate(phi, circle)))
    return round(float(np.sum((steps + np.pi) % (2 * np.pi) - np.pi)) / (2 * np.pi))


# -- failures --------------------------------------------------------------------------


def test_says_when_it_does_not_arrive() -> None:
    with pytest.raises(NoGroundState, match="after 3 iterations"):
        trapped(64, 8.0, (1.0,), 10.0, max_iterations=3)


def test_refuses_to_rotate_a_line() -> None:
    with pytest.raises(PdekitError, match="two or three dimensions"):
        trapped(64, 8.0, (1.0,), 10.0, rotation=0.5)


def test_a_wrong_hamiltonian_is_noticed() -> None:
    state = trapped(64, 8.0, (1.0,), 10.0)
    assert virial(state, 2) > 1e-2


def _density(phi: Array) -> Array:
    return np.abs(phi) ** 2


def test_displacing_moves_the_centre() -> None:
    grid = Grid.periodic(64, (-8.0, 8.0))
    (x,) = grid.points()
    phi = exact.ground_state(x, interaction=10.0, displacement=0.37)
    assert abs(float(grid.integrate(x * _density(phi))) - 0.37) < 1e-10
