"""Formulas of fields and their derivatives, read by the parser of all formulas.

The characters, the size and the depth are bounded and every node is checked there; here
only the calls of derivatives are added, and ``i`` for the imaginary unit.
"""

from __future__ import annotations

import ast
from collections.abc import Collection
from dataclasses import dataclass

from pdekit.declared._operators import EXAMPLES, MAX_ORDER, operator
from pdekit.errors import ExpressionError
from pdekit.expressions import _parse
from pdekit.expressions._functions import TABLE
from pdekit.expressions._tree import Binary, Call, Comparison, Name, Negative, Node, Number

UNIT = "i"
"""The imaginary unit, beside the literals such as ``0.5j``."""


@dataclass(frozen=True)
class _Reader(_parse._Reader):
    """The parser of formulas, to which derivatives are functions too."""

    derivatives: bool = True

    def _call(
        self,
        func: ast.expr,
        arguments: list[ast.expr],
        keywords: list[ast.keyword],
        column: int,
    ) -> Call:
        name = func.id if isinstance(func, ast.Name) else ""
        if not self.derivatives or operator(name) is None:
            return super()._call(func, arguments, keywords, column)
        if keywords:
            self.refuse(f"{name} takes no keyword arguments", column)
        if len(arguments) not in (1, 2):
            self.refuse(
                f"{name} takes a function and, perhaps, how often (got {len(arguments)} "
                "arguments)",
                column,
            )
        inner = tuple(self.convert(a) for a in arguments)
        if len(inner) == 2 and _order(inner[1]) is None:
            self.refuse(
                f"{name} is repeated 1 to {MAX_ORDER} times, a whole number", column
            )
        return Call(name, inner, column)

    def _nearest(self, name: str, known: Collection[str]) -> str:
        is_function = known is TABLE
        extra = EXAMPLES if is_function and self.derivatives else ()
        return super()._nearest(name, {*known, *extra})


def read(text: str, names: Collection[str], *, derivatives: bool = True) -> Node:
    """Read a formula in the given names, derivatives and ``i``.

    Raises
    ------
    ExpressionError
        With the column of what is wrong.
    """
    reader = _Reader(text, frozenset({*names, UNIT}), "formula", derivatives)
    reader.check_text(_parse.MAX_CHARACTERS)
    body = reader.python_tree()
    count = sum(isinstance(n, ast.expr) for n in ast.walk(body))
    if count > _parse.MAX_NODES:
        limit = f"{count} terms (at most {_parse.MAX_NODES})"
        reader.refuse(f"the formula is too long: {limit}")
    return _with_unit(reader.convert(body))


def times_of(call: Call) -> int:
    """How often a derivative is taken: the second argument, or once."""
    return (_order(call.arguments[1]) or 1) if len(call.arguments) == 2 else 1


def _order(node: Node) -> int | None:
    """Return the number of times that a second argument asks for."""
    match node:
        case Number(float() as value) if value.is_integer() and 1 <= value <= MAX_ORDER:
            return int(value)
    return None


def _with_unit(node: Node) -> Node:
    """Put the imaginary unit where ``i`` stands."""
    match node:
        case Name(name):
            return Number(1j) if name == UNIT else node
        case Negative(operand, column):
            return Negative(_with_unit(operand), column)
        case Binary(symbol, left, right, column):
            return Binary(symbol, _with_unit(left), _with_unit(right), column)
        case Comparison(symbol, left, right, column):
            return Comparison(symbol, _with_unit(left), _with_unit(right), column)
        case Call(function, arguments, column):
            return Call(function, tuple(map(_with_unit, arguments)), column)
    return node


def refusal(message: str, node: Node) -> ExpressionError:
    """Return the error about a part of a formula, at its column where it has one."""
    return ExpressionError(message, column=getattr(node, "column", None))
