"""Diffusion at rest  −∇·(k∇u) + c u = f:  the equations of Poisson and of Darcy."""

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
from pdekit.solvers.exact import torsion


class PoissonParams(ProblemParams):
    """Coefficients of  −∇·(k∇u) + c u = f."""

    coefficient: Coefficient = Key(
        "1",
        description="k > 0: a formula, {x: …, y: …} along the axes, {random_field: …}, "
        "{blocks: …} or {file: …}",
    )
    reaction: Formula = Key("0", description="c >= 0, a formula")


class Poisson(AbstractDiffusion):
    """Potentials, stationary heat, pressure in porous media.

    Without a Dirichlet wall and without reaction, solutions exist only if the source and
    the fluxes through the walls balance, and are known up to a constant; then the one of
    mean zero is returned.
    """

    name: ClassVar[str] = "poisson"
    Params = PoissonParams
    params: PoissonParams
    exact: ClassVar = {"torsion": torsion.square}
    metrics: ClassVar = steady_metrics.METRICS
    references = ("Evans, Partial Differential Equations (2010), chapters 2.2 and 6",)

    @property
    def diffusion(self) -> tuple[str, Coefficient]:
        """The coefficient k."""
        return "coefficient", self.params.coefficient

    @property
    def reaction(self) -> tuple[str, Formula]:
        """The reaction c."""
        return "reaction", self.params.reaction

    def left_side(self, u: U, given: Given) -> U:
        """Return  −∇·(k∇u) + c u."""
        k = given.along("coefficient")
        return u * given("reaction") - divergence(k, u, given.axes)

    def flux(self, u: U, given: Given, axis: str) -> U:
        """Return  k ∂u."""
        return u.d(axis) * given.along("coefficient")[given.axes.index(axis)]
