"""Products of fields and their derivatives, in words that can be compiled.

What is transformed back becomes ``_0, _1, …``; what does not depend on the solution gets a
name of its own; functions become those of :mod:`pdekit.formulas`, powers products.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import reduce
from itertools import islice

from pdekit.declared._operators import AXES, Operator
from pdekit.declared._reader import refusal
from pdekit.declared._table import I, Table
from pdekit.declared._terms import Words, derivative, factors_of, linear_form
from pdekit.expressions._derivative import _Derivative
from pdekit.expressions._parse import parse
from pdekit.expressions._simplify import ONE, ZERO, is_real, multiply
from pdekit.expressions._tree import (
    Binary,
    Call,
    Comparison,
    Name,
    Negative,
    Node,
    Number,
    children,
    excerpt,
    walk,
)

Form = tuple[tuple[Node, Operator, str], ...]
"""Σ coefficient · operator(field): one transform back."""

DIRECT = ("sin", "cos", "exp", "sqrt", "tanh", "cosh", "maximum")
"""Functions of real values that compiled loops have."""
PARTS = ("real", "imag")
REWRITTEN = {
    "tan": "sin(a)/cos(a)",
    "sinh": "(exp(a) - exp(-a))/2",
    "sech": "1/cosh(a)",
    "csch": "2/(exp(a) - exp(-a))",
    "coth": "1/tanh(a)",
    "minimum": "-maximum(-a, -b)",
    "gaussian": "exp(-(a/b)*(a/b)/2)",
}
"""Functions in terms of those."""
ACCEPTED = tuple(sorted({*DIRECT, *PARTS, *REWRITTEN, "abs", "conj"}))
MAX_POWER = 12
MAX_SIZE = 2000
"""Terms that a formula may grow to: rules repeat their arguments."""


@dataclass
class Pointwise:
    """Collects what a sum of products needs, and writes the products with it."""

    words: Words
    table: Table
    axes: int
    real: bool
    inputs: dict[Form, int] = field(default_factory=dict)
    _sizes: dict[int, tuple[Node, int]] = field(default_factory=dict, repr=False)

    def input(self, form: Form) -> Node:
        """Return the name of a linear combination of derivatives, transformed back."""
        return Name(f"_{self.inputs.setdefault(form, len(self.inputs))}")

    def value(self, node: Node) -> Node:
        """Return a part of a product in the words of compiled loops."""
        found = self._value(node)
        if self._size(found) > MAX_SIZE:
            raise refusal("the product is too long when it is written out", node)
        return found

    def _size(self, node: Node) -> int:
        """Count the terms of a tree, each shared part looked at only once."""
        if id(node) not in self._sizes:
            total = 1 + sum(self._size(child) for child in children(node))
            self._sizes[id(node)] = node, total
        return self._sizes[id(node)][1]

    def _value(self, node: Node) -> Node:
        if self.words.is_known(node):
            return self.table.known(node)
        match node:
            case Name(name):
                return self.input(((ONE, Operator(), name),))
            case Negative(operand):
                return Negative(self.value(operand))
            case Binary("*"):
                return self._product(node)
            case Binary("**", base, exponent):
                return self._power(node, base, exponent)
            case Binary(symbol, left, right):
                return Binary(symbol, self.value(left), self.value(right))
            case Call() if (own := derivative(node)) is not None:
                return self._derivative(node, own)
            case Call(function, arguments):
                return self._call(node, function, arguments)
            case Comparison():
                raise refusal("comparisons of fields are not available here", node)
        raise TypeError(node)

    def _product(self, node: Node) -> Node:
        """Gather the factors that do not depend on the solution into one."""
        constant, rest = factors_of(node, self.words)
        known = [factor for factor in rest if self.words.is_known(factor)]
        solved = [factor for factor in rest if not self.words.is_known(factor)]
        front = [] if constant == ONE else [self.table.constant(constant)]
        if known:
            front.append(self.table.coefficient(reduce(_times, known)))
        if len(solved) == 1 and not front:  # a power that cannot be taken apart
            return self.value(solved[0])
        return reduce(_times, [*front, *map(self.value, solved)])

    # -- derivatives -------------------------------------------------------------------

    def _derivative(self, node: Call, own: Operator) -> Node:
        """Transform the derivative of something linear back; use the product rule else."""
        self.check_axes(node, own)
        form = linear_form(node.arguments[0], self.words, own)
        if form is not None:
            return self.input(form) if form else ZERO
        if own.inverses:
            raise refusal(
                f"{excerpt(node)} inverts a product inside a product, which would take "
                "further transforms; only inverses of linear parts can stand there",
                node,
            )
        return self.value(self.expanded(node.arguments[0], own))

    def expanded(self, node: Node, own: Operator) -> Node:
        """Differentiate a product by the rules of calculus."""
        for axis, order in zip(AXES, own.orders, strict=True):
            for _ in range(order):
                node = self._short(self._along(axis, node))
        for _ in range(own.laplacians):
            parts = [self._along(a, self._along(a, node)) for a in AXES[: self.axes]]
            node = reduce(lambda a, b: Binary("+", a, b), parts)
            node = self._short(node)
        return node

    def _short(self, node: Node) -> Node:
        """Refuse what the product rule makes too long."""
        if any(True for _ in islice(walk(node), MAX_SIZE, None)):
            raise refusal("the derivative of this product is too long", node)
        return node

    def _along(self, axis: str, node: Node) -> Node:
        return _Along(axis, self).of(node)

    def check_axes(self, node: Node, own: Operator) -> None:
        """Refuse a derivative along an axis that the box does not have."""
        if own.axes > self.axes:
            raise refusal(
                f"{excerpt(node)} needs an axis {AXES[own.axes - 1]} (the domain has "
                f"{', '.join(AXES[: self.axes])})",
                node,
            )

    # -- powers and functions ----------------------------------------------------------

    def is_real(self, node: Node) -> bool:
        """Whether a part, in the words of compiled loops, is real for certain."""
        names = {n.name for n in walk(node) if isinstance(n, Name)}
        known = names if self.real else {n for n in names if n[1:2] in ("c", "f")}
        return is_real(node, known)

    def _power(self, node: Node, base: Node, exponent: Node) -> Node:
        if not self.words.is_constant(exponent):
            raise refusal("an exponent must be a number; write exp(…)", node)
        power = self.table.constant(exponent)
        if isinstance(power, Number) and isinstance(power.value, float):
            twice = 2.0 * power.value
            if twice.is_integer() and abs(twice) <= 2 * MAX_POWER:
                return self._half_whole(node, base, int(twice))
        value = self.value(base)
        if not (self.is_real(power) and self.is_real(value) and _never_negative(value)):
            raise refusal(
                f"{excerpt(node)} has no value where its base is negative or complex; "
                f"write abs({excerpt(base)})**({excerpt(exponent)})",
                node,
            )
        return Binary("**", value, power)

    def _half_whole(self, node: Node, base: Node, twice: int) -> Node:
        """Return a power of a whole or half exponent as products and a root."""
        count, half = divmod(abs(twice), 2)
        if isinstance(base, Call) and base.function == "abs" and not half and not count % 2:
            value, count = self._square(self.value(base.arguments[0])), count // 2
        else:
            value = self.value(base)
        if isinstance(value, Name) or count < 2:
            factors = [value] * count
        else:  # the text repeats its name instead
            factors = [Binary("**", value, Number(float(count)))]
        if half:
            factors.append(self._direct(node, "sqrt", (value,)))
        product = reduce(_times, factors) if factors else ONE
        return Binary("/", ONE, product) if twice < 0 else product

    def _call(self, node: Node, function: str, arguments: tuple[Node, ...]) -> Node:
        if function not in ACCEPTED:
            raise refusal(
                f"{function} of a field cannot be compiled; accepted: "
                f"{', '.join(ACCEPTED)}",
                node,
            )
        values = tuple(map(self.value, arguments))
        if function == "abs":
            if not self.is_real(values[0]):
                return Call("sqrt", (self._square(values[0]),))
            return Call("maximum", (values[0], Negative(values[0])))
        if function in (*PARTS, "conj"):
            return self._part(function, values[0])
        return self._direct(node, function, values)

    def _direct(self, node: Node, function: str, values: tuple[Node, ...]) -> Node:
        if not all(map(self.is_real, values)):
            raise refusal(
                f"{function} takes real values here (real(…), imag(…) or abs(…) of a "
                "complex field)",
                node,
            )
        if function in REWRITTEN:
            rule = parse(REWRITTEN[function], ("a", "b"))
            return _substituted(rule, dict(zip(("a", "b"), values, strict=False)))
        return Call(function, values)

    def _part(self, function: str, value: Node) -> Node:
        if self.is_real(value):
            return ZERO if function == "imag" else value
        if function == "conj":
            turned = multiply(I, Call("imag", (value,)))
            return Binary("-", Call("real", (value,)), turned)
        return Call(function, (value,))

    def _square(self, value: Node) -> Node:
        """Return |z|²."""
        if self.is_real(value):
            return _times(value, value)
        a, b = Call("real", (value,)), Call("imag", (value,))
        return Binary("+", _times(a, a), _times(b, b))


class _Along(_Derivative):
    """The derivative along an axis; that of a field is one more derivative to be taken."""

    def __init__(self, axis: str, pointwise: Pointwise) -> None:
        super().__init__(axis)
        self.pointwise = pointwise

    def _derive(self, node: Node) -> Node:
        words = self.pointwise.words
        if isinstance(node, Name) and node.name in words.fields:
            return Call(f"d{self.variable}", (node,))
        if not isinstance(node, Call) or (own := derivative(node)) is None:
            return super()._derive(node)
        inner = node.arguments[0]
        if own.inverses or linear_form(inner, words, own) is not None:
            return Call(f"d{self.variable}", (node,))
        return self.of(self.pointwise.expanded(inner, own))


def _times(a: Node, b: Node) -> Node:
    return Binary("*", a, b)


def _substituted(node: Node, values: dict[str, Node]) -> Node:
    match node:
        case Name(name):
            return values[name]
        case Negative(operand):
            return Negative(_substituted(operand, values))
        case Binary(symbol, left, right):
            sides = _substituted(left, values), _substituted(right, values)
            return Binary(symbol, *sides)
        case Call(function, arguments):
            return Call(function, tuple(_substituted(a, values) for a in arguments))
    return node


def _never_negative(node: Node) -> bool:
    match node:
        case Number(float() as value):
            return math.copysign(1.0, value) > 0
        case Call(function) if function in ("sqrt", "exp", "cosh"):
            return True
        case Call("maximum", (a, b)):
            return b == Negative(a) or _never_negative(a) or _never_negative(b)
        case Binary("*", left, right) if left == right:
            return True
        case Binary("**", base, Number(float() as power)) if power.is_integer():
            return power % 2 == 0 or _never_negative(base)
        case Binary("**"):
            return True  # its base was seen to be
        case Binary("+" | "*" | "/"):
            return all(map(_never_negative, children(node)))
    return False
