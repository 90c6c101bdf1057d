"""Allen–Cahn: kinks, the maximum principle for any step, motion by curvature."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp

from pdekit import registry
from pdekit.errors import PdekitError
from pdekit.grid import Grid
from pdekit.solvers.exact import pattern_states, phase_field
from pdekit.typing import Array
from tests.spectral.patterns import BOX, WAVY, WAVY_2D, Manufactured, lap, march, mode
from tests.stepping.marching import error

AllenCahn = registry.equation("allen_cahn")
EPSILON = sp.Rational(3, 10)


def manufactured(u: sp.Expr) -> Manufactured:
    def rhs(u: sp.Expr) -> list[sp.Expr]:
        return [EPSILON**2 * lap(u) + u - u**3]

    return Manufactured(AllenCahn, rhs, [u], epsilon=float(EPSILON))


def test_spectral_accuracy_in_the_plane() -> None:
    problem = manufactured(WAVY_2D)
    errors = [problem.error(points, 80) for points in (8, 16, 24, 32)]
    assert errors[0] > 1e-4
    assert errors[1] < errors[0] / 10
    assert errors[2] < errors[1] / 100
    assert errors[3] < 1e-11


def test_fourth_order_in_time() -> None:
    assert manufactured(WAVY).order((20, 40, 80, 160)) == pytest.approx(4, abs=0.2)


@pytest.mark.parametrize(
    ("name", "params", "epsilon"),
    [
        ("kink_pair", {"distance": 4.0, "center": 0.3}, 0.12),
        ("kink_train", {"period": 2.0, "center": 0.1}, 0.12),
        ("kink_train", {"period": 4.0}, 0.5),
        ("invasion", {"half_width": 1.5}, 0.08),
        ("uniform", {"start": -0.3}, 0.2),
    ],
)
def test_exact_solutions_are_kept(
    name: str, params: dict[str, float], epsilon: float
) -> None:
    grid = Grid.periodic(512, (-4.0, 4.0))
    (x,) = grid.points()
    exact = AllenCahn(epsilon=epsilon).solution(name, **params)
    found = march(AllenCahn(epsilon=epsilon), grid, exact(x, 0.0), 1.5, 300)
    assert error(found, exact(x, 1.5)) < 2e-9


def test_the_width_of_a_kink_belongs_to_the_equation() -> None:
    with pytest.raises(PdekitError, match="leave epsilon to the equation"):
        AllenCahn(epsilon=0.3).solution("kink_pair", epsilon=0.2)


@pytest.mark.parametrize("wave", [1, 3, 6])
def test_modes_of_the_unstable_state_grow_with_their_rate(wave: int) -> None:
    """σ = 1 − ε²k²."""
    equation, grid = AllenCahn(epsilon=0.3), Grid.periodic(32, BOX)
    (x,) = grid.points()
    found = march(equation, grid, 1e-8 * np.cos(wave * x), 2.0, 100)
    growth = np.log(2 * abs(mode(found, wave)) / 1e-8) / 2.0
    assert growth == pytest.approx(1 - 0.09 * wave**2, abs=1e-6)


def etd1(equation: AllenCahn, grid: Grid, u: Array, h: float) -> Array:
    """Return  e^{hL} u + (e^{hL} − 1)/L N(u)."""
    linear = equation.symbol(grid)[0]
    u_hat, n_hat = (np.fft.rfftn(a) for a in (u, AllenCahn.product(u)))
    e = np.exp(h * linear)
    return np.asarray(
        np.fft.irfftn(e * u_hat + (e - 1) / linear * n_hat, s=grid.shape, axes=(0, 1))
    )


@pytest.mark.parametrize("h", [0.1, 1.0, 10.0, 1000.0])
def test_the_maximum_principle_holds_for_any_step(h: float) -> None:
    """With a smaller shift than 2 it fails: that is what the splitting is chosen for."""
    equation, grid = AllenCahn(epsilon=0.2), Grid.periodic((64, 64), BOX)
    u = pattern_states.noise_2d(*grid.points(), amplitude=1.0, bandwidth=6.0)
    u = u / np.abs(u).max()
    energy = [float(equation.free_energy(grid, u))]
    for _ in range(30):
        u = etd1(equation, grid, u, h)
        assert np.abs(u).max() <= 1 + 1e-12
        energy.append(float(equation.free_energy(grid, u)))
    assert np.diff(energy).max() <= 1e-13  # nor does the energy ever increase


def test_long_steps_keep_sharp_fronts() -> None:
    """A thousand steps of h = 1 with ETDRK4, which does not claim the principle."""
    equation, grid = AllenCahn(epsilon=0.1), Grid.periodic(256, (-2.0, 6.0))
    (x,) = grid.points()
    u = np.tanh(20 * np.sin(np.pi * x / 4)) + 0.1 * np.sin(np.pi * x)
    found = march(equation, grid, np.clip(u, -1, 1), 1000.0, 1000)
    assert np.abs(found).max() < 1 + 1e-9
    kinks = equation.solution("kink_pair", distance=4.0, center=2.0)(x, 0.0)
    assert error(found, kinks) < 1e-6


def test_a_disk_shrinks_as_its_curvature_says() -> None:
    """R² = R₀² − 2ε²t as ε → 0; the deviation falls with ε²."""

    def deviation(epsilon: float, points: int) -> float:
        equation, grid = (
            AllenCahn(epsilon=epsilon),
            Grid.periodic((points,) * 2, (-1.2, 1.2)),
        )
        u = phase_field.disk(*grid.points(), radius=0.8, epsilon=epsilon)
        end = 0.12 / epsilon**2
        found = march(equation, grid, u, end, round(4 * end))
        area = grid.volume * (1 + found.mean()) / 2
        return float(area / np.pi - (0.64 - 0.24))

    coarse, fine = deviation(0.12, 48), deviation(0.06, 96)
    assert abs(fine) < 0.06**2 * 3
    assert coarse / fine == pytest.approx(4, rel=0.15)


def test_a_ball_shrinks_twice_as_fast() -> None:
    """R² = R₀² − 4ε²t."""
    epsilon, radius = 0.15, 0.9
    equation, grid = AllenCahn(epsilon=epsilon), Grid.periodic((32,) * 3, (-1.5, 1.5))
    u = phase_field.ball(*grid.points(), radius=radius, epsilon=epsilon)
    found = march(equation, grid, u, 3.0, 15)
    volume = [grid.volume * (1 + a.mean()) / 2 for a in (u, found)]
    squares = [(3 * v / (4 * np.pi)) ** (2 / 3) for v in volume]
    assert squares[0] - squares[1] == pytest.approx(4 * epsilon**2 * 3.0, rel=0.15)
