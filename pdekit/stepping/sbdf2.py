"""Semi-implicit backward differentiation, order 2: one evaluation per step.

    (3/2 v₊ − 2 v + 1/2 v₋)/h = L v₊ + 2 N̂(v) − N̂(v₋)

What the past adds to the next step is kept summed up:  p = −v₋/2 − h N̂(v₋).

References
----------
Ascher, Ruuth & Wetton, SIAM J. Numer. Anal. 32 (1995) 797, eq. (19).
"""

from __future__ import annotations

from typing import Any

from pdekit.stepping._scheme import Scheme, Stage
from pdekit.typing import Array


def weights(linear: Array, h: float) -> dict[str, Any]:
    """Return  d = 1/(3/2 − hL)  and h."""
    return {"d": 1 / (1.5 - h * linear), "h": h}


def step(v: Array, n: Array, p: Array, d: Array, h: float) -> tuple[Array, Array]:
    """Return the new state, and what this one adds to the step after."""
    k = h * n
    return d * (2 * (v + k) + p), -0.5 * v - k


def remember(v: Array, n: Array, h: float) -> Array:
    """Return what a step of the starter leaves to the first of this scheme."""
    return -0.5 * v - h * n


integrator = Scheme(
    name="sbdf2",
    order=2,
    stages=(Stage(step, into=("v", "p")),),
    weights=weights,
    stability=(4 / 3, 0.0),
    starter="etdrk2",
    history=1,
    remember=Stage(remember, into=("p",)),
    summary="semi-implicit BDF of order 2, 1 evaluation per step",
    reference="Ascher, Ruuth & Wetton, SIAM J. Numer. Anal. 32 (1995) 797, eq. (19)",
)
