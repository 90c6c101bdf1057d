"""Operators to and from SciPy, networks as preconditioners, and the choice of a method."""

from __future__ import annotations

import importlib.util
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
import scipy.sparse.linalg as sl

from pdekit.errors import NotApplicable, PdekitError, ShapeError, UnknownName
from pdekit.linalg import discretize, solve
from pdekit.linalg.adapters import (
    from_scipy,
    preconditioner_to_scipy,
    to_scipy,
    torch_preconditioner,
)
from pdekit.linalg.krylov import conjugate_gradients, fgmres, safe_fcg
from pdekit.linalg.preconditioners import SSOR, Jacobi, check_preconditioner
from tests.linalg.problems import (
    Map,
    box,
    noise,
    poisson,
    smooth_k,
    square,
    true_residual,
)


def variable(n: int = 24) -> Any:
    return discretize(square(n), smooth_k, 0.3)


# ------------------------------------------------------------------------------- SciPy


@pytest.mark.parametrize("kind", [sp.csr_array, sp.csc_matrix, lambda a: a.toarray()])
def test_matrix_is_the_operator(kind: Any) -> None:
    op = variable(9)
    ours = from_scipy(kind(op.tocsr()), op.shape)
    x, b = noise(op, 1), noise(op, 2)
    np.testing.assert_allclose(ours.apply(x), op.apply(x), rtol=1e-12)
    np.testing.assert_allclose(
        ours.residual(b, x), op.residual(b, x), rtol=1e-11, atol=1e-9
    )
    np.testing.assert_array_equal(ours.diagonal(), op.diagonal())
    assert (ours.tocsr() != op.tocsr()).nnz == 0
    assert ours.symmetric
    assert ours.positive_definite
    assert not ours.nullspace
    out = np.empty(op.shape)
    assert ours.apply(x, out=out) is out
    assert conjugate_gradients(ours, b).iterations == conjugate_gradients(op, b).iterations


def test_properties_are_seen() -> None:
    assert not from_scipy(np.array([[2.0, 1.0], [0.0, 2.0]])).symmetric
    indefinite = from_scipy(np.diag([1.0, -1.0]))
    assert indefinite.symmetric
    assert not indefinite.positive_definite
    ring = discretize(box((8,), "periodic")).tocsr()
    singular = from_scipy(ring)
    assert not singular.positive_definite
    np.testing.assert_array_equal(singular.nullspace, np.ones((1, 8)))
    assert from_scipy(ring, nullspace=[]).nullspace == ()
    assert from_scipy(np.diag([1.0, -1.0]), positive_definite=True).positive_definite


def test_what_is_no_operator_is_refused() -> None:
    with pytest.raises(ShapeError):
        from_scipy(np.ones((2, 3)))
    with pytest.raises(ShapeError):
        from_scipy(np.eye(6), (2, 2))
    with pytest.raises(PdekitError, match="real"):
        from_scipy(1j * np.eye(2))


def test_there_and_back() -> None:
    op = variable(12)
    wrapped = to_scipy(op)
    x = noise(op)
    np.testing.assert_array_equal(wrapped @ x.ravel(), op.apply(x).ravel())
    np.testing.assert_array_equal(wrapped.rmatvec(x.ravel()), op.apply(x).ravel())
    back = from_scipy(wrapped, op.shape, symmetric=True, positive_definite=True)
    np.testing.assert_array_equal(back.apply(x), op.apply(x))
    for refused in (back.diagonal, back.tocsr):
        with pytest.raises(NotApplicable, match="given by its products"):
            refused()
    found = conjugate_gradients(back, x, SSOR(op))
    assert found.converged


def test_preconditioner_in_scipy() -> None:
    op = variable()
    b, P = noise(op), SSOR(op, 1.5)
    count = 0

    def watch(_: Any) -> None:
        nonlocal count
        count += 1

    M = preconditioner_to_scipy(P, op.shape)
    x, info = sl.cg(to_scipy(op), b.ravel(), rtol=1e-8, M=M, callback=watch)
    assert info == 0
    assert true_residual(op, b, x.reshape(op.shape)) < 1.1e-8
    assert abs(count - conjugate_gradients(op, b, P).iterations) <= 1
    with pytest.raises(NotApplicable, match="not linear"):
        preconditioner_to_scipy(Map(np.copy), op.shape)


