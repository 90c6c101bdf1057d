"""What the linear equations share:  uₜ = Σ_n Σ_i a_{n,i} ∂ᵢⁿ u  in a periodic box.

There is no nonlinear term and hence no transform in a step: each mode is multiplied by
e^{hL}, exactly, whatever the step.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

import numpy as np

from pdekit.equation import AbstractEquation
from pdekit.grid import Grid, GridError
from pdekit.solvers.exact import linear_waves
from pdekit.typing import Array, Field

Coefficient = float | tuple[float, ...]
"""One number for all axes, or one for each."""

HALF_TURNS = (1.0, 1j, -1.0, -1j)
"""Powers of i, without the rounding of 1j**n."""


def per_axis(values: Coefficient, ndim: int, what: str) -> tuple[float, ...]:
    """Return one number for each axis; a single one holds for all."""
    if isinstance(values, int | float):
        return (float(values),) * ndim
    if len(values) != ndim:
        raise GridError(f"{what} has {len(values)} entries, the grid {ndim} axes")
    return values


def along_axes(order: int, values: Sequence[float], ks: Sequence[Any]) -> Any:
    """Return  Σ_i a_i (i kᵢ)ⁿ,  real for even n."""
    turn = HALF_TURNS[order % 4]
    return turn * sum(a * k**order for a, k in zip(values, ks, strict=True))


class AbstractLinear(AbstractEquation):
    """One field, whose modes evolve like e^{σ(k)t}.

    Conserved: the mean, if σ(0) = 0; ⟨u²⟩/2 if σ is imaginary throughout.
    """

    fields: ClassVar[tuple[str, ...]] = ("u",)
    dimensions: ClassVar[tuple[int, ...]] = (1, 2, 3)
    exact: ClassVar[Mapping[str, Callable[..., Field]]] = {
        "random_waves": linear_waves.random_waves,
        "random_waves_2d": linear_waves.random_waves_2d,
        "random_waves_3d": linear_waves.random_waves_3d,
    }

    @abstractmethod
    def growth(self, even: Sequence[Any], odd: Sequence[Any]) -> Any:
        """Return  σ(k),  odd powers of the second, in which the Nyquist mode is 0."""

    def symbol(self, grid: Grid) -> Array:
        """Return  L = σ(k)."""
        even, odd = grid.wavenumbers(real=True), grid.wavenumbers(real=True, odd=True)
        values = np.broadcast_to(self.growth(even, odd), grid.spectral_shape(real=True))
        return values[None]

    def solution(self, name: str, **params: Any) -> Callable[..., Field]:
        """Return an exact solution  f(x, …, t)  of this equation."""
        return partial(self.exact[name], growth=lambda ks: self.growth(ks, ks), **params)

    def invariants(self, grid: Grid, u: Field, t: float = 0.0) -> dict[str, Array]:
        """Return the mean and the energy, as far as they are conserved."""
        if self._sources():
            return {}
        values, linear = u[:, 0], self.symbol(grid)
        out = {}
        if linear.flat[0] == 0:
            out["mean"] = grid.mean(values)
        if not linear.real.any():
            out["energy"] = grid.mean(values**2) / 2
        return out

    def invariant_scales(self, grid: Grid, u: Field) -> dict[str, float]:
        """Return the size of the field: its mean may be zero."""
        return {"mean": float(abs(u).max())}

    def diagnostics(self, grid: Grid, u: Field) -> dict[str, Array]:
        """Largest |u|; mean and ⟨u²⟩/2 where they change."""
        values, conserved = u[:, 0], self.invariants(grid, u)
        axes = tuple(range(1, values.ndim))
        series = {"mean": grid.mean(values), "energy": grid.mean(values**2) / 2}
        out = {name: value for name, value in series.items() if name not in conserved}
        return out | {"max_abs": abs(values).max(axis=axes)}
