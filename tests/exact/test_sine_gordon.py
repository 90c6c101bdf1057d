"""Exact solutions of the sine-Gordon equation, put into it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from pdekit.errors import PdekitError
from pdekit.grid import Grid
from pdekit.solvers.exact import sine_gordon as exact
from pdekit.typing import Array
from tests.exact.test_wave import laplacian, residual

ROUND = (0.0, 2 * math.pi)
LONG = Grid.periodic(1024, (-40.0, 40.0))
LINE = Grid.periodic(128, ROUND)
PLANE = Grid.periodic((64, 96), (ROUND, ROUND))
BOX = Grid.periodic((48, 64, 48), (ROUND, ROUND, ROUND))
OTHER = {"speed": 0.8, "frequency": 1.3}


@pytest.mark.parametrize(
    ("function", "grid", "own"),
    [
        (exact.breather, LONG, {}),
        (exact.breather, LONG, {**OTHER, "rate": 0.8, "velocity": -0.4, "position": 2.0}),
        (exact.kink_antikink, LONG, {}),
        (exact.kink_antikink, LONG, {**OTHER, "velocity": 0.3, "start": 1.0}),
        (exact.periodic_wave, LINE, {}),
        (exact.periodic_wave, LINE, {**OTHER, "amplitude": 2.5, "waves": -2}),
        (exact.periodic_wave_2d, PLANE, {**OTHER, "amplitude": 1.0}),
        (exact.periodic_wave_3d, BOX, {**OTHER, "amplitude": 0.7}),
    ],
)
def test_solves_the_equation(function: Any, grid: Grid, own: dict[str, Any]) -> None:
    c, w = own.get("speed", 1.0), own.get("frequency", 1.0)

    def force(u: Array) -> Array:
        return c**2 * laplacian(grid, u) - w**2 * np.sin(u)

    assert residual(lambda *p: function(*p, **own), grid, 0.7, force, 0.004) < 1e-9


def test_the_breather_starts_as_published() -> None:
    x, w = np.linspace(-5, 5, 11), 0.6
    eta = math.sqrt(1 - w**2)
    u, v = exact.breather(x, 0.0, rate=w)
    assert np.allclose(u, 4 * np.arctan(eta / w / np.cosh(eta * x)), rtol=1e-14)
    assert np.all(v == 0)


def test_kinks_approach_at_their_speed() -> None:
    # Far apart, u = −π where  sinh γVT = −V cosh γX,  that is at  X = VT + (ln V)/γ.
    velocity, back = 0.5, -20.0
    gamma = 1 / math.sqrt(1 - velocity**2)
    at = velocity * back + math.log(velocity) / gamma
    u, _ = exact.kink_antikink(np.array([at]), 0.0, velocity=velocity, start=back)
    assert abs(u[0] + math.pi) < 1e-7


def test_round_states_are_smooth_and_vanish_outside() -> None:
    grid = Grid.periodic((64, 64), (-14.0, 14.0))
    x, y = grid.points()
    u, v = exact.ring(x, y)
    assert u.shape == v.shape == grid.shape
    assert abs(u[0]).max() < 1e-6
    assert abs(u.max() - 2 * math.pi) < 0.5
    assert np.allclose(u[1:, 1:], u[1:, 1:][::-1, ::-1])


@pytest.mark.parametrize(
    ("function", "wrong"),
    [
        (exact.breather, {"rate": 1.0}),
        (exact.breather, {"velocity": 1.0}),
        (exact.kink_antikink, {"velocity": 0.0}),
        (exact.periodic_wave, {"amplitude": 3.2}),
    ],
)
def test_refuses_what_is_no_solution(function: Any, wrong: dict[str, float]) -> None:
    with pytest.raises(PdekitError):
        function(np.zeros(3), 0.0, **wrong)
