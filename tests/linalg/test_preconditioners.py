"""One-level preconditioners against their matrices, and what they do to iterations."""

from __future__ import annotations

import importlib.util
import sys
from typing import Any

import numpy as np
import pytest

from pdekit.errors import BackendUnavailable, NotApplicable, PdekitError, UnknownName
from pdekit.grid import Axis, Grid
from pdekit.linalg import Stencil, discretize
from pdekit.linalg.krylov import conjugate_gradients
from pdekit.linalg.preconditioners import (
    SSOR,
    AlgebraicMultigrid,
    IncompleteCholesky,
    Jacobi,
    check_preconditioner,
)
from tests.linalg.problems import Map, Matrix, box, noise, poisson, smooth_k, square

amg = pytest.mark.skipif(
    importlib.util.find_spec("pyamg") is None, reason="PyAMG is not installed"
)
MIXED = Grid(
    (
        Axis("x", 6, 0.0, 1.0, "periodic"),
        Axis("y", 5, 0.0, 2.0, "dirichlet"),
        Axis("z", 7, 0.0, 1.0, "neumann", "cell"),
    )
)
GRIDS = {
    "line": box((9,)),
    "ring": box((9,), "periodic"),
    "square": square(6),
    "rectangle": box((4, 9), "neumann", "cell"),
    "torus": box((5, 8), "periodic"),
    "cylinder": Grid((Axis("x", 5, 0.0, 1.0, "neumann"), Axis("y", 4, 0.0, 1.0))),
    "cube": box((4, 5, 6)),
    "mixed": MIXED,
    "torus3": box((4, 5, 6), "periodic"),
}


def rough_k(*points: np.ndarray) -> np.ndarray:
    """Coefficients without any symmetry of the grid."""
    total = sum((d + 1.3) * p for d, p in enumerate(points))
    return np.exp(np.sin(7 * total) + total / 3)


@pytest.fixture(params=list(GRIDS))
def op(request: pytest.FixtureRequest) -> Stencil:
    return discretize(GRIDS[request.param], rough_k, 30.0)


def dense(P: Any, op: Any) -> np.ndarray:
    """Return the matrix of a preconditioner."""
    columns = np.eye(int(np.prod(op.shape))).reshape(-1, *op.shape)
    return np.array([P.apply(c).ravel() for c in columns]).T


def incomplete_factor(matrix: np.ndarray, relax: float = 0.0) -> np.ndarray:
    """Return M by Gaussian elimination that drops fill, row by row, as in the textbook."""
    n, a = len(matrix), matrix.copy()
    pattern = matrix != 0
    for j in range(n):
        for i in range(j + 1, n):
            if not pattern[i, j]:
                continue
            for m in range(j + 1, n):
                change = a[i, j] * a[j, m] / a[j, j]
                if pattern[i, m]:
                    a[i, m] -= change
                else:
                    a[i, i] -= relax * change
    lower = np.tril(a)  # column j still holds l_ij d_j
    return (lower / np.diag(a)) @ lower.T


# ------------------------------------------------------------------- against matrices


def test_jacobi_is_the_inverse_of_the_diagonal(op: Stencil) -> None:
    matrix = op.tocsr().toarray()
    np.testing.assert_allclose(
        dense(Jacobi(op), op), np.diag(1 / np.diag(matrix)), rtol=1e-15
    )


@pytest.mark.parametrize("omega", [0.6, 1.0, 1.7])
def test_ssor_is_its_matrix(op: Stencil, omega: float) -> None:
    matrix = op.tocsr().toarray()
    D, L = np.diag(np.diag(matrix)), np.tril(matrix, -1)
    M = (D + omega * L) @ np.linalg.inv(D) @ (D + omega * L.T) / (omega * (2 - omega))
    product = dense(SSOR(op, omega), op) @ M
    np.testing.assert_allclose(product, np.eye(len(M)), atol=1e-12)


def test_ssor_with_omega_one_is_symmetric_gauss_seidel(op: Stencil) -> None:
    """A sweep forward and one back from zero."""
    matrix, b = op.tocsr().toarray(), noise(op).ravel()
    x = np.linalg.solve(np.tril(matrix), b)
    x += np.linalg.solve(np.triu(matrix), b - matrix @ x)
    np.testing.assert_allclose(SSOR(op).apply(b.reshape(op.shape)).ravel(), x, rtol=1e-11)


