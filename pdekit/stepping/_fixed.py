"""What all fixed-step integrators share: counting steps, stopping, sampling between."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import Any

from pdekit.errors import BlowUp
from pdekit.stepping import State
from pdekit.stepping._system import System
from pdekit.typing import Array, Field

CHECK_EVERY = 10
"""Steps between two looks for a non-finite value."""


class FixedSteps:
    """Steps of one size from the start to the end of the interval.

    Time is  t₀ + n h,  never accumulated.  A sample between two steps is one shorter step
    on a copy, so that output times do not change the solution.
    """

    def __init__(self, system: System, steps: int) -> None:
        self.system = system
        self.steps = steps
        self.h = (system.end - system.start) / steps

    def time(self, n: int) -> float:
        """Time after ``n`` steps."""
        return self.system.end if n == self.steps else self.system.start + n * self.h

    def _steps_to(self, until: float) -> int:
        return min(self.steps, math.floor((until - self.system.start) / self.h + 1e-9))

    def arrived(self, state: State, until: float) -> bool:
        """Whether the next step would pass ``until``."""
        return state.step >= self._steps_to(until)

    def describe(self) -> dict[str, Any]:
        """Return the step size."""
        return {"step": self.h}

    def _stop(self, step: int) -> None:
        raise BlowUp(
            ", ".join(self.system.equation.fields),
            self.time(step),
            step,
            advice=f"try a step smaller than {self.h:.3g}",
        )


class FixedStepper(FixedSteps, ABC):
    """Fixed steps of physical values in the loaded field, one call after the other."""

    def __init__(self, system: System, steps: int) -> None:
        super().__init__(system, steps)
        self.engine = system.engine

    @abstractmethod
    def open(self, u: Field, time: float, h: float) -> Array:
        """Turn physical values into what :meth:`step` advances."""

    @abstractmethod
    def step(self, w: Array, time: float) -> Array:
        """Advance by one step."""

    @abstractmethod
    def close(self, w: Array, time: float, h: float) -> Field:
        """Turn a state back into physical values; ``w`` is not kept."""

    @abstractmethod
    def single(self, u: Field, time: float, h: float) -> Field:
        """Advance physical values by one step of another size."""

    def start(self, u: Field) -> State:
        """Return the state at the initial time."""
        t = self.system.start
        w = self.open(self.engine.field(u), t, self.h)
        return State(self.engine.copy(w), t)

    def advance(self, state: State, until: float, max_steps: int) -> State:
        """Take at most ``max_steps`` steps, none of them past ``until``."""
        last = min(self._steps_to(until), state.step + max_steps)
        w = self.engine.load(state.u)
        for n in range(state.step, last):
            w = self.step(w, self.time(n))
            if n % CHECK_EVERY == 0 and not self.engine.is_finite(w):
                self._stop(n + 1)
        if not self.engine.is_finite(w):
            self._stop(last)
        return State(self.engine.copy(w), self.time(last), last)

    def sample(self, state: State, time: float) -> Field:
        """Values at a time within the next step; the state is left as it is."""
        u = self.close(self.engine.load(state.u), state.time, self.h)
        rest = time - state.time
        if abs(rest) > 1e-9 * self.h:
            u = self.single(u, state.time, rest)
        return self.engine.values(u)
