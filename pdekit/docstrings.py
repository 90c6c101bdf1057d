"""Equations and functions in words, out of their docstrings and signatures."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pdekit.boundary_value import AbstractProblem
    from pdekit.equation import AbstractEquation


def first_line(thing: Any) -> str:
    """Return the first line of a docstring."""
    return (inspect.getdoc(thing) or "").split("\n")[0]


def _signature(name: str, function: Callable[..., Any]) -> str:
    """Return one line: the name, the parameters a case may set, and what it is."""
    keys = [
        p.name if p.default is inspect.Parameter.empty else f"{p.name}={p.default}"
        for p in inspect.signature(function).parameters.values()
        if p.kind is inspect.Parameter.KEYWORD_ONLY
    ]
    return f"  {name}({', '.join(keys)}): {first_line(function)}"


def explained(
    name: str,
    cls: type[AbstractEquation] | type[AbstractProblem],
    fields: str,
    functions: Mapping[str, Mapping[str, Callable[..., Any]]],
) -> list[str]:
    """Return the lines about an equation: what it is, its parameters and its functions.

    Parameters
    ----------
    fields
        The line about its fields.
    functions
        By the title above them; a title without any is left out.
    """
    out = [
        f"{name}: {inspect.getdoc(inspect.getmodule(cls)) or ''}",
        "",
        inspect.getdoc(cls) or "",
        "",
        fields,
        "",
        "Parameters  (equation: {name: " + name + ", ...})",
    ]
    for key, field in cls.Params.model_fields.items():
        out.append(f"  {key} (default {field.default}): {field.description or ''}")
    for title, named in functions.items():
        if named:
            out += ["", title, *(_signature(n, f) for n, f in named.items())]
    return out
