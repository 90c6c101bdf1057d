"""Which axes a domain has: x, then y, then z, as many as the equation needs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from pdekit.case.draft import AXES, Draft
from pdekit.case.schema import MAX_POINTS
from pdekit.errors import suggestion


def axes_in_order(draft: Draft) -> bool:
    """Whether the axes are x, then y, then z; they are put into this order."""
    domain: Mapping[str, Any] | None = draft.sections.get("domain")
    if domain is None:
        return False
    unknown = [name for name in domain if name not in AXES]
    for name in unknown:
        draft.say(("domain", name), f"unknown axis{suggestion(name, AXES)}", at_key=True)
    names = AXES[: len(domain)]
    if not unknown and (set(domain) != set(names) or not domain):
        message = (
            f"must have the axes x, then y, then z (got {', '.join(domain) or 'none'})"
        )
        draft.say(("domain",), message, at_key=True)
    if set(domain) != set(names) or not domain:
        del draft.sections["domain"]
        return False
    draft.sections["domain"] = {name: domain[name] for name in names}
    if math.prod(axis.points for axis in domain.values()) > MAX_POINTS:
        draft.say(("domain",), f"must have at most {MAX_POINTS} points in all", at_key=True)
    return True


def dimension(draft: Draft, equation: type[Any], domain: Mapping[str, Any]) -> None:
    """Check that the equation can be posed in so many dimensions."""
    if len(domain) not in equation.dimensions:
        allowed = " or ".join(map(str, equation.dimensions))
        message = f"{equation.name} needs {allowed} axes (got {len(domain)})"
        draft.say(("domain",), message, at_key=True)
