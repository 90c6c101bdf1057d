"""Diffusion  uₜ = Σ κᵢ ∂ᵢ²u  in a periodic box."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Annotated, Any, ClassVar

from pydantic import Field as Key

from pdekit.equation import Params
from pdekit.solvers.exact import linear_waves
from pdekit.solvers.spectral._linear import AbstractLinear, along_axes, per_axis
from pdekit.typing import Field

NotNegative = Annotated[float, Key(ge=0)]


class DiffusionParams(Params):
    """Coefficients of  uₜ = Σ κᵢ ∂ᵢ²u."""

    diffusivity: NotNegative | tuple[NotNegative, ...] = Key(
        1.0, description="κ, along every axis or one for each"
    )


class Diffusion(AbstractLinear):
    """The heat equation, without transforms and for any step.

    Conserved: the mean. ⟨u²⟩/2 never grows.

    References
    ----------
    Fourier, Théorie analytique de la chaleur (1822).
    """

    name: ClassVar[str] = "diffusion"
    Params = DiffusionParams
    params: DiffusionParams
    references = ("Fourier, Théorie analytique de la chaleur (1822)",)
    exact: ClassVar = {**AbstractLinear.exact, "heat_kernel": linear_waves.heat_kernel}

    def growth(self, even: Sequence[Any], odd: Sequence[Any]) -> Any:
        """Return  −Σ κᵢ kᵢ²."""
        diffusivity = per_axis(self.params.diffusivity, len(even), "diffusivity")
        return along_axes(2, diffusivity, even)

    def solution(self, name: str, **params: Any) -> Callable[..., Field]:
        """Return an exact solution  f(x, …, t)  of this equation."""
        if name != "heat_kernel":
            return super().solution(name, **params)
        (along_x,) = per_axis(self.params.diffusivity, 1, "diffusivity")
        return partial(self.exact[name], diffusivity=along_x, **params)
