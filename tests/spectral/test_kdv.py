"""KdV and Korteweg–Burgers: order, invariants, collisions, symmetries, fronts."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from pdekit import Grid, registry
from pdekit.errors import PdekitError
from pdekit.result import Result
from pdekit.solvers.diagnostics import line_metrics
from pdekit.solvers.exact import kdv as exact
from tests.spectral.flows import band_limited, rate
from tests.spectral.symmetries import commutator, evolve, reflected, translation

KdV = registry.equation("kdv")
KortewegBurgers = registry.equation("korteweg_burgers")
OTHER = {"nonlinearity": 2.0, "dispersion": 0.5}
BOX = Grid.periodic(256, (-20.0, 20.0))


def found_in(grid: Grid, times: Any, u: Any, **params: float) -> Result:
    case = {"equation": {"name": "kdv", "nonlinearity": 6.0, "dispersion": 1.0, **params}}
    return Result(
        grid=grid, times=np.asarray(times), fields={"u": np.asarray(u)}, case=case
    )


def test_the_soliton_at_two_step_sizes() -> None:
    """With real parts of the φ functions the order would be 1 and the error 7.6e-3."""
    (x,) = BOX.points()
    u = KdV().solution("soliton", speed=4.0)
    errors = []
    for steps in (200, 400):
        difference = evolve(KdV(), BOX, u(x, 0.0), 1.0, steps=steps) - u(x, 1.0)
        errors.append(np.linalg.norm(difference) / np.linalg.norm(u(x, 1.0)))
    assert errors[0] < 1e-5
    assert errors[1] < 5e-7
    assert math.log2(errors[0] / errors[1]) > 4


@pytest.mark.parametrize(
    ("params", "name", "given", "box"),
    [
        (OTHER, "soliton", {"background": 0.3, "speed": 2.0}, 40.0),
        ({"nonlinearity": -1.5, "dispersion": -0.8}, "soliton", {"speed": -2.0}, 40.0),
        ({"nonlinearity": 2.0}, "cnoidal_wave", {"m": 0.8, "period": 10.0}, 20.0),
        ({"dispersion": 0.7}, "n_soliton", {"positions": [-8.0, -2.0]}, 60.0),
    ],
)
def test_solutions_of_other_coefficients(
    params: Any, name: str, given: Any, box: float
) -> None:
    grid, equation = Grid.periodic(int(6.4 * box), (-box / 2, box / 2)), KdV(**params)
    (x,), u = grid.points(), equation.solution(name, **given)
    found = evolve(equation, grid, u(x, 0.0), 1.0, steps=400)
    assert np.abs(found - u(x, 1.0)).max() < 2e-6 * np.abs(found).max()


@pytest.mark.parametrize("n", [96, 97, 101])
@pytest.mark.parametrize("params", [{}, {"nonlinearity": 1.0, "dispersion": 0.01}])
def test_invariants_do_not_change(n: int, params: Any) -> None:
    """Their rates along the dealiased right-hand side, by the chain rule."""
    grid, equation = Grid.periodic(n, (0.0, 7.0)), KdV(**params)
    a, b = equation.params.nonlinearity, equation.params.dispersion
    u = band_limited(grid, 3, n // 6)  # so that u³ is free of aliases, too
    right = rate(equation, grid, u)[0]
    bend = grid.derivative(u[0], 0, 2)
    for slope in (np.ones(n), u[0], a / 2 * u[0] ** 2 + b * bend):
        size = np.sqrt(grid.mean(slope**2) * grid.mean(right**2))
        assert abs(grid.mean(slope * right)) < 1e-12 * size
    values = equation.invariants(grid, u[None])
    steep = grid.derivative(u[0])
    assert values["mean"] == pytest.approx(grid.mean(u[0]), abs=1e-15)
    assert values["momentum"] == pytest.approx(0.5)
    energy = grid.mean(a * u[0] ** 3 / 6 - b * steep**2 / 2)
    assert values["energy"] == pytest.approx(energy, rel=1e-12)
    assert set(equation.invariant_scales(grid, u)) == {"mean", "energy"}


def test_invariants_along_a_run() -> None:
    """The bounds of an independent code at half the step."""
    (x,) = BOX.points()
    equation = KdV()
    u = equation.solution("soliton", speed=4.0)(x, 0.0)
    v = evolve(equation, BOX, u, 1.0, steps=800)
    before, after = (equation.invariants(BOX, w[None, None]) for w in (u, v))
    assert after["mean"] == pytest.approx(before["mean"], rel=1e-13)
    assert after["momentum"] == pytest.approx(before["momentum"], rel=1e-8)
    assert after["energy"] == pytest.approx(before["energy"], rel=1e-8)


@pytest.mark.parametrize("n", [64, 65, 67])
def test_symmetries(n: int) -> None:
    grid = Grid.periodic(n, (0.0, 10.0))
    u = 0.5 * band_limited(grid, 1, 5)
    assert translation(KdV(), grid, u, 0.2, steps=40) < 1e-12
    # x → −x turns both signs: the mirrored flow has −a and −b
    there = evolve(KdV(), grid, u, 0.2, steps=40)
    mirror = evolve(
        KdV(nonlinearity=-6.0, dispersion=-1.0), grid, reflected(u), 0.2, steps=40
    )
    np.testing.assert_allclose(mirror, reflected(there), atol=1e-12)
    # x → −x and t → −t together is a symmetry: back again, up to the steps
    back = evolve(
        KdV(), grid, reflected(evolve(KdV(), grid, u, 0.2, steps=800)), 0.2, steps=800
    )
    assert np.abs(reflected(back) - u).max() < 1e-7
    # u → −u with a → −a
    negative = evolve(KdV(nonlinearity=-6.0), grid, -u, 0.2, steps=40)
    np.testing.assert_allclose(negative, -there, atol=1e-13)


def test_a_boost_by_a_grid_step_is_a_translation() -> None:
    """u → u + β moves everything with aβ."""
    grid = Grid.periodic(64, (0.0, 10.0))
    u, end = 0.5 * band_limited(grid, 1, 4), 0.2
    boost = 3 * grid.spacing[0] / (6.0 * end)
    still = evolve(KdV(), grid, u, end, steps=800)
    moving = evolve(KdV(), grid, u + boost, end, steps=800) - boost
    assert np.abs(np.roll(moving, -3, 1) - still).max() < 1e-8


def test_scales_drop_out() -> None:
    """u(x, t) → s⁻² u(x/s, t/s³)."""
    s, grid = 1.7, Grid.periodic(64, (0.0, 10.0))
    u, large = 0.5 * band_limited(grid, 1, 5), Grid.periodic(64, (0.0, 17.0))
    a = evolve(KdV(), grid, u, 0.2, steps=40)
    b = evolve(KdV(), large, u / s**2, 0.2 * s**3, steps=40)
    np.testing.assert_allclose(s**2 * b, a, atol=1e-12)


def test_twice_the_points_change_nothing_that_is_resolved() -> None:
    grid = Grid.periodic(96, (0.0, 20.0))
    fine, u = grid.resize(192), 0.1 * band_limited(grid, 1, 4)
    a = evolve(KdV(), grid, u, 0.2, steps=100)
    b = evolve(KdV(), fine, grid.interpolate(u, fine), 0.2, steps=100)
    np.testing.assert_allclose(b[:, ::2], a, atol=1e-12)


# -- metrics ---------------------------------------------------------------------------


def test_peaks_are_found_between_the_points() -> None:
    grid = Grid.periodic(128, (0.0, 40.0))
    (x,) = grid.points()
    u = exact.n_soliton(x, 0.0, kappas=[1.3, 1.0], positions=[9.87, 28.123])
    result = found_in(grid, [0.0], u[None])
    (first, tall), (second, low) = line_metrics.peaks(result, None)[:2]
    assert (first, tall) == (pytest.approx(9.87, abs=1e-5), pytest.approx(0.845, abs=1e-6))
    assert (second, low) == (pytest.approx(28.123, abs=1e-4), pytest.approx(0.5, abs=1e-5))
    assert line_metrics.peak_count(result, above=0.2) == 2
    assert line_metrics.peak_height(result, rank=2) == low
    with pytest.raises(PdekitError, match="maxima"):
        line_metrics.peak_height(result, rank=1000)


def test_collision_shift_of_the_exact_solution() -> None:
    grid = Grid.periodic(768, (-60.0, 60.0))
    (x,) = grid.points()
    given = {"kappas": [2.0, 1.2], "positions": [-45.0, -20.0]}
    frames = [exact.n_soliton(x, t, **given) for t in (0.0, 20.0)]
    result = found_in(grid, [0.0, 20.0], frames)
    for rank, shift in enumerate(exact.collision_shifts(given["kappas"]), 1):
        found = line_metrics.collision_shift(result, rank=rank)
        assert found == pytest.approx(shift, abs=1e-6)


def test_growth_and_values() -> None:
    grid = Grid.periodic(32, (0.0, 2 * math.pi))
    (x,), times = grid.points(), np.linspace(0, 4, 9)
    u = [np.exp(0.3 * t) * np.cos(2 * x + t) + np.exp(-t) for t in times]
    result = found_in(grid, times, u)
    assert line_metrics.growth_rate(result, mode=2, start=1, end=3) == pytest.approx(0.3)
    assert line_metrics.growth_rate(result, mode=0, start=0, end=4) == pytest.approx(-1.0)
    value = line_metrics.value_at(result, x=0.3, at=2.0)
    assert value == pytest.approx(math.exp(0.6) * math.cos(2.6) + math.exp(-2))
    with pytest.raises(PdekitError, match="two frames"):
        line_metrics.growth_rate(result, mode=2, start=1.1, end=1.2)


# -- with viscosity --------------------------------------------------------------------


def test_without_viscosity_it_is_kdv_and_without_dispersion_burgers() -> None:
    grid = Grid.periodic(96, (0.0, 10.0))
    u = 0.3 * band_limited(grid, 1, 5)
    inviscid = KortewegBurgers(nonlinearity=6.0, viscosity=0.0)
    a = evolve(inviscid, grid, u, 0.3, steps=60)
    np.testing.assert_allclose(a, evolve(KdV(), grid, u, 0.3, steps=60), atol=1e-14)
    assert set(inviscid.invariants(grid, u[None])) == {"mean", "momentum", "energy"}
    viscous = KortewegBurgers(dispersion=0.0, viscosity=0.2)
    burgers = registry.equation("burgers")(viscosity=0.2)
    b = evolve(viscous, grid, u, 0.3, steps=60)
    np.testing.assert_allclose(b, evolve(burgers, grid, u, 0.3, steps=60), atol=1e-14)
    assert set(viscous.invariants(grid, u[None])) == {"mean"}
    with pytest.raises(PdekitError, match="viscosity = 0"):
        viscous.solution("soliton")


def test_the_momentum_decays_as_it_must_and_translations_commute() -> None:
    grid, equation = Grid.periodic(65, (0.0, 10.0)), KortewegBurgers(viscosity=0.3)
    u = 0.3 * band_limited(grid, 1, 6)
    right, found = rate(equation, grid, u), equation.diagnostics(grid, u[None])
    assert grid.mean(u[0] * right[0]) == pytest.approx(-found["dissipation"][0], rel=1e-11)
    assert translation(equation, grid, u, 0.2, steps=20) < 1e-12

    def turned(v: Any) -> Any:
        return -v

    # −u is a solution of −a only: the commutator does not vanish, a test of the test
    assert commutator(equation, grid, u, 0.2, turned, steps=20) > 1e-3


def test_the_front_keeps_its_shape_and_speed() -> None:
    params = {"nonlinearity": 1.0, "dispersion": 1.0, "viscosity": 2.0}
    grid, equation = Grid.periodic(512, (-200.0, 200.0)), KortewegBurgers(**params)
    (x,) = grid.points()
    u = exact.box_of_fronts(x, viscosity=2.0, ramp=8.0)
    assert abs(u[0] - u[-1]) < 0.1  # periodic
    found = evolve(equation, grid, u, 20.0, steps=500)
    case = {"equation": {"name": "korteweg_burgers", **params}}
    result = Result(grid=grid, times=np.array([20.0]), fields={"u": found[None]}, case=case)
    assert line_metrics.front_error(result, width=30.0) < 1e-7
    assert line_metrics.front_error(result, width=30.0, position=0.1) > 1e-3
