"""Exact solutions of the nonlinear Schrödinger equation in one dimension.

All but the last three solve the focusing equation  iψₜ + ½ψₓₓ + |ψ|²ψ = 0,  the last
three the defocusing one,  iψₜ + ½ψₓₓ − |ψ|²ψ = 0;  `pdekit.solvers.exact.scaling.rescaled`
carries them over to other coefficients. They live on the whole line or are periodic as
said; x and t may be arrays of shapes that broadcast.

Moving solutions carry the phase exp(ivx), not exp(iv(x − x₀)). On a periodic box of
length L a boost is periodic only when v is a multiple of 2π/L, unless the solution
vanishes at the ends.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pdekit.arrays import floating, namespace
from pdekit.solvers.exact.dressing import n_solitons
from pdekit.solvers.exact.parameters import require
from pdekit.typing import Array, Field


def sech(y: Array) -> Array:
    """1 / cosh y, smooth, and without overflow for any y (NumPy or torch)."""
    xp, y = namespace(y), floating(y)
    limit = 0.49 * float(np.log(xp.finfo(y.dtype).max))  # cosh² must be finite, too
    return 1.0 / xp.cosh(xp.clip(y, -limit, limit))


def bright_soliton(
    x: Field,
    t: float,
    *,
    amplitude: float = 1.0,
    velocity: float = 0.0,
    position: float = 0.0,
    phase: float = 0.0,
) -> Field:
    """ψ = A sech(A(x − x₀ − vt)) exp(i(vx + (A² − v²)t/2 + φ)).

    Works on torch tensors, too, and is differentiable in every parameter.
    """
    x = floating(x)
    envelope = amplitude * sech(amplitude * (x - position - velocity * t))
    theta = velocity * x + (amplitude**2 - velocity**2) * t / 2 + phase
    return envelope * namespace(theta).exp(1j * theta)


def plane_wave(
    x: Field,
    t: float,
    *,
    amplitude: float = 1.0,
    wavenumber: float = 0.0,
    phase: float = 0.0,
) -> Field:
    """ψ = A exp(i(kx − (k²/2 − A²)t + φ)).

    Unstable to perturbations of wavenumber K < 2A. Works on torch tensors, too.
    """
    x = floating(x)
    theta = wavenumber * x - (wavenumber**2 / 2 - amplitude**2) * t + phase
    return amplitude * namespace(theta).exp(1j * theta)


def n_soliton(
    x: Field,
    t: float,
    *,
    amplitudes: Sequence[float] = (2.0, 1.5),
    velocities: Sequence[float] = (2.0, -2.0),
    positions: Sequence[float] = (-10.0, 10.0),
    phases: Sequence[float] = (),
) -> Field:
    """Any number of bright solitons, through all their collisions.

    At t = 0, when they are well separated, soliton j looks like
    A_j sech(A_j(x − x_j)) exp(i(v_j x + φ_j)); the phases are zero when left out.
    No two solitons may have the same amplitude and the same velocity.

    Examples
    --------
    >>> x = np.linspace(-40, 40, 5)
    >>> n_soliton(x, 0.0, amplitudes=[1], velocities=[0], positions=[20]).real.round(6)
    array([0., 0., 0., 1., 0.])
    """
    return n_solitons(
        x,
        t,
        amplitudes=amplitudes,
        velocities=velocities,
        positions=positions,
        phases=phases,
    )[0]


def satsuma_yajima(
    x: Field,
    t: float,
    *,
    amplitude: float = 1.0,
    velocity: float = 0.0,
    position: float = 0.0,
) -> Field:
    """Bound state of two solitons that starts as ψ(x, 0) = 2A sech(A(x − x₀)) exp(ivx).

    For A = 1 and v = 0:
    ψ = 4e^{it/2} (cosh 3x + 3e^{4it} cosh x) / (cosh 4x + 4 cosh 2x + 3 cos 4t).
    |ψ| has the period π/(2A²) and the peak 4A half-way through it.
    """
    y, tau, carrier = _frame(x, t, amplitude, velocity, position)
    e = np.exp(-np.abs(y))  # numerator and denominator are multiplied by 2e^{−4|x|}
    above = e + e**7 + 3 * np.exp(4j * tau) * (e**3 + e**5)
    below = 1 + e**8 + 4 * (e**2 + e**6) + 6 * e**4 * np.cos(4 * tau)
    return carrier * 4 * np.exp(0.5j * tau) * above / below


def akhmediev(
    x: Field,
    t: float,
    *,
    a: float = 0.25,
    background: float = 1.0,
    velocity: float = 0.0,
    position: float = 0.0,
) -> Field:
    """Akhmediev breather: a modulated plane wave that peaks once, at t = 0; 0 < a < ½.

    On the background 1, with Ω = 2√(1 − 2a) and b = √(8a(1 − 2a)),
    ψ = e^{it} [(1 − 4a) cosh bt + √(2a) cos Ωx + ib sinh bt] / [√(2a) cos Ωx − cosh bt].
    The period in x is 2π/Ω, the peak 1 + 2√(2a); b is the growth rate of the modulational
    instability at Ω, largest for a = ¼.
    """
    require(0 < a < 0.5, f"an Akhmediev breather has 0 < a < 1/2, got a = {a}")
    y, tau, carrier = _frame(x, t, background, velocity, position)
    omega, b = 2 * np.sqrt(1 - 2 * a), np.sqrt(8 * a * (1 - 2 * a))
    decay, wave = sech(b * tau), np.sqrt(2 * a) * np.cos(omega * y)
    above = 1 - 4 * a + wave * decay + 1j * b * np.tanh(b * tau)
    return carrier * np.exp(1j * tau) * above / (wave * decay - 1)


def kuznetsov_ma(
    x: Field,
    t: float,
    *,
    a: float = 1.0,
    background: float = 1.0,
    velocity: float = 0.0,
    position: float = 0.0,
) -> Field:
    """Kuznetsov–Ma soliton: a peak on a background that returns for ever; a > ½.

    The formula of `akhmediev` with imaginary Ω = iκ and b = iβ, κ = 2√(2a − 1),
    β = √(8a(2a − 1)): it decays to the background like e^{−κ|x|} and its modulus has the
    period 2π/β in time, with the peak 1 + 2√(2a) at t = 0.
    """
    require(a > 0.5, f"a Kuznetsov-Ma soliton has a > 1/2, got a = {a}")
    y, tau, carrier = _frame(x, t, background, velocity, position)
    kappa, beta = 2 * np.sqrt(2 * a - 1), np.sqrt(8 * a * (2 * a - 1))
    decay = sech(kappa * y)
    swing = (1 - 4 * a) * np.cos(beta * tau) - 1j * beta * np.sin(beta * tau)
    above = np.sqrt(2 * a) + swing * decay
    below = np.sqrt(2 * a) - np.cos(beta * tau) * decay
    return carrier * np.exp(1j * tau) * above / below


def peregrine(
    x: Field,
    t: float,
    *,
    background: float = 1.0,
    velocity: float = 0.0,
    position: float = 0.0,
) -> Field:
    """Rogue wave  ψ = e^{it} [1 − 4(1 + 2it)/(1 + 4x² + 4t²)]  of peak 3 at t = 0.

    It returns to the background like 1/x² only: on a periodic box of length L the jump of
    the slope at the ends is about 32|1 + 2it|/L³, so wide boxes are needed.
    """
    y, tau, carrier = _frame(x, t, background, velocity, position)
    rogue = 1 - 4 * (1 + 2j * tau) / (1 + 4 * y**2 + 4 * tau**2)
    return carrier * np.exp(1j * tau) * rogue


def dark_soliton(
    x: Field,
    t: float,
    *,
    background: float = 1.0,
    velocity: float = 0.0,
    position: float = 0.0,
) -> Field:
    """ψ = [B tanh(B(x − x₀ − vt)) + iv] exp(−ic²t)  with  B² + v² = c².

    c is the modulus of the background and |v| < c. The phase jumps across the soliton, so
    this one is not periodic: see `dark_pair`.
    """
    require(
        abs(velocity) < background,
        f"a dark soliton has |velocity| < background, got {velocity} and {background}",
    )
    depth = np.sqrt(background**2 - velocity**2)
    tau = np.asarray(t, float)
    shape = depth * np.tanh(depth * (floating(x) - position - velocity * tau))
    return (shape + 1j * velocity) * np.exp(-1j * background**2 * tau)


def dark_pair(
    x: Field,
    t: float,
    *,
    background: float = 1.0,
    velocity: float = 0.5,
    distance: float = 10.0,
    position: float = 0.0,
) -> Field:
    """Two dark solitons that run into each other with velocities ±v; 0 < v < c.

    At t = 0 they sit at x₀ ∓ distance (when that is far) and run inwards. On the background
    c = 1, with B = √(1 − v²), X = 2Bx and T = 2vB(t − t₀),
    ψ = e^{−it} [(1 − 2v²) cosh T − v cosh X − 2ivB sinh T] / [cosh T + v cosh X].
    Each soliton leaves the collision ln(1/v)/B ahead. ψ has the same value −ce^{−ic²t} at
    both ends, hence a periodic box is fine once the solitons are far from its ends.
    """
    require(
        0 < velocity < background,
        f"a pair of dark solitons has 0 < velocity < {background}, got {velocity}",
    )
    v, y = velocity / background, background * (floating(x) - position)
    depth = np.sqrt(1 - v**2)
    start = (background * distance + np.log(v) / (2 * depth)) / v
    tau = background**2 * np.asarray(t, float)
    wide, late = 2 * depth * y, 2 * v * depth * (tau - start)
    largest = np.maximum(np.abs(wide), np.abs(late))
    grow, fall = np.exp(late - largest), np.exp(-late - largest)
    cosh_x = np.exp(wide - largest) + np.exp(-wide - largest)
    above = (1 - 2 * v**2) * (grow + fall) - v * cosh_x - 2j * v * depth * (grow - fall)
    return background * np.exp(-1j * tau) * above / (grow + fall + v * cosh_x)


def defocusing_plane_wave(
    x: Field,
    t: float,
    *,
    amplitude: float = 1.0,
    wavenumber: float = 0.0,
    phase: float = 0.0,
) -> Field:
    """ψ = A exp(i(kx − (k²/2 + A²)t + φ)), stable."""
    theta = wavenumber * floating(x) - (wavenumber**2 / 2 + amplitude**2) * t + phase
    return amplitude * namespace(theta).exp(1j * theta)


def _frame(
    x: Field, t: float, scale: float, velocity: float, position: float
) -> tuple[Field, Field, Field]:
    """Scaled co-moving coordinate, scaled time, and the factor that undoes both.

    If F(x, t) solves the equation, so does  s F(s(x − x₀ − vt), s²t) exp(i(vx − v²t/2)).
    """
    x, tau = floating(x), np.asarray(t, float)
    carrier = scale * np.exp(1j * (velocity * x - velocity**2 * tau / 2))
    return scale * (x - position - velocity * tau), scale**2 * tau, carrier
