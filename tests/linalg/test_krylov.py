"""Conjugate gradients and their relatives: identities, bounds, counts of other programs."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest
import scipy.linalg
import scipy.sparse as sp
import scipy.sparse.linalg as sl

from pdekit.errors import NotApplicable, PdekitError, ShapeError
from pdekit.linalg import Solution, discretize
from pdekit.linalg.krylov import (
    bicgstab,
    conjugate_gradients,
    fgmres,
    flexible_cg,
    minres,
    safe_fcg,
)
from pdekit.linalg.preconditioners import SSOR, IncompleteCholesky, Jacobi
from tests.linalg.problems import (
    Map,
    Matrix,
    box,
    modes,
    noise,
    poisson,
    smooth_k,
    square,
    true_residual,
)

SYMMETRIC = [conjugate_gradients, flexible_cg, minres, safe_fcg]
ALL = [*SYMMETRIC, bicgstab, fgmres]
SPECTRUM = np.array([1.0, 2.0, 3.5, 7.0, 11.0])


def rotated(eigenvalues: np.ndarray, size: int, seed: int = 3) -> np.ndarray:
    """Return a full symmetric matrix with these eigenvalues, repeated."""
    rng = np.random.default_rng(seed)
    q, _ = np.linalg.qr(rng.standard_normal((size, size)))
    return (q * np.resize(eigenvalues, size)) @ q.T


def inverse_of(op: Any) -> Map:
    factor = sl.splu(sp.csc_array(op.tocsr()))
    return Map(lambda r: factor.solve(r.ravel()).reshape(r.shape), good=True)


# ----------------------------------------------------------------- what must always hold


@pytest.mark.parametrize("solver", ALL)
@pytest.mark.parametrize("preconditioned", [False, True])
def test_reported_residual_is_the_recomputed_one(solver: Any, preconditioned: bool) -> None:
    op = discretize(square(31), smooth_k)
    b, P = noise(op), SSOR(op, 1.5) if preconditioned else None
    for rtol in (1e-3, 1e-9):
        found = solver(op, b, P, rtol=rtol)
        assert found.converged
        assert found.reason == "tol"
        assert found.relative_residual <= rtol
        recomputed = true_residual(op, b, found.x)
        assert found.relative_residual == pytest.approx(recomputed, rel=1e-6)
        assert found.history[-1] == found.relative_residual
        assert found.history_is_true[0]
        assert found.history_is_true[-1]
        assert len(found.history) == found.iterations + 1
        assert found.history[0] == 1.0


@pytest.mark.parametrize("solver", ALL)
def test_stops_at_maxiter_and_says_so(solver: Any) -> None:
    op = poisson(31)
    b = noise(op)
    found = solver(op, b, maxiter=3, **({"safe": Jacobi(op)} if solver is safe_fcg else {}))
    assert not found.converged
    assert (found.reason, found.iterations) == ("maxiter", 3)
    assert found.relative_residual == pytest.approx(true_residual(op, b, found.x), rel=1e-9)
    assert solver(op, b, maxiter=0).relative_residual == 1.0


@pytest.mark.parametrize("solver", ALL)
def test_zero_right_hand_side_gives_zero(solver: Any) -> None:
    op = poisson(7)
    found = solver(op, np.zeros(op.shape), Jacobi(op), x0=noise(op))
    assert found.converged
    assert found.iterations == 0
    assert not found.x.any()


@pytest.mark.parametrize("solver", ALL)
def test_solution_as_start_needs_no_iteration(solver: Any) -> None:
    op = poisson(15)
    b = noise(op)
    exact = conjugate_gradients(op, b, rtol=1e-13).x
    found = solver(op, b, x0=exact)
    assert found.converged
    assert found.iterations == 0
    np.testing.assert_array_equal(found.x, exact)


@pytest.mark.parametrize("solver", ALL)
def test_start_is_used_and_kept(solver: Any) -> None:
    op = poisson(31)
    b = noise(op)
    near = conjugate_gradients(op, b, rtol=1e-6).x
    kept = near.copy()
    found = solver(op, b, SSOR(op), x0=near)
    assert found.history[0] == pytest.approx(true_residual(op, b, near), rel=1e-9)
    assert found.iterations < solver(op, b, SSOR(op)).iterations
    np.testing.assert_array_equal(near, kept)
    assert true_residual(op, b, found.x) <= 1e-8


@pytest.mark.parametrize("solver", ALL)
@pytest.mark.parametrize("power", [-700, -40, 300])
def test_powers_of_two_in_the_right_hand_side_change_nothing(
    solver: Any, power: int
) -> None:
    """Even where squares of its values underflow or overflow."""
    op = poisson(15)
    b = noise(op)
    one = (
        solver(op, b, Jacobi(op), clock=lambda: 0.0)
        if solver is safe_fcg
        else solver(op, b, Jacobi(op))
    )
    if solver is safe_fcg:
        other = solver(op, np.ldexp(b, power), Jacobi(op), clock=lambda: 0.0)
    else:
        other = solver(op, np.ldexp(b, power), Jacobi(op))
    assert other.iterations == one.iterations
    np.testing.assert_array_equal(np.ldexp(other.x, -power), one.x)


@pytest.mark.parametrize("solver", [conjugate_gradients, flexible_cg, minres, fgmres])
@pytest.mark.parametrize("c", [1e-6, 3.0, 1e9])
def test_scaled_problem_has_the_same_iterations(solver: Any, c: float) -> None:
    """(A, M, b) → (cA, cM, cb)  leaves x and the iteration counts."""
    op, scaled = (
        discretize(square(23), smooth_k),
        discretize(square(23), lambda *p: c * smooth_k(*p)),
    )
    b = noise(op)
    one = solver(op, b, IncompleteCholesky(op))
    other = solver(scaled, c * b, IncompleteCholesky(scaled))
    assert one.iterations == other.iterations
    np.testing.assert_allclose(other.x, one.x, rtol=0, atol=1e-9 * np.abs(one.x).max())


@pytest.mark.parametrize("solver", ALL)
def test_nonsense_is_refused(solver: Any) -> None:
    op = poisson(7)
    b = noise(op)
    broken = b.copy()
    broken[3, 3] = np.nan
    with pytest.raises(PdekitError, match="right-hand side is not finite"):
        solver(op, broken)
    with pytest.raises(PdekitError, match="x0 is not finite"):
        solver(op, b, x0=broken)
    with pytest.raises(ShapeError):
        solver(op, b[1:])
    with pytest.raises(PdekitError, match="real"):
        solver(op, b * 1j)
    for rtol in (0.0, 1.0, np.nan):
        with pytest.raises(PdekitError, match="rtol"):
            solver(op, b, rtol=rtol)
    with pytest.raises(PdekitError, match="maxiter"):
        solver(op, b, maxiter=-1)


@pytest.mark.parametrize("solver", ALL)
@pytest.mark.parametrize("boundary", ["neumann", "periodic"])
def test_singular_operators(solver: Any, boundary: str) -> None:
    """Fredholm's alternative: refuse, or solve for the rest and choose the mean zero."""
    op = discretize(square(16, boundary, "cell"), smooth_k)
    b = noise(op)
    with pytest.raises(PdekitError, match="project=True"):
        solver(op, b)
    found = solver(op, b, SSOR(op), project=True)
    assert found.converged
    assert abs(found.x.mean()) <= 1e-14 * np.abs(found.x).max()
    assert any("singular" in sentence for _, sentence in found.events)
    compatible = b - b.mean()
    assert true_residual(op, compatible, found.x) <= 1.01e-8
    again = solver(op, compatible, SSOR(op), x0=np.full(op.shape, 5.0))
    np.testing.assert_allclose(again.x, found.x, atol=1e-6 * np.abs(found.x).max())


