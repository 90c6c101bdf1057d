"""Check the sources of single fields that a case adds to its equation."""

from __future__ import annotations

from collections.abc import Mapping

from pdekit.case.draft import AXES, Draft
from pdekit.errors import suggestion


def check(draft: Draft) -> None:
    """Report sources of fields that the equation has not, and formulas that are wrong."""
    spec = draft.sections.get("equation")
    given = spec.params.get("source") if spec is not None else None
    if draft.equation is None or not isinstance(given, Mapping):
        return
    fields = draft.equation.fields
    for name, text in given.items():
        path = ("equation", "source", name)
        if name not in fields:
            draft.say(path, f"unknown field{suggestion(str(name), fields)}", at_key=True)
        elif isinstance(text, str):
            draft.formula(path, text, {*AXES, "t"} - draft.parameters.keys())
