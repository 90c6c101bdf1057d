"""Solutions of the Gross–Pitaevskii equation in a harmonic trap, and its ground states.

    i ψₜ = −½∇²ψ + ½ Σ wⱼ²xⱼ² ψ + G|ψ|²ψ − Ω L_z ψ,      ∫|ψ|² = 1.

Those with G ≠ 0 are exact motions of a ground state, which itself is computed on the grid
of the coordinates, to rounding (`pdekit.solvers.ground_state`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from pdekit.grid import Grid
from pdekit.solvers.exact.parameters import require
from pdekit.solvers.exact.trapped import (
    Frequencies,
    Guess,
    box,
    displaced,
    frequencies,
    stationary,
)
from pdekit.typing import Array, Field

# -- exact solutions -------------------------------------------------------------------


def coherent_state(
    x: Field,
    t: float,
    *,
    trap: Frequencies = 1.0,
    interaction: float = 0.0,
    displacement: float = 1.0,
) -> Field:
    """Return the displaced Gaussian of an oscillator, G = 0 (Schrödinger, 1926)."""
    (w,) = frequencies(trap, 1)
    require(interaction == 0, "coherent_state needs interaction = 0; see kohn")
    return _coherent(x, t, w, displacement)


def coherent_state_2d(
    x: Field,
    y: Field,
    t: float,
    *,
    trap: Frequencies = 1.0,
    interaction: float = 0.0,
    rotation: float = 0.0,
    displacement: tuple[float, float] = (1.0, 0.5),
) -> Field:
    """As `coherent_state`, in a frame that rotates:  ψ(x, t) = ψ₀(R(Ωt) x, t).

    R(α) turns by α. A trap that is not round looks still in a frame that rotates only if
    it rotates too; then this is no solution.
    """
    wx, wy = frequencies(trap, 2)
    require(interaction == 0, "coherent_state_2d needs interaction = 0; see kohn_2d")
    require(rotation == 0 or wx == wy, "rotation needs an isotropic trap")
    c, s = math.cos(rotation * t), math.sin(rotation * t)
    along, across = c * x - s * y, s * x + c * y
    return _coherent(along, t, wx, displacement[0]) * _coherent(
        across, t, wy, displacement[1]
    )


def _coherent(x: Field, t: float, w: float, displacement: float) -> Field:
    at = displacement * math.cos(w * t)
    momentum = -w * displacement * math.sin(w * t)
    phase = momentum * (x - at / 2) - w * t / 2
    return (w / math.pi) ** 0.25 * np.exp(-0.5 * w * (x - at) ** 2 + 1j * phase)


def vortex(
    x: Field,
    y: Field,
    t: float,
    *,
    trap: Frequencies = 1.0,
    interaction: float = 0.0,
    rotation: float = 0.0,
    charge: int = 1,
) -> Field:
    """ψ ∝ (x ± iy)^|m| e^{−wr²/2} e^{−i(w(|m| + 1) − Ωm)t},  G = 0:  L_z ψ = m ψ."""
    wx, wy = frequencies(trap, 2)
    require(interaction == 0, "vortex needs interaction = 0; see ground_state_2d")
    require(wx == wy, "vortex needs an isotropic trap")
    order = abs(charge)
    height = math.sqrt(wx ** (order + 1) / (math.pi * math.factorial(order)))
    energy = wx * (order + 1) - rotation * charge
    core = (x + 1j * math.copysign(1.0, charge) * y) ** order
    return height * core * np.exp(-0.5 * wx * (x**2 + y**2) - 1j * energy * t)


def kohn(
    x: Field,
    t: float,
    *,
    trap: Frequencies = 1.0,
    interaction: float = 0.0,
    displacement: float = 1.0,
) -> Field:
    """Return  ψ = φ(x − X) exp(iP(x − X/2) − iμt),  X = X₀ cos wt,  P = X′.

    φ is the ground state. The cloud swings without changing its shape, at the frequency
    of the trap, whatever the interaction.

    References
    ----------
    Kohn, Phys. Rev. 123 (1961) 1242; Dobson, Phys. Rev. Lett. 73 (1994) 2244.
    """
    return _kohn((x,), t, trap, interaction, (displacement,))


def kohn_2d(
    x: Field,
    y: Field,
    t: float,
    *,
    trap: Frequencies = 1.0,
    interaction: float = 0.0,
    displacement: tuple[float, float] = (1.0, 0.5),
) -> Field:
    """As `kohn`, in two dimensions; the axes swing at their own frequencies."""
    return _kohn((x, y), t, trap, interaction, displacement)


def _kohn(
    points: Sequence[Field],
    t: float,
    trap: Frequencies,
    interaction: float,
    displacement: Sequence[float],
) -> Field:
    ws = frequencies(trap, len(points))
    grid = box(*points)
    ground = stationary(grid, ws, interaction)
    shift = [d * math.cos(w * t) for d, w in zip(displacement, ws, strict=True)]
    phase: Any = -ground.chemical_potential * t
    for x, w, d, at in zip(points, ws, displacement, shift, strict=True):
        phase = phase - w * d * math.sin(w * t) * (x - at / 2)
    return displaced(grid, ground.phi, shift) * np.exp(1j * phase)


def breathing_2d(
    x: Field,
    y: Field,
    t: float,
    *,
    trap: Frequencies = 1.0,
    interaction: float = 0.0,
    trap_before: float = 1.5,
) -> Field:
    """Return  ψ = φ(x/b) exp(ib′r²/2b − iμτ)/b,  a quench of the trap from w₀ to w.

    φ and μ belong to w₀, and  b² = cos² wt + (w₀/w)² sin² wt,  τ = ∫dt/b². In two
    dimensions the equation is scale invariant, so that this holds for every G; ⟨r²⟩
    oscillates at exactly 2w.

    References
    ----------
    Kagan, Surkov & Shlyapnikov, Phys. Rev. A 54 (1996) R1753; Pitaevskii & Rosch, Phys.
    Rev. A 55 (1997) R853.
    """
    w, wy = frequencies(trap, 2)
    require(w == wy, "breathing_2d needs an isotropic trap")
    grid = box(x, y)
    ground = stationary(grid, (trap_before, trap_before), interaction)
    ratio, c, s = trap_before / w, math.cos(w * t), math.sin(w * t)
    b = math.hypot(c, ratio * s)
    slope = w * s * c * (ratio**2 - 1) / b
    turns = math.atan2(ratio * s, c) + 2 * math.pi * round(
        (w * t - math.atan2(s, c)) / math.tau
    )
    phase = (
        slope / (2 * b) * (x**2 + y**2) - ground.chemical_potential * turns / trap_before
    )
    across, along = (_at_scaled(grid, axis, b) for axis in range(2))
    return (across @ ground.phi @ along.T) / b * np.exp(1j * phase)


def _at_scaled(grid: Grid, axis: int, b: float) -> Array:
    """Return the matrix from values at x to those of their series at x/b, 0 outside."""
    line = Grid((grid.axes[axis],))
    x = line.points()[0] / b
    inside = (x >= line.axes[0].lower) & (x < line.axes[0].upper)
    values = line.evaluate(np.eye(line.size), np.where(inside, x, 0.0))
    return np.where(inside[:, None], values.T, 0.0)


# -- states ----------------------------------------------------------------------------


def ground_state(
    x: Field,
    *,
    trap: Frequencies = 1.0,
    interaction: float = 0.0,
    displacement: float = 0.0,
) -> Field:
    """Return the state of least energy, displaced."""
    grid = box(x)
    ground = stationary(grid, frequencies(trap, 1), interaction)
    return displaced(grid, ground.phi, (displacement,))


def ground_state_2d(
    x: Field,
    y: Field,
    *,
    trap: Frequencies = 1.0,
    interaction: float = 0.0,
    rotation: float = 0.0,
    guess: Guess = "still",
    tolerance: float = 1e-11,
    displacement: tuple[float, float] = (0.0, 0.0),
) -> Field:
    """Return a state of least energy, displaced.

    `pdekit.solvers.exact.trapped.stationary` says what ``guess`` means.
    """
    grid = box(x, y)
    ws = frequencies(trap, 2)
    ground = stationary(grid, ws, interaction, rotation, guess, tolerance)
    return displaced(grid, ground.phi, displacement)


def ground_state_3d(
    x: Field,
    y: Field,
    z: Field,
    *,
    trap: Frequencies = 1.0,
    interaction: float = 0.0,
    displacement: tuple[float, float, float] = (0.0, 0.0, 0.0),
) -> Field:
    """Return the state of least energy, displaced."""
    grid = box(x, y, z)
    ground = stationary(grid, frequencies(trap, 3), interaction)
    return displaced(grid, ground.phi, displacement)
