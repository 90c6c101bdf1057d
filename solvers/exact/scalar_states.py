"""Flows with a scalar to carry along, as initial states  (ω, θ)."""

from __future__ import annotations

import numpy as np

from pdekit.solvers.exact.flow_states import mcwilliams, shear_layer
from pdekit.typing import Array, Field


def stirred(
    x: Field, y: Field, *, peak: float = 4.0, waves: int = 1, seed: int = 0
) -> tuple[Field, Field]:
    """Random flow of `flow_states.mcwilliams`, and a sine in x with so many ``waves``."""
    along = 2 * np.pi * waves * _fraction(x)
    return mcwilliams(x, y, peak=peak, seed=seed), np.sin(along) + 0 * y


def mixing_layer(
    x: Field, y: Field, *, sharpness: float = 30.0, perturbation: float = 0.05
) -> tuple[Field, Field]:
    """Double shear layer of `flow_states.shear_layer`; θ is 1 between the layers, else 0.

    θ = ½ Σ_n tanh ρ(Y − ¼ − n) − tanh ρ(Y − ¾ − n),  summed over the periods.
    """
    omega = shear_layer(x, y, sharpness=sharpness, perturbation=perturbation)
    up, periods = _fraction(y), range(-2, 3)
    steps = [
        np.tanh(sharpness * (up - 0.25 - n)) - np.tanh(sharpness * (up - 0.75 - n))
        for n in periods
    ]
    return omega, 0.5 * sum(steps) + 0 * x


def _fraction(points: Field) -> Array:
    """Coordinates from the first point, in units of the side of the box."""
    line = np.unique(points)
    return (points - line[0]) / (line[-1] - line[0]) * (line.size - 1) / line.size
