"""Classical Runge-Kutta 4 on the whole right-hand side: explicit, limited by stability.

    k = L w + N̂(w)  at the arguments  v,  v + h k₁/2,  v + h k₂/2,  v + h k₃
    v ← v + h (k₁ + 2 k₂ + 2 k₃ + k₄) / 6

References
----------
Kutta, Z. Math. Phys. 46 (1901) 435; Hairer, Nørsett & Wanner, Solving Ordinary
Differential Equations I (1993), table 1.2.
"""

from __future__ import annotations

from typing import Any

from pdekit.stepping._scheme import Scheme, Stage
from pdekit.typing import Array


def weights(linear: Array, h: float) -> dict[str, Any]:
    """Return L and h."""
    return {"linear": linear, "h": h}


def first(v: Array, n: Array, linear: Array, h: float) -> tuple[Array, Array, Array]:
    """Second argument (once to transform, once to keep), and the sum so far."""
    k = linear * v + n
    a = v + (0.5 * h) * k
    return a, a, v + (h / 6) * k


def second(
    v: Array, n: Array, a: Array, total: Array, linear: Array, h: float
) -> tuple[Array, Array, Array]:
    """Third argument, and the sum so far."""
    k = linear * a + n
    b = v + (0.5 * h) * k
    return b, b, total + (h / 3) * k


def third(
    v: Array, n: Array, a: Array, total: Array, linear: Array, h: float
) -> tuple[Array, Array, Array]:
    """Fourth argument; the sum so far takes the place of the state."""
    k = linear * a + n
    b = v + h * k
    return b, b, total + (h / 3) * k


def last(v: Array, n: Array, a: Array, linear: Array, h: float) -> Array:
    """Return the new state."""
    return v + (h / 6) * (linear * a + n)


integrator = Scheme(
    name="rk4",
    order=4,
    stages=(
        Stage(first, into=("w", "a", "total")),
        Stage(second, into=("w", "a", "total"), at=0.5),
        Stage(third, into=("w", "a", "v"), at=0.5),
        Stage(last, into=("v",), at=1.0),
    ),
    weights=weights,
    stability=(2.785, 2.828),
    explicit=True,
    summary="classical explicit Runge-Kutta 4, 4 evaluations per step; L limits the step",
    reference="Kutta, Z. Math. Phys. 46 (1901) 435",
)
