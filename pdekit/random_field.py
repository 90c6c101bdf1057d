"""Gaussian random fields on periodic boxes."""

from __future__ import annotations

import math

import numpy as np

from pdekit.grid import Grid
from pdekit.typing import Array


def gaussian(
    grid: Grid, rng: np.random.Generator, *, alpha: float, tau: float, amplitude: float
) -> Array:
    """Draw a real field of mean 0 and covariance  amplitude² (−∇² + τ²)^(−α).

    White noise is coloured mode by mode: with V the volume of the box, the modes
    exp(ikx)/√V have the variances  λ = amplitude² (k² + τ²)^(−α).
    """
    volume = math.prod(grid.lengths)
    deviation = amplitude * (grid.k_squared() + tau**2) ** (-alpha / 2)
    noise = np.fft.fftn(rng.standard_normal(grid.shape))
    field: Array = np.fft.ifftn(noise * deviation * math.sqrt(grid.size / volume)).real
    return field


def draw(
    grid: Grid,
    seed: tuple[int, ...],
    *,
    is_complex: bool,
    alpha: float,
    tau: float,
    amplitude: float,
) -> Array:
    """Draw a field from a seed; a complex one has two independent parts of equal share."""
    rng = np.random.default_rng(seed)
    law = {"alpha": alpha, "tau": tau, "amplitude": amplitude}
    if not is_complex:
        return gaussian(grid, rng, **law)
    real, imag = gaussian(grid, rng, **law), gaussian(grid, rng, **law)
    return (real + 1j * imag) / math.sqrt(2.0)
