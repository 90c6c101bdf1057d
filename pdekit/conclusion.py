"""After the last step: compare, estimate the error, check, and sum up."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from pdekit import metrics, provenance, threads
from pdekit.errors import BlowUp, Interrupted, NotConverged, PdekitError
from pdekit.prediction.parareal import Parareal
from pdekit.prediction.rollout import Rollout
from pdekit.reference import Reference, estimate, relative_l2
from pdekit.result import Result
from pdekit.typing import Array

if TYPE_CHECKING:
    from pdekit.case.schema import CheckSpec
    from pdekit.run import Run
    from pdekit.steady import Solved

TAIL_WARNING = {"double": 1e-8, "single": 1e-4}
"""Rounding fills the tail too, the more the longer a run is."""
_STATUS = {BlowUp: "diverged", NotConverged: "not_converged", Interrupted: "interrupted"}
_Compared: TypeAlias = tuple[float, dict[str, Array]]
"""Time and fields of the last frame of a reference."""
_Measure: TypeAlias = Callable[[str, Mapping[str, Any], Any, Result, Any], float]
"""Value of a metric: of its name, parameters and time, the result and the equation."""

logger = logging.getLogger(__name__)


def conclude(run: Run) -> Result:
    """Turn a run that has ended, one way or another, into its result."""
    began = time.perf_counter()
    series = run.record.stored_series()
    compared, errors = _errors(run) if run.record.frames else (None, {})
    _warn_of_tail(run, series)
    if run.evolution.guide is not None:
        run.warnings += run.evolution.guide.complaints(run.evolution.states)
    facts = _provenance(run)
    result = Result(
        grid=run.grid,
        times=run.times[: run.record.frames],
        fields=run.record.stored_fields(),
        diagnostics=series,
        reference=None if compared is None else compared[1],
        summary=_summary(run, series, errors, time.perf_counter() - began, facts),
        case=run.case.to_dict(),
        provenance=facts,
        reference_time=None if compared is None else compared[0],
    )
    if run.record.frames:
        judge(run, result, metrics.measure, run.equation)
    return result


# -- accuracy --------------------------------------------------------------------------


def _errors(run: Run) -> tuple[_Compared | None, dict[str, Any]]:
    """Compare with the reference, or estimate where there is none."""
    try:
        if run.reference is not None:
            return _compare(run, run.reference())
        if run.failure is not None:
            return None, {}
        if isinstance(run.evolution.guide, Rollout):
            return None, run.evolution.guide.estimate(run.evolution.states)
        tail = float(np.max(run.record.series["spectral_tail"]))
        found = estimate(run, run.record.frame(-1), tail)
    except Interrupted as stop:
        run.failure = stop
        return None, {}
    except PdekitError as failure:  # what was computed is kept
        run.warnings.append(f"the comparison that tells the error failed: {failure}")
        return None, {}
    return None, {
        "error_estimate": found.total,
        "time_error_estimate": found.time,
        "space_error_estimate": found.space,
        "estimator": found.name,
    } | _of_jumps(run, found.total, found.name)


def _of_jumps(run: Run, total: float, name: str) -> dict[str, Any]:
    """Return what the jumps add to an estimate, where a model was corrected."""
    if not isinstance(run.evolution.guide, Parareal):
        return {}
    left = run.evolution.guide.left(run.evolution.states)
    return {
        "error_estimate": total + left,
        "jump_error_estimate": left,
        "estimator": f"{name} + jumps between the slabs",
    }


def _compare(run: Run, reference: Reference) -> tuple[_Compared | None, dict[str, Any]]:
    errors, last = [], None
    for i in range(run.record.frames):
        values = reference.at(i)
        if values is not None:
            errors.append(relative_l2(run.record.frame(i), values))
            last = (i, values)
    if last is None:
        run.warnings.append(
            f"the reference ({reference.name}) has none of the stored times"
        )
        return None, {}
    i, values = last
    t = float(run.times[i])
    full = np.broadcast_to(values, (run.case.run.members, *values.shape[1:]))
    named = {
        name: full[:, c] if run.case.run.members > 1 else full[0, c]
        for c, name in enumerate(run.equation.fields)
    }
    return (t, named), {
        "relative_l2": errors[-1],
        "linf": float(np.abs(run.record.frame(i) - values).max()),
        "relative_l2_max": max(errors),
        "reference": reference.name,
        "compared_at": t,
    }


def _warn_of_tail(run: Run, series: Mapping[str, Array]) -> None:
    tail = float(np.max(series["spectral_tail"])) if run.record.frames else 0.0
    rolled_out = isinstance(run.evolution.guide, Rollout)  # models are of single precision
    if tail > TAIL_WARNING["single" if rolled_out else run.case.run.precision]:
        sentence = (
            f"the spectral tail reaches {tail:.1e}: the grid does not resolve the solution "
            "to rounding; use more points"
        )
        run.warnings.append(sentence)
        logger.warning(sentence)


# -- the summary -----------------------------------------------------------------------


def _summary(
    run: Run,
    series: Mapping[str, Array],
    errors: dict[str, Any],
    compare_s: float,
    environment: dict[str, Any],
) -> dict[str, Any]:
    return {
        "case": run.case.name,
        "title": run.case.title,
        "status": _STATUS.get(type(run.failure), "ok"),
        "message": _message(run),
        "errors": errors,
        "invariants": _invariants(run, series) if run.record.frames else {},
        "checks": [],
        "cost": _cost(run, compare_s),
        "solver": _solver(run),
        **_prediction(run),
        "environment": environment,
        "warnings": list(run.warnings),
    }


def _prediction(run: Run) -> dict[str, Any]:
    """Return what the summary says of a model, if there is one."""
    guide = run.evolution.guide
    return {} if guide is None else {"prediction": guide.prediction(run.evolution.states)}


def _message(run: Run) -> str:
    """Say why a run ended early, and what is kept of it."""
    if run.failure is None:
        return ""
    text = str(run.failure)
    if isinstance(run.failure, Interrupted) or not run.record.frames:
        return text
    u = np.abs(run.record.frame(-1))
    place = np.unravel_index(int(np.argmax(u)), u.shape)
    near = ", ".join(
        f"{axis.name} = {axis.points()[i]:.4g}"
        for axis, i in zip(run.grid.axes, place[2:], strict=True)
    )
    name, t = run.equation.fields[int(place[1])], run.times[run.record.frames - 1]
    return (
        f"{text}. {run.record.frames} frames up to t = {t:.6g} are kept; "
        f"the largest |{name}| there is {u[place]:.4g} near {near}"
    )


def _invariants(run: Run, series: Mapping[str, Array]) -> dict[str, Any]:
    scales = run.equation.invariant_scales(run.grid, run.initial[0])
    return {
        name: {
            "initial": float(np.mean(series[name][0])),
            "drift": metrics.drift(series[name], scales.get(name, 0.0)),
        }
        for name in run.invariants
    }


def _cost(run: Run, compare_s: float) -> dict[str, Any]:
    return {
        "setup_s": run.setup_s,
        "solve_s": run.solve_s,
        "compare_s": compare_s,
        "total_s": run.setup_s + run.solve_s + compare_s,
        "steps": run.evolution.steps if run.evolution.states else 0,
        "transforms": run.earlier_transforms + run.evolution.engine.transforms,
        "iterations": None,
        "peak_memory_mb": _peak_memory_mb(),
    }


def _peak_memory_mb() -> float | None:
    """Return the peak of this process alone: Linux starts ``ru_maxrss`` at the parent's."""
    with suppress(OSError, StopIteration):
        with Path("/proc/self/status").open() as lines:
            peak = next(line for line in lines if line.startswith("VmHWM:"))
        return int(peak.split()[1]) / (1 << 10)
    if sys.platform == "win32":
        return None
    import resource

    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return largest / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def _solver(run: Run) -> dict[str, Any]:
    evolution = run.evolution
    return {
        "name": run.case.solver.name,
        "integrator": evolution.integrator.name,
        "order": evolution.integrator.order,
        **evolution.stepper.describe(),
        "points": list(run.grid.shape),
        "members": run.case.run.members,
        "engine": evolution.engine.name,
        "transforms": plan_of(run),
        "threads": threads.current(),
    }


