"""Cycles until the residual is small enough, or does not become smaller any more."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from pdekit.errors import PdekitError, ShapeError
from pdekit.linalg.interface import norm
from pdekit.linalg.stencil import Stencil
from pdekit.typing import Array

if TYPE_CHECKING:
    from pdekit.linalg.multigrid._multigrid import Multigrid

MEAN = 1e-10
"""Part of the largest value that the mean of a right-hand side may have by rounding."""
SLOW = 0.97
"""A reduction per cycle that is none: after three such cycles no more are done."""


def accepted(op: Stencil, b: Array, project: bool) -> tuple[Array, list[str]]:
    """Return b as the solver can take it, and what was done to it."""
    b = np.ascontiguousarray(b, dtype=float)
    if b.shape != op.shape:
        raise ShapeError(op.shape, b.shape, "the right-hand side")
    if not np.isfinite(b).all():
        raise PdekitError("the right-hand side and the start must be finite")
    if not op.singular:
        return b, []
    mean, largest = float(b.mean()), float(np.abs(b).max())
    if abs(mean) > MEAN * largest and not project:
        raise PdekitError(
            f"the operator maps constants to zero, and the right-hand side has the mean "
            f"{mean:.3g}: there is no solution; project=True takes the mean away"
        )
    return b - mean, [f"the mean {mean:.3g} of the right-hand side was taken away"]


class Solving:
    """The state of a solution by cycles."""

    def __init__(
        self, mg: Multigrid, b: Array, x: Array, target: float, size: float
    ) -> None:
        self.mg, self.b, self.x, self.target = mg, b, x, target
        self.size = size or 1.0
        self.history: list[float] = []
        self.events: list[tuple[int, str]] = []
        self.cycles = self.norms = 0
        self.cycle_s = self.norm_s = 0.0

    def run(self, limit: int, start_known: bool) -> str:
        """Return why it stopped."""
        self._note(norm(self.b) if start_known else self._norm())
        if self.history[-1] * self.size <= self.target:
            return "tol"
        sensed = self._sensed
        while self.cycles < limit:
            began = time.perf_counter()
            if sensed(first=self.cycles == 0):
                return "tol"
            self.cycles += 1
            self.cycle_s += time.perf_counter() - began
            if reason := self._stuck():
                return reason
        self._note(self._norm())
        return "tol" if self.history[-1] * self.size <= self.target else "maxiter"

    def _sensed(self, first: bool) -> bool:
        """Do a cycle, and note the residual before it.

        A sweep of red-black relaxation finds the residual on the red points as it goes, and
        it is zero on the black ones after the cycle before; what it says is believed to go
        on, but not to stop.
        """
        mg = self.mg
        if first or not mg.ends_black:
            if not first and self._converged():
                return True
            mg.cycle(self.b, self.x)
            return False
        found = mg.down(0, self.x, self.b, 2)
        if found <= self.target and self._converged():
            return True
        if found > self.target:
            self._note(found)
        mg.up(0, self.x, self.b, mg.kind)
        if mg.op.singular:
            self.x -= self.x.mean()
        return False

    def _converged(self) -> bool:
        self._note(self._norm())
        return self.history[-1] * self.size <= self.target

    def _norm(self) -> float:
        began = time.perf_counter()
        found = self.mg.op.plan.residual_norm(self.x, self.b)
        self.norms += 1
        self.norm_s += time.perf_counter() - began
        return found

    def _note(self, found: float) -> None:
        self.history.append(found / self.size)

    def _stuck(self) -> str:
        h = self.history
        if not np.isfinite(h[-1]):
            self.events.append(
                (self.cycles, "the residual is not finite: the cycle diverges")
            )
            return "breakdown"
        if len(h) > 3 and h[-1] > SLOW**3 * h[-4]:
            self._note(self._norm())
            self.events.append(
                (self.cycles, f"three cycles brought {h[-4]:.2g} to {h[-1]:.2g}")
            )
            return "stagnation"
        return ""
