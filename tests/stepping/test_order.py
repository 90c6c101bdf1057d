"""Observed order of every scheme, on solutions known in closed form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from pdekit import registry
from pdekit.grid import Grid
from pdekit.typing import Array
from tests.stepping.marching import error, solve

NLSE = registry.equation("nlse")
GRID = Grid.periodic(512, (-18.0, 18.0))
(X,) = GRID.points()

# Steps over an interval of 0.2 on which the error of a soliton of height 2 lies between the
# pre-asymptotic regime (its spectrum is so smooth that the RKN schemes start far steeper
# than their order) and rounding.
STEPS = {
    "strang": (20, 40, 80, 160),
    "yoshida4": (60, 90, 135, 200),
    "suzuki4": (24, 36, 54, 80),
    "bm4": (24, 36, 54, 80),
    "ifrk4": (40, 60, 90, 135),
    "etdrk4": (24, 36, 54, 80),
    "rkn4_6": (32, 40, 50, 64),
    "rkn6_11": (18, 20, 22, 24),
    "rkn6_14": (18, 20, 22, 24),
    "etd1": (100, 200, 400, 800),
    "etdrk2": (40, 80, 160, 320),
    "cnab2": (100, 200, 400, 800),
    "sbdf2": (100, 200, 400, 800),
    "sbdf3": (100, 200, 400, 800),
    "sbdf4": (320, 380, 460, 560),  # with fewer, waves grow: it is not A-stable
    "ifab3": (100, 200, 400, 800),
    "rk4": (80, 110, 150, 200),  # with fewer than 71 it is unstable
    "lsrk54": (40, 60, 90, 135),
}
BAND = {1: 0.1, 2: 0.1, 3: 0.2, 4: 0.2, 6: 0.2}


def observed_order(steps: Sequence[int], errors: Sequence[float]) -> float:
    """Fit the last three points in the asymptotic regime and above rounding."""
    n, e = np.array(steps, float), np.array(errors)
    above = e > 100 * np.finfo(float).eps * np.sqrt(n)
    n, e = n[above], e[above]
    orders = -np.diff(np.log(e)) / np.diff(np.log(n))
    for last in range(len(e) - 1, 1, -1):
        if abs(orders[last - 1] - orders[last - 2]) < 0.15:
            three = slice(last - 2, last + 1)
            return float(-np.polyfit(np.log(n[three]), np.log(e[three]), 1)[0])
    pytest.fail(f"order not measurable: errors {errors}, orders {orders}")


def test_every_fixed_step_scheme_is_measured() -> None:
    fixed = {n for n in registry.integrators() if not registry.integrator(n).adaptive}
    assert fixed == set(STEPS)


def free_soliton(t: float) -> Array:
    return NLSE().solution("bright_soliton", amplitude=2.0, velocity=1.0)(X, t)


def driven_soliton(t: float) -> Array:
    """Soliton of height 2 at q with the momentum p in the potential −3 cos(5t) x.

    Its phase grows by  p²/2 − V(q) + 2  per unit of time, besides p (x − q).
    """
    nodes, weights = np.polynomial.legendre.leggauss(30)
    s = 0.5 * t * (nodes + 1)
    rate = 0.5 * momentum(s) ** 2 + 3 * np.cos(5 * s) * position(s) + 2
    phase = momentum(t) * (X - position(t)) + 0.5 * t * (weights @ rate)
    return 2 / np.cosh(2 * (X - position(t))) * np.exp(1j * phase)


def momentum(t: Any) -> Any:
    return 1 + 0.6 * np.sin(5 * t)


def position(t: Any) -> Any:
    return t + 0.12 * (1 - np.cos(5 * t))


PROBLEMS = {
    "free": (NLSE(), free_soliton),
    "driven": (NLSE(potential="-3*cos(5*t)*x"), driven_soliton),
}


@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize("name", STEPS)
def test_order_on_a_bright_soliton(name: str, problem: str) -> None:
    """Schemes written as stages on whole arrays, to compile less; the engines agree."""
    equation, exact = PROBLEMS[problem]
    how = {"engine": "numpy"} if hasattr(registry.integrator(name), "stages") else {}
    errors = [
        error(solve(equation, GRID, name, exact(0.0), end=0.2, steps=n, **how), exact(0.2))
        for n in STEPS[name]
    ]
    order = registry.integrator(name).order
    assert observed_order(STEPS[name], errors) == pytest.approx(order, abs=BAND[order])


@pytest.mark.parametrize("name", ["dop853", "dop853_ip"])
def test_adaptive_schemes_on_a_driven_soliton(name: str) -> None:
    equation, exact = PROBLEMS["driven"]
    u = solve(equation, GRID, name, exact(0.0), end=1.0, rtol=1e-10)
    assert error(u, exact(1.0)) < 1e-9


@pytest.mark.parametrize("name", ["dop853", "dop853_ip"])
def test_order_of_dormand_prince_at_given_steps(name: str) -> None:
    """A uniform field in a uniform potential turns its phase by t − ∫V dt."""
    grid, equation = Grid.periodic(8, (0.0, 1.0)), NLSE(potential="cos(3*t)")
    steps, errors = (16, 32, 64), []
    for n in steps:  # the tolerance is loose, the largest step decides
        how = {"rtol": 1e6, "first_step": 4.0 / n, "max_step": 4.0 / n}
        u = solve(equation, grid, name, np.full(8, 1.0 + 0j), end=4.0, **how)
        errors.append(error(u, np.full(8, np.exp(1j * (4.0 - np.sin(12.0) / 3)))))
    assert observed_order(steps, errors) == pytest.approx(8.0, abs=0.2)
