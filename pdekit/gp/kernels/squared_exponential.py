"""The Gaussian kernel."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, pi, sqrt

import numpy as np
from numpy.typing import ArrayLike

from pdekit.errors import PdekitError
from pdekit.gp.kernels import jets
from pdekit.gp.kernels.kernel import AbstractKernel
from pdekit.typing import Array


@dataclass(frozen=True)
class SquaredExponential(AbstractKernel):
    """k(r) = σ² exp(−r²/(2ℓ²))."""

    variance: float = 1.0
    length: float = 1.0

    def __post_init__(self) -> None:
        """Refuse what is no covariance."""
        if self.length <= 0 or self.variance < 0:
            raise PdekitError("a kernel needs length > 0 and variance ≥ 0")

    @property
    def smoothness(self) -> float:
        """Every derivative exists."""
        return inf

    def _jet(self, r: Array, order: int) -> Array:
        precision = self.length**-2
        value = self.variance * np.exp(-0.5 * precision * r**2)
        return jets.exponential(np.asarray(value), -precision * r, -precision, order)

    def density(self, s: ArrayLike) -> Array:
        """Return σ² √(2π) ℓ exp(−2π²ℓ²s²)."""
        height = self.variance * sqrt(2 * pi) * self.length
        return height * np.exp(-2 * (pi * self.length * np.asarray(s, float)) ** 2)
