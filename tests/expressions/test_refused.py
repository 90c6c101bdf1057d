"""What a formula may not be: refused at once, with the column and a way out."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdekit.errors import ExpressionError
from pdekit.expressions import FUNCTIONS, compile_expression

NAMES = ("x", "y", "amplitude")

ATTACKS = {
    "import": "__import__('os').system('id')",
    "subclasses": "().__class__.__bases__[0].__subclasses__()",
    "attribute": "x.__class__",
    "globals": "exp.__globals__",
    "tower": "9**9**9**9",
    "lower tower": "9**9**9",
    "tower under a function": "exp(-9**9**9)",
    "tower of negatives": "(-9)**(9**9)",
    "string": "'a'*10**9",
    "list": "[i for i in range(10**9)]",
    "generator": "sin(x for x in x)",
    "set": "{x}",
    "lambda": "lambda: 1",
    "if": "x if 1 else 2",
    "f-string": "f'{x}'",
    "subscript": "x[0]",
    "matrix product": "x @ x",
    "inversion": "~x",
    "walrus": "x := 2",
    "walrus in brackets": "(x := 2)",
    "eval": "eval('1')",
    "eval of a name": "eval(x)",
    "function as a value": "sin",
    "keyword": "sin(x, out=x)",
    "keywords": "sin(**x)",
    "star": "sin(*x)",
    "call of a call": "sin(x)(x)",
    "call of a name": "x(x)",
    "boolean": "True",
    "none": "None",
    "ellipsis": "...",
    "overflow": "1e309",
    "imaginary overflow": "1e309j",
    "long integer": "9" * 400,
    "brackets": "(" * 300 + "x" + ")" * 300,
    "brackets in bounds": "(" * 60 + "x" + ")" * 60,
    "calls": "sin(" * 90 + "x" + ")" * 90,
    "sum": "+".join(["x"] * 5000),
    "sum in bounds": "+".join(["x"] * 250),
    "signs": "-" * 499 + "x",
    "powers": "**".join(["x"] * 166),
    "homoglyph": "\u0445 + 1",
    "compatibility letter": "\U0001d4b3 + 1",
    "null byte": "x\0",
    "null byte alone": "\0",
    "a million characters": "x" * 10**6,
    "a million brackets": "(" * 10**6,
    "bytes order mark": "\ufeffx",
    "statement": "x; x",
    "assignment": "x = 1",
    "comment": "x # y",
    "continuation": "x \\\n + y",
    "two lines": "x\ny",
    "await": "await x",
    "yield": "(yield)",
    "tuple": "x, y",
    "empty tuple": "()",
    "chained comparison": "0 < x < 1",
    "identity": "x is x",
    "membership": "x in x",
    "and": "x and y",
    "not": "not x",
    "floor division": "x // y",
    "modulo": "x % y",
    "shift": "x << 2",
    "unbalanced": "x) + (x",
    "unclosed": "sin(x",
    "empty": "",
    "blank": " \n ",
    "glued keyword": "1if x else 2",
    "glued loop": "0x1for x in y",
    "zero division": "1/0",
    "logarithm": "log(-1)",
    "complex overflow": "exp(1000 + 1j)*x",
}


@pytest.mark.parametrize("text", ATTACKS.values(), ids=ATTACKS)
def test_attack_is_refused_at_once(text: str) -> None:
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        with pytest.raises(ExpressionError) as caught:
            compile_expression(text, NAMES)
        seconds.append(time.perf_counter() - start)
    assert min(seconds) < 0.010
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize(
    ("text", "column", "reason"),
    [
        ("1 + x.real", 5, "attribute"),
        ("2*sin(x)*sinn(y)", 10, "did you mean 'sin'"),
        ("1 + amplitud*x", 5, "did you mean 'amplitude'"),
        ("  1 + z", 7, "accepted: amplitude, e, pi, x, y"),
        ("x +\n  z", 7, "unknown name 'z'"),
        ("ln(x)", 1, "write log"),
        ("exp(i*x)", 5, "write 1j"),
        ("x^2", 2, "write powers with **"),
        ("|x|", 1, "abs"),
        ("1 + atan2(x)", 5, "takes 2 arguments (got 1)"),
        ("sin(x, y)", 1, "takes 1 argument (got 2)"),
        ("sin()", 1, "takes 1 argument (got 0)"),
        ("x + 2(y)", 5, "missing"),
        ("y(x + 1)", 1, "'y' is not a function"),
        ("x + 2y", 5, "missing"),
        ("1 + exp", 5, "write exp(…)"),
        ("x*(1 + 9**9**9)", 8, "not a finite number"),
        ("x + 1e400", 5, "too large"),
        ("where(0 < x < 1, x, y)", 7, "single comparison"),
        ("x + (y", 5, "never closed"),
        ("x + \u03c8", 5, "ASCII"),
        ("x if y else 1", 1, "where"),
        ("x*(x > 0 and y > 0)", 4, "multiply comparisons"),
    ],
)
def test_error_says_where_and_what_to_do(text: str, column: int, reason: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        compile_expression(text, NAMES)
    assert reason in caught.value.reason
    assert caught.value.column == column
    assert caught.value.text == text


def test_error_calls_the_formula_by_its_name() -> None:
    with pytest.raises(ExpressionError, match="not allowed in a coefficient"):
        compile_expression("x.y", NAMES, what="coefficient")


@pytest.mark.parametrize("value", [None, 1.0, b"x", ["x"]])
def test_only_text_is_a_formula(value: object) -> None:
    with pytest.raises(ExpressionError, match="must be text"):
        compile_expression(value, NAMES)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["pi", "e", "sin", "where"])
def test_published_names_cannot_be_taken(name: str) -> None:
    with pytest.raises(ExpressionError, match=f"'{name}' has a meaning"):
        compile_expression("x", ["x", name])


def test_bounds_are_where_they_are_said_to_be() -> None:
    compile_expression("x".ljust(500), NAMES)
    compile_expression("+".join(["x"] * 100), NAMES)  # 199 nodes
    compile_expression("(" * 50 + "x" + ")" * 50, NAMES)
    for text in ("x".ljust(501), "+".join(["x"] * 101), "(" * 51 + "x" + ")" * 51):
        with pytest.raises(ExpressionError):
            compile_expression(text, NAMES)


TOKENS = [
    *NAMES, *FUNCTIONS, "pi", "1", "2.5", "0.5j", "9", "1e300", "+", "-", "*", "/", "**",
    "(", ")", ",", "<", "==", "=", ".", " ", "\n", "if", "else", "for", "in", "not",
    "lambda", "_", "e", "0x", "[", "'", "\u03c8", "\0",
]  # fmt: skip


def complaint(text: str) -> ExpressionError | None:
    """Compile, and evaluate what compiles: nothing but `ExpressionError` may come out."""
    try:
        expression = compile_expression(text, NAMES)
        expression(x=0.5, y=np.linspace(0.1, 1.0, 3), amplitude=2.0)
    except ExpressionError as error:
        return error
    return None


@given(st.text(max_size=40) | st.lists(st.sampled_from(TOKENS), max_size=14).map("".join))
def test_any_text_compiles_or_is_refused(text: str) -> None:
    error = complaint(text)
    assert error is None or error.reason
    assert error is None or error.column is None or 1 <= error.column <= len(text)
