"""What an evolution equation tells the rest of pdekit.

An equation  ∂ₜu = L u + N(u)  is written once, as a few functions of scalars that use
operators only.  The engines inline them into compiled loops on the CPU and call them on
whole torch tensors unchanged (:mod:`pdekit.engine`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict

from pdekit.typing import Array, Field

if TYPE_CHECKING:
    from pdekit.grid import Grid
    from pdekit.stepping import Integrator


class FormulaMarker:
    """Marks a parameter whose text is compiled by :mod:`pdekit.expressions`."""


Formula = Annotated[str, FormulaMarker()]
"""A parameter given as a formula of the coordinates, ``t`` and the declared parameters."""


class Params(BaseModel):
    """Parameters of an equation; each has the textbook value as its default."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class AbstractEquation(ABC):
    """An evolution equation on a periodic box.

    Attributes
    ----------
    name : str
        The name used in case files; also the name of the file that defines the class.
    fields : tuple of str
        Names of the components, in the order of the channel axis.
    complex : bool
        Whether the fields are complex.
    dimensions : tuple of int
        Space dimensions the equation may be posed in.
    exact : mapping of str to function
        Exact solutions ``f(x, ..., t, *, parameters)``.
    states : mapping of str to function
        Initial states ``f(x, ..., *, parameters)`` that are not exact solutions.
    metrics : mapping of str to function
        Numbers particular to this equation, ``f(result, *, parameters) -> float``.
    """

    name: ClassVar[str]
    fields: ClassVar[tuple[str, ...]]
    complex: ClassVar[bool] = False
    dimensions: ClassVar[tuple[int, ...]] = (1,)
    exact: ClassVar[Mapping[str, Callable[..., Field]]] = {}
    states: ClassVar[Mapping[str, Callable[..., Field]]] = {}
    metrics: ClassVar[Mapping[str, Callable[..., Any]]] = {}
    Params: ClassVar[type[Params]] = Params
    references: ClassVar[tuple[str, ...]] = ()

    def __init__(self, **params: Any) -> None:
        self.params: Any = self.Params(**params)
        self.numbers: Mapping[str, float] = {}
        """Values of further names that formulas among the parameters may use."""

    @abstractmethod
    def symbol(self, grid: Grid) -> Array:
        """Return the Fourier symbol of the linear part, ``(channel, *modes)``."""

    def constants(self) -> tuple[float, ...]:
        """Return the scalar constants that ``rate`` and ``product`` take last."""
        return ()

    def coefficients(self, grid: Grid, t: float) -> tuple[Array, ...]:
        """Return the coefficient fields (or floats) that precede the constants."""
        return ()

    @property
    def time_dependent(self) -> bool:
        """Whether :meth:`coefficients` changes with time."""
        return False

    @staticmethod
    def rate(*args: Any) -> Any:
        """Phase rate of each component: the flow of N over h is  u ↦ u exp(i h rate)."""
        raise TypeError("this equation has no phase flow; splitting methods do not apply")

    @staticmethod
    @abstractmethod
    def product(*args: Any) -> Any:
        """Nonlinear term of each component on physical values."""

    @property
    def has_phase_flow(self) -> bool:
        """Whether splitting methods apply, that is, :meth:`rate` is given."""
        return type(self).rate is not AbstractEquation.rate

    def solution(self, name: str, **params: Any) -> Callable[..., Field]:
        """Return the exact solution ``name`` as ``f(x, ..., t)``.

        The functions of ``exact`` do not know the coefficients: an equation whose
        solutions depend on them overrides this and passes them on.
        """
        function = self.exact[name]
        return lambda *points: function(*points, **params)

    def invariants(self, grid: Grid, u: Field, t: float = 0.0) -> dict[str, Array]:
        """Conserved quantities of ``u``, ``(..., channel, *space)``, each ``(...)``."""
        return {}

    def invariant_scales(self, grid: Grid, u: Field) -> dict[str, float]:
        """Scales below which an invariant's drift is not divided by the invariant."""
        return {}

    def diagnostics(self, grid: Grid, u: Field) -> dict[str, Array]:
        """Further quantities worth a time series, of shapes like the invariants'."""
        return {}

    def warnings(
        self, grid: Grid, u: Field, integrator: Integrator, step: float | None
    ) -> list[str]:
        """Sentences about known trouble with this start ``(channel, *space)`` and step."""
        return []
