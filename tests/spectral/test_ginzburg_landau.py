"""Complex Ginzburg–Landau: plane waves, their instabilities, defects, balance."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp

from pdekit import registry
from pdekit.errors import PdekitError
from pdekit.grid import Grid
from pdekit.solvers.diagnostics.pattern_metrics import charges
from pdekit.solvers.exact import ginzburg_landau as theory
from pdekit.solvers.exact import pattern_states
from pdekit.typing import Array
from tests.spectral.patterns import BOX, Manufactured, bisect, lap, march, mode, t, x, y
from tests.stepping.marching import error

GinzburgLandau = registry.equation("ginzburg_landau")


def manufactured(a: sp.Expr) -> Manufactured:
    b, c = sp.Rational(7, 10), sp.Rational(-6, 5)

    def rhs(a: sp.Expr) -> list[sp.Expr]:
        return [a + (1 + sp.I * b) * lap(a) - (1 + sp.I * c) * a**2 * sp.conjugate(a)]

    return Manufactured(GinzburgLandau, rhs, [a], b=0.7, c=-1.2)


def test_spectral_accuracy_in_the_plane() -> None:
    problem = manufactured(sp.exp(sp.sin(x)) * sp.exp(sp.I * (y + t)) / 2)
    errors = [problem.error(points, 100) for points in (8, 16, 32)]
    assert errors[0] > 1e-5
    assert errors[1] < errors[0] / 20
    assert errors[2] < 1e-11


def test_fourth_order_in_time() -> None:
    problem = manufactured(sp.exp(sp.sin(x) + sp.I * (x + t)) / 2)
    assert problem.order((40, 80, 160)) == pytest.approx(4, abs=0.2)


@pytest.mark.parametrize(("b", "c"), [(0.0, 0.0), (0.5, -0.8), (-2.0, 1.5)])
def test_plane_waves_in_every_dimension(b: float, c: float) -> None:
    equation = GinzburgLandau(b=b, c=c)
    names = {"": ("wavenumber",), "_2d": ("wavenumber_x", "wavenumber_y")}
    names["_3d"] = (*names["_2d"], "wavenumber_z")
    for ndim, (suffix, keys) in enumerate(names.items(), start=1):
        grid = Grid.periodic((8,) * ndim, (0.0, 20.0))
        q = [2 * np.pi / 20 * m for m in (1, -2, 1)][:ndim]
        exact = equation.solution(f"plane_wave{suffix}", **dict(zip(keys, q, strict=True)))
        found = march(equation, grid, exact(*grid.points(), 0.0), 2.0, 200)
        assert error(found, exact(*grid.points(), 2.0)) < 1e-8


def test_uniform_oscillations_are_exact_for_any_step() -> None:
    equation, grid = GinzburgLandau(b=0.5, c=-1.7), Grid.periodic(8, BOX)
    found = march(equation, grid, np.ones(8) + 0j, 10.0, 40)
    assert error(found, np.full(8, np.exp(17j))) < 1e-13


def test_there_is_no_wave_beyond_the_band() -> None:
    with pytest.raises(PdekitError, match="below 1"):
        GinzburgLandau().solution("plane_wave", wavenumber=1.2)(np.zeros(2), 0.0)


def late_rate(q: float, k: float, b: float, c: float, end: float, pace: int) -> float:
    """Growth rate of a perturbation k on a plane wave q in the solver, q a multiple of k.

    Of the two modes with k the other decays and has gone when it is measured.
    """
    ratio = round(q / k)
    points = 8 * max(2, abs(ratio))
    grid = Grid.periodic(points, (0.0, 2 * np.pi / k))
    a = theory.perturbed_wave(*grid.points(), wavenumber=q, perturbation=1e-8, modulation=k)
    equation, sizes = GinzburgLandau(b=b, c=c), []
    for stretch in (end, end / 2):
        a = march(equation, grid, a, stretch, round(pace * stretch))
        sizes.append(np.hypot(abs(mode(a, ratio + 1)), abs(mode(a, ratio - 1))))
    return float(np.log(sizes[1] / sizes[0]) / (end / 2))


@pytest.mark.parametrize(
    ("q", "k", "b", "c"),
    [
        (0.0, 0.3, 2.0, -1.0),
        (0.0, 0.5, -1.0, 3.0),
        (0.0, 0.7, 1.0, -0.5),
        (0.8, 0.2, 0.0, 0.0),
        (0.6, 0.2, 0.5, -0.4),
    ],
)
def test_perturbations_grow_with_their_rate(q: float, k: float, b: float, c: float) -> None:
    expected = float(theory.growth_rate(k, wavenumber=q, b=b, c=c))
    assert late_rate(q, k, b, c, 20.0, 20) == pytest.approx(expected, abs=2e-5)


def test_the_benjamin_feir_threshold() -> None:
    """k² = −2(1 + bc)/(1 + b²): at b = 2, k = 0.2, c = −(1 + 0.1)/2."""
    found = bisect(lambda c: late_rate(0.0, 0.2, 2.0, c, 80.0, 5) > 0, -0.3, -0.9)
    assert found == pytest.approx(-0.55, rel=0.01)
    assert (
        theory.growth_rate(0.2, b=2.0, c=-0.549)
        < 0
        < theory.growth_rate(0.2, b=2.0, c=-0.551)
    )


@pytest.mark.parametrize(("b", "c"), [(0.0, 0.0), (0.6, -0.5)])
def test_the_eckhaus_threshold(b: float, c: float) -> None:
    """Of a wave of 12 periods in the box, by bisection in its wavenumber."""
    limit = theory.eckhaus_wavenumber(b=b, c=c)
    found = bisect(
        lambda q: late_rate(q, q / 12, b, c, 60.0, 5) > 0, 0.9 * limit, 1.2 * limit
    )
    assert found == pytest.approx(limit, rel=0.01)


def test_the_eckhaus_limit_of_real_coefficients() -> None:
    """q² > 1/3 + k²/6 (Eckhaus 1965)."""
    for k in (0.05, 0.2, 0.4):
        q = np.sqrt(1 / 3 + k**2 / 6)
        assert abs(theory.growth_rate(k, wavenumber=q)) < 1e-13
        assert theory.growth_rate(k, wavenumber=1.01 * q) > 0


def test_the_mean_square_follows_its_balance() -> None:
    equation, grid = GinzburgLandau(b=0.7, c=-1.3), Grid.periodic((24, 24), (0.0, 20.0))
    a = pattern_states.complex_noise_2d(*grid.points(), amplitude=0.5, bandwidth=1.2)

    def mean_square(h: float) -> float:
        return float(np.mean(np.abs(march(equation, grid, a, h, 20)) ** 2))

    middle = march(equation, grid, a, 1.0, 20)[None]
    growth = float(equation.diagnostics(grid, middle)["growth"])
    slope = (mean_square(1.001) - mean_square(0.999)) / 0.002
    assert abs(growth) > 0.01
    assert slope == pytest.approx(growth, rel=1e-5)


def test_the_phase_and_the_conjugate_are_symmetries() -> None:
    """A → e^{iφ}A, and A → A* with b, c → −b, −c."""
    grid = Grid.periodic(32, (0.0, 20.0))
    a = pattern_states.complex_noise(*grid.points(), amplitude=0.8, bandwidth=1.5)

    def step(a: Array, b: float, c: float) -> Array:
        return march(GinzburgLandau(b=b, c=c), grid, a, 1.0, 10)

    after = step(a, 0.7, -1.3)
    assert error(step(np.exp(0.3j) * a, 0.7, -1.3), np.exp(0.3j) * after) < 1e-13
    assert error(step(a.conj(), -0.7, 1.3), after.conj()) < 1e-13


def test_the_free_energy_of_real_coefficients_never_increases() -> None:
    """For b = c also, in the frame that turns with e^{−ict}."""
    grid = Grid.periodic((24, 24), (0.0, 25.0))
    a = pattern_states.complex_noise_2d(*grid.points(), amplitude=0.5, bandwidth=1.0)
    for b in (0.0, 0.8):
        equation, u, energies = GinzburgLandau(b=b, c=b), a[None], []
        for _ in range(15):
            energies.append(float(equation.diagnostics(grid, u)["free_energy"]))
            u = march(equation, grid, u, 1.0, 10)
        assert np.diff(energies).max() < 1e-12
        assert energies[-1] < -0.3
    assert "free_energy" not in GinzburgLandau(b=0.1).diagnostics(grid, u)


def test_defects_are_counted_with_their_charge() -> None:
    grid = Grid.periodic((40, 40), (0.3, 40.3))
    px, py = grid.points()
    a = theory.four_spirals(px, py, wavenumber=2 * np.pi / 40)
    found = charges(a)
    assert np.abs(found).sum() == 4
    assert found.sum() == 0
    np.testing.assert_array_equal(charges(a.conj()), -found)
    inside = found[15:25, 15:25]  # around (20, 20), where z = −(X + iY) K
    assert inside.sum() == 1
