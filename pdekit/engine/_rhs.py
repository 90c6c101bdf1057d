"""The right-hand side of an equation with everything its formulas name.

Formulas are bound by the names of their parameters, so that an engine, compiled or not,
only has to look up what each of them takes.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from pdekit.arrays import is_complex
from pdekit.equation import AbstractEquation
from pdekit.errors import PdekitError, ShapeError
from pdekit.typing import Array

if TYPE_CHECKING:
    from pdekit.grid import Grid

AXIS_SYMBOLS = ("kx", "ky", "kz")


@dataclass(frozen=True)
class RightHandSide:
    """N of an equation on a grid.

    Attributes
    ----------
    mask
        Dealiasing factors ``(*modes)``, or None.
    cut
        Largest |m| that is kept along each axis if ``mask`` is a sharp truncation of real
        fields: then the state itself lives on the kept modes.
    """

    equation: AbstractEquation
    grid: Grid
    mask: Array | None = None

    def __post_init__(self) -> None:
        if self.mask is None or np.shape(self.mask) == self.modes:
            return
        try:
            mask = np.array(np.broadcast_to(self.mask, self.modes))
        except ValueError:
            raise ShapeError(self.modes, np.shape(self.mask), "the mask") from None
        object.__setattr__(self, "mask", mask)

    def check(self, u: Any, members: int | None = None) -> None:
        """Refuse what are not the fields ``(member, channel, *space)`` of this equation.

        Compiled loops, which work in arrays of one size, take ``members`` of them only.
        """
        lead = ("members" if members is None else members, len(self.fields))
        expected, given = (*lead, *self.grid.shape), tuple(u.shape)
        if given[1:] != expected[1:] or (members is not None and given != expected):
            raise ShapeError(expected, given, "the fields")
        if self.real and is_complex(u):
            raise ShapeError("real values", "complex ones", self.equation.name)

    @property
    def real(self) -> bool:
        """Whether the fields are real, so that half of the modes determine them."""
        return not self.equation.complex

    @cached_property
    def modes(self) -> tuple[int, ...]:
        """Number of modes along each axis."""
        return self.grid.spectral_shape(self.real)

    @cached_property
    def cut(self) -> tuple[int, ...] | None:
        """Largest |m| kept along each axis by a sharp mask of real fields."""
        if self.mask is None or not self.real or not self.mask.any():
            return None
        numbers = self.grid.modes(True)
        kept = [
            int(
                np.abs(
                    m[self.mask.any(axis=tuple(j for j in range(len(numbers)) if j != i))]
                ).max()
            )
            for i, m in enumerate(numbers)
        ]
        box = np.ones((), dtype=bool)
        for m, limit in zip(numbers, kept, strict=True):
            box = box[..., None] & (np.abs(m) <= limit)
        return tuple(kept) if np.array_equal(box, self.mask) else None

    @cached_property
    def fields(self) -> tuple[str, ...]:
        """Names of the physical components."""
        return self.equation.fields

    @cached_property
    def variables(self) -> tuple[str, ...]:
        """Names of what is advanced."""
        return self.equation.variables or self.equation.fields

    @cached_property
    def symbols(self) -> dict[str, Array]:
        """Arrays over the modes, broadcastable, by name."""
        ks = self.grid.wavenumbers(self.real, odd=True)
        k2 = self.grid.k_squared(self.real)
        with np.errstate(divide="ignore"):
            inverse = np.where(k2 > 0, 1.0 / np.where(k2 > 0, k2, 1.0), 0.0)
        own = self.equation.symbols(self.grid)
        return {
            **dict(zip(AXIS_SYMBOLS, ks, strict=False)),
            "k2": k2,
            "inv_k2": inverse,
            **own,
        }

    @cached_property
    def constants(self) -> dict[str, float]:
        """Numbers by name."""
        return {name: float(value) for name, value in self.equation.constants().items()}

    @cached_property
    def coefficient_names(self) -> tuple[str, ...]:
        """Names of the physical coefficients."""
        start = 0.0
        return tuple(self.equation.coefficients(self.grid, start))

    @cached_property
    def terms(self) -> Any:
        """The formulas of N."""
        return self.equation.terms(self.grid)

    @property
    def has_products(self) -> bool:
        """Whether N needs transforms at all."""
        return self.terms.product is not None

    @property
    def is_linear(self) -> bool:
        """Whether N is nothing but a source."""
        return not self.has_products and self.terms.assemble is None

    @cached_property
    def inputs(self) -> int:
        """Number of transforms back per evaluation."""
        if not self.has_products:
            return 0
        return leading(self.terms.product, {*self.coefficient_names, *self.constants})

    @cached_property
    def outputs(self) -> int:
        """Number of transforms forward per evaluation."""
        if not self.has_products:
            return 0
        if self.terms.assemble is None:
            return len(self.variables)
        known = {*self.variables, *self.symbols, *self.constants}
        return leading(self.terms.assemble, known)

    def spectral_names(self, formula: Callable[..., Any], skip: int = 0) -> tuple[str, ...]:
        """Return what a formula in Fourier space takes by name, checked."""
        return self._named(formula, skip, {*self.variables, *self.symbols, *self.constants})

    def physical_names(self, formula: Callable[..., Any], skip: int) -> tuple[str, ...]:
        """Return what a formula of physical values takes by name, checked."""
        return self._named(formula, skip, {*self.coefficient_names, *self.constants})

    def _named(
        self, formula: Callable[..., Any], skip: int, known: set[str]
    ) -> tuple[str, ...]:
        names = parameters(formula)[skip:]
        for name in names:
            if name not in known:
                raise PdekitError(
                    f"{self.equation.name}.{formula.__name__} takes {name!r}, "
                    f"which is none of {', '.join(sorted(known))}"
                )
        return names


def parameters(formula: Callable[..., Any]) -> tuple[str, ...]:
    """Return the names of a formula's parameters."""
    return tuple(inspect.signature(formula).parameters)


def leading(formula: Callable[..., Any], known: set[str]) -> int:
    """Count the parameters before the first that has a known name."""
    names = parameters(formula)
    return next((i for i, name in enumerate(names) if name in known), len(names))


def as_tuple(values: Any) -> tuple[Any, ...]:
    """Return what a formula returned as a tuple."""
    return values if isinstance(values, tuple) else (values,)


def lookup(names: Sequence[str], *places: Mapping[str, Any]) -> list[Any]:
    """Return the value of every name from the first place that has it."""
    return [next(place[name] for place in places if name in place) for name in names]
