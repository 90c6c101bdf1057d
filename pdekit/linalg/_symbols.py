"""Eigenvalues of  −∇·(k∇u) + c u  with constant coefficients, by mode of the grid.

The modes of every axis diagonalise the differences on it.  With θ = κh, the change of
phase of a mode from one point to the next, the second difference has the eigenvalue

    λ = (2 − 2 cos θ)/h² = (4/h²) sin²(θ/2)

for all boundaries and centrings alike; they differ in the wavenumbers κ alone.

References
----------
Strang, The discrete cosine transform, SIAM Review 41 (1999) 135, on the four types.
Collatz, The Numerical Treatment of Differential Equations (1960), on the scheme of order 4.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

import numpy as np

from pdekit.errors import PdekitError
from pdekit.grid import Grid
from pdekit.typing import Array

Order = Literal[2, 4, "spectral"]
ORDERS = (2, 4, "spectral")


def symbol(grid: Grid, k: Sequence[float], c: float, order: Order) -> Array:
    """Return the eigenvalues, in the shape of the modes of a real field."""
    kappa = grid.wavenumbers(real=True)
    if order == "spectral":
        return _sum(kd * q * q for kd, q in zip(k, kappa, strict=True)) + c
    h = grid.spacing
    second = [
        4.0 / hd**2 * np.sin(0.5 * q * hd) ** 2 for q, hd in zip(kappa, h, strict=True)
    ]
    total = _sum(kd * s for kd, s in zip(k, second, strict=True)) + c
    return total - compact_part(second, h, k, c) if order == 4 else total


def compact_part(
    second: Sequence[Array], h: Sequence[float], k: Sequence[float], c: float
) -> Array:
    """Return what order 4 takes away:  Σ (hᵈ²kₑ + hₑ²kᵈ)/12 λᵈλₑ + c Σ hᵈ²/12 λᵈ."""
    total = _sum(c * hd**2 / 12 * s for hd, s in zip(h, second, strict=True))
    for d in range(len(h)):
        for e in range(d):
            factor = (h[d] ** 2 * k[e] + h[e] ** 2 * k[d]) / 12
            total = total + factor * second[d] * second[e]
    return total


def check_not_zero(grid: Grid, values: Array, size: Array, singular: bool) -> None:
    """Refuse an operator with the eigenvalue zero, but for the constants of a singular one.

    ``size`` is the sum of the absolute values that an eigenvalue is the sum of.
    """
    zero = abs(values) <= 1e-13 * size
    if singular:
        zero[(0,) * grid.ndim] = False
    if zero.any():
        where = np.unravel_index(int(np.argmax(zero)), zero.shape)
        kappa = grid.wavenumbers(real=True)
        mode = ", ".join(
            f"{q.ravel()[i]:.6g} along {name}"
            for q, i, name in zip(kappa, where, grid.names, strict=True)
        )
        raise PdekitError(
            f"the operator is singular: it maps the mode with the wavenumber {mode} to "
            "zero; choose another c, or another grid"
        )


def inverse(eigenvalues: Array, size: float, singular: bool) -> Array:
    """Return  1/(size λ),  zero for the constants of a singular operator."""
    values = eigenvalues * float(size)
    if singular:
        values[(0,) * values.ndim] = np.inf
    return np.asarray(1.0 / values)


def _sum(parts: Iterable[Array]) -> Array:
    total: Array = np.zeros(())
    for part in parts:
        total = total + part
    return total
