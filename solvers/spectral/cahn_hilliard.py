"""Cahn–Hilliard equation  uₜ = ∇²(u³ − u) − γ∇⁴u  in a periodic box."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field as Key

from pdekit.equation import Params
from pdekit.grid import Grid
from pdekit.solvers.exact import pattern_states, phase_field
from pdekit.solvers.spectral._reactions import (
    AbstractGradientFlow,
    component,
    laplacian,
)
from pdekit.typing import Array, Field


class CahnHilliardParams(Params):
    """Coefficient of  uₜ = ∇²(u³ − u) − γ∇⁴u."""

    gamma: float = Key(0.01, gt=0, description="γ; an interface is √(2γ) wide")


class CahnHilliard(AbstractGradientFlow):
    """A conserved real order parameter between the phases ±1, in 1-3 dimensions.

    Split as  L = −2k² − γk⁴,  N̂ = −k² FFT(u³ − 3u),  the linearisation about either phase
    and the rest, whose slope 3(u² − 1) vanishes there (the stabilisation of Eyre, MRS Proc.
    529 (1998) 39). With the unstable symbol k² − γk⁴ as L an exponential step multiplies
    the band k² < 1/γ by up to e^{h/4γ} and subtracts as much again; here nothing grows that
    is not meant to. Two real transforms for each evaluation.

    Conserved: mass ⟨u⟩; the zero mode of L and N vanishes identically. The free energy
    F = ⟨γ/2 |∇u|² + (1 − u²)²/4⟩ never increases.

    References
    ----------
    Cahn & Hilliard, J. Chem. Phys. 28 (1958) 258.
    """

    name: ClassVar[str] = "cahn_hilliard"
    Params = CahnHilliardParams
    params: CahnHilliardParams
    references = (
        "Cahn & Hilliard, J. Chem. Phys. 28 (1958) 258",
        "Eyre, MRS Proc. 529 (1998) 39",
    )
    exact: ClassVar = {
        "kink_pair": phase_field.kink_pair,
        "kink_train": phase_field.kink_train,
    }
    states: ClassVar = {
        "disk": phase_field.disk,
        "ball": phase_field.ball,
        **pattern_states.NOISE,
    }

    def symbol(self, grid: Grid) -> Array:
        """Return  L = −2k² − γk⁴."""
        k2 = grid.k_squared(real=True)
        return -(k2 * (2.0 + self.params.gamma * k2))[None]

    def constants(self) -> dict[str, float]:
        """Return γ, and ε = √γ: the steady states are those of Allen and Cahn."""
        return {**super().constants(), "epsilon": self.params.gamma**0.5}

    @staticmethod
    def product(u: Any) -> Any:
        """Return  3u − u³."""
        return 3.0 * u - u * u * u

    @staticmethod
    def assemble(p: Any, k2: Any) -> Any:
        """Return  k² FFT(3u − u³)."""
        return k2 * p

    def free_energy(self, grid: Grid, u: Array) -> Array:
        """Return  ⟨−γ/2 u∇²u + (1 − u²)²/4⟩."""
        gradient = -0.5 * self.params.gamma * u * laplacian(grid, u)
        return grid.mean(gradient + 0.25 * (1.0 - u**2) ** 2)

    def invariants(self, grid: Grid, u: Field, t: float = 0.0) -> dict[str, Array]:
        """Return the mean."""
        return {} if self.params.source else {"mass": grid.mean(component(grid, u))}

    def invariant_scales(self, grid: Grid, u: Field) -> dict[str, float]:
        """Return the size of the phases: the mean may vanish."""
        return {"mass": 1.0}
