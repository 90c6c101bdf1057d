"""Exact solutions  (u, v = uₜ)  of  uₜₜ = c² ∇²u − m² u  on a periodic box.

With m = 0 this is the wave equation, otherwise the linear Klein–Gordon equation: a wave
cos(k·x − ωt) has  ω² = c²|k|² + m²  in both.  Of the wave equation the mean is free to
move: u may have the mean  offset + drift · t.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from pdekit.solvers.exact.parameters import require
from pdekit.typing import Array, Field

Pair = tuple[Field, Field]


def dalembert(
    x: Field,
    t: float,
    *,
    speed: float = 1.0,
    period: float = 2 * math.pi,
    width: float = 0.3,
    position: float = 0.0,
    right: float = 1.0,
    left: float = 0.5,
) -> Pair:
    """Return  u = R p(x − ct) + L p(x + ct), two pulses that run through each other.

    The profile  p(s) = exp((cos κs − 1)/(κσ)²)  with  κ = 2π/period  is periodic, smooth
    and close to the Gaussian exp(−s²/2σ²).

    References
    ----------
    d'Alembert, Hist. Acad. Sci. Berlin 3 (1747) 214.
    """
    kappa = 2 * math.pi / period

    def pulse(s: Array) -> tuple[Array, Array]:
        value = np.exp((np.cos(kappa * s) - 1) / (kappa * width) ** 2)
        return value, -np.sin(kappa * s) / (kappa * width**2) * value

    ahead, ahead_slope = pulse(x - position - speed * t)
    back, back_slope = pulse(x - position + speed * t)
    return right * ahead + left * back, speed * (left * back_slope - right * ahead_slope)


def standing_wave(
    x: Field,
    t: float,
    *,
    speed: float = 1.0,
    mass: float = 0.0,
    period: float = 2 * math.pi,
    amplitude: float = 1.0,
    mode: int = 2,
) -> Pair:
    """Return  u = A cos kx cos ωt  with  k = 2π mode / period."""
    return _standing((x,), t, (mode,), period, amplitude, speed, mass)


def standing_wave_2d(
    x: Field,
    y: Field,
    t: float,
    *,
    speed: float = 1.0,
    mass: float = 0.0,
    period: float = 2 * math.pi,
    amplitude: float = 1.0,
    modes: tuple[int, int] = (2, 1),
) -> Pair:
    """Return  u = A cos k₁x cos k₂y cos ωt, each k a multiple of 2π / period."""
    return _standing((x, y), t, modes, period, amplitude, speed, mass)


def standing_wave_3d(
    x: Field,
    y: Field,
    z: Field,
    t: float,
    *,
    speed: float = 1.0,
    mass: float = 0.0,
    period: float = 2 * math.pi,
    amplitude: float = 1.0,
    modes: tuple[int, int, int] = (2, 1, 3),
) -> Pair:
    """Return  u = A cos k₁x cos k₂y cos k₃z cos ωt, each k a multiple of 2π / period."""
    return _standing((x, y, z), t, modes, period, amplitude, speed, mass)


def _standing(
    points: Sequence[Field],
    t: float,
    modes: Sequence[int],
    period: float,
    amplitude: float,
    speed: float,
    mass: float,
) -> Pair:
    ks = [2 * math.pi * mode / period for mode in modes]
    omega = math.hypot(speed * math.hypot(*ks), mass)
    shape: Any = amplitude
    for k, x in zip(ks, points, strict=True):
        shape = shape * np.cos(k * x)
    return math.cos(omega * t) * shape, -omega * math.sin(omega * t) * shape


def random_waves(
    x: Field,
    t: float,
    *,
    speed: float = 1.0,
    mass: float = 0.0,
    period: float = 2 * math.pi,
    highest: int = 8,
    count: int = 20,
    offset: float = 0.0,
    drift: float = 0.0,
    seed: int = 0,
) -> Pair:
    """Waves of random direction, length, phase and size, of modes up to ``highest``.

    The same seed gives the same waves on every grid. ``offset`` and ``drift`` are the mean
    at t = 0 and its velocity; they need m = 0.
    """
    return _random((x,), t, speed, mass, period, highest, count, (offset, drift), seed)


def random_waves_2d(
    x: Field,
    y: Field,
    t: float,
    *,
    speed: float = 1.0,
    mass: float = 0.0,
    period: float = 2 * math.pi,
    highest: int = 8,
    count: int = 20,
    offset: float = 0.0,
    drift: float = 0.0,
    seed: int = 0,
) -> Pair:
    """As `random_waves`, in two dimensions."""
    return _random((x, y), t, speed, mass, period, highest, count, (offset, drift), seed)


def random_waves_3d(
    x: Field,
    y: Field,
    z: Field,
    t: float,
    *,
    speed: float = 1.0,
    mass: float = 0.0,
    period: float = 2 * math.pi,
    highest: int = 8,
    count: int = 20,
    offset: float = 0.0,
    drift: float = 0.0,
    seed: int = 0,
) -> Pair:
    """As `random_waves`, in three dimensions."""
    return _random((x, y, z), t, speed, mass, period, highest, count, (offset, drift), seed)


def _random(
    points: Sequence[Field],
    t: float,
    speed: float,
    mass: float,
    period: float,
    highest: int,
    count: int,
    mean: tuple[float, float],
    seed: int,
) -> Pair:
    """Add up  A cos(k·x − ωt + φ);  a wave that runs the other way is one with −k."""
    require(mass == 0 or mean == (0.0, 0.0), "offset and drift need mass = 0")
    random = np.random.default_rng(seed)
    modes = random.integers(-highest, highest + 1, size=(count, len(points)))
    modes[~modes.any(axis=1)] = 1  # k = 0 is no wave
    sizes = random.standard_normal(count) / math.sqrt(count)
    phases = random.uniform(0, 2 * math.pi, count)
    u: Any = mean[0] + mean[1] * t
    v: Any = mean[1]
    for mode, size, phase in zip(modes, sizes, phases, strict=True):
        ks = 2 * math.pi * mode / period
        omega = math.hypot(speed * math.hypot(*ks), mass)
        theta: Any = phase - omega * t
        for k, x in zip(ks, points, strict=True):
            theta = theta + k * x
        u, v = u + size * np.cos(theta), v + size * omega * np.sin(theta)
    return u, v
