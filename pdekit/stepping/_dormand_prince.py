"""Dormand-Prince 8(5,3), adaptive, in the interaction picture or plain.

In the interaction picture the unknown is  w(t) = exp(−(t − tₙ) L) û(t),  restarted at every
step, so that  ∂ₜw = exp(−cL) N̂(exp(cL) w)  has no stiff part and phases never lose digits.
Step sizes are rounded down to  (interval) · 2^(−m/8),  so that the propagators of one m are
computed once.

References
----------
Hairer, Nørsett & Wanner, Solving Ordinary Differential Equations I (1993), section II.10;
interaction picture: Lawson, SIAM J. Numer. Anal. 4 (1967) 372.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from pdekit.errors import BlowUp, NotApplicable, NotConverged
from pdekit.stepping import State
from pdekit.stepping import _dop853_tableau as tableau
from pdekit.stepping._scheme import Stage
from pdekit.stepping._sizes import BySize, notched
from pdekit.stepping._system import System, copied
from pdekit.typing import Array, Field

NOTCHES = 8
"""Step sizes per factor of two."""
SAFETY, SHRINK, GROW = 0.9, 0.333, 6.0
STRICTNESS = 24.0
"""A step is held to the tolerance over this, so that the errors of some hundred steps add
up to about the tolerance (on soliton collisions, to between a tenth and two thirds)."""
ENDS = ("state", "slope")
"""What is kept at the end of a step, in arrays that steps of one parity share."""


@dataclass(frozen=True)
class DormandPrince:
    """The adaptive integrator of order 8; ``interaction`` removes the linear part."""

    name: str
    interaction: bool
    summary: str
    reference: str
    order: int = 8
    adaptive: bool = True
    resonance: float = math.inf
    conserves_mass: bool = False

    def start(
        self,
        system: System,
        *,
        rtol: float = 1e-9,
        atol: float = 0.0,
        max_step: float | None = None,
        first_step: float | None = None,
        max_steps: int | None = None,
    ) -> AdaptiveStepper:
        """Return the stepper for a tolerance on the L² norm of each step's error."""
        control = Control(rtol, atol, max_step, first_step, max_steps)
        return AdaptiveStepper(system, control, interaction=self.interaction)


@dataclass(frozen=True)
class Control:
    """What the user asks of the step-size control."""

    rtol: float
    atol: float
    max_step: float | None
    first_step: float | None
    max_steps: int | None

    def __post_init__(self) -> None:
        for key in ("rtol", "max_step", "first_step"):
            value = getattr(self, key)
            if value is not None and not 0.0 < value < math.inf:
                raise NotApplicable(key, f"{key} must be positive (got {value!r})")
        if not 0.0 <= self.atol < math.inf:
            raise NotApplicable("atol", f"atol must not be negative (got {self.atol!r})")


@dataclass
class Propagators:
    """Multipliers of one step size: exp(c h L) and exp(−c h L) at every node c.

    ``rows`` holds the coefficients of each stage times h; ``final`` is ``back`` at c = 1.
    """

    h: float
    turn: list[Array]
    back: list[Array]
    rows: list[Array]
    final: Array


@dataclass
class Pending:
    """A computed step: the state before, the state after, what dense output needs."""

    before: State
    after: State
    size: Propagators
    dense: bool = False
    """Whether the slopes of dense output are there."""


