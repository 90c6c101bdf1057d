"""Left-hand sides of an unknown against those of a known function, put in afterwards."""

from __future__ import annotations

from math import prod

import numpy as np
import pytest

from pdekit.calculus import Smooth
from pdekit.forms import Form

AXES = ("x", "y", "t")
U = "sin(2*x)*exp(y) + x*t**2*y"
K = Smooth.of("1 + x*y", AXES)
PLACE = {"x": 0.3, "y": 0.7, "t": 1.1}


def operators(u: Form | Smooth) -> list[Form | Smooth]:
    """Nonlinear, variable, mixed."""
    return [
        u.d("t") - (u.d("x") * K).d("x") - (u.d("y") * K).d("y"),
        u * u.d("x") - u.d("x").d("x") * K,
        (u * u * u - u) * K - u.d("x").d("y"),
        (u * u.d("t")).d("x") + u.d("y") * K,
    ]


@pytest.mark.parametrize("which", range(4))
def test_a_form_with_a_function_put_in_is_the_operator_of_the_function(which: int) -> None:
    known = Smooth.of(U, AXES)
    exact = float(operators(known)[which].at(PLACE, ()))
    form = operators(Form.unknown(AXES))[which]

    def value(index: tuple[int, ...]) -> float:
        u = known
        for name, order in zip(AXES, index, strict=True):
            for _ in range(order):
                u = u.d(name)
        return float(u.at(PLACE, ()))

    found = sum(
        float(c.at(PLACE, ())) * prod(value(index) for index in factors)
        for factors, c in form.terms.items()
    )
    assert found == pytest.approx(exact, rel=1e-13)


def test_linear_forms_are_told_from_others() -> None:
    assert [form.is_linear for form in operators(Form.unknown(AXES))] == [
        True, False, False, False,
    ]  # fmt: skip


def test_equal_products_are_one_term() -> None:
    u = Form.unknown(("x",))
    twice = u * u.d("x") + u.d("x") * u
    assert len(twice.terms) == 1
    (c,) = twice.terms.values()
    assert float(np.asarray(c.at({"x": 0.0}, ()))) == 2.0
