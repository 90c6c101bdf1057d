"""Symmetric compositions of the exact flows of L and of N.

With  A(h) = exp(h L)  in Fourier space and  B(h)  the phase flow of N in physical space, a
scheme is  B(b₁) A(a₁) B(b₂) … A(aₛ) B(bₛ₊₁)  or the same with A and B exchanged.  The last
sub-step of one step and the first of the next are one: the state is kept in between.
A dealiasing mask projects the field whenever it is in Fourier space; being a projection, it
commutes with A and leaves the modes it keeps alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from pdekit.errors import NotApplicable
from pdekit.stepping._fixed import FixedStepper
from pdekit.stepping._system import System, scaled
from pdekit.typing import Array, Field

Operation = tuple[Callable[..., Any], tuple[Any, ...]]


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
            raise NotApplicable(
                "integrator",
                f"{self.name} needs an equation whose nonlinear flow turns phases",
            )
        if system.source(system.start) is not None:
            raise NotApplicable(
                "integrator",
                f"{self.name} has no flow for a source and would leave it out; use "
                "etdrk4, ifrk4 or dop853_ip",
            )
        if system.mask is not None and not np.array_equal(system.mask, system.mask**2):
            raise NotApplicable(
                "dealias",
                f"{self.name} would apply a smooth filter once per sub-step, the more "
                "steps the stronger; use half, or ifrk4, etdrk4 or dop853_ip",
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
        self._multiply = self.engine.stage(scaled, into=("work",))
        self._drifts: dict[float, Array] = {}
        self._flows = self._plan(self.h)
        self._kept = set(self._drifts)
        self._sequence = self.engine.sequence(self._operations(self._flows))

    def open(self, u: Field, time: float, h: float) -> Array:
        """Apply the first outer sub-step."""
        return self._outer(self.engine.load(u), self.scheme.outer[0], h, time)

    def close(self, w: Array, time: float, h: float) -> Field:
        """Take the first outer sub-step back; both flows are exactly reversible."""
        return self._outer(w, -self.scheme.outer[0], h, time)

    def step(self, w: Array, time: float) -> Array:
        """Advance from seam to seam."""
        if self.system.steady:
            return self._sequence(w)
        return self._run(w, self._flows, time)

    def single(self, u: Field, time: float, h: float) -> Field:
        """One complete step of size ``h``."""
        w = self._outer(self.engine.load(u), self.scheme.outer[0], h, time)
        w = self._run(w, self._plan(h), time)
        w = self._outer(w, -self.scheme.outer[0], h, time + h)
        self._drifts = {a: e for a, e in self._drifts.items() if a in self._kept}
        return w

    def _plan(self, h: float) -> list[Flow]:
        """List the flows from seam to seam, each with the time at which it starts."""
        scheme = self.scheme
        outer = (*scheme.outer[1:-1], 2 * scheme.outer[0])
        clock = scheme.outer[0] * h if scheme.drift_first else 0.0
        flows = []
        for x, y in zip(scheme.inner, outer, strict=True):
            kick, drift = (x, y) if scheme.drift_first else (y, x)
            if scheme.drift_first:
                flows.append(Flow(None, kick * h, clock))
            flows.append(Flow(self._drift(drift * h), drift * h, clock))
            clock += drift * h
            if not scheme.drift_first:
                flows.append(Flow(None, kick * h, clock))
        return flows

    def _operations(self, flows: list[Flow]) -> list[Operation]:
        """Write the flows as operations of the engine, for coefficients that stay."""
        engine = self.engine
        operations: list[Operation] = []
        phase, rest = self.system.phase
        for flow in flows:
            if flow.propagator is None:
                operations.append((phase, (flow.h, rest)))
            else:
                operations += [
                    (engine.forward, ()),
                    (self._multiply, (flow.propagator,)),
                    (engine.inverse, ()),
                ]
        return operations

    def _run(self, w: Array, flows: list[Flow], time: float) -> Array:
        """Apply flows one by one, each with the coefficients of its time."""
        engine = self.engine
        for flow in flows:
            if flow.propagator is None:
                w = self.system.kick(w, flow.h, time + flow.clock)
            else:
                w = engine.inverse(self._multiply(engine.forward(w), flow.propagator))
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


class Flow(NamedTuple):
    """A flow of L (with its propagator) or of N over ``h``, ``clock`` into the step."""

    propagator: Array | None
    h: float
    clock: float
