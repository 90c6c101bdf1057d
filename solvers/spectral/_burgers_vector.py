"""What Burgers' equation for a velocity has in two and three dimensions:  uₜ + u·∇u = ν∇²u.

u·∇u = ∇(|u|²/2) − u × ω  takes fewer transforms than products with the gradients: in the
plane u, v, ω back and |u|²/2, vω, −uω forward, six instead of eight; in space six back and
four forward, ten instead of fifteen.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

from pydantic import Field as Key

from pdekit.equation import AbstractEquation, Params
from pdekit.grid import Grid
from pdekit.solvers.exact.parameters import require
from pdekit.typing import Array, Field


class BurgersVectorParams(Params):
    """Coefficients of  uₜ + u·∇u = ν∇²u."""

    viscosity: float = Key(0.1, ge=0, description="ν; without it smooth flows break")


class AbstractBurgersVector(AbstractEquation):
    """A velocity without pressure. A flow without vorticity keeps having none.

    Nothing is conserved in general, since  u·∇u  is no divergence: of a flow without
    vorticity the mean velocity is.
    """

    dealias: ClassVar[str] = "two_thirds"
    Params = BurgersVectorParams
    params: BurgersVectorParams
    references = ("Burgers, Adv. Appl. Mech. 1 (1948) 171",)

    def symbol(self, grid: Grid) -> Array:
        """Return  −νk²  for every component."""
        damping = -self.params.viscosity * grid.k_squared(real=True)
        return damping[None].repeat(grid.ndim, axis=0)

    def solution(self, name: str, **params: Any) -> Callable[..., Field]:
        """Return an exact solution for this viscosity."""
        require(self.params.viscosity > 0, f"{name} needs viscosity > 0")
        return partial(self.exact[name], viscosity=self.params.viscosity, **params)

    def advection(self, grid: Grid, u: Field) -> Array:
        """Return  max Σ |uᵢ| / Δxᵢ."""
        speeds = sum(abs(u[:, i]) / dx for i, dx in enumerate(grid.spacing))
        return speeds.max(axis=tuple(range(1, speeds.ndim)))

    def diagnostics(self, grid: Grid, u: Field) -> dict[str, Array]:
        """Energy ½⟨|u|²⟩, mean velocity, largest |uᵢ|, largest vorticity."""
        space = tuple(range(-grid.ndim, 0))
        out = {"energy": grid.mean((u * u).sum(axis=1)) / 2}
        out |= {f"mean_{name}": grid.mean(u[:, i]) for i, name in enumerate(self.fields)}
        out["max_abs"] = abs(u).max(axis=(1, *space))
        parts = [abs(part).max(axis=space) for part in vorticity(grid, u)]
        out["max_vorticity"] = parts[0]
        for part in parts[1:]:
            out["max_vorticity"] = out["max_vorticity"].clip(part)
        return out

    def warnings(self, grid: Grid, u: Field, *_: Any) -> list[str]:
        """Warn of a flow that breaks."""
        if self.params.viscosity > 0:
            return []
        return [
            "without viscosity a compressed flow breaks in finite time; from then on "
            "nothing damps what reaches the end of the spectrum"
        ]


def vorticity(grid: Grid, u: Field) -> list[Array]:
    """Return the components of  ∇ × u  of  (..., channel, *space)."""
    part = [u[..., i, *(slice(None),) * grid.ndim] for i in range(grid.ndim)]
    pairs = [(0, 1)] if grid.ndim == 2 else [(1, 2), (2, 0), (0, 1)]
    return [grid.derivative(part[j], i) - grid.derivative(part[i], j) for i, j in pairs]
