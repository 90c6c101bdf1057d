"""Differential equations on a box as the joint optimisation sees them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from pdekit.errors import PdekitError, ShapeError
from pdekit.typing import Array

Term = tuple[int, ...]
"""Orders of differentiation along the dimensions, (2, 0) for u_xx in two of them."""


@dataclass(frozen=True)
class Pointwise:
    """A function q(u) of the value at a point, with its derivative."""

    value: Callable[[Array], Array]
    slope: Callable[[Array], Array]

    def around(self, u: Array) -> Pointwise:
        """Return  v ↦ q(u + v)."""
        return Pointwise(lambda v: self.value(u + v), lambda v: self.slope(u + v))


ALLEN_CAHN = Pointwise(lambda u: u * (u * u - 1), lambda u: 3 * u * u - 1)
"""q(u) = u (u² − 1)."""


@dataclass(frozen=True, eq=False)
class JointProblem:
    """Σ c_a ∂ᵃu + q(u) = f  at all points of a uniform grid, u = g on some faces.

    Attributes
    ----------
    points
        Coordinates of every dimension, equidistant, end points included.
    terms
        Coefficient of every derivative, for example ``{(2, 0): 1.0, (0, 2): 1.0}``;
        numbers, or arrays that broadcast to the grid.
    source
        f,  ``(N₁, …, N_d)``.
    faces
        g on the lower (side 0) or upper (side −1) face of a dimension: ``{(d, side): g}``.
        A corner counts once for each face it is on.
    nonlinearity
        q.
    """

    points: tuple[Array, ...]
    terms: Mapping[Term, float | Array]
    source: Array
    faces: Mapping[tuple[int, int], Array]
    nonlinearity: Pointwise | None = field(default=None)

    def __post_init__(self) -> None:
        """Refuse what does not fit together."""
        if self.source.shape != self.shape:
            raise ShapeError(self.shape, self.source.shape, "the source")
        for term in self.terms:
            if len(term) != len(self.points):
                raise ShapeError(len(self.points), len(term), f"orders of the term {term}")
        for (d, side), g in self.faces.items():
            expected = self.shape[:d] + self.shape[d + 1 :]
            if np.shape(g) != expected:
                raise ShapeError(expected, np.shape(g), f"data on face {(d, side)}")
        for x in self.points:
            steps = np.diff(x)
            if np.ptp(steps) > 1e-9 * abs(steps[0]):
                raise PdekitError("the points of a dimension must be equidistant")

    @property
    def shape(self) -> tuple[int, ...]:
        """Points of every dimension."""
        return tuple(len(x) for x in self.points)

    @property
    def lags(self) -> tuple[Array, ...]:
        """Lags  x − x₀  of the Toeplitz matrices of every dimension."""
        return tuple((x[1] - x[0]) * np.arange(len(x)) for x in self.points)

    @property
    def boundary_size(self) -> int:
        """Number of boundary values, corners counted for each face."""
        return sum(math.prod(np.shape(g)) for g in self.faces.values())

    def orders(self, d: int) -> tuple[int, ...]:
        """Return the orders of differentiation along a dimension, the identity left out."""
        return tuple(sorted({term[d] for term in self.terms} - {0}))

    def gaps(self, u: Array) -> dict[tuple[int, int], Array]:
        """Return  u − g  on every face."""
        return {(d, s): np.take(u, s, d) - g for (d, s), g in self.faces.items()}

    def around(self, u: Array, image: Array) -> JointProblem:
        """Return the problem of what is to be added to u, of which ``image`` is Σ c ∂ᵃu."""
        q = self.nonlinearity
        return replace(
            self,
            source=self.source - image,
            faces={face: -gap for face, gap in self.gaps(u).items()},
            nonlinearity=q and q.around(u),
        )
