"""Building trees with light simplification, so that derivatives stay readable.

Zeros and ones vanish, literals are multiplied out and gathered in front of their product,
signs move outwards. Values change by rounding at most; nothing is expanded or factored.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from functools import reduce
from typing import TypeGuard

from pdekit.expressions._functions import CONSTANTS, TABLE
from pdekit.expressions._tree import (
    Binary,
    Call,
    Comparison,
    Name,
    Negative,
    Node,
    Number,
    children,
)

ZERO, ONE = Number(0.0), Number(1.0)
_REAL_VALUED = {"abs", "arg", "imag", "real"} | {n for n, f in TABLE.items() if f.real}


def negative(a: Node) -> Node:
    """Return ``-a``."""
    if a == ZERO:
        return a
    if isinstance(a, Binary) and a.operator == "-":
        return subtract(a.right, a.left)
    factor, rest = _split(a)
    return _scaled(Number(-factor.value), rest)


def add(a: Node, b: Node) -> Node:
    """Return ``a + b``."""
    if a == ZERO:
        return b
    if b == ZERO:
        return a
    if (total := _folded(a, b, 1.0)) is not None:
        return total
    if a == b:
        return multiply(Number(2.0), a)
    if _is_negative(b):
        return subtract(a, negative(b))
    if _is_negative(a):
        return subtract(b, negative(a))
    return Binary("+", a, b)


def subtract(a: Node, b: Node) -> Node:
    """Return ``a - b``."""
    if a == ZERO:
        return negative(b)
    if b == ZERO:
        return a
    if (total := _folded(a, b, -1.0)) is not None:
        return total
    if a == b:
        return ZERO
    if _is_negative(b):
        return add(a, negative(b))
    return Binary("-", a, b)


def multiply(a: Node, b: Node) -> Node:
    """Return ``a*b``."""
    (factor_a, rest_a), (factor_b, rest_b) = _split(a), _split(b)
    factor = _product(factor_a, factor_b)
    if factor is None:
        return Binary("*", a, b)
    if _is_fraction(rest_a):
        return _scaled(factor, divide(multiply(rest_a.left, rest_b), rest_a.right))
    if _is_fraction(rest_b):
        return _scaled(factor, divide(multiply(rest_a, rest_b.left), rest_b.right))
    if rest_a == rest_b != ONE:
        return _scaled(factor, power(rest_a, Number(2.0)))
    return _scaled(factor, _chain([*_factors(rest_a), *_factors(rest_b)]))


def divide(a: Node, b: Node) -> Node:
    """Return ``a/b``."""
    if a == ZERO or b == ONE:
        return a
    (factor_a, rest_a), (factor_b, rest_b) = _split(a), _split(b)
    if rest_a == rest_b != ONE:
        return divide(factor_a, factor_b)
    top, bottom = factor_a.value, factor_b.value
    if isinstance(top, float) and isinstance(bottom, float) and bottom not in (0.0, 1.0):
        quotient = top / bottom
        if quotient.is_integer():
            return divide(_scaled(Number(quotient), rest_a), rest_b)
    if _is_fraction(a):
        return divide(a.left, multiply(a.right, b))
    return Binary("/", a, b)


def power(a: Node, b: Node) -> Node:
    """Return ``a**b``."""
    if b == ZERO:
        return ONE
    if b == ONE:
        return a
    if isinstance(a, Binary) and a.operator == "**" and _is_whole(a.right) and _is_whole(b):
        return power(a.left, multiply(a.right, b))
    return Binary("**", a, b)


def call(function: str, arguments: tuple[Node, ...], real: Collection[str] = ()) -> Node:
    """Return ``function(*arguments)``; the names in ``real`` are known to be real."""
    first = arguments[0]
    if function in ("conj", "real", "imag") and is_real(first, real):
        return ZERO if function == "imag" else first
    if function == "where" and arguments[1] == arguments[2]:
        return arguments[1]
    if function == "log" and first == Name("e"):
        return ONE
    return Call(function, arguments)


def is_real(node: Node, names: Collection[str]) -> bool:
    """Say whether a tree is real for certain when ``names`` are."""
    match node:
        case Number(value):
            return isinstance(value, float)
        case Name(name):
            return name in names or name in CONSTANTS
        case Comparison():
            return True
        case Call(function) if function in _REAL_VALUED:
            return True
    return all(is_real(child, names) for child in children(node))


def _split(node: Node) -> tuple[Number, Node]:
    """Return the literal factor of a product or quotient, and the rest."""
    match node:
        case Number():
            return node, ONE
        case Negative(operand):
            factor, rest = _split(operand)
            return Number(-factor.value), rest
        case Binary("*"):
            return _gathered(_factors(node))
        case Binary("/", left, right) if _is_fraction(node):
            factor, rest = _split(left)
            return factor, (node if factor == ONE else Binary("/", rest, right))
    return ONE, node


def _scaled(factor: Number, rest: Node) -> Node:
    """Return ``factor*rest``, the inverse of `_split`."""
    if rest == ONE or factor == ZERO:
        return factor
    if factor == ONE:
        return rest
    if _is_fraction(rest):
        return Binary("/", _scaled(factor, rest.left), rest.right)
    return Negative(rest) if factor == Number(-1.0) else _chain([factor, *_factors(rest)])


def _gathered(factors: list[Node]) -> tuple[Number, Node]:
    """Multiply the literals among factors; return their product and that of the rest."""
    literal, rest = ONE, []
    for factor in factors:
        product = _product(literal, factor) if isinstance(factor, Number) else None
        if product is None:
            rest.append(factor)
        else:
            literal = product
    return literal, _chain(rest)


def _factors(node: Node) -> list[Node]:
    """Return the factors of a product, other than 1, from left to right."""
    found: list[Node] = []
    waiting = [node]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Binary) and node.operator == "*":
            waiting += node.right, node.left
        elif node != ONE:
            found.append(node)
    return found


def _chain(factors: list[Node]) -> Node:
    """Return the product of factors, bracketed from the left as it is written."""
    return reduce(lambda a, b: Binary("*", a, b), factors) if factors else ONE


def _product(a: Number, b: Number) -> Number | None:
    """Multiply two literals, each real or imaginary; None where that overflows."""
    imaginary = isinstance(a.value, complex) + isinstance(b.value, complex)
    size = _part(a) * _part(b) * (-1.0 if imaginary == 2 else 1.0)
    if not math.isfinite(size):
        return None
    return Number(complex(0.0, size) if imaginary == 1 else size)


def _folded(a: Node, b: Node, sign: float) -> Number | None:
    """Return ``a ± b`` of two real literals, None for anything else."""
    if not (isinstance(a, Number) and isinstance(b, Number)):
        return None
    if isinstance(a.value, complex) or isinstance(b.value, complex):
        return None
    total = a.value + sign * b.value
    return Number(total) if math.isfinite(total) else None


def _is_fraction(node: Node) -> TypeGuard[Binary]:
    """Say whether a node is ``a/b``, not ``a/b/c``: chains cost too much to regroup."""
    return _is_quotient(node) and not _is_quotient(node.left)


def _is_quotient(node: Node) -> TypeGuard[Binary]:
    return isinstance(node, Binary) and node.operator == "/"


def _is_whole(node: Node) -> bool:
    return isinstance(node, Number) and _part(node).is_integer() and is_real(node, ())


def _part(number: Number) -> float:
    return number.value.imag if isinstance(number.value, complex) else number.value


def _is_negative(node: Node) -> bool:
    return math.copysign(1.0, _part(_split(node)[0])) < 0
