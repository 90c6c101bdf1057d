"""Equations at nodes: left-hand sides, linearisation, data, refusals."""

from __future__ import annotations

import numpy as np
import pytest

from pdekit.errors import PdekitError, ShapeError
from pdekit.gp.basis import polytrig, waves
from pdekit.gp.collocation import At, Collocation, Condition, mean, rms
from pdekit.gp.kronecker import mode_products
from pdekit.gp.span import Span
from tests.gp.posed import dirichlet, poisson

X, Y = Span("x", 9, 0.0, 1.0), Span("y", 7, -1.0, 1.0)
BASES = [polytrig(X, [], 5, 0), polytrig(Y, [], 4, 0)]
TERMS = {
    ((2, 0),): lambda x, y: 1 + x * y,
    ((0, 1),): -2.0,
    ((0, 0), (1, 0)): lambda x, y: x,
    ((0, 0), (0, 0), (0, 0)): 1.0,
}


def u(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return x**3 * y + y**2


def left(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    value = u(x, y)
    slope = x**3 + 2 * y
    return (1 + x * y) * 6 * x * y - 2 * slope + x * value * 3 * x**2 * y + value**3


def weights() -> np.ndarray:
    phi = [basis.on_nodes().T for basis in BASES]
    return mode_products(phi, u(*np.ix_(X.nodes, Y.nodes)))


def test_the_left_hand_side_is_the_equation_of_the_function() -> None:
    collocation = dirichlet([X, Y], TERMS, left, u)
    for sample in (collocation.nodes, collocation.between):
        found, _ = sample.left(BASES, weights())
        np.testing.assert_allclose(found, left(*np.ix_(*sample.points)), atol=1e-11)
        np.testing.assert_allclose(found, sample.source, atol=1e-11)


def test_conditions_are_the_values_of_the_function_at_and_between_nodes() -> None:
    for condition in dirichlet([X, Y], TERMS, left, u).conditions:
        np.testing.assert_allclose(
            condition.of(BASES, weights()), condition.values, atol=1e-12
        )
        np.testing.assert_allclose(
            condition.misfit_between(BASES, weights()), 0, atol=1e-12
        )


def test_a_condition_between_nodes_sees_what_the_nodes_do_not() -> None:
    """sin(2π · 8 y) is nothing at the nodes of eight intervals."""
    line = Span("y", 9, 0.0, 1.0)
    bases = [BASES[0], polytrig(line, [], 4, 0)]
    across = (At(0.0), None)
    wave = [np.sin(2 * np.pi * 8 * points) for points in (line.nodes, line.between)]
    condition = Condition(across, wave[0], "x.lower", wave[1])
    nothing = np.zeros((bases[0].rank, bases[1].rank))
    assert rms(condition.values - condition.of(bases, nothing)) < 1e-13
    assert rms(condition.misfit_between(bases, nothing)) > 0.4


def test_the_linearised_equation_is_the_derivative() -> None:
    """Against differences of the left-hand side along a direction."""
    nodes = dirichlet([X, Y], TERMS, left, u).nodes
    rng, h = np.random.default_rng(0), 1e-6
    w, dw = weights(), rng.standard_normal((BASES[0].rank, BASES[1].rank))
    ahead, behind = (nodes.left(BASES, w + s * h * dw, 0.7)[0] for s in (1, -1))
    found = sum(
        c * nodes.derivative(BASES, dw, index)
        for index, c in nodes.linearised(BASES, w, 0.7).items()
    )
    np.testing.assert_allclose(found, (ahead - behind) / (2 * h), rtol=1e-6, atol=1e-5)


def test_the_mean_is_the_mean() -> None:
    ring = waves(Span("x", 16, 0.0, 2.0, periodic=True), [0.5, 1.0])
    w = ring.on_nodes().T @ (3 + np.sin(np.pi * ring.span.nodes))
    assert mean(ring) @ w == pytest.approx(3, abs=1e-13)
    line = BASES[0]
    assert mean(line) @ (line.on_nodes().T @ X.nodes) == pytest.approx(0.5, abs=1e-13)


def test_data_that_are_not_finite_or_have_another_shape_are_refused() -> None:
    with pytest.raises(ShapeError):
        Collocation((X,), {((2,),): 1.0}, 0.0, (Condition((At(0.0),), np.zeros(2), "a"),))
    for bad in (
        Condition((At(0.0),), np.array(np.nan), "x.lower"),
        Condition((At(0.0),), np.array(0.0), "x.lower", np.array(np.inf)),
    ):
        with pytest.raises(PdekitError, match=r"x\.lower: the data must be finite"):
            Collocation((X,), {((2,),): 1.0}, 0.0, (bad,))
    with np.errstate(divide="ignore"), pytest.raises(PdekitError, match="finite"):
        _ = poisson(9, np.sin, lambda x: 1 / x).nodes.source