@pytest.mark.parametrize("solver", ALL)
def test_tolerance_below_rounding_ends_in_stagnation(solver: Any) -> None:
    op = discretize(square(31), lambda x, y: np.exp(8 * np.sin(5 * x) * np.cos(7 * y)))
    b = op.right_hand_side(1.0)
    found = solver(op, b, SSOR(op, 1.5), rtol=1e-18, maxiter=5000)
    assert not found.converged
    assert found.reason in ("stagnation", "breakdown")
    assert found.iterations < 1000
    assert true_residual(op, b, found.x) < 1e-11
    assert found.events


def test_times_are_parts_of_the_whole() -> None:
    op = poisson(63)
    found = conjugate_gradients(op, noise(op), SSOR(op))
    assert 0 < found.matvec_s + found.preconditioner_s < found.solve_s
    assert found.setup_s > 0
    assert (found.matvecs, found.applications) == (found.iterations + 1, found.iterations)
    assert found.method == "conjugate gradients + SSOR(1)"


# ------------------------------------------------------------------- conjugate gradients


@pytest.mark.parametrize("solver", [conjugate_gradients, flexible_cg, minres, fgmres])
def test_as_many_iterations_as_eigenvalues(solver: Any) -> None:
    op = Matrix(rotated(SPECTRUM, 60))
    b = np.random.default_rng(0).standard_normal(60)
    assert solver(op, b, rtol=1e-10).iterations == len(SPECTRUM)
    assert solver(op, b, rtol=1e-10, maxiter=4).relative_residual > 1e-4


