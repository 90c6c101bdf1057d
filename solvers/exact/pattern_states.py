"""Initial states of pattern-forming equations: noise of any resolution, spots, stimuli."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from pdekit.grid import Axis, Grid
from pdekit.random_field import band_limited
from pdekit.solvers.exact.parameters import require
from pdekit.solvers.exact.reaction_diffusion import gray_scott_uniform
from pdekit.typing import Array, Field

Pair = tuple[Field, Field]
States = dict[str, Callable[..., Field]]


# -- noise -----------------------------------------------------------------------------


def noise(
    x: Field,
    *,
    mean: float = 0.0,
    amplitude: float = 0.05,
    bandwidth: float = 10.0,
    seed: int = 0,
) -> Field:
    """Return ``mean`` and Gaussian noise, white for |k| < ``bandwidth`` and none beyond.

    ``amplitude`` is its root mean square on average; grids of any resolution that carry the
    band sample one function (`pdekit.random_field`).
    """
    return mean + amplitude * band_limited(_box(x), seed, bandwidth)


def noise_2d(
    x: Field,
    y: Field,
    *,
    mean: float = 0.0,
    amplitude: float = 0.05,
    bandwidth: float = 10.0,
    seed: int = 0,
) -> Field:
    """Return `noise` in the plane."""
    return mean + amplitude * band_limited(_box(x, y), seed, bandwidth)


def noise_3d(
    x: Field,
    y: Field,
    z: Field,
    *,
    mean: float = 0.0,
    amplitude: float = 0.05,
    bandwidth: float = 10.0,
    seed: int = 0,
) -> Field:
    """Return `noise` in space."""
    return mean + amplitude * band_limited(_box(x, y, z), seed, bandwidth)


NOISE: States = {"noise": noise, "noise_2d": noise_2d, "noise_3d": noise_3d}


def complex_noise(
    x: Field, *, amplitude: float = 0.05, bandwidth: float = 1.0, seed: int = 0
) -> Field:
    """Return complex noise of root mean square ``amplitude``, white for |k| < bandwidth."""
    return amplitude * _complex_white(_box(x), bandwidth, seed)


def complex_noise_2d(
    x: Field, y: Field, *, amplitude: float = 0.05, bandwidth: float = 1.0, seed: int = 0
) -> Field:
    """Return `complex_noise` in the plane."""
    return amplitude * _complex_white(_box(x, y), bandwidth, seed)


COMPLEX_NOISE: States = {"noise": complex_noise, "noise_2d": complex_noise_2d}


# -- spots -----------------------------------------------------------------------------


def spot(
    x: Field, *, height: float = 1.0, radius: float = 1.0, center: float = 0.0
) -> Field:
    """Return  h exp(−(x − x₀)²/2R²)."""
    return height * np.exp(-((x - center) ** 2) / (2 * radius**2))


def spot_2d(
    x: Field,
    y: Field,
    *,
    height: float = 1.0,
    radius: float = 1.0,
    x0: float = 0.0,
    y0: float = 0.0,
) -> Field:
    """Return  h exp(−r²/2R²)."""
    return height * np.exp(-((x - x0) ** 2 + (y - y0) ** 2) / (2 * radius**2))


SPOT: States = {"spot": spot, "spot_2d": spot_2d}


# -- Gray–Scott ------------------------------------------------------------------------


def patch_2d(
    x: Field,
    y: Field,
    *,
    half_width: float = 0.1,
    edge: float = 0.02,
    x0: float = 0.0,
    y0: float = 0.0,
    amplitude: float = 0.01,
    bandwidth: float = 60.0,
    seed: int = 0,
) -> Pair:
    """(1, 0) with a square patch of (½, ¼) and noise of 1 % on u.

    The start of Pearson, Science 261 (1993) 189, with the sides of the square rounded over
    ``edge`` and the noise band-limited, so that no grid rings.
    """
    inside = _block(x - x0, half_width, edge) * _block(y - y0, half_width, edge)
    random = amplitude * band_limited(_box(x, y), seed, bandwidth)
    return 1 - inside * (0.5 + random), inside * 0.25


def uniform_noise(
    x: Field,
    *,
    feed: float = 0.04,
    kill: float = 0.06,
    amplitude: float = 1e-3,
    bandwidth: float = 200.0,
    seed: int = 0,
) -> Pair:
    """Return the uniform state with the most v for F and K, and `noise` on u."""
    u, v = gray_scott_uniform(feed=feed, kill=kill)
    return u + amplitude * band_limited(_box(x), seed, bandwidth), v + 0.0 * x


def uniform_noise_2d(
    x: Field,
    y: Field,
    *,
    feed: float = 0.04,
    kill: float = 0.06,
    amplitude: float = 1e-3,
    bandwidth: float = 200.0,
    seed: int = 0,
) -> Pair:
    """Return `uniform_noise` in the plane."""
    u, v = gray_scott_uniform(feed=feed, kill=kill)
    return u + amplitude * band_limited(_box(x, y), seed, bandwidth), v + 0.0 * x


GRAY_SCOTT: States = {
    "patch_2d": patch_2d,
    "uniform_noise": uniform_noise,
    "uniform_noise_2d": uniform_noise_2d,
}


# -- FitzHugh–Nagumo -------------------------------------------------------------------


def rest(*, a: float = 0.7, b: float = 0.8, current: float = 0.0) -> tuple[float, float]:
    """Return the lowest  v − v³/3 − (v + a)/b + I = 0  and  w = (v + a)/b."""
    roots = np.roots([-1 / 3, 0.0, 1.0 - 1.0 / b, current - a / b])
    v = float(min(r.real for r in roots if abs(r.imag) < 1e-9))
    return v, (v + a) / b


def stimulus(
    x: Field,
    *,
    a: float = 0.7,
    b: float = 0.8,
    current: float = 0.0,
    width: float = 10.0,
    center: float = 0.0,
) -> Pair:
    """Rest, but for an excited interval that has recovered on its left.

    It sends one pulse to the right: v is raised to 2 within half a ``width`` of the center,
    w by 1.5 on the left of it.
    """
    v, w = rest(a=a, b=b, current=current)
    excited = _block(x - center, width / 2, 1.0)
    behind = _block(x - center + width, width, 1.0)
    return v + (2.0 - v) * excited, w + 1.5 * behind


def broken_front_2d(
    x: Field,
    y: Field,
    *,
    a: float = 0.7,
    b: float = 0.8,
    current: float = 0.0,
    width: float = 10.0,
) -> Pair:
    """`stimulus` on half of the plane, y < 0: its open end curls up into a spiral."""
    v, w = rest(a=a, b=b, current=current)
    along, across = stimulus(x, a=a, b=b, current=current, width=width)
    reach = float(np.max(np.abs(y))) / 2
    half = _block(y + reach, reach, 1.0)
    return v + (along - v) * half, w + (across - w) * half


FITZHUGH_NAGUMO: States = {"stimulus": stimulus, "broken_front_2d": broken_front_2d}


# -- pieces ----------------------------------------------------------------------------


def _block(x: Field, half_width: float, edge: float) -> Array:
    """Return 1 for |x| < half_width, 0 beyond, with edges of a width."""
    steps = np.tanh((x + half_width) / edge) - np.tanh((x - half_width) / edge)
    return np.asarray(0.5 * steps)


def _box(*points: Field) -> Grid:
    """Return the periodic grid whose points these are."""
    axes = []
    for name, coordinate in zip("xyz", points, strict=False):
        line = np.unique(coordinate)
        require(line.size > 1, "noise needs all points of a grid")
        step = float(line[1] - line[0])
        axes.append(
            Axis(name, line.size, float(line[0]), float(line[0]) + step * line.size)
        )
    return Grid(tuple(axes))


def _complex_white(grid: Grid, bandwidth: float, seed: int) -> Array:
    real, imaginary = (band_limited(grid, seed, bandwidth, part=part) for part in range(2))
    return np.asarray((real + 1j * imaginary) / math.sqrt(2.0))
