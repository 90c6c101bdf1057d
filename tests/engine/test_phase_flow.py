"""The flow that turns phases: sine and cosine to rounding, modulus kept."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pdekit import registry
from pdekit.engine import make_engine
from pdekit.grid import Grid
from pdekit.typing import Array
from tests.stepping.marching import march, set_up

NLSE = registry.equation("nlse")
POINTS = 2048
EPS = np.finfo(float).eps


@cache
def turning() -> Any:
    """Return f(θ) = exp(iθ) as the compiled phase flow of a potential −θ computes it."""
    grid = Grid.periodic(POINTS, (0.0, 1.0))
    engine = make_engine("fused", grid, channels=1)
    ones = engine.field(np.ones((1, 1, POINTS)))
    flow = engine.phase_flow(NLSE.rate, (np.zeros(POINTS), 0.0))

    def turn(theta: Array) -> Array:
        potential = np.zeros(POINTS)
        potential[: theta.size] = -theta
        w = flow(engine.load(ones), 1.0, (potential, 0.0))
        return np.asarray(engine.values(w)[0, 0, : theta.size])

    return turn


def distance(theta: Array) -> Array:
    """Error of both parts against extended precision."""
    found, wide = turning()(theta), theta.astype(np.longdouble)
    return np.maximum(abs(found.real - np.cos(wide)), abs(found.imag - np.sin(wide)))


EDGES = [0.0, 0.125, np.nextafter(0.125, 1), 1e-300, 1e-8, *(np.pi / 4 * np.arange(1, 30))]


@pytest.mark.parametrize("size", [1e-3, 0.125, 1.0, 10.0, 1e3, 1e5, 1e6])
def test_phases_are_right_to_two_units_in_the_last_place(size: float) -> None:
    theta = np.random.default_rng(0).uniform(-size, size, POINTS)
    assert distance(theta).max() < 2.0 * EPS


def test_phases_at_the_edges_of_the_quadrants() -> None:
    theta = np.array(
        [s * (e + d) for e in EDGES for s in (1, -1) for d in (0, 1e-15, -1e-15)]
    )
    assert distance(theta).max() < 2.0 * EPS
    assert turning()(np.zeros(3)).tolist() == [1.0, 1.0, 1.0]


@pytest.mark.parametrize("size", [1e8, 1e10, 1e12])
def test_huge_phases_keep_the_modulus_and_lose_no_more_than_their_own_rounding(
    size: float,
) -> None:
    theta = np.random.default_rng(0).uniform(-size, size, POINTS)
    assert distance(theta).max() < EPS * size
    assert abs(abs(turning()(theta)) - 1).max() < 4 * EPS


@settings(max_examples=200)
@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=64))
def test_any_phases(theta: list[float]) -> None:
    """Also rows in which small and large phases meet."""
    assert distance(np.array(theta)).max() < 2.0 * EPS


def test_not_a_number_stays_one() -> None:
    with np.errstate(invalid="ignore"):
        assert np.isnan(turning()(np.array([np.nan]))).all()
        assert np.isnan(turning()(np.array([np.inf]))).all()


def test_rows_that_do_not_fill_a_block() -> None:
    """257 points: one whole block of the kernel and one point."""
    grid = Grid.periodic(257, (0.0, 1.0))
    engine = make_engine("fused", grid, channels=1, members=2)
    u = np.random.default_rng(1).standard_normal((2, 1, 257)) * np.exp(2j)
    w = engine.phase_flow(NLSE.rate, (0.0, 1.0))(
        engine.load(engine.field(u)), 0.7, (0.0, 1.0)
    )
    assert np.allclose(engine.values(w), u * np.exp(0.7j * abs(u) ** 2), rtol=1e-14, atol=0)


SPLITTINGS = [
    n for n in registry.integrators() if getattr(registry.integrator(n), "outer", None)
]


@settings(max_examples=60)
@given(
    name=st.sampled_from(SPLITTINGS),
    n=st.sampled_from([1, 2, 3, 4, 5, 7, 8, 13, 16, 31, 50, 97, 128]),
    length=st.floats(0.1, 100.0),
    dispersion=st.floats(-3.0, 3.0),
    focusing=st.floats(-3.0, 3.0),
    seed=st.integers(0, 99),
)
def test_splittings_keep_the_mass_of_anything(
    name: str, n: int, length: float, dispersion: float, focusing: float, seed: int
) -> None:
    grid = Grid.periodic(n, (0.0, length))
    real, imaginary = np.random.default_rng(seed).standard_normal((2, 1, 1, n))
    u = real + 1j * imaginary
    equation = NLSE(dispersion=dispersion, focusing=focusing)
    end = march(set_up(equation, grid, name, end=1.0, steps=10), u)
    assert np.linalg.norm(end) == pytest.approx(np.linalg.norm(u), rel=1e-13)