@pytest.mark.parametrize("solver", [conjugate_gradients, flexible_cg, minres, fgmres])
def test_five_sine_modes_take_five_iterations(solver: Any) -> None:
    op = poisson(31)
    b = modes(op.grid, [(1, 1), (2, 3), (5, 1), (7, 7), (20, 3)])
    assert solver(op, b, rtol=1e-8).iterations == 5
    assert solver(op, b, maxiter=4).relative_residual > 1e-4


@pytest.mark.parametrize("solver", [conjugate_gradients, flexible_cg, minres, fgmres])
def test_exact_inverse_takes_one_iteration(solver: Any) -> None:
    op = discretize(square(9), smooth_k)
    assert solver(op, noise(op), inverse_of(op)).iterations == 1


@pytest.mark.parametrize("solver", [conjugate_gradients, flexible_cg, safe_fcg])
@pytest.mark.parametrize("P", [None, Jacobi, SSOR])
def test_error_falls_in_the_norm_of_a_and_below_chebyshev(solver: Any, P: Any) -> None:
    op = discretize(square(15), smooth_k)
    matrix, b = op.tocsr().toarray(), noise(op)
    exact = np.linalg.solve(matrix, b.ravel())
    errors: list[float] = []

    def watch(_: int, x: np.ndarray) -> None:
        e = x.ravel() - exact
        errors.append(float(np.sqrt(e @ matrix @ e)))

    preconditioner = P and P(op)
    found = solver(op, b, preconditioner, callback=watch)
    assert len(errors) == found.iterations + 1
    assert (np.diff(errors) <= 1e-12 * errors[0]).all()
    if solver is conjugate_gradients:
        columns = np.eye(op.grid.size).reshape(-1, *op.shape)
        inverse = (
            np.array([preconditioner.apply(c).ravel() for c in columns])
            if preconditioner
            else np.eye(op.grid.size)
        )
        spectrum = scipy.linalg.eigvalsh(matrix, np.linalg.inv((inverse + inverse.T) / 2))
        root = np.sqrt(spectrum[-1] / spectrum[0])
        k = np.arange(len(errors))
        bound = 2 * ((root - 1) / (root + 1)) ** k * errors[0]
        assert (np.array(errors) <= 1.001 * bound + 1e-12 * errors[0]).all()


