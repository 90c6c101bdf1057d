"""Linear functionals of an unknown of several coordinates, read at any points."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from pdekit.errors import PdekitError, ShapeError
from pdekit.typing import Array

MultiIndex = tuple[int, ...]
"""How often a function is differentiated along each axis."""
Term = tuple[Array, Array]
"""Coefficients of rows and of columns."""


@dataclass(frozen=True, eq=False)
class Readings:
    """Data  (L u)(xᵢ) = yᵢ + noise,  L = Σ c_a ∂^a,  at points anywhere in D dimensions.

    Attributes
    ----------
    points
        The xᵢ, shape ``(n, D)``.
    operator
        Multi-index a -> coefficient, a number or one for every point.
    values
        The yᵢ, or one number for all; what is only asked for has no need of them.
    noise
        Standard deviation of independent errors, 0 for exact data, or ``"learn"``: one
        unknown for all data that say so.

    Examples
    --------
    >>> points = np.random.default_rng(0).uniform(size=(9, 2))
    >>> poisson = Readings(points, {(2, 0): -1.0, (0, 2): -1.0}, 1.0)
    >>> len(poisson), poisson.order
    (9, 2)
    """

    points: Array
    operator: Mapping[MultiIndex, Array]
    values: Array = 0.0
    noise: float | Literal["learn"] = 0.0

    def __post_init__(self) -> None:
        """Refuse shapes that do not fit and numbers that are not finite."""
        points = np.atleast_2d(np.array(self.points, float))
        if points.ndim != 2:
            raise ShapeError("(n, D)", points.shape, "points of readings")
        if not np.all(np.isfinite(points)):
            raise PdekitError("points of readings must be finite")
        n, d = points.shape
        for a in self.operator or {(): 0.0}:
            if len(a) != d or min(a) < 0:
                raise PdekitError(f"an operator needs {d} orders >= 0 a term, got {a}")
        if self.noise != "learn" and not 0 <= self.noise < inf:
            raise PdekitError(f"noise must be >= 0 and finite, got {self.noise}")
        operator = {
            a: _fitting(c, n, f"coefficient of ∂^{a}") for a, c in self.operator.items()
        }
        values = np.broadcast_to(_fitting(self.values, n, "values"), (n,))
        object.__setattr__(self, "points", points)
        object.__setattr__(self, "operator", operator)
        object.__setattr__(self, "values", values)

    def __len__(self) -> int:
        """Return the number of data."""
        return int(self.points.shape[0])

    @property
    def order(self) -> int:
        """The highest derivative along one axis."""
        return max(max(a) for a in self.operator)

    @property
    def of_constant(self) -> Array:
        """What L makes of the function 1: the coefficient without derivatives."""
        nothing = (0,) * self.points.shape[1]
        return np.broadcast_to(self.operator.get(nothing, 0.0), (len(self),))

    def only(self, keep: Array) -> Readings:
        """Return some of the data, given by index, mask or slice."""
        operator = {a: c[keep] if c.ndim else c for a, c in self.operator.items()}
        return replace(
            self, points=self.points[keep], operator=operator, values=self.values[keep]
        )


def _fitting(given: ArrayLike, n: int, what: str) -> Array:
    """Return a number or one for every point, finite."""
    array = np.array(given, float)
    if array.shape not in ((), (n,)):
        raise ShapeError(f"a number or {(n,)}", array.shape, f"{what} of readings")
    if not np.all(np.isfinite(array)):
        raise PdekitError(f"{what} of readings must be finite")
    return array


def joined(readings: Sequence[Readings], of: str) -> Array:
    """Return the ``values`` of several, or another attribute of every datum."""
    return np.concatenate([getattr(r, of) for r in readings])


def strips(readings: Readings, width: int) -> Iterator[slice]:
    """Cut rows so that a strip of so wide a matrix stays in cache."""
    step = max(1, _ENTRIES // max(1, width))
    for start in range(0, len(readings), step):
        yield slice(start, min(start + step, len(readings)))


_ENTRIES = 1 << 15
"""Entries of a strip: a dozen arrays of a quarter of a megabyte."""


def orders(left: Readings, right: Readings) -> dict[MultiIndex, list[Term]]:
    """Return  n = a + b  ->  the pairs  ((−1)^|b| c_a, c'_b).

    Cov(L u(x), L' u(x')) = Σ_ab (−1)^|b| c_a(x) c'_b(x') ∂^(a+b) k(x − x').
    """
    found: dict[MultiIndex, list[Term]] = {}
    for a, c in left.operator.items():
        for b, d in right.operator.items():
            n = tuple(i + j for i, j in zip(a, b, strict=True))
            found.setdefault(n, []).append(((-1.0) ** sum(b) * c, d))
    return found
