"""Navier–Stokes equations in a periodic box, in velocity form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar

import numpy as np
from pydantic import Field as Key

from pdekit.arrays import namespace
from pdekit.equation import AbstractEquation, Params
from pdekit.formulas import i_times
from pdekit.grid import Grid
from pdekit.series import multiplicity
from pdekit.solvers.diagnostics import flow_metrics
from pdekit.solvers.exact import flow_states as states
from pdekit.solvers.exact import navier_stokes as exact
from pdekit.solvers.exact.parameters import require
from pdekit.stepping import Integrator
from pdekit.turbulence import Flow
from pdekit.typing import Array, Field


class NavierStokes3DParams(Params):
    """Coefficients of the equation of motion."""

    viscosity: float = Key(1e-2, ge=0, description="ν")
    hyperviscosity: float = Key(0.0, ge=0, description="ν_h, of −ν_h(−∇²)^p u")
    hyperviscosity_order: int = Key(2, ge=2, le=16, description="p")
    forcing_rate: float = Key(
        0.0, description="a, of the force a u on the modes with 0 < |k| <= forcing_band"
    )
    forcing_band: float = Key(2.5, gt=0, description="largest |k| that is forced, angular")


class NavierStokes3D(AbstractEquation):
    """uₜ + u·∇u = −∇p + ν∇²u − ν_h(−∇²)^p u + f,  ∇·u = 0,  in a periodic box.

    Eight real transforms for each evaluation: u, v, w back; uv, uw, vw, u² − w², v² − w²
    forward (w² δ_ij joins the pressure).  With S their tensor,  N_i = −i(k_j S_ij − k_i
    k_l k_j S_lj/k²).  The initial velocity and the source are projected in the same way:
    their gradient parts are a matter of the pressure.

    Conserved without viscosity and force: energy  E = ½⟨|u|²⟩  and helicity  ⟨u·ω⟩.  In
    general  dE/dt = ``power`` − ``dissipation``.

    ``forcing_rate`` makes the large scales grow and so sustains turbulence (Lundgren's
    linear forcing, of a band).

    References
    ----------
    Canuto, Hussaini, Quarteroni & Zang, Spectral Methods: Evolution to Complex Geometries
    (2007), section 3.3; Lundgren, CTR Annual Research Briefs (2003) 461 (the force).
    """

    name: ClassVar[str] = "navier_stokes_3d"
    fields: ClassVar[tuple[str, ...]] = ("u", "v", "w")
    dimensions: ClassVar[tuple[int, ...]] = (3,)
    dealias: ClassVar[str] = "two_thirds"
    Params = NavierStokes3DParams
    params: NavierStokes3DParams
    references = (
        "Canuto, Hussaini, Quarteroni & Zang, Spectral Methods (Springer, 2007), chapter 3",
        "Lundgren, CTR Annual Research Briefs (2003) 461",
    )
    exact: ClassVar = {"abc": exact.abc}
    states: ClassVar = {
        "taylor_green": states.taylor_green,
        "abc": states.abc,
        "isotropic": states.isotropic,
    }
    metrics: ClassVar[Mapping[str, Callable[..., Any]]] = {
        "energy_budget": flow_metrics.energy_budget
    }

    def symbol(self, grid: Grid) -> Array:
        """Return  −νk² − ν_h k^{2p},  and a in the band that is forced."""
        return (self._gain(grid) - self._damping(grid.k_squared(real=True)))[None]

    def _damping(self, k2: Any) -> Any:
        p = self.params
        return p.viscosity * k2 + p.hyperviscosity * k2**p.hyperviscosity_order

    def _gain(self, grid: Grid) -> Array:
        k2, p = grid.k_squared(real=True), self.params
        return p.forcing_rate * ((k2 > 0) & (k2 <= p.forcing_band**2 * (1 + 1e-12)))

    @staticmethod
    def encode(u: Any, v: Any, w: Any, kx: Any, ky: Any, kz: Any, inv_k2: Any) -> Any:
        """Return the part of a vector without divergence,  u − k (k·u)/k²."""
        along = inv_k2 * (kx * u + ky * v + kz * w)
        return u - kx * along, v - ky * along, w - kz * along

    @staticmethod
    def product(u: Any, v: Any, w: Any) -> Any:
        """Return the stress without its trace: uv, uw, vw, u² − w², v² − w²."""
        return u * v, u * w, v * w, u * u - w * w, v * v - w * w

    @staticmethod
    def assemble(
        uv: Any, uw: Any, vw: Any, uu: Any, vv: Any, kx: Any, ky: Any, kz: Any, inv_k2: Any
    ) -> Any:
        """Return the divergence of the stress, projected."""
        x = kx * uu + ky * uv + kz * uw
        y = kx * uv + ky * vv + kz * vw
        z = kx * uw + ky * vw
        along = inv_k2 * (kx * x + ky * y + kz * z)
        return i_times(kx * along - x), i_times(ky * along - y), i_times(kz * along - z)

    def advection(self, grid: Grid, u: Field) -> Array:
        """Return  max |u|/Δx + |v|/Δy + |w|/Δz."""
        speeds = (abs(u[..., i, :, :, :]) / dx for i, dx in enumerate(grid.spacing))
        total = sum(speeds)
        return namespace(total).amax(total, (-3, -2, -1))

    def solution(self, name: str, **params: Any) -> Callable[..., Field]:
        """Return an exact solution ``f(x, y, z, t)`` for these coefficients."""
        require(self.params.source is None, f"{name} is no solution with this source")
        forced = self.params.forcing_band**2 * (1 + 1e-12)

        def rate(k2: float) -> float:
            gain = self.params.forcing_rate if k2 <= forced else 0.0
            return float(self._damping(k2)) - gain

        return partial(self.exact[name], rate=rate, **params)

    @property
    def conserves(self) -> bool:
        """Whether the flow is inviscid and left alone."""
        p = self.params
        return not (p.source or p.viscosity or p.hyperviscosity or p.forcing_rate)

    def invariants(self, grid: Grid, u: Field, t: float = 0.0) -> dict[str, Array]:
        """Return energy and helicity, if nothing changes them."""
        if not self.conserves:
            return {}
        flow = Flow.of_velocity(u, grid)
        return {"energy": flow.energy, "helicity": flow.helicity}

    def invariant_scales(self, grid: Grid, u: Field) -> dict[str, float]:
        """Return √(2E 2Ω), above which no helicity can be."""
        flow = Flow.of_velocity(u, grid)
        return {"helicity": float(2 * np.sqrt(flow.energy * flow.enstrophy).max())}

    def diagnostics(self, grid: Grid, u: Field) -> dict[str, Array]:
        """Return enstrophy, divergence and the energy budget."""
        flow, p = Flow.of_velocity(u, grid), self.params
        out = {"enstrophy": flow.enstrophy, "divergence": flow.divergence}
        if not self.conserves:
            out |= {"energy": flow.energy, "helicity": flow.helicity}
            out["dissipation"] = _work(flow, self._damping(grid.k_squared(real=True)))
            if p.source is None:
                out["power"] = _work(flow, self._gain(grid))
        if p.viscosity:
            out["k_max_eta"] = flow.resolution(p.viscosity)
        return out

    def warnings(
        self, grid: Grid, u: Field, integrator: Integrator, step: float | None
    ) -> list[str]:
        """Warn of an initial velocity that is not the one that will be advanced."""
        divergence = float(Flow.of_velocity(u, grid).divergence)
        if divergence <= 1e-10:
            return []
        return [
            f"the initial velocity has the divergence max|k·û|/max|û| = {divergence:.2g}; "
            f"its gradient part is removed before the first step"
        ]


def _work(flow: Flow, rate: Array) -> Array:
    """Return ⟨u · rate u⟩, by Parseval."""
    density = (flow.u_hat.real**2 + flow.u_hat.imag**2).sum(axis=-4)
    weights = multiplicity(flow.grid.shape[-1])
    return (rate * density * weights).sum(axis=(-3, -2, -1))
