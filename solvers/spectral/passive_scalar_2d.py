"""A plane flow that carries a scalar along: Navier–Stokes and advection–diffusion."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

from pydantic import Field as Key

from pdekit.formulas import i_times
from pdekit.grid import Grid
from pdekit.solvers.exact import navier_stokes as exact
from pdekit.solvers.exact import scalar_states
from pdekit.solvers.spectral._vorticity_flow import (
    AbstractScalarFlow,
    ScalarFlowParams,
)
from pdekit.turbulence import Flow
from pdekit.typing import Array, Field


class PassiveScalar2DParams(ScalarFlowParams):
    """Coefficients of the flow and of the scalar."""

    gradient_x: float = Key(0.0, description="Gₓ, a uniform gradient of the scalar")
    gradient_y: float = Key(0.0, description="G_y, the same along y")


class PassiveScalar2D(AbstractScalarFlow):
    """The flow of ``navier_stokes_2d`` and  θₜ + (U + u)·∇θ + u·G = κ∇²θ.

    The whole scalar is  G·(x − Ut) + θ.  Seven real transforms for each evaluation: u, v
    and θ back; uv, u² − v², uθ and vθ forward.  The flux form keeps ⟨θ⟩ to rounding.

    Conserved: ⟨θ⟩ without source; ⟨θ²⟩/2 without diffusion, gradient and source; energy and
    enstrophy as in ``navier_stokes_2d``.

    References
    ----------
    Warhaft, Annu. Rev. Fluid Mech. 32 (2000) 203 (a scalar with a mean gradient).
    """

    name: ClassVar[str] = "passive_scalar_2d"
    Params = PassiveScalar2DParams
    references = ("Warhaft, Annu. Rev. Fluid Mech. 32 (2000) 203",)
    exact: ClassVar = {"shear_wave": exact.scalar_shear_wave}
    states: ClassVar = {
        "stirred": scalar_states.stirred,
        "mixing_layer": scalar_states.mixing_layer,
    }

    @staticmethod
    def assemble(
        p: Any,
        q: Any,
        flux_x: Any,
        flux_y: Any,
        omega: Any,
        kx: Any,
        ky: Any,
        inv_k2: Any,
        gradient_x: Any,
        gradient_y: Any,
    ) -> Any:
        """Return  −(u·∇ω)^  and  −(∇·(uθ) + u·G)^,  with  u·G = (Gₓ∂_y − G_y∂ₓ)ψ."""
        across = (gradient_x * ky - gradient_y * kx) * inv_k2
        return (
            (kx * kx - ky * ky) * p - kx * ky * q,
            -i_times(kx * flux_x + ky * flux_y + across * omega),
        )

    def solution(self, name: str, **params: Any) -> Callable[..., Field]:
        """Return an exact solution ``f(x, y, t)`` for these coefficients."""
        self.needs(name)
        p = self.params
        return partial(
            self.exact[name],
            medium=self.medium,
            diffusivity=p.diffusivity,
            gradient_x=p.gradient_x,
            gradient_y=p.gradient_y,
            **params,
        )

    def invariants(self, grid: Grid, u: Field, t: float = 0.0) -> dict[str, Array]:
        """Return what nothing changes of energy, enstrophy, ⟨θ⟩ and ⟨θ²⟩/2."""
        p, theta, out = self.params, u[..., 1, :, :], {}
        if self.conserves:
            flow = Flow.of_vorticity(u[..., 0, :, :], grid)
            out = {"energy": flow.energy, "enstrophy": flow.enstrophy}
        if not self.drives("theta"):
            out["scalar"] = grid.mean(theta)
            if not (p.diffusivity or p.gradient_x or p.gradient_y):
                out["scalar_variance"] = grid.mean(theta**2) / 2
        return out

    def invariant_scales(self, grid: Grid, u: Field) -> dict[str, float]:
        """Return the size of the scalar: its mean may be zero."""
        return {"scalar": float(abs(u[..., 1, :, :]).max())}

    def diagnostics(self, grid: Grid, u: Field) -> dict[str, Array]:
        """Return those of the flow, extrema, variance and flux of the scalar."""
        theta = u[..., 1, :, :]
        along_x, along_y = self.velocity(grid, u)
        out = self.flow_series(grid, u)
        if "scalar_variance" not in self.invariants(grid, u):
            out["scalar_variance"] = grid.mean(theta**2) / 2
        out["scalar_max"] = theta.max(axis=(-2, -1))
        out["scalar_min"] = theta.min(axis=(-2, -1))
        out["flux_x"] = grid.mean(along_x * theta)
        out["flux_y"] = grid.mean(along_y * theta)
        return out
