"""Sums of waves: residuals in equations written out by hand, seeds, the heat kernel."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pdekit import registry
from pdekit.grid import Grid
from pdekit.solvers.exact import linear_waves
from pdekit.solvers.exact.parameters import ParameterError
from tests.exact.conftest import FIRST, OFFSETS

LINE = Grid.periodic(65, (-1.0, 2.0))
PLANE = Grid.periodic((48, 45), ((0.0, 2.0), (-1.0, 2.0)))
SPACE = Grid.periodic((20, 21, 22), ((0.0, 1.0), (-1.0, 2.0), (0.0, 2.0)))


def right(grid: Grid, u: Any, orders: dict[int, tuple[float, ...]]) -> Any:
    """Σ_n Σ_i a_{n,i} ∂ᵢⁿ u, term by term."""
    return sum(
        a * grid.derivative(u, i, n) for n, row in orders.items() for i, a in enumerate(row)
    )


@pytest.mark.parametrize(
    ("name", "params", "grid", "orders"),
    [
        ("advection", {"velocity": 0.7}, LINE, {1: (-0.7,)}),
        ("advection", {"velocity": (0.7, -0.4)}, PLANE, {1: (-0.7, 0.4)}),
        ("advection", {"velocity": 0.3}, SPACE, {1: (-0.3, -0.3, -0.3)}),
        ("diffusion", {"diffusivity": 0.02}, SPACE, {2: (0.02, 0.02, 0.02)}),
        ("diffusion", {"diffusivity": (0.01, 0.0)}, PLANE, {2: (0.01, 0.0)}),
        ("dispersion", {"dispersion": 0.003}, LINE, {3: (-0.003,)}),
        ("dispersion", {"dispersion": (0.003, -0.001)}, PLANE, {3: (-0.003, 0.001)}),
        (
            "linear",
            {"coefficients": (0.1, -1.0, 0.02, 0.003, -1e-4, 1e-5)},
            LINE,
            {0: (0.1,), 1: (-1.0,), 2: (0.02,), 3: (0.003,), 4: (-1e-4,), 5: (1e-5,)},
        ),
        (
            "linear",
            {"coefficients": (0.1, (-1.0, 0.5), 0.02, 0.0, (-1e-4, -1e-5))},
            PLANE,
            {0: (0.1,), 1: (-1.0, 0.5), 2: (0.02, 0.02), 4: (-1e-4, -1e-5)},
        ),
    ],
)
def test_waves_solve_the_equation(name: str, params: Any, grid: Grid, orders: Any) -> None:
    equation = registry.equation(name)(**params)
    ending = ("", "_2d", "_3d")[grid.ndim - 1]
    box = {"period": 3.0} if grid.ndim == 1 else {"periods": grid.lengths}
    u = equation.solution(f"random_waves{ending}", highest=6, mean=0.3, seed=4, **box)
    points, t, dt = grid.points(), 0.4, 2e-3
    slope = sum(
        c * u(*points, t + j * dt) for c, j in zip(FIRST, OFFSETS, strict=True)
    ) / dt  # fmt: skip
    expected = right(grid, u(*points, t), orders)
    assert np.abs(slope - expected).max() < 1e-9 * np.abs(expected).max()


def test_isotropic_powers_of_the_laplacian() -> None:
    equation = registry.equation("linear")(coefficients=(0.0, 0.0, 0.0, 0.0, -1e-3))
    u = equation.solution("random_waves_2d", periods=PLANE.lengths, seed=1)
    points, dt = PLANE.points(), 1e-4
    now = u(*points, 0.0)
    laplacian = sum(PLANE.derivative(now, i, 2) for i in range(2))
    twice = sum(PLANE.derivative(laplacian, i, 2) for i in range(2))
    slope = sum(c * u(*points, j * dt) for c, j in zip(FIRST, OFFSETS, strict=True)) / dt
    assert np.abs(slope + 1e-3 * twice).max() < 1e-8 * np.abs(slope).max()


def test_the_same_seed_gives_the_same_waves_on_every_grid() -> None:
    (x,), (finer,) = LINE.points(), LINE.resize(130).points()
    a, b, c = (
        linear_waves.random_waves(p, 0.0, seed=s) for p, s in ((x, 1), (finer, 1), (x, 2))
    )
    np.testing.assert_allclose(a, b[::2], atol=1e-14)
    assert np.abs(a - c).max() > 0.1
    with pytest.raises(ParameterError, match="highest"):
        linear_waves.random_waves(x, 0.0, highest=0)


@pytest.mark.parametrize("t", [0.0, 0.3, 50.0])
def test_the_heat_kernel_is_periodic_of_mass_one_and_solves(t: float) -> None:
    grid = Grid.periodic(128, (-1.0, 2.0))
    (x,) = grid.points()
    given = {"diffusivity": 0.2, "period": 3.0, "width": 0.2, "position": 0.7}
    u = linear_waves.heat_kernel(x, t, **given)
    assert grid.integrate(u) == pytest.approx(1.0, abs=1e-13)
    np.testing.assert_allclose(linear_waves.heat_kernel(x + 6, t, **given), u, atol=1e-13)
    dt = 2e-4
    around = [linear_waves.heat_kernel(x, t + 0.01 + j * dt, **given) for j in OFFSETS]
    slope = sum(c * v for c, v in zip(FIRST, around, strict=True)) / dt
    left = slope - 0.2 * grid.derivative(around[4], 0, 2)
    assert np.abs(left).max() < 1e-9 * max(np.abs(slope).max(), 1e-2)
