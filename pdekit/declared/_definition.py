"""What declares an equation: its formulas, read and taken apart."""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator
from pydantic import Field as Key

from pdekit.declared import _linear
from pdekit.declared._operators import AXES, operator
from pdekit.declared._plan import SPECTRAL, Plan, plan
from pdekit.declared._reader import UNIT, read
from pdekit.declared._table import Table
from pdekit.declared._terms import SPACE_TIME, Words, derivative
from pdekit.equation import Params
from pdekit.expressions import CONSTANTS, FUNCTIONS
from pdekit.expressions._tree import Node, Number, names_in, walk

NAME = "declared"
RESERVED = {
    *SPACE_TIME,
    *CONSTANTS,
    *FUNCTIONS,
    *_linear.WAVENUMBERS,
    *SPECTRAL,
    UNIT,
    "i_times",
}
WORD = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


def _text(value: Any) -> Any:
    """Let a formula be a plain number."""
    plain = isinstance(value, int | float) and not isinstance(value, bool)
    return repr(value) if plain else value


Text = Annotated[str, BeforeValidator(_text)]


class DeclaredParams(Params):
    """What declares an equation  ∂ₜu = L u + N(u)."""

    fields: tuple[str, ...] | dict[str, Literal["real", "complex"]] = Key(
        description="names of the fields: [u, v], or {psi: complex}"
    )
    linear: dict[str, Text] = Key(
        default={}, description="L of each field: its symbol, or its derivatives"
    )
    nonlinear: dict[str, Text] = Key(
        default={}, description="N of each field, of fields and their derivatives"
    )
    parameters: dict[str, float] = Key(
        default={}, description="numbers of the formulas, before those of the case"
    )
    dealias: Literal["auto", "none", "two_thirds", "half"] = Key(
        default="auto",
        description="treatment of aliased products; auto is two_thirds for products of two",
    )
    integrator: str = Key(default="etdrk4", description="what auto means in solver")


@dataclass(frozen=True)
class Definition:
    """The formulas of an equation, read and taken apart."""

    fields: tuple[str, ...]
    complex: bool
    linear: Mapping[str, Node]
    nonlinear: Mapping[str, Node]
    parameters: frozenset[str]

    @cached_property
    def words(self) -> Words:
        """What the names mean."""
        return Words(self.fields, self.parameters)

    @cached_property
    def table(self) -> Table:
        """Constants and coefficient fields, shared by the plans of all dimensions."""
        return Table(self.words)

    @cached_property
    def symbols(self) -> dict[str, Node]:
        """Symbol of every field."""
        none: Node = Number(0.0)
        return {
            name: _linear.symbol_of(name, self.linear[name], self.words)
            if name in self.linear
            else none
            for name in self.fields
        }

    @cached_property
    def dimensions(self) -> tuple[int, ...]:
        """Numbers of axes that the formulas allow."""
        least = max(map(_linear.axes_of, self.symbols.values()), default=1)
        for tree in self.nonlinear.values():
            used = [i + 1 for i, axis in enumerate(AXES) if axis in names_in(tree)]
            orders = [own.axes for p in walk(tree) if (own := derivative(p)) is not None]
            least = max([least, *used, *orders])
        on_a_line = any("k" in names_in(symbol) for symbol in self.symbols.values())
        return (1,) if on_a_line else tuple(range(max(least, 1), 4))

    @cached_property
    def plans(self) -> dict[int, Plan]:
        """How N is computed, by the number of axes."""
        return {
            axes: plan(self.nonlinear, self.words, self.table, axes, not self.complex)
            for axes in self.dimensions
        }

    @property
    def is_quadratic(self) -> bool:
        """Whether no product has more than two factors, in any dimension."""
        return all(p.degree == 2 for p in self.plans.values())


def kinds_of(fields: Any) -> dict[str, str]:
    """Return every field with its kind, real unless stated."""
    return dict(fields) if isinstance(fields, Mapping) else dict.fromkeys(fields, "real")


def definition_of(params: Mapping[str, Any], names: frozenset[str]) -> Definition:
    """Read the formulas; ``names`` are those of the parameters."""
    kinds = kinds_of(params["fields"])
    fields = tuple(kinds)
    return Definition(
        fields,
        "complex" in kinds.values(),
        {f: read_linear(t, fields, names) for f, t in (params.get("linear") or {}).items()},
        {
            f: read(t, {*fields, *names, *SPACE_TIME})
            for f, t in (params.get("nonlinear") or {}).items()
        },
        names,
    )


def read_linear(text: str, fields: tuple[str, ...], names: frozenset[str]) -> Node:
    """Read a symbol, or derivatives of a field."""
    return read(text, {*fields, *names, *_linear.WAVENUMBERS})


def parameters_in(params: Mapping[str, Any]) -> frozenset[str]:
    """Return every name in the formulas that means nothing else."""
    texts = [
        *(params.get("linear") or {}).values(),
        *(params.get("nonlinear") or {}).values(),
    ]
    found = {name for text in texts for name in WORD.findall(text)}
    known = RESERVED | set(kinds_of(params["fields"]))
    return frozenset(
        n for n in found - known if operator(n) is None and not keyword.iskeyword(n)
    )
