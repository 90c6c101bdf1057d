"""Solutions of Burgers' equation: residuals, published numbers, the Cole–Hopf transform."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pdekit.grid import Grid
from pdekit.solvers.exact import burgers
from pdekit.solvers.exact.parameters import ParameterError
from tests.exact.conftest import FIRST, OFFSETS, SECOND

BASDEVANT = 0.01 / math.pi


def rate(f: Callable[[float], Any], t: float, dt: float) -> Any:
    return sum(c * f(t + j * dt) for c, j in zip(FIRST, OFFSETS, strict=True)) / dt


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("periodic_wave", {}),
        ("periodic_wave", {"viscosity": 0.3, "amplitude": 1.3, "period": 5.0}),
        ("periodic_wave", {"viscosity": 0.2, "velocity": 0.7, "position": 0.4}),
        ("sine_shock", {"viscosity": 0.05}),
        ("sine_shock", {"viscosity": 0.2, "amplitude": 2.0, "period": 3.0}),
    ],
)
def test_periodic_solutions_solve_the_equation(name: str, params: dict[str, Any]) -> None:
    function = getattr(burgers, name)
    nu = params.get("viscosity", 0.1)
    period = params.get("period", 2.0 if name == "sine_shock" else 2 * math.pi)
    grid = Grid.periodic(192, (-0.3, period - 0.3))
    (x,) = grid.points()
    for t in (0.2, 0.6):
        u = function(x, t, **params)
        flux = u * grid.derivative(u, 0)
        damping = nu * grid.derivative(u, 0, 2)
        left = rate(lambda s: function(x, s, **params), t, 2e-3) + flux - damping
        assert np.abs(left).max() < 1e-9 * (np.abs(flux) + np.abs(damping)).max()


@pytest.mark.parametrize(
    "params", [{}, {"viscosity": 0.3, "height": 1.4, "velocity": 0.7, "position": 0.2}]
)
def test_a_front_solves_the_equation_on_the_whole_line(params: dict[str, float]) -> None:
    x, dx, t, nu = np.linspace(-4, 4, 201), 0.01, 0.3, params.get("viscosity", 0.1)
    around = [burgers.front(x + j * dx, t, **params) for j in OFFSETS]
    u = around[4]
    slope = sum(c * v for c, v in zip(FIRST, around, strict=True)) / dx
    bend = sum(c * v for c, v in zip(SECOND, around, strict=True)) / dx**2
    left = rate(lambda s: burgers.front(x, s, **params), t, 2e-3) + u * slope - nu * bend
    assert np.abs(left).max() < 1e-9 * np.abs(nu * bend).max()


@pytest.mark.parametrize(
    ("at", "value"),  # the fifth is 0.95815994 in some tables: 30 digits give 0.9581595534
    [
        (-0.9, 0.12178943),
        (-0.75, 0.30284271),
        (-0.5, 0.59276953),
        (-0.25, 0.84735452),
        (-0.1, 0.95815955),
        (-0.05, 0.97898218),
        (-0.02, 0.97990587),
        (-0.01, 0.89804964),
    ],
)
def test_sine_shock_has_the_values_of_the_quadrature(at: float, value: float) -> None:
    x = np.array([at, -at, at + 2])
    u = burgers.sine_shock(x, 0.5, viscosity=BASDEVANT)
    np.testing.assert_allclose(u, [value, -value, value], atol=6e-9)


def test_sine_shock_starts_as_a_sine_and_is_steepest_when_published() -> None:
    x = np.linspace(-1, 1, 21)
    start = burgers.sine_shock(x, 0.0, viscosity=BASDEVANT)
    np.testing.assert_allclose(start, -np.sin(np.pi * x), atol=1e-14)
    times = np.array([1.55, 1.603688, 1.65]) / np.pi
    origin = np.zeros(1)
    slopes = [burgers.sine_shock_slope(origin, t, viscosity=BASDEVANT)[0] for t in times]
    # Basdevant et al. have 152.00516; the further digits by quadrature with 30 digits
    assert slopes[1] == pytest.approx(-152.005161598, abs=1e-6)
    assert min(slopes) == slopes[1]


def test_the_slope_is_that_of_the_values() -> None:
    x, dx = np.linspace(-0.9, 0.9, 7), 1e-3
    around = [burgers.sine_shock(x + j * dx, 0.3, viscosity=0.05) for j in OFFSETS]
    differences = sum(c * v for c, v in zip(FIRST, around, strict=True)) / dx
    slope = burgers.sine_shock_slope(x, 0.3, viscosity=0.05)
    np.testing.assert_allclose(slope, differences, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("n", [128, 135])
def test_from_start_agrees_with_what_is_known_in_closed_form(n: int) -> None:
    grid = Grid.periodic(n, (0.0, 5.0))
    (x,) = grid.points()
    params = {"viscosity": 0.3, "amplitude": 1.3, "period": 5.0, "velocity": 0.7}
    starts = [s * burgers.periodic_wave(s * x, 0.0, **params) for s in (1, -1)]
    found = burgers.from_start(np.stack(starts), grid, 0.8, viscosity=0.3)
    np.testing.assert_allclose(
        found[0], burgers.periodic_wave(x, 0.8, **params), atol=1e-12
    )
    mirrored = -burgers.periodic_wave(-x, 0.8, **params)
    np.testing.assert_allclose(found[1], mirrored, atol=1e-12)


@pytest.mark.parametrize("d", [2, 3])
@pytest.mark.parametrize("changed", [False, True])
def test_cells_solve_the_equation_and_have_no_vorticity(d: int, changed: bool) -> None:
    function = (burgers.cells_2d, burgers.cells_3d)[d - 2]
    modes = (1, 2, 1)[:d] if not changed else (2, 1, 2)[:d]
    params: dict[str, Any] = (
        {} if not changed else {"viscosity": 0.3, "amplitude": 2.0, "period": 3.0}
    )
    nu, period = params.get("viscosity", 0.1), params.get("period", 2 * math.pi)
    # the amplitude keeps the spectrum short enough for a small grid
    params = {**params, "amplitude": params.get("amplitude", 2.5), "modes": modes}
    grid = Grid.periodic((64,) * 2 if d == 2 else (48,) * 3, (0.0, period))
    points = grid.points()
    u = np.stack(function(*points, 0.4, **params))
    gradient = np.stack([grid.derivative(u, i) for i in range(d)])  # axis, component
    steepening = np.einsum("i...,ij...->j...", u, gradient)
    damping = nu * sum(grid.derivative(u, i, 2) for i in range(d))
    slope = rate(lambda t: np.stack(function(*points, t, **params)), 0.4, 2e-3)
    scale = np.abs(damping).max()
    assert np.abs(slope + steepening - damping).max() < 1e-9 * scale
    turning = gradient - np.swapaxes(gradient, 0, 1)
    assert np.abs(turning).max() < 1e-9 * np.abs(gradient).max()


def test_what_is_no_solution_is_refused() -> None:
    x = np.zeros(3)
    with pytest.raises(ParameterError, match="amplitude > 1"):
        burgers.periodic_wave(x, 0.0, amplitude=1.0)
    with pytest.raises(ParameterError, match="amplitude > 1"):
        burgers.cells_2d(x, x, 0.0, amplitude=0.5)
    with pytest.raises(ParameterError, match="viscosity > 0"):
        burgers.sine_shock(x, 0.1, viscosity=0.0)
