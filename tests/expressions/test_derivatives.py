"""Symbolic derivatives against high-precision numerical differentiation."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

import mpmath as mp
import numpy as np
import pytest
import sympy

from pdekit.errors import ExpressionError
from pdekit.expressions import FUNCTIONS, Expression, compile_expression
from pdekit.expressions._parse import parse

MPMATH: dict[str, Callable[..., Any]] = {
    "sin": mp.sin, "cos": mp.cos, "tan": mp.tan,
    "asin": mp.asin, "acos": mp.acos, "atan": mp.atan, "atan2": mp.atan2,
    "sinh": mp.sinh, "cosh": mp.cosh, "tanh": mp.tanh,
    "sech": mp.sech, "csch": mp.csch, "coth": mp.coth,
    "asinh": mp.asinh, "acosh": mp.acosh, "atanh": mp.atanh,
    "exp": mp.exp, "expm1": mp.expm1, "log": mp.log, "log1p": lambda a: mp.log(1 + a),
    "log2": lambda a: mp.log(a, 2), "log10": mp.log10, "sqrt": mp.sqrt,
    "abs": abs, "sign": lambda a: a / abs(a),
    "real": mp.re, "imag": mp.im, "conj": mp.conj, "arg": mp.arg,
    "erf": mp.erf, "erfc": mp.erfc,
    "j0": lambda a: mp.besselj(0, a), "j1": lambda a: mp.besselj(1, a),
    "y0": lambda a: mp.bessely(0, a), "y1": lambda a: mp.bessely(1, a),
    "gaussian": lambda a, b: mp.exp(-((a / b) ** 2) / 2),
    "mod": lambda a, b: a - b * mp.floor(a / b),
    "minimum": min, "maximum": max,
    "where": lambda a, b, c: b if a else c,
}  # fmt: skip
JUMPING = {"heaviside", "floor", "ceil"}
REAL_ONLY = {
    "atan2", "erf", "erfc", "j0", "j1", "y0", "y1", "mod", "minimum", "maximum",
}  # fmt: skip
POINTS = (0.07, 0.35, 0.81)


def arguments_of(name: str, first: str) -> list[str]:
    count = FUNCTIONS[name].partition(")")[0].count(",") + 1
    return [first, "0.9 - x**2/2", "x**3"][:count]


def check(expression: Expression, exact: Callable[[Any], Any], orders: int) -> None:
    """Compare derivatives up to an order with mpmath's at 40 digits."""
    for order in range(orders + 1):
        for x in POINTS:
            with mp.workdps(40):
                expected = complex(mp.diff(exact, mp.mpf(x), order))
            tolerance = 1e-12 * max(1.0, abs(expected))
            assert abs(complex(expression(x=x)) - expected) <= tolerance, (order, x)
        if order < orders:
            expression = expression.derivative("x")


def test_every_function_is_here() -> None:
    assert MPMATH.keys() | JUMPING == FUNCTIONS.keys()


@pytest.mark.parametrize("name", sorted(MPMATH.keys() - {"sign", "abs"}))
def test_function_of_a_real_argument(name: str) -> None:
    shift, mp_shift = (
        ("1.1", mp.mpf("1.1")) if name == "acosh" else ("0.05", mp.mpf("0.05"))
    )
    formula = f"{name}({', '.join(arguments_of(name, f'{shift} + x*(1 - x/3)'))})"

    def exact(x: Any) -> Any:
        values = [mp_shift + x * (1 - x / 3), mp.mpf("0.9") - x**2 / 2, x**3]
        return MPMATH[name](*values[: len(arguments_of(name, ""))])

    check(compile_expression(formula, "x"), exact, orders=2)


@pytest.mark.parametrize("name", sorted(MPMATH.keys() - REAL_ONLY))
def test_function_of_a_complex_argument_on_the_real_line(name: str) -> None:
    first = "(0.3 + x)*exp(1j*(x - 0.4))"
    formula = f"{name}({', '.join(arguments_of(name, first))})"

    def exact(x: Any) -> Any:
        first = (mp.mpf("0.3") + x) * mp.exp(1j * (x - mp.mpf("0.4")))
        values = [first, mp.mpf("0.9") - x**2 / 2, x**3]
        return MPMATH[name](*values[: len(arguments_of(name, ""))])

    check(compile_expression(formula, "x"), exact, orders=2)


