"""What is told of a data set: in its files, and when it is done."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pdekit import metrics, provenance
from pdekit.errors import Interrupted

if TYPE_CHECKING:
    from pdekit.datasets.generation import Making


def facts(making: Making, split: str) -> dict[str, Any]:
    """Return how samples were made: solver, step, points, seed, error, versions."""
    case, problem, sampler = making.case, making.problem, making.sampler
    known = not np.isnan(making.errors).any()
    return {
        "equation": problem.equation.name,
        **sampler.facts(),
        "points_solved": list(sampler.solved.shape),
        "coarsening": "stride" if sampler.coarsen.stride else "spectral",
        "seed": case.seed,
        "split": split,
        "data_error": making.errors.tolist() if known else "not estimated",
        "data_error_samples": case.solved_again,
        "case": case.to_dict(),
        "problem": problem.to_dict(),
        "provenance": provenance.collect(seed=case.seed),
    }


def summary(making: Making, folder: Path) -> dict[str, Any]:
    """Return what ``summary.json`` holds."""
    case, sampler, failure = making.case, making.sampler, making.failure
    worst = None if np.isnan(making.errors).any() else float(making.errors.max())
    checks = [_check(making, label) for label in case.checks]
    status = "ok" if all(check["holds"] for check in checks) else "check_failed"
    if failure is not None:
        status = "interrupted" if isinstance(failure, Interrupted) else "diverged"
    points = list(sampler.solved.shape)
    files = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*.hdf5"))
    return {
        "case": case.name,
        "title": case.title,
        "task": "dataset",
        "status": status,
        "message": str(failure or ""),
        "errors": {
            "error_estimate": worst,
            "estimator": f"{case.solved_again} samples, twice the points, half the step",
        },
        "invariants": {},
        "checks": checks,
        "cost": {
            "setup_s": making.setup_s,
            "solve_s": making.solve_s,
            "compare_s": making.compare_s,
            "total_s": making.setup_s + making.solve_s + making.compare_s,
            "samples": making.solved_now,
        },
        "solver": {**sampler.facts(), "points": points},
        "samples": case.counts,
        "stored": {
            "fields": [*sampler.varying, *sampler.constant],
            "points": list(sampler.stored.shape),
            "frames": len(sampler.times),
            "dtype": case.save.dtype,
            "files": files,
        },
        "environment": provenance.collect(seed=case.seed),
        "warnings": making.warnings,
    }


def _check(making: Making, label: str) -> dict[str, Any]:
    """Hold the estimate of the error against a bound."""
    spec = making.case.checks[label]
    early = making.sampler.times <= spec.params.get("until", np.inf)
    worst = float(making.errors[early].max()) if early.any() else np.nan
    unknown = "not known without data_error and a frame to compare"
    return metrics.held(label, spec, None if np.isnan(worst) else worst, unknown)
