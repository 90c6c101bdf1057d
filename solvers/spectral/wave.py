"""Wave equation  uₜₜ = c² ∇²u  in a periodic box."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from pydantic import Field as Key

from pdekit.equation import Params
from pdekit.grid import Grid
from pdekit.solvers.exact import wave as exact
from pdekit.solvers.spectral._waves import AbstractWaves
from pdekit.typing import Array


class WaveParams(Params):
    """Coefficient of  uₜₜ = c² ∇²u."""

    speed: float = Key(1.0, gt=0, description="c, speed of the waves")


class Wave(AbstractWaves):
    """uₜₜ = c² ∇²u,  in one to three dimensions.

    u and v = uₜ are advanced as  a = v + iωu  and  b = v − iωu,  ω = c|k|. At k = 0, where
    ω vanishes, the variables are  a = v  and  b = u.  L is zero for both, and  bₜ = a,  a
    constant, is left to N, which every Runge-Kutta method integrates exactly: the mean
    moves like ū + v̄ t, and the whole solution is exact for any step.

    No transforms are needed.

    Conserved: energy ⟨½v² + ½c²|∇u|²⟩, momentum −⟨v∇u⟩, the mean of v.
    """

    name: ClassVar[str] = "wave"
    Params = WaveParams
    params: WaveParams
    references = ("d'Alembert, Hist. Acad. Sci. Berlin 3 (1747) 214",)
    exact: ClassVar = {
        "dalembert": exact.dalembert,
        "standing_wave": exact.standing_wave,
        "standing_wave_2d": exact.standing_wave_2d,
        "standing_wave_3d": exact.standing_wave_3d,
        "random_waves": exact.random_waves,
        "random_waves_2d": exact.random_waves_2d,
        "random_waves_3d": exact.random_waves_3d,
    }

    def frequency(self, grid: Grid) -> Array:
        """Return  ω = c |k|."""
        return self.params.speed * np.sqrt(grid.k_squared(real=True))

    @staticmethod
    def assemble(a: Any, mean: Any) -> Any:
        """Return  (0, v)  at k = 0, and nothing elsewhere."""
        return 0.0 * a, mean * a

    def restoring_energy(self, u: Array) -> Array:
        """Return nothing: only the gradient stores energy."""
        return 0.0 * u

    def coefficients_of_exact(self) -> Mapping[str, float]:
        """Return c, and the mass that this equation does not have."""
        return {"speed": self.params.speed, "mass": 0.0}
