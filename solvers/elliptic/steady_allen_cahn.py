"""Phases at rest  −∇·(k∇u) + r (u³ − u) = f."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field as Key

from pdekit.boundary_value import (
    AbstractProblem,
    AxisCoefficient,
    Given,
    ProblemParams,
    U,
    divergence,
)
from pdekit.equation import Formula
from pdekit.solvers.diagnostics import steady_metrics


class SteadyAllenCahnParams(ProblemParams):
    """Coefficients of  −∇·(k∇u) + r (u³ − u) = f."""

    coefficient: Formula | AxisCoefficient = Key("1", description="k > 0, a formula")
    strength: Formula = Key("1", description="r, of either sign: a formula")


class SteadyAllenCahn(AbstractProblem):
    """The stationary states of the equation of Allen and Cahn between walls.

    With r < 0 it is the form  ∇²u + u (u² − 1) = f  of the literature on machine learning.
    There may be several solutions; Newton's method begins with the linear part.
    """

    name: ClassVar[str] = "steady_allen_cahn"
    Params = SteadyAllenCahnParams
    params: SteadyAllenCahnParams
    metrics: ClassVar = steady_metrics.METRICS
    references = ("Allen & Cahn, Acta Metall. 27 (1979) 1085",)

    def left_side(self, u: U, given: Given) -> U:
        """Return  −∇·(k∇u) + r (u³ − u)."""
        k = given.along("coefficient")
        return (u * u * u - u) * given("strength") - divergence(k, u, given.axes)

    def flux(self, u: U, given: Given, axis: str) -> U:
        """Return  k ∂u."""
        return u.d(axis) * given.along("coefficient")[given.axes.index(axis)]
