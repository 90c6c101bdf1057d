"""What the wave equations share: characteristic variables, energy, coefficients.

uₜₜ = −ω²(−i∇) u + n(u)  with a positive ω is, for  a = v + iωu  and  b = v − iωu,  v = uₜ,

    aₜ = iω a + n,      bₜ = −iω b + n,

so that the linear part is diagonal and exponential integrators solve it exactly for any
step.  Back again,  u = (a − b)/2iω  and  v = (a + b)/2,  mode by mode.

Where ω = 0, the mean of the wave equation, a and b are the same and u would be lost. The
variables of that mode are  a = v  and  b = u  instead, with  L = 0  and  bₜ = a.
"""

from __future__ import annotations

import inspect
from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np

from pdekit.equation import AbstractEquation
from pdekit.errors import PdekitError
from pdekit.formulas import i_times
from pdekit.grid import Grid
from pdekit.typing import Array, Field


class AbstractWaves(AbstractEquation):
    """A real field u and its velocity v = uₜ, advanced along the characteristics."""

    fields: ClassVar[tuple[str, ...]] = ("u", "v")
    variables: ClassVar[tuple[str, ...]] = ("a", "b")
    dimensions: ClassVar[tuple[int, ...]] = (1, 2, 3)
    integrator: ClassVar[str] = "etdrk4"
    dealias: ClassVar[str] = "none"

    @abstractmethod
    def frequency(self, grid: Grid) -> Array:
        """Return ω of every mode."""

    @abstractmethod
    def restoring_energy(self, u: Array) -> Array:
        """Return the density of the potential energy without that of the gradient."""

    def symbol(self, grid: Grid) -> Array:
        """Return  L = (iω, −iω)."""
        omega = self.frequency(grid)
        return np.stack([1j * omega, -1j * omega])

    def symbols(self, grid: Grid) -> Mapping[str, Array]:
        """Return ω, 1/2ω (0 where ω is) and the indicator of ω = 0."""
        omega = self.frequency(grid)
        mean = (omega == 0).astype(float)
        return {"w": omega, "inv_2w": (1.0 - mean) * 0.5 / (omega + mean), "mean": mean}

    @staticmethod
    def encode(u: Any, v: Any, w: Any, mean: Any) -> Any:
        """Return  v ± iωu,  and  (v, u)  where ω = 0."""
        turned = i_times(w * u)
        return v + turned, v - turned + mean * (u - v)

    @staticmethod
    def decode(a: Any, b: Any, inv_2w: Any, mean: Any) -> Any:
        """Return  (a − b)/2iω  and  (a + b)/2,  and  (b, a)  where ω = 0."""
        u = i_times(inv_2w * (b - a)) + mean * b
        return u, 0.5 * (a + b) + 0.5 * mean * (a - b)

    def coefficients_of_exact(self) -> Mapping[str, float]:
        """Return the parameters that exact solutions share with the equation."""
        return {"speed": self.params.speed}

    def solution(self, name: str, **params: Any) -> Callable[..., Field]:
        """Return an exact solution for the coefficients of this equation."""
        function = self.exact[name]
        known = inspect.signature(function).parameters
        for key, own in self.coefficients_of_exact().items():
            if key not in known:
                continue
            given = params.get(key, own)
            if given not in (own, known[key].default):
                raise PdekitError(
                    f"{name} has {key} = {given:g}, the equation {key} = {own:g}; "
                    f"leave {key} to the equation"
                )
            params[key] = own
        return lambda *points: function(*points, **params)

    def invariants(self, grid: Grid, u: Field, t: float = 0.0) -> dict[str, Array]:
        """Energy  ⟨½v² + ½c²|∇u|² + U(u)⟩  and momentum  −⟨v ∇u⟩.

        The gradient enters as −u∇²u, which keeps the highest mode as the scheme does.
        """
        height, velocity = _component(grid, u, 0), _component(grid, u, 1)
        laplacian = sum(grid.derivative(height, j, 2) for j in range(grid.ndim))
        density = velocity**2 - self.params.speed**2 * height * laplacian
        out = {"energy": grid.mean(0.5 * density + self.restoring_energy(height))}
        for j, name in enumerate(grid.names):
            label = "momentum" if grid.ndim == 1 else f"momentum_{name}"
            out[label] = -grid.mean(velocity * grid.derivative(height, j))
        return out

    def invariant_scales(self, grid: Grid, u: Field) -> dict[str, float]:
        """Return  √(⟨v²⟩⟨|∇u|²⟩)  for a momentum that vanishes by symmetry."""
        height, velocity = _component(grid, u, 0), _component(grid, u, 1)
        slopes = sum(grid.derivative(height, j) ** 2 for j in range(grid.ndim))
        size = float(np.sqrt(grid.mean(velocity**2) * grid.mean(slopes)).max())
        return {"momentum": size} | {f"momentum_{name}": size for name in grid.names}

    def diagnostics(self, grid: Grid, u: Field) -> dict[str, Array]:
        """Largest |u|, and the means of u and of v."""
        height, velocity = _component(grid, u, 0), _component(grid, u, 1)
        return {
            "max_abs": np.abs(height).max(axis=tuple(range(-grid.ndim, 0))),
            "mean_u": grid.mean(height),
            "mean_v": grid.mean(velocity),
        }


def _component(grid: Grid, u: Field, index: int) -> Array:
    """Take a channel of ``(..., channel, *space)``."""
    return u[..., index, *(slice(None),) * grid.ndim]
