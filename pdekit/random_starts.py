"""Random starts of published data sets, each the same function on every grid."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Literal

import numpy as np

from pdekit import random_field
from pdekit.grid import Grid, GridError
from pdekit.random_field import Seed
from pdekit.typing import Array, Field

FINE = 32
"""Points for each of the shortest waves, between which no maximum is looked for."""
EDGE = 0.01
"""Width of the ends of a window, as a share of the box."""


def fourier(
    grid: Grid, seed: Seed, *, modes: int = 5, peak: float = 1.0, part: int = 0
) -> Field:
    """Draw  u = c Re Σ_m a_m e^{i(k_m·x + φ_m)}  of all modes |mᵢ| ≤ M but m = 0.

    a is uniform on (−1, 1), φ on (0, 2π), and c such that max |u| = ``peak`` on the grid of
    32 M points along every axis: 160 for M = 5, as Koehler et al., APEBench (NeurIPS 2024),
    draw and store it.
    """
    if min(grid.shape) <= 2 * modes:
        raise GridError(f"{min(grid.shape)} points do not carry mode {modes}")
    shape = (2 * modes + 1,) * (grid.ndim - 1) + (modes + 1,)
    random = _stream(seed, part)
    sizes, phases = random.uniform(-1, 1, shape), random.uniform(0, 2 * math.pi, shape)
    series = sizes * np.exp(1j * phases)
    series[(0,) * grid.ndim] = 0.0
    everywhere = _box(grid, FINE * modes)
    largest = np.abs(_sum(everywhere, series, modes)).max()
    return peak / float(largest) * _sum(grid, series, modes)


def sines(
    grid: Grid,
    seed: Seed,
    *,
    count: int = 2,
    highest: int = 8,
    absolute: float = 0.1,
    window: float = 0.1,
    positive: bool = False,
    part: int = 0,
) -> Field:
    """Draw  Σ_i A_i sin(2π n_i X + φ_i),  X = (x − a)/L,  and bend some of them.

    n is one of 1 … ``highest``, A uniform on (0, 1), φ on (0, 2π). With the probability
    ``absolute`` |u| takes its place; then either sign is as likely; with the probability
    ``window`` it is kept in (X₁, X₂) alone, X₁ uniform on (0.1, 0.45) and X₂ on (0.55,
    0.9), with ends of the width 0.01: Takamoto et al., PDEBench (NeurIPS 2022).
    ``positive`` is |u| divided by its largest, for a share that lies in [0, 1].
    """
    if grid.ndim != 1:
        raise GridError("random sines are functions on a line")
    random = _stream(seed, part)
    n = random.integers(1, highest + 1, count)
    sizes, phases = random.uniform(0, 1, count), random.uniform(0, 2 * math.pi, count)
    folded, inside = random.uniform(size=2) < (absolute, window)
    sign = random.choice([-1.0, 1.0])
    ends = random.uniform(0.1, 0.45), random.uniform(0.55, 0.9)

    def values(points: Grid) -> Array:
        (axis,) = points.axes
        x = (axis.points() - axis.lower) / axis.length
        waves = sizes[:, None] * np.sin(2 * math.pi * n[:, None] * x + phases[:, None])
        u: Array = waves.sum(axis=0)
        u = np.abs(u) if folded or positive else u
        u = u if positive else sign * u
        return u * _window(x, *ends) if inside else u

    u = values(grid)
    return u / values(_box(grid, FINE * highest)).max() if positive else u


def noise(
    grid: Grid,
    seed: Seed,
    *,
    bandwidth: float,
    amplitude: float = 1.0,
    walls: Literal["none", "mirrored"] = "none",
    part: int = 0,
) -> Field:
    """Draw white noise of the modes |k| < ``bandwidth``, with ⟨u²⟩ = amplitude² on average.

    With ``mirrored`` walls it is even about the ends and the middle of every axis, white in
    cosines: they get (u(x) + u(−x))/2, and each its share of what the sines would have.
    """
    u: Array = amplitude * random_field.band_limited(grid, seed, bandwidth, part=part)
    if walls == "none":
        return u
    for d, axis in enumerate(grid.axes):
        on_wall = int(axis.centring == "vertex")
        u = (u + np.roll(np.flip(u, d), on_wall, d)) / 2
    k2 = grid.k_squared()
    waves = (k2 > 0) & (k2 < bandwidth**2)
    cosines = np.logical_and.reduce(np.broadcast_arrays(waves, *_positive(grid)))
    return u * math.sqrt(np.count_nonzero(waves) / np.count_nonzero(cosines))


LAWS: dict[str, Callable[..., Any]] = {
    "gaussian": random_field.gaussian,
    "fourier": fourier,
    "sines": sines,
    "noise": noise,
}


def draw(grid: Grid, seed: Seed, *, kind: str, is_complex: bool, **numbers: Any) -> Field:
    """Draw a field of a law; a complex one has two independent parts of equal share."""
    real, *imaginary = (
        LAWS[kind](grid, seed, part=part, **numbers) for part in range(1 + is_complex)
    )
    return (real + 1j * imaginary[0]) / math.sqrt(2.0) if is_complex else real


# -- pieces ----------------------------------------------------------------------------


def _positive(grid: Grid) -> list[Array]:
    """Return where the wavenumber of each axis is not negative."""
    return [k >= 0 for k in grid.wavenumbers()]


def _stream(seed: Seed, part: int) -> np.random.Generator:
    entropy = [int(s) for s in np.atleast_1d(seed)]
    return np.random.default_rng(np.random.SeedSequence(entropy, spawn_key=(part,)))


def _box(grid: Grid, points: int) -> Grid:
    """Return the same box with so many points along every axis, the first at its corner."""
    return Grid.periodic(points, [(a.lower, a.upper) for a in grid.axes])


def _sum(grid: Grid, series: Array, modes: int) -> Array:
    """Add up the modes of a series, of which the last index counts from zero."""
    u_hat = np.zeros(grid.spectral_shape(real=True), complex)
    both = np.arange(-modes, modes + 1)
    places = [np.roll(both, -modes)] * (grid.ndim - 1) + [np.arange(modes + 1)]
    u_hat[np.ix_(*places)] = series
    return np.asarray(random_field.values(grid, u_hat))


def _window(x: Array, first: float, last: float) -> Array:
    """Return 1 between two places and 0 elsewhere, with ends of a width."""
    step: Array = np.tanh((x - first) / EDGE) - np.tanh((x - last) / EDGE)
    return 0.5 * step
