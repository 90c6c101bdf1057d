"""Waves of one frequency  −∇²u − k²u = f,  k the wavenumber."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field as Key

from pdekit.boundary_value import (
    AbstractDiffusion,
    Coefficient,
    Given,
    ProblemParams,
    U,
    laplacian,
)
from pdekit.equation import Formula
from pdekit.solvers.diagnostics import steady_metrics


class HelmholtzParams(ProblemParams):
    """The wavenumber of  −∇²u − k²u = f."""

    wavenumber: Formula = Key("1", description="k, a formula")


class Helmholtz(AbstractDiffusion):
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

    def left_side(self, u: U, given: Given) -> U:
        """Return  −∇²u − k²u."""
        k = given("wavenumber")
        return -laplacian(u, given.axes) - u * (k * k)
