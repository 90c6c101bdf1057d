"""Integrators written as stages whose last one also estimates the error: adaptive steps.

Step sizes are rounded down to  (interval) · 2^(−m/8),  so that the weights of one m are
computed once.  A step depends on nothing but the state it starts from; values at other
times are computed on a copy, so that output times do not change the solution.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from pdekit.arrays import is_tensor
from pdekit.errors import BlowUp, NotConverged
from pdekit.stepping import State
from pdekit.stepping._dormand_prince import GROW, NOTCHES, SAFETY, SHRINK, Control
from pdekit.stepping._scheme import Stage
from pdekit.stepping._sizes import BySize, notched
from pdekit.stepping._system import System
from pdekit.typing import Array, Field

FIRST = 0.05
"""The first step tried, as the part of its own size by which the state may change."""
BREAKDOWN = 1e-13
"""Steps shorter than this part of the interval mean that the solution has ended."""


@dataclass(frozen=True)
class AdaptiveScheme:
    """An integrator whose stages form ``error`` beside the new state ``v``.

    The attributes are those of :class:`pdekit.stepping._scheme.Scheme`; ``order`` is that
    of the solution which is kept, the estimate being of the one an order below.
    """

    name: str
    order: int
    stages: tuple[Stage, ...]
    weights: Callable[[Array, float], dict[str, Any]]
    summary: str
    reference: str
    stability: tuple[float, float] = (math.inf, math.inf)
    resonance: float = math.inf
    adaptive: bool = True
    conserves_mass: bool = False

    def start(
        self,
        system: System,
        *,
        rtol: float = 1e-6,
        atol: float = 0.0,
        max_step: float | None = None,
        first_step: float | None = None,
        max_steps: int | None = None,
    ) -> EmbeddedStepper:
        """Return the stepper for a tolerance on the L² norm of each step's error."""
        control = Control(rtol, atol, max_step, first_step, max_steps)
        return EmbeddedStepper(self, system, control)


