"""Dispersion  uₜ + Σ aᵢ ∂ᵢ³u = 0  in a periodic box."""

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


class DispersionParams(Params):
    """Coefficients of  uₜ + Σ aᵢ ∂ᵢ³u = 0."""

    dispersion: Coefficient = Key(1.0, description="a, along every axis or one for each")


class Dispersion(AbstractLinear):
    """The linear part of the Korteweg–de Vries equation: waves of k move with −ak².

    Without transforms and for any step.

    Conserved: mean and ⟨u²⟩/2.
    """

    name: ClassVar[str] = "dispersion"
    Params = DispersionParams
    params: DispersionParams

    def growth(self, even: Sequence[Any], odd: Sequence[Any]) -> Any:
        """Return  i Σ aᵢ kᵢ³."""
        dispersion = per_axis(self.params.dispersion, len(odd), "dispersion")
        return along_axes(3, [-a for a in dispersion], odd)
