"""What formulas evaluate to on NumPy: its own values, to the last bit where it has them."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import mpmath as mp
import numpy as np
import pytest
import scipy.special
from numpy.testing import assert_allclose, assert_array_equal

from pdekit.errors import ExpressionError
from pdekit.expressions import FUNCTIONS, compile_expression, evaluate_on

X = np.linspace(-2.7, 3.1, 23)
Y = np.linspace(0.2, 1.9, 23)
Z = X * np.exp(1j * Y)

EXACT: dict[str, Any] = {
    "x": X,
    "2": 2.0,
    "0.5j": 0.5j,
    "-3 + x": -3 + X,
    "+x": X,
    "2*pi*x - e": 2 * np.pi * X - np.e,
    "-x**2": -(X**2),
    "(-x)**2/3": (-X) ** 2 / 3,
    "2**-x": 2**-X,
    "y**2**0.5": Y ** (2**0.5),
    "x - y - 1": X - Y - 1,
    "x - (y - 1)": X - (Y - 1),
    "x/y/2": X / Y / 2,
    "x/(y/2)": X / (Y / 2),
    "y**x**2": Y ** (X**2),
    "z*exp(1j*x)": Z * np.exp(1j * X),
    "x > y": X > Y,
    "(x >= 0)*x - (x < 0)": (X >= 0) * X - 1.0 * (X < 0),
    "z == z": np.ones(X.size),
    "x != 0.1": X != 0.1,
    "where(x > y, x, 2*y)": np.where(X > Y, X, 2 * Y),
    "where(x <= 0, 1, 1j)": np.where(X <= 0, 1, 1j),
    "where(1 > 2, x, y)": Y,
    " \n(x +\n\t1)\n": X + 1,
    "1e-3 + 1E-3 + .001 + 1.e3": 1e-3 + 1e-3 + 1e-3 + 1e3,
}


@pytest.mark.parametrize("text", EXACT)
def test_arithmetic_is_numpys(text: str) -> None:
    answer = compile_expression(text, "xyz")(x=X, y=Y, z=Z)
    assert_array_equal(answer, EXACT[text], strict=False)


COUNTERPARTS: dict[str, Callable[..., Any]] = {
    "sin": np.sin, "cos": np.cos, "tan": np.tan,
    "asin": np.arcsin, "acos": np.arccos, "atan": np.arctan,
    "sinh": np.sinh, "cosh": np.cosh, "tanh": np.tanh,
    "asinh": np.arcsinh, "acosh": np.arccosh, "atanh": np.arctanh,
    "exp": np.exp, "expm1": np.expm1,
    "log": np.log, "log1p": np.log1p, "log2": np.log2, "log10": np.log10, "sqrt": np.sqrt,
    "abs": np.abs, "sign": np.sign,
    "real": np.real, "imag": np.imag, "conj": np.conj, "arg": np.angle,
}  # fmt: skip
REAL_COUNTERPARTS: dict[str, Callable[..., Any]] = {
    "erf": scipy.special.erf, "erfc": scipy.special.erfc,
    "j0": scipy.special.j0, "j1": scipy.special.j1,
    "y0": scipy.special.y0, "y1": scipy.special.y1,
    "floor": np.floor, "ceil": np.ceil,
    "heaviside": lambda a: np.heaviside(a, 0.5),
}  # fmt: skip
COUNTERPARTS_OF_TWO: dict[str, Callable[..., Any]] = {
    "atan2": np.arctan2, "mod": np.mod, "minimum": np.minimum, "maximum": np.maximum,
}  # fmt: skip
OWN = {"sech", "csch", "coth", "gaussian", "where"}  # tested with mpmath below


def test_every_published_function_is_tested() -> None:
    tested = {*COUNTERPARTS, *REAL_COUNTERPARTS, *COUNTERPARTS_OF_TWO, *OWN}
    assert tested == FUNCTIONS.keys()
    for name, line in FUNCTIONS.items():
        assert line.startswith(f"{name}(a")
        assert len(line) <= 92


@pytest.mark.parametrize("name", COUNTERPARTS | REAL_COUNTERPARTS)
def test_function_of_real_argument(name: str) -> None:
    function = (COUNTERPARTS | REAL_COUNTERPARTS)[name]
    arguments = {"acosh": 1 + Y, "atanh": X / 4, "asin": X / 4, "acos": X / 4}
    a = arguments.get(name, Y if "log" in name or name in ("sqrt", "y0", "y1") else X)
    assert_array_equal(compile_expression(f"{name}(a)", "a")(a=a), function(a), strict=True)


@pytest.mark.parametrize("name", COUNTERPARTS)
def test_function_of_complex_argument(name: str) -> None:
    a = Z + 0.1j
    assert_array_equal(
        compile_expression(f"{name}(a)", "a")(a=a), COUNTERPARTS[name](a), strict=True
    )


@pytest.mark.parametrize("name", COUNTERPARTS_OF_TWO)
def test_function_of_two_arguments(name: str) -> None:
    function = COUNTERPARTS_OF_TWO[name]
    formula = compile_expression(f"{name}(a, b)", "ab")
    assert_array_equal(formula(a=X, b=Y), function(X, Y), strict=True)
    with_number = compile_expression(f"{name}(a, 1.5)", "a")
    assert_array_equal(with_number(a=X), function(X, 1.5), strict=True)


HYPERBOLIC = {"sech": mp.sech, "csch": mp.csch, "coth": mp.coth}
ARGUMENTS = [1e-12, 1e-5, 0.3, 1.0, 7.7, 45.0, 300.0]


@pytest.mark.parametrize("name", HYPERBOLIC)
@pytest.mark.parametrize("direction", [1, -1, np.exp(0.4j), -np.exp(-0.4j)])
def test_hyperbolic_quotients_against_mpmath(name: str, direction: complex) -> None:
    formula = compile_expression(f"{name}(a)", "a")
    a = direction * np.array(ARGUMENTS)
    with mp.workdps(40):
        expected = np.array([complex(HYPERBOLIC[name](mp.mpmathify(v))) for v in a])
    phase_error = np.abs(a) * 1e-16  # of the exponential of a large complex argument
    assert np.all(np.abs(formula(a=a) - expected) <= (2e-15 + phase_error) * abs(expected))


@pytest.mark.parametrize("size", [400.0, 711.0, 800.0, 1e5, 1e308])
@pytest.mark.parametrize("phase", [1, 1 + 1e-3j])
def test_hyperbolic_quotients_where_cosh_overflows(size: float, phase: complex) -> None:
    a = np.array([size, -size]) * phase
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name, limit in {"sech": 0, "csch": 0, "coth": [1, -1]}.items():
            answer = compile_expression(f"{name}(a)", "a")(a=a)
            assert_allclose(answer, limit, rtol=1e-15, atol=1e-170)


def test_sech_and_its_slope_at_the_numbers_of_a_wide_box() -> None:
    formula = compile_expression("2*sech(2*(x + 10))*exp(2j*x)", "x")
    x = np.linspace(-5000, 5000, 401)
    for expression in (formula, formula.derivative("x")):
        values = evaluate_on(expression, {"x": x}, x.shape)
        assert values[0] == values[-1] == 0


def test_gaussian() -> None:
    answer = compile_expression("gaussian(x, 0.5)", "x")(x=X)
    assert_allclose(answer, np.exp(-2 * X**2), rtol=1e-15)


def test_branches_are_computed_where_they_are_chosen() -> None:
    x = np.linspace(-1, 1, 9)
    answer = compile_expression("where(x == 0, 1, sin(x)/x)", "x")(x=x)
    assert_allclose(answer, np.sinc(x / np.pi), rtol=1e-15)
    answer = compile_expression("where(x > 0, where(x > 0.5, log(x), 2), y)", "xy")(
        x=x[:, None], y=x[None]
    )
    expected = np.where(x > 0.5, np.log(np.abs(x) + (x == 0)), 2)[:, None]
    assert_array_equal(answer, np.where(x[:, None] > 0, expected, x[None]))


def test_branches_of_one_number() -> None:
    formula = compile_expression("where(x > 0, log(x), 1j)", "x")
    assert formula(x=-1.0) == 1j
    assert formula(x=1.0) == 0
    assert np.shape(formula(x=1.0)) == ()


def test_comparison_does_not_hide_a_nan() -> None:
    formula = compile_expression("heaviside(x) + (log(x) > 0)", "x")
    assert_array_equal(formula(x=np.array([0.5, 2.0])), [1, 2])
    with pytest.raises(
        ExpressionError, match=r"column 17: a side of log\(x\) > 0"
    ) as caught:
        formula(x=np.array([-1.0, 2.0]))
    assert caught.value.text == "heaviside(x) + (log(x) > 0)"
    with pytest.raises(ExpressionError, match="column 3: the condition of where"):
        compile_expression("2*where(log(x), 1, 2)", "x")(x=-1.0)
    assert compile_expression("1/x > 2", "x")(x=0.0) == 1


def test_singular_values_are_ieee_and_silent() -> None:
    x = np.array([-1.0, 0.0, 1.0])
    bump = compile_expression("exp(-1/x**2)", "x")(x=x)
    assert_array_equal(bump, [np.exp(-1), 0, np.exp(-1)])
    assert np.isinf(compile_expression("1/x", "x")(x=0))
    assert np.isnan(compile_expression("(x - 2)**0.5", "x")(x=1.0))


@pytest.mark.parametrize(
    "text", ["floor(z)", "minimum(x, z)", "j0(1j*x)", "erf(z)", "x*heaviside(z)", "x < z"]
)
def test_complex_argument_where_only_real_ones_make_sense(text: str) -> None:
    with pytest.raises(ExpressionError, match=r"real arguments|no order") as caught:
        compile_expression(text, "xz")(x=X, z=Z)
    assert caught.value.column is not None


def test_values_broadcast_and_keep_their_precision() -> None:
    formula = compile_expression("a*sech(x)*y + where(x > y, 1, x)/3", "axy")
    x, y = X[:, None].astype(np.float32), Y[None, :5].astype(np.float32)
    answer = formula(x=x, y=y, a=2)
    assert answer.shape == (23, 5)
    assert answer.dtype == np.float32
    assert compile_expression("exp(1j*x)", "x")(x=x).dtype == np.complex64
    assert compile_expression("2 + 1j", "x")(x=x).dtype == np.complex64
    assert compile_expression("x/2", "x")(x=np.arange(3)).dtype == np.float64
    assert compile_expression("a*x", "ax")(x=x, a=1j).dtype == np.complex64


def test_values_given_and_not_given() -> None:
    formula = compile_expression("2*x", ["x", "t"])
    assert formula(x=1.5, t=3.0, unrelated=7.0) == 3
    with pytest.raises(ExpressionError, match="no value is given for 'x'"):
        formula(t=1.0)
    with pytest.raises(ExpressionError, match="'x' is not numeric"):
        formula(x="1")
    assert formula.names_used == {"x"}
    assert compile_expression("pi*e", ["x"]).names_used == frozenset()


def test_numbers_give_numbers() -> None:
    """NumPy's, that is: Python's complex numbers would raise ZeroDivisionError."""
    assert np.isnan(compile_expression("1/(0.5j*x)", "x")(x=0.0))
    sech = compile_expression("sech(x + 0.5j) + y*0", "xy")
    assert sech(x=1.0, y=X).shape == X.shape
    assert isinstance(sech(x=1.0, y=0.0), np.complex128)
    assert isinstance(compile_expression("x/3", "x")(x=1), np.float64)
    assert isinstance(compile_expression("1/3", "x")(x=1), np.float64)


# ---------------------------------------------------------------------------- on a grid


@pytest.mark.parametrize("text", ["3", "x", "x*y", "1j*y", "where(x > 0, 1, 0)"])
def test_on_a_grid_the_answer_is_full_and_ones_own(text: str) -> None:
    x, y = np.linspace(0, 1, 4)[:, None], np.linspace(0, 1, 5)[None]
    formula = compile_expression(text, "xy")
    answer = evaluate_on(formula, {"x": x, "y": y}, (4, 5))
    assert_array_equal(answer, np.broadcast_to(formula(x=x, y=y), (4, 5)))
    answer[:] = 7
    assert x[0, 0] == 0


def test_on_a_grid_non_finite_values_are_refused_with_their_place() -> None:
    x, y = np.linspace(-1, 1, 5)[:, None], np.linspace(0, 1, 3)[None]
    formula = compile_expression("a/(x*y - 0.5)", "axyt")
    with pytest.raises(ExpressionError) as caught:
        evaluate_on(formula, {"x": x, "y": y, "a": 2, "t": 0}, (5, 3))
    assert "not finite at a = 2, x = 0.5, y = 1 (on 2 of 15 points)" in str(caught.value)
    assert "a/(x*y - 0.5)" in str(caught.value)


@pytest.mark.parametrize("text", ["exp(1000*x)", "log(x - 9)", "(1 + 1j)*exp(1000*x)", "z"])
def test_on_a_grid_infinities_and_nans_are_refused(text: str) -> None:
    values = {"x": np.linspace(0.0, 1.0, 4), "z": np.array([0, 1, np.nan, 1j])}
    with pytest.raises(ExpressionError, match="is not finite"):
        evaluate_on(compile_expression(text, "xz"), values, (4,))


@pytest.mark.parametrize("shape", [(3,), (4, 5), ()])
def test_on_a_grid_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ExpressionError, match=r"gives shape \(5, 4\), not"):
        evaluate_on(compile_expression("x", "x"), {"x": np.ones((5, 4))}, shape)
