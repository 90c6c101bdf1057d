"""The right-hand side of an equation with everything its formulas name.

Formulas are bound by the names of their parameters, so that an engine, compiled or not,
only has to look up what each of them takes.
"""

from __future__ import annotations

import dis
import inspect
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from pdekit import formulas
from pdekit.arrays import is_complex
from pdekit.equation import AbstractEquation
from pdekit.errors import PdekitError, ShapeError
from pdekit.typing import Array

if TYPE_CHECKING:
    from pdekit.grid import Grid

AXIS_SYMBOLS = ("kx", "ky", "kz")
WORDS = {
    name: word
    for name, word in vars(formulas).items()
    if getattr(word, "__module__", "") == formulas.__name__
}
"""What formulas may use beside operators, by name."""
PARTS = ("real", "imag", "conj")
"""What formulas may take of a value."""


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
        self._check_formulas()
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
        inverse = np.where(k2 > 0, 1.0 / np.where(k2 > 0, k2, 1.0), 0.0)
        return {
            **dict(zip(AXIS_SYMBOLS, ks, strict=False)),
            "k2": k2,
            "inv_k2": inverse,
            **self.own_symbols,
        }

    @cached_property
    def own_symbols(self) -> Mapping[str, Array]:
        """The arrays over the modes that are the equation's own."""
        return self.equation.symbols(self.grid)

    @cached_property
    def symbol_names(self) -> tuple[str, ...]:
        """Names of the arrays over the modes, without forming those of the grid."""
        return (*AXIS_SYMBOLS[: self.grid.ndim], "k2", "inv_k2", *self.own_symbols)

    @cached_property
    def constants(self) -> dict[str, float]:
        """Numbers by name."""
        return {name: float(value) for name, value in self.equation.constants().items()}

    @cached_property
    def coefficient_names(self) -> tuple[str, ...]:
        """Names of the physical coefficients."""
        return tuple(self.equation.coefficients(self.grid, 0.0))

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
        known = {*self.variables, *self.symbol_names, *self.constants}
        return leading(self.terms.assemble, known)

    # -- what a user may have written wrongly ------------------------------------------

    def _check_formulas(self) -> None:
        """Refuse formulas that do not fit together, before an engine meets them."""
        (split, product, assemble), equation = self.terms, self.equation
        count = len(self.variables)
        self._check_count("encode", equation.encode, self.fields, "variables", count)
        decoded = len(self.fields)
        self._check_count("decode", equation.decode, self.variables, "fields", decoded)
        names, made = self.variables, 0
        if product is not None:
            made = self._checked_product(split, product)
        if assemble is not None:
            outputs = made if product is not None else 0
            found = self._spectral_count("assemble", assemble, names, outputs)
            self._compare("assemble", assemble, found, "variables", count)
        elif product is not None:
            self._compare("product", product, made, "variables", count)

    def _checked_product(self, split: Any, product: Callable[..., Any]) -> int:
        """Return how many values ``product`` makes of what ``split`` returns."""
        before, given = "a field", len(self.variables)
        if split is not None:
            before = "an output of split"
            given = self._spectral_count("split", split, self.variables)
        elif self.equation.decode is not None:
            given = len(self.fields)
        known = {*self.coefficient_names, *self.constants}
        taken = self._leading("product", product, known, given, before)
        if split is not None and taken != given:
            self._refuse(
                product, f"product takes {taken} of the {given} values that split returns"
            )
        value = 0.5 + 0.25j if self.equation.complex else 0.5
        values = [np.array([value])] * taken
        return self._count("product", product, values, {})

    def _check_count(
        self, role: str, formula: Any, names: Sequence[str], what: str, expected: int
    ) -> None:
        if formula is not None:
            found = self._spectral_count(role, formula, names)
            self._compare(role, formula, found, what, expected)

    def _compare(
        self, role: str, formula: Any, found: int, what: str, expected: int
    ) -> None:
        if found != expected:
            values = "1 value" if found == 1 else f"{found} values"
            self._refuse(formula, f"{role} returns {values} for {expected} {what}")

    def _spectral_count(
        self, role: str, formula: Any, names: Sequence[str], given: int = 0
    ) -> int:
        """Count what a formula in Fourier space returns, after checking what it takes."""
        known = {*names, *self.symbol_names, *self.constants}
        taken = self._leading(role, formula, known, given, "an output of product")
        if taken != given:
            self._refuse(
                formula, f"{role} takes {taken} of the {given} values that product returns"
            )
        wave = np.array([0.5 + 0.25j])
        return self._count(role, formula, [wave] * given, dict.fromkeys(names, wave))

    def _leading(
        self, role: str, formula: Any, known: set[str], given: int, before: str
    ) -> int:
        """Count the parameters before the named ones, at most ``given``."""
        names = parameters(formula)
        taken = min(leading(formula, known), given)
        for name in names[taken:]:
            if name not in known:
                list_ = ", ".join(sorted(known)) or "the constants, as there are none"
                reason = f"neither {before} nor one" if given else "none"
                self._refuse(
                    formula, f"{role} takes {name!r}, which is {reason} of {list_}"
                )
        for word in foreign_words(formula):
            self._refuse(
                formula,
                f"{role} uses {word!r}; beside operators a formula may use what it takes, "
                f"the parts .real and .imag, .conj() and, imported from pdekit.formulas, "
                f"{', '.join(sorted(WORDS))}",
            )
        return taken

    def _count(
        self, role: str, formula: Any, values: list[Any], waves: Mapping[str, Any]
    ) -> int:
        """Evaluate a formula once, on arrays of one element, to count what it returns."""
        constants = {name: np.float64(value) for name, value in self.constants.items()}
        names = parameters(formula)[len(values) :]
        arrays = {name: np.array([0.5]) for name in names}
        named = lookup(names, waves, constants, arrays)
        try:
            with np.errstate(all="ignore"):
                found = formula(*values, *named)
        except Exception as error:
            self._refuse(formula, f"{role} raises {type(error).__name__}: {error}", error)
        if found is None:
            self._refuse(formula, f"{role} returns nothing: is a return statement missing?")
        return len(as_tuple(found))

    def _refuse(
        self, formula: Any, reason: str, cause: Exception | None = None
    ) -> NoReturn:
        raise PdekitError(f"{place_of(formula) or self.equation.name}: {reason}") from cause


