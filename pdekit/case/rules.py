"""What a case must satisfy beyond its structure.

Names exist, parameters fit, formulas compile, keys belong together.  Every rule looks at
the sections that were structurally sound, reports all it finds, and fills in the defaults
that only the equation, the integrator or the metric knows.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Mapping
from typing import TypeVar

from pdekit import registry
from pdekit.case import added_sources, learned_rules
from pdekit.case import functions as case_functions
from pdekit.case.axes import axes_in_order, dimension
from pdekit.case.draft import AXES, Draft
from pdekit.case.learned_case import AnySpec, FinishSpec, RolloutSpec
from pdekit.case.params import Parameters
from pdekit.case.schema import (
    DECLARED,
    MAX_FRAMES,
    AxisSpec,
    CheckSpec,
    EquationSpec,
    OutputSpec,
    RunSpec,
    SaveEvery,
    SolverReference,
    SolverSpec,
    TimeSpec,
)
from pdekit.case.wording import shown
from pdekit.case.yaml_lines import KeyPath
from pdekit.equation import AbstractEquation
from pdekit.errors import UnknownName, suggestion
from pdekit.expressions import CONSTANTS, FUNCTIONS
from pdekit.stepping._cfl import stability_limit
from pdekit.stepping._scheme import Scheme

_ADAPTIVE_KEYS = ("rtol", "atol", "max_step", "first_step", "max_steps")
_FIXED_KEYS = ("step", "steps")
_STEP_KEYS = (*_FIXED_KEYS, "cfl")
_BOUNDS = ("below", "above", "between", "equals")
S = TypeVar("S", bound=SolverSpec)


def apply(draft: Draft) -> None:
    """Apply every rule; the sections of ``draft`` end up with all defaults filled in."""
    for rule in _RULES:
        rule(draft)
    added_sources.check(draft)
    case_functions.initial(draft)
    case_functions.reference(draft)
    if draft.problems or draft.source.problems:  # else the run does, which knows more
        from pdekit.case import metric_names

        metric_names.check(draft)


def check_name(draft: Draft) -> None:
    """Refuse a name that leads out of the folder that holds the runs."""
    name: str = draft.sections.get("name") or ""
    parts = re.split(r"[/\\]", name) if name else []
    if any(part in ("", ".", "..") or ":" in part or "\0" in part for part in parts):
        message = f"must be plain, such as two_waves or waves/two (got {shown(name)})"
        draft.say(("name",), message)


def check_parameters(draft: Draft) -> None:
    """Refuse names of parameters that formulas cannot use."""
    reserved = {*AXES, "t", *CONSTANTS, *FUNCTIONS}
    for name in list(draft.parameters):
        if not name.isidentifier() or not name.isascii():
            draft.say(
                ("parameters", name), "must be a name of letters and digits", at_key=True
            )
        elif name in reserved:
            message = "has a meaning of its own in formulas; choose another name"
            draft.say(("parameters", name), message, at_key=True)
        else:
            continue
        del draft.sections["parameters"][name]


def _equation(draft: Draft) -> None:
    spec = draft.sections.get("equation")
    if spec is None:
        return
    if spec.name == DECLARED:
        _declared(draft, spec)
        return
    draft.equation = draft.find(("equation", "name"), registry.equation, spec.name)
    if draft.equation is not None:
        expected = Parameters.of_model(draft.equation.Params)
        values = draft.params(("equation",), spec.params, expected)
        draft.sections["equation"] = spec.model_copy(update=values)


def _declared(draft: Draft, spec: EquationSpec) -> None:
    """Check an equation that the case writes out, and make its class."""
    from pdekit import declared

    before = len(draft.problems)
    expected = Parameters.of_model(declared.DeclaredParams)
    values = draft.params(("equation",), spec.params, expected)
    if len(draft.problems) > before:
        return
    axes = len(draft.axes) if "domain" in draft.sections else None
    for path, error in declared.problems(values, draft.parameters, axes):
        draft.problems.append(
            draft.source.problem(("equation", *path), error.reason, column=error.column)
        )
    draft.find(("equation", "integrator"), registry.integrator, values["integrator"])
    if len(draft.problems) == before:
        draft.equation = declared.posed(values)
        draft.sections["equation"] = spec.model_copy(update=values)


def _domain(draft: Draft) -> None:
    if axes_in_order(draft) and draft.equation is not None:
        _box(draft, draft.equation, draft.sections["domain"])


def _box(
    draft: Draft, equation: type[AbstractEquation], domain: Mapping[str, AxisSpec]
) -> None:
    """Check that the equation can be posed in the box."""
    dimension(draft, equation, domain)
    for name, axis in domain.items():  # all equations so far evolve in Fourier space
        if axis.boundary != "periodic":
            message = f"{equation.name} needs periodic axes (got {axis.boundary!r})"
            draft.say(("domain", name, "boundary"), message)


def check_time(draft: Draft) -> None:
    """Check that the times are in order, and not too many."""
    time: TimeSpec | None = draft.sections.get("time")
    if time is None:
        return
    if not time.start < time.end:
        draft.say(
            ("time", "end"), f"must be after start = {time.start:g} (got {time.end:g})"
        )
        del draft.sections["time"]
        return
    if isinstance(time.save, SaveEvery):
        frames = (time.end - time.start) / time.save.every
        if not frames <= MAX_FRAMES:
            path = ("time", "save", "every")
            draft.say(path, f"stores {frames:.3g} frames; at most {MAX_FRAMES} are allowed")
    elif isinstance(time.save, tuple):
        check_moments(draft, ("time", "save"), time, time.save)


def check_moments(
    draft: Draft, path: KeyPath, time: TimeSpec, moments: Iterable[float]
) -> None:
    """Check that a list of times is in order, and within the interval that is solved."""
    last = -math.inf
    for number, moment in enumerate(moments):
        if not time.start <= moment <= time.end:
            span = f"[{time.start:g}, {time.end:g}]"
            draft.say((*path, number), f"must lie in {span} (got {moment:g})")
        elif not moment > last:
            draft.say((*path, number), f"must be after {last:g} (got {moment:g})")
        last = max(last, moment)


def _solver(draft: Draft) -> None:
    spec: AnySpec | None = draft.sections.get("solver")
    reference = draft.sections.get("reference")
    if isinstance(spec, RolloutSpec):
        draft.sections["solver"] = _rollout(draft, ("solver",), spec)
    elif spec is not None:
        draft.sections["solver"] = _solver_at(draft, ("solver",), spec)
    if isinstance(reference, SolverReference):
        other = _solver_at(draft, ("reference", "solver"), reference.solver)
        draft.sections["reference"] = reference.model_copy(update={"solver": other})


def _rollout(draft: Draft, path: KeyPath, spec: RolloutSpec) -> RolloutSpec:
    """Check a model, and the classical solver beside it."""
    learned_rules.rollout(draft, path, spec)
    if not isinstance(spec.finish, FinishSpec):
        judge = spec.classical or SolverSpec(integrator=_judge(draft), rtol=1e-8)
        judge = _solver_at(draft, (*path, "classical"), judge)
        return spec.model_copy(update={"classical": judge})
    if spec.classical is not None:
        message = "is not needed: finish is the classical solver"
        draft.say((*path, "classical"), message, at_key=True)
    finish = _solver_at(draft, (*path, "finish"), spec.finish)
    return spec.model_copy(update={"finish": finish})


def _judge(draft: Draft) -> str:
    """Return an adaptive integrator: the one that the equation prefers, if that is one."""
    preferred = draft.equation.integrator if draft.equation is not None else "ark4"
    return preferred if registry.integrator(preferred).adaptive else "ark4"


def _solver_at(draft: Draft, path: KeyPath, spec: S) -> S:
    """Check that the keys belong to the integrator; fill in what the equation prefers."""
    known = registry.solvers()
    if path == ("solver",):
        known = (*known, *registry.models())
    draft.known((*path, "name"), "solver", spec.name, known)
    if draft.equation is not None:
        spec = spec.model_copy(update=_preferred(spec, draft.equation))
    elif spec.integrator == "auto":
        return spec  # the equation, which is reported already, would say what it means
    given = [
        key for key in (*_STEP_KEYS, *_ADAPTIVE_KEYS) if getattr(spec, key) is not None
    ]
    found = draft.find((*path, "integrator"), registry.integrator, spec.integrator)
    if found is None:
        return spec
    is_adaptive = bool(found.adaptive)
    kind = f"{'an adaptive' if is_adaptive else 'a fixed-step'} integrator {found.name!r}"
    takes_cfl = bool(getattr(found, "takes_cfl", False))
    accepted = _ADAPTIVE_KEYS if is_adaptive else _STEP_KEYS if takes_cfl else _FIXED_KEYS
    if takes_cfl and spec.cfl is not None:
        accepted = (*accepted, "max_step")
        _warn_of_cfl(draft, path, spec, found)
    for key in (key for key in given if key not in accepted):
        message = f"is not used with {kind}; it takes {', '.join(accepted)}"
        draft.say((*path, key), message, at_key=True)
    if is_adaptive:
        rtol = 1e-9 if spec.rtol is None else spec.rtol
        return spec.model_copy(update={"rtol": rtol, "atol": spec.atol or 0.0})
    sized = [key for key in given if key in _STEP_KEYS and key in accepted]
    if len(sized) != 1:
        got = " and ".join(sized) or "neither"
        wanted = "either step or steps" + (", or cfl" if takes_cfl else "")
        draft.say(path, f"{kind} needs {wanted} (got {got})", at_key=True)
    return spec


def _warn_of_cfl(draft: Draft, path: KeyPath, spec: SolverSpec, scheme: Scheme) -> None:
    """Warn of a Courant number at which the highest waves that are kept would grow."""
    kept = {"two_thirds": 2 / 3, "half": 1 / 2}.get(str(spec.dealias), 1.0)
    limit = stability_limit(scheme, kept)
    if spec.cfl is not None and spec.cfl > limit:
        draft.source.warnings.append(
            f"{'.'.join(map(str, path))}.cfl: {spec.cfl:g} is beyond {limit:.3g}, the "
            f"stability limit of {scheme.name}: high wavenumbers will grow unless they "
            "are damped; use a smaller cfl"
        )


def _preferred(spec: SolverSpec, equation: type[AbstractEquation]) -> dict[str, str]:
    """Return what ``auto`` means for an equation."""
    keys = ("integrator", "dealias")
    return {key: getattr(equation, key) for key in keys if getattr(spec, key) == "auto"}


def check_outputs(draft: Draft) -> None:
    """Check that there are such figures."""
    outputs: OutputSpec | None = draft.sections.get("outputs")
    if outputs is not None and isinstance(outputs.figures, tuple) and outputs.figures:
        figures = registry.figures()
        for number, name in enumerate(outputs.figures):
            draft.known(("outputs", "figures", number), "figure", name, figures)


def check_run(draft: Draft) -> None:
    """Check that arrays, device and transforms can be had together."""
    run: RunSpec | None = draft.sections.get("run")
    if run is None:
        return
    if run.device == "cuda" and run.backend not in ("auto", "torch"):
        message = f"cuda needs backend torch (got {run.backend!r})"
        draft.say(("run", "device"), message)
    elif run.fft == "auto":
        return
    elif run.backend == "torch" or run.device == "cuda":
        if run.fft != "torch":
            message = f"arrays of torch are transformed by torch (got {run.fft!r})"
            draft.say(("run", "fft"), message)
    elif run.backend == "numpy" and run.fft == "torch":
        draft.say(("run", "fft"), "torch does not transform arrays of backend numpy")


def check_checks(draft: Draft) -> None:
    """Check the bounds, and the parameters of the equation's own metrics."""
    checks: Mapping[str, CheckSpec] = draft.sections.get("checks") or {}
    known = draft.equation.metrics if draft.equation else None
    resolved = {}
    for label, check in checks.items():
        path = ("checks", label)
        check_bound(draft, path, check)
        resolved[label] = check
        metric = None if known is None else known.get(check.metric or label)
        if metric is not None:
            values = draft.params(path, check.params, Parameters.of_function(metric))
            own = {k: v for k, v in values.items() if k not in CheckSpec.model_fields}
            resolved[label] = check.model_copy(update=own)
        elif known is not None:  # a general metric; whether it exists the run knows
            for name in check.params:
                message = f"unknown key{suggestion(name, CheckSpec.model_fields)}"
                draft.say((*path, name), message, at_key=True)
    if "checks" in draft.sections:
        draft.sections["checks"] = resolved


