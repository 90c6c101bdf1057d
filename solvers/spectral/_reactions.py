"""What equations of reaction and diffusion share: gradient flows, and how to split them.

Bistable and logistic reactions f(u) are split as  L = D∇² − s,  N(u) = f(u) + s u  with the
shift s = max(−f′) over the invariant interval [u₋, u₊]. N then increases on it, and
N(u±) = s u±, so that one step of ETD1,

    u ← e^{hL} u + h φ₁(hL) N(u),

maps the interval into itself whatever the step h is: the maximum principle holds without
any condition (Du, Ju, Li & Qiao, SIAM Rev. 63 (2021) 317, section 3). The stable states
feel no explicit term with N′(u±) = 0 where the maximum is taken there, so that integrators
of higher order, which cannot promise this, stay stable around them for long steps, too.

No mode is cut off by default. Collocation makes the free energy, taken with the quadrature
of the grid, decrease exactly in the limit of short steps, as the Galerkin method does for
its own; and on a grid that resolves the fronts the lost half of the band would cost more
than aliasing does.
"""

from __future__ import annotations

import inspect
from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np

from pdekit.equation import AbstractEquation
from pdekit.errors import PdekitError
from pdekit.grid import Grid
from pdekit.solvers.diagnostics import pattern_metrics
from pdekit.typing import Array, Field


def component(grid: Grid, u: Field, index: int = 0) -> Array:
    """Take a channel of ``(..., channel, *space)``."""
    return u[..., index, *(slice(None),) * grid.ndim]


def laplacian(grid: Grid, u: Field) -> Array:
    """Return ∇²u of ``(..., *space)``."""
    return sum(grid.derivative(u, j, 2) for j in range(grid.ndim))


def extremum(grid: Grid, u: Field, find: Callable[..., Any]) -> Array:
    """Return the extremum over space of ``(..., *space)``."""
    return np.asarray(find(u, axis=tuple(range(-grid.ndim, 0))))


def bound(
    function: Callable[..., Any],
    params: Mapping[str, Any],
    own: Mapping[str, float],
    name: str,
) -> Callable[..., Any]:
    """Return an exact solution with the coefficients of the equation in place.

    Raises
    ------
    PdekitError
        If a coefficient was given another value than the equation has.
    """
    known = inspect.signature(function).parameters
    values = dict(params)
    for key, value in own.items():
        if key not in known:
            continue
        given = values.get(key, value)
        if given not in (value, known[key].default):
            raise PdekitError(
                f"{name} has {key} = {given:g}, the equation {key} = {value:g}; "
                f"leave {key} to the equation"
            )
        values[key] = value
    return lambda *points: function(*points, **values)


class AbstractGradientFlow(AbstractEquation):
    """A real field u that descends a free energy."""

    fields: ClassVar[tuple[str, ...]] = ("u",)
    dimensions: ClassVar[tuple[int, ...]] = (1, 2, 3)
    integrator: ClassVar[str] = "etdrk4"
    dealias: ClassVar[str] = "none"
    metrics: ClassVar[Mapping[str, Callable[..., Any]]] = pattern_metrics.METRICS

    @abstractmethod
    def free_energy(self, grid: Grid, u: Array) -> Array:
        """Return the mean of its density for ``u`` of ``(..., *space)``."""

    def solution(self, name: str, **params: Any) -> Callable[..., Field]:
        """Return an exact solution for the coefficients of this equation."""
        return bound(self.exact[name], params, dict(self.constants()), name)

    def diagnostics(self, grid: Grid, u: Field) -> dict[str, Array]:
        """Free energy, which never increases without a source; mean, extrema, variance."""
        field = component(grid, u)
        mean = grid.mean(field)
        return {
            "free_energy": self.free_energy(grid, field),
            "mean": mean,
            "variance": np.maximum(grid.mean(field**2) - mean**2, 0.0),
            "min": extremum(grid, field, np.min),
            "max": extremum(grid, field, np.max),
        }


class AbstractBistable(AbstractGradientFlow):
    """uₜ = D∇²u + f(u),  f = −W′,  which descends  F = ⟨D/2 |∇u|² + W(u)⟩."""

    @property
    @abstractmethod
    def diffusion(self) -> float:
        """D."""

    @property
    @abstractmethod
    def shift(self) -> float:
        """Largest −f′ over the invariant interval."""

    @abstractmethod
    def potential(self, u: Array) -> Array:
        """Return W(u)."""

    def symbol(self, grid: Grid) -> Array:
        """Return  L = −Dk² − s."""
        return -(self.diffusion * grid.k_squared(real=True) + self.shift)[None]

    def constants(self) -> dict[str, float]:
        """Return the parameters, and s as ``shift``."""
        return {**super().constants(), "shift": self.shift}

    def free_energy(self, grid: Grid, u: Array) -> Array:
        """Return  ⟨−D/2 u∇²u + W(u)⟩: this form keeps the highest mode, as the scheme."""
        gradient = -0.5 * self.diffusion * u * laplacian(grid, u)
        return grid.mean(gradient + self.potential(u))
