"""Exact solutions of the Allen–Cahn and Cahn–Hilliard equations, and round inclusions.

Both have the steady states  ε²u″ = u³ − u,  with ε² = γ for the latter.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.optimize import brentq
from scipy.special import ellipj, ellipkm1

from pdekit.solvers.exact.parameters import require
from pdekit.typing import Field


def kink_pair(
    x: Field,
    t: float,
    *,
    epsilon: float = 0.1,
    distance: float = 6.0,
    center: float = 0.0,
) -> Field:
    """Kink and antikink  u = tanh((X + d/2)/√2ε) − tanh((X − d/2)/√2ε) − 1,  at rest.

    Each alone is steady; together they attract each other, at a rate of the order of
    exp(−√2 d/ε): below rounding for d > 26 ε. So do their images in a periodic box.
    """
    width = math.sqrt(2.0) * epsilon
    left = np.tanh((x - center + distance / 2) / width)
    right = np.tanh((x - center - distance / 2) / width)
    return left - right - 1.0


def kink_train(
    x: Field, t: float, *, epsilon: float = 0.1, period: float = 2.0, center: float = 0.0
) -> Field:
    """Return  u = √(2m/(1 + m)) sn(X/(ε√(1 + m)) | m),  steady and exactly periodic.

    The modulus m is found from the period  4 K(m) ε √(1 + m),  which is at least 2πε.
    Beyond 50ε rounding of m = 1 blurs it, and a `kink_pair` is as good.
    """
    least, most = 2 * math.pi * epsilon, 50 * epsilon
    require(
        least < period < most,
        f"kink_train needs a period between 2π epsilon = {least:g} and 50 epsilon = "
        f"{most:g}, got {period:g}",
    )

    def excess(log_m1: float) -> float:
        m1 = math.exp(log_m1)
        return 4 * float(ellipkm1(m1)) * epsilon * math.sqrt(2 - m1) - period

    m = -math.expm1(float(brentq(excess, math.log(1e-8), -1e-14, xtol=1e-15)))
    sn = ellipj((x - center) / (epsilon * math.sqrt(1 + m)), m)[0]
    return math.sqrt(2 * m / (1 + m)) * sn


def invasion(
    x: Field,
    t: float,
    *,
    epsilon: float = 0.1,
    half_width: float = 3.0,
    center: float = 0.0,
) -> Field:
    """Phase 1 between two fronts that invade the unstable state 0 with  s = 3ε/√2.

    u = ½[tanh((X + d + st)/2√2ε) − tanh((X − d − st)/2√2ε)],  to within exp(−d/√2ε).
    """
    reach = half_width + 3 * epsilon / math.sqrt(2.0) * t
    width = 2 * math.sqrt(2.0) * epsilon
    left = np.tanh((x - center + reach) / width)
    return 0.5 * (left - np.tanh((x - center - reach) / width))


def uniform(x: Field, t: float, *, start: float = 0.1) -> Field:
    """Return  u = u₀ / √(u₀² + (1 − u₀²) e^{−2t}),  the same everywhere."""
    decay = math.exp(-2 * t)
    return start / math.sqrt(start**2 + (1 - start**2) * decay) + 0.0 * x


# -- states ----------------------------------------------------------------------------


def disk(
    x: Field,
    y: Field,
    *,
    radius: float = 1.0,
    epsilon: float = 0.1,
    x0: float = 0.0,
    y0: float = 0.0,
) -> Field:
    """Phase 1 inside a circle:  u = tanh((R − r)/√2ε)."""
    return _round(radius, epsilon, x - x0, y - y0)


def ball(
    x: Field,
    y: Field,
    z: Field,
    *,
    radius: float = 1.0,
    epsilon: float = 0.1,
    x0: float = 0.0,
    y0: float = 0.0,
    z0: float = 0.0,
) -> Field:
    """Phase 1 inside a sphere:  u = tanh((R − r)/√2ε)."""
    return _round(radius, epsilon, x - x0, y - y0, z - z0)


def _round(radius: float, epsilon: float, *offsets: Field) -> Field:
    r = np.sqrt(sum(offset**2 for offset in offsets))
    return np.tanh((radius - r) / (math.sqrt(2.0) * epsilon))
