"""Exact solutions of  uₜ + a uuₓ + b uₓₓₓ = νuₓₓ.

Without ν this is the Korteweg–de Vries equation. From the canonical one,  a = 6 and b = 1,
any other follows:  if  w(x, t)  solves that,  u = (6b/a) w(x, bt)  solves this. And if u
does, so does  β + u(x − aβt, t).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np

from pdekit.arrays import floating, namespace
from pdekit.solvers.exact.nlse import sech
from pdekit.solvers.exact.parameters import require, supplied
from pdekit.typing import Array, Field


@supplied("nonlinearity", "dispersion")
def soliton(
    x: Field,
    t: float,
    *,
    nonlinearity: float = 6.0,
    dispersion: float = 1.0,
    speed: float = 4.0,
    position: float = 0.0,
    background: float = 0.0,
) -> Field:
    """Return  u = β + (3c/a) sech²(½√(c/b) (x − x₀ − (c + aβ)t)).

    c is the speed over the background, of the sign of b. Works on torch tensors, too.

    References
    ----------
    Korteweg & de Vries, Phil. Mag. 39 (1895) 422.
    """
    require(
        speed * dispersion > 0,
        f"a soliton moves to the side of its dispersion, got speed = {speed:g} and "
        f"dispersion = {dispersion:g}",
    )
    moved = floating(x) - position - (speed + nonlinearity * background) * t
    shape = sech(0.5 * math.sqrt(speed / dispersion) * moved)
    return background + 3 * speed / nonlinearity * shape**2


@supplied("nonlinearity", "dispersion")
def n_soliton(
    x: Field,
    t: float,
    *,
    nonlinearity: float = 6.0,
    dispersion: float = 1.0,
    kappas: Sequence[float] = (2.0, 1.2),
    positions: Sequence[float] = (-8.0, 0.0),
) -> Field:
    """Any number of solitons on zero, through all their collisions.

    Canonically  u = 2 ∂ₓ² ln F,  F = Σ_S e^{θ_S} Π ((κᵢ − κⱼ)/(κᵢ + κⱼ))²  over the subsets
    S and their pairs,  θ_S = Σ κᵢ(x − κᵢ²t) + δᵢ:  heights κ²/2, speeds κ². The positions
    are those at t = 0 when the solitons are well separated then.

    References
    ----------
    Hirota, Phys. Rev. Lett. 27 (1971) 1192.
    """
    kappa, place = np.asarray(kappas, float), np.asarray(positions, float)
    require(kappa.shape == place.shape, "n_soliton needs as many positions as kappas")
    require(
        bool((kappa > 0).all()) and len(set(kappas)) == len(kappa) <= 10,
        "n_soliton needs up to ten different positive kappas",
    )
    w = _hirota(np.asarray(x, float), dispersion * t, kappa, place)
    return 6 * dispersion / nonlinearity * w


def _hirota(x: Array, t: float, kappa: Array, place: Array) -> Array:
    """2 ∂ₓ² ln Σ e^{θ} is twice the variance of θₓ with the weights e^{θ}."""
    pairs = 2 * np.log(
        np.abs(kappa[:, None] - kappa + np.eye(len(kappa))) / (kappa[:, None] + kappa)
    )
    behind = place[:, None] > place  # soliton j is to the left of i
    delta = -kappa * place - (pairs * behind).sum(axis=1)
    theta = kappa * x[..., None] - kappa**3 * t + delta
    subsets = np.array(list(itertools.product((0.0, 1.0), repeat=len(kappa))))
    met = 0.5 * np.einsum("si,ij,sj->s", subsets, pairs * (1 - np.eye(len(kappa))), subsets)
    exponent = theta @ subsets.T + met
    p = np.exp(exponent - exponent.max(axis=-1, keepdims=True))
    p /= p.sum(axis=-1, keepdims=True)
    slope = subsets @ kappa
    mean = (p * slope).sum(axis=-1, keepdims=True)
    variance: Array = (p * (slope - mean) ** 2).sum(axis=-1)
    return 2 * variance


def collision_shifts(kappas: Sequence[float]) -> Array:
    """Displacement of each soliton by the collisions with all the others.

    Soliton i gains  ±(2/κᵢ) ln((κᵢ + κⱼ)/|κᵢ − κⱼ|)  from j: plus if it is the faster one.

    >>> collision_shifts([2.0, 1.0]).round(6)
    array([ 1.098612, -2.197225])
    """
    kappa = np.asarray(kappas, float)
    difference = kappa[:, None] - kappa
    both = np.log((kappa[:, None] + kappa) / np.abs(difference + np.eye(len(kappa))))
    shifts: Array = 2 / kappa * (np.sign(difference) * both).sum(axis=1)
    return shifts


@supplied("nonlinearity", "dispersion")
def cnoidal_wave(
    x: Field,
    t: float,
    *,
    nonlinearity: float = 6.0,
    dispersion: float = 1.0,
    m: float = 0.9,
    period: float = 10.0,
    background: float = 0.0,
    position: float = 0.0,
) -> Field:
    """Return  u = (6b/a) (β + 2mκ² cn²(κ(x − x₀ − bct) | m)),  exactly periodic.

    κ = 2K(m)/period,  c = 6β + 4κ²(2m − 1).  m is the parameter, not the modulus √m; for
    m → 1 the wave is a train of solitons.

    References
    ----------
    Korteweg & de Vries, Phil. Mag. 39 (1895) 422.
    """
    from scipy.special import ellipj, ellipk

    require(0 <= m < 1, f"a cnoidal wave has 0 <= m < 1, got m = {m}")
    kappa = 2 * float(ellipk(m)) / period
    speed = 6 * background + 4 * kappa**2 * (2 * m - 1)
    cn = ellipj(kappa * (np.asarray(x, float) - position - speed * dispersion * t), m)[1]
    return 6 * dispersion / nonlinearity * (background + 2 * m * kappa**2 * cn**2)


@supplied("nonlinearity", "dispersion", "viscosity")
def travelling_front(
    x: Field,
    t: float,
    *,
    nonlinearity: float = 1.0,
    dispersion: float = 1.0,
    viscosity: float = 1.0,
    background: float = 0.0,
    position: float = 0.0,
) -> Field:
    """Return  u = β + (3ν²/25ab) (sech²ζ + 2 − 2 tanh ζ),  ζ = (ν/10b)(x − x₀ − vt).

    A monotone shock of the Korteweg–Burgers equation of height  12ν²/25ab  with the speed
    v = aβ + 6ν²/25b,  so that no periodic box holds it.

    References
    ----------
    Jeffrey & Xu, Wave Motion 11 (1989) 559.
    """
    a, b, nu = nonlinearity, dispersion, viscosity
    speed = a * background + 6 * nu**2 / (25 * b)
    zeta = nu / (10 * b) * (floating(x) - position - speed * t)
    shape = sech(zeta) ** 2 + 2 - 2 * namespace(zeta).tanh(zeta)
    return background + 3 * nu**2 / (25 * a * b) * shape


# -- states that are no exact solutions ------------------------------------------------


def zabusky_kruskal(x: Field, *, amplitude: float = 1.0, period: float = 2.0) -> Field:
    """Return  u = A cos(2πx/period), which breaks up into a train of solitons.

    With  uₜ + uuₓ + 0.022² uₓₓₓ = 0  and period 2 this is the run in which the soliton was
    found: Zabusky & Kruskal, Phys. Rev. Lett. 15 (1965) 240.
    """
    return amplitude * np.cos(2 * math.pi / period * x)


def box_of_fronts(
    x: Field,
    *,
    nonlinearity: float = 1.0,
    dispersion: float = 1.0,
    viscosity: float = 1.0,
    position: float = 0.0,
    ramp: float = 20.0,
) -> Field:
    """`travelling_front` in a periodic box, led back up to its left value at the ends.

    The wide ramp up, of the shape tanh((x − e)/ramp) about the ends e of the box, spreads;
    the front does not feel it before they meet.
    """
    front = travelling_front(
        x,
        0.0,
        nonlinearity=nonlinearity,
        dispersion=dispersion,
        viscosity=viscosity,
        position=position,
    )
    height = 12 * viscosity**2 / (25 * nonlinearity * dispersion)
    line = np.unique(x)
    right = line[-1] + (line[-1] - line[0]) / (line.size - 1)
    up = np.tanh((x - right) / ramp) + np.tanh((x - line[0]) / ramp)
    return front + 0.5 * height * up
