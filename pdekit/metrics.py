"""Numbers that checks speak of, by name.

A metric is an error (``relative_l2``), the drift of an invariant (``mass_drift``), a time
series at some time (``max_abs`` with ``at: initial | final | max | min | mean | <time>``),
a cost (``transforms``), or a number particular to the equation, with parameters.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from pdekit.errors import UnknownName

if TYPE_CHECKING:
    from pdekit.equation import AbstractEquation
    from pdekit.result import Result

ERRORS = {
    "relative_l2": "‖u − u*‖₂/‖u*‖₂ at the last compared time",
    "linf": "max |u − u*| at the last compared time",
    "relative_l2_max": "the largest relative L² error over the compared frames",
    "error_estimate": "a-posteriori estimate of the relative L² error",
}
COSTS = ("steps", "transforms", "solve_s", "total_s", "peak_memory_mb")


def drift(series: Any, scale: float) -> float:
    """max |Q(t) − Q(0)| over  max(|Q(0)|, scale)."""
    q = np.asarray(series)
    size = np.maximum(np.abs(q[0]), scale)
    return float((np.abs(q - q[0]) / np.where(size > 0, size, 1)).max())


def known_metrics(
    equation: AbstractEquation, invariants: Iterable[str], series: Iterable[str]
) -> list[str]:
    """Every name a check may use."""
    drifts = [f"{name}_drift" for name in invariants]
    return [*ERRORS, *drifts, *invariants, *series, *COSTS, *equation.metrics]


def measure(
    name: str, params: Mapping[str, Any], at: Any, result: Result, equation: Any
) -> float:
    """Return the value of a metric for a finished run.

    Raises
    ------
    UnknownName
        If there is no such metric, or no such error in this run.
    """
    summary = result.summary
    if name in equation.metrics:
        return float(equation.metrics[name](result, **params))
    if name.endswith("_drift") and name[: -len("_drift")] in summary["invariants"]:
        return float(summary["invariants"][name[: -len("_drift")]]["drift"])
    if name in ERRORS:
        value = summary["errors"].get(name)
        return math.nan if value is None else float(value)
    if name in COSTS:
        return float(summary["cost"][name])
    if name in result.diagnostics:
        return at_time(result.times, result.diagnostics[name], at)
    raise UnknownName(
        "metric", name, [*ERRORS, *COSTS, *result.diagnostics, *equation.metrics]
    )


def at_time(times: Any, series: Any, at: Any) -> float:
    """Pick from a time series: ``initial``, ``final``, an extremum, the mean, or a time."""
    picks = {"max": np.max, "min": np.min, "mean": np.mean}
    if at in picks:
        return float(picks[at](series))
    if at in (None, "final", "initial"):
        return float(np.mean(series[0 if at == "initial" else -1]))
    frame = int(np.argmin(np.abs(np.asarray(times) - float(at))))
    return float(np.mean(series[frame]))


def holds(value: float, check: Mapping[str, Any]) -> bool:
    """Whether a value is within the bound of a check; NaN never is."""
    if not math.isfinite(value):
        return False
    if "below" in check:
        return value < float(check["below"])
    if "above" in check:
        return value > float(check["above"])
    if "between" in check:
        low, high = check["between"]
        return bool(low <= value <= high)
    return abs(value - float(check["equals"])) <= float(check["within"])
