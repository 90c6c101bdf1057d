"""Matérn kernels of half-integer order: a polynomial times an exponential of |r|."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from math import factorial, gamma, pi, sqrt

import numpy as np
from numpy.typing import ArrayLike

from pdekit.errors import PdekitError
from pdekit.gp.kernels.kernel import AbstractKernel
from pdekit.typing import Array

HALF_INTEGERS = (0.5, 1.5, 2.5, 3.5)


@dataclass(frozen=True)
class Matern(AbstractKernel):
    """k(r) = σ² P(a|r|) e^{−a|r|},  a = √(2ν)/ℓ,  P a polynomial of degree ν − ½.

    Samples have ν − ½ derivatives, k has 2ν − 1 at r = 0.

    References
    ----------
    Rasmussen & Williams, Gaussian Processes for Machine Learning (2006), equation 4.16.
    """

    nu: float = 2.5
    variance: float = 1.0
    length: float = 1.0

    def __post_init__(self) -> None:
        """Refuse orders without a closed form."""
        if self.nu not in HALF_INTEGERS:
            raise PdekitError(
                f"nu of a Matérn kernel is one of {HALF_INTEGERS}, not {self.nu}"
            )
        if self.length <= 0 or self.variance < 0:
            raise PdekitError("a kernel needs length > 0 and variance ≥ 0")

    @property
    def smoothness(self) -> float:
        """2ν − 1 derivatives of k exist at r = 0."""
        return float(2 * self.nu - 1)

    def _jet(self, r: Array, order: int) -> Array:
        return self.variance * envelope(r, sqrt(2 * self.nu) / self.length, order, self.nu)

    def density(self, s: ArrayLike) -> Array:
        """Return the spectral density, algebraic of order −2ν − 1."""
        a = sqrt(2 * self.nu) / self.length
        return self.variance * envelope_density(np.asarray(s, float), a, self.nu)


def envelope(r: Array, a: Array | float, order: int, nu: float) -> Array:
    """Return the jet of P(a|r|) e^{−a|r|}, one-sided where a derivative jumps at r = 0.

    With t = a|r|:  dⁿ/drⁿ = (a sgn r)ⁿ Pₙ(t) e^{−t},  Pₙ₊₁ = Pₙ' − Pₙ.
    """
    t = a * np.abs(r)
    decay = np.exp(-t)
    sides = (np.ones_like(t), np.broadcast_to(np.sign(r), t.shape))
    return np.stack(
        [
            a**n
            * sides[n % 2]
            * np.polynomial.polynomial.polyval(t, _polynomial(nu, n))
            * decay
            for n in range(order + 1)
        ]
    )


def envelope_density(s: Array, a: Array | float, nu: float) -> Array:
    """Return the spectral density of the unit envelope."""
    height = 2 * sqrt(pi) * gamma(nu + 0.5) / gamma(nu) * a ** (2 * nu)
    return np.asarray(height * (a**2 + (2 * pi * s) ** 2) ** (-nu - 0.5))


@cache
def _polynomial(nu: float, n: int) -> tuple[float, ...]:
    """Return the coefficients of Pₙ, lowest first."""
    return tuple(float(c) for c in _exact_polynomial(int(nu - 0.5), n))


def _exact_polynomial(p: int, n: int) -> list[Fraction]:
    """Return Pₙ in rational numbers: what must cancel at t = 0 does so exactly."""
    if n == 0:
        return [
            Fraction(
                factorial(p) * factorial(2 * p - k) * 2**k,
                factorial(2 * p) * factorial(k) * factorial(p - k),
            )
            for k in range(p + 1)
        ]
    before = _exact_polynomial(p, n - 1)
    slope = [*(k * c for k, c in enumerate(before) if k), Fraction(0)]
    return [d - c for d, c in zip(slope, before, strict=True)]