class EmbeddedStepper:
    """Steps chosen by the error estimate; the last one lands on the end of the interval."""

    def __init__(self, scheme: AdaptiveScheme, system: System, control: Control) -> None:
        self.scheme, self.system, self.control = scheme, system, control
        self.program = system.program(scheme.stages)
        self._in_place = system.engine.name == "fused"
        self._before: Array | None = None
        self._weights = BySize(lambda h: self.program.weights(scheme.weights, h))
        self._shortest, self._longest = math.inf, 0.0

    # -- the interface of a stepper ----------------------------------------------------

    def start(self, u: Field) -> State:
        """Return the state at the initial time, with the size of the first step."""
        v, t = self.program.open(u), self.system.start
        h = self.control.first_step or self._first_size(v, t)
        return State(v, t, 0, {"h": h, "rejected": 0})

    def arrived(self, state: State, until: float) -> bool:
        """Whether the next step would pass ``until``."""
        if state.time >= until:
            return True
        h = self._rounded(state.extra["h"], state.time)
        return self._after(state.time, h) > until

    def advance(self, state: State, until: float, max_steps: int) -> State:
        """Take at most ``max_steps`` steps, none of them past ``until``."""
        self.program.load({"v": state.u})
        now = state
        for _ in range(max_steps):
            if self.arrived(now, until):
                break
            self._check_count(now)
            h, now = self._step(now, self._rounded(now.extra["h"], now.time))
            self._shortest, self._longest = min(self._shortest, h), max(self._longest, h)
        return state if now is state else replace(now, u=self.program.copy("v"))

    def sample(self, state: State, time: float) -> Field:
        """Values at a time within the next step; the state is left as it is."""
        if state.time >= time:
            return self.program.close(state.u)
        self.program.load({"v": state.u})
        now = state
        while now.time < time:
            rest = time - now.time
            h, now = self._step(now, min(self._rounded(now.extra["h"], now.time), rest))
            if h == rest:
                break
        return self.program.close(self.program.copy("v"))

    def describe(self) -> dict[str, Any]:
        """Return the tolerance and the range of step sizes."""
        return {
            "rtol": self.control.rtol,
            "smallest_step": None if math.isinf(self._shortest) else self._shortest,
            "largest_step": self._longest or None,
        }

    # -- one step ----------------------------------------------------------------------

    def _step(self, state: State, h: float) -> tuple[float, State]:
        """Advance the loaded state by ``h`` or, as often as this fails, by less.

        Returns the size of the step and the new state but for its ``u``.
        """
        power, rejected = -1 / self.scheme.order, state.extra["rejected"]
        self._keep()
        while True:
            self.program.run(self._weights(h), [state.time], h)
            error = self._error()
            if error <= 1.0:
                break
            rejected += 1
            shrink = max(SHRINK, SAFETY * error**power) if math.isfinite(error) else 0.1
            h = self._rounded(h * shrink, state.time)
            if h < BREAKDOWN * max(abs(state.time), self.system.end - self.system.start):
                self._stop(state, h)
            self.program.load({"v": self._before})
        grow = GROW if error == 0.0 else min(GROW, max(SHRINK, SAFETY * error**power))
        extra = {"h": h * grow, "rejected": rejected}
        return h, State(state.u, self._after(state.time, h), state.step + 1, extra)

    def _keep(self) -> None:
        """Remember the loaded state; arrays that are advanced in place are copied."""
        now = self.program.arrays["v"]
        if not self._in_place:
            self._before = now
        elif self._before is None or self._before.shape != now.shape:
            self._before = now.copy()
        else:
            np.copyto(self._before, now)

    def _error(self) -> float:
        """Error of the step just taken over the tolerance: the worst of the members."""
        worst, arrays, control = 0.0, self.program.arrays, self.control
        for v, error in zip(self._before, arrays["error"], strict=True):  # type: ignore[arg-type]
            found, size = _norm(error), _norm(v)
            if not math.isfinite(found):
                return math.inf
            if found > 0.0:
                allowed = control.atol + control.rtol * size
                worst = max(worst, found / allowed if allowed > 0.0 else math.inf)
        return worst

    def _check_count(self, state: State) -> None:
        limit = self.control.max_steps
        if limit is not None and state.step >= limit:
            raise NotConverged(
                f"{state.step} steps were not enough to reach t = {self.system.end:g} "
                f"(reached {state.time:.6g}); raise solver.max_steps or loosen solver.rtol"
            )

    def _stop(self, state: State, h: float) -> None:
        raise BlowUp(
            ", ".join(self.system.equation.fields),
            state.time,
            state.step,
            reason=f"cannot be advanced (the step shrank to {h:.1e})",
            advice="the solution becomes singular there, or solver.rtol is too small",
        )

    # -- step sizes --------------------------------------------------------------------

    def _after(self, t: float, h: float) -> float:
        end = self.system.end
        return end if t + h >= end - 1e-12 * abs(end - self.system.start) else t + h

    def _rounded(self, h: float, t: float) -> float:
        """Round ``h`` down to a notch, or take what is left of the interval."""
        span = self.system.end - self.system.start
        h = min(h, self.control.max_step or h, span)
        return min(notched(h, span, NOTCHES), self.system.end - t)

    def _first_size(self, v: Array, t: float) -> float:
        """Guess from the change of the state over a very short step."""
        span = self.system.end - t
        h = 1e-6 * span
        self.program.load({"v": v})
        self.program.run(self._weights(h), [t], h)
        change, size = _norm(self.program.arrays["v"] - v), _norm(v)
        if not 0.0 < change < math.inf or size == 0.0:
            return span if change == 0.0 else h
        strict = (self.control.rtol / 1e-6) ** (1 / self.scheme.order)
        return float(min(FIRST * h * size / change * strict, span))


def _norm(v: Any) -> float:
    """Euclidean norm of all entries, without temporaries that grow with their number."""
    if is_tensor(v):
        return math.sqrt(float(abs(v.detach()).square().sum()))
    return math.sqrt(float(np.vdot(v, v).real))
