"""Errors of a method, sample by sample; what is not finite counts as what it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pdekit import field_metrics
from pdekit.comparison.trial import Trial
from pdekit.errors import UnknownName
from pdekit.field_metrics import Spread
from pdekit.typing import Array

METRICS: Mapping[str, Callable[[Array, Array], float]] = {
    "relative_l2": field_metrics.relative_l2,
    "nrmse": field_metrics.nrmse,
    "symmetric_rmse": field_metrics.symmetric_rmse,
    "vrmse": field_metrics.vrmse,
    "max_error": field_metrics.max_error,
    "relative_max_error": field_metrics.relative_max_error,
    "conserved_rmse": field_metrics.conserved_rmse,
    "boundary_rmse": field_metrics.boundary_rmse,
    "log_spectrum_error": field_metrics.log_spectrum_error,
    "wasserstein": field_metrics.wasserstein,
}
"""Metrics of one sample, by the names of part B; less is better in all of them."""
THRESHOLDS = (0.8, 0.9, 0.95)


@dataclass(frozen=True)
class Score:
    """Errors of all samples in one metric; infinite where a prediction is not finite."""

    values: Array

    @property
    def diverged(self) -> int:
        """Number of samples whose prediction is not finite."""
        return int(np.sum(~np.isfinite(self.values)))

    @property
    def mean(self) -> float:
        """Mean over all samples: infinite if one of them diverges."""
        return float(np.mean(self.values))

    def facts(self) -> dict[str, Any]:
        """Return mean, median, 95 % interval of the mean, and how many diverge."""
        finite = self.values[np.isfinite(self.values)]
        found: dict[str, Any] = {"samples": len(self.values), "diverged": self.diverged}
        if self.diverged:
            found |= {"mean": None, "median": None, "low": None, "high": None}
            return found | {
                "mean_of_the_others": float(finite.mean()) if len(finite) else None
            }
        spread = Spread.of(self.values)
        return found | vars(spread)


def score(metric: str, p: Array, y: Array) -> Score:
    """Return the error of every sample.

    Raises
    ------
    UnknownName
        If there is no such metric.
    """
    if metric not in METRICS:
        raise UnknownName("metric", metric, METRICS)
    function = METRICS[metric]
    values = np.full(len(y), np.inf)
    for i in range(len(y)):
        if np.isfinite(p[i]).all():
            with np.errstate(all="ignore"):
                values[i] = function(p[i : i + 1], y[i : i + 1])
    return Score(values)


def scores(metrics: Sequence[str], p: Array, y: Array) -> dict[str, Score]:
    """Return the errors in several metrics."""
    return {metric: score(metric, p, y) for metric in metrics}


def along_time(p: Array, trial: Trial) -> dict[str, Any]:
    """Return how a roll-out fares: error a frame, correlation time, spectrum, drift."""
    y, times = trial.truth, trial.ahead
    sound = np.isfinite(p).reshape(len(p), -1).all(axis=1)
    found: dict[str, Any] = {
        "times": times.tolist(),
        "relative_l2": error_of_frames(p, y),
        "diverged": int(np.sum(~sound)),
    }
    if not sound.all():
        return found
    reach = {
        f"{level:g}": float(field_metrics.correlation_time(p, y, list(times), level).mean())
        for level in THRESHOLDS
    }
    last = (p[:, :, -1:], y[:, :, -1:])
    energy, true = (float(np.mean(np.square(u, dtype=float))) for u in last)
    return found | {
        "correlation_time": reach,
        "log_spectrum_error": field_metrics.log_spectrum_error(*last),
        "mean_drift": field_metrics.conserved_rmse(*last),
        "energy_drift": energy / true - 1 if true else None,
    }


def error_of_frames(p: Array, y: Array) -> list[float | None]:
    """Return the error of every frame; none from where a prediction is not finite."""
    found: list[float | None] = []
    for k in range(y.shape[2]):
        frame = p[:, :, k : k + 1]
        whole = bool(np.isfinite(frame).all())
        with np.errstate(all="ignore"):
            found.append(
                field_metrics.relative_l2(frame, y[:, :, k : k + 1]) if whole else None
            )
    return found
