"""Stopping, sampling, going on, giving up."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from pdekit import registry
from pdekit.errors import BlowUp, NotApplicable, NotConverged
from pdekit.grid import Grid
from pdekit.stepping import State
from tests.stepping.marching import ENDLESS, error, march, set_up, solve

NLSE = registry.equation("nlse")
GRID = Grid.periodic(256, (-16.0, 16.0))
(X,) = GRID.points()
SOLITON = NLSE().solution("bright_soliton", amplitude=1.5, velocity=1.0)
START = SOLITON(X, 0.0)[None, None]
EVERY = registry.integrators()
FIXED = [n for n in EVERY if not registry.integrator(n).adaptive]
ADAPTIVE = ["dop853", "dop853_ip"]


def stepper_of(name: str, **how: Any) -> Any:
    adaptive = registry.integrator(name).adaptive
    steps = 800 if name == "sbdf4" else 200  # on fast waves it is unstable with fewer
    how = ({"rtol": 1e-9} if adaptive else {"steps": steps}) | {"end": 1.0} | how
    return set_up(NLSE(), GRID, name, **how)


@pytest.mark.parametrize("name", EVERY)
def test_output_times_do_not_change_the_solution(name: str) -> None:
    straight = march(stepper_of(name), START)
    stepper = stepper_of(name)
    state = stepper.start(START)
    for t in (0.0, 0.0031, 0.1, 0.31459, 0.31460, 0.5, 0.9999, 1.0):
        while not stepper.arrived(state, t):
            state = stepper.advance(state, t, 3)
        kept = state.u.copy()
        stepper.sample(state, t)
        assert np.array_equal(state.u, kept)
    assert np.array_equal(stepper.sample(state, 1.0), straight)


@pytest.mark.parametrize("name", EVERY)
def test_samples_between_steps_are_as_good_as_the_steps(name: str) -> None:
    stepper = stepper_of(name)
    state = stepper.advance(stepper.start(START), 0.4, ENDLESS)
    at_step = error(stepper.sample(state, state.time), SOLITON(X, state.time))
    step = getattr(stepper, "h", state.extra.get("h"))
    for part in (0.25, 0.5, 0.9):
        t = state.time + part * step
        assert stepper.arrived(state, t) or registry.integrator(name).adaptive
        between = error(stepper.sample(state, t)[0, 0], SOLITON(X, t))
        assert between < max(3 * at_step, 1e-8)


@pytest.mark.parametrize("name", EVERY)
def test_a_saved_state_goes_on_bit_for_bit(name: str) -> None:
    straight = march(stepper_of(name), START)
    first = stepper_of(name)
    state = first.advance(first.start(START), 0.537, ENDLESS)
    saved = replace(
        state,
        u=np.array(state.u),
        extra={k: np.array(v) if np.ndim(v) else v for k, v in state.extra.items()},
    )
    other = stepper_of(name)
    restored = replace(saved, u=other.system.engine.restored(saved.u))
    end = other.advance(restored, 1.0, ENDLESS)
    assert end.step == first.advance(state, 1.0, ENDLESS).step
    assert np.array_equal(other.sample(end, 1.0), straight)


@pytest.mark.parametrize("name", FIXED)
def test_time_is_counted_not_added(name: str) -> None:
    stepper = set_up(NLSE(), GRID, name, start=-3.0, end=4.0, steps=10**6)
    assert stepper.time(10**6) == 4.0
    assert stepper.time(300_000) == -3.0 + 300_000 * stepper.h
    assert stepper._steps_to(-3.0 + 123_457 * stepper.h) == 123_457


@pytest.mark.parametrize("name", EVERY)
def test_the_last_step_lands_on_the_end(name: str) -> None:
    end = 0.1 + 0.2
    stepper = stepper_of(name, end=end)
    state = stepper.advance(stepper.start(START), end, ENDLESS)
    assert state.time == end
    assert stepper.arrived(state, end)
    assert stepper.advance(state, end, ENDLESS) is state or (
        stepper.advance(state, end, ENDLESS).step == state.step
    )


def test_error_follows_the_tolerance() -> None:
    """Within a factor ten per decade, from 1e-4 to 1e-10."""
    grid = Grid.periodic(512, (-20.0, 20.0))
    start, end = (SOLITON(grid.points()[0], t) for t in (0.0, 2.0))
    found = [
        error(solve(NLSE(), grid, "dop853_ip", start, end=2.0, rtol=10.0**-e), end)
        for e in range(4, 11)
    ]
    ratios = np.divide(found[:-1], found[1:])
    assert (ratios > 1.0).all()
    assert (ratios < 100.0).all()
    assert math.log10(found[0] / found[-1]) == pytest.approx(6.0, abs=1.5)


@pytest.mark.parametrize("name", ADAPTIVE)
def test_rejected_steps_leave_the_state_alone(name: str) -> None:
    """A first step that is far too long is retried until it is the one tried at once."""
    greedy = stepper_of(name, first_step=1.0)
    state = greedy.start(START)
    kept = state.u.copy(), state.extra["slope"].copy()
    after = greedy.advance(state, 1.0, 1)
    assert after.extra["rejected"] > 0
    assert np.array_equal(state.u, kept[0])
    assert np.array_equal(state.extra["slope"], kept[1])
    modest = stepper_of(name, first_step=after.time)
    same = modest.advance(modest.start(START), 1.0, 1)
    assert same.extra["rejected"] == 0
    assert np.array_equal(same.u, after.u)


def test_steps_stay_below_the_largest_allowed() -> None:
    stepper = stepper_of("dop853_ip", max_step=0.01)
    state = stepper.advance(stepper.start(START), 1.0, ENDLESS)
    assert state.step >= 100
    assert stepper.describe()["largest_step"] <= 0.01


@pytest.mark.parametrize("name", ADAPTIVE)
def test_too_few_steps_allowed(name: str) -> None:
    stepper = stepper_of(name, max_steps=5)
    with pytest.raises(NotConverged, match="5 steps were not enough to reach t = 1"):
        march(stepper, START)


class TestBlowUp:
    """Lawson's scheme far beyond its stability on a large field overflows."""

    HUGE = 40 * START

    def test_says_when_and_at_which_step(self) -> None:
        stepper = stepper_of("ifrk4", steps=20)
        with pytest.raises(BlowUp, match="psi became non-finite") as caught:
            march(stepper, self.HUGE)
        assert 1 <= caught.value.step <= 20
        assert caught.value.time == pytest.approx(caught.value.step * stepper.h)

    def test_the_state_before_is_kept(self) -> None:
        stepper = stepper_of("ifrk4", steps=20)
        state = stepper.start(self.HUGE)
        kept = state.u.copy()
        with pytest.raises(BlowUp):
            stepper.advance(state, 1.0, ENDLESS)
        assert np.array_equal(state.u, kept)
        assert np.isfinite(stepper.sample(state, 0.0)).all()

    def test_a_second_component_is_looked_at_too(self) -> None:
        pair = registry.equation("manakov")(coupling=0.0)
        stepper = set_up(pair, GRID, "ifrk4", end=1.0, steps=20)
        u = np.concatenate([START, self.HUGE], axis=1)
        with pytest.raises(BlowUp):
            march(stepper, u)

    def test_adaptive_steps_that_shrink_to_nothing(self) -> None:
        stepper = set_up(Collapse(), GRID, "dop853_ip", end=1.0, rtol=1e-6)
        with pytest.raises(BlowUp, match="step shrank") as caught:
            march(stepper, np.ones((1, 1, 256)))
        assert caught.value.time == pytest.approx(0.5, abs=1e-3)


