"""Coefficients that are no formula: drawn at random, in blocks, or read from a file."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pdekit import random_field, transfer
from pdekit.boundary_value import BlocksLaw, RandomCoefficientLaw
from pdekit.errors import PdekitError
from pdekit.grid import Axis, Grid
from pdekit.typing import Array

if TYPE_CHECKING:
    from collections.abc import Sequence

COUNTED = 64
"""Modes along an axis whose variances make up that of a random field."""


def random_medium(law: RandomCoefficientLaw, grid: Grid, seed: int) -> Array:
    """Draw a positive field; the same function on every grid on the same box."""
    mirrored = law.walls == "mirrored"
    unit = gaussian(grid, seed, alpha=law.alpha, tau=law.tau, mirrored=mirrored)
    if law.kind == "lognormal":
        return np.exp(math.sqrt(law.variance) * unit)
    low, high = law.values
    return np.where(unit > 0, high, low)


def gaussian(
    grid: Grid, seed: int, *, alpha: float, tau: float, amplitude: Any = None,
    mirrored: bool = False,
) -> Array:  # fmt: skip
    """Draw a Gaussian field of covariance  amplitude² (−∇² + τ²)^(−α).

    Without an amplitude its variance is 1, in the mean over the box.  Its period is twice
    the box along bounded axes, so that opposite walls are not alike.

    With ``mirrored`` it is even about the walls: the Laplacian is that of Neumann walls,
    and the field  Σ_k amplitude (k² + τ²)^(−α/2) ξ_k φ_k  of independent normal ξ and
    cosines φ of mean square 1, as Li et al., Fourier neural operator (2021), draw their
    media for Darcy flow.
    """
    box = Grid(tuple(_doubled(axis) for axis in grid.axes))
    if amplitude is None:
        amplitude = _unit(box, alpha, tau, mirrored)
    u = random_field.gaussian(box, seed, alpha=alpha, tau=tau, amplitude=amplitude)
    if mirrored:
        for d, axis in enumerate(grid.axes):
            if axis.boundary != "periodic":
                u = (u + _mirrored(u, axis, d)) / 2
    inside = tuple(slice(_first(a), _first(a) + a.n) for a in grid.axes)
    return np.asarray(u[inside])


def _mirrored(u: Array, axis: Axis, d: int) -> Array:
    """Return u(−x) on the doubled box, x measured from the lower wall."""
    point_on_wall = axis.centring == "vertex"
    return np.roll(np.flip(u, d), int(point_on_wall), d)


def _unit(box: Grid, alpha: float, tau: float, mirrored: bool = False) -> float:
    """Return the amplitude for a variance of 1, the same on every grid."""
    lowest = 0 if mirrored else -COUNTED
    squares = [
        (2 * np.pi / axis.length * np.arange(lowest, COUNTED + 1)) ** 2 for axis in box.axes
    ]
    k2 = sum(np.ix_(*squares), start=np.zeros(()))
    variance = ((k2 + tau**2) ** -alpha).sum() - tau ** (-2 * alpha)
    return 1 / math.sqrt(variance)


def _doubled(axis: Axis) -> Axis:
    """Return a periodic axis with the same points on the first half of its period."""
    if axis.boundary == "periodic":
        return axis
    n = 2 * round(axis.length / axis.spacing)
    upper = axis.upper + axis.length
    return Axis(axis.name, n, axis.lower, upper, "periodic", axis.centring)


def _first(axis: Axis) -> int:
    """Return the number of the first point among those of the doubled axis."""
    wall_left_out = axis.boundary.startswith("dirichlet") and axis.centring == "vertex"
    return int(wall_left_out)


def blocks(law: BlocksLaw, grid: Grid, seed: int) -> Array:
    """Return 1 or the contrast, each with probability a half, in blocks of points."""
    counts = [-(-n // law.size) for n in grid.shape]
    high = np.random.default_rng(seed).random(counts) < 0.5
    for d, n in enumerate(grid.shape):
        high = np.repeat(high, law.size, axis=d).take(range(n), axis=d)
    return np.where(high, law.contrast, 1.0)


def read(path: Path, field: str, grid: Grid) -> Array:
    """Read values from a result, moved to the grid, or from ``.npy``, of its shape.

    Raises
    ------
    PdekitError
        If they do not fit.
    """
    if path.suffix == ".npy":
        try:
            values = np.load(path, allow_pickle=False)
        except (OSError, ValueError) as error:
            raise PdekitError(f"cannot be read: {error}") from error
        return _fitting(values, grid.shape)
    from pdekit.files.writer import read_result

    result = read_result(path)
    if field not in result.fields:
        there = ", ".join(result.fields)
        raise PdekitError(f"has no field {field} (it has {there})")
    values = result.fields[field][-1]
    if result.grid == grid:
        return np.asarray(values)
    ends = [(a.lower, a.upper) for a in result.grid.axes]
    if ends != [(a.lower, a.upper) for a in grid.axes]:
        raise PdekitError("is on another box")
    return transfer.moved(values, result.grid, grid)


def _fitting(values: Array, shape: Sequence[int]) -> Array:
    if values.shape != tuple(shape) or values.dtype.kind not in "fiu":
        raise PdekitError(
            f"must hold real numbers of shape {tuple(shape)} "
            f"(got {values.dtype} of shape {values.shape})"
        )
    return values.astype(float)
