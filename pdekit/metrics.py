"""Numbers that checks speak of, by name.

A metric is an error (``relative_l2``), the drift of an invariant (``mass_drift``), a time
series at some time (``max_abs`` with ``at: initial | final | max | min | mean | <time>``),
a cost (``transforms``), or a number particular to the equation, with parameters.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from pdekit.errors import UnknownName

if TYPE_CHECKING:
    from pdekit.case.schema import CheckSpec
    from pdekit.equation import AbstractEquation
    from pdekit.result import Result

ERRORS = {
    "relative_l2": "‖u − u*‖₂/‖u*‖₂ at the last compared time",
    "linf": "max |u − u*| at the last compared time",
    "relative_l2_max": "the largest relative L² error over the compared frames",
    "error_estimate": "a-posteriori estimate of the relative L² error",
}
COSTS = ("steps", "transforms", "solve_s", "total_s", "peak_memory_mb")
BOUNDS = ("below", "above", "between", "equals", "within")


def drift(series: Any, scale: float) -> float:
    """Return  max |Q(t) − Q(0)| over  max(|Q(0)|, scale)."""
    q = np.asarray(series)
    size = np.maximum(np.abs(q[0]), scale)
    return float((np.abs(q - q[0]) / np.where(size > 0, size, 1)).max())


def accepted(
    equation: AbstractEquation | type[AbstractEquation],
    invariants: Iterable[str],
    series: Iterable[str],
) -> list[str]:
    """Every name a check may use; the series include the invariants."""
    drifts = [f"{name}_drift" for name in invariants]
    return [*ERRORS, *drifts, *series, *COSTS, *equation.metrics]


def complaint(
    name: str,
    at: Any,
    times: Any,
    equation: AbstractEquation,
    invariants: Iterable[str],
    series: Iterable[str],
) -> str | None:
    """Say what is wrong with a check before anything is run, or None."""
    names, series = accepted(equation, invariants, series), list(series)
    if name not in names:
        return str(UnknownName("metric", name, names))
    if at is None or _takes_time(equation, name):
        return None
    if name not in series:
        return f"'at' is for time series, and {name} is a single number"
    if not isinstance(at, str):
        nearest = float(times[np.argmin(np.abs(times - at))])
        if abs(nearest - at) > 1e-9 * float(times[-1] - times[0]):
            return (
                f"no frame is stored at t = {at:g}, the nearest is {nearest:.6g}; "
                "put the time into time.save"
            )
    return None


def measure(
    name: str, params: Mapping[str, Any], at: Any, result: Result, equation: Any
) -> float:
    """Return the value of a metric for a finished run; NaN if it is not known.

    Raises
    ------
    UnknownName
        If there is no such metric.
    """
    summary = result.summary
    if name in equation.metrics:
        when = {"at": at} if at is not None and _takes_time(equation, name) else {}
        return float(equation.metrics[name](result, **{**params, **when}))
    if name.endswith("_drift") and name[: -len("_drift")] in summary["invariants"]:
        return float(summary["invariants"][name[: -len("_drift")]]["drift"])
    if name in ERRORS:
        value = summary["errors"].get(name)
        return math.nan if value is None else float(value)
    if name in COSTS:
        cost = summary["cost"].get(name)
        return math.nan if cost is None else float(cost)
    if name in result.diagnostics:
        return at_time(result.times, result.diagnostics[name], at)
    names = accepted(equation, summary["invariants"], result.diagnostics)
    raise UnknownName("metric", name, names)


def at_time(times: Any, series: Any, at: Any) -> float:
    """Pick from a time series: ``initial``, ``final``, an extremum, the mean, or a time."""
    picks: dict[Any, Callable[[Any], Any]] = {"max": np.max, "min": np.min, "mean": np.mean}
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


def held(label: str, spec: CheckSpec, value: float | None, unknown: str) -> dict[str, Any]:
    """Return a check of a case with what was found, or why that is not known."""
    name = spec.metric or label
    bounds = {key: v for key in BOUNDS if (v := getattr(spec, key)) is not None}
    found = {"metric": name, "value": value, **bounds, "holds": False}
    if name != label:
        found["label"] = label
    if spec.at is not None:
        found["at"] = spec.at
    if value is None:
        return found | {"why": unknown}
    return found | {"holds": holds(value, bounds)}


def _takes_time(equation: Any, name: str) -> bool:
    """Whether a metric of the equation has a parameter ``at`` of its own."""
    metric = equation.metrics.get(name)
    return metric is not None and "at" in inspect.signature(metric).parameters
