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
def dot(x: Array, y: Array) -> float:
    """Return  (x, y).

    BLAS would take threads for it, which wait for each other longer than they add.
    """
    total = 0.0
    for i in range(x.size):
        total += x[i] * y[i]
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
def conjugate(
    p: Array, ring: tuple[Array, Array, Array], first: int, count: int, c: Array
) -> None:
    """Do  p −= Σᵢ pᵢ (qᵢ, p)/dᵢ  for ``count`` rows of the ring (pᵢ, qᵢ, dᵢ).

    In blocks that stay in the cache: p is read from memory twice in all.
    """
    last_p, last_q, d = ring
    block, rows = 1024, len(d)
    c[:] = 0.0
    for start in range(0, p.size, block):
        stop = min(start + block, p.size)
        part = p[start:stop]
        for k in range(count):
            i = (first + k) % rows
            q = last_q[i][start:stop]
            total = 0.0
            for j in range(part.size):
                total += q[j] * part[j]
            c[i] += total
    for k in range(count):
        i = (first + k) % rows
        c[i] /= d[i]
    for start in range(0, p.size, block):
        stop = min(start + block, p.size)
        part = p[start:stop]
        for k in range(count):
            i = (first + k) % rows
            a, v = c[i], last_p[i][start:stop]
            for j in range(part.size):
                part[j] -= a * v[j]


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
    x, y = np.zeros(1), np.zeros(1)
    step(x, y, np.zeros(1), np.zeros(1), 0.0)
    direction(x, y, 0.0)
    dot(x, y)
    add(x, 0.0, y)
    minres_step(x, y, (np.zeros(1), np.zeros(1), x), y, np.ones(6))
    three(x, y, y, 0.0, 0.0)
    conjugate(x, (np.zeros((1, 1)), np.zeros((1, 1)), np.ones(1)), 0, 1, np.zeros(1))
    angle(x, y)
