"""Sine-Gordon equation  uₜₜ = c² ∇²u − w₀² sin u  in a periodic box."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from pydantic import Field as Key

from pdekit.equation import Params
from pdekit.formulas import i_times, sin
from pdekit.grid import Grid
from pdekit.solvers.exact import sine_gordon as solutions
from pdekit.solvers.spectral._waves import AbstractWaves
from pdekit.typing import Array


class SineGordonParams(Params):
    """Coefficients of  uₜₜ = c² ∇²u − w₀² sin u."""

    speed: float = Key(1.0, gt=0, description="c, largest speed of a signal")
    frequency: float = Key(1.0, gt=0, description="w₀, frequency of small oscillations")


class SineGordon(AbstractWaves):
    """uₜₜ = c² ∇²u − w₀² sin u,  in one to three dimensions.

    u and v = uₜ are advanced as  a = v + iωu  and  b = v − iωu. With
    −sin u = −u + (u − sin u)  the linear part has  ω² = c²|k|² + w₀² > 0  for every mode,
    the mean included, and  n = w₀²(u − sin u)  is cubic where u is small.
    One transform back and one forward per evaluation.

    Conserved: energy ⟨½v² + ½c²|∇u|² + w₀²(1 − cos u)⟩ and momentum −⟨v∇u⟩.
    """

    name: ClassVar[str] = "sine_gordon"
    Params = SineGordonParams
    params: SineGordonParams
    references = ("Ablowitz, Kaup, Newell & Segur, Phys. Rev. Lett. 30 (1973) 1262",)
    exact: ClassVar = {
        "breather": solutions.breather,
        "kink_antikink": solutions.kink_antikink,
        "periodic_wave": solutions.periodic_wave,
        "periodic_wave_2d": solutions.periodic_wave_2d,
        "periodic_wave_3d": solutions.periodic_wave_3d,
    }
    states: ClassVar = {"ring": solutions.ring, "bubble": solutions.bubble}

    def frequency(self, grid: Grid) -> Array:
        """Return  ω = √(c²|k|² + w₀²)."""
        square = self.params.speed**2 * grid.k_squared(real=True)
        return np.sqrt(square + self.params.frequency**2)

    @staticmethod
    def split(a: Any, b: Any, inv_2w: Any) -> Any:
        """Return u."""
        return i_times(inv_2w * (b - a))

    @staticmethod
    def product(height: Any, frequency: Any) -> Any:
        """Return  w₀² (u − sin u)."""
        return frequency * frequency * (height - sin(height))

    @staticmethod
    def assemble(p: Any) -> Any:
        """Return it for both variables."""
        return p, p

    def restoring_energy(self, u: Array) -> Array:
        """Return  w₀² (1 − cos u),  without cancellation where u is small."""
        return 2 * self.params.frequency**2 * np.sin(u / 2) ** 2

    def coefficients_of_exact(self) -> Mapping[str, float]:
        """Return c and w₀."""
        return {"speed": self.params.speed, "frequency": self.params.frequency}
