"""Bending of a plate that is simply supported  ∇⁴u = f."""

from __future__ import annotations

from typing import ClassVar

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


class Biharmonic(AbstractDiffusion):
    """Two equations of Poisson one after the other:  −∇²v = f,  −∇²u = v.

    On walls u is given and ∇²u is zero (a hinge), or with ``manufactured`` what it is
    there.  Clamped plates, of which the slope is given, need another method.
    """

    name: ClassVar[str] = "biharmonic"
    Params = ProblemParams
    factors = 2
    solvers: ClassVar = CLASSICAL
    metrics: ClassVar = steady_metrics.METRICS
    references = ("Timoshenko & Woinowsky-Krieger, Plates and Shells (1959), chapter 5",)

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
