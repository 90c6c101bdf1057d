"""Equation of Burgers between walls  ∂ₜu + u ∂ₓu = ν ∂ₓ²u + f."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field as Key

from pdekit.boundary_value import AbstractProblem, Given, ProblemParams, U
from pdekit.equation import Formula
from pdekit.solvers.diagnostics import steady_metrics


class BoundedBurgersParams(ProblemParams):
    """The viscosity of  ∂ₜu + u ∂ₓu = ν ∂ₓ²u + f."""

    viscosity: Formula = Key("0.1", description="ν, a formula")


class BoundedBurgers(AbstractProblem):
    """Waves that steepen, in space and time at once; `burgers` has the periodic ones."""

    name: ClassVar[str] = "bounded_burgers"
    Params = BoundedBurgersParams
    params: BoundedBurgersParams
    dimensions = (1,)
    evolves = True
    metrics: ClassVar = steady_metrics.METRICS
    references = ("Cole, Q. Appl. Math. 9 (1951) 225",)

    def left_side(self, u: U, given: Given) -> U:
        """Return  u ∂ₓu − ν ∂ₓ²u."""
        return u * u.d("x") - u.d("x").d("x") * given("viscosity")
