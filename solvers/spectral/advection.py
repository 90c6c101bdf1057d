"""Advection  uₜ + c·∇u = 0  in a periodic box."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from pydantic import Field as Key

from pdekit.equation import Params
from pdekit.solvers.spectral._linear import (
    AbstractLinear,
    Coefficient,
    along_axes,
    per_axis,
)


class AdvectionParams(Params):
    """Coefficients of  uₜ + c·∇u = 0."""

    velocity: Coefficient = Key(1.0, description="c, along every axis or one for each")


class Advection(AbstractLinear):
    """A field carried along by a uniform velocity, without transforms and for any step.

    The Nyquist mode of an even number of points, of which a grid cannot tell where it has
    gone, stays as it is.

    Conserved: mean and ⟨u²⟩/2.
    """

    name: ClassVar[str] = "advection"
    Params = AdvectionParams
    params: AdvectionParams

    def growth(self, even: Sequence[Any], odd: Sequence[Any]) -> Any:
        """Return  −i c·k."""
        velocity = per_axis(self.params.velocity, len(odd), "velocity")
        return along_axes(1, [-c for c in velocity], odd)
