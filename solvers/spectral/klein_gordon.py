"""Klein–Gordon equation  uₜₜ = c² ∇²u − m² u − λ u³  in a periodic box."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np
from pydantic import Field as Key

from pdekit.equation import Params, Terms
from pdekit.formulas import i_times
from pdekit.grid import Grid
from pdekit.solvers.exact import klein_gordon as nonlinear
from pdekit.solvers.exact import wave as linear
from pdekit.solvers.exact.parameters import require
from pdekit.solvers.spectral._waves import AbstractWaves
from pdekit.typing import Array, Field


class KleinGordonParams(Params):
    """Coefficients of  uₜₜ = c² ∇²u − m² u − λ u³."""

    speed: float = Key(1.0, gt=0, description="c, largest speed of a signal")
    mass: float = Key(1.0, gt=0, description="m, frequency of the uniform oscillation")
    cubic: float = Key(0.0, description="λ; positive stiffens, negative softens")


class KleinGordon(AbstractWaves):
    """uₜₜ = c² ∇²u − m² u − λ u³,  in one to three dimensions.

    u and v = uₜ are advanced as  a = v + iωu  and  b = v − iωu. All of
    ω² = c²|k|² + m²  belongs to L, so that with λ = 0 the solution is exact for any step.

    With λ ≠ 0 one transform back and one forward per evaluation, with λ = 0 none.

    Conserved: energy ⟨½v² + ½c²|∇u|² + ½m²u² + ¼λu⁴⟩ and momentum −⟨v∇u⟩.
    """

    name: ClassVar[str] = "klein_gordon"
    Params = KleinGordonParams
    params: KleinGordonParams
    references = ("Klein, Z. Phys. 37 (1926) 895", "Gordon, Z. Phys. 40 (1926) 117")
    exact: ClassVar = {
        "plane_wave": nonlinear.plane_wave,
        "cnoidal_wave": nonlinear.cnoidal_wave,
        "standing_wave": linear.standing_wave,
        "standing_wave_2d": linear.standing_wave_2d,
        "standing_wave_3d": linear.standing_wave_3d,
        "random_waves": linear.random_waves,
        "random_waves_2d": linear.random_waves_2d,
        "random_waves_3d": linear.random_waves_3d,
    }

    def frequency(self, grid: Grid) -> Array:
        """Return  ω = √(c²|k|² + m²)."""
        square = self.params.speed**2 * grid.k_squared(real=True)
        return np.sqrt(square + self.params.mass**2)

    @staticmethod
    def split(a: Any, b: Any, inv_2w: Any) -> Any:
        """Return u."""
        return i_times(inv_2w * (b - a))

    @staticmethod
    def product(height: Any, cubic: Any) -> Any:
        """Return  −λ u³."""
        return -cubic * height * height * height

    @staticmethod
    def assemble(p: Any) -> Any:
        """Return it for both variables."""
        return p, p

    def terms(self, grid: Grid) -> Terms:
        """Return the formulas of N, none if λ = 0."""
        return super().terms(grid) if self.params.cubic else Terms(None, None, None)

    def restoring_energy(self, u: Array) -> Array:
        """Return  ½m²u² + ¼λu⁴."""
        return 0.5 * self.params.mass**2 * u**2 + 0.25 * self.params.cubic * u**4

    def solution(self, name: str, **params: Any) -> Callable[..., Field]:
        """Return an exact solution; superpositions solve the linear equation only."""
        function = self.exact[name]
        superposition = "cubic" not in inspect.signature(function).parameters
        require(self.params.cubic == 0 or not superposition, f"{name} needs cubic = 0")
        return super().solution(name, **params)

    def coefficients_of_exact(self) -> Mapping[str, float]:
        """Return c, m and λ."""
        p = self.params
        return {"speed": p.speed, "mass": p.mass, "cubic": p.cubic}
