"""Steps that follow the velocity: accurate, independent of who asks when, and refused."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from pdekit import Grid, evolve, registry, solve, spectral
from pdekit.case import load_case
from pdekit.errors import BlowUp, CaseError, Interrupted, NotApplicable
from pdekit.evolution import Evolution, numerics_of
from pdekit.observer import Silent
from pdekit.reference import relative_l2
from pdekit.solvers.spectral.burgers import Burgers
from pdekit.solvers.spectral.navier_stokes_2d import NavierStokes2D
from pdekit.stepping import State
from pdekit.store import run_into
from pdekit.typing import Array
from tests.stepping.marching import ENDLESS, set_up
from tests.stepping.marching import march as to_the_end

LINE = Grid.periodic(64, (0.0, 2 * math.pi))
(X,) = LINE.points()
SQUARE = Grid.periodic((24, 32), ((0.0, 1.0), (0.0, 2.0)))
ENGINES = ["fused", "numpy", "torch"]
ONE_STEP = ["etd1", "etdrk2", "etdrk4", "ifrk4", "lsrk54", "rk4"]
MULTISTEP = ["cnab2", "sbdf2", "sbdf3", "sbdf4", "ifab3"]
FORCED = Burgers(viscosity=0.1, source="2*sin(x)*cos(2*t)")
WAVE = (1 + 0.5 * np.sin(X))[None, None]


def at_work(
    equation: Any = FORCED, grid: Grid = LINE, integrator: str = "etdrk4", **how: Any
) -> Any:
    """Return a stepper that keeps a Courant number."""
    mask = spectral.mask("two_thirds", grid, real=True)
    return set_up(equation, grid, integrator, mask=mask, **{"end": 2.0, "cfl": 0.5} | how)


def vortices(grid: Grid = SQUARE) -> Array:
    """A smooth vorticity, ``(member, channel, *space)``."""
    x, y = grid.points()
    a, b = 2 * np.pi * x, np.pi * y
    return np.asarray(20 * np.sin(a) * np.cos(b) + 10 * np.cos(2 * a - b + 1))[None, None]


def assert_same(a: State, b: State) -> None:
    """The two are the same, bit for bit."""
    assert (a.time, a.step, a.extra) == (b.time, b.step, b.extra)
    assert np.array_equal(np.asarray(a.u), np.asarray(b.u))


# -- accuracy --------------------------------------------------------------------------


@cache
def finely(*times: float) -> Array:
    """What `FORCED` makes of `WAVE`, with two thousand equal steps."""
    return np.asarray(evolve(FORCED, LINE, WAVE[0], 2.0, times=times, steps=2000))


@pytest.mark.parametrize("integrator", ONE_STEP)
def test_the_error_falls_with_the_order_of_the_scheme(integrator: str) -> None:
    """From a Courant number to an eighth of it, with a largest step that never binds."""
    errors = []
    for cfl in (0.8, 0.1):
        stepper = at_work(integrator=integrator, cfl=cfl, max_step=1.0, engine="numpy")
        errors.append(np.abs(to_the_end(stepper, WAVE)[0] - finely(2.0)).max())
        assert stepper.describe()["step_changes"] >= 2
    order = registry.integrator(integrator).order
    assert math.log2(errors[0] / errors[1]) / 3 == pytest.approx(order, abs=0.25)


def test_a_plane_flow_agrees_with_many_equal_steps() -> None:
    equation, u = NavierStokes2D(viscosity=1e-2), vortices()[0]
    how: dict[str, Any] = {"end": 0.5, "integrator": "etdrk4"}
    varied = how | {"max_step": 0.5}
    fine = evolve(equation, SQUARE, u, steps=2000, **how)
    errors = [
        np.abs(evolve(equation, SQUARE, u, cfl=cfl, **varied) - fine).max()
        for cfl in (0.6, 0.15)
    ]
    assert errors[0] < 1e-2 * np.abs(fine).max()
    assert errors[1] < errors[0] / 100  # 4⁴ = 256, if the sizes changed at the same times


# -- what a step depends on ------------------------------------------------------------


@pytest.mark.parametrize("engine", ENGINES)
def test_slices_and_samples_do_not_change_a_bit(engine: str) -> None:
    u: Any = WAVE
    if engine == "torch":
        u = pytest.importorskip("torch").as_tensor(WAVE)
    stepper = at_work(engine=engine, max_step=1.0)
    whole = stepper.advance(stepper.start(u), 2.0, ENDLESS)
    assert whole.time == 2.0
    assert whole.extra["changes"] >= 2
    for count in (1, 7, 10):
        state = stepper.start(u)
        while state.time < 2.0:
            state = stepper.advance(state, 2.0, count)
        assert_same(state, whole)
    state = stepper.start(u)
    for t in (0.01, 0.3, 0.301, 1.0, 1.7, 2.0):
        state = stepper.advance(state, t, ENDLESS)
        assert stepper.arrived(state, t)
        assert state.time <= t < state.time + state.extra["h"] * (1 + 1e-12)
        stepper.sample(state, t)
    assert_same(state, whole)


def test_output_times_do_not_change_the_solution() -> None:
    equation, u, times = NavierStokes2D(viscosity=1e-3), vortices()[0], [0.03, 0.11, 0.4]
    often = evolve(equation, SQUARE, u, 0.4, times=times, cfl=0.5)
    assert np.array_equal(often[-1], evolve(equation, SQUARE, u, 0.4, cfl=0.5))


def test_samples_between_steps_are_as_accurate_as_the_steps() -> None:
    times = list(np.linspace(0.0, 2.0, 41))
    found, fine = evolve(FORCED, LINE, WAVE[0], 2.0, times=times, cfl=0.2), finely(*times)
    errors = np.abs(found - fine).max(axis=(1, 2))
    assert errors[0] < 1e-14
    assert errors.max() < 3 * np.abs(found[::4] - fine[::4]).max()
    assert errors.max() < 1e-4


def test_a_new_stepper_goes_on_bit_for_bit() -> None:
    """Not even the size chosen last has to be found again."""
    whole = at_work(cfl=0.2).advance(at_work(cfl=0.2).start(WAVE), 2.0, ENDLESS)
    assert whole.extra["changes"] >= 2
    for steps in (3, 10, 37):
        first = at_work(cfl=0.2)
        state = first.advance(first.start(WAVE), 2.0, steps)
        assert state.step == steps
        kept = json.loads(json.dumps(state.extra))
        other = at_work(cfl=0.2)
        end = other.advance(replace(state, u=state.u.copy(), extra=kept), 2.0, ENDLESS)
        assert_same(end, whole)
        assert other.describe()["step_changes"] == whole.extra["changes"]


def case(**changes: Any) -> dict[str, Any]:
    """A small flow with a Courant number, but for ``changes``."""
    return {
        "equation": {"name": "burgers", "viscosity": 0.1, "source": "2*sin(x)*cos(2*t)"},
        "domain": {"x": {"interval": [0, "2*pi"], "points": 64}},
        "initial": "1+sin(x)/2",
        "time": {"end": 2.0, "save": 5},
        "solver": {"integrator": "etdrk4", "cfl": 0.5},
        "outputs": {"figures": "none"},
        **changes,
    }


def test_a_run_restored_from_its_states_is_the_same_bit_for_bit() -> None:
    loaded = load_case(case(run={"members": 2}))
    frames = []
    for slices in (None, 13):
        evolution = Evolution(loaded)
        evolution.begin(evolution.initial())
        if slices:
            for _ in range(5):
                evolution.advance(2.0, slices)
            states, evolution = evolution.states, Evolution(loaded)
            evolution.restore(states)
        while not evolution.advance(2.0, ENDLESS):
            pass
        frames.append(evolution.frame())
    assert np.array_equal(*frames)


class Impatient(Silent):
    """Stops a run when it has been asked so many times."""

    def __init__(self, times: int) -> None:
        self.left = times

    def stop_requested(self) -> bool:
        """Count down."""
        self.left -= 1
        return self.left <= 0


def test_a_run_resumed_from_its_folder_is_the_same_bit_for_bit() -> None:
    loaded = load_case(case(run={"fft": "scipy"}))
    whole, _, _ = run_into(loaded, "whole")
    _, folder, failure = run_into(loaded, "parts", observer=Impatient(2))
    assert isinstance(failure, Interrupted)
    again, _, failure = run_into(loaded, folder, resume=True)
    assert failure is None
    assert np.array_equal(again.fields["u"], whole.fields["u"])
    for key in ("smallest_step", "largest_step", "step_changes"):
        assert again.summary["solver"][key] == whole.summary["solver"][key]
    assert again.summary["cost"]["steps"] == whole.summary["cost"]["steps"]


@pytest.mark.parametrize("engine", ENGINES[1:])
def test_engines_agree(engine: str) -> None:
    equation, u = NavierStokes2D(viscosity=1e-2), vortices()
    expected = to_the_end(at_work(equation, SQUARE, end=0.4), u)
    if engine == "torch":
        u = pytest.importorskip("torch").as_tensor(u)
    stepper = at_work(equation, SQUARE, end=0.4, engine=engine)
    found = np.asarray(to_the_end(stepper, u))
    assert np.abs(found - expected).max() < 1e-12 * np.abs(expected).max()


def test_members_of_an_array_are_what_they_are_alone() -> None:
    u = np.stack([a * WAVE[0] for a in (0.5, 1.0, 2.0)])
    found = evolve(FORCED, LINE, u, 1.0, cfl=0.5)
    for one, alone in zip(found, u, strict=True):
        assert np.array_equal(one, evolve(FORCED, LINE, alone, 1.0, cfl=0.5))


def test_gradients_pass_through_the_steps() -> None:
    torch = pytest.importorskip("torch")

    def loss(a: Any, u: Any) -> Any:
        return (evolve(FORCED, LINE, a * u, 0.5, cfl=0.3, start=0.0) ** 2).sum()

    a = torch.tensor(1.1, dtype=torch.float64, requires_grad=True)
    loss(a, torch.as_tensor(WAVE[0])).backward()
    difference = (loss(1.1 + 1e-5, WAVE[0]) - loss(1.1 - 1e-5, WAVE[0])) / 2e-5
    assert a.grad.item() == pytest.approx(difference, rel=1e-6)


# -- the size of a step ----------------------------------------------------------------


def sizes(stepper: Any, u: Array) -> tuple[Array, Array]:
    """Times at which the steps begin, and their sizes."""
    state, found = stepper.start(u), []
    while state.time < stepper.system.end:
        before = state
        state = stepper.advance(state, stepper.system.end, 1)
        found.append((before.time, state.time - before.time))
    times, steps = np.array(found).T
    return times, steps


def test_steps_follow_a_uniform_flow_that_accelerates() -> None:
    """u = 1 + 3t exactly: every tenth step is C Δx / u, down to a quarter octave."""
    uniform = Burgers(viscosity=0.1, source="3")
    stepper = at_work(uniform, end=4.0, max_step=4.0)
    times, steps = sizes(stepper, np.ones_like(WAVE))
    assert times[-1] + steps[-1] == 4.0
    looks = np.array([n for n in range(len(steps) - 1) if n < 10 or n % 10 == 0])
    wanted = 0.5 * LINE.spacing[0] / (1 + 3 * times[looks])
    share = steps[looks] / wanted
    assert share.max() <= 1 + 1e-8
    assert share.min() > 2**-0.25 * (1 - 1e-8)
    notches = 4 * np.log2(steps[:-1] / 4.0)
    assert np.abs(notches - notches.round()).max() < 1e-9
    inner = np.arange(10, len(steps) - 1)
    assert np.allclose(steps[inner], steps[inner // 10 * 10], rtol=1e-9)  # between looks
    told = stepper.describe()
    assert told["smallest_step"] == pytest.approx(steps[:-1].min())
    assert told["largest_step"] == pytest.approx(steps.max())
    assert told["step_changes"] == np.count_nonzero(np.diff(notches.round()))
    assert 13 / 2**0.25 < told["largest_step"] / told["smallest_step"] < 13 * 2**0.25


def test_a_flow_at_rest_takes_the_largest_step_until_it_moves() -> None:
    """A force acts on water at rest: u = 5t, seen after the first step."""
    still = Burgers(viscosity=0.1, source="5")
    times, steps = sizes(at_work(still, end=4.0), np.zeros_like(WAVE))
    assert steps[0] == pytest.approx(4.0 * 2 ** (-27 / 4))  # at most a hundredth
    wanted = 0.5 * LINE.spacing[0] / (5 * times[1:-1])
    assert (steps[1:10] <= wanted[:9] * (1 + 1e-8)).all()
    assert (steps[1:-1] <= 2.1 * wanted).all()  # ten steps on, u has at most doubled
    _, few = sizes(at_work(still, end=4.0, max_step=0.01), np.zeros_like(WAVE))
    assert 0.01 / 2**0.25 < few[0] <= 0.01
    assert few.max() == pytest.approx(few[0])


def test_together_the_fastest_member_decides() -> None:
    u = np.concatenate([0.1 * WAVE, WAVE])
    together, alone = at_work(members=2), at_work()
    assert together.start(u).extra["h"] == alone.start(u[1:]).extra["h"]


# -- what goes wrong -------------------------------------------------------------------


def test_a_flow_that_becomes_unstable_is_stopped() -> None:
    with pytest.raises(BlowUp, match=r"; try a cfl smaller than 1\.6") as e:
        evolve(FORCED, LINE, WAVE[0], 20.0, integrator="rk4", cfl=1.6, max_step=1.0)
    assert 0 < e.value.time < 20
    assert 0 < float(str(e.value).split("the step was ")[1].split(";")[0]) < 0.2


def test_a_flow_that_becomes_too_fast_is_stopped() -> None:
    """Without viscosity and with very long steps it gains energy until no step is left."""
    equation, u = NavierStokes2D(viscosity=0.0), vortices()[0]
    with pytest.raises(BlowUp, match="; try a cfl smaller than 40") as e:
        evolve(equation, SQUARE, u, 50.0, cfl=40.0, max_step=50.0)
    assert 0 < e.value.time < 50


def test_a_velocity_without_bound_ends_the_run() -> None:
    """u = 1/(1 − t) for the source u², which the formula of x and t writes out."""
    runaway = Burgers(viscosity=0.1, source="1/(1-t)**2")
    with pytest.raises(BlowUp) as e:
        evolve(runaway, LINE, np.ones_like(WAVE[0]), 1.5, cfl=0.5)
    assert e.value.time < 1.01


@pytest.mark.parametrize(
    ("how", "says"),
    [
        *(({"cfl": 0.5, "integrator": name}, "multistep method") for name in MULTISTEP),
        ({"cfl": 0.0}, "cfl must be positive"),
        ({"cfl": -1.0}, "cfl must be positive"),
        ({"cfl": math.nan}, "cfl must be positive"),
        ({"cfl": 0.5, "max_step": 0.0}, "max_step must be positive"),
        ({"cfl": 0.5, "steps": 10}, "not both"),
        ({"cfl": 0.5, "step": 0.1}, "not both"),
        ({"steps": 10, "max_step": 0.1}, "goes with cfl"),
        ({}, "needs step or steps, or cfl"),
        ({"cfl": 0.5, "integrator": "strang"}, "does not take cfl; it takes step, steps"),
        ({"cfl": 0.5, "integrator": "ark4"}, "does not take cfl; it takes rtol"),
    ],
)
def test_refused(how: dict[str, Any], says: str) -> None:
    with pytest.raises(NotApplicable, match=says):
        evolve(FORCED, LINE, WAVE[0], 1.0, **how)


def test_an_equation_without_velocity_is_refused() -> None:
    with pytest.raises(NotApplicable, match="allen_cahn has no velocity") as e:
        evolve("allen_cahn", LINE, WAVE[0], 1.0, integrator="etdrk4", cfl=0.5)
    assert e.value.key == "cfl"


@pytest.mark.parametrize(
    ("solver", "path", "says"),
    [
        ({"cfl": 0}, "solver.cfl", "greater than 0"),
        ({"cfl": 0.5, "integrator": "sbdf3"}, "solver.cfl", "it takes step, steps"),
        ({"cfl": 0.5, "integrator": "strang"}, "solver.cfl", "it takes step, steps"),
        ({"cfl": 0.5, "integrator": "ark4"}, "solver.cfl", "it takes rtol"),
        ({"cfl": 0.5, "steps": 9}, "solver", "or cfl (got steps and cfl)"),
        ({"steps": 9, "max_step": 0.1}, "solver.max_step", "it takes step, steps, cfl"),
        ({"cfl": 0.5, "rtol": 0.1}, "solver.rtol", "it takes step, steps, cfl, max_step"),
        ({}, "solver", "needs either step or steps, or cfl (got neither)"),
    ],
)
def test_refused_in_a_case(solver: dict[str, Any], path: str, says: str) -> None:
    with pytest.raises(CaseError) as e:
        load_case(case(solver={"integrator": "etdrk4", **solver}))
    assert any(p.path == path and says in p.message for p in e.value.problems)


def test_a_case_whose_equation_has_no_velocity_is_refused() -> None:
    with pytest.raises(CaseError, match="allen_cahn has no velocity") as e:
        solve(case(equation="allen_cahn"))
    assert e.value.problems[0].path == "solver.cfl"


def test_beyond_stability_is_warned_about() -> None:
    """π C 2/3 ≤ 2.828 on the imaginary axis: C ≤ 1.35."""
    loud, quiet = (
        load_case(case(solver={"integrator": "etdrk4", "cfl": c})) for c in (1.36, 1.34)
    )
    (found,) = loud.warnings
    assert "solver.cfl: 1.36 is beyond 1.35, the stability limit of etdrk4" in found
    assert not quiet.warnings


# -- in a run --------------------------------------------------------------------------


def test_companions_keep_the_rule() -> None:
    """A finer grid keeps C, and so halves the step; a coarser one keeps the step."""
    numerics = numerics_of(load_case(case()))
    assert numerics.tolerances == {"cfl": 0.5, "max_step": 0.02}
    finer = numerics.refined(2)
    assert finer.points == (128,)
    assert finer.tolerances == {"cfl": 0.5, "max_step": 0.01}
    assert numerics.coarser_in_time().tolerances == {"cfl": 1.0, "max_step": 0.04}
    assert numerics.with_points((48,)).tolerances == {"cfl": 0.375, "max_step": 0.02}
    assert numerics.steps_for_one_of(numerics.coarser_in_time()) == 2


@pytest.mark.parametrize("cfl", [0.2, 0.9])
def test_the_estimate_is_honest(cfl: float) -> None:
    """At 0.9 the run with twice the Courant number is beyond the limit of stability."""
    solver = {"integrator": "etdrk4", "cfl": cfl, "max_step": 1.0}
    result = solve(case(solver=solver))
    fine = solve(case(solver={"integrator": "etdrk4", "steps": 4000}))
    true = relative_l2(result.fields["u"][-1:, None], fine.fields["u"][-1:, None])
    assert 0.3 * true <= result.errors["time_error_estimate"] <= 20 * true
    assert "step" in result.errors["estimator"]


def test_a_refined_reference_and_the_summary() -> None:
    smooth = {"name": "burgers", "viscosity": 1.0, "source": "2*sin(x)*cos(2*t)"}
    solver = {"integrator": "etdrk4", "cfl": 0.5, "max_step": 0.2}
    result = solve(case(equation=smooth, solver=solver, reference={"refine": 2}))
    assert result.errors["relative_l2"] < 1e-6
    told = result.summary["solver"]
    assert told["cfl"] == 0.5
    assert 0 < told["smallest_step"] < told["largest_step"] <= 0.2
    assert told["step_changes"] >= 1