@pytest.mark.parametrize("make", [None, Jacobi, SSOR, IncompleteCholesky])
def test_iterations_as_in_scipy(make: Any) -> None:
    op = discretize(square(47), smooth_k)
    b, P = noise(op), make and make(op)
    count = 0

    def watch(_: Any) -> None:
        nonlocal count
        count += 1

    M = None
    if P is not None:
        size = (op.grid.size,) * 2
        M = sl.LinearOperator(
            size, lambda r: P.apply(r.reshape(op.shape)).ravel(), dtype=float
        )
    x, info = sl.cg(op.tocsr(), b.ravel(), rtol=1e-8, M=M, callback=watch)
    assert info == 0
    found = conjugate_gradients(op, b, P)
    assert abs(found.iterations - count) <= 1
    np.testing.assert_allclose(found.x.ravel(), x, atol=1e-6 * np.abs(x).max())


@pytest.mark.parametrize("m", [1, 2, 5, 20])
def test_flexible_equals_plain_for_a_fixed_symmetric_preconditioner(m: int) -> None:
    op = discretize(square(31), smooth_k)
    b, P = noise(op), IncompleteCholesky(op)
    plain, flexible = (
        conjugate_gradients(op, b, P, rtol=1e-6),
        flexible_cg(op, b, P, rtol=1e-6, m=m),
    )
    assert plain.iterations == flexible.iterations
    np.testing.assert_allclose(flexible.x, plain.x, atol=1e-10 * np.abs(plain.x).max())


def test_flexible_copes_with_noise_that_ruins_the_plain_one() -> None:
    op = poisson(31)
    b, exact, rng = noise(op), inverse_of(op), np.random.default_rng(1)

    def noisy(r: np.ndarray) -> np.ndarray:
        z = exact.apply(r)
        return z + 0.1 * np.linalg.norm(z) / 31 * rng.standard_normal(z.shape)

    flexible = flexible_cg(op, b, Map(noisy), rtol=1e-10)
    plain = conjugate_gradients(op, b, Map(noisy, good=True), rtol=1e-10, maxiter=100)
    assert flexible.converged
    assert not plain.converged or plain.iterations > 1.5 * flexible.iterations


def test_undeclared_preconditioner_is_promoted_or_refused() -> None:
    op = poisson(31)
    b, P = noise(op), Map(SSOR(op).apply)
    found = conjugate_gradients(op, b, P)
    assert found.converged
    assert "flexible" in found.method
    assert "not declared linear and symmetric and fixed" in found.events[0][1]
    with pytest.raises(NotApplicable, match="not declared"):
        conjugate_gradients(op, b, P, promote=False)


def test_indefinite_operator_is_found_out() -> None:
    op = Matrix(rotated(np.array([-1.0, 2.0, 3.0, 5.0]), 40))
    b = np.random.default_rng(0).standard_normal(40)
    for solver in (conjugate_gradients, flexible_cg):
        with pytest.raises(NotApplicable, match=r"not positive definite; use minres"):
            solver(op, b)
    with pytest.raises(NotApplicable, match="not positive definite"):
        safe_fcg(op, b, safe=Map(lambda r: r.copy(), good=True))
    assert minres(op, b, rtol=1e-10).iterations == 4


def test_indefinite_preconditioner_is_found_out() -> None:
    op = poisson(15)
    b = noise(op)
    sign = np.where(np.arange(op.grid.size).reshape(op.shape) % 3, 1.0, -1.0)
    for P in (Map(lambda r: -r, good=True), Map(lambda r: sign * r, good=True)):
        with pytest.raises(NotApplicable, match="preconditioner is not positive definite"):
            conjugate_gradients(op, b, P, promote=False)
        with pytest.raises(NotApplicable, match="not positive definite"):
            minres(op, b, P)
        found = conjugate_gradients(op, b, P, maxiter=3000)
        assert any("flexible" in sentence for _, sentence in found.events)
        assert found.relative_residual == pytest.approx(
            true_residual(op, b, found.x), rel=1e-6
        )


