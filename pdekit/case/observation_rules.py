"""What observations of a solution must satisfy beyond their structure."""

from __future__ import annotations

from collections.abc import Iterable

from pdekit.case.boundary_case import ExactBoundaryReference, LinearSolverReference
from pdekit.case.draft import Draft
from pdekit.case.functions import file
from pdekit.case.gaussian_case import GaussianSpec
from pdekit.case.observation_case import UNKNOWN, DrawnObservations, FileObservations
from pdekit.case.schema import RefineReference

_OF_BASES = ("basis", "rtol")
"""Keys of the solver that belong to a process on functions of every axis."""


def apply(draft: Draft, names: Iterable[str]) -> None:
    """Check where observations come from, and that the rest of the case can use them."""
    spec = draft.sections.get("observations")
    if spec is None:
        if draft.sections.get("source") == UNKNOWN and "observations" in draft.sections:
            draft.say(("source",), "needs `observations`, from which it is to be found")
        return
    match spec:
        case FileObservations():
            file(draft, ("observations", "file"), spec.file)
        case DrawnObservations():
            _drawn(draft, spec, names)
    _solver(draft)
    match draft.sections.get("reference"):
        case RefineReference() | LinearSolverReference():
            message = (
                "must be a formula, exact or a file with `observations`: on another grid "
                "they say the same, and other solvers do not take them"
            )
            draft.say(("reference",), message, at_key=True)


def _drawn(draft: Draft, spec: DrawnObservations, names: Iterable[str]) -> None:
    if spec.where is not None:
        draft.formula(("observations", "where"), spec.where, names)
    reference = draft.sections.get("reference")
    known = isinstance(reference, str | ExactBoundaryReference)
    if draft.sections.get("manufactured") is None and not known:
        message = (
            "are drawn from `manufactured`, or from a formula or an exact solution in "
            "`reference`, and there is none"
        )
        draft.say(("observations", "points"), message, at_key=True)


def _solver(draft: Draft) -> None:
    solver = draft.sections.get("solver")
    if solver is None:
        return
    if not isinstance(solver, GaussianSpec):
        message = f"are for the solver gp (got {solver.name!r})"
        draft.say(("observations",), message, at_key=True)
        return
    for key in _OF_BASES:
        if getattr(solver, key) != GaussianSpec.model_fields[key].default:
            message = "is not used with `observations`, which are conditioned on exactly"
            draft.say(("solver", key), message, at_key=True)
