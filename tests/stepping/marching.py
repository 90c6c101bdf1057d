"""March an equation with a named integrator, without a case file."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from pdekit import registry
from pdekit.engine import make_engine
from pdekit.grid import Grid
from pdekit.stepping import Stepper, System
from pdekit.typing import Array, Field

ENDLESS = 10**9
"""More steps than any test takes."""


def set_up(
    equation: Any,
    grid: Grid,
    integrator: str,
    *,
    end: float,
    start: float = 0.0,
    engine: str = "fused",
    members: int = 1,
    precision: str = "double",
    mask: Array | None = None,
    **how: Any,
) -> Stepper:
    """Return an integrator at work on an equation from ``start`` to ``end``."""
    arrays = make_engine(
        engine, grid, channels=len(equation.fields), members=members, precision=precision
    )
    system = System(equation, grid, arrays, start=start, end=end, mask=mask)
    stepper: Stepper = registry.integrator(integrator).start(system, **how)
    return stepper


def march(stepper: Any, u: Field, until: float | None = None) -> Field:
    """Return the values at ``until``, or at the end, of ``u`` ``(member, channel, *space)``."""
    until = stepper.system.end if until is None else until
    state = stepper.advance(stepper.start(u), until, ENDLESS)
    return stepper.sample(state, until)


def solve(equation: Any, grid: Grid, integrator: str, u: Field, **how: Any) -> Field:
    """Return the final values of a field given as ``(channel, *space)`` or ``(*space)``."""
    u = np.asarray(u)
    lead = grid.ndim + 2 - u.ndim
    stepper = set_up(equation, grid, integrator, **how)
    return march(stepper, u[(None,) * lead])[(0,) * lead]


def error(u: Field, exact: Field) -> float:
    """Relative L² error."""
    return float(np.linalg.norm(u - exact) / np.linalg.norm(exact))
