"""Bending of plates  ∇⁴u = f,  hinged or clamped at their edges."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field as Key

from pdekit.boundary_value import (
    CLASSICAL,
    AbstractDiffusion,
    Coefficient,
    Given,
    ProblemParams,
    U,
    laplacian,
)
from pdekit.equation import Formula
from pdekit.solvers.diagnostics import steady_metrics


class BiharmonicParams(ProblemParams):
    """Load and edges."""

    edges: Literal["hinged", "clamped"] = Key(
        "hinged", description="on the walls u and ∇²u are given, or u = ∂u/∂n = 0"
    )


class Biharmonic(AbstractDiffusion):
    """Plates at rest.  Hinged ones are two equations of Poisson,  −∇²v = f,  −∇²u = v.

    On walls u is given and ∇²u is zero (a hinge), or with ``manufactured`` what it is
    there.  Clamped ones, u = ∂u/∂n = 0, are solved in polynomials.
    """

    name: ClassVar[str] = "biharmonic"
    Params = BiharmonicParams
    params: BiharmonicParams
    factors = 2
    solvers: ClassVar = CLASSICAL
    metrics: ClassVar = steady_metrics.METRICS
    references = (
        "Timoshenko & Woinowsky-Krieger, Plates and Shells (1959), chapters 5 and 6",
        "Taylor & Govindjee, Solution of clamped rectangular plate problems (2004)",
    )

    @property
    def clamped(self) -> bool:
        """Whether the slope is given at the walls."""
        return self.params.edges == "clamped"

    @property
    def diffusion(self) -> tuple[str, Coefficient]:
        """One."""
        return "", "1"

    @property
    def reaction(self) -> tuple[str, Formula]:
        """Nothing."""
        return "", "0"

    def left_side(self, u: U, given: Given) -> U:
        """Return  −∇²u,  of which the square is taken."""
        return -laplacian(u, given.axes)
