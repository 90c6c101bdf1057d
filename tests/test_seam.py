"""Functions without the period of the box are found, and smooth ones are left alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import pdekit
from pdekit.grid import Grid
from pdekit.seam import Jump, jumps

TWO_PI = 2 * np.pi


def found(
    function: Callable[[Any], Any], points: int, lower: float, upper: float
) -> list[Jump]:
    grid = Grid.periodic(points, (lower, upper))
    return jumps(lambda g: function(g.points()[0])[None, None], ("u",), grid)


@pytest.mark.parametrize("points", [32, 128, 512])
@pytest.mark.parametrize(
    ("function", "ends", "size"),
    [
        (lambda x: x, (0, 1), 1),
        (lambda x: np.tanh(10 * x), (-1, 1), 2 * np.tanh(10)),
        (lambda x: np.exp(1.3j * x), (0, TWO_PI), 2 * np.sin(0.3 * np.pi)),
    ],
)
def test_a_jump_has_its_size(function: Any, ends: Any, size: float, points: int) -> None:
    (jump,) = found(function, points, *ends)
    assert not jump.of_slope
    assert jump.size == pytest.approx(size, rel=1e-5)


@pytest.mark.parametrize("points", [32, 128, 512])
@pytest.mark.parametrize(
    ("function", "ends", "size"),
    [(lambda x: x**2, (-1, 1), 4), (lambda x: np.sin(x / 2), (0, TWO_PI), 1)],
)
def test_a_jump_of_the_slope_too(
    function: Any, ends: Any, size: float, points: int
) -> None:
    (jump,) = found(function, points, *ends)
    assert jump.of_slope
    assert jump.size == pytest.approx(size, rel=1e-4)


@pytest.mark.parametrize("points", [16, 32, 33, 128, 512])
@pytest.mark.parametrize(
    ("function", "ends"),
    [
        (np.sin, (0, TWO_PI)),
        (lambda x: np.exp(np.sin(x)), (0, TWO_PI)),
        (lambda x: np.exp(-8 * np.sin(x / 2) ** 2), (0, TWO_PI)),  # a pulse at the seam
        (lambda x: np.exp(-200 * np.sin(x / 2) ** 2), (0, TWO_PI)),  # hardly resolved
        (lambda x: 1 / np.cosh(x), (-20, 20)),  # decays to 4e-9
        (lambda x: np.tanh(x + 20) - np.tanh(x - 20), (-40, 40)),
        (lambda x: 1 + 0 * x, (0, 1)),
        (lambda x: np.exp(3j * x), (0, TWO_PI)),
        (lambda x: np.where(np.abs(x - 3) < 1, 1.0, 0.0), (0, 6)),  # jumps elsewhere
        (lambda x: np.abs(x - 3), (0, 6)),  # a kink elsewhere too
    ],
)
def test_smooth_and_decaying_functions_are_left_alone(
    function: Any, ends: Any, points: int
) -> None:
    assert found(function, points, *ends) == []


def test_the_axis_is_named() -> None:
    grid = Grid.periodic((32, 48), ((0, TWO_PI), (0, TWO_PI)))

    def waves(g: Grid) -> Any:
        x, y = g.points()
        return np.stack([np.sin(x) * np.cos(2 * y), np.sin(x) + np.sin(y / 4)])[None]

    (jump,) = jumps(waves, ("u", "v"), grid)
    assert (jump.field, jump.axis) == ("v", "y")
    assert jump.size == pytest.approx(1.0)  # sin(pi/2)


def warnings(**changes: Any) -> list[str]:
    case: dict[str, Any] = {
        "equation": {"name": "burgers", "viscosity": 0.1},
        "domain": {"x": {"interval": [0, "2*pi"], "points": 64}},
        "initial": "sin(x)",
        "time": {"end": 0.01, "save": 2},
        "solver": {"integrator": "etdrk4", "steps": 2},
    }
    said = pdekit.solve({**case, **changes}).summary["warnings"]
    return [text for text in said if "jumps" in text]


def test_a_run_says_so_of_its_start() -> None:
    (text,) = warnings(initial="sin(x) + x/10")
    assert "the initial u jumps by 0.628 where the ends of x meet" in text
    assert warnings() == []


def test_a_run_says_so_of_its_reference_at_the_end() -> None:
    (text,) = warnings(reference="sin(x)*(1 + t*x)")  # at t = 0 it is periodic
    assert "slope of the reference u jumps by 0.0628" in text


def test_a_run_says_so_of_a_named_state() -> None:
    domain = {"x": {"interval": [0, 50], "points": 64}}
    state = {"state": "kassam_trefethen"}  # of period 32 pi
    (text,) = warnings(equation="kuramoto_sivashinsky", domain=domain, initial=state)
    end = np.cos(50 / 16) * (1 + np.sin(50 / 16))
    assert f"jumps by {1 - end:.3g}" in text
