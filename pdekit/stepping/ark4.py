"""ARK4(3)6L[2]SA: implicit for L, explicit for N, order 4 with an error estimate.

With  z = h L,  d = 1/(1 − z/4),  kⱼ = h N̂(uⱼ)  and  lⱼ = z uⱼ:

    u₁ = v,   uᵢ = d yᵢ,   yᵢ = v + Σⱼ₍ⱼ﹤ᵢ₎ (eᵢⱼ kⱼ + iᵢⱼ lⱼ)
    v ← u₆ + Σⱼ sⱼ kⱼ + b₆ k₆,   sⱼ = bⱼ − e₆ⱼ

The implicit slope lᵢ₊₁ is known as soon as the argument is, so that every stage can add all
it gives to the sums still open, and no slope is kept.  Of the second slopes the weights
b₂, i₆₂ and g₂ are zero.

References
----------
Kennedy & Carpenter, Appl. Numer. Math. 44 (2003) 139.
"""

from __future__ import annotations

from typing import Any

from pdekit.stepping._adaptive_scheme import AdaptiveScheme
from pdekit.stepping._ark_tableaux import ARK4
from pdekit.stepping._scheme import Stage
from pdekit.typing import Array


def weights(linear: Array, h: float) -> dict[str, Any]:
    """Return d, z, h and the numbers of the tableau."""
    z = h * linear
    return {"d": 1 / (1 - z / 4), "z": z, "h": h, **ARK4.numbers()}


def first(
    v: Array,
    n: Array,
    d: Array,
    z: Array,
    h: float,
    e21: float,
    e31: float,
    e41: float,
    e51: float,
    e61: float,
    i21: float,
    i31: float,
    i32: float,
    i41: float,
    i42: float,
    i51: float,
    i52: float,
    i61: float,
    s1: float,
    g1: float,
) -> tuple[Array, Array, Array, Array, Array, Array, Array]:
    """Argument u₂; sums y₃ to y₆, that of the new state, and of the error."""
    k, l1 = h * n, z * v
    u2 = d * (v + e21 * k + i21 * l1)
    l2 = z * u2
    y3 = v + e31 * k + i31 * l1 + i32 * l2
    y4 = v + e41 * k + i41 * l1 + i42 * l2
    y5 = v + e51 * k + i51 * l1 + i52 * l2
    y6 = v + e61 * k + i61 * l1
    return u2, y3, y4, y5, y6, s1 * k, g1 * (k + l1)


def second(
    v: Array,
    y3: Array,
    y4: Array,
    y5: Array,
    y6: Array,
    gap: Array,
    n: Array,
    d: Array,
    z: Array,
    h: float,
    e32: float,
    e42: float,
    e52: float,
    e62: float,
    i43: float,
    i53: float,
    i63: float,
    s2: float,
    g3: float,
) -> tuple[Array, Array, Array, Array, Array, Array]:
    """Argument u₃, and the sums."""
    k = h * n
    u3 = d * (y3 + e32 * k)
    l3 = z * u3
    y4 = y4 + e42 * k + i43 * l3
    y5 = y5 + e52 * k + i53 * l3
    y6 = y6 + e62 * k + i63 * l3
    return u3, y4, y5, y6, v + s2 * k, gap + g3 * l3


def third(
    v: Array,
    y4: Array,
    y5: Array,
    y6: Array,
    gap: Array,
    n: Array,
    d: Array,
    z: Array,
    h: float,
    e43: float,
    e53: float,
    e63: float,
    i54: float,
    i64: float,
    s3: float,
    g3: float,
    g4: float,
) -> tuple[Array, Array, Array, Array, Array]:
    """Argument u₄, and the sums."""
    k = h * n
    u4 = d * (y4 + e43 * k)
    l4 = z * u4
    y5 = y5 + e53 * k + i54 * l4
    y6 = y6 + e63 * k + i64 * l4
    return u4, y5, y6, v + s3 * k, gap + g3 * k + g4 * l4


def fourth(
    v: Array,
    y5: Array,
    y6: Array,
    gap: Array,
    n: Array,
    d: Array,
    z: Array,
    h: float,
    e54: float,
    e64: float,
    i65: float,
    s4: float,
    g4: float,
    g5: float,
) -> tuple[Array, Array, Array, Array]:
    """Argument u₅, and the sums."""
    k = h * n
    u5 = d * (y5 + e54 * k)
    l5 = z * u5
    return u5, y6 + e64 * k + i65 * l5, v + s4 * k, gap + g4 * k + g5 * l5


def fifth(
    v: Array,
    y6: Array,
    gap: Array,
    n: Array,
    d: Array,
    z: Array,
    h: float,
    e65: float,
    s5: float,
    g5: float,
    g6: float,
) -> tuple[Array, Array, Array]:
    """Argument u₆, which is most of the new state."""
    k = h * n
    u6 = d * (y6 + e65 * k)
    return u6, u6 + v + s5 * k, gap + g5 * k + g6 * (z * u6)


def last(
    v: Array, gap: Array, n: Array, h: float, b6: float, g6: float
) -> tuple[Array, Array]:
    """Return the new state and the error."""
    k = h * n
    return v + b6 * k, gap + g6 * k


integrator = AdaptiveScheme(
    name="ark4",
    order=4,
    stages=(
        Stage(
            first, into=("w", "y3", "y4", "y5", "y6", "v", "gap"), at=float(ARK4.nodes[0])
        ),
        Stage(second, into=("w", "y4", "y5", "y6", "v", "gap"), at=float(ARK4.nodes[1])),
        Stage(third, into=("w", "y5", "y6", "v", "gap"), at=float(ARK4.nodes[2])),
        Stage(fourth, into=("w", "y6", "v", "gap"), at=float(ARK4.nodes[3])),
        Stage(fifth, into=("w", "v", "gap"), at=float(ARK4.nodes[4])),
        Stage(last, into=("v", "error"), at=float(ARK4.nodes[5])),
    ),
    weights=weights,
    stability=(4.234, 4.000),
    summary="adaptive implicit-explicit Runge-Kutta of order 4, 6 evaluations per step",
    reference="Kennedy & Carpenter, Appl. Numer. Math. 44 (2003) 139, ARK4(3)6L[2]SA",
)
