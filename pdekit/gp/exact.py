"""A process conditioned exactly on linear functionals: values, fluxes, linear equations.

References
----------
Särkkä, Proc. ICANN (2011) 151 (linear operators in Gaussian-process regression).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from pdekit.gp.covariance import cross, variances
from pdekit.gp.functional import Functional
from pdekit.gp.kernels import AbstractKernel
from pdekit.gp.likelihood import (
    FIRST_JITTER,
    LARGEST_JITTER,
    Factor,
    Likelihood,
    NotDefinite,
)  # fmt: skip
from pdekit.typing import Array

Operator = int | Mapping[int, ArrayLike]
"""The order of a derivative, or order -> coefficient."""


@dataclass(frozen=True, eq=False)
class Posterior:
    """The process given its data.

    Attributes
    ----------
    kernel
        Prior covariance of u.
    data
        What u is conditioned on.
    factor
        Cholesky factor of the covariance of the data.
    alpha
        C⁻¹y.
    log_likelihood
        log p(data), with the jitter.
    noise_variance
        Variance of the errors of the data declared ``residual``.
    """

    kernel: AbstractKernel
    data: tuple[Functional, ...]
    factor: Factor
    alpha: Array
    log_likelihood: float
    noise_variance: float

    @property
    def jitter(self) -> float:
        """What was added to the diagonal, relative to the prior variance of each datum."""
        return self.factor.jitter

    @property
    def misfit(self) -> float:
        """yᵀC⁻¹y/n: near 1 where the data look like draws of the process."""
        y = np.concatenate([f.values for f in self.data])
        return float(np.sum(y * self.alpha)) / y.size

    def mean(self, x: ArrayLike, order: Operator = 0) -> Array:
        """Return the expectation of u, of a derivative or an operator, at points (n,)."""
        return self._with_data(x, order) @ self.alpha

    def deviation(self, x: ArrayLike, order: Operator = 0) -> Array:
        """Return the standard deviation of the same; 0 where rounding hides it."""
        explained = self.factor.half_solve(self._with_data(x, order).T)
        variance = variances(self.kernel, _reading(x, order)) - np.sum(explained**2, axis=0)
        return np.sqrt(np.maximum(variance, 0.0))

    def _with_data(self, x: ArrayLike, order: Operator) -> Array:
        """Return the covariance of what is read at x with the data."""
        wanted = _reading(x, order)
        return np.hstack([cross(self.kernel, wanted, f) for f in self.data])


def _reading(x: ArrayLike, order: Operator) -> Functional:
    return Functional(np.asarray(x), order if isinstance(order, Mapping) else {order: 1.0})


def condition(
    kernel: AbstractKernel,
    data: Sequence[Functional],
    *,
    noise_variance: float = 0.0,
    jitter: float = FIRST_JITTER,
) -> Posterior:
    """Condition a process on data; the jitter is raised tenfold until Cholesky succeeds.

    Examples
    --------
    >>> from pdekit.gp.kernels import SquaredExponential
    >>> x = np.linspace(0, 1, 9)
    >>> walls = Functional([0.0, 1.0], {0: 1.0}, 0.0)
    >>> u = condition(SquaredExponential(), [walls, Functional(x, {2: 1.0}, -2.0)])
    >>> bool(abs(u.mean([0.5])[0] - 0.25) < 1e-6)  # u = x (1 − x)
    True
    """
    likelihood = Likelihood.of(data)
    return condition_with(likelihood, kernel, variance=noise_variance, jitter=jitter)


def condition_with(
    likelihood: Likelihood,
    kernel: AbstractKernel,
    *,
    variance: float | None = None,
    ratio: float = 0.0,
    jitter: float = FIRST_JITTER,
) -> Posterior:
    """Do what `condition` does for data prepared; the noise may be given as a ratio."""
    likelihood.require(kernel)
    c = likelihood.map.matrix(kernel)
    if variance is None:
        variance = likelihood.noise_variance(c, ratio)
    factor = factorised(c, likelihood.noisy * variance, jitter)
    value = likelihood.negative_log(factor, factor.solve(likelihood.values))
    alpha = factor.refined(likelihood.values)
    return Posterior(kernel, likelihood.data, factor, alpha, -value, variance)


def factorised(c: Array, noise: Array, jitter: float) -> Factor:
    """Factorise with the smallest jitter that works."""
    while True:
        try:
            return Factor.of(c, noise, jitter)
        except NotDefinite:
            jitter *= 10
            if jitter > LARGEST_JITTER:
                raise
