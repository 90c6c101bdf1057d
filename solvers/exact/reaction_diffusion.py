"""Fronts and pulses of reaction-diffusion equations, and the growth of Turing modes.

Fronts are not periodic: they come in pairs that move apart, with the higher state between
them. What one front leaves at the place of the other is exponentially small in their
distance, and so is the error.

For  uₜ = D uₓₓ + κ(u − u₁)(u₃ − u)(u − u₂)  a front from u₃ on the left to u₁ has

    u = ½(u₁ + u₃) − ½(u₃ − u₁) tanh(½(u₃ − u₁) m (x − st)),
    m = √(κ/2D),   s = √(κD/2) (u₁ + u₃ − 2u₂).
"""

from __future__ import annotations

import math

import numpy as np

from pdekit.solvers.exact.parameters import require
from pdekit.typing import Array, Field

Pair = tuple[Field, Field]


def fisher_front(x: Field, *, diffusivity: float = 1.0, rate: float = 1.0) -> Field:
    """Return  u = (1 + e^{x√(r/6D)})^{−2},  which moves with  s = 5√(rD/6).

    Ablowitz & Zeppetella, Bull. Math. Biol. 41 (1979) 835: no other speed has
    a closed form.
    """
    z = math.sqrt(rate / (6 * diffusivity)) * x
    return (0.5 - 0.5 * np.tanh(0.5 * z)) ** 2  # 1/(1 + e^z) without overflow


def fisher_pair(
    x: Field,
    t: float,
    *,
    diffusivity: float = 1.0,
    rate: float = 1.0,
    half_width: float = 60.0,
    center: float = 0.0,
) -> Field:
    """Two `fisher_front` back to back,  u(X − d − st) · u(−X − d − st).

    Exact to within  2 exp(−2d√(r/6D)),  how far u is below 1 midway, times √ of that at
    worst: 1e-10 at the defaults.
    """
    reach = half_width + 5 * math.sqrt(rate * diffusivity / 6) * t
    xc = x - center
    return fisher_front(xc - reach, diffusivity=diffusivity, rate=rate) * fisher_front(
        -xc - reach, diffusivity=diffusivity, rate=rate
    )


def logistic(x: Field, t: float, *, rate: float = 1.0, start: float = 0.1) -> Field:
    """Return  u = u₀ / (u₀ + (1 − u₀) e^{−rt}),  the same everywhere."""
    return start / (start + (1 - start) * math.exp(-rate * t)) + 0.0 * x


def nagumo_pair(
    x: Field,
    t: float,
    *,
    diffusivity: float = 1.0,
    threshold: float = 0.25,
    half_width: float = 40.0,
    center: float = 0.0,
) -> Field:
    """State 1 between two fronts of speed  s = √(2D)(½ − a),  outward for a < ½."""
    roots = (0.0, threshold, 1.0)
    return _bistable_pair(x - center, t, roots, diffusivity, 1.0, half_width)


def frozen_front_pair(
    x: Field,
    t: float,
    *,
    diffusivity_v: float = 1.0,
    epsilon: float = 0.08,
    current: float = 0.0,
    recovery: float = -0.3,
    half_width: float = 40.0,
    center: float = 0.0,
) -> Pair:
    """Excited state between two fronts of FitzHugh–Nagumo with w = ``recovery``, ε = 0.

    u₁ < u₂ < u₃ are the roots of  v − v³/3 − w + I,  and κ = 1/3.
    """
    require(epsilon == 0, "front_pair needs epsilon = 0: the recovery does not move")
    drive = current - recovery
    require(abs(drive) < 2 / 3, f"front_pair needs |current - recovery| < 2/3: {drive:g}")
    roots = tuple(np.sort(np.roots([-1 / 3, 0.0, 1.0, drive]).real))
    v = _bistable_pair(x - center, t, roots, diffusivity_v, 1 / 3, half_width)
    return v, recovery + 0.0 * x


def _bistable_pair(
    x: Field,
    t: float,
    roots: tuple[float, ...],
    diffusivity: float,
    kappa: float,
    half_width: float,
) -> Field:
    """Return u₃ between two fronts, u₁ outside; see the head of this module."""
    low, middle, high = roots
    steep = 0.5 * (high - low) * math.sqrt(kappa / (2 * diffusivity))
    speed = math.sqrt(kappa * diffusivity / 2) * (low + high - 2 * middle)
    reach = half_width + speed * t
    bump = np.tanh(steep * (x + reach)) - np.tanh(steep * (x - reach))
    return low + 0.5 * (high - low) * bump


# -- Gray–Scott ------------------------------------------------------------------------


def gray_scott_pulse(
    x: Field,
    t: float,
    *,
    feed: float = 0.04,
    kill: float = 0.06,
    diffusivity_u: float = 2e-5,
    diffusivity_v: float = 1e-5,
    center: float = 0.0,
) -> Pair:
    """Return the steady pulse of Gray–Scott for  Dᵥ/Dᵤ = (F + K)/F = γ.

    Then u = 1 − γv, and  Dᵥv″ = (F + K)v − v² + γv³  has the solution

        v = 3(F + K) / (1 + Q cosh(X √((F + K)/Dᵥ))),   Q² = 1 − 9γ(F + K)/2.

    Hale, Peletier & Troy, SIAM J. Appl. Math. 61 (2000) 102.
    """
    loss = feed + kill
    ratio = loss / feed
    require(
        math.isclose(diffusivity_v, ratio * diffusivity_u, rel_tol=1e-12),
        "pulse needs diffusivity_v / diffusivity_u = (feed + kill) / feed",
    )
    square = 1 - 4.5 * ratio * loss
    require(square > 0, "pulse needs (feed + kill)² < 2/9 feed")
    arm = np.minimum(abs(x - center) * math.sqrt(loss / diffusivity_v), 350.0)
    v = 3 * loss / (1 + math.sqrt(square) * np.cosh(arm))
    return 1 - ratio * v, v


def gray_scott_uniform(*, feed: float = 0.04, kill: float = 0.06) -> tuple[float, float]:
    """Return the uniform state with the most v:  uv = F + K,  F(1 − u) = (F + K)v."""
    loss = feed + kill
    square = 1 - 4 * loss**2 / feed
    require(square >= 0, "a uniform state with v > 0 needs 4 (feed + kill)² <= feed")
    u = 0.5 * (1 - math.sqrt(square))
    return u, feed * (1 - u) / loss


def gray_scott_growth(
    k: Array | float,
    *,
    feed: float,
    kill: float,
    diffusivity_u: float,
    diffusivity_v: float,
) -> Array:
    """Return the largest real part of the growth rate of mode k of `gray_scott_uniform`.

    With  uv = F + K  the Jacobian is  (−v² − F − Dᵤk², −2(F + K); v², F + K − Dᵥk²).
    """
    _, v = gray_scott_uniform(feed=feed, kill=kill)
    k2, loss = np.asarray(k, dtype=float) ** 2, feed + kill
    trace = loss - v**2 - feed - (diffusivity_u + diffusivity_v) * k2
    det = 2 * loss * v**2 - (v**2 + feed + diffusivity_u * k2) * (loss - diffusivity_v * k2)
    return np.asarray((trace + np.sqrt(trace**2 - 4 * det + 0j)).real / 2)
