"""Harmonic traps and the ground states in them, as exact solutions and states use them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Literal

import numpy as np

from pdekit.grid import Grid
from pdekit.solvers.exact.parameters import require
from pdekit.solvers.ground_state import StationaryState
from pdekit.solvers.ground_state import ground_state as minimise
from pdekit.typing import Array, Field

Frequencies = float | tuple[float, ...]
Guess = Literal["still", "vortex", "mixture"]


def frequencies(trap: Any, dimension: int) -> tuple[float, ...]:
    """Return one frequency per axis; a number stands for all of them."""
    ws = tuple(trap) if isinstance(trap, list | tuple) else (trap,) * dimension
    require(len(ws) == dimension, f"trap has {len(ws)} frequencies for {dimension} axes")
    return tuple(float(w) for w in ws)


def harmonic(grid: Grid, ws: Sequence[float]) -> Array:
    """Return  V = ½ Σ wⱼ²xⱼ²."""
    terms = [(w * x) ** 2 for w, x in zip(ws, grid.points(), strict=True)]
    return 0.5 * np.broadcast_to(sum(terms[1:], terms[0]), grid.shape)


@lru_cache(maxsize=16)
def stationary(
    grid: Grid,
    ws: tuple[float, ...],
    interaction: float,
    rotation: float = 0.0,
    guess: Guess = "still",
    tolerance: float = 1e-11,
) -> StationaryState:
    """Return the ground state in a trap; a solution is asked for it at every frame.

    The descent finds the minimum near its first guess: a cloud without vortices, the same
    with a vortex at the centre, or the mixture  (1 − Ω) still + Ω vortex,  which has no
    symmetry and so ends in a lattice where that has less energy (Bao, Wang & Markowich,
    Commun. Math. Sci. 3 (2005) 57). Only the last finds its way at any Ω.
    """
    start = None
    if guess != "still":
        x, y = grid.points()
        at_rest = stationary(grid, ws, interaction).phi
        core = np.sqrt(ws[0]) * (x + 1j * y)
        core = core / np.sqrt(1 + np.abs(core) ** 2)
        start = at_rest * (core if guess == "vortex" else 1 - rotation + rotation * core)
    return minimise(
        grid,
        harmonic(grid, ws),
        interaction=interaction,
        rotation=rotation,
        start=start,
        tolerance=tolerance,
    )


def displaced(grid: Grid, phi: Array, shift: Sequence[float]) -> Array:
    """Return  φ(x − shift)  by its Fourier series."""
    if not any(shift):
        return phi
    ks = grid.wavenumbers(odd=True)
    turn = sum(k * s for k, s in zip(ks, shift, strict=True))
    return np.asarray(np.fft.ifftn(np.fft.fftn(phi) * np.exp(-1j * turn)))


def box(*points: Field) -> Grid:
    """Return the periodic grid with these coordinates."""
    counts, intervals = [], []
    for x in points:
        line = np.ravel(x)
        require(line.size > 1, "a ground state needs the coordinates of a whole grid")
        spacing = (line[-1] - line[0]) / (line.size - 1)
        counts.append(line.size)
        intervals.append((float(line[0]), float(line[0] + line.size * spacing)))
    return Grid.periodic(counts, intervals)
