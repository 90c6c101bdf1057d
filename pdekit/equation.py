"""What an evolution equation tells the rest of pdekit.

An equation  ∂ₜu = L u + N(u)  is written once, as a few functions of scalars that use
operators only.  The engines inline them into compiled loops on the CPU and call them on
whole torch tensors unchanged (:mod:`pdekit.engine`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, NamedTuple

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic import Field as Key

from pdekit.errors import PdekitError, suggestion
from pdekit.expressions import Expression, compile_expression, evaluate_on
from pdekit.typing import Array, Field

if TYPE_CHECKING:
    from pdekit.grid import Grid
    from pdekit.stepping import Integrator


class FormulaMarker:
    """Marks a parameter whose text is compiled by :mod:`pdekit.expressions`."""


Formula = Annotated[str, FormulaMarker()]
"""A parameter given as a formula of the coordinates, ``t`` and the declared parameters."""


@lru_cache(maxsize=64)
def compiled(text: str, names: tuple[str, ...]) -> Expression:
    """Compile a formula once: every sub-step may ask for it."""
    return compile_expression(text, names)


class Params(BaseModel):
    """Parameters of an equation; each has the textbook value as its default."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    source: Formula | dict[str, Formula] | None = Key(
        None, description="added to the right-hand side: a formula, or one per field"
    )


class WrongParameter(PdekitError, ValueError):
    """A parameter given to an equation is unknown or has a value it cannot take."""


def checked(name: str, model: type[BaseModel], values: Mapping[str, Any]) -> Any:
    """Return the parameters of the equation ``name``; refuse wrong ones in plain words."""
    from pdekit.case.wording import plain_words  # which needs this module

    for key, value in values.items():
        parts = value.items() if isinstance(value, Mapping) else ((key, value),)
        for part in (
            p for p, v in parts if type(v).__module__.partition(".")[0] == "torch"
        ):
            raise WrongParameter(
                f"{name}: {part}: must not be a torch tensor: no derivative is taken with "
                f"respect to a parameter; give its value, float({part})"
            )
    try:
        return model(**values)
    except ValidationError as error:
        wrong = [
            f"{name}: {'.'.join(map(str, path))}: "
            + sentence.replace("unknown key", "unknown parameter")
            for path, sentence, _ in plain_words(error, model)
        ]
        raise WrongParameter("\n".join(wrong)) from None


class Terms(NamedTuple):
    """The three formulas of the nonlinear term; see :class:`AbstractEquation`."""

    split: Callable[..., Any] | None
    product: Callable[..., Any] | None
    assemble: Callable[..., Any] | None


