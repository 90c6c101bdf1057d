"""Check the metrics of a case that will not be run because something else is wrong.

A run knows its time series from its first values, and checks the names then.  Where it is
not reached, a few points of any values tell them as well.
"""

from __future__ import annotations

from contextlib import suppress

import numpy as np

from pdekit.case.draft import Draft
from pdekit.errors import PdekitError, UnknownName
from pdekit.grid import Axis, Grid
from pdekit.metrics import accepted

POINTS = 8


def check(draft: Draft) -> None:
    """Report the metrics that the equation does not have."""
    names = _known(draft)
    if names is None:
        return
    for label, spec in (draft.sections.get("checks") or {}).items():
        name = spec.metric or label
        if name not in names:
            path = ("checks", label, "metric") if spec.metric else ("checks", label)
            message = str(UnknownName("metric", name, names))
            draft.say(path, message, at_key=not spec.metric)


def _known(draft: Draft) -> list[str] | None:
    """Return all names that a check may use, or None if the rest does not tell them."""
    spec, domain = draft.sections.get("equation"), draft.sections.get("domain")
    if draft.equation is None or spec is None or domain is None:
        return None
    axes = (Axis(name, POINTS, *axis.interval) for name, axis in domain.items())
    grid = Grid(tuple(axes))
    with suppress(PdekitError, ValueError, ArithmeticError), np.errstate(all="ignore"):
        equation = draft.equation(**spec.params)
        equation.numbers = draft.parameters
        u = np.full((1, len(equation.fields), *grid.shape), 0.5)
        u = u.astype(complex if equation.complex else float)
        invariants = equation.invariants(grid, u)
        series = {*invariants, *equation.diagnostics(grid, u), "spectral_tail"}
        return accepted(equation, invariants, series)
    return None
