"""What the equations with the flux  a u²/2  share:  uₜ + a (u²/2)ₓ = L u  on a line.

In this form N takes two real transforms, one back (u) and one forward (u²), and its
derivative is taken in Fourier space: the mean stays to rounding, and with the 2/3 rule so
does ⟨u²⟩, as far as N is concerned.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np

from pdekit.equation import AbstractEquation
from pdekit.formulas import i_times
from pdekit.grid import Grid
from pdekit.solvers.diagnostics import line_metrics
from pdekit.typing import Array, Field


class AbstractFlux(AbstractEquation):
    """One field on a line with  N = −½ a ∂ₓ(u²),  a = 1 unless overridden."""

    fields: ClassVar[tuple[str, ...]] = ("u",)
    dealias: ClassVar[str] = "two_thirds"
    metrics: ClassVar[Mapping[str, Callable[..., Any]]] = line_metrics.METRICS

    @staticmethod
    def product(u: Any) -> Any:
        """Return  u²."""
        return u * u

    @staticmethod
    def assemble(p: Any, kx: Any, nonlinearity: Any) -> Any:
        """Return  −½ a ik (u²)^."""
        return i_times((-0.5 * nonlinearity * kx) * p)

    def constants(self) -> dict[str, float]:
        """Return a and the parameters."""
        return {"nonlinearity": self.steepening, **super().constants()}

    @property
    def steepening(self) -> float:
        """Return a."""
        return 1.0

    @property
    def conserves_mean(self) -> bool:
        """Whether no source acts."""
        return not self._sources()

    def advection(self, grid: Grid, u: Field) -> Array:
        """Return  max |a u| / Δx."""
        return abs(self.steepening) * abs(u[:, 0]).max(axis=-1) / grid.spacing[0]

    def invariant_scales(self, grid: Grid, u: Field) -> dict[str, float]:
        """Return the size of the field for a mean that may be zero."""
        return {"mean": float(abs(u).max())}


def energy(grid: Grid, u: Array) -> Array:
    """½⟨u²⟩."""
    found: Array = grid.mean(u * u) / 2
    return found


def gradient_square(grid: Grid, u: Array) -> Array:
    """⟨uₓ²⟩ = −⟨u uₓₓ⟩, which counts the highest mode as well."""
    found: Array = -grid.mean(u * grid.derivative(u, 0, 2))
    return found


def largest(u: Array) -> Array:
    """Largest |u| on the grid."""
    return np.abs(u).max(axis=-1)
