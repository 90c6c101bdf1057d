"""Korteweg–Burgers equation  uₜ + a uuₓ + b uₓₓₓ = νuₓₓ  on a periodic line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from pydantic import Field as Key

from pdekit.equation import Params
from pdekit.grid import Grid
from pdekit.solvers.exact import kdv as waves
from pdekit.solvers.exact.parameters import require
from pdekit.solvers.spectral._flux import energy, gradient_square, largest
from pdekit.solvers.spectral.kdv import KdV
from pdekit.typing import Array, Field


class KortewegBurgersParams(Params):
    """Coefficients of  uₜ + a uuₓ + b uₓₓₓ = νuₓₓ."""

    nonlinearity: float = Key(1.0, description="a")
    dispersion: float = Key(1.0, description="b")
    viscosity: float = Key(0.1, ge=0, description="ν")


class KortewegBurgers(KdV):
    """One field on a line, in conservative form: two real transforms per evaluation.

    A front of height h oscillates behind its head when  ν² < 2|ab|h.

    Conserved: the mean; without viscosity also what `kdv` conserves.

    References
    ----------
    Grad & Hu, Phys. Fluids 10 (1967) 2596; Johnson, J. Fluid Mech. 42 (1970) 49.
    """

    name: ClassVar[str] = "korteweg_burgers"
    Params: ClassVar[type[Params]] = KortewegBurgersParams
    references: ClassVar[tuple[str, ...]] = (
        "Grad & Hu, Phys. Fluids 10 (1967) 2596",
        "Johnson, J. Fluid Mech. 42 (1970) 49",
    )
    states: ClassVar = {"box_of_fronts": waves.box_of_fronts}

    def symbol(self, grid: Grid) -> Array:
        """Return  i b k³ − νk²."""
        damping = self.params.viscosity * grid.k_squared(real=True)[None]
        return super().symbol(grid) - damping

    def solution(self, name: str, **params: Any) -> Callable[..., Field]:
        """Return an exact solution of `kdv`, if ν = 0."""
        require(self.params.viscosity == 0, f"{name} needs viscosity = 0")
        return super().solution(name, **params)

    def invariants(self, grid: Grid, u: Field, t: float = 0.0) -> dict[str, Array]:
        """Return the mean; momentum and energy without viscosity."""
        found = super().invariants(grid, u, t)
        if self.params.viscosity == 0:
            return found
        return {name: value for name, value in found.items() if name == "mean"}

    def diagnostics(self, grid: Grid, u: Field) -> dict[str, Array]:
        """Largest |u|; momentum and its dissipation ν⟨uₓ²⟩, with viscosity."""
        v, nu = u[:, 0], self.params.viscosity
        if nu == 0:
            return super().diagnostics(grid, u)
        return {
            "max_abs": largest(v),
            "momentum": energy(grid, v),
            "dissipation": nu * gradient_square(grid, v),
        }
