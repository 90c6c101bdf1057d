"""Hyper-parameters of a spectral mixture by maximum marginal likelihood."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from pdekit.gp.covariance import variances
from pdekit.gp.exact import Posterior, condition_with
from pdekit.gp.functional import Functional
from pdekit.gp.kernels import AbstractMixture
from pdekit.gp.likelihood import FIRST_JITTER, LARGEST_JITTER, Likelihood, NotDefinite
from pdekit.typing import Array

NEGLIGIBLE = 1e-14
"""A component with less than this share of every datum's prior variance is dropped."""
_RATIO = (1e-14, 1e-1)
"""Bounds of the noise's variance relative to the prior variance of the same data."""
_LOG_WEIGHT = 150.0
"""Bound of |log w|: weights of 1e±65 only keep the exponential finite."""
_COARSE = 1e-4
"""Noise ratio of the first search: its landscape is smooth, its optimum near the exact one.

Neither starting at 1e-14 nor at 1e-2 suits both exact data and data with noise.
"""


@dataclass(frozen=True, eq=False)
class Fitted:
    """The kernel found, and the process conditioned with it.

    Attributes
    ----------
    kernel
        Without the components that turned out negligible.
    posterior
        The process given the data.
    noise_ratio
        Variance of the noise relative to the prior variance of the same data.
    evaluations
        Likelihoods with gradient that were computed.
    message
        Why the optimisation stopped.
    """

    kernel: AbstractMixture
    posterior: Posterior
    noise_ratio: float
    evaluations: int
    message: str

    @property
    def noise_variance(self) -> float:
        """Variance of the errors of the data declared noisy."""
        return self.posterior.noise_variance


def fit(
    kernel: AbstractMixture,
    data: Sequence[Functional],
    *,
    learn_noise: bool = True,
    noise_ratio: float = 1e-14,
    coarse_evaluations: int = 60,
    evaluations: int = 300,
) -> Fitted:
    """Maximise the marginal likelihood from a first guess; condition with what is found.

    The common factor of the weights is set to its optimum first, so that only their ratios
    matter.  Then L-BFGS-B in log w, log ρ, μ ℓ and the logarithm of the noise ratio:
    frequencies stay below the Nyquist frequency of the points, 1/ρ between four spacings
    and a hundred times the extent ℓ.

    Parameters
    ----------
    kernel
        First guess.
    data
        What the process is conditioned on.
    learn_noise
        Whether the noise of the data declared ``residual`` is fitted or held.
    noise_ratio
        Variance of that noise relative to the prior variance where it is held.
    coarse_evaluations
        At most so many likelihoods are spent on a first search with much noise; 0 where
        the first guess is good already.
    evaluations
        At most so many likelihoods in all.
    """
    search = _Search(kernel, Likelihood.of(data))
    search.scale_weights(_COARSE if coarse_evaluations else noise_ratio)
    if coarse_evaluations:
        search.run(_COARSE, hold=True, most=coarse_evaluations)
    ratio = search.likely_ratio() if learn_noise else noise_ratio
    left = max(1, evaluations - search.evaluations)
    message = search.run(ratio, hold=not learn_noise, most=left)
    return search.result(message)


class _Search:
    """The best point so far in scaled parameters, and the jitter that it needs."""

    def __init__(self, kernel: AbstractMixture, likelihood: Likelihood) -> None:
        """Set scales and bounds from the points of the data."""
        likelihood.require(kernel)
        self.kernel, self.likelihood = kernel, likelihood
        self.jitter, self.evaluations = FIRST_JITTER, 0
        lags = likelihood.map.lags
        extent, h = float(lags[-1]), _spacing(likelihood.data)
        q = kernel.weights.size
        self.scale = np.repeat([1.0, 1.0, extent], q)
        rho = (float(np.log(1e-2 / extent)), float(np.log(0.25 / h)))
        self.bounds = (
            [(-_LOG_WEIGHT, _LOG_WEIGHT)] * q + [rho] * q + [(0.0, 0.5 * extent / h)] * q
        )
        start = kernel.parameters * self.scale
        start[2 * q :] = np.abs(start[2 * q :])
        self.best = np.append(np.clip(start, *np.transpose(self.bounds)), 0.0)
        self.best_value = np.inf

    def at(self, x: Array) -> tuple[AbstractMixture, float]:
        """Return kernel and noise ratio at a point of the search."""
        return self.kernel.at(x[:-1] / self.scale), float(np.exp(x[-1]))

    def scale_weights(self, ratio: float) -> None:
        """Multiply the weights by  yᵀC⁻¹y/n,  the most likely factor."""
        kernel, _ = self.at(self.best)
        first = condition_with(self.likelihood, kernel, ratio=ratio)
        if first.misfit > 0:
            self.best[: kernel.weights.size] += np.log(first.misfit)

    def likely_ratio(self) -> float:
        """Return the most likely of the powers of ten for the kernel so far."""
        kernel, _ = self.at(self.best)
        values = {}
        for ratio in np.geomspace(*_RATIO, 14):
            with suppress(NotDefinite):
                values[float(ratio)] = self.likelihood.value(kernel, ratio, self.jitter)
        return min(values, key=lambda ratio: values[ratio], default=_RATIO[1])

    def __call__(self, x: Array) -> tuple[float, Array]:
        """Return the negative log likelihood and its gradient."""
        self.evaluations += 1
        value, gradient = self.likelihood.gradient(*self.at(x), self.jitter)
        gradient[:-1] /= self.scale
        if value < self.best_value:
            self.best_value, self.best = value, x.copy()
        return value, gradient

    def run(self, ratio: float, *, hold: bool, most: int) -> str:
        """Search; where Cholesky fails raise the jitter and go on from the best point."""
        from scipy.optimize import minimize

        self.best[-1] = np.log(ratio)
        noise = (self.best[-1],) * 2 if hold else tuple(np.log(_RATIO))
        last = self.evaluations + most
        while True:
            self.best_value = np.inf  # values at other jitters or noises do not compare
            try:
                found = minimize(
                    self,
                    self.best,
                    jac=True,
                    method="L-BFGS-B",
                    bounds=[*self.bounds, noise],
                    options={"maxfun": max(1, last - self.evaluations), "maxiter": most},
                )
            except NotDefinite:
                self.jitter *= 10
                if self.jitter > LARGEST_JITTER:
                    raise
            else:
                return str(found.message)

    def result(self, message: str) -> Fitted:
        """Drop negligible components and condition with the rest."""
        kernel, ratio = self.at(self.best)
        kernel = kernel.only(shares(kernel, self.likelihood.data) > NEGLIGIBLE)
        fitted = condition_with(self.likelihood, kernel, ratio=ratio, jitter=self.jitter)
        return Fitted(kernel, fitted, ratio, self.evaluations, message)


def _spacing(data: Sequence[Functional]) -> float:
    """Return the mean spacing of the distinct points."""
    points = np.unique(np.concatenate([x for f in data for _, x in f.places]))
    return float(np.ptp(points)) / max(1, points.size - 1)


def shares(kernel: AbstractMixture, data: Sequence[Functional]) -> Array:
    """Return every component's largest share in the prior variance of a datum."""
    each = np.array(
        [
            np.concatenate([variances(kernel.only([q]), f) for f in data])
            for q in range(kernel.weights.size)
        ]
    )
    return np.max(each / each.sum(axis=0), axis=1)
