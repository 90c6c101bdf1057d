"""Conduction of heat  ∂ₜu = ∇·(κ∇u) + f  between walls."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field as Key

from pdekit.boundary_value import (
    AbstractDiffusion,
    Coefficient,
    Given,
    ProblemParams,
    U,
    divergence,
)
from pdekit.equation import Formula
from pdekit.solvers.diagnostics import steady_metrics


class HeatParams(ProblemParams):
    """Coefficients of  ∂ₜu = ∇·(κ∇u) + f."""

    diffusivity: Coefficient = Key(
        "1",
        description="κ > 0: a formula of the coordinates, {x: …, y: …} along the axes, "
        "{random_field: …}, {blocks: …} or {file: …}",
    )


class Heat(AbstractDiffusion):
    """Stepped implicitly: a linear system each step, solved like a steady problem.

    Source and data on the walls may depend on time, the diffusivity may not.  In periodic
    boxes with a constant one, `diffusion` is exact in time.
    """

    name: ClassVar[str] = "heat"
    Params = HeatParams
    params: HeatParams
    evolves = True
    metrics: ClassVar = steady_metrics.METRICS
    references = ("Hairer & Wanner, Solving Ordinary Differential Equations II (1996)",)

    @property
    def diffusion(self) -> tuple[str, Coefficient]:
        """The diffusivity κ."""
        return "diffusivity", self.params.diffusivity

    @property
    def reaction(self) -> tuple[str, Formula]:
        """Nothing."""
        return "", "0"

    def left_side(self, u: U, given: Given) -> U:
        """Return  −∇·(κ∇u)."""
        return -divergence(given.along("diffusivity"), u, given.axes)

    def flux(self, u: U, given: Given, axis: str) -> U:
        """Return  κ ∂u."""
        return u.d(axis) * given.along("diffusivity")[given.axes.index(axis)]
