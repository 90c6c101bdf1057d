"""The Fourier or Chebyshev series behind the values on one axis.

Sine, cosine and Chebyshev series are Fourier series of the field reflected at its walls
(`Axis.image`), so one real transform serves every kind of axis. All functions work on the
last axis of a real array and are linear; `along` applies them to any axis of a real or
complex one.

The series of N samples is  u(x) = Re Σₖ cₖ exp(iκk (x − lower)),  k = 0 … N // 2.  For even
N its last term is the Nyquist mode, a pure cosine about the first sample.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from pdekit import fft
from pdekit.arrays import (
    as_like,
    flip_last,
    floating,
    join_parts,
    namespace,
    on_parts,
    zeros,
)
from pdekit.axis import Axis
from pdekit.typing import Array, Field, Spectrum

_I_POWERS = (1.0, 1.0j, -1.0, -1.0j)
_CHUNK = 1 << 22
"""Numbers held at once while a series is summed at scattered points (32 MB)."""


def along(function: Callable[[Field], Field], u: Field, dim: int) -> Field:
    """Apply a real linear ``function`` of the last axis along axis ``dim`` of ``u``."""
    xp = namespace(u)
    u = xp.moveaxis(floating(u), dim, -1)
    return xp.moveaxis(on_parts(function, u), -1, dim)


def differentiate(u: Field, axis: Axis, order: int) -> Field:
    """Differentiate the series of ``u`` ``order`` times and take its values on the axis."""
    if order == 0:
        return u
    if axis.boundary == "chebyshev":
        c = coefficients(u, axis)
        for _ in range(order):
            c = _chebyshev_derivative(c, axis)
        return _values_of_cosines(c)
    image = axis.image
    m = np.arange(image.n // 2 + 1)
    kappa_m = 2.0 * math.pi / image.period * m
    symbol = _I_POWERS[order % 4] * kappa_m**order
    if order % 2 and image.n % 2 == 0:
        symbol[-1] = 0.0
    u_hat = _transform(_reflect(u, axis)) * as_like(symbol, u)
    return _window(_inverse(u_hat, image.n), axis)


def resample(u: Field, source: Axis, target: Axis) -> Field:
    """Values on ``target`` of the series of ``u``, both axes of the same kind.

    Modes that ``target`` cannot hold are dropped. Its Nyquist mode, if it has one, takes
    over from the two modes ±N/2 of the series what they are at the points.
    """
    old, new = source.image, target.image
    keep = min(old.n, new.n) // 2 + 1
    phase = 2.0 * math.pi / old.period * np.arange(keep) * (new.first - old.first)
    factor = np.exp(1j * phase) / old.n
    if old.n < new.n and old.n % 2 == 0:
        factor[-1] *= 0.5
    if new.n < old.n and new.n % 2 == 0:
        factor[-1] *= 2.0
    u_hat = _transform(_reflect(u, source))[..., :keep] * as_like(factor * new.n, u)
    missing = new.n // 2 + 1 - keep
    if missing:
        padding = zeros((*u_hat.shape[:-1], missing), u_hat)
        u_hat = namespace(u).concatenate([u_hat, padding], axis=-1)
    return _window(_inverse(u_hat, new.n), target)


def transfer(u: Field, source: Axis, target: Axis) -> Field:
    """Values on ``target`` of the series of ``u``, both axes on one interval."""
    if source == target:
        return u
    if source.boundary == target.boundary:
        return resample(u, source, target)
    functions = basis(as_like(target.points(), u), source)
    return coefficients(u, source) @ functions.T


def sum_at(u: Field, axes: Sequence[Axis], points: Sequence[Array]) -> Array:
    """Values at ``m`` scattered points of the series of ``u`` in all its ``axes``.

    ``points`` holds one array of shape ``(m,)`` per axis; the answer is ``(…, m)``.
    """
    xp, ndim = namespace(u), len(axes)
    c = u
    for i, axis in enumerate(axes):
        c = along(partial(coefficients, axis=axis), c, i - ndim)
    per_point = max(*c.shape[-ndim:], math.prod(c.shape[:-1]))
    at_once = max(1, _CHUNK // per_point)
    blocks = []
    for start in range(0, max(1, len(points[0])), at_once):
        block = [x[start : start + at_once] for x in points]
        total = c @ basis(block[-1], axes[-1]).T
        for x, axis in zip(block[-2::-1], axes[-2::-1], strict=True):
            total = (total * basis(x, axis).T).sum(-2)
        blocks.append(total)
    return blocks[0] if len(blocks) == 1 else xp.concatenate(blocks, axis=-1)


def coefficients(u: Field, axis: Axis) -> Array:
    """Real coefficients of the series of ``u`` in the functions that `basis` returns."""
    image, kept = axis.image, _kept(axis)
    k = np.arange(image.n // 2 + 1)[kept]
    phase = 2.0 * math.pi / image.period * image.first * k
    factor = np.exp(-1j * phase) * multiplicity(image.n)[kept] / image.n
    c = _transform(_reflect(u, axis))[..., kept] * as_like(factor, u)
    if image.parity:
        return c.real if image.parity > 0 else c.imag
    return namespace(u).concatenate([c.real, c.imag], axis=-1)


def basis(x: Array, axis: Axis) -> Array:
    """Functions of the series at points ``x`` of shape ``(m,)``, as ``(m, modes)``."""
    xp, image = namespace(x), axis.image
    if axis.boundary == "chebyshev":
        return _chebyshev_polynomials(1.0 - 2.0 * (x - axis.lower) / axis.length, axis.n)
    k = as_like(np.arange(image.n // 2 + 1.0)[_kept(axis)], x)
    theta = (2.0 * math.pi / image.period) * (x - axis.lower)[:, None] * k
    if image.parity > 0:
        return xp.cos(theta)
    if image.parity < 0:
        return -xp.sin(theta)
    return xp.concatenate([xp.cos(theta), -xp.sin(theta)], axis=-1)


def multiplicity(n: int) -> Array:
    """How often each mode of a half spectrum stands in the full one of ``n`` samples."""
    w = np.full(n // 2 + 1, 2.0)
    w[0] = 1.0
    if n % 2 == 0:
        w[-1] = 1.0
    return w


def _kept(axis: Axis) -> slice:
    """Modes of the image that need not be zero: the odd ones if two walls differ."""
    return slice(1, None, 2) if axis.image.n == 4 * axis.n else slice(None)


def _transform(samples: Field) -> Spectrum:
    return fft.backend_of(samples).rfft(samples, axes=(-1,))


def _inverse(u_hat: Spectrum, n: int) -> Field:
    return fft.backend_of(u_hat).irfft(u_hat, (n,), axes=(-1,))


def _reflect(u: Field, axis: Axis) -> Field:
    """One period of the image of ``u``."""
    if axis.transform == "fft":
        return u
    mirrored = flip_last(u)
    match axis.transform:
        case "dst1":
            wall = zeros((*u.shape[:-1], 1), u)
            parts = [wall, u, wall, -mirrored]
        case "dst2":
            parts = [u, -mirrored]
        case "dct2":
            parts = [u, mirrored]
        case "dst3":
            wall = zeros((*u.shape[:-1], 1), u)
            half = [wall, u, mirrored[..., 1:]]
            parts = [*half, *(-part for part in half)]
        case "dct3":
            wall = zeros((*u.shape[:-1], 1), u)
            half = [u, wall, -mirrored[..., :-1]]
            parts = [*half, *(-part for part in half)]
        case "dst4":
            parts = [u, mirrored, -u, -mirrored]
        case "dct4":
            parts = [u, -mirrored, -u, mirrored]
        case _:
            parts = [u, mirrored[..., 1:-1]]
    return namespace(u).concatenate(parts, axis=-1)


def _window(samples: Field, axis: Axis) -> Field:
    """Undo `_reflect`: the samples at the points of the axis."""
    start = 1 if axis.transform in ("dst1", "dst3") else 0
    return samples[..., start : start + axis.n]


def _values_of_cosines(c: Array) -> Field:
    """Values at θⱼ = πj / (n - 1) of the Chebyshev series in cos θ, a cosine series."""
    n = 2 * (c.shape[-1] - 1)
    c = c * as_like(n / multiplicity(n), c)
    return _inverse(join_parts(c, zeros(c.shape, c)), n)[..., : c.shape[-1]]


def _chebyshev_derivative(c: Array, axis: Axis) -> Array:
    """Coefficients of the derivative, bₖ = 2 Σ j cⱼ over j = k+1, k+3, … (b₀ half of it).

    The running sum over every second term is a cumulative sum over pairs. The sign and the
    factor 2 / length belong to s = 1 - 2 (x - lower) / length.
    """
    xp, n = namespace(c), c.shape[-1]
    terms = c * as_like(-4.0 / axis.length * np.arange(n), c)
    padding = zeros((*c.shape[:-1], 2 - n % 2), c)
    pairs = xp.concatenate([flip_last(terms), padding], axis=-1)
    sums = xp.cumsum(pairs.reshape((*c.shape[:-1], -1, 2)), -2).reshape(pairs.shape)
    tail = flip_last(sums[..., :n])[..., 1:]
    last = zeros((*c.shape[:-1], 1), c)
    return xp.concatenate([0.5 * tail[..., :1], tail[..., 1:], last], axis=-1)


def _chebyshev_polynomials(s: Array, n: int) -> Array:
    """T₀(s) … Tₙ₋₁(s) by their recurrence, which has a derivative at the walls too."""
    columns = [0.0 * s + 1.0, s]
    for _ in range(2, n):
        columns.append(2.0 * s * columns[-1] - columns[-2])
    return namespace(s).stack(columns[:n], -1)
