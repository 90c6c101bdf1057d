"""From tree to values: a list of steps that runs on NumPy arrays and on torch tensors.

Equal parts of a formula are one step, which matters for derivatives. Parts without names
are computed once, here, and in floating point throughout, so that ``9**9**9`` is no work:
it overflows and is refused. Arithmetic is IEEE's without warnings (``exp(-1/x**2)`` is 0 at
the origin); a NaN could get lost in a comparison or a condition, which therefore refuse it.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from pdekit.arrays import is_complex
from pdekit.errors import ExpressionError
from pdekit.expressions._functions import CONSTANTS, TABLE, Function, is_torch
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
)
from pdekit.typing import Array

_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "**": operator.pow,
}
_COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


@dataclass(frozen=True)
class _Step:
    """``slots[target] = compute(xp, *slots[sources])``."""

    compute: Callable[..., Array]
    sources: tuple[int, ...]
    target: int


class Program:
    """The steps that evaluate one tree, in order."""

    def __init__(self, tree: Node) -> None:
        self.inputs: dict[str, int] = {}
        self._initial: list[Any] = []  # one slot a value: constants here, the others None
        self._steps: list[_Step] = []
        self._result = self._place(tree, {})

    def run(self, xp: Any, values: Mapping[str, Array]) -> Array:
        """Evaluate with values that are arrays of the namespace ``xp``."""
        slots = self._initial.copy()
        for name, slot in self.inputs.items():
            slots[slot] = values[name]
        for step in self._steps:
            slots[step.target] = step.compute(xp, *(slots[s] for s in step.sources))
        return slots[self._result]

    def _place(self, node: Node, known: dict[Any, int]) -> int:
        """Return the slot that will hold a node's value; ``known`` finds equal nodes."""
        if isinstance(node, Call) and node.function == "where":
            return self._place_choice(node, known)
        operands = tuple(self._place(child, known) for child in children(node))
        key = _key(node, operands)
        if key not in known:
            known[key] = self._new_slot(node, operands)
        return known[key]

    def _new_slot(self, node: Node, operands: tuple[int, ...]) -> int:
        if isinstance(node, Number):
            return self._slot(node.value)
        if isinstance(node, Name):
            if node.name in CONSTANTS:
                return self._slot(CONSTANTS[node.name])
            self.inputs[node.name] = self._slot(None)
            return self.inputs[node.name]
        compute = _operation(node)
        constants = [self._initial[s] for s in operands]
        if None not in constants:
            return self._slot(_constant(node, compute, constants))
        return self._step(compute, operands)

    def _place_choice(self, node: Call, known: dict[Any, int]) -> int:
        condition = self._place(node.arguments[0], known)
        if (truth := self._initial[condition]) is not None:
            return self._place(node.arguments[1 if truth else 2], known)
        key = ("where", condition, node.arguments[1:])
        if key not in known:
            known[key] = self._new_choice(node, condition, known)
        return known[key]

    def _new_choice(self, node: Call, condition: int, known: dict[Any, int]) -> int:
        branches = tuple(Program(branch) for branch in node.arguments[1:])
        names = sorted(branches[0].inputs.keys() | branches[1].inputs.keys())
        sources = tuple(self._place(Name(name), known) for name in names)

        def compute(xp: Any, chosen: Array, *arrays: Array) -> Array:
            if (chosen != chosen).any():
                reason = f"the condition of {excerpt(node)} is not a number"
                raise ExpressionError(reason, column=node.column)
            return _select(xp, chosen, branches, dict(zip(names, arrays, strict=True)))

        return self._step(compute, (condition, *sources))

    def _slot(self, value: Any) -> int:
        self._initial.append(value)
        return len(self._initial) - 1

    def _step(self, compute: Callable[..., Array], sources: tuple[int, ...]) -> int:
        target = self._slot(None)
        self._steps.append(_Step(compute, sources, target))
        return target


def _key(node: Node, operands: tuple[int, ...]) -> Any:
    match node:
        case Number(value):
            return type(value), repr(value)  # repr: 0 and -0 differ
        case Name(name):
            return name
        case Negative():
            return "negative", operands
        case Binary(symbol) | Comparison(symbol) | Call(symbol):
            return symbol, operands


def _operation(node: Node) -> Callable[..., Array]:
    match node:
        case Negative():
            return lambda xp, a: -a
        case Binary(symbol):
            arithmetic = _ARITHMETIC[symbol]
            return lambda xp, a, b: arithmetic(a, b)
        case Comparison():
            return _comparison(node)
        case Call(name):
            return _call(node, TABLE[name])
    raise TypeError(node)


def _call(node: Call, function: Function) -> Callable[..., Array]:
    compute = function.compute
    if compute is None:
        raise TypeError(node)
    if not function.real:
        return compute

    def compute_real(xp: Any, *arguments: Array) -> Array:
        if any(map(is_complex, arguments)):
            raise ExpressionError(
                f"{node.function} takes real arguments only: {excerpt(node)}",
                column=node.column,
            )
        return compute(xp, *arguments)

    return compute_real


def _comparison(node: Comparison) -> Callable[..., Array]:
    holds = _COMPARISONS[node.operator]
    ordered = node.operator not in ("==", "!=")

    def compute(xp: Any, a: Array, b: Array) -> Array:
        if ordered and (is_complex(a) or is_complex(b)):
            raise ExpressionError(
                f"complex numbers have no order: {excerpt(node)}", column=node.column
            )
        total = (a + b).real
        if (total != total).any() and ((a != a) | (b != b)).any():
            raise ExpressionError(
                f"a side of {excerpt(node)} is not a number", column=node.column
            )
        truth = holds(a, b)
        return truth.to(total.dtype) if is_torch(xp) else truth.astype(total.dtype)

    return compute


def _constant(node: Node, compute: Callable[..., Array], operands: list[Any]) -> Any:
    """Compute a part without names; a Python number leaves the type to the arrays."""
    with np.errstate(all="ignore"):
        value = compute(np, *(np.asarray(o)[()] for o in operands))
    if not np.isfinite(value):
        column = None if isinstance(node, Number | Name) else node.column
        raise ExpressionError(f"{excerpt(node)} is not a finite number", column=column)
    return value.item()


def _select(
    xp: Any, condition: Array, branches: tuple[Program, ...], values: Mapping[str, Array]
) -> Array:
    """Evaluate each branch on the points that chose it, and put the answers together.

    A branch that is singular elsewhere does no harm there, nor to gradients.
    """
    shape = np.broadcast_shapes(*(tuple(v.shape) for v in (condition, *values.values())))
    chosen = xp.broadcast_to(condition != 0, shape)
    masks = (chosen, ~chosen)
    parts = []
    for branch, mask in zip(branches, masks, strict=True):
        own = {name: xp.broadcast_to(values[name], shape)[mask] for name in branch.inputs}
        part = branch.run(xp, own)
        if not branch.inputs:  # a constant takes its type from the condition
            part = part + xp.zeros_like(xp.broadcast_to(condition.real, shape)[mask])
        parts.append(part)
    dtype = xp.promote_types(parts[0].dtype, parts[1].dtype)
    answer = xp.zeros(shape, dtype=dtype, device=chosen.device)
    for part, mask in zip(parts, masks, strict=True):
        answer[mask] = part.to(dtype) if is_torch(xp) else part
    return answer
