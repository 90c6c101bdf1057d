"""Numbers that the theory of the focusing equation  iψₜ + ½ψₓₓ + |ψ|²ψ = 0  predicts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

Real = NDArray[np.float64]


def collision_shifts(amplitudes: Sequence[float], velocities: Sequence[float]) -> Real:
    """Displacement of each soliton by the collisions with all the others.

    ΔX_j = Σ_k sign(w)/A_j ln[((A_j + A_k)² + w²)/((A_j − A_k)² + w²)],  w = v_j − v_k

    Examples
    --------
    >>> collision_shifts([2, 1.5], [2, -2]).round(5)
    array([ 0.2765 , -0.36867])
    """
    a, v = np.asarray(amplitudes, float), np.asarray(velocities, float)
    difference, total = a[:, None] - a, a[:, None] + a
    approach = v[:, None] - v
    same = approach == 0  # such solitons, each itself among them, never pass each other
    ratio = (total**2 + approach**2) / np.where(same, 1.0, difference**2 + approach**2)
    shifts = np.sign(approach) * np.log(np.where(same, 1.0, ratio))
    return np.asarray(shifts.sum(axis=1) / a)


def soliton_invariants(
    amplitudes: Sequence[float], velocities: Sequence[float]
) -> dict[str, float]:
    """Conserved quantities of any number of solitons on the whole line.

    Mass Σ2A, momentum Σ2Av, energy Σ(Av² − A³/3), i4 = Σ(2A³v − 2Av³) and
    i5 = Σ(2Av⁴ − 4A³v² + 2A⁵/5).
    """
    a, v = np.asarray(amplitudes, float), np.asarray(velocities, float)
    terms = {
        "mass": 2 * a,
        "momentum": 2 * a * v,
        "energy": a * v**2 - a**3 / 3,
        "i4": 2 * a**3 * v - 2 * a * v**3,
        "i5": 2 * a * v**4 - 4 * a**3 * v**2 + 2 * a**5 / 5,
    }
    return {name: float(term.sum()) for name, term in terms.items()}


def modulational_gain(
    wavenumber: ArrayLike,
    *,
    amplitude: float = 1.0,
    dispersion: float = 1.0,
    focusing: float = 1.0,
) -> Real:
    """Growth rate |K| √(D(gA² − DK²/4)) of a perturbation of a plane wave; 0 where stable.

    The largest, |g|A², belongs to K = √(2g/D) A; waves with K ≥ 2√(g/D) A are stable.

    Examples
    --------
    >>> modulational_gain([0.8, 2**0.5, 2.5]).round(5)
    array([0.73321, 1.     , 0.     ])
    """
    k = np.asarray(wavenumber, float)
    unstable = dispersion * (focusing * amplitude**2 - dispersion * k**2 / 4)
    return np.asarray(np.abs(k) * np.sqrt(np.maximum(unstable, 0.0)))
