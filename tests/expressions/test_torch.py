"""The same formulas on torch tensors: the same values, and gradients through them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from pdekit.errors import ExpressionError
from pdekit.expressions import FUNCTIONS, compile_expression, evaluate_on

torch = pytest.importorskip("torch")

REAL_ONLY = {
    "atan2", "erf", "erfc", "j0", "j1", "y0", "y1", "heaviside", "floor", "ceil", "mod",
    "minimum", "maximum",
}  # fmt: skip
SMOOTH = sorted(
    FUNCTIONS.keys() - {"floor", "ceil", "heaviside", "where", "sign", "imag", "arg"}
)
X = np.linspace(0.05, 0.93, 12)


def formula_of(name: str) -> str:
    """Return a call with arguments inside the function's domain for 0 < x < 1."""
    arguments = ["x + 1" if name == "acosh" else "x", "1.3 - x", "x**2"]
    count = FUNCTIONS[name].partition(")")[0].count(",") + 1
    return f"{name}({', '.join(arguments[:count])})"


def agree(answer: Any, expected: Any) -> None:
    assert isinstance(answer, torch.Tensor)
    assert_allclose(answer.detach().numpy(), expected, rtol=1e-14, atol=1e-14, strict=True)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_real_values_equal_numpys(name: str) -> None:
    formula = compile_expression(formula_of(name), "x")
    agree(formula(x=torch.tensor(X)), formula(x=X))


@pytest.mark.parametrize("name", sorted(FUNCTIONS.keys() - REAL_ONLY))
def test_complex_values_equal_numpys(name: str) -> None:
    formula = compile_expression(formula_of(name), "x")
    z = X * np.exp(1j * np.linspace(0.1, 1.4, X.size))
    agree(formula(x=torch.tensor(z)), formula(x=z))


@pytest.mark.parametrize("name", sorted(REAL_ONLY))
def test_complex_argument_is_refused(name: str) -> None:
    with pytest.raises(ExpressionError, match="real arguments only"):
        compile_expression(formula_of(name), "x")(x=torch.tensor(X + 1j))


@pytest.mark.parametrize(
    "text",
    [
        "2*sech(2*(x + 10))*exp(2j*x) + 1.5*sech(1.5*(x - 10))*exp(-2j*x)",
        "exp(0.5j*t)*(cosh(3*x) + 3*exp(4j*t)*cosh(x))/(cosh(4*x) + 3*cos(4*t) + 4)",
        "where(x == 0, 1, sin(x)/x) + (x > t)*(x - t)**2",
        "minimum(x, 0.5) + maximum(0.5, x) + mod(x, 0.3) + atan2(1, x)",
        "abs(exp(1j*x) + 1)**2 + real(exp(1j*x))*arg(1 + 1j*x)",
        "1 + 0.5*sin(2*pi*x)*cos(pi*t) - 2**-x**2",
        "3",
        "2j",
    ],
)
def test_formulas_equal_numpys(text: str) -> None:
    formula = compile_expression(text, "xt")
    agree(formula(x=torch.tensor(X), t=0.4), formula(x=X, t=0.4))


@pytest.mark.parametrize("size", [400.0, 800.0, 1e5])
@pytest.mark.parametrize("phase", [1, 1 + 1e-3j])
def test_hyperbolic_quotients_where_cosh_overflows(size: float, phase: complex) -> None:
    a = (torch.tensor([size, -size], dtype=torch.float64) * phase).requires_grad_()
    for name, limit in {"sech": [0, 0], "csch": [0, 0], "coth": [1, -1]}.items():
        answer = compile_expression(f"{name}(a)", "a")(a=a)
        assert_allclose(answer.detach().numpy(), limit, rtol=0, atol=1e-170)
        (slope,) = torch.autograd.grad(answer.abs().sum(), a)
        assert slope.abs().max() < 1e-170


@pytest.mark.parametrize("name", SMOOTH)
def test_gradients_and_their_gradients(name: str) -> None:
    formula = compile_expression(formula_of(name), "x")
    x = torch.tensor([0.21, 0.55, 0.9], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda v: formula(x=v), x)
    assert torch.autograd.gradgradcheck(lambda v: formula(x=v), x)


@pytest.mark.parametrize("name", ["sech", "j0", "j1"])
def test_second_gradient_at_the_origin(name: str) -> None:
    """-1, -1/2 and 0: an implementation through ``abs(x)`` or ``j1(x)/x`` loses them."""
    x = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    value = compile_expression(f"{name}(x)", "x")(x=x)
    (first,) = torch.autograd.grad(value, x, create_graph=True)
    (second,) = torch.autograd.grad(first, x)
    assert first.item() == {"sech": 0, "j0": 0, "j1": 0.5}[name]
    assert second.item() == {"sech": -1, "j0": -0.5, "j1": 0}[name]


def test_gradient_with_respect_to_an_amplitude() -> None:
    formula = compile_expression("a*sech(a*x)*exp(0.5j*x)", "ax")
    a = torch.tensor(1.7, dtype=torch.float64, requires_grad=True)
    mass = (formula(a=a, x=np.linspace(-20, 20, 801)).abs() ** 2).sum() * 0.05
    (slope,) = torch.autograd.grad(mass, a)
    assert mass.item() == pytest.approx(2 * 1.7, rel=1e-12)  # ∫a² sech²(ax) dx = 2a
    assert slope.item() == pytest.approx(2, rel=1e-12)


def test_gradient_passes_by_a_branch_not_taken() -> None:
    formula = compile_expression("where(x == 0, a, sin(a*x)/x)", "ax")
    a = torch.tensor(2.0, dtype=torch.float64, requires_grad=True)
    x = np.linspace(-1, 1, 5)
    (slope,) = torch.autograd.grad(formula(a=a, x=x).sum(), a)
    assert slope.item() == pytest.approx(np.cos(2 * x).sum(), rel=1e-14)


def test_precision_and_numbers_follow_the_tensors() -> None:
    formula = compile_expression("a*sech(x) + where(x > 0, 1, x)/3", "ax")
    assert formula(x=torch.ones(3), a=2).dtype == torch.float32
    assert formula(x=torch.ones(3), a=2j).dtype == torch.complex64
    assert formula(x=torch.ones(3, dtype=torch.float64), a=2).dtype == torch.float64
    assert formula(x=torch.arange(3), a=2).dtype == torch.float64
    assert compile_expression("2", "x")(x=torch.ones(3)).dtype == torch.float32
    mixed = formula(x=X, a=torch.tensor(2.0, dtype=torch.float64))
    agree(mixed, formula(x=X, a=2.0))


def test_on_a_grid() -> None:
    x = torch.linspace(-1, 1, 5, dtype=torch.float64)
    full = evaluate_on(compile_expression("3", "x"), {"x": x}, (2, 5))
    assert full.shape == (2, 5)
    full[:] = 1  # memory of its own
    with pytest.raises(ExpressionError, match=r"not finite at x = 0 \(on 1 of 5 points\)"):
        evaluate_on(compile_expression("1/x", "x"), {"x": x}, (5,))
    with pytest.raises(ExpressionError, match=r"gives shape \(5,\), not \(4,\)"):
        evaluate_on(compile_expression("x", "x"), {"x": x}, (4,))
