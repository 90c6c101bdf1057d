"""Plane waves of  Aₜ = A + (1 + ib)∇²A − (1 + ic)|A|²A,  their stability, and spirals."""

from __future__ import annotations

import math

import numpy as np

from pdekit.solvers.exact.parameters import require
from pdekit.typing import Array, Field


def plane_wave(
    x: Field, t: float, *, b: float = 0.0, c: float = 0.0, wavenumber: float = 0.0
) -> Field:
    """Return  A = √(1 − q²) e^{i(qx − ωt)},  ω = c + (b − c)q²."""
    return _plane_wave(t, b, c, (wavenumber, x))


def plane_wave_2d(
    x: Field,
    y: Field,
    t: float,
    *,
    b: float = 0.0,
    c: float = 0.0,
    wavenumber_x: float = 0.0,
    wavenumber_y: float = 0.0,
) -> Field:
    """Return the plane wave of q = (q_x, q_y)."""
    return _plane_wave(t, b, c, (wavenumber_x, x), (wavenumber_y, y))


def plane_wave_3d(
    x: Field,
    y: Field,
    z: Field,
    t: float,
    *,
    b: float = 0.0,
    c: float = 0.0,
    wavenumber_x: float = 0.0,
    wavenumber_y: float = 0.0,
    wavenumber_z: float = 0.0,
) -> Field:
    """Return the plane wave of q = (q_x, q_y, q_z)."""
    qs = (wavenumber_x, x), (wavenumber_y, y), (wavenumber_z, z)
    return _plane_wave(t, b, c, *qs)


def _plane_wave(t: float, b: float, c: float, *axes: tuple[float, Field]) -> Field:
    q2 = sum(q * q for q, _ in axes)
    require(q2 < 1, f"a plane wave needs a wavenumber below 1, got {math.sqrt(q2):g}")
    phase = sum(q * x for q, x in axes) - (c + (b - c) * q2) * t
    return math.sqrt(1 - q2) * np.exp(1j * phase)


def growth_rate(
    k: Array | float, *, wavenumber: float = 0.0, b: float = 0.0, c: float = 0.0
) -> Array:
    """Return the larger growth rate of a perturbation of wavenumber k along a plane wave.

    A = √ρ (1 + α e^{ikx} + β* e^{−ikx}) e^{i(qx − ωt)}  with ρ = 1 − q² has

        α′ = −(1 + ib)(k² + 2qk) α − (1 + ic)ρ(α + β),
        β′ = −(1 − ib)(k² − 2qk) β − (1 − ic)ρ(α + β).

    For q = 0 it is positive for  k² < −2(1 + bc)/(1 + b²)  (Benjamin & Feir 1967, Newell
    1974); for b = c = 0 beyond  q² > ⅓ + k²/6  (Eckhaus 1965).
    """
    k, rho = np.asarray(k, dtype=float), 1 - wavenumber**2
    forward = (1 + 1j * b) * (k**2 + 2 * wavenumber * k)
    backward = (1 - 1j * b) * (k**2 - 2 * wavenumber * k)
    gain = (1 + 1j * c) * rho
    trace = -(forward + backward + gain + gain.conjugate())
    det = (forward + gain) * (backward + gain.conjugate()) - abs(gain) ** 2
    root = np.sqrt(trace**2 - 4 * det)
    return np.asarray(np.maximum((trace + root).real, (trace - root).real) / 2)


def eckhaus_wavenumber(*, b: float = 0.0, c: float = 0.0) -> float:
    """Largest |q| of a plane wave that is stable to long perturbations along it.

    q² = (1 + bc)/(3 + bc + 2c²)  (Aranson & Kramer 2002, eq. (26)); none if 1 + bc < 0.
    """
    require(1 + b * c >= 0, "all plane waves are unstable where 1 + b c < 0")
    return math.sqrt((1 + b * c) / (3 + b * c + 2 * c**2))


# -- states ----------------------------------------------------------------------------


def perturbed_wave(
    x: Field,
    *,
    wavenumber: float = 0.0,
    perturbation: float = 1e-6,
    modulation: float = 0.5,
) -> Field:
    """Return  √(1 − q²) e^{iqx} (1 + ε cos kx),  k = ``modulation``."""
    wave = _plane_wave(0.0, 0.0, 0.0, (wavenumber, x))
    return wave * (1 + perturbation * np.cos(modulation * x))


def four_spirals(
    x: Field, y: Field, *, wavenumber: float = 0.1, core: float = 2.0
) -> Field:
    """Four defects of charge ±1, in turn, in a box of side 2π/K, K = ``wavenumber``.

    A = z/√(|z|² + (K r)²),  z = sin Kx + i sin Ky,  r being the radius of the cores.
    """
    z = np.sin(wavenumber * x) + 1j * np.sin(wavenumber * y)
    return z / np.sqrt(np.abs(z) ** 2 + (wavenumber * core) ** 2)
