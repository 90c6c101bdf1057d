"""What fixed-step integrators that live in Fourier space share.

The state is the forward-normalised spectrum  û = fft(u)/N,  so that the unscaled transform
back gives u itself; the unscaled transform forward gives  N n̂,  and 1/N joins the step.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any

from pdekit.stepping._fixed import FixedStepper
from pdekit.stepping._system import System, scaled
from pdekit.typing import Array, Field


@dataclass(frozen=True)
class Exponential:
    """An exponential Runge-Kutta scheme; ``stepper`` does the work."""

    name: str
    order: int
    stepper: type[SpectralStepper]
    resonance: float
    summary: str
    reference: str
    adaptive: bool = False
    conserves_mass: bool = False

    def start(self, system: System, steps: int) -> SpectralStepper:
        """Return the stepper that takes ``steps`` equal steps."""
        return self.stepper(system, steps)


class SpectralStepper(FixedStepper):
    """A stepper whose loaded field is the spectrum at the start of the step."""

    def __init__(self, system: System, steps: int) -> None:
        super().__init__(system, steps)
        self._weights = self.weights(self.h)
        self._scale = self.engine.stage(scaled, into=("work",))

    @abstractmethod
    def weights(self, h: float) -> tuple[Any, ...]:
        """Propagators and coefficients of a step of size ``h``."""

    @abstractmethod
    def advance_by(
        self, w: Array, time: float, h: float, weights: tuple[Any, ...]
    ) -> Array:
        """Take one step with the given weights."""

    def open(self, u: Field, time: float, h: float) -> Array:
        """Transform to the normalised spectrum."""
        w = self.engine.forward(self.engine.load(u))
        return self._scale(w, 1.0 / self.engine.size)

    def close(self, w: Array, time: float, h: float) -> Field:
        """Transform back to physical values."""
        return self.engine.inverse(w)

    def step(self, w: Array, time: float) -> Array:
        """Advance by one step."""
        return self.advance_by(w, time, self.h, self._weights)

    def single(self, u: Field, time: float, h: float) -> Field:
        """One step of another size."""
        w = self.advance_by(self.open(u, time, h), time, h, self.weights(h))
        return self.close(w, time, h)
