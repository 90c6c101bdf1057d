"""Plane waves of the complex Ginzburg–Landau equation, and how perturbations grow."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pdekit.grid import Grid
from pdekit.solvers.exact import ginzburg_landau as exact
from pdekit.solvers.exact.parameters import ParameterError
from tests.exact.conftest import FIRST, OFFSETS


def rhs(a: Any, grid: Grid, b: float, c: float) -> Any:
    axes = tuple(range(grid.ndim))
    bend = np.fft.ifftn(-grid.k_squared() * np.fft.fftn(a, axes=axes), axes=axes)
    return a + (1 + 1j * b) * bend - (1 + 1j * c) * np.abs(a) ** 2 * a


@pytest.mark.parametrize(("b", "c"), [(0.0, 0.0), (0.8, -1.3), (-2.0, 0.4)])
def test_plane_waves_solve_the_equation(b: float, c: float) -> None:
    waves = (exact.plane_wave, exact.plane_wave_2d, exact.plane_wave_3d)
    for ndim, wave in enumerate(waves, start=1):
        grid = Grid.periodic((12,) * ndim, (0.0, 25.0))
        names = ["wavenumber"] if ndim == 1 else [f"wavenumber_{n}" for n in grid.names]
        q = dict(zip(names, np.array([2, -1, 1]) * 2 * np.pi / 25, strict=False))

        def a(t: float, wave: Any = wave, grid: Grid = grid, q: Any = q) -> Any:
            return wave(*grid.points(), t, b=b, c=c, **q)

        t, dt = 1.3, 0.01
        slope = sum(w * a(t + j * dt) for w, j in zip(FIRST, OFFSETS, strict=True)) / dt
        expected = rhs(a(t), grid, b, c)
        assert np.abs(slope - expected).max() < 1e-9 * max(1.0, np.abs(expected).max())


@pytest.mark.parametrize("q", [0.0, 0.4])
@pytest.mark.parametrize(("b", "c"), [(0.0, 0.0), (2.0, -1.0), (-0.7, 1.9)])
def test_growth_rates_are_those_of_the_linearised_equation(
    q: float, b: float, c: float
) -> None:
    """Eigenvalues of the derivative of the right-hand side on a grid, wave frame."""
    k = q / 2 if q else 0.3
    grid = Grid.periodic(16, (0.0, 2 * np.pi / k))
    wave = exact.plane_wave(*grid.points(), 0.0, b=b, c=c, wavenumber=q)
    turn = np.exp(-1j * np.angle(wave))
    omega = c + (b - c) * q**2

    def rate(eta: Any) -> Any:  # η of A = wave (1 + η), real and imaginary parts
        h = 1e-4
        up, down = (rhs(wave * (1 + s * h * eta), grid, b, c) for s in (1, -1))
        up2, down2 = (rhs(wave * (1 + s * 2 * h * eta), grid, b, c) for s in (1, -1))
        slope = (8 * (up - down) - (up2 - down2)) / (12 * h)
        return slope * turn / np.abs(wave) + 1j * omega * eta

    basis = np.eye(16)
    columns = [rate(e) for e in basis] + [rate(1j * e) for e in basis]
    jacobian = np.array([np.concatenate([z.real, z.imag]) for z in columns]).T
    found = np.sort(np.linalg.eigvals(jacobian).real)
    for m in (1, 2, 3):
        expected = float(exact.growth_rate(m * k, wavenumber=q, b=b, c=c))
        assert np.abs(found - expected).min() < 1e-8


def test_the_formulas_of_the_thresholds() -> None:
    for b, c in ((2.0, -1.0), (-1.5, 2.0)):
        edge = np.sqrt(-2 * (1 + b * c) / (1 + b**2))
        assert abs(exact.growth_rate(edge, b=b, c=c)) < 1e-14
        assert exact.growth_rate(0.9 * edge, b=b, c=c) > 0
    for b, c in ((0.0, 0.0), (0.5, 0.9), (1.0, -0.4)):
        limit = exact.eckhaus_wavenumber(b=b, c=c)
        long = 1e-3
        assert exact.growth_rate(long, wavenumber=1.001 * limit, b=b, c=c) > 0
        assert exact.growth_rate(long, wavenumber=0.999 * limit, b=b, c=c) < 0
    assert exact.eckhaus_wavenumber() == pytest.approx(3**-0.5)
    with pytest.raises(ParameterError):
        exact.eckhaus_wavenumber(b=2.0, c=-1.0)


def test_the_formula_in_the_case_of_benjamin_and_feir() -> None:
    b, c, k2 = 2.0, -1.0, 0.0625
    root = np.sqrt((1 + k2) ** 2 - 2 * (1 + b * c) * k2 - (1 + b**2) * k2**2)
    assert exact.growth_rate(0.25, b=b, c=c) == pytest.approx(-1 - k2 + root, abs=1e-15)
    assert -1 - k2 + root == pytest.approx(0.0485243022, abs=1e-10)
