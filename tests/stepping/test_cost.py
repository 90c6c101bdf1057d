"""Transforms counted, memory traced."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest

from pdekit import registry
from pdekit.grid import Grid
from tests.stepping.marching import set_up

NLSE = registry.equation("nlse")
TRANSFORMS = {
    "strang": 2,
    "yoshida4": 6,
    "suzuki4": 10,
    "bm4": 12,
    "rkn4_6": 12,
    "rkn6_11": 22,
    "rkn6_14": 28,
    "ifrk4": 8,
    "etdrk4": 8,
    "etd1": 2,
    "etdrk2": 4,
    "rk4": 8,
    "lsrk54": 10,
    "cnab2": 2,
    "sbdf2": 2,
    "sbdf3": 2,
    "sbdf4": 2,
    "ifab3": 2,
    "ark3": 8,
    "ark4": 12,
    "dop853": 24,
    "dop853_ip": 24,
}
KIBIBYTE = 1024


def at_work(name: str, points: int, **how: Any) -> tuple[Any, Any]:
    """Return a stepper and its state after a few steps on a soliton."""
    grid = Grid.periodic(points, (-20.0, 20.0))
    psi = NLSE().solution("bright_soliton")(*grid.points(), 0.0)
    adaptive = registry.integrator(name).adaptive
    # So short a step is stable without treating the linear part apart.
    how |= {"first_step": 0.01, "max_step": 0.01} if adaptive else {"steps": 10**6}
    stepper = set_up(NLSE(), grid, name, end=10.0, **how)
    return stepper, stepper.advance(stepper.start(psi[None, None]), 10.0, 3)


def test_every_integrator_is_listed() -> None:
    assert set(TRANSFORMS) == set(registry.integrators())


@pytest.mark.parametrize("engine", ["fused", "numpy"])
@pytest.mark.parametrize("name", TRANSFORMS)
def test_transforms_per_step(name: str, engine: str) -> None:
    stepper, state = at_work(name, 64, engine=engine)
    before = stepper.system.engine.transforms
    after = stepper.advance(state, 10.0, 5)
    assert after.step - state.step == 5
    assert after.extra.get("rejected", 0) == 0
    assert stepper.system.engine.transforms - before == 5 * TRANSFORMS[name]


def test_transforms_are_counted_per_member_and_component() -> None:
    grid, manakov = Grid.periodic(64, (-20.0, 20.0)), registry.equation("manakov")
    stepper = set_up(manakov(), grid, "strang", end=1.0, steps=10, members=3)
    state = stepper.start(np.ones((3, 2, 64)))
    before = stepper.system.engine.transforms
    stepper.advance(state, 1.0, 5)
    assert stepper.system.engine.transforms - before == 5 * 2 * 3 * 2


@pytest.mark.parametrize("name", TRANSFORMS)
def test_ten_steps_allocate_nothing_that_grows_with_the_grid(name: str) -> None:
    """Beyond the state handed out at the end; one field of 8192 points is 128 KiB."""
    stepper, state = at_work(name, 8192)
    state = stepper.advance(state, 10.0, 4)  # every kernel and propagator has been needed
    tracemalloc.start()
    try:
        state = stepper.advance(state, 10.0, 10)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    handed_out = state.u.nbytes + sum(np.asarray(v).nbytes for v in state.extra.values())
    assert peak - handed_out < 64 * KIBIBYTE
