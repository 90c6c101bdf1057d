"""Semi-implicit backward differentiation, order 3: one evaluation per step.

    (11/6 v₊ − 3 v + 3/2 v₋₁ − 1/3 v₋₂)/h = L v₊ + 3 N̂(v) − 3 N̂(v₋₁) + N̂(v₋₂)

What the past adds is kept summed up:  p for the next step, q for the one after it.

References
----------
Ascher, Ruuth & Wetton, SIAM J. Numer. Anal. 32 (1995) 797, section 2.3.
"""

from __future__ import annotations

from typing import Any

from pdekit.stepping._scheme import Scheme, Stage
from pdekit.typing import Array


def weights(linear: Array, h: float) -> dict[str, Any]:
    """Return  d = 1/(11/6 − hL),  h and 1/3."""
    return {"d": 1 / (11 / 6 - h * linear), "h": h, "third": 1 / 3}


def step(
    v: Array, n: Array, p: Array, q: Array, d: Array, h: float, third: float
) -> tuple[Array, Array, Array]:
    """Return the new state, and what this one adds to the two steps after."""
    k = h * n
    return d * (3 * (v + k) + p), q - 1.5 * v - 3 * k, third * v + k


def remember(v: Array, n: Array, q: Array, h: float, third: float) -> tuple[Array, Array]:
    """Return what the steps of the starter leave to the first of this scheme."""
    k = h * n
    return q - 1.5 * v - 3 * k, third * v + k


integrator = Scheme(
    name="sbdf3",
    order=3,
    stages=(Stage(step, into=("v", "p", "q")),),
    weights=weights,
    stability=(20 / 21, 0.633),
    starter="etdrk4",
    history=2,
    remember=Stage(remember, into=("p", "q")),
    summary="semi-implicit BDF of order 3, 1 evaluation per step",
    reference="Ascher, Ruuth & Wetton, SIAM J. Numer. Anal. 32 (1995) 797",
)
