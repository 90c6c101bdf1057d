"""What can be wrong with a declaration, each thing with its place."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterator, Mapping
from typing import Any

from pdekit.declared import _linear
from pdekit.declared._definition import (
    RESERVED,
    WORD,
    Definition,
    definition_of,
    kinds_of,
    read_linear,
)
from pdekit.declared._operators import AXES, operator
from pdekit.declared._plan import plan
from pdekit.declared._reader import UNIT, read
from pdekit.declared._table import Table
from pdekit.declared._terms import SPACE_TIME, Words
from pdekit.errors import ExpressionError, suggestion
from pdekit.expressions._tree import names_in

Path = tuple[str, ...]


def problems(
    params: Mapping[str, Any],
    parameters: Mapping[str, float] | frozenset[str],
    axes: int | None,
) -> Iterator[tuple[Path, ExpressionError]]:
    """Find what is wrong with a declaration whose structure is sound.

    Parameters
    ----------
    parameters
        Numbers of the case that the formulas may use, or only their names.
    axes
        Number of axes of the box, if it is known.

    Yields
    ------
    The path of each problem below ``equation``, and the error, with its column.
    """
    kinds = kinds_of(params["fields"])
    if found := list(_wrong_fields(params["fields"], kinds)):
        yield from found
        return
    sound = bool(params.get("linear") or params.get("nonlinear"))
    if not sound:
        yield (), ExpressionError("needs `linear`, `nonlinear` or both")
    own = params.get("parameters") or {}
    names = frozenset({*parameters, *own})
    numbers = {**parameters, **own} if isinstance(parameters, Mapping) else None
    for section in ("linear", "nonlinear"):
        for name, text in (params.get(section) or {}).items():
            try:
                if name not in kinds:
                    raise ExpressionError(f"unknown field{suggestion(name, kinds)}")
                _check(section, name, text, kinds, names, axes)
            except ExpressionError as error:
                sound = False
                yield (section, name), error
    if sound and numbers is not None and axes is not None:
        yield from _wrong_numbers(definition_of(params, names), axes, numbers)


def _wrong_fields(
    given: Any, kinds: Mapping[str, str]
) -> Iterator[tuple[Path, ExpressionError]]:
    if not kinds:
        yield ("fields",), ExpressionError("must name one field at least")
    if not isinstance(given, Mapping) and len(kinds) < len(given):
        yield ("fields",), ExpressionError("names a field twice")
    for name in kinds:
        if not WORD.fullmatch(name) or keyword.iskeyword(name):
            message = f"{name!r} is no name for a field: a letter, then letters, digits, _"
            yield ("fields",), ExpressionError(message)
        elif name in RESERVED or operator(name) is not None:
            message = f"{name!r} has a meaning of its own in formulas"
            yield ("fields",), ExpressionError(message)
    if len(set(kinds.values())) > 1:
        yield ("fields",), ExpressionError("must be all real or all complex")


def _check(
    section: str, name: str, text: str, kinds: Mapping[str, str], names: frozenset[str],
    axes: int | None,
) -> None:  # fmt: skip
    """Refuse one formula that cannot be read, or not be computed."""
    fields, is_complex = tuple(kinds), "complex" in kinds.values()
    if clash := sorted(names & set(fields)):
        raise ExpressionError(f"{clash[0]!r} is both a field and a parameter")
    if UNIT in names:
        raise ExpressionError(
            "'i' is the imaginary unit here; call the parameter otherwise"
        )
    words = Words(fields, names)
    if section == "linear":
        tree = read_linear(text, fields, names)
        symbol = _linear.symbol_of(name, tree, words)
        if axes is not None and axes > 1 and "k" in names_in(symbol):
            raise ExpressionError(
                "k is the wavenumber on a line; write kx, ky, kz or k2",
                text,
                _place("k", text),
            )
        if axes is not None and (least := _linear.axes_of(symbol)) > axes:
            axis = AXES[least - 1]
            raise ExpressionError(
                f"there is no axis {axis} (the domain has {', '.join(AXES[:axes])})",
                text,
                _place(f"k{axis}", text),
            )
        return
    tree = read(text, {*fields, *names, *SPACE_TIME})
    if axes is not None and (far := sorted(set(AXES[axes:]) & names_in(tree))):
        raise ExpressionError(
            f"there is no axis {far[0]} (the domain has {', '.join(AXES[:axes])})",
            text,
            _place(far[0], text),
        )
    definition = Definition(fields, is_complex, {}, {name: tree}, names)
    boxes = definition.dimensions if axes is None else (axes,)
    for box in boxes:
        plan(definition.nonlinear, words, Table(words), box, not is_complex)


def _place(name: str, text: str) -> int | None:
    """Return the column of a name in a formula."""
    found = re.search(rf"\b{name}\b", text)
    return None if found is None else found.start() + 1


def _wrong_numbers(
    found: Definition, axes: int, numbers: Mapping[str, float]
) -> Iterator[tuple[Path, ExpressionError]]:
    """Evaluate what can be evaluated without a grid."""
    for name in found.fields:
        try:
            if not found.complex:
                _linear.check_of_real_field(name, found.symbols[name], axes, numbers)
        except ExpressionError as error:
            yield ("linear", name), error
    try:
        plan(found.nonlinear, found.words, found.table, axes, not found.complex)
        found.table.numbers(numbers)
    except ExpressionError as error:
        yield ("nonlinear",), error
