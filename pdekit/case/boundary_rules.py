"""What a case of a boundary-value problem must satisfy beyond its structure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pdekit import registry
from pdekit.boundary_value import AbstractProblem
from pdekit.case import learned_rules, observation_rules, rules
from pdekit.case.axes import axes_in_order, dimension
from pdekit.case.boundary_case import (
    AnySolver,
    BoundedAxis,
    ExactBoundaryReference,
    LinearSolverReference,
    LinearSolverSpec,
    PredictionSpec,
    WallData,
)
from pdekit.case.draft import AXES, Draft
from pdekit.case.functions import file
from pdekit.case.gaussian_case import GaussianSpec, JointSpec
from pdekit.case.observation_case import UNKNOWN
from pdekit.case.params import Parameters
from pdekit.case.schema import (
    ExactInitial,
    FileInitial,
    FileReference,
    FormulaReference,
    RandomInitial,
)
from pdekit.case.yaml_lines import KeyPath
from pdekit.errors import suggestion

_TAKES = {
    "auto": ("maxiter", "cycle", "smoother"),
    "direct": ("order",),
    "spectral": (),
    "multigrid": ("maxiter", "cycle", "smoother"),
    "krylov": ("maxiter", "method", "preconditioner", "cycle", "smoother"),
}
"""Keys beside rtol that a solver uses."""
_OWN = ("order", "maxiter", "method", "preconditioner", "cycle", "smoother")


def apply(draft: Draft) -> None:
    """Apply every rule; the sections of ``draft`` end up with all defaults filled in."""
    for rule in _RULES:
        rule(draft)


def _problem(draft: Draft) -> type[AbstractProblem] | None:
    found: Any = draft.equation
    return found if found is not None and issubclass(found, AbstractProblem) else None


def _names(draft: Draft) -> tuple[str, ...]:
    """Names that formulas may use beside the parameters."""
    problem = _problem(draft)
    return (*draft.axes, *(("t",) if problem is not None and problem.evolves else ()))


def _equation(draft: Draft) -> None:
    spec = draft.sections.get("equation")
    if spec is None:
        return
    found: Any = draft.find(("equation", "name"), registry.problem, spec.name)
    draft.equation = found
    if found is None:
        return
    values = draft.params(("equation",), spec.params, Parameters.of_model(found.Params))
    draft.sections["equation"] = spec.model_copy(update=values)
    for key, value in values.items():
        if isinstance(value, Mapping):
            _medium(draft, ("equation", key), value)


def _medium(draft: Draft, path: KeyPath, value: Mapping[str, Any]) -> None:
    """Check a coefficient that is no formula."""
    if "file" in value:
        file(draft, (*path, "file"), value["file"])
        return
    given = {axis: value[axis] for axis in AXES if value.get(axis) is not None}
    if not given:
        return
    for axis, text in given.items():
        draft.formula((*path, axis), text, _names(draft))
    if "domain" in draft.sections and set(given) != set(draft.axes):
        wanted, got = ", ".join(draft.axes), ", ".join(given)
        message = f"must give a formula for each of the axes {wanted} (got {got})"
        draft.say(path, message, at_key=True)


def _domain(draft: Draft) -> None:
    domain: Mapping[str, BoundedAxis] | None = draft.sections.get("domain")
    if domain is None or not axes_in_order(draft):
        return
    if draft.equation is not None:
        dimension(draft, draft.equation, domain)
    if "mask" in draft.sections and draft.sections["mask"] is not None:
        draft.formula(("mask",), draft.sections["mask"], draft.axes)


def _data(draft: Draft) -> None:
    """Check source, walls and manufactured solution, and that they do not contradict."""
    sections = draft.sections
    names = _names(draft)
    texts = {key: sections.get(key) for key in ("source", "manufactured")}
    for key, text in texts.items():
        if text is not None and (key, text) != ("source", UNKNOWN):
            draft.formula((key,), text, names)
    params = sections["equation"].params if "equation" in sections else {}
    problem = _problem(draft)
    formulas = Parameters.of_model(problem.Params).formulas if problem else ()
    for key, text in params.items():
        if key in formulas and isinstance(text, str):
            allowed = names if key == "source" else draft.axes
            draft.formula(("equation", key), text, allowed)
    given = params.get("source")
    if texts["source"] is not None and given is not None:
        draft.say(("source",), "is given twice, here and as equation.source", at_key=True)
    if texts["manufactured"] is not None:
        _manufactured(draft, given)
    _walls(draft, sections.get("boundary") or {}, sections.get("domain"))


def _manufactured(draft: Draft, source: Any) -> None:
    """Refuse what follows from a manufactured solution and is given all the same."""
    sections = draft.sections
    twice = [
        key
        for key in ("source", "boundary", "initial", "reference")
        if sections.get(key) and (key, sections[key]) != ("source", UNKNOWN)
    ]
    for key in twice:
        message = "follows from `manufactured`; leave one of the two out"
        draft.say((key,), message, at_key=True)
    if source is not None:
        message = "follows from `manufactured`; leave one of the two out"
        draft.say(("equation", "source"), message, at_key=True)
    if sections.get("mask") is not None:
        draft.say(("manufactured",), "cannot be had with a `mask`", at_key=True)
    params = sections["equation"].params if "equation" in sections else {}
    for key, value in params.items():
        if isinstance(value, Mapping) and "x" not in value:
            message = "must be a formula for `manufactured`, which differentiates it"
            draft.say(("equation", key), message, at_key=True)


def _walls(
    draft: Draft,
    boundary: Mapping[str, WallData],
    domain: Mapping[str, BoundedAxis] | None,
) -> None:
    for name, data in boundary.items():
        if domain is not None and name not in domain:
            draft.say(
                ("boundary", name), f"unknown axis{suggestion(name, domain)}", at_key=True
            )
            continue
        if domain is not None and domain[name].boundary == "periodic":
            message = f"the periodic axis {name} has no walls"
            draft.say(("boundary", name), message, at_key=True)
            continue
        ends = domain[name].boundary.split("_") if domain is not None else [""]
        for side, kind in (("lower", ends[0]), ("upper", ends[-1])):
            if (text := getattr(data, side)) is not None:
                if kind == "open":
                    message = "the axis is open there: nothing is given"
                    draft.say(("boundary", name, side), message, at_key=True)
                others = [n for n in _names(draft) if n != name]
                draft.formula(("boundary", name, side), text, others)


def _time(draft: Draft) -> None:
    problem, sections = _problem(draft), draft.sections
    if problem is None:
        return
    if not problem.evolves:
        for key in ("time", "initial"):
            if sections.get(key) is not None:
                message = f"{problem.name} does not depend on time"
                draft.say((key,), message, at_key=True)
        return
    if sections.get("time", ...) is None:
        draft.say(("time",), "is required")
    else:
        rules.check_time(draft)
    told = (sections.get("manufactured"), sections.get("observations", ...))
    if sections.get("initial", ...) is None and told == (None, None):
        draft.say(("initial",), "is required")
    _initial(draft, problem)


def _initial(draft: Draft, problem: type[AbstractProblem]) -> None:
    match draft.sections.get("initial"):
        case str() as text:
            draft.formula(("initial",), text, draft.axes)
        case FileInitial() as spec:
            file(draft, ("initial", "file"), spec.file)
        case ExactInitial() as spec:
            path = ("initial", "exact")
            draft.known(path, "exact solution", spec.exact, problem.exact)
        case RandomInitial(random_field=law) if law.kind != "gaussian":
            message = f"must be gaussian for {problem.name} (got {law.kind!r})"
            draft.say(("initial", "random_field", "kind"), message)


def _solver(draft: Draft) -> None:
    spec, reference = draft.sections.get("solver"), draft.sections.get("reference")
    if isinstance(spec, PredictionSpec):
        draft.sections["solver"] = _predicted(draft, ("solver",), spec)
    elif spec is not None:
        draft.sections["solver"] = _solver_at(draft, ("solver",), spec)
    if isinstance(reference, LinearSolverReference):
        other = _solver_at(draft, ("reference", "solver"), reference.solver)
        draft.sections["reference"] = reference.model_copy(update={"solver": other})


def _solver_at(draft: Draft, path: KeyPath, spec: AnySolver) -> AnySolver:
    """Check that the keys belong to the solver and fill in what it takes when left out."""
    problem = _problem(draft)
    if problem is not None and spec.name not in problem.solvers:
        if spec.name == "auto":
            return GaussianSpec()
        accepted = ", ".join(problem.solvers)
        message = f"must be one of {accepted} for {problem.name} (got {spec.name!r})"
        draft.say((*path, "name"), message)
        return spec
    if spec.name == "auto" and draft.sections.get("observations") is not None:
        return GaussianSpec()
    if isinstance(spec, GaussianSpec | JointSpec):
        return _gaussian(draft, path, spec)
    return _linear(draft, path, spec)


def _predicted(draft: Draft, path: KeyPath, spec: PredictionSpec) -> PredictionSpec:
    """Check a model that predicts a solution, and the solver that finishes."""
    problem = _problem(draft)
    if problem is not None:
        plain = problem.factors == 1 and not problem.evolves
        if not plain or "krylov" not in problem.solvers:
            message = (
                "must be another: a model stands for the solution of one linear equation "
                f"of second order at rest, and {problem.name} is not one"
            )
            draft.say((*path, "name"), message)
            return spec
    for key in ("mask", "observations"):
        if draft.sections.get(key) is not None:
            draft.say((key,), f"cannot be had with {spec.name}: it knows none", at_key=True)
    learned_rules.steady(draft, path, spec)
    if not isinstance(spec.finish, LinearSolverSpec):
        if spec.compare:
            message = "is for finish, whose iterations it counts"
            draft.say((*path, "compare"), message, at_key=True)
        return spec
    finish = _linear(draft, (*path, "finish"), spec.finish)
    return spec.model_copy(update={"finish": finish})


def _gaussian(
    draft: Draft, path: KeyPath, spec: GaussianSpec | JointSpec
) -> GaussianSpec | JointSpec:
    """Refuse what a Gaussian process has no use for."""
    problem = _problem(draft)
    if problem is not None and not problem.evolves and spec.time_points is not None:
        message = f"is for equations in time, and {problem.name} is not one"
        draft.say((*path, "time_points"), message, at_key=True)
    if draft.sections.get("mask") is not None:
        draft.say(("mask",), f"cannot be had with {spec.name}: it solves on a box")
    return spec


def _linear(draft: Draft, path: KeyPath, spec: LinearSolverSpec) -> LinearSolverSpec:
    """Check the keys of solvers of linear systems."""
    for name, axis in (draft.sections.get("domain") or {}).items():
        if "open" in axis.boundary:
            message = (
                f"must have data at both ends for {spec.name}; gp takes {axis.boundary}"
            )
            draft.say(("domain", name, "boundary"), message)
    takes = _TAKES[spec.name]
    for key in _OWN:
        if getattr(spec, key) is not None and key not in takes:
            accepted = ", ".join(("rtol", *takes))
            message = f"is not used by the solver {spec.name!r}; it takes {accepted}"
            draft.say((*path, key), message, at_key=True)
    if spec.smoother is not None:
        draft.known((*path, "smoother"), "smoother", spec.smoother, registry.smoothers())
    cycles = {"multigrid"} & {spec.name, spec.preconditioner}
    if spec.name == "krylov" and spec.preconditioner not in (None, "auto") and not cycles:
        for key in ("cycle", "smoother"):
            if getattr(spec, key) is not None:
                message = f"is of multigrid, not of {spec.preconditioner}"
                draft.say((*path, key), message, at_key=True)
    update: dict[str, Any] = {}
    if spec.name == "krylov":
        update = {key: getattr(spec, key) or "auto" for key in ("method", "preconditioner")}
    if spec.name == "direct":
        update = {"order": spec.order or 2}
    return spec.model_copy(update={**update, **_stepping(draft, path, spec)})


def _stepping(draft: Draft, path: KeyPath, spec: LinearSolverSpec) -> dict[str, Any]:
    """Check the keys of time stepping; return those filled in."""
    problem = _problem(draft)
    if problem is None:
        return {}
    if not problem.evolves:
        for key in ("integrator", "step", "steps"):
            if getattr(spec, key) is not None:
                message = f"is for equations in time, and {problem.name} is not one"
                draft.say((*path, key), message, at_key=True)
        return {}
    if (spec.step is None) == (spec.steps is None):
        got = "neither" if spec.step is None else "step and steps"
        draft.say(path, f"needs either step or steps (got {got})", at_key=True)
    if spec.order == 4:
        draft.say((*path, "order"), "must be 2 for equations in time (got 4)")
    if spec.name == "spectral":
        draft.say((*path, "name"), "must be another for equations in time (got 'spectral')")
    return {"integrator": spec.integrator or "tr_bdf2"}


def _observations(draft: Draft) -> None:
    observation_rules.apply(draft, _names(draft))


def _reference(draft: Draft) -> None:
    spec, problem = draft.sections.get("reference"), _problem(draft)
    match spec:
        case str():
            draft.formula(("reference",), spec, _names(draft))
        case FormulaReference():
            accepted = ("exact", "refine", "solver", "file")
            for name in spec.formulas or {"nothing": ""}:
                message = f"unknown key{suggestion(name, accepted)}"
                draft.say(("reference", name), message, at_key=True)
        case FileReference():
            file(draft, ("reference", "file"), spec.file)
        case ExactBoundaryReference() if problem is not None:
            path = ("reference", "exact")
            if draft.known(path, "exact solution", spec.exact, problem.exact):
                wanted = Parameters.of_function(problem.exact[spec.exact]).positional
                wanted = (wanted or 0) - problem.evolves
                if wanted != len(draft.axes):
                    message = f"{spec.exact!r} needs {wanted} axes (got {len(draft.axes)})"
                    draft.say(path, message)
    until = getattr(spec, "until", None)
    if until is not None and problem is not None and not problem.evolves:
        draft.say(("reference", "until"), "is for equations in time", at_key=True)


def _run(draft: Draft) -> None:
    """Refuse what elliptic solvers do not do."""
    rules.check_run(draft)
    run = draft.sections.get("run")
    if run is None:
        return
    if run.members > 1:
        _members(draft)
    if isinstance(draft.sections.get("solver"), GaussianSpec):
        if run.precision == "single":
            draft.say(("run", "precision"), "must be double for gp (got 'single')")
        if run.device == "cuda":
            draft.say(("run", "device"), "must be auto or cpu for gp (got 'cuda')")


def _members(draft: Draft) -> None:
    """Refuse ensembles in which nothing differs, or that nothing is made for."""
    path, spec, problem = (
        ("run", "members"),
        draft.sections.get("equation"),
        _problem(draft),
    )
    if spec is None or problem is None:
        return
    if isinstance(draft.sections.get("solver"), PredictionSpec):
        draft.say(path, "must be 1 for a trained model")
        return
    if problem.evolves:
        draft.say(path, "must be 1 for equations in time between walls")
        return
    media = [value for value in spec.params.values() if isinstance(value, Mapping)]
    if not any({"random_field", "blocks"} & set(medium) for medium in media):
        message = "must be 1: no coefficient is random, all members would be the same"
        draft.say(path, message)
    if draft.sections.get("reference") is not None:
        draft.say(("reference",), "is for one member", at_key=True)


_RULES: tuple[Callable[[Draft], None], ...] = (
    rules.check_name, rules.check_parameters, _equation, _domain, _data, _time, _solver,
    _observations, _reference, rules.check_outputs, _run, rules.check_checks,
)  # fmt: skip
