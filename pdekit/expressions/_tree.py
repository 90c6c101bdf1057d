"""The immutable tree a formula becomes, and its way back to text."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

_COMPARISON, _SUM, _PRODUCT, _SIGN, _POWER, _ATOM = range(1, 7)
_PRECEDENCE = {"+": _SUM, "-": _SUM, "*": _PRODUCT, "/": _PRODUCT, "**": _POWER}


@dataclass(frozen=True, slots=True)
class Number:
    """A finite literal: real, or purely imaginary (``complex``)."""

    value: float | complex


@dataclass(frozen=True, slots=True)
class Name:
    """A coordinate, a parameter, a field, or a constant such as ``pi``."""

    name: str


@dataclass(frozen=True, slots=True)
class Negative:
    """``-operand``; a negative literal is a `Number` instead."""

    operand: Node
    column: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Binary:
    """``left operator right`` with one of ``+ - * / **``."""

    operator: str
    left: Node
    right: Node
    column: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Comparison:
    """``left operator right`` with one of ``< <= > >= == !=``: 1 where it holds, else 0."""

    operator: str
    left: Node
    right: Node
    column: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Call:
    """A published function applied to its arguments."""

    function: str
    arguments: tuple[Node, ...]
    column: int | None = field(default=None, compare=False)


Node: TypeAlias = Number | Name | Negative | Binary | Comparison | Call


def children(node: Node) -> tuple[Node, ...]:
    """Return the operands of a node, from left to right."""
    match node:
        case Negative(operand):
            return (operand,)
        case Binary(_, left, right) | Comparison(_, left, right):
            return (left, right)
        case Call(_, arguments):
            return arguments
    return ()


def walk(node: Node) -> Iterator[Node]:
    """Iterate over a tree's nodes, each operand after the node that uses it."""
    waiting = [node]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(children(node))


def names_in(node: Node) -> frozenset[str]:
    """Return every name a tree mentions, constants included."""
    return frozenset(n.name for n in walk(node) if isinstance(n, Name))


def to_text(node: Node) -> str:
    """Write a tree as a formula that compiles to the same tree again."""
    match node:
        case Number(value):
            return _number_text(value)
        case Name(name):
            return name
        case Negative(operand):
            return f"-{_enclosed(operand, _SIGN)}"
        case Binary("**", left, right):  # binds to the right, and takes a signed exponent
            return f"{_enclosed(left, _ATOM)}**{_enclosed(right, _SIGN)}"
        case Binary(operator, left, right):
            own = _PRECEDENCE[operator]
            space = " " if own == _SUM else ""
            return (
                f"{_enclosed(left, own)}{space}{operator}{space}{_enclosed(right, own + 1)}"
            )
        case Comparison(operator, left, right):
            return f"{_enclosed(left, _SUM)} {operator} {_enclosed(right, _SUM)}"
        case Call(function, arguments):
            return f"{function}({', '.join(to_text(a) for a in arguments)})"


def excerpt(node: Node) -> str:
    """Write a tree for a message: as a formula, shortened when long."""
    text = to_text(node)
    return text if len(text) <= 60 else f"{text[:59]}…"


def _enclosed(node: Node, least: int) -> str:
    text = to_text(node)
    return text if _precedence(node) >= least else f"({text})"


def _precedence(node: Node) -> int:
    match node:
        case Number(value):
            part = value.imag if isinstance(value, complex) else value
            return _SIGN if math.copysign(1.0, part) < 0 else _ATOM
        case Negative():
            return _SIGN
        case Binary(operator):
            return _PRECEDENCE[operator]
        case Comparison():
            return _COMPARISON
    return _ATOM


def _number_text(value: float | complex) -> str:
    if isinstance(value, complex):
        return f"{_number_text(value.imag)}j"
    text = repr(value)
    return text[:-2] if text.endswith(".0") else text
