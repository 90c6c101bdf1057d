"""Exponential time differencing, Runge-Kutta 4 (Cox-Matthews): four evaluations per step.

With  z = h L,  e = e^{z/2}  and the weights of :func:`pdekit.stepping._phi.etdrk4_weights`:

    a = e v + Q N̂(v),  b = e v + Q N̂(a),  c = e a + Q (2 N̂(b) − N̂(v))
    v ← e² v + f₁ N̂(v) + 2 f₂ (N̂(a) + N̂(b)) + f₃ N̂(c)

Of c the part  r = e a − Q N̂(v)  is known at once, so that neither a nor N̂(v) is kept.

References
----------
Cox & Matthews, J. Comput. Phys. 176 (2002) 430, eqs. (26)-(29).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pdekit.stepping._phi import etdrk4_weights
from pdekit.stepping._scheme import Scheme, Stage
from pdekit.typing import Array


def weights(linear: Array, h: float) -> dict[str, Any]:
    """Return e^{z/2} and, times h, Q, f₁, 2 f₂ and f₃."""
    z = h * linear
    q, f1, f2, f3 = etdrk4_weights(z)
    return {"e": np.exp(z / 2), "q": h * q, "f1": h * f1, "f2": 2 * h * f2, "f3": h * f3}


def first(v: Array, n: Array, e: Array, q: Array, f1: Array) -> tuple[Array, Array, Array]:
    """Argument a, what is known of c, and the sum so far."""
    turned, kick = e * v, q * n
    a = turned + kick
    return a, e * a - kick, e * turned + f1 * n


def second(
    v: Array, n: Array, total: Array, e: Array, q: Array, f2: Array
) -> tuple[Array, Array]:
    """Argument b; the sum so far takes the place of the state."""
    return e * v + q * n, total + f2 * n


def third(v: Array, n: Array, r: Array, q: Array, f2: Array) -> tuple[Array, Array]:
    """Argument c, and the sum so far."""
    return r + 2 * q * n, v + f2 * n


def last(v: Array, n: Array, f3: Array) -> Array:
    """Return the new state."""
    return v + f3 * n


integrator = Scheme(
    name="etdrk4",
    order=4,
    stages=(
        Stage(first, into=("w", "r", "total")),
        Stage(second, into=("w", "v"), at=0.5),
        Stage(third, into=("w", "v"), at=0.5),
        Stage(last, into=("v",), at=1.0),
    ),
    weights=weights,
    stability=(2.785, 2.828),
    resonance=4.0,
    summary="Cox-Matthews exponential time differencing, 4 evaluations per step",
    reference="Cox & Matthews, J. Comput. Phys. 176 (2002) 430",
)
