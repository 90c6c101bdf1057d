"""Deviations: those of the explicit matrix, calibrated, and never far below the error."""

from __future__ import annotations

import numpy as np
import pytest

from pdekit.gp import dense, newton, spread
from pdekit.gp.basis import Basis, polytrig
from pdekit.gp.collocation import Collocation
from pdekit.gp.kronecker import kron
from pdekit.gp.newton import Fit, solve
from pdekit.gp.solution import Posterior, Quality, quality
from pdekit.gp.span import Span
from pdekit.typing import Array
from tests.gp.posed import dirichlet, matrix_of, poisson, relative

X, Y = Span("x", 16, 0.0, 1.0), Span("y", 13, 0.0, 1.0)
BASES = [polytrig(X, [], 5, 0), polytrig(Y, [], 4, 0)]
MIXED = {((2, 0),): lambda x, y: np.exp(2 * x * y), ((0, 2),): 1.0}


def posterior(collocation: Collocation, bases: list[Basis], **options: object) -> Posterior:
    fit = solve(collocation, bases, **options)  # type: ignore[arg-type]
    return Posterior(fit, quality(fit))


def rough(x: Array, y: Array) -> Array:
    return np.asarray(np.sin(9 * x * y))


def plane() -> Collocation:
    return dirichlet([X, Y], MIXED, rough, lambda x, y: x * y + 0 * x)


def exact_deviation(found: Posterior, order: tuple[int, int] = (0, 0)) -> Array:
    """σ √diag(Φ (AᵀA)⁻¹ Φᵀ) with the explicit matrix of the equation itself."""
    fit = found.fit
    a = matrix_of(fit.collocation, fit.bases, fit.factor.scale)
    rows = kron(
        [b.at(s.between, m) for b, s, m in zip(fit.bases, (X, Y), order, strict=True)]
    )
    return np.asarray(found.noise * np.linalg.norm(rows @ np.linalg.pinv(a), axis=1))


def from_equation(found: Posterior, order: tuple[int, int] = (0, 0)) -> Array:
    """The deviation without what the faces add; the box has unit length."""
    whole = found.deviation([X.between, Y.between], order)
    return np.asarray(np.sqrt(whole**2 - found.quality.off_nodes**2))


@pytest.mark.parametrize("order", [(0, 0), (1, 0), (1, 2)])
def test_deviations_are_those_of_least_squares(order: tuple[int, int]) -> None:
    found = posterior(plane(), BASES)
    deviation = from_equation(found, order)
    np.testing.assert_allclose(deviation.ravel(), exact_deviation(found, order), rtol=1e-6)


