"""Gray–Scott equations  uₜ = Dᵤ∇²u − uv² + F(1 − u),  vₜ = Dᵥ∇²v + uv² − (F + K)v."""

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


class GrayScottParams(Params):
    """Coefficients of the Gray–Scott equations, by default with Pearson's Dᵤ and Dᵥ."""

    feed: float = Key(0.04, ge=0, description="F, rate at which u is fed")
    kill: float = Key(0.06, ge=0, description="K, rate at which v is removed beside F")
    diffusivity_u: float = Key(2e-5, ge=0, description="Dᵤ")
    diffusivity_v: float = Key(1e-5, ge=0, description="Dᵥ")


class GrayScott(AbstractEquation):
    """Substrate u and autocatalyst v, in one to three dimensions.

    Split as  L = (−Dᵤk² − F, −Dᵥk² − F − K),  N = (F − uv², uv²).  Three real transforms
    for each evaluation: u and v back, uv² forward; the constant F is the mode k = 0.

    Balance: a steady pattern has  F(1 − ⟨u⟩) = (F + K)⟨v⟩, and at all times
    d⟨u + v⟩/dt = F(1 − ⟨u⟩) − (F + K)⟨v⟩.

    References
    ----------
    Gray & Scott, Chem. Eng. Sci. 39 (1984) 1087; Pearson, Science 261 (1993) 189, eq. (2).
    """

    name: ClassVar[str] = "gray_scott"
    fields: ClassVar[tuple[str, ...]] = ("u", "v")
    dimensions: ClassVar[tuple[int, ...]] = (1, 2, 3)
    integrator: ClassVar[str] = "etdrk4"
    dealias: ClassVar[str] = "none"
    Params = GrayScottParams
    params: GrayScottParams
    references = (
        "Gray & Scott, Chem. Eng. Sci. 39 (1984) 1087",
        "Pearson, Science 261 (1993) 189",
    )
    exact: ClassVar = {"pulse": reaction_diffusion.gray_scott_pulse}
    states: ClassVar = {**pattern_states.GRAY_SCOTT}
    metrics: ClassVar[Mapping[str, Callable[..., Any]]] = pattern_metrics.METRICS

    def symbol(self, grid: Grid) -> Array:
        """Return  −Dᵤk² − F  and  −Dᵥk² − F − K."""
        p, k2 = self.params, grid.k_squared(real=True)
        loss = p.feed + p.kill
        return -np.stack([p.diffusivity_u * k2 + p.feed, p.diffusivity_v * k2 + loss])

    def symbols(self, grid: Grid) -> dict[str, Array]:
        """Return the indicator of k = 0."""
        return {"mean": (grid.k_squared(real=True) == 0).astype(float)}

    @staticmethod
    def product(u: Any, v: Any) -> Any:
        """Return  uv²."""
        return u * v * v

    @staticmethod
    def assemble(p: Any, mean: Any, feed: Any) -> Any:
        """Return  F − uv²  and  uv²."""
        return feed * mean - p, p

    def solution(self, name: str, **params: Any) -> Callable[..., Field]:
        """Return an exact solution for the coefficients of this equation."""
        return bound(self.exact[name], params, dict(self.constants()), name)

    def diagnostics(self, grid: Grid, u: Field) -> dict[str, Array]:
        """Means, extrema, and  d⟨u + v⟩/dt  as supply minus loss."""
        p, out = self.params, {}
        for j, name in enumerate(self.fields):
            part = component(grid, u, j)
            out[f"mean_{name}"] = grid.mean(part)
            out[f"min_{name}"] = extremum(grid, part, np.min)
            out[f"max_{name}"] = extremum(grid, part, np.max)
        supply, loss = p.feed * (1.0 - out["mean_u"]), (p.feed + p.kill) * out["mean_v"]
        out["net_supply"] = supply - loss
        return out
