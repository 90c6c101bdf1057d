"""Newton's method: quadratic, at the nodes as between them, on every way to the weights."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from pdekit.gp import dense, newton
from pdekit.gp.basis import polytrig
from pdekit.gp.collocation import rms
from pdekit.gp.dense import Dense
from pdekit.gp.galerkin import Galerkin
from pdekit.gp.least_squares import Factor
from pdekit.gp.newton import Stagnation, solve
from pdekit.gp.span import Span
from pdekit.typing import Array
from tests.gp.posed import dirichlet, relative

CUBIC = {((2,),): 1.0, ((0,), (0,), (0,)): 1.0, ((0,),): -1.0}
CUBIC_2D = {
    ((2, 0),): 1.0, ((0, 2),): 1.0, ((0, 0), (0, 0), (0, 0)): 1.0, ((0, 0),): -1.0,
}  # fmt: skip


def u(x: Array) -> Array:
    return np.asarray(np.sin(40 * x) + x)


def f(x: Array) -> Array:
    return np.asarray(-1600 * np.sin(40 * x) + u(x) ** 3 - u(x))


def test_corrections_fall_quadratically() -> None:
    span = Span("x", 120, 0.0, 1.0)
    fit = solve(dirichlet([span], CUBIC, f, u), [polytrig(span, [40 / (2 * np.pi)], 8, 3)])
    falling = [c for c in fit.corrections if c > 1e-12]
    assert len(fit.corrections) <= 6
    for before, after in pairwise(falling[1:]):
        assert after < 3 * before**2 + 1e-12
    assert relative(fit.bases[0].at(span.between) @ fit.weights, u(span.between)) < 1e-8


def test_what_is_left_between_the_nodes_is_no_more_than_ten_times_that_at_them() -> None:
    span = Span("x", 120, 0.0, 1.0)
    fit = solve(dirichlet([span], CUBIC, f, u), [polytrig(span, [40 / (2 * np.pi)], 8, 3)])
    left = [
        rms(sample.source - sample.left(fit.bases, fit.weights)[0])
        for sample in (fit.collocation.nodes, fit.collocation.between)
    ]
    assert left[1] < 10 * left[0]
    assert left[0] < 1e-9 * rms(fit.collocation.nodes.source)


def test_a_linear_equation_takes_corrections_of_rounding_only() -> None:
    span = Span("x", 60, 0.0, 1.0)
    collocation = dirichlet([span], {((2,),): 1.0}, lambda x: np.exp(x), np.exp)
    fit = solve(collocation, [polytrig(span, [], 14, 0)])
    assert fit.corrections[0] == pytest.approx(1.0)
    assert max(fit.corrections[1:]) < 1e-10


def plane(x: Array, y: Array) -> Array:
    return np.asarray(np.sin(3 * x) * np.cos(2 * y))


def plane_source(x: Array, y: Array) -> Array:
    return np.asarray(-14 * plane(x, y) + plane(x, y) ** 3)


@pytest.mark.parametrize("way", [Dense, Factor, Galerkin])
def test_every_way_to_the_weights_finds_the_solution(
    way: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dense matrix; LSMR and GMRES behind an averaged equation."""
    if way is not Dense:
        monkeypatch.setattr(dense, "FLOPS", 0.0)
    if way is Galerkin:
        monkeypatch.setattr(newton, "QUICK", 0)
    spans = [Span("x", 19, 0.0, 1.0), Span("y", 17, 0.0, 1.0)]
    bases = [polytrig(s, [], 11, 0) for s in spans]
    fit = solve(dirichlet(spans, CUBIC_2D, plane_source, plane), bases)
    assert isinstance(fit.factor, way)
    assert (fit.iterations > 0) == (way is not Dense)
    x, y = (s.between for s in spans)
    found = np.einsum("ia,jb,ab->ij", bases[0].at(x), bases[1].at(y), fit.weights)
    assert relative(found, plane(*np.ix_(x, y))) < 1e-9


def chebyshev(n: int) -> tuple[Array, Array]:
    """Points and differentiation matrix (Trefethen, Spectral Methods in MATLAB, p. 54)."""
    x = np.cos(np.pi * np.arange(n + 1) / n)
    c = np.r_[2, np.ones(n - 1), 2] * (-1.0) ** np.arange(n + 1)
    d = np.outer(c, 1 / c) / (x[:, None] - x + np.eye(n + 1))
    return x, d - np.diag(d.sum(1))


def test_a_solution_without_a_formula_agrees_with_chebyshev_collocation() -> None:
    """u'' = 3 u³ − 10 eˣ, u(−1) = 0, u(1) = 1."""
    x, d = chebyshev(40)
    v = (1 + x) / 2
    ends = [0, -1]
    for _ in range(30):
        residual = d @ d @ v - 3 * v**3 + 10 * np.exp(x)
        jacobian = d @ d - np.diag(9 * v**2)
        jacobian[ends] = np.eye(len(x))[ends]
        residual[ends] = v[ends] - (1 + x[ends]) / 2
        v = v - np.linalg.solve(jacobian, residual)
    span = Span("x", 81, -1.0, 1.0)
    collocation = dirichlet(
        [span], {((2,),): 1.0, ((0,), (0,), (0,)): -3.0},
        lambda s: -10 * np.exp(s), lambda s: (1 + s) / 2,
    )  # fmt: skip
    fit = solve(collocation, [polytrig(span, [], 24, 0)])
    assert relative(fit.bases[0].at(x) @ fit.weights, v) < 1e-9


def test_where_there_is_no_solution_newton_says_so() -> None:
    """u'' = 1 + u² with zero ends has no solution on an interval longer than about 3."""
    span = Span("x", 61, 0.0, 6.0)
    collocation = dirichlet(
        [span], {((2,),): -1.0, ((0,), (0,)): -1.0}, 1.0, lambda x: 0 * x
    )
    with pytest.raises(Stagnation, match="Newton"):
        solve(collocation, [polytrig(span, [], 20, 0)])


def test_the_observer_is_asked_before_every_correction() -> None:
    class Stop(Exception):
        pass

    def look() -> None:
        raise Stop

    span = Span("x", 20, 0.0, 1.0)
    with pytest.raises(Stop):
        solve(dirichlet([span], CUBIC, f, u), [polytrig(span, [], 6, 0)], look=look)
