"""FitzHugh–Nagumo equations  vₜ = D∇²v + v − v³/3 − w + I,  wₜ = Dʷ∇²w + ε(v + a − b w)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np
from pydantic import Field as Key

from pdekit.equation import AbstractEquation, Params
from pdekit.grid import Grid
from pdekit.solvers.diagnostics import pattern_metrics
from pdekit.solvers.exact import pattern_states, reaction_diffusion
from pdekit.solvers.spectral._reactions import bound, component, extremum
from pdekit.typing import Array, Field


class FitzHughNagumoParams(Params):
    """Coefficients; the defaults are FitzHugh's."""

    diffusivity_v: float = Key(1.0, ge=0, description="D of the potential")
    diffusivity_w: float = Key(0.0, ge=0, description="D of the recovery")
    epsilon: float = Key(0.08, ge=0, description="ε, ratio of the two time scales")
    a: float = Key(0.7, description="a, offset of the recovery")
    b: float = Key(0.8, description="b, its own decay")
    current: float = Key(0.0, description="I, applied current")


class FitzHughNagumo(AbstractEquation):
    """Potential v and recovery w of an excitable medium, in one to three dimensions.

    Split as  L = (1 − Dk², −εb − Dʷk²)  and the rest; only v³ leaves Fourier space, so two
    real transforms for each evaluation: v back, v³ forward. The rates in L and N are those
    of the excitation itself, which a step has to resolve anyway.

    References
    ----------
    FitzHugh, Biophys. J. 1 (1961) 445, eqs. (1), (2), with the sign of v turned; Nagumo,
    Arimoto & Yoshizawa, Proc. IRE 50 (1962) 2061.
    """

    name: ClassVar[str] = "fitzhugh_nagumo"
    fields: ClassVar[tuple[str, ...]] = ("v", "w")
    dimensions: ClassVar[tuple[int, ...]] = (1, 2, 3)
    integrator: ClassVar[str] = "etdrk4"
    dealias: ClassVar[str] = "none"
    Params = FitzHughNagumoParams
    params: FitzHughNagumoParams
    references = (
        "FitzHugh, Biophys. J. 1 (1961) 445",
        "Nagumo, Arimoto & Yoshizawa, Proc. IRE 50 (1962) 2061",
    )
    exact: ClassVar = {"front_pair": reaction_diffusion.frozen_front_pair}
    states: ClassVar = {**pattern_states.FITZHUGH_NAGUMO}
    metrics: ClassVar[Mapping[str, Callable[..., Any]]] = pattern_metrics.METRICS

    def symbol(self, grid: Grid) -> Array:
        """Return  1 − Dk²  and  −εb − Dʷk²."""
        p, k2 = self.params, grid.k_squared(real=True)
        recovery = -p.epsilon * p.b - p.diffusivity_w * k2
        return np.stack([1.0 - p.diffusivity_v * k2, recovery])

    def symbols(self, grid: Grid) -> dict[str, Array]:
        """Return the indicator of k = 0."""
        return {"mean": (grid.k_squared(real=True) == 0).astype(float)}

    @staticmethod
    def split(v: Any) -> Any:
        """Return v alone."""
        return v

    @staticmethod
    def product(height: Any) -> Any:
        """Return  v³/3."""
        return height * height * height / 3.0

    @staticmethod
    def assemble(
        p: Any, v: Any, w: Any, mean: Any, current: Any, epsilon: Any, a: Any
    ) -> Any:
        """Return  −v³/3 − w + I  and  ε(v + a)."""
        return current * mean - p - w, epsilon * v + (epsilon * a) * mean

    def solution(self, name: str, **params: Any) -> Callable[..., Field]:
        """Return an exact solution for the coefficients of this equation."""
        return bound(self.exact[name], params, dict(self.constants()), name)

    def diagnostics(self, grid: Grid, u: Field) -> dict[str, Array]:
        """Means and extrema of both."""
        out = {}
        for j, name in enumerate(self.fields):
            part = component(grid, u, j)
            out[f"mean_{name}"] = grid.mean(part)
            out[f"min_{name}"] = extremum(grid, part, np.min)
            out[f"max_{name}"] = extremum(grid, part, np.max)
        return out
