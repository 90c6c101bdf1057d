"""Navier–Stokes equations in the plane, in vorticity form."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

from pdekit.formulas import i_times
from pdekit.grid import Grid
from pdekit.solvers.exact import flow_states as states
from pdekit.solvers.exact import navier_stokes as exact
from pdekit.solvers.spectral._vorticity_flow import AbstractVorticityFlow
from pdekit.turbulence import Flow
from pdekit.typing import Array, Field


class NavierStokes2D(AbstractVorticityFlow):
    """ωₜ + (U + u)·∇ω = ν∇²ω − αω − ν_h(−∇²)^p ω + curl f  in a periodic box.

    u = (ψ_y, −ψₓ) with −∇²ψ = ω.  Four real transforms for each evaluation: u and v back,
    uv and u² − v² forward.

    Conserved without viscosity, drag and force: energy  E = ½⟨|u|²⟩  and enstrophy
    Ω = ½⟨ω²⟩.  In general  dE/dt = ⟨u·f⟩ − ⟨u·σu⟩, recorded as ``power`` and
    ``dissipation``, where σ(k) = νk² + α + ν_h k^{2p}.  The energies are those of u,
    without the mean flow U.

    References
    ----------
    Canuto, Hussaini, Quarteroni & Zang, Spectral Methods: Evolution to Complex Geometries
    (2007), section 3.3 (the forms of the advection).
    """

    name: ClassVar[str] = "navier_stokes_2d"
    fields: ClassVar[tuple[str, ...]] = ("omega",)
    references = (
        "Canuto, Hussaini, Quarteroni & Zang, Spectral Methods (Springer, 2007), chapter 3",
    )
    exact: ClassVar = {
        "taylor_green": exact.taylor_green,
        "kolmogorov": exact.kolmogorov,
        "forced_wave": exact.forced_wave,
    }
    states: ClassVar = {
        "taylor_green": states.taylor_green_vorticity,
        "deterministic": states.deterministic,
        "gaussian_random": states.gaussian_random,
        "mcwilliams": states.mcwilliams,
        "random_velocity": states.random_velocity,
        "shear_layer": states.shear_layer,
        "vortex_pair": states.vortex_pair,
    }

    def symbol(self, grid: Grid) -> Array:
        """Return  −νk² − α − ν_h k^{2p} − i k·U."""
        return self.damping(grid)[None]

    @staticmethod
    def split(omega: Any, kx: Any, ky: Any, inv_k2: Any) -> Any:
        """Return û and v̂."""
        psi = inv_k2 * omega
        return ky * i_times(psi), -kx * i_times(psi)

    @staticmethod
    def product(u: Any, v: Any) -> Any:
        """Return the stress, uv and u² − v²."""
        return u * v, u * u - v * v

    @staticmethod
    def assemble(p: Any, q: Any, kx: Any, ky: Any) -> Any:
        """Return  −(u·∇ω)^."""
        return (kx * kx - ky * ky) * p - kx * ky * q

    def solution(self, name: str, **params: Any) -> Callable[..., Field]:
        """Return an exact solution ``f(x, y, t)`` for these coefficients."""
        self.needs(name, force=name == "kolmogorov", source=name == "forced_wave")
        given = {"medium": self.medium, **params}
        if name == "kolmogorov":
            given["forcing_amplitude"] = self.params.forcing_amplitude
            given["forcing_wavenumber"] = self.params.forcing_wavenumber
        return partial(self.exact[name], **given)

    def invariants(self, grid: Grid, u: Field, t: float = 0.0) -> dict[str, Array]:
        """Return energy and enstrophy, if nothing changes them."""
        if not self.conserves:
            return {}
        flow = Flow.of_vorticity(u[..., 0, :, :], grid)
        return {"energy": flow.energy, "enstrophy": flow.enstrophy}

    def diagnostics(self, grid: Grid, u: Field) -> dict[str, Array]:
        """Return energy, enstrophy, palinstrophy, extrema and the budget."""
        return self.flow_series(grid, u)