@pytest.mark.parametrize(("modified", "relax"), [(False, 0.9), (True, 0.97), (True, 1.0)])
def test_incomplete_cholesky_is_elimination_without_fill(
    op: Stencil, modified: bool, relax: float
) -> None:
    P = IncompleteCholesky(op, modified, relax)
    M = incomplete_factor(op.tocsr().toarray(), relax if modified else 0.0)
    assert P.shift == 0
    np.testing.assert_allclose(dense(P, op) @ M, np.eye(len(M)), atol=1e-11)
    assert P.pivots.shape == op.shape


def test_incomplete_factor_agrees_with_the_operator_on_its_pattern(op: Stencil) -> None:
    matrix = op.tocsr().toarray()
    M = np.linalg.inv(dense(IncompleteCholesky(op), op))
    pattern = matrix != 0
    np.testing.assert_allclose(M[pattern], matrix[pattern], rtol=1e-10)


def test_modified_factor_keeps_row_sums(op: Stencil) -> None:
    M = np.linalg.inv(dense(IncompleteCholesky(op, True, 1.0), op))
    np.testing.assert_allclose(
        M.sum(axis=1), op.apply(np.ones(op.shape)).ravel(), rtol=1e-9
    )


def test_in_one_dimension_the_incomplete_factor_is_complete() -> None:
    op = discretize(box((40,)), rough_k)
    b = noise(op)
    np.testing.assert_allclose(op.apply(IncompleteCholesky(op).apply(b)), b, rtol=1e-9)
    assert conjugate_gradients(op, b, IncompleteCholesky(op)).iterations == 1


# ----------------------------------------------------------------------- the contract


@pytest.mark.parametrize(
    "make",
    [
        Jacobi,
        SSOR,
        lambda op: SSOR(op, 1.8),
        IncompleteCholesky,
        lambda op: IncompleteCholesky(op, True),
        pytest.param(AlgebraicMultigrid, marks=amg),
        pytest.param(lambda op: AlgebraicMultigrid(op, "ruge_stuben"), marks=amg),
    ],
    ids=["jacobi", "ssor", "ssor1.8", "ic", "mic", "sa", "rs"],
)
def test_declared_is_found(op: Stencil, make: Any) -> None:
    P = make(op)
    assert P.linear
    assert P.symmetric
    assert P.fixed
    assert P.setup_s > 0
    report = check_preconditioner(P, op)
    assert report.fits_cg(1e-11)
    assert report.keeps_input
    r = noise(op)
    out = np.full(op.shape, np.nan)
    assert P.apply(r, out=out) is out
    np.testing.assert_array_equal(out, P.apply(r))
    readonly = r.copy()
    readonly.flags.writeable = False
    np.testing.assert_array_equal(P.apply(readonly), out)
    transposed = np.asfortranarray(r)
    np.testing.assert_array_equal(P.apply(transposed), out)


def test_report_finds_every_defect() -> None:
    op = poisson(7)
    rng = np.random.default_rng(0)
    skew = np.triu(np.ones((7, 7)), 1)
    found = {
        name: check_preconditioner(Map(function), op)
        for name, function in {
            "skew": lambda r: r + 0.3 * skew @ r,
            "negative": lambda r: -r,
            "normalised": lambda r: r / np.linalg.norm(r),
            "cubic": lambda r: np.cbrt(r),
            "random": lambda r: r * rng.uniform(0.5, 1, r.shape),
            "nan": lambda r: r * np.nan,
        }.items()
    }
    assert found["skew"].asymmetry > 1e-3
    assert found["skew"].nonadditivity < 1e-14
    assert found["negative"].positivity == pytest.approx(-1)
    assert found["negative"].asymmetry < 1e-14
    assert found["normalised"].inhomogeneity == pytest.approx(0.5)
    assert found["cubic"].nonadditivity > 0.1
    assert found["random"].variation > 0.1
    assert not found["nan"].finite
    assert not any(report.fits_cg() for report in found.values())

    def writes(r: np.ndarray) -> np.ndarray:
        r *= 0.5
        return r

    assert not check_preconditioner(Map(writes), op).keeps_input


# ----------------------------------------------------------------- what they are worth


def count(op: Stencil, P: Any, seed: int = 0) -> int:
    found = conjugate_gradients(op, noise(op, seed), P, maxiter=3000)
    assert found.converged
    return found.iterations


