"""Fisher–KPP equation  uₜ = D∇²u + r u(1 − u)  in a periodic box."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field as Key

from pdekit.equation import Params
from pdekit.solvers.exact import pattern_states, reaction_diffusion
from pdekit.solvers.spectral._reactions import AbstractBistable
from pdekit.typing import Array


class FisherKPPParams(Params):
    """Coefficients of  uₜ = D∇²u + r u(1 − u)."""

    diffusivity: float = Key(1.0, ge=0, description="D")
    rate: float = Key(1.0, gt=0, description="r, growth rate of a small population")


class FisherKPP(AbstractBistable):
    """A real population u that spreads into the unstable state 0, in 1-3 dimensions.

    Split as  L = −Dk² − r,  N = r(2u − u²):  L is the linearisation about u = 1, and N
    increases on [0, 1] (`_reactions`). Two real transforms for each evaluation.

    Free energy  F = ⟨D/2 |∇u|² − r(u²/2 − u³/3)⟩, which never increases.

    References
    ----------
    Fisher, Ann. Eugen. 7 (1937) 355; Kolmogorov, Petrovsky & Piskunov, Bull. Moscow State
    Univ. A 1 (1937) 1.
    """

    name: ClassVar[str] = "fisher_kpp"
    Params = FisherKPPParams
    params: FisherKPPParams
    references = (
        "Fisher, Ann. Eugen. 7 (1937) 355",
        "Kolmogorov, Petrovsky & Piskunov, Bull. Moscow State Univ. A 1 (1937) 1",
    )
    exact: ClassVar = {
        "front_pair": reaction_diffusion.fisher_pair,
        "uniform": reaction_diffusion.logistic,
    }
    states: ClassVar = {**pattern_states.NOISE, **pattern_states.SPOT}

    @property
    def diffusion(self) -> float:
        """D."""
        return self.params.diffusivity

    @property
    def shift(self) -> float:
        """Return −f′(1) = r, the largest on [0, 1]."""
        return self.params.rate

    @staticmethod
    def product(u: Any, rate: Any) -> Any:
        """Return  N = r(2u − u²)."""
        return rate * (2.0 * u - u * u)

    def potential(self, u: Array) -> Array:
        """Return  −r(u²/2 − u³/3)."""
        return self.params.rate * (u**3 / 3 - u**2 / 2)
