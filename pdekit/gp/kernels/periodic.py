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
        h = jets.cosine(r, np.asarray(2 * pi / self.period), order) / self.length**2
        jet = np.empty((order + 1, *r.shape))
        jet[0] = self.variance * np.exp(
            -2 * (np.sin(pi * r / self.period) / self.length) ** 2
        )
        for n in range(order):
            jet[n + 1] = sum(comb(n, j) * h[j + 1] * jet[n - j] for j in range(n + 1))
        return jet
