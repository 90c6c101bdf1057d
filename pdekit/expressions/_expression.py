"""The compiled formula, as the rest of pdekit and its users meet it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import Any, NoReturn

import numpy as np

from pdekit.errors import ExpressionError, suggestion
from pdekit.expressions._arrays import Values, as_values, on_every_point
from pdekit.expressions._derivative import differentiate
from pdekit.expressions._functions import CONSTANTS, TABLE
from pdekit.expressions._parse import parse
from pdekit.expressions._program import Program
from pdekit.expressions._tree import Node, names_in, to_text, walk
from pdekit.typing import Array

MAX_DERIVATIVE_NODES = 20_000
"""Derivatives of derivatives grow; beyond this they are no longer useful."""


def compile_expression(
    text: str, names: Collection[str], *, what: str = "formula"
) -> Expression:
    """Compile a formula in the given names.

    Accepted are finite numbers (imaginary ones such as ``0.5j`` too), the names, ``pi`` and
    ``e``, ``+ - * / **``, single comparisons, and calls of the published `FUNCTIONS`.
    Nothing else is: no attributes, no subscripts, no other calls, no keywords; and at most
    500 characters.

    Parameters
    ----------
    text
        The formula, in Python's notation.
    names
        The names it may use: coordinates, time, parameters, fields.
    what
        What to call the formula in error messages.

    Raises
    ------
    ExpressionError
        With the column of what is wrong, and near misses of an unknown name.

    Examples
    --------
    >>> soliton = compile_expression("a*sech(a*x)*exp(0.5j*x)", ["x", "a"])
    >>> complex(soliton(x=0.0, a=2.0))
    (2+0j)
    >>> print(compile_expression("sin(k*x)**2", ["x", "k"]).derivative("x"))
    2*sin(k*x)*cos(k*x)*k
    """
    if not isinstance(text, str):
        raise ExpressionError(f"a {what} must be text (got {type(text).__name__})")
    if reserved := sorted((CONSTANTS.keys() | TABLE.keys()) & set(names)):
        raise ExpressionError(f"{reserved[0]!r} has a meaning of its own in formulas", text)
    expression = Expression(text, frozenset(names), parse(text, names, what=what))
    _ = expression.program  # finds constant parts that overflow
    return expression


@dataclass(frozen=True)
class Expression:
    """A compiled formula: call it with values, differentiate it, print it.

    Attributes
    ----------
    text
        The formula as it was written, or as it is printed for a derivative.
    names
        The names it was allowed.
    tree
        What it was read as.
    """

    text: str = field(compare=False)
    names: frozenset[str]
    tree: Node
    derived: bool = field(default=False, compare=False, repr=False)

    @cached_property
    def names_used(self) -> frozenset[str]:
        """The names it does use, constants such as ``pi`` not among them."""
        return names_in(self.tree) - CONSTANTS.keys()

    @cached_property
    def program(self) -> Program:
        """The steps that evaluate it."""
        try:
            return Program(self.tree)
        except ExpressionError as error:
            self._refuse(error)

    def __call__(self, **values: Any) -> Array:
        """Evaluate on numbers, NumPy arrays or torch tensors, which broadcast.

        Arithmetic is IEEE's: a singular point gives an infinity or a NaN, without warning.
        Values the formula does not use are ignored. With a tensor among the values the
        answer is a tensor, differentiable like any other.
        """
        return self._run(as_values(values))

    def _run(self, values: Values) -> Array:
        if missing := sorted(self.names_used - values.named.keys()):
            raise ExpressionError(f"no value is given for {missing[0]!r}", self.text)
        try:
            with np.errstate(all="ignore"):
                answer = self.program.run(values.xp, values.named)
        except ExpressionError as error:
            self._refuse(error)
        return values.finish(answer, self.program.inputs)

    def derivative(self, name: str) -> Expression:
        """Differentiate with respect to a real variable; other names are constants.

        ``abs``, ``minimum``, ``maximum``, ``mod`` and ``where`` are differentiated piece by
        piece. ``ExpressionError`` says which part has no derivative because it jumps.
        """
        if name not in self.names:
            raise ExpressionError(f"unknown name {name!r}{suggestion(name, self.names)}")
        try:
            tree = differentiate(self.tree, name)
            if any(True for _ in islice(walk(tree), MAX_DERIVATIVE_NODES, None)):
                raise ExpressionError(f"the derivative with respect to {name} is too long")
            slope = Expression(to_text(tree), self.names, tree, derived=True)
            _ = slope.program
        except ExpressionError as error:
            self._refuse(error)
        except RecursionError:
            raise ExpressionError("too deeply nested for a derivative", self.text) from None
        return slope

    def _refuse(self, error: ExpressionError) -> NoReturn:
        """Raise an error of a part as one of the formula; a derivative has no columns."""
        column = None if self.derived else error.column
        raise ExpressionError(error.reason, self.text, column) from None

    def __str__(self) -> str:
        """Print the formula so that it compiles to the same tree again."""
        return to_text(self.tree)


def evaluate_on(
    expression: Expression, values: Mapping[str, Any], shape: tuple[int, ...]
) -> Array:
    """Evaluate a formula on a grid: a finite array of exactly this shape, or an error.

    Parameters
    ----------
    expression
        The compiled formula.
    values
        Coordinates that broadcast to ``shape``, and parameters.
    shape
        The shape of the grid.

    Raises
    ------
    ExpressionError
        When the values have another shape or are not finite; it names the first bad point.

    Examples
    --------
    >>> import numpy as np
    >>> formula = compile_expression("x/2", ["x"])
    >>> evaluate_on(formula, {"x": np.arange(3.0)}, (3,))
    array([0. , 0.5, 1. ])
    """
    arrays = as_values(values)
    answer = expression._run(arrays)
    try:
        return on_every_point(arrays, answer, tuple(shape), sorted(expression.names_used))
    except ExpressionError as error:
        reason = f"the formula {expression.text.strip()!r} {error.reason}"
        raise ExpressionError(reason, expression.text) from None
