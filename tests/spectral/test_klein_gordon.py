"""The Klein–Gordon equation, linear and with a cubic term."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pdekit import registry
from pdekit.errors import PdekitError
from pdekit.grid import Grid
from tests.spectral.test_wave import spread
from tests.stepping.marching import error, set_up, solve

KleinGordon = registry.equation("klein_gordon")
ROUND = (0.0, 2 * math.pi)
LINE = Grid.periodic(64, ROUND)
GRIDS = {
    "plane_wave": LINE,
    "random_waves": LINE,
    "random_waves_2d": Grid.periodic((24, 27), (ROUND, ROUND)),
    "standing_wave_3d": Grid.periodic((12, 10, 14), (ROUND, ROUND, ROUND)),
}


@pytest.mark.parametrize("name", GRIDS)
def test_linear_waves_are_exact_for_any_step(name: str) -> None:
    grid, equation = GRIDS[name], KleinGordon(speed=0.6, mass=2.0)
    wave = equation.solution(name)
    start, end = (spread(wave(*grid.points(), t), grid) for t in (0.0, 20.0))
    found = solve(equation, grid, "etdrk4", start, end=20.0, steps=1, engine="numpy")
    assert error(found, end) < 1e-12


@pytest.mark.parametrize("cubic", [2.0, -0.5])
def test_the_cnoidal_wave_to_fourth_order(cubic: float) -> None:
    equation = KleinGordon(speed=0.7, mass=1.1, cubic=cubic)
    wave = equation.solution("cnoidal_wave", amplitude=1.2)
    start, end = (spread(wave(*LINE.points(), t), LINE) for t in (0.0, 3.0))
    errors = [
        error(solve(equation, LINE, "etdrk4", start, end=3.0, steps=n, engine="numpy"), end)
        for n in (40, 80, 160)
    ]
    orders = np.log2(np.divide(errors[:-1], errors[1:]))
    assert np.abs(orders - 4).max() < 0.3
    assert errors[-1] < 1e-6


def test_the_compiled_loops_agree() -> None:
    equation = KleinGordon(cubic=1.5)
    start = spread(equation.solution("cnoidal_wave")(*LINE.points(), 0.0), LINE)
    one, other = (
        solve(equation, LINE, "etdrk4", start, end=2.0, steps=20, engine=engine)
        for engine in ("fused", "numpy")
    )
    assert error(one, other) < 1e-12


@pytest.mark.parametrize(("cubic", "transforms"), [(0.0, 0), (1.0, 4 * 2)])
def test_transforms_per_step(cubic: float, transforms: int) -> None:
    stepper = set_up(
        KleinGordon(cubic=cubic), LINE, "etdrk4", end=1.0, steps=10, engine="numpy"
    )
    state = stepper.start(np.ones((1, 2, 64)))
    before = stepper.system.engine.transforms
    stepper.advance(state, 1.0, 1)
    assert stepper.system.engine.transforms - before == transforms


def test_energy_of_a_uniform_field() -> None:
    u = np.stack([np.full(64, 0.5), np.full(64, 2.0)])
    energy = KleinGordon(mass=3.0, cubic=4.0).invariants(LINE, u)["energy"]
    assert energy == pytest.approx(2.0 + 4.5 * 0.25 + 0.0625, rel=1e-14)


def test_superpositions_need_the_linear_equation() -> None:
    with pytest.raises(PdekitError, match="cubic"):
        KleinGordon(cubic=1.0).solution("random_waves")
    with pytest.raises(PdekitError, match="cubic"):
        KleinGordon(cubic=1.0).solution("plane_wave")(*LINE.points(), 0.0)
