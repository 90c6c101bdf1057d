"""Numbers that checks of boundary-value cases speak of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from pdekit.boundary_value import AbstractProblem
from pdekit.errors import CaseError, Problem, UnknownName
from pdekit.metrics import at_time

if TYPE_CHECKING:
    from pdekit.case.boundary_case import BoundaryCase
    from pdekit.result import Result

ERRORS = {
    "relative_l2": "‖u − u*‖₂/‖u*‖₂ over the points, at the last compared time",
    "linf": "max |u − u*|",
    "relative_l2_max": "the largest relative L² error over the compared frames",
    "error_estimate": "a-posteriori estimate of the relative L² error",
    "observed_order": "order at which the error falls from coarser grids to this one",
}
CONVERGENCE = {
    "iterations": "iterations, or cycles, of all systems together",
    "matvecs": "products with the operator",
    "relative_residual": "‖b − A x‖₂/‖b‖₂, true, of the worst system",
    "convergence_factor": "mean reduction of the residual per iteration",
}
GAUSSIAN = {
    "midpoint_residual": "r.m.s. of what is left of the equation between the nodes, "
    "relative to its largest term (gp)",
    "condition_misfit": "r.m.s. of what is left of the data on the faces, relative to u "
    "(gp)",
    "posterior_deviation": "‖σ‖₂/‖u‖₂, σ the posterior standard deviation (gp)",
    "disagreement_of_bases": "relative L² distance of the means of the two best bases (gp)",
    "smallest_error_of_evaluations": "smallest relative L2 error of twenty evaluations on "
    "the way, chosen with the exact solution (gp_hm)",
    "nyquist_margin": "largest frequency of a band over the Nyquist frequency (gp)",
    "mean_squared_z": "mean of ((u − u*)/σ)² over points and frames: near 1 if σ is right "
    "(gp)",
    "source_relative_l2": "relative L² error of a source that was unknown (observations)",
    "source_mean_squared_z": "mean of ((f − f*)/σ)² of the same (observations)",
    "noise": "standard deviation of the errors of observations, as learned or told",
    "noise_ratio": "the same relative to that with which they were drawn",
    "leave_one_out": "mean of z² of observations that all others predict: near 1 if "
    "prior and noise are right",
    "log_likelihood": "log p of observations and other data",
}
COSTS = ("setup_s", "solve_s", "total_s", "steps", "peak_memory_mb")
SERIES = ("max_abs",)


def accepted(problem: type[AbstractProblem] | AbstractProblem) -> list[str]:
    """Every name that a check may use."""
    series = SERIES if problem.evolves else ()
    return [*ERRORS, *CONVERGENCE, *GAUSSIAN, *COSTS, *series, *problem.metrics]


def require_known(case: BoundaryCase, problem: AbstractProblem, times: Any) -> None:
    """Refuse checks of unknown metrics.

    Raises
    ------
    CaseError
        With all of them.
    """
    names, problems = accepted(problem), list[Problem]()
    for label, check in case.checks.items():
        name = check.metric or label
        wrong = None
        if name not in names:
            wrong = str(UnknownName("metric", name, names))
        elif check.at is not None and name not in SERIES:
            wrong = f"'at' is for time series, and {name} is a single number"
        if wrong is not None:
            problems += case.problem(f"checks.{label}", wrong).problems
    if problems:
        raise CaseError(problems)


def measure(
    name: str, params: Mapping[str, Any], at: Any, result: Result, problem: AbstractProblem
) -> float:
    """Return the value of a metric for a finished run; NaN if it is not known."""
    if name in problem.metrics:
        return float(problem.metrics[name](result, **params))
    for part in ("errors", "convergence", "cost", "solver"):
        value = result.summary[part].get(name)
        if value is not None:
            return float(value)
    if name in result.diagnostics:
        return at_time(result.times, result.diagnostics[name], at)
    return float(np.nan)
