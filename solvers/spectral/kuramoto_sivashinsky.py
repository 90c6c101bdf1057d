"""Kuramoto–Sivashinsky equation  uₜ + uuₓ + uₓₓ + ν₄uₓₓₓₓ = 0  on a periodic line."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field as Key

from pdekit.equation import Params
from pdekit.grid import Grid
from pdekit.solvers.exact import kuramoto_sivashinsky as states
from pdekit.solvers.spectral._flux import AbstractFlux, energy, gradient_square, largest
from pdekit.typing import Array, Field


class KuramotoSivashinskyParams(Params):
    """Coefficients of  uₜ + uuₓ + uₓₓ + ν₄uₓₓₓₓ = 0."""

    hyperviscosity: float = Key(1.0, gt=0, description="ν₄")


class KuramotoSivashinsky(AbstractFlux):
    """Flame fronts, films, chaos; conservative form, two real transforms per evaluation.

    Waves with  k² < 1/ν₄  grow at the rate  k² − ν₄k⁴, and the flux carries their energy to
    the damped ones.

    Conserved: the mean.

    References
    ----------
    Kuramoto & Tsuzuki, Prog. Theor. Phys. 55 (1976) 356; Sivashinsky, Acta Astronaut. 4
    (1977) 1177; Kassam & Trefethen, SIAM J. Sci. Comput. 26 (2005) 1214.
    """

    name: ClassVar[str] = "kuramoto_sivashinsky"
    Params = KuramotoSivashinskyParams
    params: KuramotoSivashinskyParams
    references = (
        "Kuramoto & Tsuzuki, Prog. Theor. Phys. 55 (1976) 356",
        "Sivashinsky, Acta Astronaut. 4 (1977) 1177",
    )
    states: ClassVar = {"kassam_trefethen": states.kassam_trefethen, "noise": states.noise}

    def symbol(self, grid: Grid) -> Array:
        """Return  k² − ν₄k⁴."""
        return states.growth(grid.k_squared(real=True)[None], self.params.hyperviscosity)

    def invariants(self, grid: Grid, u: Field, t: float = 0.0) -> dict[str, Array]:
        """Return the mean."""
        return {"mean": grid.mean(u[:, 0])} if self.conserves_mean else {}

    def diagnostics(self, grid: Grid, u: Field) -> dict[str, Array]:
        """Energy ½⟨u²⟩, its production ⟨uₓ²⟩ and dissipation ν₄⟨uₓₓ²⟩, largest |u|."""
        v = u[:, 0]
        bend = grid.derivative(v, 0, 2)
        return {
            "energy": energy(grid, v),
            "production": gradient_square(grid, v),
            "dissipation": self.params.hyperviscosity * grid.mean(bend * bend),
            "max_abs": largest(v),
        }
