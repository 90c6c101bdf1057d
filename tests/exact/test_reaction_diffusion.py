"""Fronts, pulses and kinks: put into their equations, and what they are like."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pdekit.errors import PdekitError
from pdekit.grid import Grid
from pdekit.solvers.exact import pattern_states as states
from pdekit.solvers.exact import phase_field
from pdekit.solvers.exact import reaction_diffusion as exact
from pdekit.solvers.exact.parameters import ParameterError
from pdekit.typing import Array
from tests.exact.conftest import FIRST, OFFSETS, SECOND

TIME = 0.7


def derivatives(f: Callable[..., Any], x: Array, dx: float, dt: float) -> tuple[Array, ...]:
    """Return u, uₜ and uₓₓ, ``(field, points)``, by differences of order eight."""

    def u(x: Array, t: float) -> Array:
        found = f(x, t)
        return np.stack(found if isinstance(found, tuple) else (found,))

    in_time = sum(c * u(x, TIME + j * dt) for c, j in zip(FIRST, OFFSETS, strict=True))
    in_space = sum(c * u(x + j * dx, TIME) for c, j in zip(SECOND, OFFSETS, strict=True))
    return u(x, TIME), in_time / dt, in_space / dx**2


def residual(
    f: Callable[..., Any],
    diffusion: tuple[float, ...],
    reaction: Callable[..., Any],
    x: Array,
    dx: float = 0.02,
) -> float:
    """Largest |uₜ − D uₓₓ − f(u)| over the largest of its terms."""
    u, rate, bend = derivatives(f, x, dx, 0.01)
    spread = np.array(diffusion)[:, None] * bend
    source = np.stack(np.broadcast_arrays(*np.atleast_2d(reaction(*u))))
    left_over = np.abs(rate - spread - source)
    return float(left_over.max() / (np.abs(spread) + np.abs(source)).max())


FAR = np.linspace(-75.0, 75.0, 301)
NEAR = np.linspace(-2.0, 2.0, 301)


@pytest.mark.parametrize(("d", "r"), [(1.0, 1.0), (0.7, 1.9)])
def test_the_fisher_front(d: float, r: float) -> None:
    def pair(x: Array, t: float) -> Array:
        return exact.fisher_pair(x, t, diffusivity=d, rate=r, half_width=70.0, center=1.0)

    assert residual(pair, (d,), lambda u: r * u * (1 - u), FAR) < 1e-9

    def single(x: Array, t: float) -> Array:
        return exact.fisher_front(x - 5 * math.sqrt(r * d / 6) * t, diffusivity=d, rate=r)

    assert residual(single, (d,), lambda u: r * u * (1 - u), FAR) < 1e-9


def test_the_logistic_curve() -> None:
    def uniform(x: Array, t: float) -> Array:
        return exact.logistic(x, t, rate=1.4, start=0.2)

    assert residual(uniform, (0.0,), lambda u: 1.4 * u * (1 - u), NEAR) < 1e-9
    assert exact.logistic(NEAR, 0.0, start=0.2) == pytest.approx(0.2)


@pytest.mark.parametrize(("d", "a"), [(1.0, 0.25), (0.4, 0.1), (2.0, 0.8)])
def test_the_nagumo_front(d: float, a: float) -> None:
    def pair(x: Array, t: float) -> Array:
        return exact.nagumo_pair(x, t, diffusivity=d, threshold=a, half_width=45.0)

    assert residual(pair, (d,), lambda u: u * (1 - u) * (u - a), FAR) < 1e-9


def test_nagumo_with_epsilon_as_in_the_literature() -> None:
    """½(1 − tanh((x − st)/2√2ε)), s = √2ε(½ − a)."""
    epsilon, a, t = 0.7, 0.3, 4.0
    found = exact.nagumo_pair(FAR, t, diffusivity=epsilon**2, threshold=a, half_width=40.0)
    s = math.sqrt(2) * epsilon * (0.5 - a)
    front = 0.5 * (1 - np.tanh((FAR - 40 - s * t) / (2 * math.sqrt(2) * epsilon)))
    right = FAR > 0
    np.testing.assert_allclose(found[right], front[right], atol=1e-14)


@pytest.mark.parametrize(("current", "recovery"), [(0.0, -0.3), (0.2, 0.05), (-0.1, 0.4)])
def test_fronts_of_a_frozen_medium(current: float, recovery: float) -> None:
    given = {"current": current, "recovery": recovery, "epsilon": 0.0}

    def pair(x: Array, t: float) -> Any:
        return exact.frozen_front_pair(x, t, diffusivity_v=0.8, half_width=45.0, **given)

    def reaction(v: Array, w: Array) -> tuple[Array, ...]:
        return v - v**3 / 3 - w + current, 0 * w

    assert residual(pair, (0.8, 0.0), reaction, FAR) < 1e-9


def test_a_frozen_front_needs_three_states() -> None:
    with pytest.raises(ParameterError, match="2/3"):
        exact.frozen_front_pair(NEAR, 0.0, epsilon=0.0, recovery=1.0)


@pytest.mark.parametrize(("f", "k"), [(0.06, 0.03), (0.08, 0.04)])
def test_the_gray_scott_pulse(f: float, k: float) -> None:
    d = 0.05
    given = {"feed": f, "kill": k, "diffusivity_u": d, "diffusivity_v": d * (f + k) / f}

    def pulse(x: Array, t: float) -> Any:
        return exact.gray_scott_pulse(x, t, center=0.2, **given)

    def reaction(u: Array, v: Array) -> tuple[Array, ...]:
        return f * (1 - u) - u * v**2, u * v**2 - (f + k) * v

    diffusion = given["diffusivity_u"], given["diffusivity_v"]
    assert residual(pulse, diffusion, reaction, NEAR) < 1e-9
    with pytest.raises(ParameterError, match="diffusivity_v"):
        exact.gray_scott_pulse(NEAR, 0.0)


def test_the_uniform_state_of_gray_scott() -> None:
    for f, k in ((0.05, 0.06), (0.03, 0.05)):
        u, v = exact.gray_scott_uniform(feed=f, kill=k)
        assert u * v**2 == pytest.approx(f * (1 - u), abs=1e-15)
        assert u * v**2 == pytest.approx((f + k) * v, abs=1e-15)
        assert v > 0
    with pytest.raises(ParameterError):
        exact.gray_scott_uniform(feed=0.04, kill=0.08)


# -- phase fields ----------------------------------------------------------------------


@pytest.mark.parametrize("epsilon", [0.1, 0.23])
@pytest.mark.parametrize(
    ("solution", "params"),
    [
        (phase_field.kink_pair, {"distance": 7.0, "center": 0.2}),
        (phase_field.kink_train, {"period": 1.9, "center": 0.1}),
        (phase_field.kink_train, {"period": 4.9}),
        (phase_field.invasion, {"half_width": 6.0, "center": -0.3}),
        (phase_field.uniform, {"start": 0.2}),
    ],
)
def test_solutions_of_allen_and_cahn(
    solution: Callable[..., Any], params: dict[str, float], epsilon: float
) -> None:
    known = {} if solution is phase_field.uniform else {"epsilon": epsilon}

    def u(x: Array, t: float) -> Any:
        return solution(x, t, **known, **params)

    reach = np.linspace(-8.0, 8.0, 801)
    assert residual(u, (epsilon**2,), lambda u: u - u**3, reach, dx=0.004) < 1e-9


def test_a_kink_train_has_its_period() -> None:
    for period in (0.7, 1.3, 4.9):
        u = phase_field.kink_train(NEAR, 0.0, epsilon=0.1, period=period)
        next_one = phase_field.kink_train(NEAR + period, 0.0, epsilon=0.1, period=period)
        np.testing.assert_allclose(next_one, u, atol=1e-9)
        assert np.ptp(u) > 0.1
    for period in (0.6, 5.1):
        with pytest.raises(ParameterError, match="period between"):
            phase_field.kink_train(NEAR, 0.0, epsilon=0.1, period=period)


def test_far_kinks_of_a_train_are_those_of_a_pair() -> None:
    train = phase_field.kink_train(NEAR + 1.0, 0.0, epsilon=0.1, period=4.0)
    pair = phase_field.kink_pair(NEAR, 0.0, epsilon=0.1, distance=2.0)
    inner = np.abs(NEAR) < 1.2
    np.testing.assert_allclose(train[inner], pair[inner], atol=1e-5)


def test_round_inclusions() -> None:
    grid = Grid.periodic((64, 64, 64), (-1.0, 1.0))
    x, y, z = grid.points()
    disk = phase_field.disk(x[..., 0], y[..., 0], radius=0.5, epsilon=0.03, x0=0.1)
    ball = phase_field.ball(x, y, z, radius=0.5, epsilon=0.03, z0=-0.1)
    assert np.mean(disk > 0) * 4 == pytest.approx(math.pi * 0.25, rel=0.02)
    assert np.mean(ball > 0) * 8 == pytest.approx(math.pi / 6, rel=0.02)


# -- noise and stimuli -----------------------------------------------------------------


@pytest.mark.parametrize("ndim", [1, 2, 3])
def test_noise_has_its_size_and_its_band_on_any_grid(ndim: int) -> None:
    noise = (states.noise, states.noise_2d, states.noise_3d)[ndim - 1]
    coarse, fine = (Grid.periodic((n,) * ndim, (0, 2 * np.pi)) for n in (16, 32))
    drawn = [
        noise(*coarse.points(), mean=2.0, amplitude=0.3, bandwidth=5.5, seed=s)
        for s in range(40)
    ]
    assert np.mean([np.var(u) for u in drawn]) == pytest.approx(0.09, rel=0.2)
    assert drawn[0].mean() == pytest.approx(2.0)
    again = noise(*fine.points(), mean=2.0, amplitude=0.3, bandwidth=5.5, seed=0)
    np.testing.assert_allclose(again[(slice(None, None, 2),) * ndim], drawn[0], atol=1e-13)
    high = np.abs(np.fft.fftn(again)) * (fine.k_squared() >= 5.5**2)
    assert high.max() < 1e-10


def test_noise_needs_a_mode() -> None:
    with pytest.raises(PdekitError, match="no mode"):
        states.noise(Grid.periodic(16, (0, 2 * np.pi)).points()[0], bandwidth=0.9)


def test_the_patch_is_pearsons() -> None:
    grid = Grid.periodic((64, 64), (0, 1.0))
    u, v = states.patch_2d(*grid.points(), x0=0.5, y0=0.5, amplitude=0.0)
    assert (u[32, 32], v[32, 32]) == pytest.approx((0.5, 0.25), abs=1e-3)
    assert (u[0, 0], v[0, 0]) == pytest.approx((1.0, 0.0), abs=1e-6)


def test_the_stimulus_starts_from_rest() -> None:
    x = np.linspace(-60, 60, 241)
    v, w = states.stimulus(x, center=0.0)
    assert (v[-1], w[-1]) == pytest.approx(states.rest(), abs=1e-9)
    rest = states.rest()
    assert rest[0] - rest[0] ** 3 / 3 == pytest.approx(rest[1])
    assert v[120] == pytest.approx(2.0, abs=1e-3)
    grid = Grid.periodic((32, 32), (-60, 60))
    v2, _ = states.broken_front_2d(*grid.points())
    assert v2[16, 8] > 1.9
    assert v2[16, 24] == pytest.approx(rest[0], abs=1e-6)