def _provenance(run: Run) -> dict[str, Any]:
    return provenance.collect(
        device=run.case.run.device, seed=run.case.run.seed, fft=plan_of(run)
    )


def plan_of(run: Run) -> dict[str, Any]:
    """Return what is known about the transforms in use."""
    return dict(run.evolution.engine.transforms_in_use)


# -- checks ----------------------------------------------------------------------------


def judge(run: Run | Solved, result: Result, measure: _Measure, equation: Any) -> None:
    """Hold the metrics that the case names against their bounds, and write it down."""
    checks = [
        _check(label, spec, measure, result, equation)
        for label, spec in run.case.checks.items()
    ]
    result.summary["checks"] = checks
    if run.failure is None and not all(check["holds"] for check in checks):
        result.summary["status"] = "check_failed"


def _check(
    label: str, spec: CheckSpec, measure: _Measure, result: Result, equation: Any
) -> dict[str, Any]:
    """Measure one metric and hold it against its bound."""
    name = spec.metric or label
    try:
        value = measure(name, spec.params, spec.at, result, equation)
    except Exception as problem:  # a metric that fails must not cost the result
        logger.exception("metric %s failed", name)
        return metrics.held(label, spec, None, f"{type(problem).__name__}: {problem}")
    known = value if np.isfinite(value) else None
    return metrics.held(label, spec, known, "not known for this run")
