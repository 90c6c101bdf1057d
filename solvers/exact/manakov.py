"""Exact solutions of the Manakov system,  iψₜ + ½ψₓₓ + (|u|² + |v|²)ψ = 0  for ψ = (u, v).

The answers are pairs (u, v). A polarisation is the unit vector (cos ϑ, e^{iδ} sin ϑ) with
the angle ϑ and the relative phase δ.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pdekit.solvers.exact import nlse
from pdekit.solvers.exact.dressing import n_solitons
from pdekit.solvers.exact.parameters import require
from pdekit.typing import Field

Pair = tuple[Field, Field]


def polarisation(angle: ArrayLike, relative_phase: ArrayLike) -> NDArray[np.complex128]:
    """Return the unit vectors (cos ϑ, e^{iδ} sin ϑ), with the component last."""
    angle, delta = np.broadcast_arrays(angle, relative_phase)
    return np.stack([np.cos(angle), np.exp(1j * delta) * np.sin(angle)], axis=-1)


def bright_soliton(
    x: Field,
    t: float,
    *,
    amplitude: float = 1.0,
    velocity: float = 0.0,
    position: float = 0.0,
    phase: float = 0.0,
    angle: float = np.pi / 4,
    relative_phase: float = 0.0,
) -> Pair:
    """(u, v) = (cos ϑ, e^{iδ} sin ϑ) ψ  with ψ of `nlse.bright_soliton`."""
    psi = nlse.bright_soliton(
        x, t, amplitude=amplitude, velocity=velocity, position=position, phase=phase
    )
    along_u, along_v = polarisation(angle, relative_phase)
    return along_u * psi, along_v * psi


def n_soliton(
    x: Field,
    t: float,
    *,
    amplitudes: Sequence[float] = (1.0, 1.0),
    velocities: Sequence[float] = (1.0, -1.0),
    positions: Sequence[float] = (-10.0, 10.0),
    phases: Sequence[float] = (),
    angles: Sequence[float] = (np.pi / 4, -np.pi / 4),
    relative_phases: Sequence[float] = (),
) -> Pair:
    """Any number of bright solitons; their polarisations change when they collide.

    At t = 0, when they are well separated, soliton j looks like
    (cos ϑ_j, e^{iδ_j} sin ϑ_j) A_j sech(A_j(x − x_j)) exp(i(v_j x + φ_j)); phases are zero
    when left out. Solitons of equal or orthogonal polarisation keep it.
    """
    delta = relative_phases if len(relative_phases) else np.zeros(len(angles))
    require(
        len(angles) == len(delta) == len(amplitudes),
        f"one angle and relative phase per soliton is needed, got {len(angles)} angles and "
        f"{len(delta)} relative_phases for {len(amplitudes)} amplitudes",
    )
    u, v = n_solitons(
        x,
        t,
        amplitudes=amplitudes,
        velocities=velocities,
        positions=positions,
        phases=phases,
        polarisations=polarisation(angles, delta),
    )
    return u, v


def plane_wave(
    x: Field,
    t: float,
    *,
    amplitude: float = 1.0,
    wavenumber: float = 0.0,
    phase: float = 0.0,
    angle: float = np.pi / 4,
    relative_phase: float = 0.0,
) -> Pair:
    """(u, v) = (cos ϑ, e^{iδ} sin ϑ) ψ  with the plane wave ψ of `nlse.plane_wave`."""
    psi = nlse.plane_wave(x, t, amplitude=amplitude, wavenumber=wavenumber, phase=phase)
    along_u, along_v = polarisation(angle, relative_phase)
    return along_u * psi, along_v * psi
