"""What tests of Gaussian processes share: grids, kernels, explicit products."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

import numpy as np

Array = Any


def lags(n: int, spacing: float = 0.3) -> Array:
    x = spacing * np.arange(n)
    return x[:, None] - x[None, :]


def squared_exponential(r: Array, order: int = 0, rho: float = 1.1) -> Array:
    """exp(−ρ²r²) and its first two derivatives, by hand."""
    g = np.exp(-((rho * r) ** 2))
    if order == 0:
        return g
    if order == 1:
        return -2 * rho**2 * r * g
    return (4 * rho**4 * r**2 - 2 * rho**2) * g


def matrices(shape: Sequence[int], order: int = 0) -> list[Array]:
    """One covariance (or derivative) per dimension, all different."""
    return [squared_exponential(lags(n), order, 1.1 + 0.4 * d) for d, n in enumerate(shape)]


def kron(*factors: Array) -> Array:
    """The explicit Kronecker product, of a matrix of all points."""
    return reduce(np.kron, factors)
