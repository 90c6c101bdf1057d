"""The wave equation: exact for any step, the mean included."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from pdekit import registry
from pdekit.errors import PdekitError
from pdekit.grid import Grid
from pdekit.typing import Array
from tests.stepping.marching import error, set_up, solve

Wave = registry.equation("wave")
ROUND = (0.0, 2 * math.pi)
LINE = Grid.periodic(64, ROUND)
GRIDS = {
    "random_waves": LINE,
    "random_waves_2d": Grid.periodic((24, 27), (ROUND, ROUND)),
    "random_waves_3d": Grid.periodic((17, 20, 18), (ROUND, ROUND, ROUND)),
}


def spread(fields: Any, grid: Grid) -> Array:
    """Stack u and v on the grid."""
    return np.stack([np.broadcast_to(q, grid.shape) for q in fields])


@pytest.mark.parametrize("name", GRIDS)
@pytest.mark.parametrize(("steps", "integrator"), [(1, "etdrk4"), (3, "ifrk4")])
def test_exact_for_any_step(name: str, steps: int, integrator: str) -> None:
    grid, equation = GRIDS[name], Wave(speed=1.7)
    wave = equation.solution(name, highest=6, offset=0.4, drift=-0.7)
    start, end = (spread(wave(*grid.points(), t), grid) for t in (0.0, 9.0))
    found = solve(equation, grid, integrator, start, end=9.0, steps=steps, engine="numpy")
    assert error(found, end) < 1e-12


def test_the_compiled_loops_agree() -> None:
    wave = Wave(speed=0.6).solution("dalembert", position=1.0)
    start = spread(wave(*LINE.points(), 0.0), LINE) + 0.3
    one, other = (
        solve(Wave(speed=0.6), LINE, "etdrk4", start, end=2.0, steps=4, engine=engine)
        for engine in ("fused", "numpy")
    )
    assert error(one, other) < 1e-13


def test_the_mean_moves_and_nothing_else() -> None:
    start = np.stack([np.full(64, 0.25), np.full(64, -2.0)])
    found = solve(Wave(), LINE, "etdrk4", start, end=3.0, steps=2, engine="numpy")
    assert np.abs(found[0] + 5.75).max() < 1e-13
    assert np.abs(found[1] + 2.0).max() < 1e-13


@pytest.mark.parametrize("points", [63, 64])
def test_the_highest_mode_oscillates(points: int) -> None:
    # A mode that the grid only just holds is a wave like any other.
    grid = Grid.periodic(points, ROUND)
    (x,) = grid.points()
    m = points // 2
    start = np.stack([np.cos(m * x), 0 * x])
    found = solve(Wave(), grid, "etdrk4", start, end=0.3, steps=1, engine="numpy")
    assert np.abs(found[0] - np.cos(0.3 * m) * np.cos(m * x)).max() < 1e-12


def test_decoding_undoes_encoding() -> None:
    equation, rng = Wave(speed=1.3), np.random.default_rng(0)
    u, v = rng.standard_normal((2, 33)) + 1j * rng.standard_normal((2, 33))
    s = equation.symbols(LINE)
    a, b = Wave.encode(u, v, s["w"], s["mean"])
    again = Wave.decode(a, b, s["inv_2w"], s["mean"])
    assert np.allclose(again, (u, v), rtol=1e-14, atol=1e-14)


def test_energy_and_momentum_of_one_wave() -> None:
    # u = A cos(kx − ωt):  ½⟨v²⟩ + ½c²⟨uₓ²⟩ = ½A²ω²  and  −⟨v uₓ⟩ = ½A²ωk.
    (x,) = LINE.points()
    a, k, c = 0.7, 3, 1.5
    u = np.stack([a * np.cos(k * x), a * c * k * np.sin(k * x)])
    found = Wave(speed=c).invariants(LINE, u)
    assert found["energy"] == pytest.approx(0.5 * (a * c * k) ** 2, rel=1e-13)
    assert found["momentum"] == pytest.approx(0.5 * a**2 * c * k**2, rel=1e-13)


def test_no_transforms_are_needed() -> None:
    stepper = set_up(Wave(), LINE, "etdrk4", end=1.0, steps=10, engine="numpy")
    state = stepper.start(np.ones((1, 2, 64)))
    before = stepper.system.engine.transforms
    stepper.advance(state, 1.0, 1)
    assert stepper.system.engine.transforms == before


def test_a_solution_of_another_speed_is_refused() -> None:
    with pytest.raises(PdekitError, match="speed"):
        Wave(speed=2.0).solution("dalembert", speed=3.0)
