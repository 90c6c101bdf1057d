"""Symmetric compositions of the exact flows of L and of N.

With  A(h) = exp(h L)  in Fourier space and  B(h)  the phase flow of N in physical space, a
scheme is  B(b₁) A(a₁) B(b₂) … A(aₛ) B(bₛ₊₁)  or the same with A and B exchanged.  The last
sub-step of one step and the first of the next are one: the state is kept in between.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pdekit.stepping._fixed import FixedStepper
from pdekit.stepping._system import System
from pdekit.typing import Array, Field


@dataclass(frozen=True)
class Splitting:
    """Coefficients of a palindromic splitting scheme, given up to the middle.

    Parameters
    ----------
    outer, inner
        Coefficients of the flow that begins and ends the step, and of the other one; each
        is a complete palindrome that sums to 1.
    drift_first
        True for A B … B A ("ABA"), false for B A … A B ("BAB").
    resonance
        Largest  2 h max|L|  for which a plane wave stays clean, in units of π.
    """

    name: str
    order: int
    outer: tuple[float, ...]
    inner: tuple[float, ...]
    drift_first: bool
    resonance: float
    summary: str
    reference: str
    adaptive: bool = False
    conserves_mass: bool = True

    def start(self, system: System, steps: int) -> SplittingStepper:
        """Return the stepper that takes ``steps`` equal steps."""
        if not system.equation.has_phase_flow:
            raise TypeError(
                f"{self.name} needs an equation whose nonlinear flow turns phases"
            )
        return SplittingStepper(self, system, steps)


def palindrome(head: Sequence[float], middle: float | None = None) -> tuple[float, ...]:
    """Complete a list of coefficients by its mirror image around an optional middle."""
    centre = () if middle is None else (middle,)
    return (*head, *centre, *reversed(head))


class SplittingStepper(FixedStepper):
    """Merged steps: the outer flow at the seam runs once with its coefficient doubled."""

    def __init__(self, scheme: Splitting, system: System, steps: int) -> None:
        super().__init__(system, steps)
        self.scheme = scheme
        self._multiply = self.engine.stage(_times, into=("work",))
        self._drifts: dict[float, Array] = {}
        self._seam = 2 * scheme.outer[0]
        self._flows = self._plan(self.h)

    def open(self, u: Field, time: float, h: float) -> Array:
        """Apply the first outer sub-step."""
        return self._outer(self.engine.load(u), self.scheme.outer[0], h, time)

    def close(self, w: Array, time: float, h: float) -> Field:
        """Take the first outer sub-step back; both flows are exactly reversible."""
        return self._outer(w, -self.scheme.outer[0], h, time)

    def step(self, w: Array, time: float) -> Array:
        """Advance from seam to seam."""
        return self._run(w, self._flows, time, self.h)

    def single(self, u: Field, time: float, h: float) -> Field:
        """One complete step of size ``h``."""
        scheme, w = self.scheme, self.engine.load(u)
        w = self._outer(w, scheme.outer[0], h, time)
        w = self._run(w, self._plan(h), time, h)
        w = self._outer(w, -scheme.outer[0], h, time + h)
        self._drifts = {a: e for a, e in self._drifts.items() if a in self._kept}
        return w

    def _plan(self, h: float) -> list[tuple[Array | None, float, float]]:
        """List the sub-steps after the seam as (propagator or None, h b, time offset)."""
        scheme = self.scheme
        outer = (*scheme.outer[1:-1], self._seam)
        flows: list[tuple[Array | None, float, float]] = []
        clock = scheme.outer[0] * h if scheme.drift_first else 0.0
        for x, y in zip(scheme.inner, outer, strict=True):
            kick, drift = (x, y) if scheme.drift_first else (y, x)
            steps = [(None, kick * h, 0.0), (self._drift(drift * h), 0.0, drift * h)]
            for e, kh, dt in steps if scheme.drift_first else reversed(steps):
                flows.append((e, kh, clock))
                clock += dt
        self._kept = set(self._drifts) if h == self.h else self._kept
        return flows

    def _run(
        self,
        w: Array,
        flows: list[tuple[Array | None, float, float]],
        time: float,
        h: float,
    ) -> Array:
        engine, kick, multiply = self.engine, self.system.kick, self._multiply
        for e, kh, clock in flows:
            if e is None:
                w = kick(w, kh, time + clock)
            else:
                w = engine.inverse(multiply(engine.forward(w), e))
        return w

    def _outer(self, w: Array, coefficient: float, h: float, time: float) -> Array:
        if not self.scheme.drift_first:
            return self.system.kick(w, coefficient * h, time)
        e = self._drift(coefficient * h)
        return self.engine.inverse(self._multiply(self.engine.forward(w), e))

    def _drift(self, h: float) -> Array:
        """Propagator exp(h L) / N: it carries the scaling of the round trip."""
        if h not in self._drifts:
            e = self.system.propagator(h, 1.0 / self.engine.size)
            if self.system.mask is not None:
                e = e * self.engine.symbol(self.system.mask)
            self._drifts[h] = e
        return self._drifts[h]


def _times(w: Array, e: Array) -> Array:
    return w * e
