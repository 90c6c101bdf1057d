"""Sweeps over a grid in lexicographic order, for operators of three, five and seven points.

All arrays have three axes; those that a problem lacks have one point.  a₀, a₁, a₂ are the
coefficients of the faces across the axes, as in `Stencil`: face i lies between the points
i − 1 and i, and face 0 of a periodic axis between the last and the first.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
from numba import njit

from pdekit.typing import Array

F = TypeVar("F", bound=Callable[..., Any])


def _loop(function: F) -> F:
    flags = {"contract", "reassoc", "nsz"}
    jit = njit(cache=True, error_model="numpy", fastmath=flags, nogil=True)
    return cast(F, jit(function))


@_loop
def forward(
    a0: Array, a1: Array, a2: Array, wrap: Array, inverse: Array, r: Array, y: Array
) -> None:
    """Solve  (D̃ + L) y = r  with  inverse = 1/D̃.

    The terms from other lines vectorise; along a line one multiplication and addition per
    point remains in sequence.
    """
    n0, n1, n2 = r.shape
    t = np.empty(n2)
    c = np.empty(n2)
    for k in range(n0):
        for i in range(n1):
            for j in range(n2):
                t[j] = r[k, i, j]
            if k > 0:
                for j in range(n2):
                    t[j] += a0[k, i, j] * y[k - 1, i, j]
            if wrap[0] and k == n0 - 1:
                for j in range(n2):
                    t[j] += a0[0, i, j] * y[0, i, j]
            if i > 0:
                for j in range(n2):
                    t[j] += a1[k, i, j] * y[k, i - 1, j]
            if wrap[1] and i == n1 - 1:
                for j in range(n2):
                    t[j] += a1[k, 0, j] * y[k, 0, j]
            for j in range(n2):
                t[j] *= inverse[k, i, j]
                c[j] = a2[k, i, j] * inverse[k, i, j]
            last = t[0]
            y[k, i, 0] = last
            for j in range(1, n2):
                last = t[j] + c[j] * last
                y[k, i, j] = last
            if wrap[2]:
                y[k, i, n2 - 1] += a2[k, i, 0] * inverse[k, i, n2 - 1] * y[k, i, 0]


@_loop
def backward(
    a0: Array, a1: Array, a2: Array, wrap: Array, inverse: Array, scale: float, z: Array
) -> None:
    """Turn y into  scale (I + D̃⁻¹ Lᵀ)⁻¹ y,  in place."""
    n0, n1, n2 = z.shape
    t = np.empty(n2)
    c = np.empty(n2)
    for k in range(n0 - 1, -1, -1):
        for i in range(n1 - 1, -1, -1):
            for j in range(n2):
                t[j] = 0.0
            if k < n0 - 1:
                for j in range(n2):
                    t[j] += a0[k + 1, i, j] * z[k + 1, i, j]
            if wrap[0] and k == 0:
                for j in range(n2):
                    t[j] += a0[0, i, j] * z[n0 - 1, i, j]
            if i < n1 - 1:
                for j in range(n2):
                    t[j] += a1[k, i + 1, j] * z[k, i + 1, j]
            if wrap[1] and i == 0:
                for j in range(n2):
                    t[j] += a1[k, 0, j] * z[k, n1 - 1, j]
            for j in range(n2):
                t[j] = scale * z[k, i, j] + t[j] * inverse[k, i, j]
                c[j] = a2[k, i, j + 1] * inverse[k, i, j]
            last = t[n2 - 1]
            z[k, i, n2 - 1] = last
            if wrap[2]:
                t[0] += a2[k, i, 0] * inverse[k, i, 0] * last
            for j in range(n2 - 2, -1, -1):
                last = t[j] + c[j] * last
                z[k, i, j] = last


@_loop
def upper_sums(a0: Array, a1: Array, a2: Array, wrap: Array, out: Array) -> None:
    """Set out to the sum of the couplings of every point to later ones."""
    n0, n1, n2 = out.shape
    for k in range(n0):
        for i in range(n1):
            for j in range(n2):
                s = 0.0
                if k < n0 - 1:
                    s += a0[k + 1, i, j]
                if wrap[0] and k == 0:
                    s += a0[0, i, j]
                if i < n1 - 1:
                    s += a1[k, i + 1, j]
                if wrap[1] and i == 0:
                    s += a1[k, 0, j]
                if j < n2 - 1:
                    s += a2[k, i, j + 1]
                if wrap[2] and j == 0:
                    s += a2[k, i, 0]
                out[k, i, j] = s


@_loop
def factor(
    faces: tuple[Array, Array, Array],
    wrap: Array,
    diagonal: Array,
    upper: Array,
    relax: float,
    d: Array,
) -> bool:
    """Set d to the pivots; return whether all are positive.

    dᵢ = aᵢᵢ − Σⱼ (aᵢⱼ/dⱼ) (aᵢⱼ + relax (Uⱼ − aᵢⱼ))  over the earlier neighbours j, where
    Uⱼ is the sum of the couplings of j to later points:  aᵢⱼ (Uⱼ − aᵢⱼ)/dⱼ  is the fill in
    row i that IC(0) drops.
    """
    a0, a1, a2 = faces
    n0, n1, n2 = d.shape
    for k in range(n0):
        for i in range(n1):
            for j in range(n2):
                s = diagonal[k, i, j]
                if k > 0:
                    a = a0[k, i, j]
                    s -= a / d[k - 1, i, j] * (a + relax * (upper[k - 1, i, j] - a))
                if wrap[0] and k == n0 - 1:
                    a = a0[0, i, j]
                    s -= a / d[0, i, j] * (a + relax * (upper[0, i, j] - a))
                if i > 0:
                    a = a1[k, i, j]
                    s -= a / d[k, i - 1, j] * (a + relax * (upper[k, i - 1, j] - a))
                if wrap[1] and i == n1 - 1:
                    a = a1[k, 0, j]
                    s -= a / d[k, 0, j] * (a + relax * (upper[k, 0, j] - a))
                if j > 0:
                    a = a2[k, i, j]
                    s -= a / d[k, i, j - 1] * (a + relax * (upper[k, i, j - 1] - a))
                if wrap[2] and j == n2 - 1:
                    a = a2[k, i, 0]
                    s -= a / d[k, i, 0] * (a + relax * (upper[k, i, 0] - a))
                if not s > 1e-10 * diagonal[k, i, j]:
                    return False
                d[k, i, j] = s
    return True
