"""Complex Ginzburg–Landau equation  Aₜ = A + (1 + ib)∇²A − (1 + ic)|A|²A."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np
from pydantic import Field as Key

from pdekit.equation import AbstractEquation, Params
from pdekit.formulas import i_times
from pdekit.grid import Grid
from pdekit.solvers.diagnostics import pattern_metrics
from pdekit.solvers.exact import ginzburg_landau as waves
from pdekit.solvers.exact import pattern_states
from pdekit.solvers.spectral._reactions import bound, component, extremum
from pdekit.typing import Array, Field


class GinzburgLandauParams(Params):
    """Coefficients of  Aₜ = A + (1 + ib)∇²A − (1 + ic)|A|²A."""

    b: float = Key(0.0, description="b, linear dispersion")
    c: float = Key(0.0, description="c, shift of the frequency with the amplitude")


class GinzburgLandau(AbstractEquation):
    """A complex amplitude A in a periodic box in one to three dimensions.

    Split as  L = −ic − (1 + ib)k²,  N = (1 + ic)(1 − |A|²)A:  N vanishes on the uniform
    oscillation e^{−ict}, which is exact for any step, and is small wherever |A| is close to
    1; nothing grows by L. Two complex transforms for each evaluation.

    Balance:  ½ d⟨|A|²⟩/dt = ⟨|A|²⟩ − ⟨|∇A|²⟩ − ⟨|A|⁴⟩.  For b = c the free energy
    F = ⟨|∇A|² − |A|² + ½|A|⁴⟩ never increases.

    References
    ----------
    Aranson & Kramer, Rev. Mod. Phys. 74 (2002) 99, eq. (1).
    """

    name: ClassVar[str] = "ginzburg_landau"
    fields: ClassVar[tuple[str, ...]] = ("a",)
    complex: ClassVar[bool] = True
    dimensions: ClassVar[tuple[int, ...]] = (1, 2, 3)
    integrator: ClassVar[str] = "etdrk4"
    dealias: ClassVar[str] = "none"
    Params = GinzburgLandauParams
    params: GinzburgLandauParams
    references = ("Aranson & Kramer, Rev. Mod. Phys. 74 (2002) 99",)
    exact: ClassVar = {
        "plane_wave": waves.plane_wave,
        "plane_wave_2d": waves.plane_wave_2d,
        "plane_wave_3d": waves.plane_wave_3d,
    }
    states: ClassVar = {
        "perturbed_wave": waves.perturbed_wave,
        "four_spirals": waves.four_spirals,
        **pattern_states.COMPLEX_NOISE,
    }
    metrics: ClassVar[Mapping[str, Callable[..., Any]]] = pattern_metrics.METRICS

    def symbol(self, grid: Grid) -> Array:
        """Return  L = −ic − (1 + ib)k²."""
        p = self.params
        return -(1j * p.c + (1 + 1j * p.b) * grid.k_squared())[None]

    @staticmethod
    def product(a: Any, c: Any) -> Any:
        """Return  (1 + ic)(1 − |A|²)A."""
        excess = (1.0 - (a.real * a.real + a.imag * a.imag)) * a
        return excess + c * i_times(excess)

    def solution(self, name: str, **params: Any) -> Callable[..., Field]:
        """Return an exact solution for the coefficients of this equation."""
        return bound(self.exact[name], params, dict(self.constants()), name)

    def diagnostics(self, grid: Grid, u: Field) -> dict[str, Array]:
        """Mean square, extrema of |A|, growth of the former, free energy if b = c.

        In two dimensions, also the number of phase defects and the sum of their charges.
        """
        a = component(grid, u)
        rho = np.abs(a) ** 2
        gradient = sum(
            grid.mean(-(a.conj() * grid.derivative(a, j, 2)).real) for j in range(grid.ndim)
        )
        out = {
            "mean_square": grid.mean(rho),
            "min_abs": extremum(grid, np.abs(a), np.min),
            "max_abs": extremum(grid, np.abs(a), np.max),
            "growth": 2 * (grid.mean(rho - rho**2) - gradient),
        }
        if self.params.b == self.params.c:
            out["free_energy"] = gradient + grid.mean(0.5 * rho**2 - rho)
        if grid.ndim == 2:
            charge = pattern_metrics.charges(a)
            out["defects"] = np.abs(charge).sum(axis=(-2, -1))
            out["net_charge"] = charge.sum(axis=(-2, -1))
        return out
