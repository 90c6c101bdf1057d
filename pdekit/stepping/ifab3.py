"""Adams-Bashforth 3 with an integrating factor: one evaluation per step.

With  E = exp(h L):

    v₊ = E v + h/12 (23 E N̂(v) − 16 E² N̂(v₋₁) + 5 E³ N̂(v₋₂))

What the past adds is kept summed up and carried along by E:  p for the next step, q for
the one after it.

References
----------
Canuto, Hussaini, Quarteroni & Zang, Spectral Methods: Fundamentals in Single Domains
(2006), appendix D.2, on integrating factors; Bashforth & Adams (1883).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pdekit.stepping._scheme import Scheme, Stage
from pdekit.typing import Array


def weights(linear: Array, h: float) -> dict[str, Any]:
    """Return E = exp(h L) and h/12."""
    return {"e": np.exp(h * linear), "g": h / 12}


def step(
    v: Array, n: Array, p: Array, q: Array, e: Array, g: float
) -> tuple[Array, Array, Array]:
    """Return the new state, and what this slope adds to the two steps after."""
    k = g * n
    return e * (v + 23 * k + p), e * (q - 16 * k), e * (5 * k)


def remember(n: Array, q: Array, e: Array, g: float) -> tuple[Array, Array]:
    """Return what the steps of the starter leave to the first of this scheme."""
    k = g * n
    return e * (q - 16 * k), e * (5 * k)


integrator = Scheme(
    name="ifab3",
    order=3,
    stages=(Stage(step, into=("v", "p", "q")),),
    weights=weights,
    stability=(6 / 11, 0.723),
    resonance=1.6,
    starter="ifrk4",
    history=2,
    remember=Stage(remember, into=("p", "q")),
    summary="Adams-Bashforth 3 with an integrating factor, 1 evaluation per step",
    reference="Canuto, Hussaini, Quarteroni & Zang, Spectral Methods (2006), appendix D",
)
