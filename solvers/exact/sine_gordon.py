"""Exact solutions  (u, v = uₜ)  of  uₜₜ = c² ∇²u − w₀² sin u,  and states for it.

With X = w₀x/c and T = w₀t the equation is  U_TT = U_XX − sin U,  for which the formulas are
written; velocities are in units of c, so that |V| < 1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy.special import ellipj, ellipk

from pdekit.solvers.exact.nlse import sech
from pdekit.solvers.exact.parameters import require
from pdekit.typing import Array, Field

Pair = tuple[Field, Field]


def breather(
    x: Field,
    t: float,
    *,
    speed: float = 1.0,
    frequency: float = 1.0,
    rate: float = 0.6,
    velocity: float = 0.0,
    position: float = 0.0,
) -> Pair:
    """U = 4 arctan( (η/w) cos(wT′) sech(ηX′) ),  η² = 1 − w²,  w = ``rate``.

    A bound kink and antikink that swing at the rate w < 1 in their own frame,
    X′ = γ(X − VT), T′ = γ(T − VX), γ² = 1/(1 − V²).

    References
    ----------
    Ablowitz, Kaup, Newell & Segur, Phys. Rev. Lett. 30 (1973) 1262.
    """
    require(0 < rate < 1, f"rate must lie between 0 and 1 (got {rate:g})")
    gamma, eta = _gamma(velocity), math.sqrt(1 - rate**2)
    at, now = frequency * (x - position) / speed, frequency * t
    own_x, own_t = gamma * (at - velocity * now), gamma * (now - velocity * at)
    envelope = sech(eta * own_x)
    q = eta / rate * np.cos(rate * own_t) * envelope
    in_time = -eta * np.sin(rate * own_t) * envelope
    in_space = -eta * np.tanh(eta * own_x) * q
    return _angle(q, gamma * (in_time - velocity * in_space), frequency)


def kink_antikink(
    x: Field,
    t: float,
    *,
    speed: float = 1.0,
    frequency: float = 1.0,
    velocity: float = 0.5,
    position: float = 0.0,
    start: float = -20.0,
) -> Pair:
    """U = 4 arctan( sinh(γV(T + T₀)) / (V cosh γX) ),  a kink through an antikink.

    They meet at ``position`` when w₀t = −T₀ = −``start``. u vanishes on both sides, so
    that a periodic box holds the pair as long as its tails, e^{−γ|X|}, are small at the
    ends.

    References
    ----------
    Perring & Skyrme, Nucl. Phys. 31 (1962) 550.
    """
    require(velocity != 0, "velocity must not be 0")
    gamma = _gamma(velocity)
    width = sech(gamma * frequency * (x - position) / speed)
    phase = gamma * velocity * (frequency * t + start)
    q = math.sinh(phase) / velocity * width
    return _angle(q, gamma * math.cosh(phase) * width, frequency)


def periodic_wave(
    x: Field,
    t: float,
    *,
    speed: float = 1.0,
    frequency: float = 1.0,
    period: float = 2 * math.pi,
    amplitude: float = 2.0,
    waves: int = 1,
) -> Pair:
    """U = 2 arcsin( k sn(κX − wT | k²) ),  w² = 1 + κ²,  k = sin(amplitude/2).

    A train of pendulums, exactly periodic with 4K(k²)/κ; the box holds ``waves`` of it.
    """
    return _periodic((x,), t, speed, frequency, period, amplitude, (waves,))


def periodic_wave_2d(
    x: Field,
    y: Field,
    t: float,
    *,
    speed: float = 1.0,
    frequency: float = 1.0,
    period: float = 2 * math.pi,
    amplitude: float = 2.0,
    waves: tuple[int, int] = (1, 2),
) -> Pair:
    """As `periodic_wave`, oblique in two dimensions."""
    return _periodic((x, y), t, speed, frequency, period, amplitude, waves)


def periodic_wave_3d(
    x: Field,
    y: Field,
    z: Field,
    t: float,
    *,
    speed: float = 1.0,
    frequency: float = 1.0,
    period: float = 2 * math.pi,
    amplitude: float = 2.0,
    waves: tuple[int, int, int] = (1, 2, 1),
) -> Pair:
    """As `periodic_wave`, oblique in three dimensions."""
    return _periodic((x, y, z), t, speed, frequency, period, amplitude, waves)


def _periodic(
    points: Sequence[Field],
    t: float,
    speed: float,
    frequency: float,
    period: float,
    amplitude: float,
    waves: Sequence[int],
) -> Pair:
    require(0 < amplitude < math.pi, "amplitude must lie between 0 and pi")
    k = math.sin(amplitude / 2)
    quarter = float(ellipk(k**2))
    kappas = [4 * quarter * n / period for n in waves]
    w = math.hypot(frequency, speed * math.hypot(*kappas)) / frequency
    theta: Array = -w * frequency * t + sum(
        kappa * x for kappa, x in zip(kappas, points, strict=True)
    )
    sn, cn, _, _ = ellipj(theta, k**2)
    return 2 * np.arcsin(k * sn), -2 * frequency * w * k * cn


def ring(x: Field, y: Field, *, radius: float = 5.0, width: float = 1.0) -> Pair:
    """Return  u = 4 arctan exp((R² − r²)/2Rδ),  v = 0:  a round kink, about to collapse.

    Smooth at the centre, where the usual exp((R − r)/δ) has a corner.
    """
    return _round(x**2 + y**2, radius, width)


def bubble(
    x: Field, y: Field, z: Field, *, radius: float = 4.0, width: float = 1.0
) -> Pair:
    """As `ring`, a sphere."""
    return _round(x**2 + y**2 + z**2, radius, width)


def _round(square: Array, radius: float, width: float) -> Pair:
    require(radius > 0 and width > 0, "radius and width must be positive")
    exponent = np.clip((radius**2 - square) / (2 * radius * width), -700.0, 700.0)
    u = 4 * np.arctan(np.exp(exponent))
    return u, np.zeros_like(u)


def _gamma(velocity: float) -> float:
    require(abs(velocity) < 1, f"velocity must lie between -1 and 1 (got {velocity:g})")
    return 1 / math.sqrt(1 - velocity**2)


def _angle(q: Array, slope: Array, frequency: float) -> Pair:
    """Return  4 arctan q  and its derivative by t, given that of q by T."""
    return 4 * np.arctan(q), 4 * frequency * slope / (1 + q * q)