# ------------------------------------------------------------------------------- torch


def network(seed: int = 0) -> Any:
    import torch

    torch.manual_seed(seed)
    return torch.nn.Sequential(
        torch.nn.Conv2d(1, 8, 3, padding=1),
        torch.nn.ReLU(),
        torch.nn.Conv2d(8, 1, 3, padding=1),
    )


def test_network_sees_a_normalised_residual_in_its_own_precision() -> None:
    import torch

    seen = []

    class Watching(torch.nn.Module):
        def forward(self, r: Any) -> Any:
            seen.append(r)
            assert not torch.is_grad_enabled()
            assert not self.training
            return 2 * r

    P = torch_preconditioner(Watching())
    r = 1e-200 * noise(poisson(7))
    z = P.apply(r)
    assert seen[0].shape == (1, 1, 7, 7)
    assert seen[0].dtype == torch.float32
    assert float(torch.linalg.norm(seen[0])) == pytest.approx(1)
    assert z.dtype == np.float64
    np.testing.assert_allclose(z, 2 * r, rtol=1e-6)
    assert P.name == "Watching"
    assert not P.apply(np.zeros((7, 7))).any()
    P = torch_preconditioner(Watching(), normalise=False, name="plain")
    np.testing.assert_allclose(P.apply(noise(poisson(7))), 2 * noise(poisson(7)), rtol=1e-6)
    assert P.name == "plain"


def test_network_is_homogeneous_by_normalisation_alone() -> None:
    op = poisson(15)
    report = check_preconditioner(torch_preconditioner(network()), op)
    assert report.inhomogeneity < 1e-14
    assert report.nonadditivity > 1e-3
    assert not report.fits_cg()


def test_untrained_network_in_the_safe_solver() -> None:
    op = poisson(31)
    b, P = noise(op), torch_preconditioner(network())
    found = safe_fcg(op, b, P, safe=SSOR(op))
    assert found.converged
    assert true_residual(op, b, found.x) <= 1e-8
    assert "Sequential" in found.method


def test_network_of_the_wrong_shape() -> None:
    import torch

    P = torch_preconditioner(torch.nn.Flatten(1, 3))
    assert P.apply(np.ones((3, 3))).shape == (3, 3)
    P = torch_preconditioner(torch.nn.MaxPool2d(2))
    with pytest.raises(ShapeError, match="network"):
        P.apply(np.ones((4, 4)))
    op = poisson(8)
    assert safe_fcg(op, noise(op), P, safe=Jacobi(op)).converged


# ------------------------------------------------------------------------- the choice


def reason(found: Any) -> str:
    iteration, sentence = found.events[0]
    assert iteration == 0
    return str(sentence)


def test_constant_coefficients_are_solved_directly() -> None:
    op = discretize(square(31), 2.0, 3.0)
    b = noise(op)
    found = solve(op, b)
    assert "constant coefficients" in reason(found)
    assert found.converged
    assert true_residual(op, b, found.x) < 1e-12


def test_variable_coefficients_take_multigrid() -> None:
    op = variable(63)
    b = noise(op)
    found = solve(op, b)
    assert "multigrid" in reason(found)
    assert found.iterations <= 12
    assert true_residual(op, b, found.x) <= 1e-8


def test_jumping_coefficients_and_masks() -> None:
    rng = np.random.default_rng(0)
    blocks = np.kron(10.0 ** (4 * rng.integers(0, 2, (4, 4))), np.ones((16, 16)))[:63, :63]
    x, y = square(63).points()
    disc = (x - 0.5) ** 2 + (y - 0.5) ** 2 < 0.2
    for op in (discretize(square(63), blocks), discretize(square(63), 1.0, mask=disc)):
        b = op.right_hand_side(1.0)
        found = solve(op, b)
        assert found.converged
        assert found.iterations < 40
        assert true_residual(op, b, found.x) <= 1e-8


