"""Symbolic derivatives with respect to a real variable.

The rules of the functions are formulas themselves, listed with the functions.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from pdekit.errors import ExpressionError
from pdekit.expressions._functions import ARGUMENTS, JUMPS_IF_REAL, TABLE
from pdekit.expressions._parse import parse
from pdekit.expressions._simplify import (
    ONE,
    ZERO,
    add,
    call,
    divide,
    is_real,
    multiply,
    negative,
    power,
    subtract,
)
from pdekit.expressions._tree import (
    Binary,
    Call,
    Comparison,
    Name,
    Negative,
    Node,
    Number,
    excerpt,
    names_in,
)

_ARITHMETIC = {"+": add, "-": subtract, "*": multiply, "/": divide, "**": power}
_SLOPES = tuple(f"d{name}" for name in ARGUMENTS)


def differentiate(tree: Node, variable: str) -> Node:
    """Return the derivative of a tree; the other names are constants."""
    return _Derivative(variable).of(tree)


class _Derivative:
    def __init__(self, variable: str) -> None:
        self.variable = variable
        self._known: dict[int, Node] = {}  # derivatives share parts: each is done once

    def of(self, node: Node) -> Node:
        if id(node) not in self._known:
            self._known[id(node)] = self._derive(node)
        return self._known[id(node)]

    def _derive(self, node: Node) -> Node:
        match node:
            case Number():
                return ZERO
            case Name(name):
                return ONE if name == self.variable else ZERO
            case Negative(operand):
                return negative(self.of(operand))
            case Binary(symbol, left, right):
                return self._of_binary(symbol, left, right)
            case Comparison(_, left, right):
                return self._of_jump(node, (left, right))
            case Call(function, arguments):
                return self._of_call(node, function, arguments)

    def _of_binary(self, symbol: str, a: Node, b: Node) -> Node:
        da, db = self.of(a), self.of(b)
        match symbol:
            case "+":
                return add(da, db)
            case "-":
                return subtract(da, db)
            case "*":
                return add(multiply(da, b), multiply(a, db))
            case "/":
                change = divide(multiply(a, db), power(b, Number(2.0)))
                return subtract(divide(da, b), change)
        by_base = multiply(multiply(b, power(a, subtract(b, ONE))), da)
        if db == ZERO:
            return by_base
        return add(by_base, multiply(multiply(power(a, b), call("log", (a,))), db))

    def _of_call(self, node: Call, function: str, arguments: tuple[Node, ...]) -> Node:
        rule = TABLE[function].derivative
        if rule is None or (
            function in JUMPS_IF_REAL and is_real(arguments[0], {self.variable})
        ):
            return self._of_jump(node, arguments)
        tree = _rule(rule)
        used = names_in(tree)
        bound = dict(zip(ARGUMENTS, arguments, strict=False))
        for slope, argument in zip(_SLOPES, arguments, strict=False):
            if slope in used:
                bound[slope] = self.of(argument)
        if all(bound[name] == ZERO for name in used.intersection(_SLOPES)):
            return ZERO
        return self._substitute(tree, bound)

    def _of_jump(self, node: Comparison | Call, operands: tuple[Node, ...]) -> Node:
        if all(self.of(operand) == ZERO for operand in operands):
            return ZERO
        raise ExpressionError(f"{excerpt(node)} has no derivative", column=node.column)

    def _substitute(self, rule: Node, bound: Mapping[str, Node]) -> Node:
        """Put arguments and their derivatives into a rule."""
        match rule:
            case Name(name):
                return bound.get(name, rule)
            case Negative(operand):
                return negative(self._substitute(operand, bound))
            case Binary(symbol, left, right):
                sides = self._substitute(left, bound), self._substitute(right, bound)
                return _ARITHMETIC[symbol](*sides)
            case Comparison(symbol, left, right):
                sides = self._substitute(left, bound), self._substitute(right, bound)
                return Comparison(symbol, *sides)
            case Call(function, arguments):
                replaced = tuple(self._substitute(a, bound) for a in arguments)
                return call(function, replaced, {self.variable})
        return rule


@cache
def _rule(text: str) -> Node:
    return parse(text, (*ARGUMENTS, *_SLOPES))
