"""Exponential time differencing, Runge-Kutta 4 (Cox-Matthews), 8 transforms per step.

With  z = h L  and the weights of :func:`coefficients`:

    a = e^{z/2} v + Q N̂(v),  b = e^{z/2} v + Q N̂(a),  c = e^{z/2} a + Q (2 N̂(b) − N̂(v))
    v ← e^z v + f₁ N̂(v) + 2 f₂ (N̂(a) + N̂(b)) + f₃ N̂(c)

References
----------
Cox & Matthews, J. Comput. Phys. 176 (2002) 430, eqs. (26)-(29); the weights as contour
means after Kassam & Trefethen, SIAM J. Sci. Comput. 26 (2005) 1214, section 2.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pdekit.stepping._exponential import Exponential, SpectralStepper
from pdekit.stepping._system import System, copied
from pdekit.typing import Array

CONTOUR_POINTS = 32


class ETDStepper(SpectralStepper):
    """Keeps the state, the first slope, the sum of the middle slopes and the argument a."""

    def __init__(self, system: System, steps: int) -> None:
        super().__init__(system, steps)
        stage = self.engine.stage
        self._begin = stage(copied, into=("state",))
        self._first = stage(first, into=("work", "argument", "slope"))
        self._second = stage(second, into=("work", "sum"))
        self._third = stage(third, into=("work", "sum"))
        self._last = stage(last, into=("work",))

    def weights(self, h: float) -> tuple[Any, ...]:
        """Return exp(z/2), Q/N, f₁/N, 2 f₂/N and f₃/N."""
        symbol = self.engine.symbol
        half, q, f1, f2, f3 = coefficients(h * self.system.linear)
        g = h / self.engine.size
        return tuple(map(symbol, (half, g * q, g * f1, 2 * g * f2, g * f3)))

    def advance_by(
        self, w: Array, time: float, h: float, weights: tuple[Any, ...]
    ) -> Array:
        """Take one step with the given weights."""
        (e, q, f1, f2, f3), n = weights, self.system.nonlinear
        v = self._begin(w)
        w, a, nv = self._first(v, n(w, time), e, q)
        w, total = self._second(v, nv, n(w, time + h / 2), e, q, f1, f2)
        w, total = self._third(a, nv, total, n(w, time + h / 2), e, q, f2)
        return self._last(total, n(w, time + h), f3)


def coefficients(z: Array) -> tuple[Array, ...]:
    """Return exp(z/2), Q, f₁, f₂, f₃ divided by h, for any complex ``z = h L``.

    Where |z| < 1 each is the mean of its formula over a circle around z, which avoids the
    cancellation near 0: the radius 2 keeps the circle at least 1 away from 0.  The circle
    is complete because z need not be real.
    """
    z = np.asarray(z, dtype=complex)
    radius = np.where(abs(z) < 1.0, 2.0, 0.0)
    angles = 2 * np.pi * (np.arange(CONTOUR_POINTS) + 0.5) / CONTOUR_POINTS
    total = sum(_formulas(z + radius * turn) for turn in np.exp(1j * angles))
    return (np.exp(z / 2), *(total / CONTOUR_POINTS))


def _formulas(s: Array) -> Array:
    e = np.exp(s)
    q = (np.exp(s / 2) - 1) / s
    f1 = (-4 - s + e * (4 - 3 * s + s**2)) / s**3
    f2 = (2 + s + e * (-2 + s)) / s**3
    f3 = (-4 - 3 * s - s**2 + e * (4 - s)) / s**3
    return np.stack([q, f1, f2, f3])


def first(v: Array, nv: Array, e: Array, q: Array) -> tuple[Array, Array, Array]:
    """Argument a (once to transform, once to keep) and the first slope."""
    a = e * v + q * nv
    return a, a, nv


def second(
    v: Array, nv: Array, na: Array, e: Array, q: Array, f1: Array, f2: Array
) -> tuple[Array, Array]:
    """Argument b, and the sum so far."""
    return e * v + q * na, e * (e * v) + f1 * nv + f2 * na


def third(
    a: Array, nv: Array, total: Array, nb: Array, e: Array, q: Array, f2: Array
) -> tuple[Array, Array]:
    """Argument c, and the sum so far."""
    return e * a + q * (2 * nb - nv), total + f2 * nb


def last(total: Array, nc: Array, f3: Array) -> Array:
    """Return the new state."""
    return total + f3 * nc


integrator = Exponential(
    name="etdrk4",
    order=4,
    stepper=ETDStepper,
    resonance=4.0,
    summary="Cox-Matthews exponential time differencing, 8 transforms per step",
    reference="Cox & Matthews, J. Comput. Phys. 176 (2002) 430; "
    "Kassam & Trefethen, SIAM J. Sci. Comput. 26 (2005) 1214",
)
