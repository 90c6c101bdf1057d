"""A checked tree as a function: on whole arrays by its tree, in loops by its text.

The text is written from the tree, never taken from a file: it consists of operators,
numbers, names that were checked and the words of :mod:`pdekit.formulas`.
"""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pdekit.arrays import is_tensor, namespace
from pdekit.expressions._program import Program
from pdekit.expressions._tree import Binary, Call, Name, Negative, Node, Number, children


@dataclass(frozen=True)
class Formula:
    """A function of scalars, such as an equation's ``product``, made from trees.

    Attributes
    ----------
    name
        What it is called in its own text.
    takes
        Names of its parameters, by which the engines bind them.
    results
        One tree for each value that it returns.
    """

    name: str
    takes: tuple[str, ...]
    results: tuple[Node, ...]

    @property
    def __name__(self) -> str:
        """Name of the function."""
        return self.name

    @cached_property
    def __signature__(self) -> inspect.Signature:
        """What :func:`inspect.signature` finds."""
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        return inspect.Signature([inspect.Parameter(name, kind) for name in self.takes])

    @cached_property
    def _programs(self) -> tuple[Program, ...]:
        return tuple(Program(result) for result in self.results)

    def __call__(self, *values: Any) -> tuple[Any, ...]:
        """Evaluate the trees on NumPy arrays or torch tensors."""
        named = dict(zip(self.takes, values, strict=True))
        xp = namespace(next((v for v in values if is_tensor(v)), values[0]))
        return tuple(program.run(xp, named) for program in self._programs)

    @cached_property
    def source_text(self) -> str:
        """The function as text, for the engine that inlines it into its loops."""
        return _Writer(self).text()


class _Writer:
    """Writes each part that is used more than once, or called, as a local name."""

    def __init__(self, formula: Formula) -> None:
        self.formula = formula
        self.uses = Counter(part for tree in formula.results for part in _parts(tree))
        self.locals: dict[Node, str] = {}
        self.lines: list[str] = []

    def text(self) -> str:
        results = ", ".join(self.write(tree) for tree in self.formula.results)
        head = f"def {self.formula.name}({', '.join(self.formula.takes)}):"
        body = [f"    {line}" for line in self.lines]
        return "\n".join([head, *body, f"    return {results}", ""])

    def write(self, node: Node) -> str:
        """Return the text of a part, its value or the local name that holds it."""
        match node:
            case Number(complex() as value):
                return f"{value.imag!r}j" if value.imag >= 0 else f"(-{-value.imag!r}j)"
            case Number(float() as value):
                return repr(value) if value >= 0 else f"({value!r})"
            case Name(name):
                return name
        if node in self.locals:
            return self.locals[node]
        text = self._expression(node)
        if self.uses[node] <= 1 and not isinstance(node, Call):
            return text
        return self._kept(node, text)

    def _local(self, node: Node) -> str:
        """Return a name for a part."""
        text = self.write(node)
        return text if text.isidentifier() else self._kept(node, text)

    def _kept(self, node: Node, text: str) -> str:
        self.locals[node] = f"_t{len(self.locals)}"
        self.lines.append(f"{self.locals[node]} = {text}")
        return self.locals[node]

    def _expression(self, node: Node) -> str:
        match node:
            case Negative(operand):
                return f"(-{self.write(operand)})"
            case Binary("*") if (turned := _without_unit(node)) is not None:
                return f"i_times({self.write(turned)})"
            case Binary("**", base, Number(float() as power)) if power.is_integer():
                return f"({' * '.join([self._local(base)] * int(power))})"
            case Binary(operator, left, right):
                return f"({self.write(left)} {operator} {self.write(right)})"
            case Call(("real" | "imag") as part, (value,)):
                return f"{self._local(value)}.{part}"
            case Call(function, arguments):
                return f"{function}({', '.join(self.write(a) for a in arguments)})"
        raise TypeError(node)


def _without_unit(node: Node) -> Node | None:
    """Return the rest of a product that begins with an imaginary number, or None."""
    factors: list[Node] = []
    while isinstance(node, Binary) and node.operator == "*":
        factors.insert(0, node.right)
        node = node.left
    if not isinstance(node, Number) or not isinstance(node.value, complex):
        return None
    first = [] if node.value.imag == 1.0 else [Number(node.value.imag)]
    return product([*first, *factors])


def product(factors: Sequence[Node]) -> Node:
    """Return the product of at least one factor, from left to right."""
    found = factors[0]
    for factor in factors[1:]:
        found = Binary("*", found, factor)
    return found


def _parts(tree: Node) -> list[Node]:
    """Return every part of a tree once for each place that uses it, shared ones once."""
    seen: set[Node] = set()
    found: list[Node] = []
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        found.append(node)
        if node not in seen:
            seen.add(node)
            waiting.extend(children(node))
    return found
