"""Exponential Euler: first order, one evaluation per step.

    v ← e^z v + h φ₁(z) N̂(v),   z = h L

References
----------
Cox & Matthews, J. Comput. Phys. 176 (2002) 430, eq. (4).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pdekit.stepping._phi import phi1
from pdekit.stepping._scheme import Scheme, Stage
from pdekit.typing import Array


def weights(linear: Array, h: float) -> dict[str, Any]:
    """Return e^z and h φ₁."""
    z = h * linear
    return {"e": np.exp(z), "p": h * phi1(z)}


def only(v: Array, n: Array, e: Array, p: Array) -> Array:
    """Return the new state."""
    return e * v + p * n


integrator = Scheme(
    name="etd1",
    order=1,
    stages=(Stage(only, into=("v",)),),
    weights=weights,
    stability=(2.0, 0.0),
    summary="exponential Euler, 1 evaluation per step",
    reference="Cox & Matthews, J. Comput. Phys. 176 (2002) 430, eq. (4)",
)
