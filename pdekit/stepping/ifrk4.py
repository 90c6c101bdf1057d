"""Runge-Kutta 4 in the interaction picture (integrating factor), 8 transforms per step.

With  E = exp(h L / 2)  and  N̂(v) = fft N(ifft v):

    a = N̂(v),  b = N̂(E (v + h a/2)),  c = N̂(E v + h b/2),  d = N̂(E² v + h E c)
    v ← E² v + h (E² a + 2 E (b + c) + d) / 6

References
----------
Lawson, SIAM J. Numer. Anal. 4 (1967) 372; Trefethen, Spectral Methods in MATLAB (2000),
chapter 10.
"""

from __future__ import annotations

from typing import Any

from pdekit.stepping._exponential import Exponential, SpectralStepper
from pdekit.stepping._system import System, copied
from pdekit.typing import Array


class LawsonStepper(SpectralStepper):
    """Keeps one accumulator and one copy of the state beside the loaded field."""

    def __init__(self, system: System, steps: int) -> None:
        super().__init__(system, steps)
        stage = self.engine.stage
        self._begin = stage(copied, into=("state",))
        self._first = stage(first, into=("work", "sum"))
        self._second = stage(second, into=("work", "sum"))
        self._third = stage(third, into=("work", "sum"))
        self._last = stage(last, into=("work",))

    def weights(self, h: float) -> tuple[Any, ...]:
        """Return E and the step over N."""
        return self.system.propagator(h / 2), h / self.engine.size

    def advance_by(
        self, w: Array, time: float, h: float, weights: tuple[Any, ...]
    ) -> Array:
        """Take one step with the given weights."""
        (e, g), n = weights, self.system.nonlinear
        v = self._begin(w)
        w, total = self._first(v, n(w, time), e, g)
        w, total = self._second(v, total, n(w, time + h / 2), e, g)
        w, total = self._third(v, total, n(w, time + h / 2), e, g)
        return self._last(total, n(w, time + h), g)


def first(v: Array, a: Array, e: Array, g: float) -> tuple[Array, Array]:
    """Argument of b, and the sum so far."""
    return e * (v + (0.5 * g) * a), e * e * (v + (g / 6) * a)


def second(v: Array, total: Array, b: Array, e: Array, g: float) -> tuple[Array, Array]:
    """Argument of c, and the sum so far."""
    return e * v + (0.5 * g) * b, total + (g / 3) * (e * b)


def third(v: Array, total: Array, c: Array, e: Array, g: float) -> tuple[Array, Array]:
    """Argument of d, and the sum so far."""
    return e * (e * v + g * c), total + (g / 3) * (e * c)


def last(total: Array, d: Array, g: float) -> Array:
    """Return the new state."""
    return total + (g / 6) * d


integrator = Exponential(
    name="ifrk4",
    order=4,
    stepper=LawsonStepper,
    resonance=1.6,
    summary="Runge-Kutta 4 with an integrating factor (Lawson), 8 transforms per step",
    reference="Lawson, SIAM J. Numer. Anal. 4 (1967) 372",
)
