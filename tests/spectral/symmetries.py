"""March without compiling, and what commutes with the flow of an equation, for tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from pdekit import registry, spectral
from pdekit.engine import make_engine
from pdekit.equation import AbstractEquation
from pdekit.grid import Grid
from pdekit.stepping import System
from pdekit.typing import Array


def evolve(
    equation: AbstractEquation,
    grid: Grid,
    u: Array,
    end: float,
    *,
    integrator: str = "etdrk4",
    steps: int,
    mask: str = "auto",
) -> Array:
    """As `pdekit.evolve`, on plain NumPy: nothing is compiled for a few short marches."""
    u = np.asarray(u)
    flat = u.reshape(-1, len(equation.fields), *grid.shape)
    name = equation.dealias if mask == "auto" else mask
    kept = spectral.mask(name, grid, real=True)
    engine = make_engine("numpy", grid, channels=flat.shape[1], members=len(flat))
    system = System(equation, grid, engine, start=0.0, end=end, mask=kept)
    stepper = registry.integrator(integrator).start(system, steps=steps)
    final = stepper.advance(stepper.start(flat), end, steps)
    return np.asarray(stepper.sample(final, end)).reshape(u.shape)


def translation(
    equation: AbstractEquation, grid: Grid, u: Array, end: float, **how: Any
) -> float:
    """Largest difference when the field ``(channel, *space)`` is shifted by grid steps."""
    axes = tuple(range(1, grid.ndim + 1))

    def shifted(v: Array) -> Array:
        return np.roll(v, [3, -2, 5][: grid.ndim], axes)

    return commutator(equation, grid, u, end, shifted, **how)


def commutator(
    equation: AbstractEquation,
    grid: Grid,
    u: Array,
    end: float,
    change: Callable[[Array], Array],
    **how: Any,
) -> float:
    """Largest difference between changing and marching, and marching and changing."""
    both = evolve(equation, grid, np.stack([u, change(u)]), end, **how)
    return float(np.abs(change(both[0]) - both[1]).max() / np.abs(both[1]).max())


def reflected(u: Array, axis: int = 1) -> Array:
    """Return  u(−x)  on the points of a box that starts at 0."""
    return np.roll(np.flip(u, axis), 1, axis)
