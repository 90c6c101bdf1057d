"""Steps of a one-step scheme that follow the velocity of the flow.

The Courant number  C = h max Σ |velocityᵢ| / Δxᵢ  is held at a given value: the step is
C / rate,  with the rate of the equation's ``advection``, rounded down to  (interval) ·
2^(−m/4),  so that the weights of one m are computed once.  The rate is looked at every ten
steps, and after each of the first ten: a flow that starts from rest has none to begin with.
The size of the next step is part of the state, which is all that a step depends on.

References
----------
Courant, Friedrichs & Lewy, Math. Ann. 100 (1928) 32.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from pdekit.arrays import is_tensor
from pdekit.errors import BlowUp, NotApplicable
from pdekit.stepping import State
from pdekit.stepping._sizes import BySize, notched
from pdekit.stepping._system import System
from pdekit.typing import Array, Field

if TYPE_CHECKING:
    from pdekit.stepping._scheme import Scheme

EVERY = 10
"""Steps between two looks at the velocity."""
NOTCHES = 4
"""Step sizes per factor of two."""
FEWEST = 100
"""Steps over the interval, at least: a flow at rest bounds no step, yet a force may be
about to set it in motion."""
BREAKDOWN = 1e-10
"""Steps shorter than this part of the interval would not reach its end in a lifetime."""


def stability_limit(scheme: Scheme, kept: float) -> float:
    """Return the largest Courant number at which no wave grows.

    A wave k turns at the rate  Σ |velocityᵢ| kᵢ,  and the highest one that is kept has
    kᵢ = kept · π / Δxᵢ.
    """
    return scheme.stability[1] / (math.pi * kept) if kept > 0 else math.inf


class CflStepper:
    """A scheme at work with steps of one Courant number; the last one lands on the end.

    Members that are advanced together share the step that the fastest of them needs.
    """

    def __init__(
        self, scheme: Scheme, system: System, cfl: float, max_step: float | None
    ) -> None:
        self.span = system.end - system.start
        self.scheme, self.system, self.cfl = scheme, system, cfl
        largest = self.span / FEWEST if max_step is None else max_step
        self.max_step = min(largest, self.span)
        self._refuse()
        self.program = system.program(scheme.stages)
        self._weights = BySize(lambda h: self.program.weights(scheme.weights, h))
        self._seen: dict[str, Any] = {}

    def _refuse(self) -> None:
        """Refuse what has no step of one Courant number."""
        name, equation, grid = self.scheme.name, self.system.equation, self.system.grid
        if not self.scheme.takes_cfl:
            raise NotApplicable(
                "cfl", f"{name} needs steps of one size: it is a multistep method"
            )
        for key, value in (("cfl", self.cfl), ("max_step", self.max_step)):
            if not 0 < value < math.inf:
                raise NotApplicable(key, f"{key} must be positive (got {value!r})")
        rest = np.zeros((1, len(equation.fields), *grid.shape))
        if equation.advection(grid, rest) is None:
            raise NotApplicable(
                "cfl", f"{equation.name} has no velocity to take a step from; use step"
            )

    # -- the interface of a stepper ----------------------------------------------------

    def start(self, u: Field) -> State:
        """Return the state at the initial time, with the size of the first step."""
        v, t = self.program.open(u), self.system.start
        h = self._size_for(v, State(v, t))
        self.program.ready({"v": v}, self._weights(h))
        state = State(v, t, 0, {"h": h, "smallest": h, "largest": h, "changes": 0})
        self._note(state)
        return state

    def arrived(self, state: State, until: float) -> bool:
        """Whether the next step would pass ``until``."""
        return state.time >= until or self._after(state.time, self._next(state)) > until

    def advance(self, state: State, until: float, max_steps: int) -> State:
        """Take at most ``max_steps`` steps, none of them past ``until``."""
        now, last = state, state.step + max_steps
        self.program.load({"v": state.u})
        while now.step < last and not self.arrived(now, until):
            now = self._march(now, until, last)
        if now is state:
            return state
        self._note(now)
        return replace(now, u=self.program.copy("v"))

    def sample(self, state: State, time: float) -> Field:
        """Values at a time within the next step; the state is left as it is."""
        v, rest = state.u, time - state.time
        if rest > 1e-9 * state.extra["h"]:
            self.program.load({"v": v})
            weights = self.program.weights(self.scheme.weights, rest)
            self.program.run(weights, [state.time], rest)
            v = self.program.copy("v")
        return self.program.close(v)

    def describe(self) -> dict[str, Any]:
        """Return the Courant number, the range of step sizes and how often they changed."""
        return {
            "cfl": self.cfl,
            "smallest_step": self._seen.get("smallest"),
            "largest_step": self._seen.get("largest"),
            "step_changes": self._seen.get("changes"),
        }

    def _note(self, state: State) -> None:
        """Keep for `describe` what the states of all blocks have seen."""
        seen, extra = self._seen, state.extra
        for key, choose in (("smallest", min), ("largest", max), ("changes", max)):
            seen[key] = choose(seen.get(key, extra[key]), extra[key])

    # -- steps -------------------------------------------------------------------------

    def _march(self, state: State, until: float, last: int) -> State:
        """Advance the loaded state up to the next look at the velocity.

        Returns the new state but for its ``u``.
        """
        h, t, n = self._next(state), state.time, state.step
        look = n + 1 if n < EVERY else n - n % EVERY + EVERY
        times: list[float] = []
        while n < min(look, last) and self._after(t, h) <= until:
            times.append(t)
            t, n = self._after(t, h), n + 1
        self.program.run(self._weights(h), times, h)
        now = replace(state, time=t, step=n)
        if not self.program.is_finite():
            self._stop(now, h)
        return self._resized(now) if n == look and t < self.system.end else now

    def _resized(self, state: State) -> State:
        """Choose the size of the next steps from the velocity of the loaded state."""
        before, extra = state.extra["h"], state.extra
        h = self._size_for(self.program.copy("v"), state)
        return replace(
            state,
            extra={
                "h": h,
                "smallest": min(h, extra["smallest"]),
                "largest": max(h, extra["largest"]),
                "changes": extra["changes"] + (h != before),
            },
        )

    def _after(self, t: float, h: float) -> float:
        """Time after a step; the end of the interval is hit exactly."""
        end = self.system.end
        return end if abs(t + h - end) <= 1e-12 * self.span else t + h

    def _next(self, state: State) -> float:
        """Size of the next step: the last one takes what is left."""
        h: float = state.extra["h"]
        end = self.system.end
        return h if self._after(state.time, h) <= end else end - state.time

    # -- step sizes --------------------------------------------------------------------

    def _size_for(self, v: Array, state: State) -> float:
        """Return  C / rate  or the largest step, rounded down to a notch."""
        rate = self._rate(v)
        if not math.isfinite(rate):
            self._stop(state, state.extra.get("h", self.max_step))
        h = self.cfl / rate if rate > 0 else math.inf
        if h < BREAKDOWN * self.span:
            self._stop(state, h, reason="became too fast to follow")
        h = min(h, self.max_step)
        return notched(h, self.span, NOTCHES)

    def _rate(self, v: Array) -> float:
        """Largest  Σ |velocityᵢ| / Δxᵢ  of all members; no gradient follows the step."""
        if is_tensor(v):
            v = v.detach()
        u = self.program.close(v)
        with np.errstate(over="ignore", invalid="ignore"):
            rate = self.system.equation.advection(
                self.system.grid, u.cpu().numpy() if is_tensor(u) else u
            )
        return float(np.max(rate))  # type: ignore[arg-type]

    def _stop(self, state: State, h: float, reason: str = "became non-finite") -> None:
        raise BlowUp(
            ", ".join(self.system.equation.fields),
            state.time,
            state.step,
            reason=reason,
            advice=f"the step was {h:.3g}; try a cfl smaller than {self.cfl:g}",
        )
