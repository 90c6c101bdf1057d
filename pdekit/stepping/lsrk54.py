"""Low-storage Runge-Kutta, five stages, order four, with an integrating factor.

What is solved is  ∂ₜu = N̂  in the frame  u = exp(−t L) v,  with one array beside the state:

    s ← Aᵢ s + h N̂(v),   v ← v + Bᵢ s,

after which both are carried to the time of the next stage by  Eᵢ = exp((cᵢ₊₁ − cᵢ) h L).
All these differences are positive, so that no factor grows where L decays; L itself is
solved exactly and never limits the step.

References
----------
Carpenter & Kennedy, NASA Technical Memorandum 109112 (1994), five-stage fourth-order
scheme of section 3 ("solution 3"); the storage is that of Williamson, J. Comput. Phys. 35
(1980) 48.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from pdekit.stepping._scheme import Scheme, Stage
from pdekit.typing import Array

A = (
    Fraction(0),
    Fraction(-567301805773, 1357537059087),
    Fraction(-2404267990393, 2016746695238),
    Fraction(-3550918686646, 2091501179385),
    Fraction(-1275806237668, 842570457699),
)
B = (
    Fraction(1432997174477, 9575080441755),
    Fraction(5161836677717, 13612068292357),
    Fraction(1720146321549, 2090206949498),
    Fraction(3134564353537, 4481467310338),
    Fraction(2277821191437, 14882151754819),
)
C = (
    Fraction(0),
    Fraction(1432997174477, 9575080441755),
    Fraction(2526269341429, 6820363962896),
    Fraction(2006345519317, 3224310063776),
    Fraction(2802321613138, 2924317926251),
)


def weights(linear: Array, h: float) -> dict[str, Any]:
    """Return h, the numbers Aᵢ and Bᵢ, and the factors from each stage to the next."""
    ends = [*C[1:], Fraction(1)]
    turns = {
        f"e{i}": np.exp(float(end - c) * h * linear)
        for i, (c, end) in enumerate(zip(C, ends, strict=True), start=1)
    }
    numbers = {f"a{i}": float(a) for i, a in enumerate(A, start=1) if i > 1}
    numbers |= {f"b{i}": float(b) for i, b in enumerate(B, start=1)}
    return {"h": h, **numbers, **turns}


def first(v: Array, n: Array, e1: Array, b1: float, h: float) -> tuple[Array, Array, Array]:
    """Argument, once to transform and once to keep, and the sum of slopes."""
    s = h * n
    w = e1 * (v + b1 * s)
    return w, w, e1 * s


def second(
    v: Array, s: Array, n: Array, e2: Array, a2: float, b2: float, h: float
) -> tuple[Array, Array, Array]:
    """Second stage."""
    r = a2 * s + h * n
    w = e2 * (v + b2 * r)
    return w, w, e2 * r


def third(
    v: Array, s: Array, n: Array, e3: Array, a3: float, b3: float, h: float
) -> tuple[Array, Array, Array]:
    """Third stage."""
    r = a3 * s + h * n
    w = e3 * (v + b3 * r)
    return w, w, e3 * r


def fourth(
    v: Array, s: Array, n: Array, e4: Array, a4: float, b4: float, h: float
) -> tuple[Array, Array, Array]:
    """Fourth stage."""
    r = a4 * s + h * n
    w = e4 * (v + b4 * r)
    return w, w, e4 * r


def last(v: Array, s: Array, n: Array, e5: Array, a5: float, b5: float, h: float) -> Array:
    """Return the new state."""
    return e5 * (v + b5 * (a5 * s + h * n))


integrator = Scheme(
    name="lsrk54",
    order=4,
    stages=(
        Stage(first, into=("w", "v", "s"), at=float(C[0])),
        Stage(second, into=("w", "v", "s"), at=float(C[1])),
        Stage(third, into=("w", "v", "s"), at=float(C[2])),
        Stage(fourth, into=("w", "v", "s"), at=float(C[3])),
        Stage(last, into=("v",), at=float(C[4])),
    ),
    weights=weights,
    stability=(4.656, 3.340),
    summary="low-storage Runge-Kutta of order 4 with integrating factor, 5 evaluations",
    reference="Carpenter & Kennedy, NASA TM 109112 (1994)",
)