@pytest.mark.parametrize("drawn", [False, True])
def test_with_averaged_coefficients_deviations_are_those_of_the_equation(
    drawn: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Solved by iteration behind an averaged equation, whose deviations would be others."""
    monkeypatch.setattr(dense, "FLOPS", 0.0)
    if drawn:
        monkeypatch.setattr(spread, "EXACT_FLOPS", 0.0)
    found = posterior(plane(), BASES)
    assert found.fit.iterations
    deviation = from_equation(found)
    assert found.deviation_is_exact([X.between, Y.between]) is not drawn
    ratio = deviation.ravel() / exact_deviation(found)
    rms = np.sqrt(np.mean(ratio**2))
    assert abs(rms - 1) < (0.2 if drawn else 1e-6)


def test_galerkin_draws_spread_as_the_solution_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Against the linear map of the solver itself, column by column."""
    monkeypatch.setattr(newton, "QUICK", 0)
    terms = {((2, 0),): 1.0, ((0, 2),): 1.0}
    found = posterior(dirichlet([X, Y], terms, rough, lambda x, y: 0 * x * y), BASES)
    fit, total = found.fit, np.zeros((X.n - 1, Y.n - 1))
    rows = [b.at(s.between) for b, s in zip(BASES, (X, Y), strict=True)]
    zero = [np.zeros_like(gap) for gap in fit.gaps.conditions]
    for i in range(X.n):
        for j in range(Y.n):
            unit = np.zeros((X.n, Y.n))
            unit[i, j] = fit.factor.scale
            w = fit.factor.solve(type(fit.gaps)(unit, tuple(zero)), np.zeros((6, 5)))
            total += np.einsum("ia,jb,ab->ij", *rows, w) ** 2
    for k, face in enumerate(zero):
        for i in range(face.size):
            conditions = [z.copy() for z in zero]
            conditions[k][i] = 1.0
            nothing = np.zeros((X.n, Y.n))
            w = fit.factor.solve(
                type(fit.gaps)(nothing, tuple(conditions)), np.zeros((6, 5))
            )
            total += np.einsum("ia,jb,ab->ij", *rows, w) ** 2
    drawn = found.deviation([X.between, Y.between]) / found.noise
    assert np.sqrt(np.mean(drawn**2 / total)) == pytest.approx(1, abs=0.15)


def test_deviations_are_calibrated() -> None:
    """Solutions of random weights, noise of known size in the equation: ⟨z²⟩ = 1."""
    span, rng = Span("x", 80, 0.0, 1.0), np.random.default_rng(7)
    basis = polytrig(span, [6.0], 3, 1)
    place = span.between[::4]
    squares = []
    for _ in range(200):
        w = rng.standard_normal(basis.rank)
        noise = 0.05 * rng.standard_normal(span.n)
        f = basis.on_nodes(2) @ w

        def source(x: Array, f: Array = f, w: Array = w, noise: Array = noise) -> Array:
            if len(x) == span.n:
                return np.asarray(f + noise)
            return np.asarray(basis.at(x, 2) @ w)

        def u(x: Array, w: Array = w) -> Array:
            return np.asarray(basis.at(x) @ w)

        found = posterior(poisson(span.n, u, source), [basis])
        assert found.noise == found.fit.noise
        z = (found.mean([place]) - u(place)) / found.deviation([place])
        squares.append(np.mean(z**2))
    assert 0.8 < np.mean(squares) < 1.2


@pytest.mark.parametrize("n", [6, 9, 14, 24, 40])
@pytest.mark.parametrize(
    ("u", "f"),
    [
        (lambda x: np.exp(-3 * x), lambda x: 9 * np.exp(-3 * x)),
        (lambda x: np.sin(11 * x), lambda x: -121 * np.sin(11 * x)),
        (lambda x: np.sqrt(x + 0.1), lambda x: -0.25 * (x + 0.1) ** -1.5),
        (
            lambda x: 1 / (1 + 50 * (x - 0.4) ** 2),
            lambda x: 100 * (150 * (x - 0.4) ** 2 - 1) / (1 + 50 * (x - 0.4) ** 2) ** 3,
        ),
    ],
)
def test_the_error_is_no_more_than_a_few_deviations(n: int, u: object, f: object) -> None:
    """With a basis that holds the solution well or badly, and almost as many weights as
    nodes: what is left between the nodes then says more than what is left at them."""
    collocation = poisson(n, u, f)  # type: ignore[arg-type]
    (span,) = collocation.spans
    for degree in (3, n // 2, n - 2, n - 1):
        found = posterior(collocation, [polytrig(span, [], degree, 0)])
        x = span.between
        error = found.mean([x]) - u(x)  # type: ignore[operator]
        assert np.linalg.norm(error) <= 3 * np.linalg.norm(found.deviation([x]))


def test_deviations_are_never_below_rounding() -> None:
    """A solution that the basis holds, and sizes that are far from one."""
    for size in (1e-9, 1.0, 1e12):
        found = posterior(
            poisson(12, lambda x, a=size: a * x, lambda x: 0 * x),
            [polytrig(Span("x", 12, 0.0, 1.0), [], 3, 0)],
        )
        x = np.linspace(0, 1, 5)
        deviation = found.deviation([x])
        assert np.all(deviation > 1e-17 * size)
        assert np.all(deviation < 1e-12 * size)
        assert found.quality.worst < 1e-12


def test_quality_is_relative_to_the_largest_term() -> None:
    """Of u'' = 2 for u = x² + δ x³:  6 δ x is left, of terms of size 2."""
    collocation = poisson(21, lambda x: x**2, lambda x: 0 * x + 2)
    (span,) = collocation.spans
    fit = solve(collocation, [polytrig(span, [], 4, 0)])
    shift = 1e-3 * fit.bases[0].on_nodes().T @ span.nodes**3
    moved = Fit(collocation, fit.bases, fit.weights + shift, fit.factor, fit.gaps)
    found: Quality = quality(moved)
    for at, points in ((found.nodes, span.nodes), (found.between, span.between)):
        left = 6e-3 * np.sqrt(np.mean(points**2))
        assert at == pytest.approx(left / 2, rel=3e-3)


def test_means_and_derivatives_are_those_of_the_solution() -> None:
    found = posterior(
        dirichlet([X, Y], {((2, 0),): 1.0, ((0, 2),): 1.0},
                  lambda x, y: 6 * x * y, lambda x, y: x**3 * y),
        BASES,
    )  # fmt: skip
    points = np.ix_(X.between, Y.between)
    x, y = points
    lines = [X.between, Y.between]
    assert relative(found.mean(lines), x**3 * y) < 1e-12
    assert relative(found.mean(lines, (2, 1)), 6 * x + 0 * y) < 1e-9
    left = found.residual(found.fit.collocation.between)
    assert np.abs(left).max() < 1e-9
    assert found.ranks == (6, 5)
    assert found.nyquist_margin == 0.0
    assert "polynomials of degree 5" in found.label
