"""Runs that are interrupted, sampled or entangled with others: not one bit may differ."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from pdekit import registry, spectral
from pdekit.grid import Grid
from pdekit.stepping import State
from pdekit.typing import Array
from tests.stepping.marching import ENDLESS, set_up
from tests.stepping.oracle import SCHEMES
from tests.stepping.test_schemes import TWO, stepper_of

END = 0.2
LINE = Grid.periodic(32, (0.0, 2 * np.pi))
(X,) = LINE.points()
WAVES = np.stack([np.exp(1j * X) + 0.5, np.cos(2 * X) + 0.3j * np.sin(X)])[:, None]

FUSED = ["strang", "dop853_ip", "lsrk54", "sbdf3", "ark4"]
"""One of each kind of stepper."""
OTHERS = [n for n in registry.integrators() if n not in SCHEMES]
"""Splittings, and order 8."""
BOTH = [*((n, "numpy") for n in (*SCHEMES, *OTHERS)), *((n, "fused") for n in FUSED)]


def at_work(name: str, engine: str) -> tuple[Any, Array]:
    """Return a stepper of its own for two members, and their start."""
    if name in SCHEMES:
        return stepper_of(name, engine), TWO
    adaptive = registry.integrator(name).adaptive
    how: dict[str, Any] = {"rtol": 1e-7} if adaptive else {"steps": 20}
    mask = spectral.half(LINE)
    equation = registry.equation("nlse")()
    given: dict[str, Any] = {"end": END, "members": 2, "engine": engine, "mask": mask}
    return set_up(equation, LINE, name, **given, **how), WAVES


def saved(state: State) -> State:
    """Return what a checkpoint holds: copies."""
    extra = {k: np.array(a) if np.ndim(a) else a for k, a in state.extra.items()}
    return replace(state, u=np.array(state.u), extra=extra)


def same(a: State, b: State) -> bool:
    pairs = [(a.u, b.u), *((a.extra[k], b.extra[k]) for k in a.extra)]
    return (a.time, a.step) == (b.time, b.step) and all(np.array_equal(*p) for p in pairs)


def finished(stepper: Any, state: State, most: int = ENDLESS) -> State:
    while not stepper.arrived(state, END):
        state = stepper.advance(state, END, most)
    return state


@pytest.mark.parametrize(("name", "engine"), BOTH)
def test_a_run_goes_on_bit_for_bit_from_a_checkpoint(name: str, engine: str) -> None:
    stepper, u = at_work(name, engine)
    straight = finished(stepper, stepper.start(u))
    for stop in (1, 2, 5):
        part = saved(stepper.advance(stepper.start(u), END, stop))
        other, _ = at_work(name, engine)
        restored = other.system.engine.restored
        extra = {k: restored(a) if np.ndim(a) else a for k, a in part.extra.items()}
        again = replace(part, u=restored(part.u), extra=extra)
        assert same(finished(other, again), straight)


@pytest.mark.parametrize(("name", "engine"), BOTH)
def test_neither_samples_nor_other_states_change_a_run(name: str, engine: str) -> None:
    """In small slices, sampled between steps, while the stepper advances others, too."""
    stepper, u = at_work(name, engine)
    straight = finished(stepper, stepper.start(u))
    state, other = stepper.start(u), stepper.start(0.7 * u[::-1])
    while not stepper.arrived(state, END):
        state = stepper.advance(state, END, 3)
        before = saved(state)
        stepper.sample(state, min(END, state.time + 1e-3))
        assert same(before, state)
        if not stepper.arrived(other, END):
            other = stepper.advance(other, END, 1)
    assert same(state, straight)
