"""Integrators written as stages: formulas per mode around evaluations of N.

A stage says which arrays a formula takes, by the names of its parameters, and which its
results go into.  The engines inline the formulas into compiled loops, fused with the terms
of the equation, or call them on whole arrays.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from pdekit.errors import NotApplicable
from pdekit.stepping import State, Stepper
from pdekit.stepping._cfl import FEWEST, CflStepper
from pdekit.stepping._fixed import CHECK_EVERY, FixedSteps
from pdekit.stepping._system import System
from pdekit.typing import Array, Field

Weights = Mapping[str, Any]
"""Multipliers ``(variable, *modes)`` and numbers of one step size, by name."""


@dataclass(frozen=True)
class Stage:
    """One formula of a step, applied mode by mode to every variable.

    Attributes
    ----------
    formula
        Function of scalars. Its parameters name what it takes: ``v``, the state; ``n``,
        N of the argument of this stage; a weight; an array that a formula before it wrote.
    into
        Names of what it returns: ``w``, the argument of the next stage; ``v``, the new
        state; any other name is an array of its own, kept from step to step.
    at
        Time of the argument within the step, in units of its size.
    """

    formula: Callable[..., Any]
    into: tuple[str, ...]
    at: float = 0.0

    @cached_property
    def takes(self) -> tuple[str, ...]:
        """Names of what the formula takes."""
        return tuple(inspect.signature(self.formula).parameters)


@dataclass(frozen=True)
class Scheme:
    """A fixed-step integrator in Fourier space.

    Attributes
    ----------
    weights
        From L ``(variable, *modes)``, real if the equation's is, and the step size.
    stability
        Largest h |λ| on the negative real and on the imaginary axis for the eigenvalues λ
        of the explicitly treated part.
    explicit
        Whether L is part of what is treated explicitly, so that it limits the step.
    resonance
        See :func:`pdekit.stepping.resonance`.
    starter, history, remember
        Of a multistep method: the one-step scheme that takes its first ``history`` steps
        and those of odd size, and the stage that keeps v and N of every such step.
    """

    name: str
    order: int
    stages: tuple[Stage, ...]
    weights: Callable[[Array, float], dict[str, Any]]
    summary: str
    reference: str
    stability: tuple[float, float] = (math.inf, math.inf)
    explicit: bool = False
    resonance: float = math.inf
    starter: str | None = None
    history: int = 0
    remember: Stage | None = None
    adaptive: bool = False
    conserves_mass: bool = False

    def start(
        self,
        system: System,
        steps: int | None = None,
        *,
        cfl: float | None = None,
        max_step: float | None = None,
    ) -> Stepper:
        """Return the stepper that takes ``steps`` equal steps, or those of a ``cfl``."""
        longest, span = self.longest_step(system), system.end - system.start
        if cfl is not None:
            if longest < (span / FEWEST if max_step is None else max_step):
                max_step = longest
            return CflStepper(self, system, cfl, max_step)
        if steps is None:
            raise NotApplicable("steps", f"{self.name} needs a number of steps")
        if steps != (whole := max(1, math.floor(steps))):
            raise NotApplicable(
                "steps", f"steps must be a positive whole number (got {steps!r})"
            )
        if span / whole > longest:
            raise NotApplicable(
                "steps",
                f"{self.name} treats the linear part explicitly: the step must not be "
                f"longer than {longest:.3g} (got {span / whole:.3g}); take at least "
                f"{math.ceil(span / longest)} steps",
            )
        return SchemeStepper(self, system, whole)

    def longest_step(self, system: System) -> float:
        """Return the longest step at which no mode grows that L damps or turns."""
        if not self.explicit:
            return math.inf
        linear, rhs = system.linear, system.rhs
        if rhs.cut is not None:
            linear = linear[:, np.asarray(rhs.mask, dtype=bool)]
        damping, turning = self.stability
        fastest = max(
            float(np.max(-linear.real)) / damping,
            float(np.max(np.abs(linear.imag))) / turning,
        )
        return 1.0 / fastest if fastest > 0.0 else math.inf

    @property
    def takes_cfl(self) -> bool:
        """Whether the size of the step may change: that is, it needs no steps before."""
        return self.remember is None

    @property
    def kept(self) -> tuple[str, ...]:
        """Names of the arrays of the steps before that a step needs."""
        return self.remember.into if self.remember else ()


class SchemeStepper(FixedSteps):
    """A scheme at work: the state is the normalised spectrum of the variables."""

    def __init__(self, scheme: Scheme, system: System, steps: int) -> None:
        super().__init__(system, steps)
        self.scheme = scheme
        self.program = system.program(scheme.stages)
        self._weights = self.program.weights(scheme.weights, self.h)
        self._starter = scheme, self.program, self._weights
        if scheme.remember:
            self._starter = self._prepare_starter(scheme)
            self._remember = system.program((scheme.remember,))

    def _prepare_starter(self, scheme: Scheme) -> tuple[Scheme, Any, Weights]:
        from pdekit import registry

        starter = registry.integrator(scheme.starter or "")
        program = self.system.program(starter.stages)
        return starter, program, program.weights(starter.weights, self.h)

    def start(self, u: Field) -> State:
        """Return the state at the initial time."""
        v = self.program.open(u)
        zeros = dict.fromkeys(self.scheme.kept, 0.0 * v)
        self.program.ready({"v": v, **zeros}, self._weights)
        return State(v, self.system.start, 0, zeros)

    def advance(self, state: State, until: float, max_steps: int) -> State:
        """Take at most ``max_steps`` steps, none of them past ``until``."""
        last = min(self._steps_to(until), state.step + max_steps)
        arrays = {"v": state.u, **state.extra}
        n = state.step
        while n < min(last, self.scheme.history):
            arrays = self._begin(arrays, self.time(n))
            n += 1
        self.program.load(arrays)
        while n < last:
            count = min(CHECK_EVERY, last - n)
            self.program.run(
                self._weights, [self.time(i) for i in range(n, n + count)], self.h
            )
            n += count
            if not self.program.is_finite():
                self._stop(n)
        kept = {name: self.program.copy(name) for name in self.scheme.kept}
        return State(self.program.copy("v"), self.time(last), last, kept)

    def _begin(self, arrays: dict[str, Array], time: float) -> dict[str, Array]:
        """Take a step of a multistep method with its starter, keeping what it needs."""
        self._remember.load(arrays)
        self._remember.run(self._weights, [time], self.h)
        kept = {name: self._remember.copy(name) for name in self.scheme.kept}
        _, program, weights = self._starter
        return {"v": self._single(program, weights, arrays["v"], time, self.h), **kept}

    def _single(
        self, program: Any, weights: Weights, v: Array, time: float, h: float
    ) -> Array:
        program.load({"v": v})
        program.run(weights, [time], h)
        return program.copy("v")

    def sample(self, state: State, time: float) -> Field:
        """Values at a time within the next step; the state is left as it is."""
        v, rest = state.u, time - state.time
        if abs(rest) > 1e-9 * self.h:
            scheme, program, _ = self._starter
            weights = program.weights(scheme.weights, rest)
            v = self._single(program, weights, v, state.time, rest)
        return self.program.close(v)
