"""Random sums of waves that solve a linear equation with constant coefficients exactly.

Of  uₜ = Σ_n Σ_i a_{n,i} ∂ᵢⁿ u  (and of any other operator that a function σ(k) describes)
every wave e^{ik·x} evolves on its own, like e^{σ(k) t}.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from pdekit.solvers.exact.parameters import require, supplied
from pdekit.typing import Array, Field

Growth = Callable[[Sequence[Any]], Any]
"""σ of the wavenumbers along the axes, which are numbers or arrays that broadcast."""


def standing_still(ks: Sequence[Any]) -> Any:
    """Return  σ = 0,  of the equation  uₜ = 0."""
    return 0.0


@supplied("growth")
def random_waves(
    x: Field,
    t: float,
    *,
    period: float = 2 * math.pi,
    highest: int = 8,
    count: int = 20,
    mean: float = 0.0,
    seed: int = 0,
    growth: Growth = standing_still,
) -> Field:
    """Waves of random length, phase and size, of modes up to ``highest``, and a mean.

    The same seed gives the same waves on every grid.
    """
    return _random((x,), t, (period,), highest, count, mean, seed, growth)


@supplied("growth")
def random_waves_2d(
    x: Field,
    y: Field,
    t: float,
    *,
    periods: tuple[float, float] = (2 * math.pi, 2 * math.pi),
    highest: int = 8,
    count: int = 20,
    mean: float = 0.0,
    seed: int = 0,
    growth: Growth = standing_still,
) -> Field:
    """As `random_waves`, in two dimensions and in any direction."""
    return _random((x, y), t, periods, highest, count, mean, seed, growth)


@supplied("growth")
def random_waves_3d(
    x: Field,
    y: Field,
    z: Field,
    t: float,
    *,
    periods: tuple[float, float, float] = (2 * math.pi, 2 * math.pi, 2 * math.pi),
    highest: int = 8,
    count: int = 20,
    mean: float = 0.0,
    seed: int = 0,
    growth: Growth = standing_still,
) -> Field:
    """As `random_waves_2d`, in three dimensions."""
    return _random((x, y, z), t, periods, highest, count, mean, seed, growth)


def _random(
    points: Sequence[Field],
    t: float,
    periods: Sequence[float],
    highest: int,
    count: int,
    mean: float,
    seed: int,
    growth: Growth,
) -> Field:
    """Add up  m e^{σ(0)t} + Re Σ A e^{ik·x + iφ + σ(k)t}."""
    require(highest >= 1 and count >= 1, "random waves need highest and count >= 1")
    random = np.random.default_rng(seed)
    modes = random.integers(-highest, highest + 1, size=(count, len(points)))
    modes[~modes.any(axis=1)] = 1  # k = 0 is the mean
    sizes = random.standard_normal(count) / math.sqrt(count)
    phases = random.uniform(0, 2 * math.pi, count)
    total: Array = mean * np.exp(complex(growth([0.0] * len(points))) * t)
    for mode, size, phase in zip(modes, sizes, phases, strict=True):
        ks = [2 * math.pi * m / period for m, period in zip(mode, periods, strict=True)]
        theta: Any = phase
        for k, x in zip(ks, points, strict=True):
            theta = theta + k * x
        total = total + size * np.exp(1j * theta + complex(growth(ks)) * t)
    return np.real(total)


@supplied("diffusivity")
def heat_kernel(
    x: Field,
    t: float,
    *,
    diffusivity: float = 1.0,
    period: float = 2 * math.pi,
    width: float = 0.3,
    position: float = 0.0,
) -> Field:
    """Gaussians  e^{−y²/2s²}/s√2π,  s² = w² + 2κt,  around every x₀ + n·period.

    Of total mass one in each period; it begins with the width w.
    """
    spread = width**2 + 2 * diffusivity * t
    reach = math.ceil(9 * math.sqrt(spread) / period) + 1  # e^{−81/2} is rounding
    y = np.mod(x - position + 0.5 * period, period) - 0.5 * period
    images = sum(
        np.exp(-((y - n * period) ** 2) / (2 * spread)) for n in range(-reach, reach + 1)
    )
    return images / math.sqrt(2 * math.pi * spread)
