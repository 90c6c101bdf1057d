"""Initial states of the Kuramoto–Sivashinsky equation, and its linear growth."""

from __future__ import annotations

import math

import numpy as np

from pdekit import random_field
from pdekit.grid import Grid
from pdekit.solvers.exact.parameters import require
from pdekit.typing import Array, Field


def growth(k2: Array | float, hyperviscosity: float = 1.0) -> Array | float:
    """Growth rate  σ = k² − ν₄k⁴  of a wave on the state at rest, at the given k²."""
    return k2 - hyperviscosity * k2 * k2


def kassam_trefethen(x: Field) -> Field:
    """Return  u = cos(x/16)(1 + sin(x/16)),  of period 32π.

    References
    ----------
    Kassam & Trefethen, SIAM J. Sci. Comput. 26 (2005) 1214.
    """
    return np.cos(x / 16) * (1 + np.sin(x / 16))


def noise(x: Field, *, amplitude: float = 1e-8, highest: int = 16, seed: int = 0) -> Field:
    """Return  u = A Σ_{m=1}^{M} cos(2πmx/L + φ_m)  with random phases, L being the box.

    Every mode begins with the same size, whatever the number of points.
    """
    require(highest >= 1, f"noise needs highest >= 1, got {highest}")
    line = np.unique(x)
    length = (line[-1] - line[0]) * line.size / (line.size - 1)
    phases = np.random.default_rng(seed).uniform(0, 2 * math.pi, highest)
    m = np.arange(1, highest + 1)
    theta = 2 * math.pi * m / length * np.asarray(x, float)[..., None] + phases
    found: Field = amplitude * np.cos(theta).sum(axis=-1)
    return found


def noise_2d(
    x: Field, y: Field, *, amplitude: float = 0.1, highest: int = 4, seed: int = 0
) -> Field:
    """Return random waves of all modes up to ``highest`` along both axes, ⟨φ²⟩ = A²."""
    require(highest >= 1, f"noise_2d needs highest >= 1, got {highest}")
    lines = [np.unique(x), np.unique(y)]
    require(
        all(line.size > 2 * highest for line in lines),
        f"the grid does not carry mode {highest}",
    )
    boxes = [(a[0], a[0] + (a[-1] - a[0]) * a.size / (a.size - 1)) for a in lines]
    grid = Grid.periodic([line.size for line in lines], boxes)
    low = np.ones((1, 1), dtype=bool)
    for axis, m in enumerate(grid.modes(real=True)):
        low = low & (np.abs(m) <= highest).reshape((-1, 1) if axis == 0 else (1, -1))
    phi = random_field.values(grid, low * random_field.white(grid, seed))
    return amplitude / float(grid.norm(phi)) * phi
