"""Exponential time differencing, Runge-Kutta 2: two evaluations per step.

    a = e^z v + h φ₁(z) N̂(v)
    v ← a + h φ₂(z) (N̂(a) − N̂(v)),   z = h L

References
----------
Cox & Matthews, J. Comput. Phys. 176 (2002) 430, eqs. (20)-(22).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pdekit.stepping._phi import phi1, phi2
from pdekit.stepping._scheme import Scheme, Stage
from pdekit.typing import Array


def weights(linear: Array, h: float) -> dict[str, Any]:
    """Return e^z, h φ₁ and h φ₂."""
    z = h * linear
    return {"e": np.exp(z), "p": h * phi1(z), "q": h * phi2(z)}


def first(v: Array, n: Array, e: Array, p: Array, q: Array) -> tuple[Array, Array]:
    """Argument a, and what of the new state is known."""
    a = e * v + p * n
    return a, a - q * n


def last(v: Array, n: Array, q: Array) -> Array:
    """Return the new state."""
    return v + q * n


integrator = Scheme(
    name="etdrk2",
    order=2,
    stages=(Stage(first, into=("w", "v")), Stage(last, into=("v",), at=1.0)),
    weights=weights,
    stability=(2.0, 0.0),
    resonance=2.0,
    summary="Cox-Matthews exponential time differencing, 2 evaluations per step",
    reference="Cox & Matthews, J. Comput. Phys. 176 (2002) 430, eqs. (20)-(22)",
)
