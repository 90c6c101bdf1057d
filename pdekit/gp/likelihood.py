"""Marginal likelihood of linear functionals and its gradient in the kernel's parameters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log, pi

import numpy as np
from scipy.linalg import blas, lapack

from pdekit.errors import NotConverged, PdekitError
from pdekit.gp.covariance import CovarianceMap
from pdekit.gp.functional import Functional
from pdekit.gp.kernels import AbstractKernel, AbstractMixture
from pdekit.typing import Array

FIRST_JITTER = 1e-13
"""Relative to the prior variance of each datum; about the rounding of a matrix of ones."""
LARGEST_JITTER = 1e-4
"""Where a covariance is not positive definite by more than rounding."""

_REFINEMENTS = 8
"""Steps of iterative refinement at most; each costs as much as a product with C."""


class NotDefinite(NotConverged):
    """The Cholesky factorisation failed at this jitter."""


@dataclass(frozen=True, eq=False)
class Factor:
    """R Rᵀ = D (C + noise) D + jitter,  D = diag(C)^{-1/2}: scaled, as u'' is 1e8 times u.

    ``c`` is right for i ≤ j only; ``lower`` holds R in Fortran order.
    """

    c: Array
    noise: Array
    d: Array
    lower: Array
    jitter: float

    @classmethod
    def of(cls, c: Array, noise: Array, jitter: float) -> Factor:
        """Factorise C with noise variances added to its diagonal."""
        diagonal = c.diagonal()
        if np.any(diagonal <= 0):
            raise PdekitError(
                f"datum {int(np.argmin(diagonal))} has no prior variance: either its "
                "operator vanishes there or the kernel has no weight"
            )
        d = 1 / np.sqrt(diagonal)
        scaled = c * d
        scaled *= d[:, None]
        np.fill_diagonal(scaled, 1.0 + noise * d**2 + jitter)
        lower, failed = lapack.dpotrf(scaled.T, lower=1, clean=1, overwrite_a=1)
        if failed:
            raise NotDefinite(f"the covariance is not definite with jitter {jitter:.0e}")
        return cls(c, noise, d, lower, jitter)

    def solve(self, y: Array) -> Array:
        """Return  (C + jitter)⁻¹ y."""
        return _scaled(self.d, lapack.dpotrs(self.lower, _scaled(self.d, y), lower=1)[0])

    def refined(self, y: Array) -> Array:
        """Return  C⁻¹ y  by iterative refinement against the jitter, while it helps.

        With a factor of a matrix that is barely definite, steps may as well do harm.
        """
        x = self.solve(y)
        gap = self._gap(y, x)
        for _ in range(_REFINEMENTS):
            better = x + self.solve(gap)
            left = self._gap(y, better)
            if self._norm(left) > 0.9 * self._norm(gap):
                break
            x, gap = better, left
        return x

    def _gap(self, y: Array, x: Array) -> Array:
        """Return  y − (C + noise) x."""
        product = blas.dsymm(1.0, self.c.T, x.reshape(len(x), -1), lower=1)
        return y - _scaled(self.noise, x) - product.reshape(x.shape)

    def _norm(self, y: Array) -> float:
        return float(np.linalg.norm(_scaled(self.d, y)))

    def log_determinant(self) -> float:
        """Return log |C + jitter|."""
        return float(2 * np.sum(np.log(self.lower.diagonal()) - np.log(self.d)))

    def negative_log(self, y: Array, alpha: Array) -> float:
        """Return −log p of y, or of the columns of y as draws, with  α = C⁻¹y."""
        each, draws = self.log_determinant() + len(y) * log(2 * pi), y.size // len(y)
        return 0.5 * (float(np.sum(y * alpha)) + float(draws * each))

    def sensitivity(self, alpha: Array) -> Array:
        """Return  m C⁻¹ − ααᵀ  of m columns, nothing below the diagonal; R is used up.

        d(−log p) = Σ_{i<j} g_ij dC_ij + ½ Σ_i g_ii dC_ii:  i < j stands for two entries.
        """
        inverse = lapack.dpotri(self.lower, lower=1, overwrite_c=1)[0]
        columns = _scaled(1 / self.d, alpha).reshape(len(alpha), -1)
        m = float(columns.shape[1])
        g = blas.dsyrk(-1.0, columns, beta=m, c=inverse, lower=1, overwrite_c=1).T
        g *= self.d
        g *= self.d[:, None]
        return np.asarray(g)

    def half_solve(self, b: Array) -> Array:
        """Return  R⁻¹ D b:  its columns' squared lengths are  bᵀ C⁻¹ b."""
        return lapack.dtrtrs(self.lower, self.d[:, None] * b, lower=1)[0]


