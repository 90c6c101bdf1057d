"""Functions of an axis: orthonormal, complete, with derivatives that are derivatives."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pdekit.errors import PdekitError
from pdekit.gp.basis import Basis, extension, of_kernel, polytrig, waves
from pdekit.gp.kernels import SquaredExponential
from pdekit.gp.kronecker import kron, mode_products
from pdekit.gp.span import Span

SPAN = Span("x", 61, -1.0, 2.0)
RING = Span("x", 24, 0.0, 3.0, periodic=True)
BASES = {
    "polytrig": polytrig(SPAN, [3.0], 6, 2),
    "extension": extension(SPAN, 0.35, 2.0),
    "waves": waves(RING, [1 / 3, 2.0]),
    "of_kernel": of_kernel(SPAN, SquaredExponential(1.0, 0.6)),
}


def in_span(basis: Basis, values: np.ndarray) -> float:
    """What is left of values at the nodes after projection, relative."""
    phi = basis.on_nodes()
    return float(np.linalg.norm(values - phi @ (phi.T @ values)) / np.linalg.norm(values))


@pytest.mark.parametrize("name", BASES)
def test_functions_are_orthonormal_on_the_nodes(name: str) -> None:
    phi = BASES[name].on_nodes()
    # rounding over the smallest singular value, or eigenvalue, that is kept
    bound = {"of_kernel": 2e-4, "extension": 1e-5}.get(name, 1e-9)
    np.testing.assert_allclose(phi.T @ phi, np.eye(phi.shape[1]), atol=bound)


@pytest.mark.parametrize("name", BASES)
@pytest.mark.parametrize("order", [1, 2, 3])
def test_derivatives_are_those_of_the_function(name: str, order: int) -> None:
    """Against differences of fourth order of the derivative one lower."""
    basis, h = BASES[name], 1e-3
    rng = np.random.default_rng(1)
    x = rng.uniform(basis.span.lower, basis.span.upper, 7)
    low = [basis.functions(x + s * h, order - 1) for s in (-2, -1, 1, 2)]
    slope = (low[0] - 8 * low[1] + 8 * low[2] - low[3]) / (12 * h)
    exact = basis.functions(x, order)
    assert np.abs(slope - exact).max() < 1e-6 * np.abs(exact).max()
    np.testing.assert_array_equal(basis.at(x, order), exact @ basis.combination)


def test_polytrig_holds_polynomials_and_its_waves() -> None:
    basis, x = BASES["polytrig"], SPAN.nodes
    for values in (x**6, np.cos(6 * np.pi * x + 1), x**2 * np.sin(6 * np.pi * x)):
        assert in_span(basis, values) < 1e-12
    assert in_span(basis, np.sin(4 * np.pi * x)) > 0.1


def test_a_polynomial_has_the_derivative_of_a_polynomial() -> None:
    basis, x = BASES["polytrig"], SPAN.between
    w = basis.on_nodes().T @ SPAN.nodes**5
    np.testing.assert_allclose(basis.at(x, 2) @ w, 20 * x**3, atol=1e-9)


def test_waves_are_periodic_and_include_a_constant() -> None:
    basis = BASES["waves"]
    assert basis.rank == 5
    for order in range(3):
        ends = basis.at(np.array([RING.lower, RING.upper]), order)
        np.testing.assert_allclose(ends[0], ends[1], atol=1e-12)
    assert in_span(basis, np.ones(RING.n)) < 1e-14


def test_eigenvectors_reproduce_the_covariance_between_the_nodes() -> None:
    """Σ λ φ(x) φ(y) = k(x − y), Mercer on the nodes."""
    kernel = SquaredExponential(1.0, 0.6)
    basis = BASES["of_kernel"]
    assert basis.prior is not None
    x = SPAN.between
    values = basis.at(x)
    found = (values * basis.prior) @ values.T
    np.testing.assert_allclose(found, kernel.derivative(x[:, None] - x), atol=1e-6)


@settings(max_examples=25, deadline=None)
@given(
    n=st.integers(4, 40),
    lower=st.floats(-50, 50),
    length=st.floats(0.01, 100),
    periodic=st.booleans(),
)
def test_points_between_lie_between_the_nodes(
    n: int, lower: float, length: float, periodic: bool
) -> None:
    span = Span("x", n, lower, lower + length, periodic)
    nodes = np.append(span.nodes, span.upper) if periodic else span.nodes
    part = (span.between - nodes[:-1]) / np.diff(nodes)
    assert len(span.between) == len(nodes) - 1
    assert part.min() > 0.24
    assert part.max() < 0.76


@pytest.mark.parametrize("times", [1, 2, 3, 4, 6, 8, 40])
def test_no_wave_looks_slow_at_nodes_and_between(times: int) -> None:
    """Of period 1/(times · (n − 1)): a constant at the nodes, but not between them."""
    span = Span("x", 41, 0.0, 1.0)
    k = 2 * np.pi * times * (span.n - 1)
    assert np.ptp(np.cos(k * span.nodes)) < 1e-9
    assert np.ptp(np.cos(k * span.between)) > 0.5


@pytest.mark.parametrize(
    "bad", [(3, 0.0, 1.0), (9, 1.0, 1.0), (9, 2.0, 1.0), (9, 0.0, np.inf)]
)
def test_an_axis_without_length_or_nodes_is_refused(bad: tuple[int, float, float]) -> None:
    with pytest.raises(PdekitError, match="axis x"):
        Span("x", *bad)


def test_products_of_matrices_are_kronecker_products() -> None:
    rng = np.random.default_rng(2)
    a, b, c = (rng.standard_normal(s) for s in ((3, 4), (2, 5), (6, 3)))
    t = rng.standard_normal((4, 5, 3))
    np.testing.assert_allclose(
        mode_products([a, b, c], t).ravel(), kron([a, b, c]) @ t.ravel(), atol=1e-12
    )
    np.testing.assert_allclose(
        mode_products([a, None, c], t).ravel(),
        kron([a, np.eye(5), c]) @ t.ravel(),
        atol=1e-12,
    )
