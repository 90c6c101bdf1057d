"""Rules for the initial state and the reference: named functions, formulas, files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pdekit.case.draft import Draft
from pdekit.case.params import Parameters
from pdekit.case.schema import (
    INITIAL_KINDS,
    REFERENCE_KINDS,
    ExactInitial,
    ExactReference,
    FileInitial,
    FileReference,
    FormulaInitial,
    FormulaReference,
    StateInitial,
)
from pdekit.case.source import Source
from pdekit.case.types import NamedSection
from pdekit.case.wording import shown
from pdekit.case.yaml_lines import KeyPath
from pdekit.errors import near_misses, suggestion


def initial(draft: Draft) -> None:
    """Check where the run starts from."""
    spec, equation = draft.sections.get("initial"), draft.equation
    if isinstance(spec, FileInitial):
        file(draft, ("initial", "file"), spec.file)
    if equation is None:
        return
    match spec:
        case str() | FormulaInitial():
            formulas = _formulas(draft, "initial", spec, draft.axes, INITIAL_KINDS)
            draft.sections["initial"] = FormulaInitial.model_validate(formulas)
        case ExactInitial():
            _named(draft, "initial", spec, "exact", equation.exact, {})
        case StateInitial():
            _named(draft, "initial", spec, "state", equation.states, {})


def reference(draft: Draft) -> None:
    """Check what the run is compared with."""
    spec, start = draft.sections.get("reference"), draft.sections.get("initial")
    _until(draft, spec)
    if isinstance(spec, FileReference):
        file(draft, ("reference", "file"), spec.file)
    if draft.equation is None:
        return
    match spec:
        case str() | FormulaReference():
            names = (*draft.axes, "t")
            formulas = _formulas(draft, "reference", spec, names, REFERENCE_KINDS)
            until = getattr(spec, "until", None)
            resolved = FormulaReference.model_validate({**formulas, "until": until})
            draft.sections["reference"] = resolved
        case ExactReference():
            same = isinstance(start, ExactInitial) and start.exact == spec.exact
            defaults = start.params if isinstance(start, ExactInitial) and same else {}
            _named(draft, "reference", spec, "exact", draft.equation.exact, defaults)


def _named(
    draft: Draft,
    section: str,
    spec: NamedSection,
    key: str,
    known: Mapping[str, Callable[..., Any]],
    defaults: Mapping[str, Any],
) -> None:
    """Check a named function of the equation and fill in its parameters."""
    name = getattr(spec, key)
    what = "exact solution" if key == "exact" else "initial state"
    if not draft.known((section, key), what, name, known):
        return
    expected = Parameters.of_function(known[name])
    if expected.positional is not None and "domain" in draft.sections:
        wanted = expected.positional - (key == "exact")  # exact solutions take t as well
        if wanted != len(draft.axes):
            message = f"{name!r} needs {wanted} axes (got {len(draft.axes)})"
            draft.say((section, key), message)
    given = {k: v for k, v in defaults.items() if k in expected.names} | spec.params
    values = draft.params((section,), given, expected)
    draft.sections[section] = spec.model_copy(update=values)


def _formulas(
    draft: Draft,
    section: str,
    spec: str | FormulaInitial | FormulaReference,
    names: tuple[str, ...],
    kinds: tuple[str, ...],
) -> dict[str, str]:
    """Check formulas, one per field; a single text stands for the only field."""
    fields = draft.equation.fields if draft.equation else ()
    if isinstance(spec, str):
        draft.formula((section,), spec, names)
        if len(fields) > 1:
            message = f"must give one formula for each of the fields {', '.join(fields)}"
            draft.say((section,), message, at_key=True)
        return dict.fromkeys(fields, spec)
    given = spec.formulas
    misspelt = [
        name for name in given if name not in fields and near_misses(name, kinds, 1)
    ]
    for name, text in given.items():
        if name in fields:
            draft.formula((section, name), text, names)
        elif name in misspelt or not misspelt:
            message = f"unknown field or key{suggestion(name, [*fields, *kinds])}"
            draft.say((section, name), message, at_key=True)
    missing = [name for name in fields if name not in given]
    if missing and given.keys() <= set(fields):
        draft.say(
            (section,), f"must give a formula for {', '.join(missing)} too", at_key=True
        )
    return {name: given[name] for name in fields if name in given}


def _until(draft: Draft, spec: Any) -> None:
    until, time = getattr(spec, "until", None), draft.sections.get("time")
    if until is not None and time is not None and not time.start < until <= time.end:
        span = f"({time.start:g}, {time.end:g}]"
        draft.say(("reference", "until"), f"must lie in {span} (got {until:g})")


def file(draft: Draft, path: KeyPath, name: str) -> None:
    """Refuse a file that is missing or outside the folder of the case."""
    try:
        target = resolve(draft.source, path, name)
        exists = target.is_file()
    except (OSError, ValueError) as error:
        draft.say(path, f"cannot be used as a file name: {error}")
        return
    if not exists:
        draft.say(path, f"no such file: {shown(name)}")


def resolve(source: Source, path: KeyPath, name: str) -> Path:
    """Absolute path of a file a case names.

    Raises
    ------
    ValueError
        If the name, written in a case file, leads out of the folder of that file.
    """
    target = (source.folder / name).resolve()
    if not source.is_trusted(path) and not target.is_relative_to(source.folder.resolve()):
        raise ValueError("it leads out of the folder of the case file")
    return target
