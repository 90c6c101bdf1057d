"""Sums of products that are transformed forward as one, and what they look like."""

from __future__ import annotations

from pdekit.declared._formula import Formula
from pdekit.declared._operators import AXES
from pdekit.declared._terms import Term
from pdekit.equation import Terms
from pdekit.expressions._simplify import ONE, ZERO, add, divide, multiply
from pdekit.expressions._tree import Binary, Call, Name, Negative, Node, Number, to_text

Group = tuple[tuple[Node, Node], ...]
"""Σ coefficient · product, transformed forward as one."""


def normalised(pairs: list[tuple[Node, Node]]) -> tuple[Node, Group]:
    """Take the coefficient of a single product, or a common one, out of a sum."""
    gathered: dict[Node, Node] = {}
    for coefficient, value in pairs:
        gathered[value] = add(gathered.get(value, ZERO), coefficient)
    ordered = sorted(
        ((v, c) for v, c in gathered.items() if c != ZERO),
        key=lambda pair: to_text(pair[0]),
    )
    if not ordered:  # it cancels
        return ZERO, ()
    first = ordered[0][1]
    ratios = [(_ratio(coefficient, first), value) for value, coefficient in ordered]
    if all(isinstance(ratio, Number) for ratio, _ in ratios):
        return first, tuple(ratios)
    return ONE, tuple((coefficient, value) for value, coefficient in ordered)


def _ratio(a: Node, b: Node) -> Node:
    """Return a/b, as a number where it is one."""
    match a, b:
        case Number(float() as top), Number(float() as bottom):
            return Number(top / bottom)
    return divide(a, b)


def times(a: Node, b: Node) -> Node:
    """Return a product, the factor 1 left out; larger parts stay as they are."""
    if a == ONE:
        return b
    return a if b == ONE else Binary("*", a, b)


def shown(term: Term) -> str:
    """Write a term as a formula."""
    text = "1" if term.core is None else to_text(term.core)
    text = f"inv_lap({text})" if term.operator.inverses else text
    text = f"lap({text})" if term.operator.laplacians else text
    orders = zip(AXES, term.operator.orders, strict=True)
    letters = "".join(axis * order for axis, order in orders)
    text = f"d{letters}({text})" if letters else text
    return to_text(multiply(term.coefficient, Name(text)))


def degree_of(terms: Terms) -> int | None:
    """Return the largest number of factors that a product has."""
    if not isinstance(terms.product, Formula):
        return 0
    degrees = [_degree(tree, terms.product.takes) for tree in terms.product.results]
    return None if None in degrees else max(d for d in degrees if d is not None)


def _degree(node: Node, names: tuple[str, ...]) -> int | None:
    """Return the degree of a polynomial in what was transformed back and known fields."""
    match node:
        case Number():
            return 0
        case Name(name):
            return int(name in names and name[1:2] != "c")
        case Negative(operand) | Call("real" | "imag", (operand,)):
            return _degree(operand, names)
        case Binary("**", base, Number(float() as power)) if power.is_integer():
            degree = _degree(base, names)
            return None if degree is None else int(power) * degree
        case Binary("+" | "-" | "*" as symbol, left, right):
            a, b = _degree(left, names), _degree(right, names)
            if a is None or b is None:
                return None
            return a + b if symbol == "*" else max(a, b)
    return None
