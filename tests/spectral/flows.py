"""Random smooth flows and the right-hand side of an equation, for tests."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pdekit import spectral
from pdekit.engine import make_engine
from pdekit.equation import AbstractEquation
from pdekit.grid import Grid
from pdekit.stepping._system import System
from pdekit.typing import Array

BOX = (0.0, 2 * np.pi)


def rate(
    equation: AbstractEquation, grid: Grid, u: Array, t: float = 0.0, *, linear: bool = True
) -> Array:
    """Return ∂ₜu  (channel, *space)  as the solver has it, without stepping."""
    mask = spectral.mask(equation.dealias, grid, real=True)
    engine = make_engine("numpy", grid, channels=len(equation.fields), members=1)
    system = System(equation, grid, engine, start=0.0, end=1.0, mask=mask)
    program = system.program(())
    v = program.open(u[None])
    total = program.nonlinear(v, t)
    if linear:
        total = total + program.multipliers * v
    return np.asarray(program.close(total))[0]


def band_limited(grid: Grid, seed: int, modes: int, channels: int = 1) -> Array:
    """Draw real fields ``(channel, *space)`` of mean zero from the modes up to a number."""
    rng = np.random.default_rng(seed)
    axes = tuple(range(1, grid.ndim + 1))
    u_hat = np.fft.rfftn(rng.standard_normal((channels, *grid.shape)), axes=axes)
    for i, m in enumerate(grid.modes(real=True)):
        shape = (1, *(-1 if j == i else 1 for j in range(grid.ndim)))
        u_hat = u_hat * (np.abs(m) <= modes).reshape(shape)
    u_hat[(slice(None), *(0,) * grid.ndim)] = 0
    u = np.fft.irfftn(u_hat, s=grid.shape, axes=axes)
    return np.asarray(u / np.sqrt(np.mean(u**2)))


def solenoidal(grid: Grid, seed: int, modes: int) -> Array:
    """Draw a velocity  ∇ × A  (3, *space)  from the modes up to a number."""
    a, b, c = band_limited(grid, seed, modes, 3)
    d = grid.derivative
    u = np.stack([d(c, 1) - d(b, 2), d(a, 2) - d(c, 0), d(b, 0) - d(a, 1)])
    return np.asarray(u / np.sqrt(np.mean(u**2)))


def plane_velocity(grid: Grid, omega: Array) -> tuple[Array, Array]:
    """Return u = ψ_y, v = −ψₓ with −∇²ψ = ω, on full complex transforms."""
    k2 = grid.k_squared()
    psi = np.fft.ifft2(np.fft.fft2(omega) / np.where(k2 > 0, k2, np.inf)).real
    return grid.derivative(psi, 1), -grid.derivative(psi, 0)


def shifted(u: Array, by: Sequence[int]) -> Array:
    """Translate fields ``(channel, *space)`` by whole grid steps."""
    return np.roll(u, by, axis=tuple(range(1, len(by) + 1)))
