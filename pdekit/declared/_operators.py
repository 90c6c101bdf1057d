"""Derivatives as they are written, and as factors in Fourier space.

``dx(f)``, ``dy(f)``, ``dz(f)``, any of them repeated as in ``dxx(f)``, ``dxyy(f)`` or
``dx(f, 2)``, the Laplacian ``lap(f)`` and its inverse ``inv_lap(f)``, whose mean is zero.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import reduce

from pdekit.expressions._simplify import ONE, multiply, negative
from pdekit.expressions._tree import Name, Node, Number

AXES = ("x", "y", "z")
MAX_ORDER = 12
"""Derivatives of higher order are rounding errors times k¹³."""
EXAMPLES = ("dx", "dy", "dz", "dxx", "lap", "inv_lap")
"""What is suggested for a function that does not exist."""

_MIXED = re.compile(rf"d([xyz]{{1,{MAX_ORDER}}})")
_I = Number(1j)
_PHASES = (ONE, _I, Number(-1.0), Number(-1j))


@dataclass(frozen=True)
class Operator:
    """∂ₓᵃ∂ᵧᵇ∂_zᶜ ∇²ˡ ∇⁻²ᵐ, with the symbol  (ikₓ)ᵃ(ikᵧ)ᵇ(ik_z)ᶜ (−k²)ˡ (−1/k²)ᵐ.

    At k = 0 the inverse Laplacian is 0, so that it does not cancel the Laplacian there.
    """

    orders: tuple[int, int, int] = (0, 0, 0)
    laplacians: int = 0
    inverses: int = 0

    def after(self, other: Operator) -> Operator:
        """Return the product: derivatives with constant coefficients commute."""
        a, b, c = (m + n for m, n in zip(self.orders, other.orders, strict=True))
        return Operator(
            (a, b, c), self.laplacians + other.laplacians, self.inverses + other.inverses
        )

    @property
    def is_identity(self) -> bool:
        """Whether it does nothing."""
        return self == Operator()

    @property
    def phase(self) -> Number:
        """Return the factor 1, i, −1 or −i in front of the real rest of the symbol."""
        return _PHASES[self.order % 4]

    @property
    def factors(self) -> list[str]:
        """Names of the real symbols whose product is the rest.

        Even powers come from ``_kx2``, which unlike ``kx`` is not zero at the Nyquist mode.
        """
        names: list[str] = []
        for axis, order in zip(AXES, self.orders, strict=True):
            names += ["k" + axis] * (order % 2) + [f"_k{axis}2"] * (order // 2)
        return names + ["k2"] * self.laplacians + ["inv_k2"] * self.inverses

    def applied(self, coefficient: Node, to: Node) -> Node:
        """Return  coefficient · symbol · to  as a formula in Fourier space."""
        phase = self.phase
        if phase in (Number(-1.0), Number(-1j)):
            coefficient, phase = negative(coefficient), _PHASES[_PHASES.index(phase) - 2]
        real = reduce(multiply, (Name(n) for n in self.factors), coefficient)
        return multiply(_I, multiply(real, to)) if phase == _I else multiply(real, to)

    @property
    def order(self) -> int:
        """How many derivatives it takes."""
        return sum(self.orders) + 2 * (self.laplacians + self.inverses)

    @property
    def axes(self) -> int:
        """Number of axes it needs: 2 for ∂ᵧ."""
        return max((i + 1 for i in range(3) if self.orders[i]), default=0)


IDENTITY = Operator()


def operator(name: str) -> Operator | None:
    """Return the operator of this name, or None."""
    if name == "lap":
        return Operator(laplacians=1)
    if name == "inv_lap":
        return Operator(inverses=1)
    if found := _MIXED.fullmatch(name):
        a, b, c = (found[1].count(axis) for axis in AXES)
        return Operator((a, b, c))
    return None


def repeated(base: Operator, times: int) -> Operator:
    """Return a power of an operator."""
    return reduce(Operator.after, [base] * times, IDENTITY)
