"""Operators with constant coefficients, and the constants nearest to variable ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pdekit.errors import PdekitError, ShapeError
from pdekit.grid import Grid
from pdekit.linalg._symbols import Order
from pdekit.linalg.compact import CompactStencil
from pdekit.linalg.spectral import SpectralOperator
from pdekit.linalg.stencil import Stencil, discretize


def checked_coefficients(
    grid: Grid, k: float | Sequence[float], c: float
) -> tuple[tuple[float, ...], float]:
    """Return one diffusion coefficient for each axis, positive, and the reaction."""
    values = np.atleast_1d(np.asarray(k, dtype=float))
    if values.shape not in ((1,), (grid.ndim,)):
        raise ShapeError(f"one number or {grid.ndim}", values.shape, "k")
    if not (np.isfinite(values).all() and (values > 0).all()):
        raise PdekitError(f"k must be positive and finite, got {k!r}")
    if np.ndim(c) or not np.isfinite(c):
        raise PdekitError(f"c must be a finite number, got {c!r}")
    return tuple(np.broadcast_to(values, grid.ndim).tolist()), float(c)


def operator_of(
    grid: Grid, k: tuple[float, ...], c: float, order: Order
) -> Stencil | CompactStencil | SpectralOperator:
    """Return the operator of an order."""
    if order == 4:
        return CompactStencil(grid, k, c)
    if order == "spectral":
        return SpectralOperator(grid, k, c)
    unit = discretize(grid, 1.0, c)
    faces = tuple(a * kd for a, kd in zip(unit.faces, k, strict=True))
    return Stencil(grid, faces, unit.reaction)


def mean_coefficients(operator: Stencil) -> tuple[tuple[float, ...], float]:
    """Return the geometric mean of k along every axis, and the mean of c ≥ 0.

    The bound on the iterations is the same for every constant between the extremes; the
    geometric mean lies in the middle of them.
    """
    means = []
    for a, one in zip(operator.faces, discretize(operator.grid).faces, strict=True):
        a, one = np.broadcast_arrays(a, one)
        flows = one > 0
        means.append(float(np.exp(np.log(a[flows] / one[flows]).mean())))
    c = float(np.mean(operator.reaction / operator.volumes))
    return tuple(means), max(c, 0.0)
