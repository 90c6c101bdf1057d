"""Boussinesq equations in a vertical plane: vorticity and buoyant scalar."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

from pydantic import Field as Key

from pdekit.formulas import i_times
from pdekit.grid import Grid
from pdekit.solvers.exact import navier_stokes as exact
from pdekit.solvers.spectral._vorticity_flow import (
    AbstractScalarFlow,
    ScalarFlowParams,
)
from pdekit.turbulence import Flow
from pdekit.typing import Array, Field


class Boussinesq2DParams(ScalarFlowParams):
    """Coefficients of the flow, of the scalar and of what couples them."""

    buoyancy: float = Key(1.0, description="β, upward acceleration for each unit of θ")
    stratification: float = Key(
        0.0, description="S, uniform gradient of θ along y; N² = βS, negative is unstable"
    )


class Boussinesq2D(AbstractScalarFlow):
    """ωₜ + u·∇ω = βθₓ + …,  θₜ + u·∇θ + Sv = κ∇²θ;  y points upward.

    The other terms of the first are those of ``navier_stokes_2d``; U is added to u in both.
    The whole scalar is Sy + θ.  Seven real transforms for each evaluation: u, v and θ back;
    uv, u² − v², uθ and vθ forward; buoyancy and stratification stay spectral.

    Conserved without dissipation and force: ½⟨|u|²⟩ + (β/S)½⟨θ²⟩, or ½⟨θ²⟩ for S = 0; and
    ⟨θ⟩ in any case without source.

    References
    ----------
    Vallis, Atmospheric and Oceanic Fluid Dynamics (2017), section 2.4.
    """

    name: ClassVar[str] = "boussinesq_2d"
    Params = Boussinesq2DParams
    references = ("Vallis, Atmospheric and Oceanic Fluid Dynamics (2017), section 2.4",)
    exact: ClassVar = {"internal_wave": exact.internal_wave}

    @staticmethod
    def assemble(
        p: Any,
        q: Any,
        flux_x: Any,
        flux_y: Any,
        omega: Any,
        theta: Any,
        kx: Any,
        ky: Any,
        inv_k2: Any,
        buoyancy: Any,
        stratification: Any,
    ) -> Any:
        """Return  −(u·∇ω)^ + βikₓθ̂  and  −(∇·(uθ) + Sv)^,  with  v = −ψₓ."""
        across = (stratification * kx) * inv_k2
        return (
            (kx * kx - ky * ky) * p - kx * ky * q + i_times((buoyancy * kx) * theta),
            -i_times(kx * flux_x + ky * flux_y - across * omega),
        )

    def solution(self, name: str, **params: Any) -> Callable[..., Field]:
        """Return an exact solution ``f(x, y, t)`` for these coefficients."""
        self.needs(name)
        p = self.params
        return partial(
            self.exact[name],
            medium=self.medium,
            diffusivity=p.diffusivity,
            buoyancy=p.buoyancy,
            stratification=p.stratification,
            **params,
        )

    @property
    def conserves(self) -> bool:
        """Never by itself: buoyancy does work on the flow."""
        return False

    def invariants(self, grid: Grid, u: Field, t: float = 0.0) -> dict[str, Array]:
        """Return ⟨θ⟩ and, without dissipation and force, the total energy."""
        p, theta = self.params, u[..., 1, :, :]
        out = {} if self.drives("theta") else {"scalar": grid.mean(theta)}
        if self.drives("omega") or self.drives("theta"):
            return out
        if p.viscosity or p.drag or p.hyperviscosity or p.diffusivity:
            return out
        variance = grid.mean(theta**2) / 2
        if p.stratification == 0:
            return {**out, "scalar_variance": variance}
        kinetic = Flow.of_vorticity(u[..., 0, :, :], grid).energy
        return {**out, "total_energy": kinetic + p.buoyancy / p.stratification * variance}

    def invariant_scales(self, grid: Grid, u: Field) -> dict[str, float]:
        """Return the size of the scalar: its mean may be zero."""
        return {"scalar": float(abs(u[..., 1, :, :]).max())}

    def diagnostics(self, grid: Grid, u: Field) -> dict[str, Array]:
        """Return those of the flow, extrema of the scalar and the work of buoyancy."""
        theta, (_, up) = u[..., 1, :, :], self.velocity(grid, u)
        out = self.flow_series(grid, u)
        out["scalar_max"] = theta.max(axis=(-2, -1))
        out["scalar_min"] = theta.min(axis=(-2, -1))
        work = self.params.buoyancy * grid.mean((up - self.params.mean_v) * theta)
        out["power"] = out.get("power", 0.0) + work
        return out
