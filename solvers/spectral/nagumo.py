"""Nagumo equation  uₜ = D∇²u + u(1 − u)(u − a)  in a periodic box."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field as Key

from pdekit.equation import Params
from pdekit.solvers.exact import pattern_states, reaction_diffusion
from pdekit.solvers.spectral._reactions import AbstractBistable
from pdekit.typing import Array


class NagumoParams(Params):
    """Coefficients of  uₜ = D∇²u + u(1 − u)(u − a)."""

    diffusivity: float = Key(1.0, ge=0, description="D; ε² in much of the literature")
    threshold: float = Key(0.25, gt=0, lt=1, description="a; u grows above it")


class Nagumo(AbstractBistable):
    """A real field between the stable states 0 and 1, in one to three dimensions.

    Split as  L = −Dk² − s,  N = u(1 − u)(u − a) + s u  with  s = max(a, 1 − a),  the faster
    of the two rates of return; N increases on [0, 1] (`_reactions`). Two real transforms
    for each evaluation.

    Free energy  F = ⟨D/2 |∇u|² + u⁴/4 − (1 + a)u³/3 + a u²/2⟩, which never increases.

    References
    ----------
    Nagumo, Arimoto & Yoshizawa, Proc. IRE 50 (1962) 2061.
    """

    name: ClassVar[str] = "nagumo"
    Params = NagumoParams
    params: NagumoParams
    references = ("Nagumo, Arimoto & Yoshizawa, Proc. IRE 50 (1962) 2061",)
    exact: ClassVar = {"front_pair": reaction_diffusion.nagumo_pair}
    states: ClassVar = {**pattern_states.NOISE, **pattern_states.SPOT}

    @property
    def diffusion(self) -> float:
        """D."""
        return self.params.diffusivity

    @property
    def shift(self) -> float:
        """Return  max(−f′(0), −f′(1)) = max(a, 1 − a);  f′ is concave."""
        return max(self.params.threshold, 1.0 - self.params.threshold)

    @staticmethod
    def product(u: Any, threshold: Any, shift: Any) -> Any:
        """Return  N = f(u) + s u."""
        return u * ((1.0 - u) * (u - threshold) + shift)

    def potential(self, u: Array) -> Array:
        """Return  −∫ f = u⁴/4 − (1 + a)u³/3 + a u²/2."""
        a = self.params.threshold
        return u**2 * (u**2 / 4 - (1 + a) * u / 3 + a / 2)
