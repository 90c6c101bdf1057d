"""After the last system: compare, estimate the error, check, and sum up."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np

from pdekit import provenance, threads
from pdekit.conclusion import _peak_memory_mb, judge
from pdekit.errors import Interrupted, NotConverged, PdekitError
from pdekit.linalg.interface import mean_reduction
from pdekit.result import Result
from pdekit.steady import metrics
from pdekit.steady.reference import algebraic_bound, compare, estimate, last_of
from pdekit.typing import Array

if TYPE_CHECKING:
    from pdekit.steady.run import BoundaryRun

_STATUS: dict[type[PdekitError], str] = {
    NotConverged: "not_converged",
    Interrupted: "interrupted",
}


def conclude(run: BoundaryRun) -> Result:
    """Turn a run that has ended, one way or another, into its result."""
    began = time.perf_counter()
    compared, errors = _errors(run) if run.fields else (None, {})
    device = "cuda" if run.case.run.device == "cuda" else "cpu"
    facts = provenance.collect(device=device, seed=run.case.run.seed, fft={})
    result = Result(
        grid=run.grid,
        times=run.times[: len(run.fields)],
        fields=_stacked(run.fields),
        diagnostics=_stacked(run.series),
        reference=None if compared is None else compared[1],
        summary=_summary(run, errors, time.perf_counter() - began, facts),
        case=run.case.to_dict(),
        provenance=facts,
        reference_time=None if compared is None else compared[0],
    )
    if run.fields:
        judge(run, result, metrics.measure, run.problem)
    return result


def _stacked(frames: list[dict[str, Any]]) -> dict[str, Array]:
    names = frames[0] if frames else ()
    return {name: np.stack([np.asarray(f[name]) for f in frames]) for name in names}


def _errors(run: BoundaryRun) -> tuple[Any, dict[str, Any]]:
    """Compare with the reference, or estimate where there is none."""
    try:
        if run.reference is not None:
            compared, errors = compare(run, run.reference)
            bound = algebraic_bound(run, last_of(run))
            if bound is not None:
                errors["algebraic_error_bound"] = bound
            return compared, errors
        if run.failure is None:
            return None, estimate(run)
        bound = algebraic_bound(run, last_of(run))
        return None, {} if bound is None else {"algebraic_error_bound": bound}
    except Interrupted as stop:
        run.failure = stop
    except PdekitError as failure:  # what was computed is kept
        run.warnings.append(f"the comparison that tells the error failed: {failure}")
    return None, {}


def _summary(
    run: BoundaryRun, errors: dict[str, Any], compare_s: float, environment: dict[str, Any]
) -> dict[str, Any]:
    grids = errors.pop("grids", [])
    return {
        "case": run.case.name,
        "title": run.case.title,
        "status": "ok" if run.failure is None else _STATUS[type(run.failure)],
        "message": _message(run),
        "errors": errors,
        "invariants": {},
        "checks": [],
        "convergence": _convergence(run, grids),
        "cost": _cost(run, compare_s),
        "solver": {
            **run.system.describe(),
            "description": run.work.method,
            "points": list(run.grid.shape),
            "members": run.case.run.members,
            "threads": threads.current(),
            **({"integrator": run.case.solver.integrator} if run.case.time else {}),
        },
        "environment": environment,
        "warnings": list(run.warnings),
    }


def _message(run: BoundaryRun) -> str:
    """Say why a run ended early, and what is kept of it."""
    if run.failure is None:
        return ""
    if isinstance(run.failure, Interrupted) and run.case.time is None:
        return (
            f"{run.failure}, which a checkpoint keeps" if run.stored else str(run.failure)
        )
    kept = {0: "nothing is kept", 1: "the last iterate is kept"}
    if run.case.time is not None:
        kept[1] = f"{len(run.fields)} frames are kept"
    return f"{run.failure}; {kept[min(len(run.fields), 1)]}"


def _convergence(run: BoundaryRun, grids: list[dict[str, Any]]) -> dict[str, Any]:
    work = run.work
    history = run.history[np.isfinite(run.history) & (run.history > 0)]
    factor = None
    if (
        len(history) > 2
        and work.systems == len(work.histories) == 1
        and run.case.time is None
    ):
        factor = mean_reduction(history)
    return {
        **({"grids": grids} if grids else {}),
        "iterations": work.iterations,
        "matvecs": work.matvecs,
        "applications": work.applications,
        "systems": work.systems,
        "relative_residual": work.worst,
        "tolerance": run.case.solver.rtol,
        "convergence_factor": factor,
        "reason": work.reason,
        "events": work.events,
    }


def _cost(run: BoundaryRun, compare_s: float) -> dict[str, Any]:
    work = run.work
    return {
        "setup_s": run.setup_s,
        "solver_setup_s": work.setup_s,
        "solve_s": run.solve_s,
        "linear_solve_s": work.solve_s,
        "preconditioner_s": work.preconditioner_s,
        "matvec_s": work.matvec_s,
        "compare_s": compare_s,
        "total_s": run.setup_s + run.solve_s + compare_s,
        "steps": run.last_step,
        "transforms": None,
        "iterations": work.iterations,
        "peak_memory_mb": _peak_memory_mb(),
    }
