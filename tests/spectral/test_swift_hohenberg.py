"""Swift–Hohenberg: dispersion, rolls and hexagons of known amplitude."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sympy as sp
from scipy.optimize import fsolve

from pdekit import registry
from pdekit.grid import Grid
from pdekit.typing import Array
from tests.spectral.patterns import BOX, WAVY, Manufactured, bisect, lap, march, mode, t, x

SwiftHohenberg = registry.equation("swift_hohenberg")


def manufactured(u: sp.Expr) -> Manufactured:
    r, g, c = sp.Rational(3, 10), sp.Rational(1, 2), sp.Rational(6, 5)

    def rhs(u: sp.Expr) -> list[sp.Expr]:
        return [r * u - (4 * u + 4 * lap(u) + lap(lap(u))) + g * u**2 - c * u**3]

    return Manufactured(
        SwiftHohenberg, rhs, [u], r=0.3, k0=2.0**0.5, quadratic=0.5, cubic=1.2
    )


def test_spectral_accuracy() -> None:
    problem = manufactured(WAVY)
    errors = [problem.error(points, 200) for points in (12, 16, 32)]
    assert errors[0] > 1e-7
    assert errors[1] < errors[0] / 20
    assert errors[2] < 1e-11


def test_fourth_order_in_time() -> None:
    """On few modes: every other one meets |hL| = 1, where the error turns, at its own h."""
    problem = manufactured(sp.cos(x) * (1 + sp.sin(t) / 5))
    assert problem.order((40, 80, 160), points=16) == pytest.approx(4, abs=0.2)


@pytest.mark.parametrize(
    ("r", "k0", "wave"), [(0.3, 2.0, 2), (0.3, 1.7, 1), (-0.1, 3.0, 3)]
)
def test_modes_grow_with_their_rate(r: float, k0: float, wave: int) -> None:
    """σ = r − (k₀² − k²)²."""
    equation, grid = SwiftHohenberg(r=r, k0=k0, quadratic=0.5), Grid.periodic(32, BOX)
    (at,) = grid.points()
    found = march(equation, grid, 1e-8 * np.cos(wave * at), 2.0, 50)
    growth = np.log(2 * abs(mode(found, wave)) / 1e-8) / 2.0
    assert growth == pytest.approx(r - (k0**2 - wave**2) ** 2, abs=1e-6)


def test_the_threshold_of_a_detuned_pattern() -> None:
    """r = (k₀² − k²)²  found by bisection in the solver."""
    grid = Grid.periodic(16, (0.0, 2 * np.pi / 1.2))
    (at,) = grid.points()

    def grows(r: float) -> bool:
        u = march(SwiftHohenberg(r=r), grid, 1e-6 * np.cos(1.2 * at), 10.0, 40)
        return abs(mode(u, 1)) > 0.5e-6

    assert bisect(grows, 0.1, 0.4) == pytest.approx((1 - 1.44) ** 2, rel=1e-3)


def settled(equation: Any, lattice: Array, shells: Array, first: float) -> Array:
    """Return coefficients of a steady pattern on shells of modes, ``lattice`` their fields.

    L_s a_s + ⟨φ_s N(u)⟩/⟨φ_s²⟩ = 0  with  u = Σ a_s φ_s, solved by Newton's method.
    """
    p = equation.params
    linear = p.r - (p.k0**2 - shells) ** 2
    axes = tuple(range(1, lattice.ndim))
    norms = (lattice**2).mean(axes)

    def residual(a: Array) -> Array:
        u = np.tensordot(a, lattice, 1)
        n = p.quadratic * u**2 - p.cubic * u**3
        return np.asarray(linear * a + (lattice * n).mean(axes) / norms)

    a = np.zeros(len(shells))
    a[list(shells).index(p.k0**2)] = first
    return np.asarray(fsolve(residual, a, xtol=1e-13))


def test_rolls_have_their_amplitude() -> None:
    """Two ways to the same steady state; 2√(r/3) is its first term."""
    equation, grid = SwiftHohenberg(r=0.2), Grid.periodic(32, BOX)
    (at,) = grid.points()
    waves = np.array([1, 3, 5, 7])
    a = settled(equation, np.cos(np.outer(waves, at)), waves.astype(float) ** 2, 0.5)
    assert a[0] == pytest.approx(2 * np.sqrt(0.2 / 3), rel=1e-3)
    found = march(equation, grid, 0.1 * np.cos(at), 200.0, 400)
    assert 2 * abs(mode(found, 1)) == pytest.approx(abs(a[0]), rel=1e-9)
    assert 2 * abs(mode(found, 3)) == pytest.approx(abs(a[1]), rel=1e-7)


def test_hexagons_have_their_amplitude() -> None:
    """The variance that the case phase_field/swift_hohenberg_hexagons checks."""
    equation = SwiftHohenberg(r=0.02, quadratic=0.6)
    grid = Grid.periodic((24, 24), ((0.0, 4 * np.pi), (0.0, 4 * np.pi / np.sqrt(3))))
    m, n = grid.modes()
    on_lattice = (np.add.outer(m, n) % 2 == 0) * float(grid.size)
    shells = np.array([0.0, 1.0, 3.0, 4.0, 7.0, 9.0])
    members = np.abs(grid.k_squared() - shells[:, None, None]) < 1e-9
    fields = np.fft.ifft2(members * on_lattice).real
    a = settled(equation, fields, shells, 0.1)
    u = np.tensordot(a, fields, 1)
    leading = (0.6 + np.sqrt(0.6**2 + 15 * 0.02)) / 15
    assert a[1] == pytest.approx(leading, rel=0.1)
    assert u.var() == pytest.approx(0.061077, abs=1e-6)
    found = march(equation, grid, 0.1 * fields[1], 800.0, 800)
    assert found.var() == pytest.approx(u.var(), rel=1e-6)
