"""Runge-Kutta 4 in the interaction picture (integrating factor): four evaluations per step.

With  E = exp(h L / 2)  and N̂ at times t, t + h/2, t + h/2, t + h:

    a = N̂(v),  b = N̂(E (v + h a/2)),  c = N̂(E v + h b/2),  d = N̂(E² v + h E c)
    v ← E² v + h (E² a + 2 E (b + c) + d) / 6

References
----------
Lawson, SIAM J. Numer. Anal. 4 (1967) 372; Trefethen, Spectral Methods in MATLAB (2000),
chapter 10.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pdekit.stepping._scheme import Scheme, Stage
from pdekit.typing import Array


def weights(linear: Array, h: float) -> dict[str, Any]:
    """Return E = exp(h L / 2) and h."""
    return {"e": np.exp(h / 2 * linear), "h": h}


def first(v: Array, n: Array, e: Array, h: float) -> tuple[Array, Array]:
    """Argument of b, and the sum so far."""
    return e * (v + (0.5 * h) * n), e * e * (v + (h / 6) * n)


def second(v: Array, total: Array, n: Array, e: Array, h: float) -> tuple[Array, Array]:
    """Argument of c, and the sum so far."""
    return e * v + (0.5 * h) * n, total + (h / 3) * (e * n)


def third(v: Array, total: Array, n: Array, e: Array, h: float) -> tuple[Array, Array]:
    """Argument of d; the sum so far takes the place of the state."""
    return e * (e * v + h * n), total + (h / 3) * (e * n)


def last(v: Array, n: Array, h: float) -> Array:
    """Return the new state."""
    return v + (h / 6) * n


integrator = Scheme(
    name="ifrk4",
    order=4,
    stages=(
        Stage(first, into=("w", "total")),
        Stage(second, into=("w", "total"), at=0.5),
        Stage(third, into=("w", "v"), at=0.5),
        Stage(last, into=("v",), at=1.0),
    ),
    weights=weights,
    stability=(2.785, 2.828),
    resonance=1.6,
    summary="Runge-Kutta 4 with an integrating factor (Lawson), 4 evaluations per step",
    reference="Lawson, SIAM J. Numer. Anal. 4 (1967) 372",
)
