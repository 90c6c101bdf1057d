"""Spectral mixture of Student t's with five degrees of freedom: Matérn-5/2 envelopes."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import ArrayLike

from pdekit.gp.kernels import jets
from pdekit.gp.kernels.kernel import AbstractMixture
from pdekit.gp.kernels.matern import envelope, envelope_density
from pdekit.typing import Array

_NU = 2.5


@dataclass(frozen=True, eq=False)
class StudentMixture(AbstractMixture):
    """k(r) = Σ w_q G(r) cos 2πμ_q r,  G = (1 + a|r| + a²r²/3) e^{−a|r|},  a = √5 ρ_q.

    Samples have two derivatives: operators of order two at most.

    References
    ----------
    Fang et al., Proc. ICLR (2024), arXiv 2311.04465, equation 8.
    """

    @property
    def smoothness(self) -> float:
        """Four derivatives of k exist at r = 0."""
        return 4

    @property
    def _columns(self) -> tuple[Array, Array, Array]:
        """Return w, a and 2πμ as columns."""
        a, m = sqrt(2 * _NU) * self.inverse_lengths, 2 * np.pi * self.frequencies
        return self.weights[:, None], a[:, None], m[:, None]

    def components(self, r: Array, order: int) -> Array:
        """Return the jets of all components: (order + 1, Q, n)."""
        w, a, m = self._columns
        return w * jets.product(envelope(r, a, order, _NU), jets.cosine(r, m, order))

    def _pull_back(self, r: Array, forces: Array) -> Array:
        """Contract the forces with  a ∂G/∂a = r G'  and  ∂cos mr/∂m = −r sin mr."""
        order = len(forces) - 1
        w, a, m = self._columns
        g = envelope(r, a, order + 1, _NU)  # r G⁽⁵⁾ is continuous, as G⁽⁵⁾ only jumps
        c, s = jets.cosine(r, m, order), jets.sine(r, m, order)
        stretched = r * g[1:]
        stretched += (
            np.arange(order + 1)[:, None, None] * g[:-1]
        )  # of r G': r G⁽ⁿ⁺¹⁾ + n G⁽ⁿ⁾
        return np.concatenate(
            [
                np.einsum("nql,nl->q", w * jets.product(*factors), forces)
                for factors in (
                    (g[:-1], c),
                    (stretched, c),
                    (g[:-1], -2 * np.pi * jets.times_r(s, r)),
                )
            ]
        )

    def density(self, s: ArrayLike) -> Array:
        """Return two Student densities per component, at ±μ."""
        s = np.asarray(s, float)[..., None]
        a = sqrt(2 * _NU) * self.inverse_lengths
        mu = self.frequencies
        bells = sum(envelope_density(s - m, a, _NU) for m in (mu, -mu))
        return np.asarray((self.weights / 2 * bells).sum(axis=-1))
