"""Nagumo: fronts of any direction, threshold, growth rates."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp

from pdekit import registry
from pdekit.grid import Grid
from pdekit.solvers.exact import pattern_states
from tests.spectral.patterns import (
    BOX,
    WAVY,
    WAVY_2D,
    Manufactured,
    bisect,
    lap,
    march,
    mode,
)
from tests.stepping.marching import error

Nagumo = registry.equation("nagumo")


def manufactured(u: sp.Expr) -> Manufactured:
    d, a = sp.Rational(1, 10), sp.Rational(3, 10)

    def rhs(u: sp.Expr) -> list[sp.Expr]:
        return [d * lap(u) + u * (1 - u) * (u - a)]

    return Manufactured(Nagumo, rhs, [u], diffusivity=0.1, threshold=0.3)


def test_spectral_accuracy_in_the_plane() -> None:
    problem = manufactured(WAVY_2D)
    errors = [problem.error(points, 60) for points in (8, 16, 32)]
    assert errors[0] > 1e-4
    assert errors[1] < errors[0] / 20
    assert errors[2] < 1e-11


def test_fourth_order_in_time() -> None:
    assert manufactured(WAVY).order((20, 40, 80)) == pytest.approx(4, abs=0.2)


@pytest.mark.parametrize("threshold", [0.1, 0.5, 0.7])
def test_fronts_advance_stand_or_retreat(threshold: float) -> None:
    equation = Nagumo(diffusivity=0.4, threshold=threshold)
    grid = Grid.periodic(768, (-60, 60))
    (x,) = grid.points()
    exact = equation.solution("front_pair", half_width=20.0)
    found = march(equation, grid, exact(x, 0.0), 10.0, 600)
    assert error(found, exact(x, 10.0)) < 1e-9
    outward = found.mean() - exact(x, 0.0).mean()
    assert np.sign(round(outward, 9)) == np.sign(0.5 - threshold)


@pytest.mark.parametrize(("state", "wave"), [(0.0, 2), (1.0, 3), (0.3, 1)])
def test_modes_change_with_their_rate(state: float, wave: int) -> None:
    """σ = f′(u) − Dk² with f′(0) = −a, f′(1) = a − 1 and f′(a) = a(1 − a)."""
    equation, grid = Nagumo(diffusivity=0.2, threshold=0.3), Grid.periodic(16, BOX)
    (x,) = grid.points()
    found = march(equation, grid, state + 1e-7 * np.cos(wave * x), 2.0, 100)
    slope = {0.0: -0.3, 1.0: -0.7, 0.3: 0.21}[state]
    growth = np.log(2 * abs(mode(found, wave)) / 1e-7) / 2.0
    assert growth == pytest.approx(slope - 0.2 * wave**2, abs=1e-6)


def test_a_uniform_field_grows_above_the_threshold() -> None:
    grid = Grid.periodic(4, BOX)

    def grows(level: float) -> bool:
        return bool(
            march(Nagumo(threshold=0.37), grid, np.full(4, level), 60.0, 120).min() > 0.5
        )

    assert bisect(grows, 0.2, 0.6) == pytest.approx(0.37, abs=1e-3)


@pytest.mark.parametrize("h", [1.0, 100.0])
def test_the_interval_of_the_states_is_invariant(h: float) -> None:
    equation, grid = Nagumo(diffusivity=0.1, threshold=0.8), Grid.periodic((32, 32), BOX)
    u = 0.5 + 0.5 * np.tanh(
        pattern_states.noise_2d(*grid.points(), amplitude=1, bandwidth=4)
    )
    linear, shift = equation.symbol(grid)[0], equation.shift
    for _ in range(20):
        n_hat = np.fft.rfftn(Nagumo.product(u, 0.8, shift))
        e = np.exp(h * linear)
        u_hat = e * np.fft.rfftn(u) + (e - 1) / linear * n_hat
        u = np.fft.irfftn(u_hat, s=grid.shape, axes=(0, 1))
        assert u.min() >= -1e-13
        assert u.max() <= 1 + 1e-13
