"""Numbers and known fields of the formulas: computed once, outside the loops."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pdekit.declared._reader import refusal
from pdekit.declared._terms import SPACE_TIME, Words
from pdekit.expressions import CONSTANTS, Expression, evaluate_on
from pdekit.expressions._simplify import ONE, ZERO, add, is_real, multiply
from pdekit.expressions._tree import (
    Binary,
    Call,
    Name,
    Negative,
    Node,
    Number,
    excerpt,
    names_in,
    to_text,
)
from pdekit.typing import Array

I = Number(1j)  # noqa: E741 - the imaginary unit


@dataclass
class Table:
    """Names for what does not depend on the solution.

    Constants are called ``_c0, _c1, …`` and coefficient fields ``_f0, _f1, …``; so the text
    of a formula, and its compiled code, stay the same when a parameter changes.
    """

    words: Words
    constants: dict[Node, str] = field(default_factory=dict)
    fields: dict[Node, str] = field(default_factory=dict)

    def constant(self, node: Node) -> Node:
        """Return a number, a name, or  a + i b  of them, for a part without fields."""
        if names_in(node) <= CONSTANTS.keys():
            value = number(node, {})
            real, imaginary = (Number(float(v)) for v in (value.real, value.imag))
            return real if not value.imag else _joined(real, imaginary)
        turned, rest = _without_unit(node)
        if self._is_real(rest):
            name = Name(self.constants.setdefault(rest, f"_c{len(self.constants)}"))
            return multiply(I, name) if turned else name
        parts = (self.constant(Call(part, (node,))) for part in ("real", "imag"))
        return _joined(*parts)

    def coefficient(self, node: Node) -> Node:
        """Return the name of a real field of the coordinates and time."""
        if not is_real(node, {*self.words.parameters, *SPACE_TIME}):
            raise refusal(
                f"the coefficient {excerpt(node)} is complex; write it as a + i*b with "
                "real a and b",
                node,
            )
        return Name(self.fields.setdefault(node, f"_f{len(self.fields)}"))

    def known(self, node: Node) -> Node:
        """Return the name of what depends on the coordinates, or a number."""
        is_constant = self.words.is_constant(node)
        return self.constant(node) if is_constant else self.coefficient(node)

    def _is_real(self, node: Node) -> bool:
        return is_real(node, self.words.parameters)

    @property
    def time_dependent(self) -> bool:
        """Whether a coefficient changes with time."""
        return any("t" in names_in(node) for node in self.fields)

    def numbers(self, parameters: Mapping[str, float]) -> dict[str, float]:
        """Return the values of the constants."""
        return {
            name: number(node, parameters).real for node, name in self.constants.items()
        }

    def arrays(self, values: Mapping[str, Any], shape: tuple[int, ...]) -> dict[str, Array]:
        """Return the coefficient fields on a grid; ``values`` has coordinates and time."""
        return {
            name: evaluate_on(expression(node), _used(node, values), shape)
            for node, name in self.fields.items()
        }


def expression(node: Node) -> Expression:
    """Return a tree as a formula that can be evaluated."""
    return Expression(to_text(node), names_in(node), node)


def number(node: Node, parameters: Mapping[str, float]) -> complex:
    """Return the value of a part without fields."""
    value = complex(expression(node)(**_used(node, parameters)))
    if not math.isfinite(abs(value)):
        raise refusal(f"{excerpt(node)} is not a finite number", node)
    return value


def _used(node: Node, values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name in names_in(node)}


def _joined(real: Node, imaginary: Node) -> Node:
    """Return  a + i b  without parts that are zero."""
    if imaginary == ZERO:
        return real
    return add(real, I if imaginary == ONE else multiply(imaginary, I))


def _without_unit(node: Node) -> tuple[bool, Node]:
    """Take one imaginary literal out of a product: whether there was one, and the rest."""
    match node:
        case Number(complex() as value):
            return True, Number(value.imag)
        case Negative(operand):
            turned, rest = _without_unit(operand)
            return turned, Negative(rest)
        case Binary("*" | "/" as symbol, left, right):
            turned, rest = _without_unit(left)
            if turned:
                return True, Binary(symbol, rest, right)
            if symbol == "*":
                turned, rest = _without_unit(right)
                return turned, Binary(symbol, left, rest)
    return False, node
