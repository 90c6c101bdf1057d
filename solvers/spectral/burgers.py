"""Burgers' equation  uₜ + uuₓ = νuₓₓ  on a periodic line."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

from pydantic import Field as Key

from pdekit.equation import Params
from pdekit.grid import Grid
from pdekit.solvers.exact import burgers as exact
from pdekit.solvers.exact.parameters import require
from pdekit.solvers.spectral._flux import AbstractFlux, energy, gradient_square, largest
from pdekit.stepping import Integrator
from pdekit.typing import Array, Field


class BurgersParams(Params):
    """Coefficients of  uₜ + uuₓ = νuₓₓ."""

    viscosity: float = Key(0.1, ge=0, description="ν; without it smooth waves break")


class Burgers(AbstractFlux):
    """One field on a line, in conservative form: two real transforms per evaluation.

    Conserved: the mean; ½⟨u²⟩ if ν = 0, as long as the wave is smooth.

    References
    ----------
    Burgers, Adv. Appl. Mech. 1 (1948) 171.
    """

    name: ClassVar[str] = "burgers"
    Params = BurgersParams
    params: BurgersParams
    references = ("Burgers, Adv. Appl. Mech. 1 (1948) 171",)
    exact: ClassVar = {
        "periodic_wave": exact.periodic_wave,
        "sine_shock": exact.sine_shock,
    }

    def symbol(self, grid: Grid) -> Array:
        """Return  −νk²."""
        return -self.params.viscosity * grid.k_squared(real=True)[None]

    def solution(self, name: str, **params: Any) -> Callable[..., Field]:
        """Return an exact solution ``f(x, t)`` for this viscosity."""
        nu = self.params.viscosity
        require(nu > 0, f"{name} needs viscosity > 0")
        return partial(self.exact[name], viscosity=nu, **params)

    def invariants(self, grid: Grid, u: Field, t: float = 0.0) -> dict[str, Array]:
        """Return the mean, and the energy without viscosity."""
        if not self.conserves_mean:
            return {}
        out = {"mean": grid.mean(u[:, 0])}
        if self.params.viscosity == 0:
            out["energy"] = energy(grid, u[:, 0])
        return out

    def diagnostics(self, grid: Grid, u: Field) -> dict[str, Array]:
        """Energy, its dissipation ν⟨uₓ²⟩, largest |u|, steepest descent max(−uₓ)."""
        v, nu = u[:, 0], self.params.viscosity
        out = {"energy": energy(grid, v), "dissipation": nu * gradient_square(grid, v)}
        if nu == 0:
            out = {}
        return out | {
            "max_abs": largest(v),
            "steepest": -grid.derivative(v, 0).min(axis=-1),
        }

    def warnings(
        self, grid: Grid, u: Field, integrator: Integrator, step: float | None
    ) -> list[str]:
        """Warn of a wave that breaks."""
        steepest = float(-grid.derivative(u[0], 0).min())
        if self.params.viscosity > 0 or steepest <= 0:
            return []
        return [
            f"without viscosity the wave breaks at t = {1 / steepest:.3g} after the start; "
            "from then on nothing damps what reaches the end of the spectrum"
        ]