@pytest.mark.parametrize("sign", [1, -1])
def test_modulus_of_a_real_argument(sign: int) -> None:
    expression = compile_expression("abs(x**3)", "x")
    for x in POINTS:
        slope = expression.derivative("x")(x=sign * x)
        assert slope == pytest.approx(3 * sign * x**2, rel=1e-14)


@pytest.mark.parametrize(
    "text",
    [
        "3*x**4 - x/2 + 7",
        "(x + 1)*(x - 2)/(x**2 + 3)",
        "x**-2.5 + 2**x + x**x + (x + 1)**(2*x)",
        "e**(-x**2)*pi",
        "-(x - 1)**3*-2*x/(-4)",
        "1/x - 1/(x*x) - -x",
        "exp(sin(cos(x**2)))",
        "2*sech(2*(x + 1))*exp(2j*x) + 1.5*sech(1.5*(x - 1))*exp(-2j*x)",
        "sqrt(1 + x**2)*log(x)/(1j + x)",
        "1j*x*(2j*x)*(3*x) + (0.5j*x)**2/(2j*x)",
        "(sin(x)/2)*(3/cos(x))*4/(2*x)",
        "(x**2)**3 + (x**0.5)**2 + (x**-1)**2",
        "tanh(x)**2 + tanh(x)*tanh(x) + x - x",
    ],
)
def test_formula_against_sympy(text: str) -> None:
    x = sympy.Symbol("x", positive=True)
    exact = sympy.sympify(
        text.replace("1j", "I")
        .replace("2j", "2*I")
        .replace("0.5j", "I/2")
        .replace("0.5I", "I/2"),
        locals={"x": x, "e": sympy.E, "sech": sympy.sech},
    )
    expression = compile_expression(text, "x")
    for _ in range(3):
        for point in POINTS:
            expected = complex(exact.evalf(30, subs={x: sympy.Float(point, 30)}))
            tolerance = 1e-12 * max(1.0, abs(expected))
            assert abs(complex(expression(x=point)) - expected) <= tolerance
        expression, exact = expression.derivative("x"), sympy.diff(exact, x)


@pytest.mark.parametrize("name", sorted({"sin", "exp", "sech", "coth", "atan", "log1p"}))
def test_against_the_complex_step(name: str) -> None:
    expression, h = compile_expression(f"{name}(k*x**2)", "kx"), 1e-30
    for x in POINTS:
        stepped = complex(expression(x=x + 1j * h, k=1.5)).imag / h
        assert expression.derivative("x")(x=x, k=1.5) == pytest.approx(stepped, rel=1e-13)


@pytest.mark.parametrize(
    ("text", "slope"),
    [
        ("y**2 + floor(y)*heaviside(y) + (y > 0)", "0"),
        ("x", "1"),
        ("-x", "-1"),
        ("x**2", "2*x"),
        ("x**3/3", "x**2"),
        ("sin(k*x)", "cos(k*x)*k"),
        ("1/x", "-1/x**2"),
        ("exp(-x**2)", "-2*exp(-x**2)*x"),
        ("e**x", "e**x"),
        ("sqrt(x)", "1/(2*sqrt(x))"),
        ("2*(3*(x*5))", "30"),
        ("pi*(1*1)*y*x", "pi*y"),
        ("x*2*y*3", "6*y"),
        ("x - (y - x)", "2"),
        ("exp(2j*x)*3", "6j*exp(2j*x)"),
        ("1j*(1j*x)", "-1"),
        ("abs(x)", "sign(x)"),
        ("conj(exp(1j*x))", "conj(1j*exp(1j*x))"),
        ("real(x) + conj(x) + imag(x) + arg(x)", "2"),
        ("minimum(x, k)", "where(x <= k, 1, 0)"),
        ("where(x > 0, y, k)*x", "where(x > 0, y, k)"),
        ("floor(y)*x", "floor(y)"),
        ("mod(x - y, k)", "1"),
    ],
)
def test_derivative_reads_well(text: str, slope: str) -> None:
    assert str(compile_expression(text, "xyk").derivative("x")) == slope


