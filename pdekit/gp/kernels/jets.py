"""Jets: the derivatives of order 0 … n of a function, stacked on a leading axis."""

from __future__ import annotations

from math import comb

import numpy as np

from pdekit.typing import Array


def product(f: Array, g: Array) -> Array:
    """Return the jet of f g by the rule of Leibniz, (fg)⁽ⁿ⁾ = Σ C(n, j) f⁽ʲ⁾ g⁽ⁿ⁻ʲ⁾."""
    return np.stack(
        [sum(comb(n, j) * f[j] * g[n - j] for j in range(n + 1)) for n in range(len(f))]
    )


def times_r(f: Array, r: Array) -> Array:
    """Return the jet of r f(r),  (r f)⁽ⁿ⁾ = r f⁽ⁿ⁾ + n f⁽ⁿ⁻¹⁾."""
    jet = r * f
    for n in range(1, len(f)):
        jet[n] += n * f[n - 1]
    return jet


def cosine(r: Array, omega: Array, order: int) -> Array:
    """Return the jet of cos ωr; ω broadcasts against r."""
    c, s = np.cos(omega * r), np.sin(omega * r)
    return np.stack([omega**n * (c, -s, -c, s)[n % 4] for n in range(order + 1)])


def sine(r: Array, omega: Array, order: int) -> Array:
    """Return the jet of sin ωr; ω broadcasts against r."""
    c, s = np.cos(omega * r), np.sin(omega * r)
    return np.stack([omega**n * (s, c, -s, -c)[n % 4] for n in range(order + 1)])


def exponential(value: Array, slope: Array, curvature: Array, order: int) -> Array:
    """Return the jet of g = exp of a quadratic from g, g'/g and (g'/g)', all arrays.

    g⁽ⁿ⁺¹⁾ = p g⁽ⁿ⁾ + n p' g⁽ⁿ⁻¹⁾ (the recursion of Hermite polynomials), p linear in r.
    """
    jet = np.empty((order + 1, *value.shape), value.dtype)
    jet[0] = value
    for n in range(order):
        jet[n + 1] = slope * jet[n]
        if n:
            jet[n + 1] += n * curvature * jet[n - 1]
    return jet
