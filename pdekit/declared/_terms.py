"""A right-hand side as a sum of  coefficient · derivative of a product."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import reduce

from pdekit.declared._operators import IDENTITY, Operator, operator, repeated
from pdekit.declared._reader import refusal, times_of
from pdekit.expressions import CONSTANTS
from pdekit.expressions._simplify import ONE, divide, multiply, negative
from pdekit.expressions._tree import Binary, Call, Name, Negative, Node, to_text, walk

SPACE_TIME = ("x", "y", "z", "t")
MAX_ORDER = 24
"""Of derivatives within derivatives."""
MAX_FACTORS = 24
"""Powers that have more factors stay powers."""


@dataclass(frozen=True)
class Term:
    """``coefficient · operator(core)``; without a core, the coefficient alone.

    A core is a field, which is a linear term, or a product of what is not constant.
    """

    coefficient: Node
    operator: Operator
    core: Node | None


@dataclass(frozen=True)
class Words:
    """What the names of a formula mean."""

    fields: tuple[str, ...]
    parameters: frozenset[str]

    def is_constant(self, node: Node) -> bool:
        """Whether a part is a number: literals, ``pi`` and parameters."""
        return self._mentions_only(node, {*self.parameters, *CONSTANTS})

    def is_known(self, node: Node) -> bool:
        """Whether a part does not depend on the solution: coordinates and time as well."""
        return self._mentions_only(node, {*self.parameters, *CONSTANTS, *SPACE_TIME})

    def _mentions_only(self, node: Node, names: Collection[str]) -> bool:
        return all(
            part.name in names if isinstance(part, Name) else derivative(part) is None
            for part in walk(node)
        )


def derivative(node: Node) -> Operator | None:
    """Return the operator that a part applies to its argument, or None."""
    if not isinstance(node, Call):
        return None
    base = operator(node.function)
    return None if base is None else repeated(base, times_of(node))


def terms_of(
    node: Node, words: Words, scale: Node = ONE, outer: Operator = IDENTITY
) -> Iterator[Term]:
    """Take sums, constant factors and derivatives apart, from the outside inwards."""
    if words.is_constant(node):
        if outer.is_identity:  # derivatives of constants vanish
            yield Term(multiply(scale, node), IDENTITY, None)
        return
    match node:
        case Binary("+", left, right):
            yield from terms_of(left, words, scale, outer)
            yield from terms_of(right, words, scale, outer)
            return
        case Binary("-", left, right):
            yield from terms_of(left, words, scale, outer)
            yield from terms_of(right, words, negative(scale), outer)
            return
        case Call(_, arguments) if (own := derivative(node)) is not None:
            inner = outer.after(own)
            if inner.order > MAX_ORDER:
                raise refusal(f"more than {MAX_ORDER} derivatives in all", node)
            yield from terms_of(arguments[0], words, scale, inner)
            return
    constant, rest = factors_of(node, words)
    scale = multiply(scale, constant)
    if len(rest) == 1 and rest[0] is not node:
        yield from terms_of(rest[0], words, scale, outer)
    else:
        yield Term(scale, outer, reduce(lambda a, b: Binary("*", a, b), rest))


def factors_of(node: Node, words: Words) -> tuple[Node, list[Node]]:
    """Return the constant factor of a product, and its other factors, in a fixed order."""
    if words.is_constant(node):
        return node, []
    match node:
        case Negative(operand):
            constant, rest = factors_of(operand, words)
            return negative(constant), rest
        case Binary("*", left, right):
            (a, first), (b, second) = factors_of(left, words), factors_of(right, words)
            return multiply(a, b), sorted([*first, *second], key=to_text)
        case Binary("/", left, right) if words.is_constant(right):
            constant, rest = factors_of(left, words)
            return divide(constant, right), rest
        case Binary("**", base, exponent) if (count := small_power(exponent)) is not None:
            constant, rest = factors_of(base, words)
            if any(
                isinstance(factor, Call) and factor.function == "abs" for factor in rest
            ):
                return ONE, [node]  # |z|² needs no root
            if len(rest) * count > MAX_FACTORS:
                return ONE, [node]
            scale = ONE if constant == ONE else Binary("**", constant, exponent)
            return scale, sorted(rest * count, key=to_text)
    return ONE, [node]


def small_power(exponent: Node) -> int | None:
    """Return a positive whole exponent that is written out as a product."""
    value = getattr(exponent, "value", None)
    whole = isinstance(value, float) and value.is_integer() and 1 <= value <= 12
    return int(value) if whole and isinstance(value, float) else None


def linear_form(
    node: Node, words: Words, outer: Operator
) -> tuple[tuple[Node, Operator, str], ...] | None:
    """Return  Σ coefficient · operator(field)  if a part is that, else None."""
    found: list[tuple[Node, Operator, str]] = []
    for term in terms_of(node, words, ONE, outer):
        if not isinstance(term.core, Name) or term.core.name not in words.fields:
            return None
        found.append((term.coefficient, term.operator, term.core.name))
    return tuple(found)
