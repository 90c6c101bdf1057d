"""Random formulas: what they mean, that they print and read back, and their derivatives.

A random tree is a nested tuple; it is written as text, and its value is worked out here, by
walking the tuple, with NumPy or with mpmath.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from hypothesis import assume, given, reject
from hypothesis import strategies as st

from pdekit.errors import ExpressionError
from pdekit.expressions import compile_expression
from pdekit.expressions._parse import parse

BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv,
    "**": operator.pow,
}  # fmt: skip
COMPARISONS = {"<": operator.lt, ">=": operator.ge, "==": operator.eq, "!=": operator.ne}
NUMPY: dict[str, Callable[..., Any]] = {
    "sin": np.sin, "cos": np.cos, "exp": np.exp, "tanh": np.tanh, "atan": np.arctan,
    "sqrt": np.sqrt, "log": np.log, "abs": np.abs, "conj": np.conj, "real": np.real,
    "atan2": np.arctan2, "where": np.where, "maximum": np.maximum,
}  # fmt: skip
MPMATH: dict[str, Callable[..., Any]] = {
    "sin": mp.sin,
    "cos": mp.cos,
    "exp": mp.exp,
    "tanh": mp.tanh,
    "sech": mp.sech,
    "conj": mp.conj,
    "real": mp.re,
    "imag": mp.im,
}  # fmt: skip  (no branch cuts, which rounding may cross)

Tree = tuple[Any, ...]
LITERALS = st.sampled_from(["0", "1", "2", "3", "0.5", "1.25e1", "1e-3", "2.75", ".1"])
LEAVES = st.tuples(st.sampled_from("xy")) | st.tuples(LITERALS) | st.just(("pi",))


def grow(inner: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
    """Arithmetic and every kind of function."""
    condition = st.tuples(st.sampled_from(list(COMPARISONS)), inner, inner)
    return (
        st.tuples(st.sampled_from(list(BINARY)), inner, inner)
        | st.tuples(st.just("negative"), inner)
        | st.tuples(st.sampled_from(list(NUMPY)[:-3]), inner)
        | st.tuples(st.sampled_from(["atan2", "maximum"]), inner, inner)
        | condition
        | st.tuples(st.just("where"), condition, inner, inner)
    )


def grow_smooth(inner: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
    """Arithmetic with whole powers, and functions differentiable everywhere."""
    whole = st.sampled_from([("0",), ("1",), ("2",), ("3",), ("negative", ("2",))])
    return (
        st.tuples(st.sampled_from("+-*/"), inner, inner)
        | st.tuples(st.just("**"), inner, whole)
        | st.tuples(st.just("negative"), inner)
        | st.tuples(st.sampled_from(list(MPMATH)), inner)
    )


TREES = st.recursive(LEAVES, grow, max_leaves=12)
SMOOTH = st.recursive(LEAVES | st.just(("0.5j",)), grow_smooth, max_leaves=8)


def write(tree: Tree, spaces: str = "") -> str:
    """Write a tree with brackets around everything, which leaves no doubt."""
    head, *rest = tree
    parts = [write(part, spaces) for part in rest]
    if head in BINARY or head in COMPARISONS:
        return f"({parts[0]}{spaces}{head}{spaces}{parts[1]})"
    if head == "negative":
        return f"(-{parts[0]})"
    return f"{head}({', '.join(parts)})" if parts else f"({head})"


def evaluate(tree: Tree, values: Mapping[str, Any], functions: Mapping[str, Any]) -> Any:
    head, *rest = tree
    if head in values:
        return values[head]
    if not rest:
        number = values["number"]
        return 1j * number(head[:-1]) if head.endswith("j") else number(head)
    parts = [evaluate(part, values, functions) for part in rest]
    if head == "negative":
        return -parts[0]
    if head == "where":
        return functions["where"](parts[0] != 0, *parts[1:])
    if head in COMPARISONS:
        return COMPARISONS[head](*parts) * 1.0
    return (BINARY.get(head) or functions[head])(*parts)


X = np.array([-1.5, -0.3, 0.0, 0.7, 2.0])[:, None]
Y = np.array([-2.0, 0.25, 1.0])[None]


@given(TREES, st.sampled_from(["", " ", "\n "]))
def test_values_are_numpys_to_the_last_bit(tree: Tree, spaces: str) -> None:
    text = write(tree, spaces)
    assume(len(text) <= 500)
    values = {"x": X, "y": Y, "pi": np.float64(np.pi), "number": np.float64}
    with np.errstate(all="ignore"):
        expected = evaluate(tree, values, NUMPY)
    try:
        answer = compile_expression(text, "xy")(x=X, y=Y)
    except ExpressionError as error:
        refusal = error.reason
    else:
        np.testing.assert_array_equal(
            np.broadcast_to(answer, (5, 3)), np.broadcast_to(expected, (5, 3))
        )
        return
    assert "is not a finite number" in refusal or "is not a number" in refusal


@given(TREES)
def test_text_and_tree_are_one(tree: Tree) -> None:
    text = write(tree)
    assume(len(text) <= 500)
    read = parse(text, "xy")
    try:
        expression = compile_expression(text, "xy")
    except ExpressionError as error:
        refusal = error.reason
    else:
        assert expression.tree == read
        again = compile_expression(str(expression), "xy")
        assert again == expression
        assert str(again) == str(expression)
        assert len(str(expression)) <= 2 * len(text)
        return
    assert "is not a finite number" in refusal


@given(SMOOTH)
def test_derivatives_are_mpmaths(tree: Tree) -> None:
    text = write(tree)
    assume(len(text) <= 500)
    x, y = 0.3125, 1.375

    def exact(value: Any) -> Any:
        known = {"x": value, "y": mp.mpf(y), "pi": mp.pi, "number": mp.mpf}
        return evaluate(tree, known, MPMATH)

    try:
        with mp.workdps(50):
            expected, near = (complex(mp.diff(exact, mp.mpf(x + h))) for h in (0, 1e-8))
        found = complex(compile_expression(text, "xy").derivative("x")(x=x, y=y))
    except (ArithmeticError, ExpressionError):  # a constant divided by zero, or too large
        reject()
    assume(abs(expected) < 1e8)
    assume(abs(near - expected) <= 1e-5 * max(1.0, abs(expected)))  # no pole nearby
    assert found == pytest.approx(expected, rel=1e-6, abs=1e-6)