def check_metrics(draft: Draft, names: Collection[str], keys: Collection[str] = ()) -> None:
    """Check bounds on metrics of these names; of parameters they take these, numbers."""
    for label, check in (draft.sections.get("checks") or {}).items():
        check_bound(draft, ("checks", label), check)
        name = check.metric or label
        if name not in names:
            draft.say(("checks", label), str(UnknownName("metric", name, names)))
        for key, value in check.params.items():
            if key not in keys:
                message = f"unknown key{suggestion(key, type(check).model_fields)}"
                draft.say(("checks", label, key), message, at_key=True)
            elif not isinstance(value, int | float):
                draft.say(("checks", label, key), "must be a number")


def check_bound(draft: Draft, path: KeyPath, check: CheckSpec) -> None:
    """Check that a check has one bound, and one that can hold."""
    given = [key for key in _BOUNDS if getattr(check, key) is not None]
    if len(given) != 1:
        which = " and ".join(given) or "none"
        message = f"needs exactly one of below, above, between, equals (got {which})"
        draft.say(path, message, at_key=True)
    if check.between is not None and not check.between[0] <= check.between[1]:
        draft.say((*path, "between"), "must be [lower, upper] with lower <= upper")
    if (check.equals is None) != (check.within is None):
        draft.say(path, "equals and within belong together", at_key=True)


_RULES = (
    check_name,
    check_parameters,
    _equation,
    _domain,
    check_time,
    _solver,
    check_outputs,
    check_run,
    check_checks,
)
