"""Exact solutions of the Navier–Stokes equations, with a scalar, with buoyancy, in 3-D.

In all of them the advected quantity is constant along the stream lines, or the velocity is
parallel to its curl: the nonlinear term vanishes or is a gradient, and every mode obeys the
linear equation.  Plane flows are given by their vorticity  ω = vₓ − u_y.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from pdekit.arrays import floating, namespace
from pdekit.solvers.exact.parameters import require, supplied
from pdekit.typing import Array, Field


@dataclass(frozen=True)
class Medium:
    """What the linear part of the equation of motion does to a mode.

    It damps it at the rate  σ(k) = ν k² + α + ν_h k^{2p}  and moves it with the velocity
    (U, V).
    """

    viscosity: float = 1.0
    drag: float = 0.0
    hyperviscosity: float = 0.0
    hyperviscosity_order: int = 2
    mean_u: float = 0.0
    mean_v: float = 0.0

    def damping(self, k2: Any) -> Any:
        """Return  σ  at the given |k|²."""
        return (
            self.viscosity * k2
            + self.drag
            + self.hyperviscosity * k2**self.hyperviscosity_order
        )

    def moved(self, x: Array, y: Array, t: float) -> tuple[Array, Array]:
        """Return coordinates that move with the mean flow."""
        return floating(x) - self.mean_u * t, floating(y) - self.mean_v * t


def _wave(phase: Array, amplitude: complex) -> Array:
    """Return  Re(A e^{iφ})."""
    xp = namespace(phase)
    return amplitude.real * xp.cos(phase) - amplitude.imag * xp.sin(phase)


def _relaxed(rate: complex, t: float) -> complex:
    """Return  (1 − e^{−st})/s,  the response to a force that is switched on at t = 0."""
    return -np.expm1(-rate * t) / rate if rate != 0 else complex(t)


@supplied("medium")
def taylor_green(
    x: Field,
    y: Field,
    t: float,
    *,
    amplitude: float = 1.0,
    kx: float = 1.0,
    ky: float = 1.0,
    medium: Medium = Medium(),
) -> Field:
    """ω = A (kₓ² + k_y²)/k_y · sin kₓx sin k_yy · e^{−σt},  u = A sin kₓx cos k_yy e^{−σt}.

    With  σ = ν(kₓ² + k_y²):  it is e^{−2νt} for kₓ = k_y = 1 only.

    References
    ----------
    Taylor, Phil. Mag. 46 (1923) 671.
    """
    require(ky != 0, "taylor_green needs ky other than 0")
    x, y = medium.moved(x, y, t)
    xp, k2 = namespace(x), kx**2 + ky**2
    decay = np.exp(-medium.damping(k2) * t)
    return amplitude * k2 / ky * decay * xp.sin(kx * x) * xp.sin(ky * y)


@supplied("medium", "forcing_amplitude", "forcing_wavenumber")
def kolmogorov(
    x: Field,
    y: Field,
    t: float,
    *,
    start: float = 1.0,
    forcing_amplitude: float = 1.0,
    forcing_wavenumber: float = 4.0,
    medium: Medium = Medium(),
) -> Field:
    """Laminar flow  u = F/(νn² + α) · sin ny  under the force  F sin ny  along x.

    It starts at the fraction ``start`` of its final state: 1 is steady, 0 begins at rest.

    References
    ----------
    Meshalkin & Sinai, J. Appl. Math. Mech. 25 (1961) 1700.
    """
    n, phase = forcing_wavenumber, forcing_wavenumber * floating(y) + 0 * floating(x)
    rate = complex(medium.damping(n * n), n * medium.mean_v)
    require(
        rate != 0 or start == 0,
        "without viscosity and drag no flow balances the force: only start = 0 exists",
    )
    begin = start / rate if rate != 0 else 0.0
    now = begin * np.exp(-rate * t) + _relaxed(rate, t)
    return _wave(phase, complex(-forcing_amplitude * n * now))


@supplied("medium")
def forced_wave(
    x: Field,
    y: Field,
    t: float,
    *,
    amplitude: float = 0.1,
    kx: float = 2 * np.pi,
    ky: float = 2 * np.pi,
    medium: Medium = Medium(),
) -> Field:
    """ω = A (sin φ + cos φ)(1 − e^{−σt})/σ,  φ = kₓx + k_yy,  from rest.

    The force is  A (sin φ + cos φ),  by default that of the well-known data set of learned
    operators.  The equation has to be given it as its ``source``.

    References
    ----------
    Li et al., Fourier neural operator, ICLR 2021, section A.3 (the force).
    """
    phase = kx * floating(x) + ky * floating(y)
    turning = kx * medium.mean_u + ky * medium.mean_v
    rate = complex(medium.damping(kx**2 + ky**2), turning)
    return _wave(phase, complex(amplitude * (1 - 1j) * _relaxed(rate, t)))


@supplied("medium", "diffusivity", "gradient_x", "gradient_y")
def scalar_shear_wave(
    x: Field,
    y: Field,
    t: float,
    *,
    amplitude: float = 1.0,
    scalar: float = 0.0,
    kx: float = 1.0,
    ky: float = 2.0,
    diffusivity: float = 1.0,
    gradient_x: float = 0.0,
    gradient_y: float = 0.0,
    medium: Medium = Medium(),
) -> tuple[Field, Field]:
    """ω = A cos φ e^{−σt},  a parallel flow that stirs a mean gradient G = (Gₓ, G_y).

    θ = B cos φ e^{−κk²t} + (Gₓk_y − G_ykₓ) A/k² sin φ (e^{−σt} − e^{−κk²t})/(κk² − σ)  with
    φ = k·(x − Ut);  B is ``scalar``.
    """
    x, y = medium.moved(x, y, t)
    k2 = kx**2 + ky**2
    require(k2 > 0, "scalar_shear_wave needs a wavenumber other than 0")
    fluid, tracer = float(medium.damping(k2)), diffusivity * k2
    # (e^{−at} − e^{−bt})/(b − a) = e^{−at} (1 − e^{−(b−a)t})/(b − a), also for a = b
    stirred = np.exp(-fluid * t) * _relaxed(complex(tracer - fluid), t).real
    cross = gradient_x * ky - gradient_y * kx
    theta = complex(scalar * np.exp(-tracer * t), -cross * amplitude / k2 * stirred)
    phase = kx * x + ky * y
    return _wave(phase, complex(amplitude * np.exp(-fluid * t))), _wave(phase, theta)


@supplied("medium", "diffusivity", "buoyancy", "stratification")
def internal_wave(
    x: Field,
    y: Field,
    t: float,
    *,
    amplitude: float = 1.0,
    kx: float = 1.0,
    ky: float = 2.0,
    diffusivity: float = 1.0,
    buoyancy: float = 1.0,
    stratification: float = 1.0,
    medium: Medium = Medium(),
) -> tuple[Field, Field]:
    """(ω, θ) = Re[(1, (λ + σ)/(iβkₓ)) A e^{λt + ik·(x − Ut)}],  one internal gravity wave.

    λ = −(σ + κk²)/2 − i √(N²kₓ²/k² − (κk² − σ)²/4)  with  N² = βS:  without dissipation the
    frequency is  N|kₓ|/k,  whatever the amplitude.  Where the root is imaginary (unstable
    stratification) it is the growing mode.

    References
    ----------
    Lighthill, Waves in Fluids (1978), section 4.1; a plane wave does not advect itself.
    """
    x, y = medium.moved(x, y, t)
    k2 = kx**2 + ky**2
    require(kx * buoyancy != 0, "internal_wave needs kx and buoyancy other than 0")
    fluid, tracer = float(medium.damping(k2)), diffusivity * k2
    square = ((tracer - fluid) / 2) ** 2 - buoyancy * stratification * kx**2 / k2
    root = complex(np.sqrt(square)) if square >= 0 else -1j * np.sqrt(-square)
    growth = -(fluid + tracer) / 2 + root
    omega = amplitude * np.exp(growth * t)
    phase = kx * x + ky * y
    theta = omega * (growth + fluid) / (1j * buoyancy * kx)
    return _wave(phase, complex(omega)), _wave(phase, complex(theta))


@supplied("rate")
def abc(
    x: Field,
    y: Field,
    z: Field,
    t: float,
    *,
    a: float = 1.0,
    b: float = 0.7,
    c: float = 0.43,
    wavenumber: float = 1.0,
    rate: Callable[[float], float] = lambda k2: k2,
) -> tuple[Field, Field, Field]:
    """Arnold–Beltrami–Childress flow, whose vorticity is k times the velocity.

    u = (A sin kz + C cos ky, B sin kx + A cos kz, C sin ky + B cos kx) e^{−νk²t}.
    ``rate`` gives the damping of a mode from its |k|².

    References
    ----------
    Arnold, C. R. Acad. Sci. Paris 261 (1965) 17; Childress, J. Math. Phys. 11 (1970) 3063.
    """
    x, y, z = (wavenumber * floating(s) for s in (x, y, z))
    xp, decay = namespace(x), np.exp(-rate(wavenumber**2) * t)
    u = a * xp.sin(z) + c * xp.cos(y) + 0 * x
    v = b * xp.sin(x) + a * xp.cos(z) + 0 * y
    w = c * xp.sin(y) + b * xp.cos(x) + 0 * z
    return decay * u, decay * v, decay * w


def taylor_green_enstrophy(t: float) -> float:
    """Enstrophy of the inviscid 3-D Taylor–Green vortex, by its series in time to t¹².

    What is left out is below 1e-11 at t = 0.5 and about 1e-7 at t = 1, as the ratio of the
    last terms has it.

    References
    ----------
    Taylor & Green, Proc. R. Soc. A 158 (1937) 499; Brachet et al., J. Fluid Mech. 130
    (1983) 411 (the series).
    """
    series = (
        3 / 8, 5 / 128, 25 / 8448, -1.3921803e-4, 3.0524107e-5, -4.8180672e-6, 6.188226e-7,
    )  # fmt: skip
    return float(np.polynomial.polynomial.polyval(t * t, series))
