"""Trapped condensates: collective modes, rotation, conservation."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from pdekit import registry
from pdekit.errors import NotApplicable, PdekitError
from pdekit.grid import Grid
from pdekit.solvers.diagnostics.oscillation import fitted_frequency
from pdekit.solvers.exact import gross_pitaevskii as known
from pdekit.solvers.exact import trapped
from pdekit.typing import Array
from tests.stepping.marching import error, set_up, solve

GrossPitaevskii = registry.equation("gross_pitaevskii")
LINE = Grid.periodic(96, (-9.0, 9.0))
PLANE = Grid.periodic((64, 64), (-9.0, 9.0))


def series(
    equation: Any, grid: Grid, psi: Array, times: Array, name: str, **how: Any
) -> Array:
    """Record a diagnostic of one run at several times."""
    stepper = set_up(equation, grid, end=float(times[-1]), **how)
    state, out = stepper.start(psi[None, None]), []
    for t in times:
        state = stepper.advance(state, float(t), 10**9)
        out.append(equation.diagnostics(grid, stepper.sample(state, float(t)))[name][0])
    return np.array(out)


# -- collective modes ------------------------------------------------------------------


@pytest.mark.parametrize("g", [0.0, 5.0, 50.0])
def test_the_kohn_mode_has_the_frequency_of_the_trap(g: float) -> None:
    equation = GrossPitaevskii(trap=1.1, interaction=g)
    psi = known.ground_state(*LINE.points(), trap=1.1, interaction=g, displacement=0.8)
    times = np.linspace(0, 10, 41)
    found = series(equation, LINE, psi, times, "centre_x", integrator="rkn6_14", steps=400)
    assert abs(fitted_frequency(times, found, 1.08) - 1.1) < 1e-8


@pytest.mark.parametrize("g", [3.0, 40.0])
def test_breathing_in_the_plane_has_twice_the_frequency(g: float) -> None:
    equation = GrossPitaevskii(interaction=g)
    psi = known.ground_state_2d(*PLANE.points(), trap=1.3, interaction=g)
    times = np.linspace(0, 5, 21)
    found = series(
        equation, PLANE, psi, times, "mean_square_radius", integrator="rkn6_14", steps=60
    )
    assert abs(fitted_frequency(times, found, 1.97) - 2.0) < 1e-6


def test_the_virial_is_half_the_acceleration_of_the_mean_square_radius() -> None:
    # <r^2> = I b^2,  b^2 = cos^2 wt + (w0/w)^2 sin^2 wt:  <r^2>'' = 2 (w0^2 - w^2) I at 0
    equation, g = GrossPitaevskii(trap=1.2, interaction=20.0), 20.0
    psi = known.ground_state_2d(*PLANE.points(), trap=1.5, interaction=g)
    found = equation.diagnostics(PLANE, psi[None])
    expected = (1.5**2 - 1.2**2) * found["mean_square_radius"]
    assert found["virial"] == pytest.approx(expected, rel=1e-7)
    at_rest = known.ground_state_2d(*PLANE.points(), trap=1.2, interaction=g)
    assert abs(equation.diagnostics(PLANE, at_rest[None])["virial"]) < 1e-8


@pytest.mark.parametrize("ws", [(1.0,), (1.0, 1.3), (0.9, 1.0, 1.2)])
def test_the_virial_vanishes_for_a_gaussian_at_rest(ws: tuple[float, ...]) -> None:
    grid = Grid.periodic((32,) * len(ws), ((-7.0, 7.0),) * len(ws))
    terms = [-0.5 * w * x**2 for w, x in zip(ws, grid.points(), strict=True)]
    psi = np.exp(sum(terms[1:], terms[0])).astype(complex)
    equation = GrossPitaevskii(trap=ws if len(ws) > 1 else ws[0], interaction=0.0)
    assert abs(equation.diagnostics(grid, psi[None])["virial"]) < 1e-8


def test_vortices_are_counted_inside_the_cloud() -> None:
    x, y = PLANE.points()
    cloud = np.exp(-(x**2 + y**2) / 8)
    places = [(0.3, 0.1), (1.7, -1.3), (-1.9, 0.8), (12.0, 0.0)]  # the last is outside
    psi = cloud * np.prod([x - a + 1j * (y - b) for a, b in places], axis=0)
    equation = GrossPitaevskii()
    assert equation.diagnostics(PLANE, (psi / np.abs(psi).max())[None])["vortices"] == 3
    assert equation.diagnostics(PLANE, (cloud + 0j)[None])["vortices"] == 0


def test_breathing_on_a_line_depends_on_the_interaction() -> None:
    # √3 w of Thomas and Fermi, 2w of the ideal gas: the plane is special.
    equation = GrossPitaevskii(interaction=200.0)
    grid = Grid.periodic(192, (-14.0, 14.0))
    psi = known.ground_state(*grid.points(), trap=1.01, interaction=200.0)
    times = np.linspace(0, 10, 41)
    found = series(
        equation, grid, psi, times, "mean_square_radius", integrator="rkn6_14", steps=400
    )
    assert abs(fitted_frequency(times, found, 1.75) - math.sqrt(3)) < 0.01


# -- exact solutions -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "grid", "coefficients"),
    [
        ("coherent_state", LINE, {"interaction": 0.0, "trap": 1.2}),
        ("coherent_state_2d", PLANE, {"interaction": 0.0, "trap": (1.2, 0.9)}),
        ("vortex", PLANE, {"interaction": 0.0}),
        ("kohn", LINE, {"interaction": 10.0, "trap": 1.2}),
        ("kohn_2d", PLANE, {"interaction": 10.0, "trap": (1.2, 0.9)}),
        ("breathing_2d", PLANE, {"interaction": 10.0}),
    ],
)
def test_splitting_follows_the_exact_solution(
    name: str, grid: Grid, coefficients: dict[str, Any]
) -> None:
    equation = GrossPitaevskii(**coefficients)
    exact = equation.solution(name)
    start, end = (np.asarray(exact(*grid.points(), t)) for t in (0.0, 3.0))
    found = solve(equation, grid, "rkn6_14", start + 0j, end=3.0, steps=120)
    assert error(found, end) < 1e-7
    norm = grid.integrate(np.abs(found) ** 2)
    assert abs(norm - 1) < 1e-11


@pytest.mark.parametrize("name", ["coherent_state_2d", "vortex"])
def test_a_rotating_frame_to_fourth_order(name: str) -> None:
    grid = Grid.periodic((54, 54), (-8.5, 8.5))
    equation = GrossPitaevskii(interaction=0.0, trap=0.9, rotation=0.6)
    exact = equation.solution(name)
    start, end = (np.asarray(exact(*grid.points(), t)) for t in (0.0, 1.0))
    errors = [
        error(solve(equation, grid, "etdrk4", start, end=1.0, steps=n, engine="numpy"), end)
        for n in (50, 100)
    ]
    assert abs(np.log2(errors[0] / errors[1]) - 4) < 0.3
    assert errors[1] < 1e-6


def test_a_rotating_frame_only_turns_the_view() -> None:
    # ψ(x, t) of the frame is ψ₀(R(Ωt)x, t) of the laboratory: after a quarter turn exactly
    # a rearrangement of the grid, for any interaction.
    grid = Grid.periodic((55, 55), (-8.64, 8.96))  # points symmetric about 0
    x, y = grid.points()
    psi = 0.5 * np.exp(-((x - 0.7) ** 2 + 1.3 * (y + 0.4) ** 2) / 2 + 0.1j * x * y)
    rotation = 0.8
    end = math.pi / 2 / rotation
    turned, still = (
        solve(GrossPitaevskii(interaction=2.0, rotation=w), grid, "etdrk4", psi, end=end,
              steps=500, engine="numpy")
        for w in (rotation, 0.0)
    )  # fmt: skip
    # R(90°)(x, y) = (−y, x)
    assert error(turned, still[::-1, :].T) < 1e-6
    assert error(turned, still) > 0.1


def test_a_vortex_state_of_the_rotating_trap_is_stationary() -> None:
    equation = GrossPitaevskii(interaction=40.0, rotation=0.5)
    state = trapped.stationary(PLANE, (1.0, 1.0), 40.0, 0.5, "vortex")
    found = solve(equation, PLANE, "etdrk4", state.phi, end=0.5, steps=100, engine="numpy")
    expected = state.phi * np.exp(-0.5j * state.chemical_potential)
    assert error(found, expected) < 1e-6


# -- engines, invariants, failures -----------------------------------------------------


@pytest.mark.parametrize(("rotation", "transforms"), [(0.0, 4 * 2), (0.5, 4 * 4)])
def test_transforms_per_step(rotation: float, transforms: int) -> None:
    equation = GrossPitaevskii(rotation=rotation)
    stepper = set_up(equation, PLANE, "etdrk4", end=1.0, steps=500, engine="numpy")
    state = stepper.start(np.ones((1, 1, *PLANE.shape), dtype=complex))
    before = stepper.system.engine.transforms
    stepper.advance(state, 1.0, 1)
    assert stepper.system.engine.transforms - before == transforms


def test_the_compiled_loops_agree() -> None:
    equation = GrossPitaevskii(interaction=5.0, rotation=0.5, trap=(1.0, 1.1))
    x, y = PLANE.points()
    psi = np.exp(-((x - 0.5) ** 2 + y**2) / 2 + 0.2j * x)
    one, other = (
        solve(equation, PLANE, "etdrk4", psi, end=0.1, steps=10, engine=engine)
        for engine in ("fused", "numpy")
    )
    assert error(one, other) < 1e-12


def test_the_energy_has_the_parts_of_the_ground_state() -> None:
    equation = GrossPitaevskii(interaction=40.0, rotation=0.5)
    state = trapped.stationary(PLANE, (1.0, 1.0), 40.0, 0.5, "vortex")
    found = equation.invariants(PLANE, state.phi[None, None])
    assert abs(found["energy"][0] - state.energy) < 1e-11
    assert abs(found["norm"][0] - 1) < 1e-12
    assert abs(found["angular_momentum"][0] - 1) < 1e-7


def test_a_further_potential_adds_to_the_trap() -> None:
    # ½w²x² = ½x² + ½(w² − 1)x²
    one = GrossPitaevskii(trap=1.3).coefficients(LINE, 0.0)["v"]
    two = GrossPitaevskii(potential="0.345*x**2").coefficients(LINE, 0.0)["v"]
    assert np.allclose(one, two, rtol=1e-14)
    assert GrossPitaevskii(potential="x*cos(t)").time_dependent
    assert not GrossPitaevskii(potential="x**4").time_dependent


def test_a_shaken_trap_moves_the_centre_like_a_particle() -> None:
    # X″ = −X − a cos νt  from rest:  X = −a (cos νt − cos t)/(1 − ν²),  for any G.
    equation = GrossPitaevskii(interaction=10.0, potential="0.5*x*cos(0.6*t)")
    psi = known.ground_state(*LINE.points(), interaction=10.0)
    found = solve(equation, LINE, "rkn6_14", psi, end=4.0, steps=160)
    centre = equation.diagnostics(LINE, found[None])["centre_x"]
    expected = -0.5 * (math.cos(2.4) - math.cos(4.0)) / (1 - 0.36)
    assert abs(centre - expected) < 1e-7


def test_splittings_say_that_they_do_not_rotate() -> None:
    with pytest.raises(NotApplicable, match="strang"):
        set_up(GrossPitaevskii(rotation=0.5), PLANE, "strang", end=1.0, steps=10)


@pytest.mark.parametrize(
    ("coefficients", "name", "words"),
    [
        ({"interaction": 1.0}, "coherent_state", "interaction"),
        ({"rotation": 0.5}, "kohn_2d", "rotation"),
        ({"potential": "x**4"}, "kohn", "harmonic"),
    ],
)
def test_refuses_solutions_of_another_equation(
    coefficients: dict[str, Any], name: str, words: str
) -> None:
    grid = PLANE if name.endswith("2d") else LINE
    with pytest.raises(PdekitError, match=words):
        GrossPitaevskii(**coefficients).solution(name)(*grid.points(), 0.0)


def test_refuses_a_trap_of_another_dimension() -> None:
    with pytest.raises(PdekitError, match="2 frequencies for 1 axes"):
        GrossPitaevskii(trap=(1.0, 2.0)).coefficients(LINE, 0.0)
