"""March an equation with a named integrator, without a case file."""

from __future__ import annotations

from typing import Any

import numpy as np

from pdekit import registry
from pdekit.engine import make_engine
from pdekit.grid import Grid
from pdekit.stepping import System
from pdekit.typing import Array, Field

DISPERSIVE = (
    *("strang", "yoshida4", "suzuki4", "bm4", "rkn4_6", "rkn6_11", "rkn6_14"),
    *("ifrk4", "etdrk4", "dop853", "dop853_ip"),
)
"""Integrators for the Schrödinger family; `tests/stepping` has all of them."""
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
) -> Any:
    """Return an integrator at work on an equation from ``start`` to ``end``."""
    arrays = make_engine(
        engine, grid, channels=len(equation.fields), members=members, precision=precision
    )
    system = System(equation, grid, arrays, start=start, end=end, mask=mask)
    return registry.integrator(integrator).start(system, **how)


def march(stepper: Any, u: Field) -> Field:
    """Return the values at the end, ``(member, channel, *space)`` like ``u``."""
    end = stepper.system.end
    return stepper.sample(stepper.advance(stepper.start(u), end, ENDLESS), end)


def solve(equation: Any, grid: Grid, integrator: str, u: Field, **how: Any) -> Field:
    """Return the final values of a field given as ``(channel, *space)`` or ``(*space)``."""
    u = np.asarray(u)
    lead = grid.ndim + 2 - u.ndim
    stepper = set_up(equation, grid, integrator, **how)
    return march(stepper, u[(None,) * lead])[(0,) * lead]


def error(u: Field, exact: Field) -> float:
    """Relative L² error."""
    return float(np.linalg.norm(u - exact) / np.linalg.norm(exact))
