"""Cahn–Hilliard: mass, free energy, growth rates, steady profiles, long steps."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp

from pdekit import registry
from pdekit.grid import Grid
from pdekit.solvers.exact import pattern_states
from tests.spectral.patterns import BOX, WAVY, Manufactured, lap, march, mode
from tests.stepping.marching import error, set_up

CahnHilliard = registry.equation("cahn_hilliard")
GAMMA = sp.Rational(1, 20)


@pytest.fixture(scope="module")
def problem() -> Manufactured:
    def rhs(u: sp.Expr) -> list[sp.Expr]:
        return [lap(u**3 - u) - GAMMA * lap(lap(u))]

    return Manufactured(CahnHilliard, rhs, [WAVY / 2], gamma=float(GAMMA))


def test_spectral_accuracy(problem: Manufactured) -> None:
    errors = [problem.error(points, 400) for points in (12, 16, 32)]
    assert errors[0] > 1e-5
    assert errors[1] < errors[0] / 20
    assert errors[2] < 1e-11


def test_fourth_order_in_time(problem: Manufactured) -> None:
    assert problem.order((40, 80, 160), 0.5) == pytest.approx(4, abs=0.2)


@pytest.mark.parametrize("integrator", ["etdrk4", "ifrk4"])
def test_mass_is_constant_and_the_energy_falls(integrator: str) -> None:
    equation, grid = CahnHilliard(gamma=0.02), Grid.periodic((32, 32), BOX)
    u = pattern_states.noise_2d(*grid.points(), mean=0.3, amplitude=0.2, bandwidth=6.0)
    stepper = set_up(equation, grid, integrator, end=2.0, engine="numpy", steps=1000)
    state, masses, energies = stepper.start(u[None, None]), [], []
    for time in np.linspace(0, 2, 21):
        state = stepper.advance(state, float(time), 10**6)
        values = stepper.sample(state, float(time))
        masses.append(float(equation.invariants(grid, values)["mass"][0]))
        energies.append(float(equation.diagnostics(grid, values)["free_energy"][0]))
    assert np.ptp(masses) < 1e-14
    assert np.diff(energies).max() < 0
    assert energies[-1] < 0.6 * energies[0]


@pytest.mark.parametrize(("mean", "wave"), [(0.0, 2), (0.0, 5), (0.2, 3), (0.7, 1)])
def test_modes_grow_with_their_rate(mean: float, wave: int) -> None:
    """σ = (1 − 3m²)k² − γk⁴,  spinodal for m² < 1/3."""
    gamma, end, grid = 0.05, 0.5, Grid.periodic(32, BOX)
    (x,) = grid.points()
    u = mean + 1e-8 * np.cos(wave * x)
    found = march(CahnHilliard(gamma=gamma), grid, u, end, 400)
    growth = np.log(2 * abs(mode(found, wave)) / 1e-8) / end
    expected = (1 - 3 * mean**2) * wave**2 - gamma * wave**4
    assert growth == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(
    ("name", "params"),
    [("kink_pair", {"distance": 4.0}), ("kink_train", {"period": 2.0, "center": 0.3})],
)
def test_steady_profiles_stay(name: str, params: dict[str, float]) -> None:
    equation, grid = CahnHilliard(gamma=0.0144), Grid.periodic(512, (-4.0, 4.0))
    (x,) = grid.points()
    exact = equation.solution(name, **params)(x, 0.0)
    assert error(march(equation, grid, exact, 1.0, 50), exact) < 1e-10


def test_long_steps_are_stable() -> None:
    """h = 0.1 is a hundred times what the growth of L = k² − γk⁴ would allow."""
    equation, grid = CahnHilliard(gamma=0.005), Grid.periodic((64, 64), BOX)
    u = pattern_states.noise_2d(*grid.points(), amplitude=0.05, bandwidth=10.0)
    found = march(equation, grid, u, 30.0, 300)
    assert 0.9 < np.abs(found).max() < 1.1
