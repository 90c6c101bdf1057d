"""FitzHugh–Nagumo: frozen fronts, the pulse as a homoclinic orbit, rest and firing."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp
from scipy.integrate import solve_bvp, solve_ivp

from pdekit import registry
from pdekit.errors import PdekitError
from pdekit.grid import Grid
from pdekit.solvers.exact.pattern_states import rest, stimulus
from pdekit.typing import Array
from tests.spectral.patterns import WAVY, WAVY_2D, Manufactured, lap, march
from tests.stepping.marching import error

FitzHughNagumo = registry.equation("fitzhugh_nagumo")


def manufactured(v: sp.Expr, w: sp.Expr) -> Manufactured:
    d, g, eps, a, b, i = (sp.Rational(p, 10) for p in (2, 1, 3, 7, 8, 4))

    def rhs(v: sp.Expr, w: sp.Expr) -> list[sp.Expr]:
        return [d * lap(v) + v - v**3 / 3 - w + i, g * lap(w) + eps * (v + a - b * w)]

    params = {"diffusivity_v": 0.2, "diffusivity_w": 0.1, "epsilon": 0.3, "current": 0.4}
    return Manufactured(FitzHughNagumo, rhs, [v, w], **params)


def test_spectral_accuracy_in_the_plane() -> None:
    x, y = sp.symbols("x y", real=True)
    problem = manufactured(WAVY_2D, sp.cos(x - y) / 2)
    errors = [problem.error(points, 100) for points in (8, 16, 32)]
    assert errors[0] > 1e-4
    assert errors[1] < errors[0] / 20
    assert errors[2] < 1e-11


def test_fourth_order_in_time() -> None:
    x, t = sp.symbols("x t", real=True)
    problem = manufactured(WAVY, 1 + sp.cos(x + t) / 2)
    assert problem.order((40, 80, 160)) == pytest.approx(4, abs=0.2)


def test_fronts_of_a_frozen_medium() -> None:
    equation = FitzHughNagumo(diffusivity_v=0.6, epsilon=0.0, current=0.1)
    grid = Grid.periodic(512, (-50, 50))
    (x,) = grid.points()
    exact = equation.solution("front_pair", half_width=25.0, recovery=-0.15)
    found = march(equation, grid, np.stack(exact(x, 0.0)), 8.0, 800)
    assert error(found, np.stack(exact(x, 8.0))) < 1e-9
    assert error(np.stack(exact(x, 8.0)), np.stack(exact(x, 0.0))) > 0.1


def test_a_moving_recovery_has_no_such_fronts() -> None:
    with pytest.raises(PdekitError, match="epsilon = 0"):
        FitzHughNagumo().solution("front_pair")(np.zeros(3), 0.0)


def test_a_uniform_medium_is_an_oscillator() -> None:
    """Against the ordinary differential equation, through several spikes."""
    equation, grid = FitzHughNagumo(current=0.6), Grid.periodic(4, (0.0, 1.0))
    found = march(equation, grid, np.stack([np.full(4, -1.0), np.full(4, 0.1)]), 60.0, 6000)

    def rhs(_: float, s: Array) -> list[float]:
        v, w = s
        return [v - v**3 / 3 - w + 0.6, 0.08 * (v + 0.7 - 0.8 * w)]

    orbit = solve_ivp(rhs, (0, 60), [-1.0, 0.1], method="DOP853", rtol=1e-12, atol=1e-13)
    assert np.ptp(orbit.y[0]) > 3
    np.testing.assert_allclose(found[:, 0], orbit.y[:, -1], atol=1e-7)


def test_rest_is_steady() -> None:
    for params in ({}, {"a": 0.6, "b": 0.5, "current": 0.1}):
        v, w = rest(**params)
        start = np.stack([np.full(4, v), np.full(4, w)])
        equation, grid = FitzHughNagumo(**params), Grid.periodic(4, (0.0, 1.0))
        assert error(march(equation, grid, start, 5.0, 50), start) < 1e-13


def homoclinic_speed(xi: Array, guess: Array, speed: float) -> float:
    """Speed of the pulse as an orbit  (v, v′, w)(ξ = x − ct)  from rest to rest.

    v″ + cv′ + v − v³/3 − w = 0,  cw′ + ε(v + a − bw) = 0.  Ahead of the pulse it leaves
    along the one decaying direction, with a fixed small amplitude that sets its place;
    behind, it has no part in that direction.
    """
    v0, w0 = rest()
    state = np.array([v0, 0.0, w0])

    def rhs(_: Array, y: Array, p: Array) -> Array:
        v, slope, w = y
        bend = -(p[0] * slope + v - v**3 / 3 - w)
        return np.stack([slope, bend, -0.08 * (v + 0.7 - 0.8 * w) / p[0]])

    def decaying(jacobian: Array) -> Array:
        rates, vectors = np.linalg.eig(jacobian)
        direction = vectors[:, np.argmin(rates.real)].real
        return np.asarray(direction / direction[0])

    def ends(behind: Array, ahead: Array, p: Array) -> Array:
        c = p[0]
        j = np.array([[0, 1, 0], [v0**2 - 1, -c, 1], [-0.08 / c, 0, 0.064 / c]])
        lead = ahead - state - 1e-5 * decaying(j)
        return np.append(lead, decaying(j.T) @ (behind - state))

    found = solve_bvp(rhs, ends, xi, guess, p=[speed], tol=1e-9, max_nodes=20_000)
    assert found.success
    return float(found.p[0])


def test_the_pulse_has_the_speed_of_its_homoclinic_orbit() -> None:
    """The number that the case reaction_diffusion/fitzhugh_nagumo_pulse checks."""
    grid = Grid.periodic(512, (-100, 100))
    (x,) = grid.points()
    u = march(FitzHughNagumo(), grid, np.stack(stimulus(x, center=-50)), 100.0, 1000)
    top = int(np.argmax(u[0]))
    u = np.roll(u, 256 - top, axis=1)
    front = int(np.flatnonzero(u[0] - rest()[0] > 1e-5)[-1])
    xi = np.linspace(-70.0, 0.0, 400)
    rows = (u[0], grid.derivative(u[0]), u[1])
    guess = np.stack([np.interp(xi + x[front], x, row) for row in rows])
    assert homoclinic_speed(xi, guess, 0.8) == pytest.approx(0.8117656, abs=2e-7)