@pytest.mark.parametrize(
    ("text", "part", "column"),
    [
        ("1 + heaviside(2*x)", "heaviside(2*x)", 5),
        ("y*floor(x)", "floor(x)", 3),
        ("ceil(x) + y", "ceil(x)", 1),
        ("sign(x**3)", "sign(x**3)", 1),
        ("y*(x > y)", "x > y", 4),
    ],
)
def test_jump_has_no_derivative(text: str, part: str, column: int) -> None:
    expression = compile_expression(text, "xy")
    with pytest.raises(ExpressionError) as caught:
        expression.derivative("x")
    assert caught.value.reason == f"{part} has no derivative"
    assert caught.value.column == column


def test_second_derivative_of_a_kink_has_no_column() -> None:
    slope = compile_expression("y + abs(x)", "xy").derivative("x")
    with pytest.raises(ExpressionError, match=r"^sign\(x\) has no derivative$") as caught:
        slope.derivative("x")
    assert caught.value.column is None


def test_unknown_variable() -> None:
    with pytest.raises(ExpressionError, match="unknown name 'r'; accepted: t, x"):
        compile_expression("x", ["x", "t"]).derivative("r")


def test_derivative_of_bessel_at_the_origin() -> None:
    slope = compile_expression("j1(x)", "x").derivative("x")
    assert slope(x=0.0) == 0.5
    assert np.array_equal(slope(x=np.zeros(3)), [0.5] * 3)


def test_partial_derivatives_commute() -> None:
    expression = compile_expression("sin(x*y)*exp(-x/y) + atan2(y, x)*gaussian(x, y)", "xy")
    one = expression.derivative("x").derivative("y")
    other = expression.derivative("y").derivative("x")
    x, y = np.linspace(0.3, 2, 7)[:, None], np.linspace(0.5, 1.5, 6)[None]
    np.testing.assert_allclose(one(x=x, y=y), other(x=x, y=y), rtol=1e-12, atol=1e-13)


def test_manufactured_source_satisfies_its_equation() -> None:
    """-div(k grad u) for u = sin(πx) sin(2πy), k = 1 + x y, worked out by hand."""
    u = compile_expression("sin(pi*x)*sin(2*pi*y)", "xy")
    k = compile_expression("1 + x*y", "xy")
    product = f"({k})*({u.derivative('x')})", f"({k})*({u.derivative('y')})"
    flux = [compile_expression(text, "xy") for text in product]
    x, y = np.linspace(0, 1, 9)[:, None], np.linspace(0, 1, 8)[None]
    found = -flux[0].derivative("x")(x=x, y=y) - flux[1].derivative("y")(x=x, y=y)
    sx, cx = np.sin(np.pi * x), np.cos(np.pi * x)
    sy, cy = np.sin(2 * np.pi * y), np.cos(2 * np.pi * y)
    expected = (
        5 * np.pi**2 * (1 + x * y) * sx * sy - np.pi * y * cx * sy - 2 * np.pi * x * sx * cy
    )
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-13)


@pytest.mark.parametrize(
    "text",
    [
        "2*sech(2*(x + 10))*exp(2j*x)/(1 + x**2)",
        "x**x",
        "-(x - y)**2/-y",
        "j1(x)/abs(1j - x)",
    ],
)
def test_derivatives_print_as_formulas(text: str) -> None:
    expression = compile_expression(text, "xy")
    for _ in range(2):
        expression = expression.derivative("x")
        again = parse(str(expression), "xy", max_characters=100_000, max_nodes=100_000)
        assert again == expression.tree


def test_derivatives_are_bounded() -> None:
    def tenth(expression: Expression) -> Expression:
        return reduce(lambda slope, _: slope.derivative("x"), range(10), expression)

    with pytest.raises(ExpressionError, match="too long"):
        tenth(compile_expression("sin(exp(x)*x)/(1 + x**x)**x", "x"))


@pytest.mark.parametrize("text", ["x" + "/x" * 99, "sin(" * 50 + "x" + ")" * 50])
def test_derivative_of_a_deep_formula(text: str) -> None:
    expression, h = compile_expression(text, "x"), 1e-30
    stepped = complex(expression(x=0.9 + 1j * h)).imag / h
    assert expression.derivative("x")(x=0.9) == pytest.approx(stepped, rel=1e-9)


def test_derivative_of_a_tower_is_too_deep_or_too_long() -> None:
    with pytest.raises(ExpressionError, match="derivative"):
        compile_expression("x" + "**x" * 99, "x").derivative("x")
