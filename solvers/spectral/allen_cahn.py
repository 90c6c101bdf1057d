"""Allen–Cahn equation  uₜ = ε²∇²u + u − u³  in a periodic box."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field as Key

from pdekit.equation import Params
from pdekit.solvers.exact import pattern_states, phase_field
from pdekit.solvers.spectral._reactions import AbstractBistable
from pdekit.typing import Array


class AllenCahnParams(Params):
    """Coefficient of  uₜ = ε²∇²u + u − u³."""

    epsilon: float = Key(0.1, gt=0, description="ε; a front is √2 ε wide")


class AllenCahn(AbstractBistable):
    """A real order parameter between the phases ±1, in one to three dimensions.

    Split as  L = −ε²k² − 2,  N = 3u − u³:  L is the linearisation about either phase, and
    N increases on [−1, 1] up to ±2 with N′(±1) = 0, hence the maximum principle and stiff
    stability of `_reactions`. Two real transforms for each evaluation: u back, 3u − u³
    forward.

    Free energy  F = ⟨ε²/2 |∇u|² + (1 − u²)²/4⟩, which never increases.

    References
    ----------
    Allen & Cahn, Acta Metall. 27 (1979) 1085, eq. (11); for the splitting Du, Ju, Li &
    Qiao, SIAM Rev. 63 (2021) 317.
    """

    name: ClassVar[str] = "allen_cahn"
    Params = AllenCahnParams
    params: AllenCahnParams
    references = (
        "Allen & Cahn, Acta Metall. 27 (1979) 1085",
        "Du, Ju, Li & Qiao, SIAM Rev. 63 (2021) 317",
    )
    exact: ClassVar = {
        "kink_pair": phase_field.kink_pair,
        "kink_train": phase_field.kink_train,
        "invasion": phase_field.invasion,
        "uniform": phase_field.uniform,
    }
    states: ClassVar = {
        "disk": phase_field.disk,
        "ball": phase_field.ball,
        **pattern_states.NOISE,
    }

    @property
    def diffusion(self) -> float:
        """ε²."""
        return self.params.epsilon**2

    @property
    def shift(self) -> float:
        """Return −f′(±1) = 2, the largest on [−1, 1]."""
        return 2.0

    @staticmethod
    def product(u: Any) -> Any:
        """Return  N = 3u − u³."""
        return 3.0 * u - u * u * u

    def potential(self, u: Array) -> Array:
        """Return  (1 − u²)²/4."""
        return 0.25 * (1.0 - u**2) ** 2
