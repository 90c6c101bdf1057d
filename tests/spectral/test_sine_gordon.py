"""The sine-Gordon equation against its exact solutions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from pdekit import registry
from pdekit.grid import Grid
from tests.spectral.test_wave import spread
from tests.stepping.marching import error, march, set_up, solve

SineGordon = registry.equation("sine_gordon")
ROUND = (0.0, 2 * math.pi)
LONG = Grid.periodic(512, (-30.0, 30.0))
PLANE = Grid.periodic((36, 48), (ROUND, ROUND))
BOX = Grid.periodic((24, 32, 24), (ROUND, ROUND, ROUND))


@pytest.mark.parametrize(
    ("name", "grid", "own"),
    [
        ("breather", LONG, {"rate": 0.7, "velocity": 0.4, "position": -3.0}),
        ("kink_antikink", LONG, {"velocity": 0.6, "start": -4.0}),
        ("periodic_wave_2d", PLANE, {"amplitude": 1.0}),
        ("periodic_wave_3d", BOX, {"amplitude": 0.5}),
    ],
)
def test_follows_the_exact_solution(name: str, grid: Grid, own: dict[str, Any]) -> None:
    equation = SineGordon(speed=0.8, frequency=1.2)
    wave = equation.solution(name, **own)
    start, end = (spread(wave(*grid.points(), t), grid) for t in (0.0, 4.0))
    found = solve(equation, grid, "etdrk4", start, end=4.0, steps=160, engine="numpy")
    assert error(found, end) < 2e-6
    first, last = (equation.invariants(grid, u) for u in (start, found))
    scale = equation.invariant_scales(grid, start)
    for key, value in first.items():
        assert abs(last[key] - value) < 1e-6 * max(abs(value), scale.get(key, 0.0))


def test_the_breather_to_fourth_order() -> None:
    breather = SineGordon().solution("breather")
    start, end = (spread(breather(*LONG.points(), t), LONG) for t in (0.0, 10.0))
    errors = [
        error(solve(SineGordon(), LONG, "etdrk4", start, end=10.0, steps=n), end)
        for n in (100, 200, 400)
    ]
    orders = np.log2(np.divide(errors[:-1], errors[1:]))
    assert np.abs(orders - 4).max() < 0.3
    assert errors[-1] < 1e-6


def test_the_energy_of_the_breather() -> None:
    # 16 √(1 − w²), Lorentz-boosted by γ; its momentum is V times that.
    rate, velocity = 0.6, 0.3
    gamma = 1 / math.sqrt(1 - velocity**2)
    breather = SineGordon().solution("breather", rate=rate, velocity=velocity)
    found = SineGordon().invariants(LONG, spread(breather(*LONG.points(), 0.4), LONG))
    energy = 16 * math.sqrt(1 - rate**2) * gamma
    assert found["energy"] * 60.0 == pytest.approx(energy, rel=1e-8)
    assert found["momentum"] * 60.0 == pytest.approx(energy * velocity, rel=1e-8)


def test_small_oscillations_are_linear_and_exact() -> None:
    # N is cubic, so that a wave of size 1e-5 is exact to its cube in a single step.
    equation = SineGordon(speed=0.7, frequency=2.0)
    linear = registry.equation("klein_gordon")(speed=0.7, mass=2.0)
    grid = Grid.periodic(32, ROUND)
    wave = linear.solution("plane_wave", amplitude=1e-5)
    start, end = (spread(wave(*grid.points(), t), grid) for t in (0.0, 2.0))
    found = solve(equation, grid, "etdrk4", start, end=2.0, steps=1, engine="numpy")
    assert error(found, end) < 1e-9


def test_running_backwards_returns() -> None:
    breather = SineGordon().solution("breather")
    start = spread(breather(*LONG.points(), 0.3), LONG)
    there = solve(SineGordon(), LONG, "etdrk4", start, end=3.0, steps=200)
    turned = there * np.array([[1.0], [-1.0]])
    back = solve(SineGordon(), LONG, "etdrk4", turned, end=3.0, steps=200)
    assert error(back * np.array([[1.0], [-1.0]]), start) < 1e-6


def test_the_engines_agree() -> None:
    breather = SineGordon().solution("breather")
    start = spread(breather(*LONG.points(), 0.3), LONG)
    fused, arrays = (
        solve(SineGordon(), LONG, "etdrk4", start, end=1.0, steps=20, engine=engine)
        for engine in ("fused", "numpy")
    )
    assert error(fused, arrays) < 1e-13


def test_torch_agrees_and_has_gradients() -> None:
    torch = pytest.importorskip("torch")
    grid = Grid.periodic(64, (-15.0, 15.0))
    start = spread(SineGordon().solution("breather")(*grid.points(), 0.3), grid)
    values = torch.tensor(start[None], requires_grad=True)
    found = march(
        set_up(SineGordon(), grid, "etdrk4", end=1.0, steps=10, engine="torch"), values
    )
    expected = solve(SineGordon(), grid, "etdrk4", start, end=1.0, steps=10, engine="numpy")
    assert error(found.detach().numpy()[0], expected) < 1e-13
    (found**2).sum().backward()
    assert bool(torch.isfinite(values.grad).all())
    assert float(values.grad.abs().max()) > 0


def test_one_transform_each_way_per_evaluation() -> None:
    stepper = set_up(SineGordon(), LONG, "etdrk4", end=1.0, steps=10, engine="numpy")
    state = stepper.start(np.ones((1, 2, 512)))
    before = stepper.system.engine.transforms
    stepper.advance(state, 1.0, 1)
    assert stepper.system.engine.transforms - before == 4 * 2
