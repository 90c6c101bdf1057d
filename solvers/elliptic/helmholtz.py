"""Waves of one frequency  −∇²u − k²u = f,  k the wavenumber."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field as Key

from pdekit.boundary_value import (
    AbstractProblem,
    Coefficient,
    ProblemParams,
    divergence_form,
)
from pdekit.calculus import Smooth
from pdekit.equation import Formula
from pdekit.solvers.diagnostics import steady_metrics


class HelmholtzParams(ProblemParams):
    """The wavenumber of  −∇²u − k²u = f."""

    wavenumber: Formula = Key("1", description="k, a formula")


class Helmholtz(AbstractProblem):
    """Indefinite once k² is larger than the lowest eigenvalue of the box.

    Near an eigenvalue the box resonates: small data give large solutions, and at one there
    is none.  On a grid a wave is shorter than it should be, by a part (k h)²/24.
    """

    name: ClassVar[str] = "helmholtz"
    Params = HelmholtzParams
    params: HelmholtzParams
    indefinite = True
    metrics: ClassVar = steady_metrics.METRICS
    references = ("Ihlenburg, Finite Element Analysis of Acoustic Scattering (1998)",)

    @property
    def diffusion(self) -> tuple[str, Coefficient]:
        """One."""
        return "wavenumber", "1"

    @property
    def reaction(self) -> tuple[str, Formula]:
        """Minus the square of the wavenumber."""
        return "wavenumber", f"-({self.params.wavenumber})**2"

    def left_side(self, u: Smooth, k: Sequence[Smooth], c: Smooth) -> Smooth:
        """Return  −∇²u − k²u."""
        return divergence_form(u, k, c)