def _scaled(diagonal: Array, y: Array) -> Array:
    """Return  diag(d) y  for one column or several."""
    return np.asarray((diagonal * y.T).T)


@dataclass(frozen=True, eq=False)
class Likelihood:
    """−log p(y | kernel, noise) of some data as a function of the kernel.

    The variance of the residual's noise is given relative to the mean prior variance of
    those data, so that it means the same at every step of an optimisation.
    """

    data: tuple[Functional, ...]
    map: CovarianceMap
    values: Array
    noisy: Array

    @classmethod
    def of(cls, data: Sequence[Functional]) -> Likelihood:
        """Prepare what does not depend on the kernel."""
        values = np.concatenate([f.values for f in data])
        noisy = np.repeat([f.noise == "residual" for f in data], [len(f) for f in data])
        return cls(tuple(data), CovarianceMap.of(data), values, noisy)

    def require(self, kernel: AbstractKernel) -> None:
        """Refuse a kernel whose derivatives the data need and it has not."""
        top = max(f.order for f in self.data)
        kernel.require(2 * top, f"conditioning on an operator of order {top}")

    def noise_variance(self, c: Array, ratio: float) -> float:
        """Return the variance of the noise for a covariance of the data."""
        return ratio * float(c.diagonal()[self.noisy].mean()) if self.noisy.any() else 0.0

    def value(self, kernel: AbstractKernel, ratio: float, jitter: float) -> float:
        """Return −log p(y)."""
        c = self.map.matrix(kernel)
        factor = Factor.of(c, self.noisy * self.noise_variance(c, ratio), jitter)
        return self.negative_log(factor, factor.solve(self.values))

    def negative_log(self, factor: Factor, alpha: Array) -> float:
        """Return −log p(y) from a factor of C and  α = C⁻¹y."""
        return factor.negative_log(self.values, alpha)

    def gradient(
        self, kernel: AbstractMixture, ratio: float, jitter: float
    ) -> tuple[float, Array]:
        """Return −log p(y) and its gradient in (log w, log ρ, μ, log ratio).

        With  G = ½ (C⁻¹ − ααᵀ),  α = C⁻¹y:  d nll = Σ G dC  (Rasmussen & Williams 2006,
        equation 5.9); of m draws  G = ½ (m C⁻¹ − Σ ααᵀ).
        """
        c = self.map.matrix(kernel)
        noise = self.noisy * self.noise_variance(c, ratio)
        factor = Factor.of(c, noise, jitter)
        alpha = factor.solve(self.values)
        value = self.negative_log(factor, alpha)
        g = factor.sensitivity(alpha)
        own = 0.5 * g.diagonal()
        on_ratio = own @ noise
        # Jitter and noise are proportional to prior variances: their own, and the mean one.
        shared = ratio * own[self.noisy].mean() if self.noisy.any() else 0.0
        np.fill_diagonal(g, own * (1 + jitter) + self.noisy * shared)
        on_kernel = kernel.pull_back(self.map.lags, self.map.forces(g))
        return value, np.append(on_kernel, on_ratio)
