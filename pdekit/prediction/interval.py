"""The classical solver over one interval, from any state at any time."""

from __future__ import annotations

import math
import time
from typing import Any

import numpy as np

from pdekit.evolution import Evolution
from pdekit.stepping import Stepper
from pdekit.stepping._system import System
from pdekit.typing import Array, Field

ENDLESS = 2**62
"""Steps without a limit."""


class Fine:
    """F: values at t ↦ values at  t + step, t + 2 step, …,  each begun afresh.

    Steps of fixed size are shortened so that a whole number of them makes ``step``; those
    of a tolerance begin anew.  Where neither coefficients nor source depend on time, all
    intervals share one system.
    """

    def __init__(self, evolution: Evolution, step: float) -> None:
        self.evolution, self.step = evolution, step
        self.seconds, self.intervals, self.substeps = 0.0, 0, 0
        self._kept: tuple[float, int, Stepper] | None = None

    def __call__(self, u: Field, start: float, count: int = 1) -> Array:
        """Return ``count`` frames,  (frame, member, field, *space).

        Raises
        ------
        BlowUp, NotConverged
            If the solver does not get there.
        """
        began = time.perf_counter()
        stepper, t0 = self._stepper(start, count)
        state, found = stepper.start(u), []
        for i in range(1, count + 1):
            until = t0 + i * self.step
            state = stepper.advance(state, until, ENDLESS)
            found.append(np.array(_numpy(stepper.sample(state, until))))
        self.substeps += state.step
        self.intervals += count
        self.seconds += time.perf_counter() - began
        return np.stack(found)

    def _stepper(self, start: float, count: int) -> tuple[Stepper, float]:
        """Return a stepper over the interval, and the time at which it begins."""
        e = self.evolution
        if self._kept and self._kept[1] == count and e.system.steady:
            return self._kept[2], self._kept[0]
        end = start + count * self.step
        system = System(
            e.equation, e.grid, e.engine, start=start, end=end, mask=e.system.mask
        )
        stepper = e.integrator.start(system, **self._tolerances(count))
        self._kept = start, count, stepper
        return stepper, start

    def _tolerances(self, count: int) -> dict[str, Any]:
        given = dict(self.evolution.numerics.tolerances)
        if "steps" in given:
            span = self.evolution.system.end - self.evolution.system.start
            each = max(1, math.ceil(given["steps"] * self.step / span - 1e-9))
            given["steps"] = count * each
        return given


def _numpy(u: Any) -> Array:
    return np.asarray(u.detach().cpu() if hasattr(u, "detach") else u)
