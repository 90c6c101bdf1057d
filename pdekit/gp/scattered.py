"""A process of several coordinates conditioned exactly on readings at scattered points.

References
----------
Särkkä, Proc. ICANN (2011) 151 (linear operators in Gaussian-process regression);
Rasmussen & Williams, Gaussian Processes for Machine Learning (2006), chapters 2 and 5.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.linalg import lapack

from pdekit.gp.exact import factorised
from pdekit.gp.likelihood import FIRST_JITTER, Factor
from pdekit.gp.product import Process, cut
from pdekit.gp.readings import Readings, joined, strips
from pdekit.typing import Array


@dataclass(frozen=True, eq=False)
class LeftOut:
    """Data predicted from all others.

    Attributes
    ----------
    z
        Errors in units of the deviation; near standard normal where prior and noise are
        right.
    deviation
        Of the predictions, with the noise of the datum itself.
    """

    z: Array
    deviation: Array

    @property
    def mean_squared(self) -> float:
        """The mean of z²."""
        return float(np.mean(self.z**2))

    @property
    def log_density(self) -> float:
        """Σ log p(y_i | all others)  (Rasmussen & Williams 2006, equation 5.11).

        Of two priors that both are wrong it prefers the one that predicts better, which
        the likelihood does not when it is dominated by other data.
        """
        each = 0.5 * self.z**2 + np.log(self.deviation) + 0.5 * np.log(2 * np.pi)
        return -float(np.sum(each))


_AT_ONCE = 2048
"""Points that are read at a time."""


@dataclass(frozen=True, eq=False)
class Scattered:
    """The process given its data.

    Attributes
    ----------
    process
        Prior of u.
    data
        What u is conditioned on.
    noise_variance
        Variance of the errors of the data declared ``"learn"``.
    factor
        Cholesky factor of the covariance of the data.
    alpha
        C⁻¹(y − mean).
    """

    process: Process
    data: tuple[Readings, ...]
    noise_variance: float
    factor: Factor
    alpha: Array

    @property
    def jitter(self) -> float:
        """What was added to the diagonal, relative to the prior variance of each datum."""
        return self.factor.jitter

    @cached_property
    def log_likelihood(self) -> float:
        """Logarithm of p(data), with the jitter."""
        return -self.factor.negative_log(residuals(self.process, self.data), self.alpha)

    def mean(self, wanted: Readings) -> Array:
        """Return the expectation of readings; their values and noise do not matter."""
        mean = self.process.level * wanted.of_constant
        for part in strips(wanted, len(self.alpha)):
            mean[part] += self._with_data(wanted.only(part)) @ self.alpha
        return mean

    def deviation(self, wanted: Readings) -> Array:
        """Return the standard deviation of the same; 0 where rounding hides it."""
        return self.read(wanted)[1]

    def read(self, wanted: Readings) -> tuple[Array, Array]:
        """Return expectation and standard deviation of readings."""
        mean, variance = np.empty(len(wanted)), self.process.variances(wanted)
        for start in range(0, len(wanted), _AT_ONCE):
            part = slice(start, start + _AT_ONCE)
            with_data = self._with_data(wanted.only(part))
            mean[part] = with_data @ self.alpha
            variance[part] -= np.sum(self.factor.half_solve(with_data.T) ** 2, axis=0)
        mean += self.process.level * wanted.of_constant
        return mean, np.sqrt(np.maximum(variance, 0.0))

    def _with_data(self, wanted: Readings) -> Array:
        return np.hstack([self.process.cross(wanted, r) for r in self.data])

    def samples(
        self, wanted: Sequence[Readings], count: int, rng: np.random.Generator
    ) -> list[Array]:
        """Draw several readings jointly, each ``(count, n)``.

        By Matheron's rule: a draw of the prior is corrected by what the data say of it,
        u + Cov(u, data) C⁻¹ (y − data of the draw − noise of the draw).
        """
        drawn = draws(self.process, [*wanted, *self.data], count, rng)
        noise = np.sqrt(noise_variances(self.data, self.noise_variance))
        seen = np.hstack(drawn[len(wanted) :])
        gap = joined(self.data, "values") - seen - noise * rng.standard_normal(seen.shape)
        weights = self.factor.solve(gap.T)
        return [
            u + (self._with_data(r) @ weights).T
            for r, u in zip(wanted, drawn[: len(wanted)], strict=True)
        ]

    def leave_one_out(self) -> list[LeftOut]:
        """Return how all others predict each datum, for each of the readings.

        With  y_i − μ_i = α_i/[C⁻¹]_ii  and  σ_i² = 1/[C⁻¹]_ii  (Rasmussen & Williams 2006,
        equation 5.12).
        """
        inverse = lapack.dtrtri(self.factor.lower, lower=1)[0]
        deviation = 1 / (self.factor.d * np.linalg.norm(inverse, axis=0))
        z = self.alpha * deviation
        return [LeftOut(z[part], deviation[part]) for part in cut(self.data)]


def condition(
    process: Process,
    data: Sequence[Readings],
    *,
    noise_variance: float = 0.0,
    jitter: float = FIRST_JITTER,
) -> Scattered:
    """Condition a process on data; the jitter is raised tenfold until Cholesky succeeds.

    Examples
    --------
    >>> from pdekit.gp.kernels import SquaredExponential
    >>> from pdekit.gp.product import ProductKernel
    >>> prior = Process((ProductKernel(1.0, (SquaredExponential(),) * 2),))
    >>> points = np.random.default_rng(0).uniform(size=(40, 2))
    >>> u = condition(prior, [Readings(points, {(0, 0): 1.0}, points.prod(axis=1))])
    >>> slope = Readings([[0.5, 0.2]], {(1, 0): 1.0})
    >>> bool(abs(u.mean(slope)[0] - 0.2) < 1e-3)
    True
    """
    process.require(data)
    noise = noise_variances(data, noise_variance)
    factor = factorised(process.matrix(data), noise, jitter)
    alpha = factor.refined(residuals(process, data))
    return Scattered(process, tuple(data), noise_variance, factor, alpha)


def draws(
    process: Process, wanted: Sequence[Readings], count: int, rng: np.random.Generator
) -> list[Array]:
    """Draw readings of the prior jointly, each ``(count, n)``."""
    factor = factorised(process.matrix(wanted), np.zeros(()), FIRST_JITTER)
    drawn = (factor.lower @ rng.standard_normal((len(factor.d), count))).T / factor.d
    mean = process.level * joined(wanted, "of_constant")
    return [drawn[:, part] + mean[part] for part in cut(wanted)]


def noise_variances(data: Sequence[Readings], learned: float) -> Array:
    """Return the variance of the error of every datum."""
    each = [learned if r.noise == "learn" else float(r.noise) ** 2 for r in data]
    return np.repeat(each, [len(r) for r in data])


def residuals(process: Process, data: Sequence[Readings]) -> Array:
    """Return the data less their prior mean."""
    return joined(data, "values") - process.level * joined(data, "of_constant")
