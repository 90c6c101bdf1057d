"""Variance, lengths and noise of a process by maximum marginal likelihood."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.optimize import minimize

from pdekit.gp.likelihood import FIRST_JITTER, LARGEST_JITTER, Factor, NotDefinite
from pdekit.gp.product import Process, scales
from pdekit.gp.readings import Readings, joined
from pdekit.gp.scattered import Scattered, condition, noise_variances, residuals
from pdekit.typing import Array

LENGTHS = (0.05, 0.15, 0.5)
"""First lengths, relative to the extent of the data along each axis."""
NOISES = (1e-4, 1e-2, 1e-1)
"""First variances of the noise, relative to the mean square of the data."""
MOST = 400
"""Data from which parameters are found: more of them are thinned out at random."""
_LENGTH_BOUNDS = (5e-3, 30.0)
_ENOUGH = 1e-6
"""Relative gain of the log likelihood below which a search ends: far below one unit."""
_DIFFERENCE = 1e-2
"""Step of the parameters between which slopes are compared."""
_FARTHEST = 1.0
"""Longest deviation of the logarithm of a parameter that is believed: a factor of e."""
_COARSE = 1e-8
"""Jitter of a search with exact data: with less, rounding makes the likelihood rough."""
_REACH = 25.0
"""Bound of the change of the logarithms of variances."""


@dataclass(eq=False)
class Likelihood:
    """−log p(data) as a function of (parameters of the process, log noise variance)."""

    process: Process
    data: tuple[Readings, ...]
    jitter: float = FIRST_JITTER
    evaluations: int = 0

    @property
    def learns_noise(self) -> bool:
        """Whether some data have errors of unknown size."""
        return any(r.noise == "learn" for r in self.data)

    def value(self, x: Array) -> float:
        """Return −log p."""
        _, factor, y = self._factorised(x)
        return factor.negative_log(y, factor.solve(y))

    def __call__(self, x: Array) -> tuple[float, Array]:
        """Return −log p and its gradient (Rasmussen & Williams 2006, equation 5.9)."""
        process, factor, y = self._factorised(x)
        alpha = factor.solve(y)
        value = factor.negative_log(y, alpha)
        g = factor.sensitivity(alpha)
        own = 0.5 * g.diagonal()
        learned = noise_variances(
            [replace(r, noise=r.noise if r.noise == "learn" else 0.0) for r in self.data],
            float(np.exp(x[-1])),
        )
        np.fill_diagonal(g, own * (1 + self.jitter))  # jitter is a part of prior variances
        gradient = np.append(process.pull_back(self.data, g), own @ learned)
        return value, gradient

    def _factorised(self, x: Array) -> tuple[Process, Factor, Array]:
        self.evaluations += 1
        process = self.process.at(x[:-1])
        noise = noise_variances(self.data, float(np.exp(x[-1])))
        factor = Factor.of(process.matrix(self.data), noise, self.jitter)
        return process, factor, residuals(process, self.data)


@dataclass(frozen=True, eq=False)
class Fitted:
    """The process found and conditioned.

    Attributes
    ----------
    posterior
        Given all data, with the most likely parameters.
    objective, x
        The likelihood of the data that the parameters were found from, and its maximum.
    message
        Why the last search stopped.
    """

    posterior: Scattered
    objective: Likelihood
    x: Array
    message: str

    @property
    def used(self) -> int:
        """Data among all that the parameters were found from."""
        return sum(map(len, self.objective.data))

    @cached_property
    def neighbours(self) -> tuple[tuple[Scattered, Scattered], ...]:
        """Pairs with parameters one deviation to both sides, in independent directions."""
        data, jitter = self.posterior.data, self.posterior.jitter
        return tuple(
            (
                given(self.objective, self.x + step, data, jitter),
                given(self.objective, self.x - step, data, jitter),
            )
            for step in deviations(self.objective, self.x)
        )

    def read(self, wanted: Readings) -> tuple[Array, Array]:
        """Return expectation and standard deviation, parameters being uncertain.

        To first order  σ² + Σ_i ((μ_i⁺ − μ_i⁻)/2)²,  μ_i^± the expectations one deviation
        of the parameters away (Kass & Steffey, J. Am. Stat. Assoc. 84 (1989) 717).
        """
        mean, deviation = self.posterior.read(wanted)
        variance = deviation**2
        for above, below in self.neighbours:
            variance += (0.5 * (above.mean(wanted) - below.mean(wanted))) ** 2
        return mean, np.sqrt(variance)


def fit(
    process: Process,
    data: Sequence[Readings],
    *,
    everything: Sequence[Readings] | None = None,
    most: int = MOST,
    evaluations: int = 80,
    seed: int = 0,
) -> Fitted:
    """Maximise the marginal likelihood, then condition on all data.

    The search starts from several lengths and noises, the best two by their likelihood,
    and goes by L-BFGS-B in log σ², log ℓ_d and the logarithm of the noise variance.

    Parameters
    ----------
    process
        Families of kernels; lengths of several components keep their ratios at the start.
    data
        What the parameters are found from.
    everything
        What the process is conditioned on in the end, where that is not the same.
    most
        Parameters are found from so many data, drawn at random, in seconds.
    evaluations
        At most so many likelihoods a search.
    seed
        Of the choice of data.
    """
    process.require(data)
    chosen = thinned(data, most, np.random.default_rng(seed))
    exact = any(r.noise == 0 for r in chosen)
    objective = Likelihood(process, chosen, _COARSE if exact else FIRST_JITTER)
    best = min(
        (_search(objective, x, evaluations) for x in _starts(objective, chosen)),
        key=lambda found: found[0],
    )
    x, message = best[1], best[2]
    jitter = FIRST_JITTER if exact else objective.jitter
    posterior = given(objective, x, everything or data, jitter)
    return Fitted(posterior, objective, x, message)


def given(
    objective: Likelihood, x: Array, data: Sequence[Readings], jitter: float
) -> Scattered:
    """Condition on data with other parameters."""
    noise = float(np.exp(x[-1])) if objective.learns_noise else 0.0
    process = objective.process.at(x[:-1])
    return condition(process, data, noise_variance=noise, jitter=jitter)


def deviations(objective: Likelihood, x: Array) -> list[Array]:
    """Return steps of one deviation of the parameters along independent directions.

    Their covariance is the inverse of the second derivatives of −log p (Laplace); no step
    is longer than `_FARTHEST`, as where the data say nothing of a parameter.
    """
    free = len(x) - (not objective.learns_noise)
    h = _DIFFERENCE * np.eye(len(x))[:free]
    try:
        slopes = [objective(x + e)[1] - objective(x - e)[1] for e in h]
    except NotDefinite:
        return []
    second = np.array(slopes)[:, :free] / (2 * _DIFFERENCE)
    values, directions = np.linalg.eigh(0.5 * (second + second.T))
    lengths = 1 / np.sqrt(np.maximum(values, _FARTHEST**-2))
    steps = np.zeros((free, len(x)))
    steps[:, :free] = (directions * lengths).T
    return list(steps)


def thinned(
    data: Sequence[Readings], most: int, rng: np.random.Generator
) -> tuple[Readings, ...]:
    """Return about so many data: first those with unknown errors, of the others the rest.

    Exact data of an equation are many, and say nothing of the errors.
    """
    unknown = sum(len(r) for r in data if r.noise == "learn")
    others = sum(len(r) for r in data) - unknown
    first = min(unknown, max(most - others, most // 2))
    shares = {True: first / max(unknown, 1), False: (most - first) / max(others, 1)}
    found = []
    for r in data:
        n = max(1, min(len(r), int(shares[r.noise == "learn"] * len(r))))
        found.append(r if n == len(r) else r.only(np.sort(rng.permutation(len(r))[:n])))
    return tuple(found)


def _starts(objective: Likelihood, data: Sequence[Readings]) -> list[Array]:
    """Return the two most likely first guesses."""
    template = objective.process
    extent = scales(template, data)
    y, found = residuals(template, data), []
    learned = joined([r for r in data if r.noise == "learn"] or data, "values")
    size = float(np.var(learned)) or float(np.mean(learned**2)) or 1.0
    first = template.parameters.reshape(len(template.components), -1)
    for length in LENGTHS:
        guess = first.copy()
        guess[:, 1:] += np.log(length * extent) - first[0, 1:]
        spread = template.at(guess.ravel())
        unit = np.concatenate([spread.variances(r) for r in data])
        guess[:, 0] += np.log(float(np.mean(y**2 / unit)) or 1.0)
        for noise in NOISES if objective.learns_noise else NOISES[:1]:
            x = np.append(guess.ravel(), np.log(noise * size))
            with suppress(NotDefinite):
                found.append((objective.value(x), x))
    found.sort(key=lambda pair: pair[0])
    return [x for _, x in found[:2]] or [x]


def _search(
    objective: Likelihood, start: Array, evaluations: int
) -> tuple[float, Array, str]:
    """Minimise from a guess; where Cholesky fails, go on from there with more jitter."""
    extent = scales(objective.process, objective.data)
    lengths = [tuple(np.log(np.array(_LENGTH_BOUNDS) * e)) for e in extent]
    bounds = []
    for log_variance in start[:: 1 + len(extent)]:
        bounds += [(log_variance - _REACH, log_variance + _REACH), *lengths]
    bounds = bounds[: len(start)]  # the last of them is of the noise
    while True:
        best = _Best(objective, start)
        try:
            found = minimize(
                best, start, jac=True, method="L-BFGS-B", bounds=bounds,
                options={"maxfun": evaluations, "ftol": _ENOUGH},
            )  # fmt: skip
        except NotDefinite:
            objective.jitter *= 10
            if objective.jitter > LARGEST_JITTER:
                raise
            start = best.x
        else:
            return best.value, best.x, str(found.message)


class _Best:
    """Remembers the best point of a search."""

    def __init__(self, objective: Likelihood, start: Array) -> None:
        self.objective, self.x, self.value = objective, start, np.inf

    def __call__(self, x: Array) -> tuple[float, Array]:
        value, gradient = self.objective(x)
        if value < self.value:
            self.value, self.x = value, x.copy()
        return value, gradient
