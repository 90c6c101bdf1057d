"""Fisher–KPP: the front of known speed, other fronts, growth, bounds."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp

from pdekit import registry
from pdekit.grid import Grid
from pdekit.solvers.exact import pattern_states
from tests.spectral.patterns import BOX, WAVY, WAVY_2D, Manufactured, lap, march, mode
from tests.stepping.marching import error

FisherKPP = registry.equation("fisher_kpp")


def manufactured(u: sp.Expr) -> Manufactured:
    d, r = sp.Rational(1, 10), sp.Rational(3, 2)

    def rhs(u: sp.Expr) -> list[sp.Expr]:
        return [d * lap(u) + r * u * (1 - u)]

    return Manufactured(FisherKPP, rhs, [u], diffusivity=0.1, rate=1.5)


def test_spectral_accuracy_in_the_plane() -> None:
    problem = manufactured(WAVY_2D)
    errors = [problem.error(points, 50) for points in (8, 16, 32)]
    assert errors[0] > 1e-4
    assert errors[1] < errors[0] / 20
    assert errors[2] < 1e-11


def test_fourth_order_in_time() -> None:
    assert manufactured(WAVY).order((20, 40, 80)) == pytest.approx(4, abs=0.2)


def test_the_front_of_other_coefficients() -> None:
    equation, grid = FisherKPP(diffusivity=0.3, rate=1.7), Grid.periodic(768, (-50, 50))
    (x,) = grid.points()
    exact = equation.solution("front_pair", half_width=25.0)
    found = march(equation, grid, exact(x, 0.0), 4.0, 800)
    assert error(found, exact(x, 4.0)) < 1e-9
    assert error(exact(x, 0.0), exact(x, 4.0)) > 0.1


def test_logistic_growth() -> None:
    equation, grid = FisherKPP(rate=1.7), Grid.periodic(4, BOX)
    (x,) = grid.points()
    exact = equation.solution("uniform", start=0.02)
    assert error(march(equation, grid, exact(x, 0.0), 5.0, 400), exact(x, 5.0)) < 1e-9


@pytest.mark.parametrize("wave", [0, 2, 5])
def test_modes_of_the_unstable_state_grow_with_their_rate(wave: int) -> None:
    """σ = r − Dk²."""
    equation, grid = FisherKPP(diffusivity=0.2, rate=1.3), Grid.periodic(16, BOX)
    (x,) = grid.points()
    found = march(equation, grid, 1e-9 * np.cos(wave * x), 2.0, 200)
    growth = np.log(abs(mode(found, wave)) * (1 + (wave > 0)) / 1e-9) / 2.0
    assert growth == pytest.approx(1.3 - 0.2 * wave**2, abs=1e-6)


def test_a_compact_start_is_pulled_at_the_least_speed() -> None:
    """2 − 3/2t (Bramson 1983), to within the next term, 3√π/2t^(3/2), at t = 22.

    Not much later than this: the rounding of the unstable state grows with e^t.
    """
    equation, grid = FisherKPP(), Grid.periodic(768, (-130, 130))
    (x,) = grid.points()
    u, places = pattern_states.spot(x, radius=0.8), []
    for end in (20.0, 4.0):
        u = march(equation, grid, u, end, round(20 * end))
        places.append(float(np.interp(-0.5, -u[384:], x[384:])))
    speed = (places[1] - places[0]) / 4.0
    assert speed == pytest.approx(2 - 1.5 / 22, abs=1.5 * np.pi**0.5 / 22**1.5)
    assert speed < 2


@pytest.mark.parametrize("h", [0.5, 5.0, 100.0])
def test_populations_stay_between_their_bounds(h: float) -> None:
    """One step of ETD1 maps [0, 1] into itself, however long it is."""
    equation, grid = FisherKPP(diffusivity=0.1, rate=2.0), Grid.periodic(128, BOX)
    (x,) = grid.points()
    u, linear = 0.5 + 0.5 * np.cos(3 * x), equation.symbol(grid)[0]
    for _ in range(20):
        u_hat, n_hat = np.fft.rfft(u), np.fft.rfft(FisherKPP.product(u, 2.0))
        e = np.exp(h * linear)
        u = np.fft.irfft(e * u_hat + (e - 1) / linear * n_hat)
        assert u.min() >= -1e-13
        assert u.max() <= 1 + 1e-13
