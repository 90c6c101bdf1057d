"""Passes over the vectors of Krylov methods, each as few as the recurrence allows.

Arrays are flat and contiguous.  Sums may be taken in any order, so that they vectorise;
multiplications and additions may be contracted; NaN and infinity keep their meaning.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
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
def step(x: Array, r: Array, p: Array, q: Array, a: float) -> float:
    """Do  x += a p  and  r -= a q;  return  ‖r‖²."""
    total = 0.0
    for i in range(x.size):
        x[i] += a * p[i]
        s = r[i] - a * q[i]
        r[i] = s
        total += s * s
    return total


@_loop
def direction(p: Array, z: Array, beta: float) -> None:
    """Turn p into  z + β p."""
    for i in range(p.size):
        p[i] = z[i] + beta * p[i]


@_loop
def add(y: Array, a: float, x: Array) -> None:
    """Do  y += a x."""
    for i in range(y.size):
        y[i] += a * x[i]


@_loop
def combine(out: Array, a: float, x: Array, b: float, y: Array) -> None:
    """Do  out = a x + b y;  out may be one of them."""
    for i in range(out.size):
        out[i] = a * x[i] + b * y[i]


@_loop
def minres_step(x: Array, r: Array, w: tuple[Array, ...], v: Array, c: Array) -> float:
    """Turn the older of two directions w into the next, and step along it.

    w₀ = (v − c₀ w₀ − c₁ w₁)/c₂,  x += c₃ w₀,  r = c₄ r + c₅ u  with  w = (w₀, w₁, u);
    return  ‖r‖².
    """
    older, old, u = w
    total = 0.0
    for i in range(x.size):
        t = (v[i] - c[0] * older[i] - c[1] * old[i]) / c[2]
        older[i] = t
        x[i] += c[3] * t
        s = c[4] * r[i] + c[5] * u[i]
        r[i] = s
        total += s * s
    return total


@_loop
def three(p: Array, r: Array, v: Array, beta: float, omega: float) -> None:
    """Turn p into  r + β (p − ω v)."""
    for i in range(p.size):
        p[i] = r[i] + beta * (p[i] - omega * v[i])


@_loop
def dots(basis: Array, count: int, y: Array, out: Array) -> None:
    """Set  out[j] = (basis[j], y)  for the first ``count`` vectors."""
    for j in range(count):
        v = basis[j]
        total = 0.0
        for i in range(y.size):
            total += v[i] * y[i]
        out[j] = total


@_loop
def subtract(y: Array, basis: Array, count: int, c: Array) -> None:
    """Do  y -= Σⱼ c[j] basis[j],  in blocks that stay in the cache."""
    block = 2048
    for start in range(0, y.size, block):
        stop = min(start + block, y.size)
        for j in range(count):
            v, a = basis[j], c[j]
            for i in range(start, stop):
                y[i] -= a * v[i]


@_loop
def angle(z: Array, r: Array) -> tuple[float, float, float]:
    """Return  (z, r),  ‖z‖²  and the largest  |zᵢ|."""
    zr = 0.0
    zz = 0.0
    largest = 0.0
    for i in range(z.size):
        zr += z[i] * r[i]
        zz += z[i] * z[i]
        largest = max(largest, abs(z[i]))
    return zr, zz, largest


@cache
def warm() -> None:
    """Compile everything, or load it, so that no solve is timed with a compiler in it."""
    x, y, basis = np.zeros(1), np.zeros(1), np.zeros((1, 1))
    step(x, y, np.zeros(1), np.zeros(1), 0.0)
    direction(x, y, 0.0)
    add(x, 0.0, y)
    combine(x, 0.0, x, 0.0, y)
    minres_step(x, y, (np.zeros(1), np.zeros(1), x), y, np.ones(6))
    three(x, y, y, 0.0, 0.0)
    dots(basis, 1, x, y)
    subtract(x, basis, 1, y)
    angle(x, y)
