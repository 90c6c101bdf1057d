"""ARK3(2)4L[2]SA: implicit for L, explicit for N, order 3 with an error estimate.

With  z = h L,  d = 1/(1 − γ z),  kⱼ = h N̂(uⱼ)  and  lⱼ = z uⱼ:

    u₁ = v,   uᵢ = d yᵢ,   yᵢ = v + Σⱼ₍ⱼ﹤ᵢ₎ (eᵢⱼ kⱼ + iᵢⱼ lⱼ)
    v ← u₄ + Σⱼ sⱼ kⱼ + b₄ k₄,   sⱼ = bⱼ − e₄ⱼ

The implicit slope lᵢ₊₁ is known as soon as the argument is, so that every stage can add all
it gives to the sums still open, and no slope is kept.

References
----------
Kennedy & Carpenter, Appl. Numer. Math. 44 (2003) 139.
"""

from __future__ import annotations

from typing import Any

from pdekit.stepping._adaptive_scheme import AdaptiveScheme
from pdekit.stepping._ark_tableaux import ARK3
from pdekit.stepping._scheme import Stage
from pdekit.typing import Array


def weights(linear: Array, h: float) -> dict[str, Any]:
    """Return d, z, h and the numbers of the tableau."""
    gamma = float(ARK3.weights[-1])
    z = h * linear
    return {"d": 1 / (1 - gamma * z), "z": z, "h": h, **ARK3.numbers()}


def first(
    v: Array,
    n: Array,
    d: Array,
    z: Array,
    h: float,
    e21: float,
    e31: float,
    e41: float,
    i21: float,
    i31: float,
    i32: float,
    i41: float,
    i42: float,
    s1: float,
    g1: float,
    g2: float,
) -> tuple[Array, Array, Array, Array, Array]:
    """Argument u₂; sums y₃ and y₄, that of the new state, and of the error."""
    k, l1 = h * n, z * v
    u2 = d * (v + e21 * k + i21 * l1)
    l2 = z * u2
    y3 = v + e31 * k + i31 * l1 + i32 * l2
    y4 = v + e41 * k + i41 * l1 + i42 * l2
    return u2, y3, y4, s1 * k, g1 * (k + l1) + g2 * l2


def second(
    v: Array,
    y3: Array,
    y4: Array,
    gap: Array,
    n: Array,
    d: Array,
    z: Array,
    h: float,
    e32: float,
    e42: float,
    i43: float,
    s2: float,
    g2: float,
    g3: float,
) -> tuple[Array, Array, Array, Array]:
    """Argument u₃, and the sums."""
    k = h * n
    u3 = d * (y3 + e32 * k)
    l3 = z * u3
    return u3, y4 + e42 * k + i43 * l3, v + s2 * k, gap + g2 * k + g3 * l3


def third(
    v: Array,
    y4: Array,
    gap: Array,
    n: Array,
    d: Array,
    z: Array,
    h: float,
    e43: float,
    s3: float,
    g3: float,
    g4: float,
) -> tuple[Array, Array, Array]:
    """Argument u₄, which is most of the new state."""
    k = h * n
    u4 = d * (y4 + e43 * k)
    return u4, u4 + v + s3 * k, gap + g3 * k + g4 * (z * u4)


def last(
    v: Array, gap: Array, n: Array, h: float, b4: float, g4: float
) -> tuple[Array, Array]:
    """Return the new state and the error."""
    k = h * n
    return v + b4 * k, gap + g4 * k


integrator = AdaptiveScheme(
    name="ark3",
    order=3,
    stages=(
        Stage(first, into=("w", "y3", "y4", "v", "gap"), at=float(ARK3.nodes[0])),
        Stage(second, into=("w", "y4", "v", "gap"), at=float(ARK3.nodes[1])),
        Stage(third, into=("w", "v", "gap"), at=float(ARK3.nodes[2])),
        Stage(last, into=("v", "error"), at=float(ARK3.nodes[3])),
    ),
    weights=weights,
    stability=(3.664, 2.484),
    summary="adaptive implicit-explicit Runge-Kutta of order 3, 4 evaluations per step",
    reference="Kennedy & Carpenter, Appl. Numer. Math. 44 (2003) 139, ARK3(2)4L[2]SA",
)
