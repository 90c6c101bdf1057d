"""Sums of products of formulas, with derivatives: enough to write a differential operator.

>>> from pdekit.calculus import Smooth
>>> u = Smooth.of("x**2*y", ("x", "y"))
>>> laplacian = u.d("x").d("x") + u.d("y").d("y")
>>> float(laplacian.at({"x": 1.0, "y": 3.0}, ()))
6.0
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from pdekit.expressions import Expression, compile_expression, evaluate_on
from pdekit.typing import Array

Product = tuple[float, tuple[Expression, ...]]


@dataclass(frozen=True)
class Smooth:
    """A function that can be differentiated:  Σ number · formula · formula …."""

    terms: tuple[Product, ...]

    @classmethod
    def of(cls, text: str, names: Collection[str]) -> Smooth:
        """Return the function that a formula of these names means."""
        return cls(((1.0, (compile_expression(text, names),)),))

    def d(self, name: str) -> Smooth:
        """Return the derivative with respect to a name."""
        slopes: list[Product] = []
        for number, factors in self.terms:
            for i, factor in enumerate(factors):
                slope = factor.derivative(name)
                if str(slope) != "0":
                    rest = (*factors[:i], slope, *factors[i + 1 :])
                    slopes.append((number, rest))
        return Smooth(tuple(slopes))

    def __add__(self, other: Smooth) -> Smooth:
        """Return the sum."""
        return Smooth((*self.terms, *other.terms))

    def __neg__(self) -> Smooth:
        """Return the negative."""
        return Smooth(tuple((-number, factors) for number, factors in self.terms))

    def __sub__(self, other: Smooth) -> Smooth:
        """Return the difference."""
        return self + -other

    def __mul__(self, other: Smooth) -> Smooth:
        """Return the product."""
        if not isinstance(other, Smooth):
            return NotImplemented
        return Smooth(
            tuple((a * b, (*f, *g)) for a, f in self.terms for b, g in other.terms)
        )

    def at(self, values: Mapping[str, Any], shape: tuple[int, ...]) -> Array:
        """Evaluate on arrays that broadcast to ``shape``.

        Raises
        ------
        ExpressionError
            If a formula has no finite real value at some point.
        """
        total = np.zeros(shape)
        for number, factors in self.terms:
            product: Any = number
            for factor in factors:
                used = {n: v for n, v in values.items() if n in factor.names_used}
                product = product * evaluate_on(factor, used, shape)
            total = total + product
        return total
