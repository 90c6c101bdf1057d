"""After the last system: compare, estimate the error, check, and sum up."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np

from pdekit import provenance, threads
from pdekit.conclusion import _peak_memory_mb, judge
from pdekit.errors import BlowUp, Interrupted, NotConverged, PdekitError
from pdekit.result import Result
from pdekit.steady import Memory, metrics
from pdekit.steady.reference import compare
from pdekit.typing import Array

if TYPE_CHECKING:
    from pdekit.steady import Solved

_STATUS: dict[type[PdekitError], str] = {
    NotConverged: "not_converged",
    Interrupted: "interrupted",
    BlowUp: "diverged",
}


def conclude(run: Solved) -> Result:
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


def _errors(run: Solved) -> tuple[Any, dict[str, Any]]:
    """Compare with the reference, or estimate where there is none."""
    try:
        if run.reference is not None:
            compared, errors = compare(run, run.reference)
            return compared, errors | run.bound()
        return None, run.estimate() if run.failure is None else run.bound()
    except Interrupted as stop:
        run.failure = stop
    except PdekitError as failure:  # what was computed is kept
        run.warnings.append(f"the comparison that tells the error failed: {failure}")
    return None, {}


def _summary(
    run: Solved, errors: dict[str, Any], compare_s: float, environment: dict[str, Any]
) -> dict[str, Any]:
    grids, guess = errors.pop("grids", []), getattr(run, "guess", None)
    return {
        "case": run.case.name,
        "title": run.case.title,
        "status": "ok" if run.failure is None else _STATUS[type(run.failure)],
        "message": _message(run),
        "errors": errors,
        "invariants": {},
        "checks": [],
        "convergence": {**({"grids": grids} if grids else {}), **run.convergence()},
        "cost": {
            "setup_s": run.setup_s,
            "solve_s": run.solve_s,
            "compare_s": compare_s,
            "total_s": run.setup_s + run.solve_s + compare_s,
            "transforms": None,
            "peak_memory_mb": _peak_memory_mb(),
            **run.cost(),
        },
        "solver": {
            **run.described(),
            "points": list(run.grid.shape),
            "members": run.case.run.members,
            "threads": threads.current(),
        },
        **({} if guess is None else {"prediction": guess.said()}),
        "environment": environment,
        "warnings": list(run.warnings),
    }


def _message(run: Solved) -> str:
    """Say why a run ended early, and what is kept of it."""
    if run.failure is None:
        return ""
    if isinstance(run.failure, Interrupted) and run.case.time is None:
        kept = not isinstance(run.store, Memory)
        return f"{run.failure}, which a checkpoint keeps" if kept else str(run.failure)
    said = {0: "nothing is kept", 1: "the last iterate is kept"}
    if run.case.time is not None:
        said[1] = f"{len(run.fields)} frames are kept"
    return f"{run.failure}; {said[min(len(run.fields), 1)]}"
