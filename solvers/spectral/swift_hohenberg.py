"""Swift–Hohenberg equation  uₜ = r u − (k₀² + ∇²)²u + g u² − c u³  in a periodic box."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field as Key

from pdekit.equation import Params
from pdekit.grid import Grid
from pdekit.solvers.exact import pattern_states
from pdekit.solvers.spectral._reactions import AbstractGradientFlow, laplacian
from pdekit.typing import Array


class SwiftHohenbergParams(Params):
    """Coefficients of  uₜ = r u − (k₀² + ∇²)²u + g u² − c u³."""

    r: float = Key(0.1, description="distance from threshold; patterns grow for r > 0")
    k0: float = Key(1.0, gt=0, description="k₀, wavenumber of the pattern")
    quadratic: float = Key(0.0, description="g; favours hexagons")
    cubic: float = Key(1.0, description="c; saturates the growth when positive")


class SwiftHohenberg(AbstractGradientFlow):
    """A real field that forms stripes or hexagons, in one to three dimensions.

    Split as  L = r − (k₀² − k²)²,  N = g u² − c u³.  L is bounded by r, so the growth that
    it holds is the slow one of the pattern itself. Two real transforms for each evaluation.

    Free energy  F = ⟨½((k₀² + ∇²)u)² − r/2 u² − g/3 u³ + c/4 u⁴⟩, which never increases.

    References
    ----------
    Swift & Hohenberg, Phys. Rev. A 15 (1977) 319; Cross & Hohenberg, Rev. Mod. Phys. 65
    (1993) 851, section V.A.
    """

    name: ClassVar[str] = "swift_hohenberg"
    Params = SwiftHohenbergParams
    params: SwiftHohenbergParams
    references = (
        "Swift & Hohenberg, Phys. Rev. A 15 (1977) 319",
        "Cross & Hohenberg, Rev. Mod. Phys. 65 (1993) 851",
    )
    states: ClassVar = {**pattern_states.NOISE, **pattern_states.SPOT}

    def symbol(self, grid: Grid) -> Array:
        """Return  L = r − (k₀² − k²)²."""
        detuning = self.params.k0**2 - grid.k_squared(real=True)
        return (self.params.r - detuning**2)[None]

    @staticmethod
    def product(u: Any, quadratic: Any, cubic: Any) -> Any:
        """Return  g u² − c u³."""
        return u * u * (quadratic - cubic * u)

    def free_energy(self, grid: Grid, u: Array) -> Array:
        """Return the mean of the density of F."""
        p = self.params
        curved = p.k0**2 * u + laplacian(grid, u)
        local = u**2 * (-p.r / 2 - p.quadratic / 3 * u + p.cubic / 4 * u**2)
        return grid.mean(0.5 * curved**2 + local)
