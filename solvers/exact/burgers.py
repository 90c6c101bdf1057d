"""Exact solutions of Burgers' equation  uₜ + u·∇u = ν∇²u  by the Cole–Hopf transform.

u = −2ν ∇ ln φ  solves it when  φₜ = ν∇²φ  (Hopf, Commun. Pure Appl. Math. 3 (1950) 201;
Cole, Q. Appl. Math. 9 (1951) 225).  If u solves it, so does  c + u(x − ct, t).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from pdekit.arrays import floating, namespace
from pdekit.grid import Grid
from pdekit.solvers.exact.parameters import require, supplied
from pdekit.typing import Array, Field


@supplied("viscosity")
def periodic_wave(
    x: Field,
    t: float,
    *,
    viscosity: float = 0.1,
    amplitude: float = 1.5,
    period: float = 2 * math.pi,
    velocity: float = 0.0,
    position: float = 0.0,
) -> Field:
    """Return  u = c + 2νκ sin κy / (A e^{νκ²t} + cos κy),  y = x − x₀ − ct,  A > 1.

    κ = 2π/period.  A sine for large A; steep where  cos κy = −1  for A close to 1.  Here
    φ = A + e^{−νκ²t} cos κy.  Works on torch tensors, too.
    """
    require(amplitude > 1, f"the periodic wave has amplitude > 1, got {amplitude}")
    x = floating(x)
    kappa = 2 * math.pi / period
    theta, xp = kappa * (x - position - velocity * t), namespace(x)
    grown = amplitude * math.exp(viscosity * kappa**2 * t)
    wave = 2 * viscosity * kappa * xp.sin(theta) / (grown + xp.cos(theta))
    return velocity + wave


@supplied("viscosity")
def front(
    x: Field,
    t: float,
    *,
    viscosity: float = 0.1,
    height: float = 1.0,
    velocity: float = 0.0,
    position: float = 0.0,
) -> Field:
    """Return  u = c − a tanh(a(x − x₀ − ct)/2ν), a shock of finite width on the whole line.

    It takes different values at both ends, so that no periodic box holds it.
    """
    x = floating(x)
    slope = height * (x - position - velocity * t) / (2 * viscosity)
    return velocity - height * namespace(x).tanh(slope)


@supplied("viscosity")
def sine_shock(
    x: Field,
    t: float,
    *,
    viscosity: float = 0.1,
    amplitude: float = 1.0,
    period: float = 2.0,
    nodes: int = 100,
) -> Field:
    """Solution that starts as  u = −A sin κx,  κ = 2π/period.

    u = ⟨u₀⟩ with the weight  φ₀(x − η) e^{−η²/4νt},  φ₀ = exp(−A cos κy / 2νκ),  by
    Gauss–Hermite quadrature with so many ``nodes``.  100 give eight digits for A = 1,
    period 2 and ν = 0.01/π (the problem of Basdevant et al., Comput. Fluids 14 (1986) 23).
    """
    return _sine_moments(x, t, viscosity, amplitude, period, nodes)[0]


def sine_shock_slope(
    x: Field,
    t: float,
    *,
    viscosity: float = 0.1,
    amplitude: float = 1.0,
    period: float = 2.0,
    nodes: int = 100,
) -> Field:
    """Return ∂ₓ of `sine_shock`,  ⟨u₀′⟩ − (⟨u₀²⟩ − ⟨u₀⟩²)/2ν,  with the same weight.

    Differentiated under the integral: the difference quotient of a quadrature would have
    lost a third of its digits.
    """
    first, slope, square = _sine_moments(x, t, viscosity, amplitude, period, nodes)
    return slope - (square - first**2) / (2 * viscosity)


def _sine_moments(
    x: Field, t: float, viscosity: float, amplitude: float, period: float, nodes: int
) -> tuple[Array, Array, Array]:
    """Return the weighted means of u₀, u₀′ and u₀²."""
    require(viscosity > 0, f"the quadrature needs viscosity > 0, got {viscosity}")
    kappa = 2 * math.pi / period
    eta, weight = np.polynomial.hermite.hermgauss(nodes)
    y = np.asarray(x, float)[..., None] - math.sqrt(4 * viscosity * t) * eta
    exponent = -amplitude * np.cos(kappa * y) / (2 * viscosity * kappa) + np.log(weight)
    p = np.exp(exponent - exponent.max(axis=-1, keepdims=True))
    p /= p.sum(axis=-1, keepdims=True)
    start = -amplitude * np.sin(kappa * y)
    slope = -amplitude * kappa * np.cos(kappa * y)
    first, second = (p * start).sum(-1), (p * slope).sum(-1)
    return first, second, (p * start**2).sum(-1)


def from_start(u: Field, grid: Grid, t: float, *, viscosity: float) -> Field:
    """Return the solution at ``t`` that starts as the periodic values ``u`` ``(..., n)``.

    The transform of  φ₀ = exp(−½ν⁻¹ ∫u)  is damped mode by mode, and the mean of u moves
    with it.  Spectrally exact once the grid resolves φ₀, whose logarithm spans
    max|∫u| / ν: digits are lost when that is more than about ten.
    """
    n, k = grid.shape[0], grid.wavenumbers(real=True, odd=True)[0]
    u_hat = np.fft.rfft(np.asarray(u, float))
    mean = u_hat[..., :1].real / n
    inverse = np.divide(1.0, 1j * k, out=np.zeros_like(k, complex), where=k != 0)
    potential = np.fft.irfft(inverse * u_hat, n)
    phi_hat = np.fft.rfft(np.exp(-potential / (2 * viscosity)))
    moved: Any = np.exp(-(viscosity * k**2 + 1j * mean * k) * t) * phi_hat
    slope, phi = np.fft.irfft(1j * k * moved, n), np.fft.irfft(moved, n)
    found: Field = mean - 2 * viscosity * slope / phi
    return found


# -- two and three dimensions ----------------------------------------------------------


@supplied("viscosity")
def cells_2d(
    x: Field,
    y: Field,
    t: float,
    *,
    viscosity: float = 0.1,
    amplitude: float = 1.5,
    period: float = 2 * math.pi,
    modes: tuple[int, int] = (1, 2),
) -> tuple[Field, ...]:
    """Irrotational flow of  φ = A + e^{−ν|k|²t} cos k₁x cos k₂y,  A > 1.

    Each k is a multiple of 2π/period.
    """
    return _cells((x, y), t, viscosity, amplitude, period, modes)


@supplied("viscosity")
def cells_3d(
    x: Field,
    y: Field,
    z: Field,
    t: float,
    *,
    viscosity: float = 0.1,
    amplitude: float = 1.5,
    period: float = 2 * math.pi,
    modes: tuple[int, int, int] = (1, 2, 1),
) -> tuple[Field, ...]:
    """As `cells_2d`, in three dimensions."""
    return _cells((x, y, z), t, viscosity, amplitude, period, modes)


def _cells(
    points: tuple[Field, ...],
    t: float,
    viscosity: float,
    amplitude: float,
    period: float,
    modes: tuple[int, ...],
) -> tuple[Field, ...]:
    """Return  u_i = 2νk_i sin k_ix_i Π_{j≠i} cos k_jx_j / (A e^{ν|k|²t} + Π cos k_jx_j)."""
    require(amplitude > 1, f"the cells have amplitude > 1, got {amplitude}")
    ks = [2 * math.pi * m / period for m in modes]
    grown = amplitude * math.exp(viscosity * sum(k * k for k in ks) * t)
    cosines = [np.cos(k * x) for k, x in zip(ks, points, strict=True)]
    below = grown + math.prod(cosines)
    return tuple(
        2
        * viscosity
        * k
        * np.sin(k * x)
        * math.prod(cosines[:i] + cosines[i + 1 :])
        / below
        for i, (k, x) in enumerate(zip(ks, points, strict=True))
    )