class Collapse(NLSE):  # type: ignore[misc, valid-type]
    """uₜ = |u|² u  for a uniform real field: infinite at t = 1/2 from 1."""

    @staticmethod
    def product(u: Any, v: Any, g: Any) -> Any:
        return g * (u.real * u.real + u.imag * u.imag) * u


def test_a_state_knows_where_it_is() -> None:
    stepper = stepper_of("strang")
    state = stepper.advance(stepper.start(START), 0.25, ENDLESS)
    assert isinstance(state, State)
    assert state.step == 50
    assert state.time == pytest.approx(0.25)
    assert stepper.describe() == {"step": 1.0 / 200}


def test_splitting_needs_a_phase_flow() -> None:
    class Rateless(NLSE):  # type: ignore[misc, valid-type]
        from pdekit.equation import AbstractEquation

        rate = AbstractEquation.rate

    with pytest.raises(NotApplicable, match="turns phases"):
        set_up(Rateless(), GRID, "strang", end=1.0, steps=1)


@pytest.mark.parametrize("name", EVERY)
def test_states_are_never_changed_by_later_steps(name: str) -> None:
    stepper = stepper_of(name)
    states = [stepper.start(START)]
    for _ in range(5):
        states.append(stepper.advance(states[-1], 1.0, 3))
    kept = [state.u.copy() for state in states]
    march(stepper, 0.5 * START)
    for state, u in zip(states, kept, strict=True):
        assert np.array_equal(state.u, u)
    again = stepper.advance(states[2], 1.0, 3)
    assert np.array_equal(again.u, kept[3])
