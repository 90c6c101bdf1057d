"""Linear equations: exact for any step, any number of points, any box; no transforms."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pdekit import Grid, registry, solve
from pdekit.grid import GridError
from tests.spectral.flows import band_limited
from tests.spectral.symmetries import evolve, translation

EQUATIONS: dict[str, dict[str, Any]] = {
    "advection": {"velocity": 0.7},
    "diffusion": {"diffusivity": 0.03},
    "dispersion": {"dispersion": 0.004},
    "linear": {"coefficients": (0.1, -0.5, 0.02, 0.003, -1e-4)},
}
BOXES = [
    Grid.periodic(31, (-1.0, 2.0)),
    Grid.periodic(64, (0.0, 0.5)),
    Grid.periodic((24, 37), ((0.0, 1.0), (-1.0, 2.0))),
    Grid.periodic((16, 17, 18), ((0.0, 1.0), (-1.0, 2.0), (0.0, 7.0))),
]


def named(name: str, grid: Grid) -> Any:
    params = EQUATIONS[name]
    if name == "linear" and grid.ndim > 1:
        odd = tuple(np.linspace(-1, 1, grid.ndim))
        params = {"coefficients": (0.1, odd, 0.02, odd, -1e-4)}
    return registry.equation(name)(**params)


@pytest.mark.parametrize("name", EQUATIONS)
@pytest.mark.parametrize("grid", BOXES, ids=lambda g: f"{g.shape}")
@pytest.mark.parametrize("integrator", ["etdrk4", "ifrk4"])
def test_random_waves_after_one_step(name: str, grid: Grid, integrator: str) -> None:
    equation, ending = named(name, grid), ("", "_2d", "_3d")[grid.ndim - 1]
    box = {"period": grid.lengths[0]} if grid.ndim == 1 else {"periods": grid.lengths}
    highest = 3 if name == "linear" else 5
    u = equation.solution(f"random_waves{ending}", highest=highest, mean=0.4, seed=2, **box)
    start, end = u(*grid.points(), 0.0), u(*grid.points(), 1.5)
    found = evolve(equation, grid, start, 1.5, integrator=integrator, steps=1)
    assert np.abs(found - end).max() < 1e-11 * np.abs(end).max()


@pytest.mark.parametrize(("name", "step"), [("diffusion", 10.0), ("dispersion", 10.0)])
def test_the_phase_of_one_mode_after_a_huge_step(name: str, step: float) -> None:
    grid = Grid.periodic(32, (0.0, 2 * np.pi))
    (x,) = grid.points()
    found = evolve(registry.equation(name)(), grid, np.cos(2 * x), step, steps=1)
    exact = np.exp(-4 * step) * np.cos(2 * x)
    if name == "dispersion":  # u_t + u_xxx = 0: cos(kx + k³t)
        exact = np.cos(2 * x + 8 * step)
    assert np.abs(found - exact).max() < 1e-13


@pytest.mark.parametrize("name", EQUATIONS)
@pytest.mark.parametrize("grid", BOXES, ids=lambda g: f"{g.shape}")
def test_translations_commute_with_the_flow(name: str, grid: Grid) -> None:
    u = band_limited(grid, 1, 5)
    assert translation(named(name, grid), grid, u, 0.3, steps=2) < 1e-12


@pytest.mark.parametrize("name", ["advection", "dispersion"])
def test_what_only_moves_can_be_moved_back(name: str) -> None:
    grid = Grid.periodic((20, 21), ((0.0, 1.0), (0.0, 3.0)))
    key = "velocity" if name == "advection" else "dispersion"
    u = band_limited(grid, 3, 6)
    forth, back = (registry.equation(name)(**{key: (s, -0.3 * s)}) for s in (0.01, -0.01))
    there = evolve(forth, grid, u, 5.0, steps=3)
    assert np.abs(there - u).max() > 0.1
    assert np.abs(evolve(back, grid, there, 5.0, steps=2) - u).max() < 1e-12


@pytest.mark.parametrize("name", EQUATIONS)
def test_twice_the_points_give_the_same_values(name: str) -> None:
    grid = Grid.periodic((24, 27), ((0.0, 1.0), (-1.0, 2.0)))
    fine = grid.resize((48, 54))
    u = band_limited(grid, 5, 7)
    equation = named(name, grid)
    coarse = evolve(equation, grid, u, 0.4, steps=1)
    found = evolve(equation, fine, grid.interpolate(u, fine), 0.4, steps=1)
    np.testing.assert_allclose(found[:, ::2, ::2], coarse, atol=1e-12)


def test_lengths_scale_out() -> None:
    """u(x, t) → u(x/s, t): velocities grow like s, diffusivities s², dispersions s³."""
    s, grid = 2.7, Grid.periodic(33, (0.0, 1.0))
    large, u = Grid.periodic(33, (0.0, s)), band_limited(grid, 2, 8)
    for name, key, power in (
        ("advection", "velocity", 1),
        ("diffusion", "diffusivity", 2),
        ("dispersion", "dispersion", 3),
    ):
        one, other = (registry.equation(name)(**{key: 0.01 * f}) for f in (1, s**power))
        a, b = evolve(one, grid, u, 0.6, steps=1), evolve(other, large, u, 0.6, steps=1)
        np.testing.assert_allclose(a, b, atol=1e-12)


def test_invariants_are_those_of_the_equation() -> None:
    grid = Grid.periodic(32, (0.0, 1.0))
    u = band_limited(grid, 0, 6)[None] + 0.3
    mean, energy = 0.3, 0.5 * (1 + 0.3**2)
    for name, names in (
        ("advection", {"mean", "energy"}),
        ("dispersion", {"mean", "energy"}),
        ("diffusion", {"mean"}),
        ("linear", set()),
    ):
        equation = named(name, grid)
        found, rest = equation.invariants(grid, u), equation.diagnostics(grid, u)
        assert set(found) == names
        both = {**found, **rest}
        assert both["mean"] == pytest.approx(mean, rel=1e-12)
        assert both["energy"] == pytest.approx(energy, rel=1e-12)
        assert both["max_abs"] == np.abs(u).max()


def test_a_step_takes_no_transforms() -> None:
    case = {
        "equation": {"name": "diffusion", "diffusivity": 0.1},
        "domain": {"x": {"interval": [0, 1], "points": 32}},
        "initial": "sin(2*pi*x)",
        "time": {"end": 1, "save": 2},
    }
    few, many = (solve({**case, "solver": {"steps": n}}) for n in (10, 1000))
    assert few.summary["cost"]["transforms"] == many.summary["cost"]["transforms"]


def test_a_source_is_added() -> None:
    """uₜ = u_xx + sin x  from rest:  u = (1 − e^{−t}) sin x."""
    grid = Grid.periodic(24, (0.0, 2 * np.pi))
    (x,) = grid.points()
    equation = registry.equation("diffusion")(source="sin(x)")
    found = evolve(equation, grid, 0 * x, 0.7, steps=4)
    np.testing.assert_allclose(found, (1 - np.exp(-0.7)) * np.sin(x), atol=1e-12)
    assert equation.invariants(grid, found[None, None]) == {}


def test_coefficients_must_fit_the_box() -> None:
    plane = BOXES[2]
    for name, params, message in (
        ("advection", {"velocity": (1.0, 2.0, 3.0)}, "velocity has 3 entries"),
        ("linear", {"coefficients": (0.0, 1.0)}, "needs a direction"),
        ("linear", {"coefficients": ((1.0, 2.0),)}, "has no direction"),
    ):
        with pytest.raises(GridError, match=message):
            registry.equation(name)(**params).symbol(plane)


@pytest.mark.parametrize(
    ("coefficients", "warned"),
    [
        ((0.0, 0.0, -0.1), True),
        ((0.0, 0.0, 0.0, 0.0, 0.1), True),
        ((0.0, 0.0, -1.0, 0.0, -1.0), False),  # of Kuramoto and Sivashinsky
        ((0.5, -1.0, 0.1), False),
    ],
)
def test_ill_posed_equations_are_warned_of(coefficients: Any, warned: bool) -> None:
    equation = registry.equation("linear")(coefficients=coefficients)
    method = registry.integrator("etdrk4")
    found = equation.warnings(BOXES[1], np.zeros((1, 64)), method, 1.0)
    assert bool(found) is warned