def test_indefinite_symmetric_operators_take_minres() -> None:
    op = discretize(square(23), smooth_k, -60.0)
    found = solve(op, noise(op), maxiter=3000)
    assert found.converged
    assert found.method.startswith("MINRES")


def test_nonsymmetric_operators_take_fgmres() -> None:
    upwind = sp.diags_array([-1.0, 1.0], offsets=[-1, 0], shape=(81, 81))
    op = from_scipy(poisson(9).tocsr() + 500.0 * upwind, (9, 9))
    b = noise(op)
    found = solve(op, b)
    assert found.method.startswith("FGMRES")
    assert "not symmetric" in reason(found)
    assert true_residual(op, b, found.x) <= 1e-8


def test_matrices_take_algebraic_multigrid_where_it_is_installed() -> None:
    plain = variable(63)
    op = from_scipy(plain.tocsr(), plain.shape)
    found = solve(op, noise(op))
    assert found.converged
    installed = importlib.util.find_spec("pyamg") is not None
    assert ("AMG" if installed else "Jacobi") in found.method


def test_learned_preconditioners_are_guarded() -> None:
    op = variable(31)
    found = solve(op, noise(op), preconditioner=torch_preconditioner(network()))
    assert found.method.startswith("safe FCG")
    assert "not declared" in reason(found)
    assert found.converged
    upwind = from_scipy(np.triu(np.ones((5, 5))) + 5 * np.eye(5))
    assert solve(upwind, np.ones(5), preconditioner=Map(np.copy)).method.startswith(
        "FGMRES"
    )


def test_singular_operator() -> None:
    for k in (1.0, smooth_k):
        op = discretize(square(32, "neumann", "cell"), k)
        b = noise(op)
        with pytest.raises(PdekitError, match="project=True"):
            solve(op, b)
        found = solve(op, b, project=True)
        assert found.converged
        assert abs(found.x.mean()) < 1e-13


@pytest.mark.parametrize(
    "method",
    [
        "direct",
        "multigrid",
        "cg",
        "flexible_cg",
        "safe_fcg",
        "minres",
        "bicgstab",
        "fgmres",
    ],
)
def test_every_method_by_name(method: str) -> None:
    op = discretize(square(31), 2.0, 3.0)
    b = noise(op)
    expected = solve(op, b, rtol=1e-11).x
    found = solve(op, b, method, rtol=1e-9)
    assert found.converged
    np.testing.assert_allclose(found.x, expected, atol=1e-7 * np.abs(expected).max())


@pytest.mark.parametrize(
    "name", ["none", "jacobi", "ssor", "ic", "mic", "multigrid", "direct", "amg"]
)
def test_every_preconditioner_by_name(name: str) -> None:
    if name == "amg":
        pytest.importorskip("pyamg")
    op = variable(31)
    found = solve(op, noise(op), "cg", name)
    assert found.converged
    assert found.method.startswith("conjugate gradients")
    assert (found.applications == 0) == (name == "none")


def test_options_reach_the_solver() -> None:
    op = variable(31)
    b = noise(op)
    short = solve(op, b, "fgmres", "none", restart=5, maxiter=5000)
    assert short.iterations == fgmres(op, b, restart=5, maxiter=5000).iterations
    assert solve(op, b, "cg", None, maxiter=3).reason == "maxiter"


def test_misspelt_names_are_refused_with_near_misses() -> None:
    op = poisson(7)
    with pytest.raises(UnknownName, match="did you mean 'minres'"):
        solve(op, noise(op), "minress")
    with pytest.raises(UnknownName, match="did you mean 'multigrid'"):
        solve(op, noise(op), preconditioner="multgrid")
    with pytest.raises(NotApplicable, match="constant coefficients"):
        solve(variable(7), noise(op), "direct")
    with pytest.raises(NotApplicable, match="takes none"):
        solve(op, noise(op), "direct", "ssor")
    with pytest.raises(NotApplicable, match="stencil"):
        solve(from_scipy(np.eye(4)), np.ones(4), "multigrid")