class AbstractEquation(ABC):
    """An evolution equation  ∂ₜu = L u + N(u)  on a periodic box.

    N is written as three formulas of scalars, whose parameters are bound by name:

    * ``split(variables, symbols, constants)``: the spectra that are transformed back; the
      fields themselves when left out,
    * ``product(what split returned, coefficients, constants)``: physical values to be
      transformed forward; the parameters that are no coefficient or constant come first,
    * ``assemble(what product returned, variables, symbols, constants)``: N of every
      variable; when left out, what ``product`` returned.

    Beside operators they may use the words of :mod:`pdekit.formulas`, and nothing else.

    Attributes
    ----------
    name : str
        The name used in case files; also the name of the file that defines the class.
    fields : tuple of str
        Names of the components, in the order of the channel axis.
    variables : tuple of str
        Names of what is advanced in Fourier space; the fields, unless ``encode`` and
        ``decode`` say how the spectra of the two follow from each other.
    complex : bool
        Whether the fields are complex.
    dimensions : tuple of int
        Space dimensions the equation may be posed in.
    integrator, dealias : str
        What ``auto`` means for it in a case file.
    vectors : mapping of str to tuple of str
        Fields that are the components of a vector, by its name, for pictures and ParaView;
        None guesses from the names.
    exact : mapping of str to function
        Exact solutions ``f(x, ..., t, *, parameters)``.
    states : mapping of str to function
        Initial states ``f(x, ..., *, parameters)`` that are not exact solutions.
    metrics : mapping of str to function
        Numbers particular to this equation, ``f(result, *, parameters) -> float``.
    """

    name: ClassVar[str]
    fields: ClassVar[tuple[str, ...]]
    variables: ClassVar[tuple[str, ...]] = ()
    complex: ClassVar[bool] = False
    dimensions: ClassVar[tuple[int, ...]] = (1,)
    integrator: ClassVar[str] = "etdrk4"
    dealias: ClassVar[str] = "none"
    vectors: ClassVar[Mapping[str, tuple[str, ...]] | None] = None
    exact: ClassVar[Mapping[str, Callable[..., Field]]] = {}
    states: ClassVar[Mapping[str, Callable[..., Field]]] = {}
    metrics: ClassVar[Mapping[str, Callable[..., Any]]] = {}
    Params: ClassVar[type[Params]] = Params
    references: ClassVar[tuple[str, ...]] = ()

    split: ClassVar[Callable[..., Any] | None] = None
    product: ClassVar[Callable[..., Any] | None] = None
    assemble: ClassVar[Callable[..., Any] | None] = None
    encode: ClassVar[Callable[..., Any] | None] = None
    decode: ClassVar[Callable[..., Any] | None] = None
    rate: ClassVar[Callable[..., Any] | None] = None
    """Phase rate of each component: the flow of N over h is  u ↦ u exp(i h rate).  Takes
    the fields, then coefficients and constants by name; splitting methods need it."""

    def __init__(self, **params: Any) -> None:
        self.params: Any = checked(self.name, self.Params, params)
        for field in self._sources():
            if field not in self.fields:
                known = suggestion(field, self.fields)
                raise WrongParameter(f"{self.name}: source.{field}: unknown field{known}")
        self.numbers: Mapping[str, float] = {}
        """Values of further names that formulas among the parameters may use."""

    @abstractmethod
    def symbol(self, grid: Grid) -> Array:
        """Return the Fourier symbol of L, ``(variable, *modes)``, real if it is.

        Modes are those of ``grid.wavenumbers(real=not complex)``.
        """

    def symbols(self, grid: Grid) -> Mapping[str, Array]:
        """Return further arrays over the modes for the formulas, by name.

        ``kx``, ``ky``, ``kz`` (zero at the Nyquist mode), ``k2`` = |k|² and ``inv_k2`` (0
        at k = 0) are always there.
        """
        return {}

    def constants(self) -> Mapping[str, float]:
        """Return the numbers that formulas may name: the numeric parameters."""
        return {
            name: float(value)
            for name, value in self.params
            if isinstance(value, int | float) and not isinstance(value, bool)
        }

    def coefficients(self, grid: Grid, t: float) -> Mapping[str, Array]:
        """Return real coefficient fields (or floats) of ``product`` and ``rate``."""
        return {}

    @property
    def time_dependent(self) -> bool:
        """Whether :meth:`coefficients` changes with time."""
        return False

    def source(self, grid: Grid, t: float) -> Array | None:
        """Return what is added to the right-hand side, ``(channel, *space)``, or None."""
        texts = self._sources()
        if not texts:
            return None
        values = dict(zip(grid.names, grid.points(), strict=True)) | {"t": t}
        values |= self.numbers
        return np.stack([self._evaluated(texts.get(f), values, grid) for f in self.fields])

    @property
    def steady_source(self) -> bool:
        """Whether :meth:`source` is the same at all times."""
        names = ("x", "y", "z", "t", *self.numbers)
        return not any(
            "t" in compiled(text, names).names_used for text in self._sources().values()
        )

    def _sources(self) -> dict[str, str]:
        """Return the formula of the source of every field that has one."""
        given = self.params.source
        return {self.fields[0]: given} if isinstance(given, str) else given or {}

    def _evaluated(self, text: str | None, values: Mapping[str, Any], grid: Grid) -> Array:
        if text is None:
            return np.zeros(grid.shape)
        formula = compiled(text, tuple(values))
        used = {name: v for name, v in values.items() if name in formula.names_used}
        return evaluate_on(formula, used, grid.shape)

    def terms(self, grid: Grid) -> Terms:
        """Return the formulas of N on this grid; of other dimensions they may differ."""
        kind = type(self)
        return Terms(kind.split, kind.product, kind.assemble)

    def advection(self, grid: Grid, u: Field) -> Array | None:
        """Largest Σ |velocity| / Δx over the box, ``(member,)``, or None.

        ``u`` is ``(member, channel, *space)``. The time step must resolve it.
        """
        return None

    @property
    def has_phase_flow(self) -> bool:
        """Whether splitting methods apply, that is, :attr:`rate` is given."""
        return type(self).rate is not None

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