class AdaptiveStepper:
    """Steps chosen by the error estimate; the last one lands on the end of the interval."""

    def __init__(self, system: System, control: Control, *, interaction: bool) -> None:
        self.system, self.control = system, control
        self.interaction = interaction
        self.program = system.program((Stage(slope, into=("slope",)),))
        self.loops = loops = self.program.loops(system.engine.members)
        self._slopes = loops.slopes(len(tableau.NODES))
        self._combine = [
            loops.combination(tuple(row), stage - 1)
            for stage, row in enumerate(tableau.STAGES[2:], start=2)
        ]
        self._weights5 = np.array(list(tableau.ERROR_5.values()))
        self._weights3 = np.array(list(tableau.ERROR_3.values()))
        self._norms = loops.norms(tuple(tableau.ERROR_5), tuple(tableau.ERROR_3))
        self._first = loops.stage(first, into=("argument",))
        self._ends = [
            tuple(loops.stage(copied, into=(f"{name} {parity}",)) for name in ENDS)
            for parity in ("even", "odd")
        ]
        self._add_linear = loops.stage(_with_linear, into=("sum",))
        self._sizes = BySize(self._propagators)
        self._pending: Pending | None = None
        self._shortest = math.inf
        self._longest = 0.0

    # -- the interface of a stepper ----------------------------------------------------

    def start(self, u: Field) -> State:
        """Return the state at the initial time, with the first slope and step size."""
        t, v = self.system.start, self.program.open(u)
        v = v.reshape(self._shape(v))
        slope = self.loops.copy(self._slope(v, t))
        h = self.control.first_step or self._first_size(v, slope, t)
        return State(v, t, 0, {"slope": slope, "h": h, "rejected": 0})

    def arrived(self, state: State, until: float) -> bool:
        """Whether the next step would pass ``until``."""
        if state.time >= until:
            return True
        return self._next(state).after.time > until

    def advance(self, state: State, until: float, max_steps: int) -> State:
        """Take at most ``max_steps`` steps, none of them past ``until``."""
        given = state
        for _ in range(max_steps):
            if self.arrived(state, until):
                break
            state = self._next(state).after
        return state if state is given else self._independent(state)

    def sample(self, state: State, time: float) -> Field:
        """Values at a time within the next step, by the order-7 interpolant."""
        early = time <= state.time
        return self.program.close(
            state.u if early else self._interpolate(self._next(state), time)
        )

    def describe(self) -> dict[str, Any]:
        """Return tolerances and the range of step sizes."""
        return {
            "rtol": self.control.rtol,
            "smallest_step": None if math.isinf(self._shortest) else self._shortest,
            "largest_step": self._longest or None,
        }

    def _independent(self, state: State) -> State:
        """Return the state in arrays of its own: later steps reuse those it is in."""
        copy = self.loops.copy
        slope = copy(state.extra["slope"])
        own = replace(state, u=copy(state.u), extra={**state.extra, "slope": slope})
        if self._pending is not None and self._pending.before is state:
            self._pending.before = own
        return own

    # -- one step ----------------------------------------------------------------------

    def _next(self, state: State) -> Pending:
        """Return the accepted step from ``state``, computed once."""
        if self._pending is None or self._pending.before is not state:
            self._pending = self._step(state)
        return self._pending

    def _step(self, state: State) -> Pending:
        h, rejected = state.extra["h"], state.extra["rejected"]
        limit = self.control.max_steps
        if limit is not None and state.step >= limit:
            raise NotConverged(
                f"{state.step} steps were not enough to reach t = {self.system.end:g} "
                f"(reached {state.time:.6g}); raise solver.max_steps or loosen solver.rtol"
            )
        while True:
            size = self._size(h, state.time)
            self._slopes[0] = state.extra["slope"]
            w = self._attempt(state.u, state.time, size)
            error = self._error(state.u, size.h)
            if error < 1.0:
                break
            rejected += 1
            finite = math.isfinite(error)
            h = size.h * (max(SHRINK, SAFETY * error ** (-1 / 8)) if finite else 0.1)
            if h < 1e-13 * max(abs(state.time), self.system.end - self.system.start):
                self._stop(state, h)
        time = self._after(state.time, size.h)
        keep, keep_slope = self._ends[(state.step + 1) % 2]
        u = keep(w)
        grow = GROW if error == 0.0 else min(GROW, SAFETY * error ** (-1 / 8))
        extra = {
            "slope": keep_slope(self._slope(w, time)),
            "h": size.h * max(grow, SHRINK),
            "rejected": rejected,
        }
        self._shortest = min(self._shortest, size.h)
        self._longest = max(self._longest, size.h)
        return Pending(state, State(u, time, state.step + 1, extra), size)

    def _attempt(self, v: Array, t: float, size: Propagators) -> Array:
        """Run the eleven further stages and form the new state in the loaded field."""
        slopes, c = self._slopes, tableau.NODES
        w = self._first(v, slopes[0], size.turn[1], float(size.rows[1][0]))
        for stage in range(1, 12):
            n = self._slope(w, t + c[stage] * size.h)
            w = self._combine[stage - 1](
                n, slopes, size.back[stage], v, size.turn[stage + 1], size.rows[stage + 1]
            )
        return w

    def _error(self, v: Array, h: float) -> float:
        """Error of the step over the tolerance, after Hairer's combination of two."""
        n5, n3, nv = self._norms(self._slopes, v, self._weights5, self._weights3)
        if n5 == 0.0 and n3 == 0.0:
            return 0.0
        error = h * n5 / math.sqrt(n5 + 0.01 * n3)
        scale = (self.control.atol + self.control.rtol * math.sqrt(nv)) / STRICTNESS
        return error / scale if math.isfinite(error) and scale > 0 else math.inf

    def _slope(self, w: Array, t: float) -> Array:
        """Return the slope at an argument, linear part too if plain."""
        n = self.program.evaluate(w, t)
        return n if self.interaction else self._add_linear(n, w, self.program.multipliers)

    def _shape(self, v: Array) -> tuple[int, ...]:
        """Return the shape of states in the loops, which may be flat."""
        return self.loops.shape(v)

    # -- step sizes --------------------------------------------------------------------

    def _after(self, t: float, h: float) -> float:
        end = self.system.end
        return end if t + h >= end - 1e-12 * abs(end - self.system.start) else t + h

    def _size(self, h: float, t: float) -> Propagators:
        """Round ``h`` down to a notch, or take what is left of the interval."""
        span = self.system.end - self.system.start
        h = min(h, self.control.max_step or h, span)
        return self._sizes(min(notched(h, span, NOTCHES), self.system.end - t))

    def _propagators(self, h: float) -> Propagators:
        shifts = [c * h if self.interaction else 0.0 for c in tableau.NODES]
        turns = {
            a: (self.program.propagator(a), self.program.propagator(-a))
            for a in dict.fromkeys(shifts)
        }
        rows = [h * np.array(list(row.values())) for row in tableau.STAGES]
        turn = [turns[a][0] for a in shifts]
        back = [turns[a][1] for a in shifts]
        return Propagators(h, turn, back, rows, back[12])

    def _first_size(self, v: Array, slope: Array, t: float) -> float:
        """Guess from the sizes of the state and its first slope (a twentieth of a turn)."""
        size, rate = self.loops.norm(v), self.loops.norm(slope)
        span = self.system.end - t
        h = 0.05 * size / rate if 0 < rate < math.inf else span
        return float(min(h * (self.control.rtol / 1e-6) ** (1 / 8), span))

    def _stop(self, state: State, h: float) -> None:
        raise BlowUp(
            ", ".join(self.system.equation.fields),
            state.time,
            state.step,
            reason=f"cannot be advanced (the step shrank to {h:.1e})",
            advice="the solution becomes singular there, or solver.rtol is too small",
        )

    # -- between the steps -------------------------------------------------------------

    def _interpolate(self, step: Pending, time: float) -> Array:
        """Order-7 interpolant of Hairer and Wanner, in the frame of the step's start."""
        size, before, after = step.size, step.before, step.after
        h, v, t = size.h, before.u, before.time
        slopes = self._dense_slopes(step)
        change = size.final * after.u - v
        parts = [change, h * slopes[0] - change, 2 * change - h * (slopes[12] + slopes[0])]
        parts += [h * sum(d * slopes[s] for s, d in row.items()) for row in tableau.DENSE]
        x = (time - t) / h
        y = 0.0 * v
        for i, part in enumerate(reversed(parts)):
            y = (y + part) * (x if i % 2 == 0 else 1 - x)
        c = x * h if self.interaction else 0.0
        return self.program.propagator(c) * (v + y)

    def _dense_slopes(self, step: Pending) -> Any:
        """Return all slopes of a step, those of the three extra stages included."""
        size, before, after = step.size, step.before, step.after
        slopes, h = self._slopes, size.h
        if not step.dense:
            slopes[0] = before.extra["slope"]
            slopes[12] = size.final * after.extra["slope"]
            for stage in (13, 14, 15):
                row = tableau.STAGES[stage]
                argument = before.u + h * sum(a * slopes[s] for s, a in row.items())
                n = self._slope(
                    size.turn[stage] * argument, before.time + tableau.NODES[stage] * h
                )
                slopes[stage] = size.back[stage] * n
            step.dense = True
        return slopes


def first(v: Array, k: Array, e: Array, a: float) -> Array:
    """Argument of the second stage."""
    return e * (v + a * k)


def slope(n: Array) -> Array:
    """N itself."""
    return n


def _with_linear(n: Array, argument: Array, linear: Array) -> Array:
    return n + linear * argument