def place_of(formula: Callable[..., Any]) -> str:
    """Return ``file:line`` of a function's ``def``, nothing for one made from a tree."""
    code = getattr(formula, "__code__", None)
    if code is None:
        return ""
    line = code.co_firstlineno
    with suppress(OSError, TypeError):  # no source, as at a prompt
        lines, _ = inspect.getsourcelines(formula)
        line += next(
            (i for i, text in enumerate(lines) if text.lstrip().startswith("def ")), 0
        )
    return f"{Path(code.co_filename).name}:{line}"


def foreign_words(formula: Callable[..., Any]) -> list[str]:
    """Return the names in a formula that the compiled loops do not know."""
    code = getattr(formula, "__code__", None)
    if code is None:  # made from a checked tree
        return []
    space = getattr(formula, "__globals__", {})
    found = [*code.co_freevars]
    for step in dis.get_instructions(code):
        name = str(step.argval)
        if step.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            if name not in WORDS or space.get(name) is not WORDS[name]:
                found.append(name)
        elif step.opname in ("LOAD_ATTR", "LOAD_METHOD") and name not in PARTS:
            found.append(f".{name}")
        elif step.opname == "IMPORT_NAME":
            found.append(name)
    return found


@lru_cache(maxsize=256)
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
    found = []
    for name in names:  # at every stage of a step: a generator would take thrice as long
        for place in places:
            if name in place:
                found.append(place[name])
                break
        else:
            raise KeyError(name)
    return found
