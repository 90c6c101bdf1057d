"""Rules for trained models: the file is there, and its model fits the case."""

from __future__ import annotations

from collections.abc import Sequence

from pdekit.case.draft import Draft
from pdekit.case.functions import file, resolve
from pdekit.case.learned_case import LearnedSpec
from pdekit.case.schema import TimeSpec
from pdekit.case.yaml_lines import KeyPath
from pdekit.files.weights import WeightsError
from pdekit.prediction.told import Told, field_names, misfits, other_box, unreachable

STEADY_INPUTS = (
    "coefficient", "coefficient_x", "coefficient_y", "coefficient_z", "source", "reaction",
)  # fmt: skip
"""Fields of a steady problem that a model may take."""


def steady(draft: Draft, path: KeyPath, spec: LearnedSpec) -> None:
    """Check a model of a steady problem."""
    told = _told(draft, path, spec)
    if told is not None and told.step is not None:
        draft.say((*path, "weights"), "steps on in time, and the problem is steady")
    elif told is not None:
        _fit(draft, path, spec, told, STEADY_INPUTS)


def rollout(draft: Draft, path: KeyPath, spec: LearnedSpec) -> None:
    """Check a model that steps on in time."""
    told = _told(draft, path, spec)
    if told is None:
        return
    if told.step is None:
        draft.say((*path, "weights"), "is for a steady problem: it does not step on")
        return
    _fit(draft, path, spec, told, ())
    time: TimeSpec | None = draft.sections.get("time")
    if time is not None and (wrong := unreachable(told.step, time)):
        draft.say((*path, "weights"), wrong)


def _told(draft: Draft, path: KeyPath, spec: LearnedSpec) -> Told | None:
    """Read what the file says of its model; report what is wrong with the file."""
    path = (*path, "weights")
    before = len(draft.problems)
    file(draft, path, spec.weights)
    if len(draft.problems) > before:
        return None
    try:
        return Told.of(resolve(draft.source, path, spec.weights))
    except WeightsError as error:
        draft.say(path, str(error))
        return None


def _fit(
    draft: Draft, path: KeyPath, spec: LearnedSpec, told: Told, inputs: Sequence[str]
) -> None:
    equation = draft.equation
    if equation is not None:
        is_complex = bool(getattr(equation, "complex", False))
        fields = field_names(equation.fields, is_complex)
        name = draft.sections["equation"].name
        for sentence in misfits(told, spec.name, name, fields, inputs):
            draft.say((*path, "weights"), sentence)
    if "domain" in draft.sections:
        for sentence in other_box(told, draft.sections["domain"]):
            draft.say((*path, "weights"), sentence)
