"""Travelling waves  (u, v = uₜ)  of  uₜₜ = c² uₓₓ − m² u − λ u³  on a periodic box."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import ellipj, ellipk

from pdekit.solvers.exact.parameters import require
from pdekit.typing import Array, Field

Pair = tuple[Field, Field]


def plane_wave(
    x: Field,
    t: float,
    *,
    speed: float = 1.0,
    mass: float = 1.0,
    cubic: float = 0.0,
    period: float = 2 * math.pi,
    amplitude: float = 1.0,
    waves: int = 3,
) -> Pair:
    """Return  u = A cos(kx − ωt),  ω² = c²k² + m²,  k = 2π waves / period,  for λ = 0."""
    require(cubic == 0, "plane_wave needs cubic = 0; cnoidal_wave is its nonlinear form")
    k = 2 * math.pi * waves / period
    omega = math.hypot(speed * k, mass)
    theta = k * x - omega * t
    return amplitude * np.cos(theta), amplitude * omega * np.sin(theta)


def cnoidal_wave(
    x: Field,
    t: float,
    *,
    speed: float = 1.0,
    mass: float = 1.0,
    cubic: float = 0.0,
    period: float = 2 * math.pi,
    amplitude: float = 1.0,
    waves: int = 1,
) -> Pair:
    """Return  u = A cn(κx − wt | μ)  with  w² = c²κ² + m² + λA²,  μ = λA²/2(m² + λA²).

    As  cn″ = −(1 − 2μ) cn − 2μ cn³,  the equation asks for  w² − c²κ² =: s²  with
    s²(1 − 2μ) = m²  and  2μs² = λA².  The box holds ``waves`` periods 4K(μ)/κ; with
    waves = 0 the field is uniform, an oscillator of Duffing's. A softening cubic term,
    λ < 0, needs  m² + λA² > 0.
    """
    square = mass**2 + cubic * amplitude**2
    require(
        square > 0, f"cnoidal_wave needs mass² + cubic · amplitude² > 0, got {square:g}"
    )
    mu = cubic * amplitude**2 / (2 * square)
    kappa = 4 * float(ellipk(mu)) * waves / period
    w = math.sqrt((speed * kappa) ** 2 + square)
    value, slope = _cn(kappa * x - w * t, mu)
    return amplitude * value, -amplitude * w * slope


def _cn(theta: Array, mu: float) -> tuple[Array, Array]:
    """Return cn(θ | μ) and its derivative; for μ < 0 it is  cd(√(1 − μ) θ | μ/(μ − 1))."""
    if mu >= 0:
        sn, cn, dn, _ = ellipj(theta, mu)
        return cn, -sn * dn
    stretch, p = math.sqrt(1 - mu), mu / (mu - 1)  # Abramowitz & Stegun, 16.10
    sn, cn, dn, _ = ellipj(stretch * theta, p)
    return cn / dn, -stretch * (1 - p) * sn / dn**2
