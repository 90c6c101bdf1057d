"""Predictions that have learned nothing: what an operator must beat to be worth a word."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from pdekit.case import AnyCase, Case
from pdekit.comparison.solving import Solved, Solving
from pdekit.comparison.trial import Cut, Method, Trial
from pdekit.datasets.dataset import Split
from pdekit.equation import AbstractEquation
from pdekit.errors import NotApplicable
from pdekit.evolution import equation_of
from pdekit.typing import Array

NAMES: Mapping[str, str] = {
    "persistence": "the last frame given, for ever",
    "mean": "the mean of the samples to learn from",
    "linear": "the equation without its nonlinear term; in a steady problem the "
    "coefficient replaced by its harmonic mean",
    "shuffled": "the model trained briefly on inputs and outputs that do not belong "
    "together",
}
"""Controls, and what they predict."""


def persistence(trial: Trial) -> Array:
    """Return the last frame given as all frames asked for."""
    if trial.steady:
        raise NotApplicable("controls", "persistence is for problems in time")
    return np.repeat(trial.given[:, :, -1:], trial.frames, axis=2)


@dataclass(frozen=True)
class Mean:
    """Predicts the mean of the samples to learn from, point by point and frame by frame."""

    values: Array

    @classmethod
    def of(cls, train: Split, cut: Cut) -> Mean:
        """Average over all samples, a few at a time."""
        header = train.header
        total: Any = 0.0
        times = slice(None) if len(header.times) == 1 else slice(None, None, cut.stride)
        for i in range(len(train)):
            each = [np.asarray(train[name][i], dtype=float) for name in header.varying]
            total = total + np.stack(each)[:, times]
        mean = np.asarray(total) / len(train)
        if len(header.times) > 1:
            last = None if cut.frames is None else cut.history + cut.frames
            mean = mean[:, cut.history : last]
        return cls(mean)

    def __call__(self, trial: Trial) -> Array:
        """Return the mean for every sample."""
        return np.broadcast_to(self.values, trial.truth.shape).astype(trial.truth.dtype)


@dataclass(frozen=True)
class Propagator:
    """û(t) = exp(L t) û(0): what is left of  ∂ₜu = L u + N(u)  without N."""

    equation: AbstractEquation

    def __call__(self, trial: Trial) -> Array:
        """Return the linear evolution of the last frame given."""
        u, grid = np.asarray(trial.given[:, :, -1], dtype=float), trial.grid
        axes = tuple(range(-grid.ndim, 0))
        symbol = np.asarray(self.equation.symbol(grid))
        with np.errstate(under="ignore", over="ignore", invalid="ignore"):
            u_hat = np.fft.rfftn(u, axes=axes)[:, :, None]
            span = (trial.ahead - trial.start).reshape(-1, *(1,) * grid.ndim)
            later = np.exp(symbol[:, None] * span) * u_hat
            out = np.fft.irfftn(later, s=grid.shape, axes=axes)
        return out.astype(trial.truth.dtype)


@dataclass(frozen=True)
class Homogenised:
    """Solves with each coefficient replaced by one number, its harmonic mean."""

    method: Solved

    def __call__(self, trial: Trial) -> Array:
        """Return the solutions of constant coefficients."""
        space = tuple(range(2, trial.constant.ndim))
        harmonic = 1 / np.mean(1 / trial.constant, axis=space, keepdims=True)
        same = np.broadcast_to(harmonic, trial.constant.shape)
        return self.method(replace(trial, constant=same))


def linear(problem: AnyCase, trial: Trial) -> Method:
    """Return the control without nonlinearity, or without variation.

    Raises
    ------
    NotApplicable
        If the linear part is not that of the stored fields.
    """
    if not isinstance(problem, Case):
        family = Solving(problem, None, "", trial.constants)
        return Homogenised(family.method(trial.grid.shape, 0.0))
    equation = equation_of(problem)
    if equation.complex or equation.variables or equation.fields != trial.varying:
        raise NotApplicable("controls", "linear needs the equation's own real fields")
    return Propagator(equation)


def controls(
    problem: AnyCase | None, train: Split, cut: Cut, trial: Trial
) -> dict[str, Callable[[], Method]]:
    """Return what makes each control ready that needs no training."""

    def without_nonlinearity() -> Method:
        if problem is None:
            raise NotApplicable("controls", "linear needs the problem of the data")
        return linear(problem, trial)

    return {
        "persistence": lambda: persistence,
        "mean": lambda: Mean.of(train, cut),
        "linear": without_nonlinearity,
    }
