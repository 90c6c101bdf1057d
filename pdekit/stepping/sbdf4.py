"""Semi-implicit backward differentiation, order 4: one evaluation per step.

    (25/12 v₊ − 4 v + 3 v₋₁ − 4/3 v₋₂ + 1/4 v₋₃)/h
        = L v₊ + 4 N̂(v) − 6 N̂(v₋₁) + 4 N̂(v₋₂) − N̂(v₋₃)

What the past adds is kept summed up:  p, q and r for the three steps to come.

References
----------
Ascher, Ruuth & Wetton, SIAM J. Numer. Anal. 32 (1995) 797, section 2.4.
"""

from __future__ import annotations

from typing import Any

from pdekit.stepping._scheme import Scheme, Stage
from pdekit.typing import Array


def weights(linear: Array, h: float) -> dict[str, Any]:
    """Return  d = 1/(25/12 − hL),  h and 4/3."""
    return {"d": 1 / (25 / 12 - h * linear), "h": h, "c": 4 / 3}


def step(
    v: Array, n: Array, p: Array, q: Array, r: Array, d: Array, h: float, c: float
) -> tuple[Array, Array, Array, Array]:
    """Return the new state, and what this one adds to the three steps after."""
    k = h * n
    return d * (4 * (v + k) + p), q - 3 * v - 6 * k, r + c * v + 4 * k, -0.25 * v - k


def remember(
    v: Array, n: Array, q: Array, r: Array, h: float, c: float
) -> tuple[Array, Array, Array]:
    """Return what the steps of the starter leave to the first of this scheme."""
    k = h * n
    return q - 3 * v - 6 * k, r + c * v + 4 * k, -0.25 * v - k


integrator = Scheme(
    name="sbdf4",
    order=4,
    stages=(Stage(step, into=("v", "p", "q", "r")),),
    weights=weights,
    stability=(32 / 45, 0.544),
    starter="etdrk4",
    history=3,
    remember=Stage(remember, into=("p", "q", "r")),
    summary="semi-implicit BDF of order 4, 1 evaluation per step",
    reference="Ascher, Ruuth & Wetton, SIAM J. Numer. Anal. 32 (1995) 797",
)
