"""Exact solutions of the wave and Klein–Gordon equations, put into them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pdekit.errors import PdekitError
from pdekit.grid import Grid
from pdekit.solvers.exact import klein_gordon, wave
from pdekit.typing import Array
from tests.exact.conftest import FIRST, OFFSETS

ROUND = (0.0, 2 * math.pi)
LINE = Grid.periodic(128, ROUND)
PLANE = Grid.periodic((36, 40), (ROUND, ROUND))
BOX = Grid.periodic((20, 18, 22), (ROUND, ROUND, ROUND))
NONE: dict[str, Any] = {}

SOLUTIONS: list[tuple[Any, Grid, dict[str, Any], dict[str, Any]]] = [
    (wave.dalembert, LINE, NONE, NONE),
    (wave.dalembert, LINE, {"speed": 1.7}, {"position": 0.3, "width": 0.4, "left": -0.2}),
    (wave.standing_wave, LINE, {"speed": 0.7, "mass": 1.3}, {"mode": 3}),
    (wave.standing_wave_2d, PLANE, {"speed": 0.7}, {"modes": (3, 2)}),
    (wave.standing_wave_3d, BOX, {"speed": 1.2, "mass": 0.4}, {"modes": (1, 2, 2)}),
    (wave.random_waves, LINE, {"speed": 1.7}, {"offset": 0.4, "drift": -0.3, "seed": 3}),
    (wave.random_waves, LINE, {"speed": 1.7, "mass": 0.9}, {"seed": 3}),
    (wave.random_waves_2d, PLANE, {"speed": 0.6}, {"drift": 0.5}),
    (wave.random_waves_3d, BOX, {"speed": 0.6, "mass": 2.0}, {"highest": 4}),
    (klein_gordon.plane_wave, LINE, {"speed": 0.6, "mass": 2.0}, {"waves": -2}),
    (klein_gordon.cnoidal_wave, LINE, {"mass": 0.5, "cubic": 2.0}, {"waves": 2}),
    (klein_gordon.cnoidal_wave, LINE, {"speed": 0.6, "cubic": -0.6}, {"amplitude": 1.1}),
    (klein_gordon.cnoidal_wave, LINE, {"cubic": 3.0}, {"waves": 0}),
]


def residual(
    f: Callable[..., Any], grid: Grid, t: float, force: Callable[[Array], Array], dt: float
) -> float:
    """Largest  |uₜ − v|  and  |vₜ − force(u)|,  relative to the largest |v| and |vₜ|."""
    points = grid.points()

    def fields(t: float) -> Array:
        return np.stack([np.broadcast_to(q, grid.shape) for q in f(*points, t)])

    u, v = fields(t)
    u_t, v_t = sum(c * fields(t + j * dt) for c, j in zip(FIRST, OFFSETS, strict=True)) / dt
    first = np.abs(u_t - v).max() / np.abs(v).max()
    return float(max(first, np.abs(v_t - force(u)).max() / np.abs(v_t).max()))


def laplacian(grid: Grid, u: Array) -> Array:
    return np.asarray(sum(grid.derivative(u, j, 2) for j in range(grid.ndim)))


@pytest.mark.parametrize(("function", "grid", "coefficients", "own"), SOLUTIONS)
def test_solves_the_equation(
    function: Any, grid: Grid, coefficients: dict[str, Any], own: dict[str, Any]
) -> None:
    c, m, cubic = (
        coefficients.get(name, default)
        for name, default in (("speed", 1.0), ("mass", _mass(function)), ("cubic", 0.0))
    )

    def force(u: Array) -> Array:
        return c**2 * laplacian(grid, u) - m**2 * u - cubic * u**3

    given = {**coefficients, **own}
    assert residual(lambda *p: function(*p, **given), grid, 0.7, force, 0.004) < 1e-9


def _mass(function: Any) -> float:
    return float(function.__kwdefaults__.get("mass", 0.0))


def test_the_residual_sees_a_wrong_speed() -> None:
    found = residual(
        wave.dalembert, LINE, 0.7, lambda u: 1.01 * laplacian(LINE, u), dt=0.004
    )
    assert found > 1e-3


def test_random_waves_are_the_same_on_every_grid() -> None:
    coarse, fine = Grid.periodic(40, ROUND), Grid.periodic(80, ROUND)
    u, _ = wave.random_waves(*coarse.points(), 0.3, seed=5)
    again, _ = wave.random_waves(*fine.points(), 0.3, seed=5)
    other, _ = wave.random_waves(*coarse.points(), 0.3, seed=6)
    assert np.array_equal(u, again[::2])
    assert not np.allclose(u, other)


def test_a_small_cnoidal_wave_has_the_linear_frequency() -> None:
    (x,) = LINE.points()
    linear = klein_gordon.plane_wave(x, 5.0, speed=0.7, amplitude=1e-5, waves=2)
    found = klein_gordon.cnoidal_wave(x, 5.0, speed=0.7, cubic=1.0, amplitude=1e-5, waves=2)
    assert np.allclose(found, linear, rtol=0, atol=1e-13)


def test_the_uniform_oscillation_has_the_period_of_an_oscillator() -> None:
    # Energy conservation gives the period  4 ∫₀^A du / √(m²(A² − u²) + λ(A⁴ − u⁴)/2).
    angles, weights = np.polynomial.legendre.leggauss(60)
    theta = (angles + 1) * np.pi / 4
    m, cubic, a = 1.2, 3.0, 0.8
    speed = np.sqrt(m**2 + cubic * a**2 * (1 + np.sin(theta) ** 2) / 2)
    period = 4 * float(np.sum(weights / speed)) * np.pi / 4
    kinds = {"mass": m, "cubic": cubic, "amplitude": a, "waves": 0}
    u, v = klein_gordon.cnoidal_wave(np.zeros(1), period, **kinds)  # type: ignore[arg-type]
    assert abs(u[0] - a) < 1e-12
    assert abs(v[0]) < 1e-12


@pytest.mark.parametrize(
    ("function", "wrong"),
    [
        (klein_gordon.plane_wave, {"cubic": 1.0}),
        (klein_gordon.cnoidal_wave, {"cubic": -1.0, "amplitude": 1.5}),
        (wave.random_waves, {"mass": 1.0, "drift": 1.0}),
    ],
)
def test_refuses_what_is_no_solution(function: Any, wrong: dict[str, float]) -> None:
    with pytest.raises(PdekitError):
        function(*LINE.points(), 0.0, **wrong)
