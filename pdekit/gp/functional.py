"""Linear functionals of an unknown u(x): values, fluxes, residuals, periodic closing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from pdekit.errors import PdekitError, ShapeError
from pdekit.typing import Array


@dataclass(frozen=True, eq=False)
class Functional:
    """Data  (L u)(xᵢ) = yᵢ,  or  (L u)(xᵢ) − (L u)(x'ᵢ) = yᵢ,  with  L = Σ cₐ dᵃ/dxᵃ.

    Attributes
    ----------
    points
        The xᵢ.
    operator
        Order a -> coefficient cₐ, a number or one for every point.
    values
        The yᵢ, or one number for all; of several independent draws a column each.
    noise
        ``"residual"``: known up to independent errors of one variance; ``"none"``: exact.
    partners
        The x'ᵢ; u(end) − u(start) = 0 closes a period.

    Examples
    --------
    >>> wall = Functional([0.0, 1.0], {0: 1.0}, 0.0)
    >>> poisson = Functional(np.linspace(0, 1, 9), {2: 1.0}, 1.0, noise="residual")
    >>> poisson.order, len(poisson)
    (2, 9)
    """

    points: Array
    operator: Mapping[int, Array]
    values: Array = 0.0
    noise: Literal["none", "residual"] = "none"
    partners: Array | None = None

    def __post_init__(self) -> None:
        """Refuse shapes that do not fit and numbers that are not finite."""
        points = np.atleast_1d(np.array(self.points, float))
        if points.ndim != 1:
            raise ShapeError("(n,)", points.shape, "points of a functional")
        if not self.operator or min(self.operator) < 0:
            raise PdekitError("an operator needs at least one derivative of order ≥ 0")
        operator = {
            int(a): _fitting(c, points, f"coefficient of order {a}")
            for a, c in self.operator.items()
        }
        values = _fitting(self.values, points, "values", draws=True)
        values = values if values.ndim > 1 else np.broadcast_to(values, points.shape)
        object.__setattr__(self, "points", points)
        object.__setattr__(self, "operator", operator)
        object.__setattr__(self, "values", values)
        if self.partners is not None:
            partners = _fitting(self.partners, points, "partners")
            object.__setattr__(self, "partners", np.broadcast_to(partners, points.shape))
        if not np.all(np.isfinite(points)):
            raise PdekitError("points of a functional must be finite")

    def __len__(self) -> int:
        """Return the number of data."""
        return int(self.points.size)

    @property
    def order(self) -> int:
        """The highest derivative."""
        return int(max(self.operator))

    @cached_property
    def places(self) -> tuple[tuple[float, Array], ...]:
        """The points with the sign of what is read there."""
        here = (1.0, self.points)
        return (here,) if self.partners is None else (here, (-1.0, self.partners))

    def along(self, axis: int) -> dict[int, Array]:
        """Return the coefficients, those that vary shaped as one axis of a matrix."""
        shape = (-1, 1) if axis == 0 else (1, -1)
        return {a: c.reshape(shape) if c.ndim else c for a, c in self.operator.items()}


def _fitting(given: ArrayLike, points: Array, what: str, draws: bool = False) -> Array:
    """Return a number or one for every point, finite; columns of them for draws."""
    array = np.array(given, float)
    fits = array.shape in ((), points.shape)
    if not (fits or (draws and array.ndim == 2 and len(array) == len(points))):
        raise ShapeError(f"a number or {points.shape}", array.shape, what)
    if not np.all(np.isfinite(array)):
        raise PdekitError(f"{what} of a functional must be finite")
    return array


def orders(left: Mapping[int, Array], right: Mapping[int, Array]) -> dict[int, Array]:
    """Return the coefficients of k⁽ⁿ⁾(x − x') in  L L'k = Σ cₐ c'_b (−1)ᵇ k⁽ᵃ⁺ᵇ⁾."""
    total: dict[int, Array] = {}
    for a, c in left.items():
        for b, d in right.items():
            total[a + b] = total.get(a + b, 0.0) + (-1) ** b * c * d
    return {n: c for n, c in total.items() if np.any(c)}


def place_pairs(
    left: Functional, right: Functional
) -> Iterator[tuple[float, Array, Array]]:
    """Yield sign, points and points for all the places that two functionals read."""
    for s, x in left.places:
        for t, y in right.places:
            yield s * t, x, y
