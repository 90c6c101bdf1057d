"""One dimension of a grid: the differentiation matrix of the interpolant of its kernel.

Values at the points determine the mean of the process between them, and its derivatives at
the points are  D⁽ᵃ⁾ u  with  D⁽ᵃ⁾ = K⁽ᵃ⁾ K⁻¹.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import scipy.linalg as sl

from pdekit.errors import NotApplicable
from pdekit.gp import toeplitz
from pdekit.gp.kernels import AbstractKernel, Matern
from pdekit.gp.kronecker import Factor, factorize
from pdekit.typing import Array


def with_floor(
    kernel: AbstractKernel, spacing: float, weight: float = 1e-8, reach: float = 4.0
) -> AbstractKernel:
    """Add a Matérn-5/2 kernel of small weight, which makes collocation well-posed.

    Of a mixture of few frequencies all other grid functions have no variance at all, and
    the differentiation matrix maps them to rounding.  The floor gives them one.

    Parameters
    ----------
    weight
        Variance of the floor as a part of that of the kernel.
    reach
        Its length in spacings.
    """
    return kernel + Matern(2.5, weight * float(kernel(0.0)), reach * spacing)


@dataclass(frozen=True, eq=False)
class Line:
    """The part of an operator that acts along one dimension.

    Attributes
    ----------
    points
        Equidistant, end points included.
    matrix
        Σ c_a D⁽ᵃ⁾,  ``(N, N)``.
    held
        Ends where u is given, of 0 and −1; the equation holds at all other points.
    mirrored
        Whether reversing the order of the points leaves matrix and ends as they are.
    """

    points: Array
    matrix: Array
    held: tuple[int, ...]
    kernel: AbstractKernel
    factor: Factor
    mirrored: bool

    @property
    def interior(self) -> slice:
        """The points where the equation holds."""
        return slice(int(0 in self.held), len(self.points) - int(-1 in self.held))

    @property
    def inner(self) -> Array:
        """The matrix between those points."""
        return self.matrix[self.interior, self.interior]

    def map(self, points: Array, order: int = 0) -> Array:
        """Return the matrix from values on the grid to a derivative at any points."""
        points = np.asarray(points)
        column, row = points - self.points[0], points[0] - self.points
        spacing = self.points[1] - self.points[0]
        if np.allclose(np.diff(points), spacing, rtol=1e-12, atol=0):  # few distinct lags
            ends = (self.kernel.derivative(lags, order) for lags in (column, row))
            return self.factor.times_inverse(sl.toeplitz(*ends))
        lags = points[:, None] - self.points
        return self.factor.times_inverse(self.kernel.derivative(lags, order))


def line(
    kernel: AbstractKernel,
    points: Array,
    terms: Mapping[int, float],
    held: tuple[int, ...] = (0, -1),
    jitter: float = 0.0,
) -> Line:
    """Return the part  Σ c_a dᵃ/dxᵃ  of an operator with its ends.

    Parameters
    ----------
    terms
        Coefficient of every order of differentiation, ``{2: 1.0}``.
    held
        Where u is given: both ends, or the first alone if this is time.
    jitter
        See `pdekit.gp.kronecker.factorize`.
    """
    if not set(held) <= {0, -1}:
        raise NotApplicable("held", f"u can be given at the ends 0 and -1, not at {held}")
    points = np.asarray(points, float)
    lags = (points[1] - points[0]) * np.arange(len(points))
    highest = max(terms, default=0)
    jet = kernel.jet(lags, highest)
    factor = factorize(toeplitz.matrix(jet[0]), jitter)
    total = sum(c * toeplitz.matrix(jet[a], a % 2 == 0) for a, c in terms.items() if a)
    matrix = factor.times_inverse(total) if highest else np.zeros_like(factor.lower)
    matrix += terms.get(0, 0.0) * np.eye(len(points))
    mirrored = set(held) == {0, -1} and all(a % 2 == 0 for a in terms)
    if mirrored:  # so it is but for rounding
        matrix = 0.5 * (matrix + matrix[::-1, ::-1])
    return Line(points, matrix, held, kernel, factor, mirrored)
