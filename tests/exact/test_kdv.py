"""Solutions of the KdV equation and its viscous relative: residuals, collisions, limits."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy.special import ellipk

from pdekit.grid import Grid
from pdekit.solvers.exact import kdv
from pdekit.solvers.exact.parameters import ParameterError
from tests.exact.conftest import FIRST, OFFSETS, SECOND

OTHER = {"nonlinearity": 2.0, "dispersion": 0.5}
MIRRORED = {"nonlinearity": -1.5, "dispersion": -0.8}


def rate(f: Any, t: float, dt: float = 1e-3) -> Any:
    return sum(c * f(t + j * dt) for c, j in zip(FIRST, OFFSETS, strict=True)) / dt


@pytest.mark.parametrize(
    ("name", "box", "coefficients", "params"),
    [
        ("soliton", (-20, 20), {}, {}),
        ("soliton", (-25, 25), OTHER, {"speed": 2.0, "background": 0.4, "position": 1.0}),
        ("soliton", (-40, 40), MIRRORED, {"speed": -1.2}),
        ("n_soliton", (-40, 40), {}, {}),
        (
            "n_soliton",
            (-40, 40),
            OTHER,
            {"kappas": [1.6, 1.3, 0.9], "positions": [-5.0, 3.0, 0.0]},
        ),
        ("n_soliton", (-40, 40), MIRRORED, {}),
        ("cnoidal_wave", (0, 20), {}, {}),
        ("cnoidal_wave", (1, 15), OTHER, {"m": 0.8, "period": 7.0, "background": 0.3}),
        ("cnoidal_wave", (0, 10), MIRRORED, {"m": 0.99, "position": 2.0}),
    ],
)
def test_solves_the_equation(
    name: str, box: tuple[int, int], coefficients: dict[str, float], params: Any
) -> None:
    given = {**coefficients, **params}
    a, b = given.get("nonlinearity", 6.0), given.get("dispersion", 1.0)
    function, grid = getattr(kdv, name), Grid.periodic(10 * (box[1] - box[0]), box)
    (x,) = grid.points()
    for t in (-0.3, 1.0) if name == "soliton" else (0.0, 2.0, 5.0):
        u = function(x, t, **given)
        flux = a * u * grid.derivative(u, 0)
        left = rate(lambda s: function(x, s, **given), t)
        left = left + flux + b * grid.derivative(u, 0, 3)
        assert np.abs(left).max() < 1e-9 * np.abs(flux).max()


@pytest.mark.parametrize(
    "params",
    [{}, {**OTHER, "viscosity": 0.7, "background": 0.3}, {**MIRRORED, "viscosity": 1.2}],
)
def test_the_travelling_front_solves_the_equation_on_the_whole_line(params: Any) -> None:
    a, b = params.get("nonlinearity", 1.0), params.get("dispersion", 1.0)
    nu, x, dx = params.get("viscosity", 1.0), np.linspace(-10, 10, 101), 0.05
    wide = [kdv.travelling_front(x + j * dx, 0.3, **params) for j in range(-8, 9)]

    def first(parts: list[Any]) -> Any:
        return sum(c * v for c, v in zip(FIRST, parts, strict=True)) / dx

    slopes = [first(wide[i : i + 9]) for i in range(9)]
    bend = sum(c * v for c, v in zip(SECOND, wide[4:13], strict=True)) / dx**2
    third = sum(c * v for c, v in zip(SECOND, slopes, strict=True)) / dx**2
    left = rate(lambda t: kdv.travelling_front(x, t, **params), 0.3)
    left = left + a * wide[8] * slopes[4] + b * third - nu * bend
    assert np.abs(left).max() < 1e-9 * np.abs(a * wide[8] * slopes[4]).max()
    ends = kdv.travelling_front(np.array([-1e4, 1e4]), 0.0, **params)
    ends = np.sort(ends - params.get("background", 0.0))
    jump = 12 * nu**2 / (25 * a * b)
    np.testing.assert_allclose(ends, sorted([0.0, jump]), atol=1e-12)


def test_solitons_are_where_they_are_said_to_be() -> None:
    x = np.linspace(-60, 60, 2401)
    kappas, positions = [2.0, 1.4, 0.9], [-40.0, 5.0, -15.0]
    apart = sum(
        kdv.soliton(x, 0.0, speed=k**2, position=p)
        for k, p in zip(kappas, positions, strict=True)
    )
    found = kdv.n_soliton(x, 0.0, kappas=kappas, positions=positions)
    np.testing.assert_allclose(found, apart, atol=1e-6)


def test_collision_shifts_are_those_of_the_solution() -> None:
    kappas, start, t = [2.0, 1.2], [-30.0, -10.0], 20.0
    shifts = kdv.collision_shifts(kappas)
    np.testing.assert_allclose(shifts, [math.log(4), -math.log(4) / 0.6], rtol=1e-14)
    x = np.linspace(-20, 80, 2001)
    after = sum(
        kdv.soliton(x, t, speed=k**2, position=p + s)
        for k, p, s in zip(kappas, start, shifts, strict=True)
    )
    found = kdv.n_soliton(x, t, kappas=kappas, positions=start)
    np.testing.assert_allclose(found, after, atol=1e-6)


def test_a_cnoidal_wave_is_a_soliton_or_a_cosine_in_its_limits() -> None:
    x, m = np.linspace(-3, 3, 61), 1 - 1e-12
    kappa = 2 * ellipk(m) / 20
    wave = kdv.cnoidal_wave(x, 0.1, m=m, period=20.0)
    np.testing.assert_allclose(wave, kdv.soliton(x, 0.1, speed=4 * kappa**2), atol=1e-8)
    m, kappa = 1e-7, math.pi / 10
    low = kdv.cnoidal_wave(x, 0.0, m=m, period=10.0) / (m * kappa**2) - 1
    np.testing.assert_allclose(low, np.cos(2 * kappa * x), atol=1e-6)


def test_far_from_everything_the_solution_is_finite() -> None:
    x = np.array([-1e6, 1e6])
    assert np.array_equal(kdv.n_soliton(x, 50.0), [0.0, 0.0])
    assert np.abs(kdv.soliton(x, 50.0)).max() < 1e-300


def test_what_is_no_solution_is_refused() -> None:
    x = np.zeros(3)
    with pytest.raises(ParameterError, match="side of its dispersion"):
        kdv.soliton(x, 0.0, speed=-1.0)
    with pytest.raises(ParameterError, match="0 <= m < 1"):
        kdv.cnoidal_wave(x, 0.0, m=1.0)
    with pytest.raises(ParameterError, match="different positive"):
        kdv.n_soliton(x, 0.0, kappas=[1.0, 1.0], positions=[0.0, 5.0])
    with pytest.raises(ParameterError, match="as many positions"):
        kdv.n_soliton(x, 0.0, kappas=[1.0], positions=[0.0, 5.0])