@pytest.mark.parametrize("solver", [conjugate_gradients, flexible_cg, minres, safe_fcg])
def test_nonsymmetric_operator_is_refused(solver: Any) -> None:
    op = Matrix(np.triu(np.ones((5, 5))), symmetric=False)
    with pytest.raises(NotApplicable, match="symmetric operator"):
        solver(op, np.ones(5))


@pytest.mark.parametrize("solver", ALL)
def test_preconditioner_that_turns_nan_does_not_spoil_x(solver: Any) -> None:
    op, calls = poisson(15), 0

    def broken(r: np.ndarray) -> np.ndarray:
        nonlocal calls
        calls += 1
        return r / 4 if calls < 4 else np.full(r.shape, np.nan)

    b = noise(op)
    found = solver(op, b, Map(broken, good=True))
    assert np.isfinite(found.x).all()
    assert found.relative_residual == pytest.approx(true_residual(op, b, found.x), rel=1e-9)
    if solver is not safe_fcg:
        assert (found.converged, found.reason) == (False, "breakdown")
        assert any("breakdown" in sentence for _, sentence in found.events)


class Quiet(Matrix):
    """Notes how much memory was asked for between two products."""

    def __init__(self, diagonal: np.ndarray) -> None:
        super().__init__(np.diag(diagonal[:1]))
        self.values, self.shape, self.peaks = diagonal, diagonal.shape, [0]

    def apply(self, x: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        now, peak = tracemalloc.get_traced_memory()
        self.peaks.append(peak - now)
        y = np.multiply(self.values, x, out=out)
        tracemalloc.reset_peak()
        return y

    def residual(
        self, b: np.ndarray, x: np.ndarray, out: np.ndarray | None = None
    ) -> np.ndarray:
        return np.subtract(b, self.values * x, out=out)


@pytest.mark.parametrize(
    "solver", [conjugate_gradients, flexible_cg, minres, bicgstab, fgmres]
)
def test_nothing_is_allocated_between_products(solver: Any) -> None:
    size = 100_000
    op, P = Quiet(np.linspace(1, 30, size)), Map(None, good=True)
    P.apply = lambda r, out=None: np.multiply(r, 0.5, out=out)  # type: ignore[method-assign]
    b = np.ones(size)
    tracemalloc.start()
    solver(op, b, P, rtol=1e-6, maxiter=25)
    tracemalloc.stop()
    assert max(op.peaks[3:]) < 8 * size / 10


# --------------------------------------------------------- indefinite and nonsymmetric


def convection(n: int, speed: float = 40.0) -> Matrix:
    """Return −Δ + speed ∂ₓ with upwind differences, and no symmetry."""
    op = poisson(n)
    difference = sp.kron(sp.eye_array(n) - sp.eye_array(n, k=-1), sp.eye_array(n))
    matrix = sp.csr_array(op.tocsr() + speed * (n + 1) * difference)
    return Matrix(matrix, symmetric=False)


@pytest.mark.parametrize("solver", [bicgstab, fgmres])
@pytest.mark.parametrize("preconditioned", [False, True])
def test_nonsymmetric_systems(solver: Any, preconditioned: bool) -> None:
    op = convection(24)
    b = noise(op)
    P = None
    if preconditioned:
        factor = sl.spilu(sp.csc_array(op.matrix), fill_factor=5)
        P = Map(factor.solve, good=True)
    found = solver(op, b, P, rtol=1e-10)
    assert found.converged
    exact = sl.spsolve(sp.csc_array(op.matrix), b)
    np.testing.assert_allclose(found.x, exact, atol=1e-7 * np.abs(exact).max())
    if preconditioned:
        assert found.iterations < 0.5 * solver(op, b, rtol=1e-10).iterations


@pytest.mark.parametrize("restart", [5, 30, 200])
def test_gmres_residual_never_grows_and_restarts_match_scipy(restart: int) -> None:
    op = convection(16)
    b = noise(op)
    found = fgmres(op, b, restart=restart, maxiter=2000)
    assert found.converged
    assert (np.diff(found.history) <= 1e-12).all()
    norms: list[float] = []
    sl.gmres(
        op.matrix, b, rtol=1e-8, restart=restart, maxiter=2000,
        callback=norms.append, callback_type="pr_norm",
    )  # fmt: skip
    assert abs(found.iterations - len(norms)) <= 1


def test_gmres_takes_a_different_preconditioner_every_time() -> None:
    op, rng = convection(16), np.random.default_rng(0)
    factor = sl.spilu(sp.csc_array(op.matrix), fill_factor=5)

    def varying(r: np.ndarray) -> np.ndarray:
        return factor.solve(r) * rng.uniform(0.5, 2.0) + 0.05 * r / 2000

    assert fgmres(op, noise(op), Map(varying)).converged


def test_gmres_of_a_singular_matrix_breaks_down() -> None:
    op = Matrix(np.diag([1.0, 2.0, 0.0]), symmetric=False)
    found = fgmres(op, np.array([1.0, 1.0, 1.0]))
    assert not found.converged
    assert found.reason in ("breakdown", "stagnation")
    assert np.isfinite(found.x).all()


def test_minres_on_an_indefinite_operator() -> None:
    """−Δ − 60  has negative and positive eigenvalues."""
    op = discretize(square(23), 1.0, -60.0)
    b = noise(op)
    found = minres(op, b, rtol=1e-10, maxiter=2000)
    exact = np.linalg.solve(op.tocsr().toarray(), b.ravel())
    assert found.converged
    np.testing.assert_allclose(found.x.ravel(), exact, atol=1e-6 * np.abs(exact).max())
    assert (np.diff(found.history) <= 1e-12).all()
    count = 0

    def watch(_: Any) -> None:
        nonlocal count
        count += 1

    sl.minres(op.tocsr(), b.ravel(), rtol=1e-10, maxiter=found.iterations, callback=watch)
    assert count >= 0.8 * found.iterations


def test_minres_preconditioned_by_the_inverse_of_the_modulus() -> None:
    """Then the spectrum is {−1, 1}: two iterations."""
    op = discretize(square(11), 1.0, -60.0)
    values, vectors = np.linalg.eigh(op.tocsr().toarray())
    modulus = (vectors / np.abs(values)) @ vectors.T
    P = Map(lambda r: (modulus @ r.ravel()).reshape(r.shape), good=True)
    assert minres(op, noise(op), P, rtol=1e-9).iterations == 2


@pytest.mark.parametrize("shape", [(50,), (12, 9, 14)])
@pytest.mark.parametrize("solver", ALL)
def test_one_and_three_dimensions(solver: Any, shape: tuple[int, ...]) -> None:
    op = discretize(box(shape), smooth_k, 0.5)
    b = noise(op)
    found: Solution = solver(op, b, SSOR(op), rtol=1e-10)
    exact = sl.spsolve(sp.csc_array(op.tocsr()), b.ravel()).reshape(op.shape)
    np.testing.assert_allclose(found.x, exact, atol=1e-7 * np.abs(exact).max())


@pytest.mark.parametrize("solver", [conjugate_gradients, flexible_cg, minres, bicgstab])
@pytest.mark.parametrize("P", [None, SSOR])
def test_recurred_residuals_are_those_of_the_iterates(solver: Any, P: Any) -> None:
    op = discretize(square(15), smooth_k)
    b, iterates = noise(op), []
    found = solver(op, b, P and P(op), rtol=1e-6, callback=lambda _, x: iterates.append(x))
    true = [true_residual(op, b, x) for x in iterates]
    np.testing.assert_allclose(found.history, true, rtol=1e-6)
