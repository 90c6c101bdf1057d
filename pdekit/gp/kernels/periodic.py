"""The periodic kernel: a Gaussian of the distance on a circle."""

from __future__ import annotations

from dataclasses import dataclass
from math import comb, inf, pi

import numpy as np

from pdekit.errors import PdekitError
from pdekit.gp.kernels import jets
from pdekit.gp.kernels.kernel import AbstractKernel
from pdekit.typing import Array


@dataclass(frozen=True)
class Periodic(AbstractKernel):
    """k(r) = σ² exp(−2 sin²(πr/T)/ℓ²),  period T, ℓ in units of the circle.

    References
    ----------
    MacKay, Introduction to Gaussian Processes (1998), equation 47.
    """

    variance: float = 1.0
    length: float = 1.0
    period: float = 1.0

    def __post_init__(self) -> None:
        """Refuse what is no covariance."""
        if self.length <= 0 or self.period <= 0 or self.variance < 0:
            raise PdekitError("a kernel needs length, period > 0 and variance ≥ 0")

    @property
    def smoothness(self) -> float:
        """Every derivative exists."""
        return inf

    def _jet(self, r: Array, order: int) -> Array:
        """Differentiate k = σ² e^h,  h = (cos ωr − 1)/ℓ²,  by  k' = h' k."""
        h = self._exponent(r, order)
        jet = np.empty((order + 1, *r.shape))
        jet[0] = self.variance * np.exp(
            -2 * (np.sin(pi * r / self.period) / self.length) ** 2
        )
        for n in range(order):
            jet[n + 1] = sum(comb(n, j) * h[j + 1] * jet[n - j] for j in range(n + 1))
        return jet

    def _exponent(self, r: Array, order: int) -> Array:
        """Return the jet of h."""
        h = jets.cosine(r, np.asarray(2 * pi / self.period), order)
        h[0] -= 1
        return h / self.length**2

    def stretched(self, r: Array, order: int) -> tuple[Array, Array]:
        """Return the jet and its derivative in log ℓ, the period kept:  −2 h k."""
        jet = self._jet(r, order)
        return jet, jets.product(-2 * self._exponent(r, order), jet)
