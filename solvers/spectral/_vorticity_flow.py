"""What the plane flows share: the vorticity equation without what is carried along.

ωₜ + (U + u)·∇ω = ν∇²ω − αω − ν_h(−∇²)^p ω + curl f,  u = (ψ_y, −ψₓ),  −∇²ψ = ω.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np
from pydantic import Field as Key

from pdekit.equation import AbstractEquation, Params
from pdekit.errors import ExpressionError
from pdekit.formulas import i_times
from pdekit.grid import Grid, GridError
from pdekit.series import multiplicity
from pdekit.solvers.diagnostics import flow_metrics
from pdekit.solvers.exact.navier_stokes import Medium
from pdekit.solvers.exact.parameters import require
from pdekit.stepping import Integrator
from pdekit.turbulence import Flow
from pdekit.typing import Array, Field

ROUNDING = 1e-15
"""A mean of this size is what cancels to no more digits in a formula of values near 1."""


class VorticityFlowParams(Params):
    """Coefficients of the vorticity equation."""

    viscosity: float = Key(1e-3, ge=0, description="ν")
    drag: float = Key(0.0, ge=0, description="α, of the linear drag −αω")
    hyperviscosity: float = Key(0.0, ge=0, description="ν_h, of −ν_h(−∇²)^p ω")
    hyperviscosity_order: int = Key(2, ge=2, le=16, description="p")
    forcing_amplitude: float = Key(0.0, description="F, of the force F sin(ny) along x")
    forcing_wavenumber: float = Key(4.0, gt=0, description="n, angular")
    mean_u: float = Key(0.0, description="U, a uniform flow along x, which nothing brakes")
    mean_v: float = Key(0.0, description="the same along y")


class AbstractVorticityFlow(AbstractEquation):
    """A flow in the plane, given by its vorticity, the first of the fields.

    The Kolmogorov force F sin(ny) along x is the source  −Fn cos(ny)  of vorticity.

    The stress form of the advection needs four real transforms, two back (u, v) and two
    forward: with p = (uv)^ and q = (u² − v²)^,  −(u·∇ω)^ = (kₓ² − k_y²) p − kₓk_y q.  It
    conserves energy and enstrophy, as the advection does, when dealiased.
    """

    dimensions: ClassVar[tuple[int, ...]] = (2,)
    dealias: ClassVar[str] = "two_thirds"
    Params: ClassVar[type[Params]] = VorticityFlowParams
    metrics: ClassVar[Mapping[str, Callable[..., Any]]] = flow_metrics.METRICS

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        p = self.params
        self.medium = Medium(
            p.viscosity,
            p.drag,
            p.hyperviscosity,
            p.hyperviscosity_order,
            p.mean_u,
            p.mean_v,
        )

    def drives(self, field: str) -> bool:
        """Whether a source or the force acts on a field."""
        stirred = field == "omega" and self.params.forcing_amplitude != 0
        return stirred or field in self._sources()

    def needs(self, name: str, *, force: bool = False, source: bool = False) -> None:
        """Refuse an exact solution of other forces than the equation has."""
        p = self.params
        require(
            not p.forcing_amplitude or force,
            f"{name} is no solution with the force F sin(ny)",
        )
        require(p.source is None or source, f"{name} is no solution with this source")
        require(bool(p.forcing_amplitude) or not force, f"{name} needs a forcing_amplitude")
        require(p.source is not None or not source, f"{name} needs its force as the source")

    @property
    def conserves(self) -> bool:
        """Whether the flow is inviscid and no force acts on it."""
        p = self.params
        return not (self.drives("omega") or p.viscosity or p.drag or p.hyperviscosity)

    def damping(self, grid: Grid) -> Array:
        """Return the linear operator of the vorticity,  −σ(k) − i k·U."""
        self.source(grid, 0.0)  # refuses what cannot be balanced before any step
        return _linear(self.medium, grid)

    def advection(self, grid: Grid, u: Field) -> Array:
        """Return  max |u|/Δx + |v|/Δy."""
        dx, dy = grid.spacing
        speed_x, speed_y = (abs(s) for s in self.velocity(grid, u))
        return (speed_x / dx + speed_y / dy).max(axis=(-2, -1))

    def velocity(self, grid: Grid, u: Field) -> tuple[Array, Array]:
        """Return (u, v), with the mean flow, of fields whose first is the vorticity."""
        u_hat = Flow.of_vorticity(u[..., 0, :, :], grid).u_hat
        along_x, along_y = (
            np.fft.irfft2(u_hat[..., i, :, :], grid.shape, norm="forward") for i in (0, 1)
        )
        return along_x + self.params.mean_u, along_y + self.params.mean_v

    # -- the force ---------------------------------------------------------------------

    def source(self, grid: Grid, t: float) -> Array | None:
        """Return the sources with that of the Kolmogorov force,  −Fn cos(ny)."""
        out = super().source(grid, t)
        if self.params.forcing_amplitude:
            out = np.zeros((len(self.fields), *grid.shape)) if out is None else out
            out[0] += self._stirring(grid)
        if out is not None and abs(out[0].mean()) > 1e-10 * abs(out[0]).max():
            raise ExpressionError(
                f"the source of vorticity has the mean {out[0].mean():.3g} at t = {t:g}; "
                f"the mean vorticity of a periodic box is zero, nothing can balance it",
                self._sources().get("omega", ""),
            )
        return out

    def _stirring(self, grid: Grid) -> Array:
        """Return  −Fn cos(ny);  refuse a force that jumps where the box ends."""
        n, height = self.params.forcing_wavenumber, grid.lengths[1]
        waves = n * height / (2 * math.pi)
        if round(waves) < 1 or abs(waves - round(waves)) > 1e-9 * waves:
            raise GridError(f"forcing_wavenumber: {n:g} is no multiple of 2π/{height:g}")
        if 3 * round(waves) >= grid.shape[1]:
            raise GridError(
                f"forcing_wavenumber: {grid.shape[1]} points along y do not carry {n:g}; "
                f"{3 * round(waves) + 1} are needed"
            )
        return -self.params.forcing_amplitude * n * np.cos(n * grid.points()[1])

    # -- what is recorded --------------------------------------------------------------

    def flow_series(self, grid: Grid, u: Field) -> dict[str, Array]:
        """Return what describes the motion, beside what is conserved."""
        omega, p = u[..., 0, :, :], self.params
        flow = Flow.of_vorticity(omega, grid)
        out = {} if self.conserves else {"energy": flow.energy, "enstrophy": flow.enstrophy}
        out["palinstrophy"] = flow.palinstrophy
        out["max_vorticity"] = abs(omega).max(axis=(-2, -1))
        out["cross_flow"] = 0.5 * _power(flow.u_hat[..., 1, :, :], grid)
        if not self.conserves:
            rate = self.medium.damping(grid.k_squared(real=True))
            out["dissipation"] = _power(flow.u_hat, grid, rate).sum(axis=-1)
        if p.viscosity:
            out["k_max_eta"] = flow.resolution(p.viscosity)
        if self.drives("omega"):
            out |= self._work(grid, flow)
        return out

    def _work(self, grid: Grid, flow: Flow) -> dict[str, Array]:
        """Return the power of a steady force,  ⟨u·f⟩ = ⟨ψ curl f⟩."""
        source = self.source(grid, 0.0)
        if source is None or not self.steady_source:
            return {}
        k2 = grid.k_squared(real=True)
        psi_hat = flow.omega_hat[..., 0, :, :] / np.where(k2 > 0, k2, np.inf)
        psi = np.fft.irfft2(psi_hat, grid.shape, norm="forward")
        return {"power": grid.mean(psi * source[0])}

    def warnings(
        self, grid: Grid, u: Field, integrator: Integrator, step: float | None
    ) -> list[str]:
        """Warn of vorticity that no periodic flow has."""
        mean, largest = float(u[0].mean()), float(abs(u[0]).max())
        if abs(mean) <= max(1e-10 * largest, ROUNDING):
            return []
        return [
            f"the initial vorticity has the mean {mean:.3g}; a periodic flow has none, so "
            f"this part drives no motion but counts in the enstrophy"
        ]


class ScalarFlowParams(VorticityFlowParams):
    """Coefficients of the vorticity equation and of what the flow carries along."""

    diffusivity: float = Key(1e-3, ge=0, description="κ of the scalar")


class AbstractScalarFlow(AbstractVorticityFlow):
    """A plane flow that carries a scalar θ along, in seven real transforms.

    u, v and θ go back; uv, u² − v², uθ and vθ forward.
    """

    fields: ClassVar[tuple[str, ...]] = ("omega", "theta")

    def symbol(self, grid: Grid) -> Array:
        """Return that of the vorticity, and  −κk² − i k·U."""
        p = self.params
        tracer = Medium(p.diffusivity, mean_u=p.mean_u, mean_v=p.mean_v)
        shape = grid.spectral_shape(real=True)
        parts = [self.damping(grid), _linear(tracer, grid)]
        return np.stack([np.broadcast_to(part, shape) for part in parts])

    @staticmethod
    def split(omega: Any, theta: Any, kx: Any, ky: Any, inv_k2: Any) -> Any:
        """Return û, v̂ and θ̂."""
        psi = inv_k2 * omega
        return ky * i_times(psi), -kx * i_times(psi), theta

    @staticmethod
    def product(u: Any, v: Any, s: Any) -> Any:
        """Return the stress and the flux of the scalar."""
        return u * v, u * u - v * v, u * s, v * s


def _linear(medium: Medium, grid: Grid) -> Array:
    """Return  −σ(k) − i k·U,  real without mean flow."""
    kx, ky = grid.wavenumbers(real=True, odd=True)
    damping = -medium.damping(grid.k_squared(real=True))
    if medium.mean_u or medium.mean_v:
        return damping - 1j * (medium.mean_u * kx + medium.mean_v * ky)
    return damping


def _power(a_hat: Array, grid: Grid, weight: Array | float = 1.0) -> Array:
    """Return ⟨a · w a⟩ from coefficients on the half spectrum, by Parseval."""
    density = weight * (a_hat.real**2 + a_hat.imag**2) * multiplicity(grid.shape[-1])
    return density.sum(axis=(-2, -1))
