"""Sine and cosine transforms by Fourier transforms, for libraries that lack them.

Each type is the Fourier transform of the symmetric or antisymmetric extension that defines
it, of length 2(n∓1) for type 1 and 2n for the others. Works on NumPy arrays and torch
tensors and is differentiable on the latter.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from pdekit import arrays
from pdekit.typing import Array


def r2r(a: Array, kind: str, axis: int) -> Array:
    """Return the unnormalised sine or cosine transform ``kind`` of a real array."""
    xp = arrays.namespace(a)
    moved = xp.moveaxis(a, axis, -1)
    return xp.moveaxis(_LAST_AXIS[kind](xp, moved), -1, axis)


def _dct1(xp: Any, a: Array) -> Array:
    return xp.fft.rfft(_join(xp, a, arrays.flip_last(a[..., 1:-1]))).real


def _dst1(xp: Any, a: Array) -> Array:
    zero = arrays.zeros((*a.shape[:-1], 1), a)
    extended = _join(xp, zero, a, zero, -arrays.flip_last(a))
    return -xp.fft.rfft(extended)[..., 1 : a.shape[-1] + 1].imag


def _dct2(xp: Any, a: Array) -> Array:
    n = a.shape[-1]
    a_hat = xp.fft.rfft(_join(xp, a, arrays.flip_last(a)))[..., :n]
    return (a_hat * _phase(-np.arange(n) / (2 * n), a)).real


def _dst2(xp: Any, a: Array) -> Array:
    n = a.shape[-1]
    a_hat = xp.fft.rfft(_join(xp, a, -arrays.flip_last(a)))[..., 1:]
    return -(a_hat * _phase(-np.arange(1, n + 1) / (2 * n), a)).imag


def _dct3(xp: Any, a: Array) -> Array:
    n = a.shape[-1]
    modes = _join(xp, a * _phase(np.arange(n) / (2 * n), a), _complex_zero(a))
    return xp.fft.irfft(modes, 2 * n, norm="forward")[..., :n]


def _dst3(xp: Any, a: Array) -> Array:
    n = a.shape[-1]
    shifted = a * _phase(np.arange(1, n + 1) / (2 * n) - 0.5, a)
    modes = _join(xp, _complex_zero(a), shifted)
    return xp.fft.irfft(modes, 2 * n, norm="forward")[..., :n]


def _type4(xp: Any, a: Array) -> Array:
    """Return  2 Σⱼ aⱼ exp(−iπ(2j+1)(2k+1)/4n)."""
    n = a.shape[-1]
    j = np.arange(n)
    a_hat = xp.fft.fft(a * _phase(-j / (2 * n), a), 2 * n)[..., :n]
    return 2 * a_hat * _phase(-(2 * j + 1) / (4 * n), a)


_LAST_AXIS: dict[str, Callable[[Any, Array], Array]] = {
    "dct1": _dct1,
    "dct2": _dct2,
    "dct3": _dct3,
    "dct4": lambda xp, a: _type4(xp, a).real,
    "dst1": _dst1,
    "dst2": _dst2,
    "dst3": _dst3,
    "dst4": lambda xp, a: -_type4(xp, a).imag,
}


def _join(xp: Any, *parts: Array) -> Array:
    return xp.concatenate(parts, -1)


def _phase(half_turns: Any, like: Array) -> Array:
    """Return exp(iπ·half_turns) in the precision and on the device of ``like``."""
    return arrays.as_like(np.exp(1j * np.pi * half_turns), like)


def _complex_zero(like: Array) -> Array:
    zero = arrays.zeros((*like.shape[:-1], 1), like)
    return arrays.join_parts(zero, zero)
