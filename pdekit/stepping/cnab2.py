"""Crank-Nicolson for L, Adams-Bashforth 2 for N: one evaluation per step.

    (v₊ − v)/h = L (v₊ + v)/2 + (3 N̂(v) − N̂(v₋))/2

Crank-Nicolson leaves stiff modes undamped: they alternate in sign.  Solved for v₊ with
d = 1/(1 − hL/2),  since  (1 + hL/2) d = 2d − 1.

References
----------
Kim & Moin, J. Comput. Phys. 59 (1985) 308; Ascher, Ruuth & Wetton, SIAM J. Numer. Anal. 32
(1995) 797, eq. (18).
"""

from __future__ import annotations

from typing import Any

from pdekit.stepping._scheme import Scheme, Stage
from pdekit.typing import Array


def weights(linear: Array, h: float) -> dict[str, Any]:
    """Return d and h."""
    return {"d": 1 / (1 - h / 2 * linear), "h": h}


def step(v: Array, n: Array, n1: Array, d: Array, h: float) -> tuple[Array, Array]:
    """Return the new state and the slope to remember."""
    return d * (2 * v + (1.5 * h) * n - (0.5 * h) * n1) - v, n


def remember(n: Array) -> Array:
    """Keep the slope at the start of a step."""
    return 1.0 * n


integrator = Scheme(
    name="cnab2",
    order=2,
    stages=(Stage(step, into=("v", "n1")),),
    weights=weights,
    stability=(1.0, 0.0),
    starter="etdrk2",
    history=1,
    remember=Stage(remember, into=("n1",)),
    summary="Crank-Nicolson and Adams-Bashforth 2, 1 evaluation per step",
    reference="Ascher, Ruuth & Wetton, SIAM J. Numer. Anal. 32 (1995) 797",
)
