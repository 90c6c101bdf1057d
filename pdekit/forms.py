"""Left-hand sides of equations as polynomials in an unknown and its derivatives.

A formula that is written for known functions, `pdekit.calculus.Smooth`, gives its own
coefficients when it is called with the unknown instead:

>>> from pdekit.calculus import Smooth
>>> from pdekit.forms import Form
>>> u, k = Form.unknown(("x", "t")), Smooth.of("1 + x", ("x", "t"))
>>> heat = u.d("t") - (k * u.d("x")).d("x")
>>> sorted(heat.linear)
[(0, 1), (1, 0), (2, 0)]
>>> float(heat.linear[1, 0].at({"x": 0.5, "t": 0.0}, ()))
-1.0
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from pdekit.calculus import Smooth

MultiIndex = tuple[int, ...]
"""How often a function is differentiated along each axis."""
ONE = Smooth(((1.0, ()),))


@dataclass(frozen=True)
class Form:
    """Σ coefficient · ∂^a u · ∂^b u …  on axes with names.

    Attributes
    ----------
    axes : tuple of str
        Names of the axes, time among them.
    terms : mapping
        The coefficient of each product; a product is the sorted tuple of its multi-indices.
    """

    axes: tuple[str, ...]
    terms: Mapping[tuple[MultiIndex, ...], Smooth]

    @classmethod
    def unknown(cls, axes: tuple[str, ...]) -> Form:
        """Return u itself."""
        return cls(axes, {((0,) * len(axes),): ONE})

    def d(self, name: str) -> Form:
        """Return the derivative along an axis, by the rule of products."""
        along = self.axes.index(name)
        total = Form(self.axes, {})
        for factors, coefficient in self.terms.items():
            slope = coefficient.d(name)
            if slope.terms:
                total += Form(self.axes, {factors: slope})
            for i, index in enumerate(factors):
                raised = tuple(n + (d == along) for d, n in enumerate(index))
                product = tuple(sorted((*factors[:i], raised, *factors[i + 1 :])))
                total += Form(self.axes, {product: coefficient})
        return total

    def __add__(self, other: Form) -> Form:
        """Return the sum."""
        terms = dict(self.terms)
        for product, coefficient in other.terms.items():
            known = terms.get(product)
            terms[product] = coefficient if known is None else known + coefficient
        return Form(self.axes, terms)

    def __neg__(self) -> Form:
        """Return the negative."""
        return Form(self.axes, {p: -c for p, c in self.terms.items()})

    def __sub__(self, other: Form) -> Form:
        """Return the difference."""
        return self + -other

    def __mul__(self, other: Form | Smooth) -> Form:
        """Return the product with a known function or with another form."""
        if isinstance(other, Smooth):
            return Form(self.axes, {p: c * other for p, c in self.terms.items()})
        total = Form(self.axes, {})
        for p, a in self.terms.items():
            for q, b in other.terms.items():
                total += Form(self.axes, {tuple(sorted((*p, *q))): a * b})
        return total

    __rmul__ = __mul__

    @cached_property
    def linear(self) -> dict[MultiIndex, Smooth]:
        """Coefficients of the terms with one factor."""
        return {p[0]: c for p, c in self.terms.items() if len(p) == 1}

    @property
    def is_linear(self) -> bool:
        """Whether every term has one factor."""
        return len(self.linear) == len(self.terms)
