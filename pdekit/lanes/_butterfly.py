"""Discrete Fourier transforms of a few numbers, written out.

A number that is known to be zero is None, and what it would add is not written.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import reduce

from pdekit.lanes._vector import Complex, root

Number = Complex | None


def butterfly(x: Sequence[Number], sign: int) -> list[Number]:
    """Return  Xₖ = Σⱼ xⱼ exp(± 2πi jk/r)  for every k."""
    r = len(x)
    if r == 1:
        return list(x)
    if r % 2:
        return _odd(x, sign)
    even, odd = butterfly(x[0::2], sign), butterfly(x[1::2], sign)
    turned = [_rotated(o, k, r, sign) for k, o in enumerate(odd)]
    sums = [plus(e, t) for e, t in zip(even, turned, strict=True)]
    return sums + [minus(e, t) for e, t in zip(even, turned, strict=True)]


def _odd(x: Sequence[Number], sign: int) -> list[Number]:
    """Combine xⱼ and x₋ⱼ first: the factors of their sum and difference are real or not.

    Xₖ = x₀ + Σⱼ (xⱼ + x₋ⱼ) cos(2πjk/r) ± i Σⱼ (xⱼ − x₋ⱼ) sin(2πjk/r),  0 < j < r/2.
    """
    r = len(x)
    pairs = range(1, (r + 1) // 2)
    sums = {j: plus(x[j], x[-j]) for j in pairs}
    differences = {j: minus(x[j], x[-j]) for j in pairs}
    out: list[Number] = [reduce(plus, sums.values(), x[0])] * r
    for k in pairs:
        angles = {j: 2 * math.pi * (j * k % r) / r for j in pairs}
        cosine = reduce(plus, (scaled(sums[j], math.cos(a)) for j, a in angles.items()))
        sine = reduce(
            plus, (scaled(differences[j], math.sin(a)) for j, a in angles.items())
        )
        middle, turn = plus(x[0], cosine), times_i(sine, sign)
        out[k], out[r - k] = plus(middle, turn), minus(middle, turn)
    return out


def _rotated(x: Number, k: int, r: int, sign: int) -> Number:
    """Return  x exp(± 2πi k/r)  for k < r/2, with two operations for odd eighths."""
    if k == 0 or x is None:
        return x
    if 4 * k == r:
        return x.times_i(sign)
    if 8 * k == r:
        return (x + x.times_i(sign)) * math.sqrt(0.5)
    if 8 * k == 3 * r:
        return (x.times_i(sign) - x) * math.sqrt(0.5)
    w = root(k, r, sign)
    return Complex(x.re * w.real - x.im * w.imag, x.re * w.imag + x.im * w.real)


def plus(x: Number, y: Number) -> Number:
    """Return  x + y."""
    if x is None or y is None:
        return y if x is None else x
    return x + y


def minus(x: Number, y: Number) -> Number:
    """Return  x − y."""
    if y is None:
        return x
    return -y if x is None else x - y


def scaled(x: Number, a: float) -> Number:
    """Return  a x."""
    return None if x is None else x * a


def times_i(x: Number, sign: int) -> Number:
    """Return  ± i x."""
    return None if x is None else x.times_i(sign)
