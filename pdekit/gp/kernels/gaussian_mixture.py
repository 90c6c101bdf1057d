"""Spectral mixture: Gaussians in the spectrum, any number of derivatives."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

import numpy as np
from numpy.typing import ArrayLike

from pdekit.gp.kernels import jets
from pdekit.gp.kernels.kernel import AbstractMixture
from pdekit.typing import Array


@dataclass(frozen=True, eq=False)
class GaussianMixture(AbstractMixture):
    """k(r) = Σ w_q exp(−ρ_q² r²) cos 2πμ_q r.

    Differentiated as the real part of  g = w exp(−ρ²r² + i m r),  m = 2πμ,  with
    g' = p g,  p = −2ρ²r + i m.

    References
    ----------
    Wilson & Adams, Proc. ICML (2013) 1067, equation 12.

    Examples
    --------
    >>> float(GaussianMixture(2.0, 0.5, 3.0)(0.0))
    2.0
    """

    @property
    def smoothness(self) -> float:
        """Every derivative exists."""
        return inf

    def components(self, r: Array, order: int) -> Array:
        """Return the jets of the complex g: (order + 1, Q, n)."""
        w, rho2, m = (
            column[:, None]
            for column in (
                self.weights,
                self.inverse_lengths**2,
                2 * np.pi * self.frequencies,
            )
        )
        g = w * np.exp(-rho2 * r**2 + 1j * m * r)
        return jets.exponential(g, -2 * rho2 * r + 1j * m, -2 * rho2, order)

    def _pull_back(self, r: Array, forces: Array) -> Array:
        """Contract the forces with the jets of  ∂g/∂m = i r g  and  ∂g/∂ρ² = −r² g."""
        order = len(forces) - 1
        first = np.zeros_like(forces)  # (r g)⁽ⁿ⁾ = r g⁽ⁿ⁾ + n g⁽ⁿ⁻¹⁾, read from g's side
        first[:order] = np.arange(1, order + 1)[:, None] * forces[1:]
        second = np.zeros_like(forces)
        second[:order] = np.arange(1, order + 1)[:, None] * first[1:]
        on_r = r * forces + first
        on_r2 = r * (r * forces + 2 * first) + second
        jet = self.components(r, order)
        log_w, slope, spread = (
            np.einsum("nql,nl->q", jet, v) for v in (forces, on_r, on_r2)
        )
        return np.concatenate(
            [
                log_w.real,
                -2 * self.inverse_lengths**2 * spread.real,
                -2 * np.pi * slope.imag,
            ]
        )

    def density(self, s: ArrayLike) -> Array:
        """Return two Gaussians per component, at ±μ, of standard deviation ρ/(√2 π)."""
        s = np.asarray(s, float)[..., None]
        w, rho, mu = self.weights, self.inverse_lengths, self.frequencies
        bells = sum(np.exp(-((np.pi * (s - m) / rho) ** 2)) for m in (mu, -mu))
        return np.asarray((w * np.sqrt(np.pi) / (2 * rho) * bells).sum(axis=-1))
