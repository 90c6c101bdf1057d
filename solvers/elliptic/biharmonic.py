"""Bending of a plate that is simply supported  ∇⁴u = f."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pdekit.boundary_value import (
    AbstractProblem,
    Coefficient,
    ProblemParams,
    divergence_form,
)
from pdekit.calculus import Smooth
from pdekit.equation import Formula
from pdekit.solvers.diagnostics import steady_metrics


class Biharmonic(AbstractProblem):
    """Two equations of Poisson one after the other:  −∇²v = f,  −∇²u = v.

    On walls u is given and ∇²u is zero (a hinge), or with ``manufactured`` what it is
    there.  Clamped plates, of which the slope is given, need another method.
    """

    name: ClassVar[str] = "biharmonic"
    Params = ProblemParams
    factors = 2
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

    def left_side(self, u: Smooth, k: Sequence[Smooth], c: Smooth) -> Smooth:
        """Return  −∇²u,  of which the square is taken."""
        return divergence_form(u, k, c)