@pytest.mark.parametrize("seed", [0, 1])
def test_order_of_the_textbook(seed: int) -> None:
    op = discretize(square(63), smooth_k)
    plain, jacobi = count(op, None, seed), count(op, Jacobi(op), seed)
    ssor, ic = count(op, SSOR(op), seed), count(op, IncompleteCholesky(op), seed)
    mic = count(op, IncompleteCholesky(op, True), seed)
    assert plain > jacobi > ssor > ic > mic
    assert 2.5 < jacobi / ic < 4.5


def test_growth_with_the_number_of_points() -> None:
    """IC(0): iterations as 1/h;  MIC(0): as h^(−1/2);  spectra as h^(−2), h^(−1)."""
    sizes = np.array([31, 63, 127])
    found = np.array(
        [
            [
                count(op, IncompleteCholesky(op)),
                count(op, IncompleteCholesky(op, True, 1.0)),
            ]
            for op in map(poisson, sizes)
        ]
    )
    orders = np.diff(np.log2(found), axis=0) / np.diff(np.log2(sizes + 1))[:, None]
    assert orders[:, 0] == pytest.approx(1.0, abs=0.15)
    assert orders[:, 1] == pytest.approx(0.5, abs=0.15)


def test_condition_numbers_of_incomplete_factors() -> None:
    def condition(n: int, modified: bool) -> float:
        op = poisson(n)
        P = dense(IncompleteCholesky(op, modified, 1.0), op)
        values = np.linalg.eigvals(P @ op.tocsr().toarray()).real
        return float(values.max() / values.min())

    assert condition(15, False) / condition(7, False) == pytest.approx(4, abs=0.8)
    assert condition(15, True) / condition(7, True) == pytest.approx(2, abs=0.4)


def test_young_omega_beats_gauss_seidel() -> None:
    op = poisson(63)
    best = 2 / (1 + np.sin(np.pi / 64))
    assert count(op, SSOR(op, best)) < 0.6 * count(op, SSOR(op, 1.0))


@amg
@pytest.mark.parametrize("kind", ["smoothed_aggregation", "ruge_stuben"])
def test_algebraic_multigrid_does_not_depend_on_the_grid(kind: str) -> None:
    counts = [count(op, AlgebraicMultigrid(op, kind)) for op in (poisson(31), poisson(127))]
    assert max(counts) <= 12
    assert abs(counts[0] - counts[1]) <= 3


# ------------------------------------------------------------------------- refusals


def test_breakdown_is_answered_by_a_shift() -> None:
    """A negative reaction makes the operator indefinite; the factor must stay definite."""
    op = discretize(square(15), 1.0, -600.0)
    P = IncompleteCholesky(op)
    assert P.shift >= 1e-3
    assert np.log2(P.shift / 1e-3) == pytest.approx(round(np.log2(P.shift / 1e-3)))
    assert (P.pivots > 0).all()
    assert np.linalg.eigvalsh(dense(P, op))[0] > 0
    shifted = op.tocsr().toarray() + P.shift * np.diag(op.diagonal().ravel())
    product = dense(P, op) @ incomplete_factor(shifted)
    np.testing.assert_allclose(product, np.eye(225), atol=1e-9)


def test_singular_operator_gets_a_factor() -> None:
    op = discretize(square(8, "neumann", "cell"))
    for modified in (False, True):
        assert check_preconditioner(IncompleteCholesky(op, modified), op).fits_cg(1e-10)


def test_what_has_no_stencil_is_refused() -> None:
    op = Matrix(np.eye(4))
    for make in (SSOR, IncompleteCholesky):
        with pytest.raises(NotApplicable, match="stencil"):
            make(op)
    with pytest.raises(NotApplicable, match="four points"):
        IncompleteCholesky(discretize(box((3, 8), "periodic"), 1.0, 1.0))
    with pytest.raises(NotApplicable, match="positive diagonal"):
        SSOR(discretize(square(4), 1.0, -1e6))
    with pytest.raises(PdekitError, match="omega"):
        SSOR(poisson(4), 2.0)
    with pytest.raises(PdekitError, match="relax"):
        IncompleteCholesky(poisson(4), True, 1.5)
    with pytest.raises(PdekitError, match="zero"):
        Jacobi(Matrix(np.array([[0.0, 1.0], [1.0, 0.0]])))
    with pytest.raises(UnknownName, match="ruge_stuben"):
        AlgebraicMultigrid(poisson(4), "ruge_stueben")


def test_missing_pyamg_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyamg", None)
    with pytest.raises(BackendUnavailable, match=r"pip install 'pdekit\[amg\]'"):
        AlgebraicMultigrid(poisson(7))
