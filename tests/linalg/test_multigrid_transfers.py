"""Transfers between grids, and coarse operators by the coefficients."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from scipy.sparse.linalg import LinearOperator, cg, spsolve

from pdekit.linalg import discretize
from pdekit.linalg.multigrid import Multigrid
from pdekit.linalg.multigrid._axis import AxisTransfer, can_halve, good_size
from tests.linalg.grids import KINDS, MIXED, box, cube, good, noise, smooth_k

rng = np.random.default_rng(3)


def matrix_of(apply: Any, rows: tuple[int, ...], columns: tuple[int, ...]) -> Any:
    """Return the matrix of a linear map that writes to its second argument."""
    size = int(np.prod(columns))
    found = np.zeros((int(np.prod(rows)), size))
    for k, unit in enumerate(np.eye(size)):
        out = np.zeros(rows)
        apply(unit.reshape(columns), out)
        found[:, k] = out.ravel()
    return found


@pytest.mark.parametrize("transfer", ["geometric", "operator"])
@pytest.mark.parametrize("ndim", [1, 2, 3])
def test_restriction_is_the_transpose(transfer: str, ndim: int) -> None:
    every = list(itertools.product(KINDS, repeat=ndim))[:: (1, 1, 1, 9)[ndim]]
    for kinds in every:
        ns = [
            good(kind, (1024, 32, 10 if transfer == "operator" else 8)[ndim - 1])
            for kind in kinds
        ]
        mg = Multigrid(discretize(box(kinds, ns), smooth_k), transfer=transfer)
        fine, coarse = (level.shape for level in mg.levels[-2:])
        step = mg.levels[-2].transfer
        up = matrix_of(step.prolong, fine, coarse)
        down = matrix_of(lambda r, out: step.restrict(r, None, out), coarse, fine)  # noqa: B023
        scale = down.sum() / up.sum()
        assert np.abs(down - scale * up.T).max() < 1e-13, kinds
        halved = sum(m < n for m, n in zip(coarse, fine, strict=True))
        assert scale == pytest.approx(1 if transfer == "operator" else 0.5**halved)


@pytest.mark.parametrize("kind", KINDS)
def test_prolongation_reproduces_linear_functions(kind: Any) -> None:
    """Away from walls of cells, whose mirror images are not linear."""
    op = discretize(cube(good(kind, 32), 3, kind))
    step = Multigrid(op).levels[0].transfer
    x, y, z = op.grid.points()
    coarse = box([kind] * 3, step.shape, unit=True).points()
    fine = np.zeros(op.shape)
    step.prolong((lambda a, b, c: a + 2 * b - 3 * c)(*coarse), fine)
    inside = (slice(2, -2),) * 3
    assert np.abs((fine - (x + 2 * y - 3 * z))[inside]).max() < 1e-13


@pytest.mark.parametrize("ndim", [1, 2, 3])
def test_residual_is_restricted_on_the_fly(ndim: int) -> None:
    for kind, k in itertools.product(KINDS, (1.0, smooth_k)):
        op = discretize(cube(good(kind, 16), ndim, kind), k, 0.3)
        step = Multigrid(op, transfer="geometric").levels[0].transfer
        x, b = noise(op, 1), noise(op, 2)
        fused, plain = np.empty(step.shape), np.empty(step.shape)
        step.restrict(b, x, fused)
        step.restrict(op.residual(b, x), None, plain)
        assert np.allclose(fused, plain, rtol=1e-12, atol=1e-12 * np.abs(plain).max())


@pytest.mark.slow
@pytest.mark.parametrize("ndim", [1, 2, 3])
def test_galerkin_identity(ndim: int) -> None:
    """A_c = R A P  to rounding, also for masks and for any numbers of points."""
    for kinds in list(itertools.product(KINDS, repeat=ndim))[:: (1, 1, 1, 9)[ndim]]:
        ns = [(900,), (25, 22), (9, 8, 11)][ndim - 1]
        mask = rng.random(ns) < 0.8
        op = discretize(box(kinds, ns), smooth_k, mask=mask)
        mg = Multigrid(op, transfer="operator")
        step, coarse = mg.levels[0].transfer, mg.levels[1]
        p = matrix_of(step.prolong, op.shape, coarse.shape)
        product = p.T @ (op.tocsr() @ p)
        found = coarse.plan.tocsr().toarray()
        assert np.abs(found - product).max() < 1e-13 * np.abs(product).max(), kinds


@pytest.mark.slow
def test_loops_of_boxes_multiply_with_their_matrix() -> None:
    for ndim, kind in itertools.product((1, 2, 3), KINDS):
        op = discretize(cube((900, 30, 12)[ndim - 1], ndim, kind), smooth_k)
        level = Multigrid(op, transfer="operator").levels[1]
        x, b = rng.standard_normal((2, *level.shape))
        u = level.plan.field()
        u[...] = x
        found = level.plan.residual(u, b, np.empty(level.shape))
        matrix = level.plan.tocsr()
        assert np.allclose(found.ravel(), b.ravel() - matrix @ x.ravel())
        # relaxation: all residuals of the last colour vanish, and it is a contraction
        before = level.plan.residual(u, 0 * b, np.empty(level.shape))
        energy = np.vdot(u, -before)
        level.plan.sweep(u, 0 * b)
        after = np.vdot(u, -level.plan.residual(u, 0 * b, np.empty(level.shape)))
        assert 0 <= after < energy


def test_interpolation_keeps_the_flux_across_a_jump() -> None:
    """In one dimension it is exact: the coarse operator is the Schur complement."""
    k = np.where(rng.random(901) < 0.5, 1.0, 1e4)
    op = discretize(cube(901, 1), k)
    mg = Multigrid(op, transfer="operator")
    assert mg.solve(noise(op), rtol=1e-9).iterations <= 2
    a = op.tocsr().toarray()
    kept = np.arange(1, 901, 2)
    other = np.arange(0, 901, 2)
    schur = a[np.ix_(kept, kept)] - a[np.ix_(kept, other)] @ np.linalg.solve(
        a[np.ix_(other, other)], a[np.ix_(other, kept)]
    )
    found = mg.levels[1].plan.tocsr().toarray()
    assert np.allclose(found, schur, rtol=1e-9, atol=1e-9 * np.abs(schur).max())


def preconditioned(op: Any, mg: Multigrid, b: Any, rtol: float = 1e-8) -> int:
    """Return the iterations of scipy's conjugate gradients."""
    steps: list[int] = []
    size = b.size
    m = LinearOperator((size, size), lambda r: mg.apply(r.reshape(op.shape)).ravel())
    a = LinearOperator((size, size), lambda x: op.apply(x.reshape(op.shape)).ravel())
    x, failed = cg(a, b.ravel(), rtol=rtol, M=m, callback=lambda _: steps.append(1))
    assert not failed
    rest = op.residual(b, x.reshape(op.shape))
    assert np.linalg.norm(rest) < 1.1 * rtol * np.linalg.norm(b)
    return len(steps)


@pytest.mark.parametrize("n", [255, 256])
def test_blocks_of_pixels(n: int) -> None:
    """16 pixels, contrast 1e4: where rediscretised coarse grids fail."""
    values = np.where(rng.random((16, 16)) < 0.5, 1.0, 1e4)
    op = discretize(cube(n, 2), np.kron(values, np.ones((16, 16)))[:n, :n])
    mg = Multigrid(op, symmetric=True)
    assert "factor 1e+04" in mg.events[0]
    assert preconditioned(op, mg, noise(op)) <= 19
    assert Multigrid(op).solve(noise(op)).converged


def test_smooth_coefficients_of_large_contrast() -> None:
    """exp of a smooth random field: geometric coarse grids do, ≤ 15 iterations to 1e-10."""
    n = 255
    x, y = cube(n, 2).points()
    field = sum(
        rng.standard_normal() * np.cos(np.pi * (i * x + j * y) + 6 * rng.random())
        for i, j in itertools.product(range(-4, 5), repeat=2)
    )
    k = np.exp(1.05 * field / np.std(field))
    op = discretize(cube(n, 2), k)
    mg = Multigrid(op, symmetric=True)
    assert not mg.events
    assert preconditioned(op, mg, noise(op), 1e-10) <= 15


@pytest.mark.slow
@pytest.mark.parametrize("shape", ["L", "perforated", "ball"])
def test_masks(shape: str) -> None:
    ndim = 3 if shape == "ball" else 2
    n = 31 if ndim == 3 else 127
    i = np.indices((n,) * ndim)
    mask = {
        "L": lambda: ~((i[0] > n // 2) & (i[1] > n // 2)),
        "perforated": lambda: (i[0] % 16 - 8) ** 2 + (i[1] % 16 - 8) ** 2 >= 16,
        "ball": lambda: ((i - n // 2) ** 2).sum(0) < (n // 2) ** 2,
    }[shape]()
    op = discretize(cube(n, ndim), mask=mask)
    b = op.right_hand_side(rng.standard_normal(op.shape))
    mg = Multigrid(op, symmetric=True)
    assert "mask" in mg.events[0]
    assert preconditioned(op, mg, b) <= 12
    solution = Multigrid(op).solve(b)
    exact = spsolve(op.tocsr().tocsc(), b.ravel()).reshape(op.shape)
    assert solution.converged
    assert np.abs(solution.x - exact).max() < 1e-6 * np.abs(exact).max()
    assert not solution.x[~mask].any()


def test_given_prolongation_is_used() -> None:
    """Linear interpolation given as arrays makes another coarse operator."""
    op = discretize(cube(31, 2), smooth_k)
    usual = Multigrid(op, transfer="operator")
    steps: list[tuple[int, Any]] = []

    def given(level: int, step: Any) -> Any:
        steps.append((level, step.shape))
        return step.weights

    same = Multigrid(op, prolongation=given)
    b = noise(op)
    assert steps[0] == (0, (15, 15))
    assert np.array_equal(same.apply(b), usual.apply(b))
    constant = Multigrid(discretize(cube(31, 2)), transfer="operator")
    linear = [level.transfer.step.weights for level in constant.levels[:-1]]
    other = Multigrid(op, prolongation=linear)
    assert not np.array_equal(other.apply(b), usual.apply(b))
    assert other.solve(b).converged


@pytest.mark.slow
def test_single_precision_of_boxes() -> None:
    op = discretize(cube(100, 2), smooth_k)
    b = noise(op)
    single = Multigrid(op, precision="single", transfer="operator").solve(b, rtol=1e-11)
    assert single.converged
    assert single.iterations <= Multigrid(op).solve(b, rtol=1e-11).iterations + 1


@pytest.mark.parametrize("kind", KINDS + MIXED)
def test_good_sizes_halve(kind: Any) -> None:
    for n in range(13, 200):
        axis = cube(n, 1, kind).axes[0]
        better = cube(good_size(axis), 1, kind).axes[0]
        assert better.n >= n
        while better.n > 17:
            assert can_halve(better)
            better = AxisTransfer(better).coarse


@pytest.mark.parametrize("ndim", [2, 3])
def test_threads_share_galerkins_levels(ndim: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """To the last bit: rows of one colour do not touch each other."""
    from pdekit.linalg.multigrid import _box

    monkeypatch.setattr(_box, "SHARE", 1)
    for kind in KINDS:
        op = discretize(cube(good(kind, (96, 24)[ndim - 2]), ndim, kind), smooth_k, 1.0)
        found = []
        for threads in (1, 2, 3):
            mg = Multigrid(op, transfer="operator", threads=threads)
            found.append(mg.apply(noise(op)))
        assert np.array_equal(found[0], found[1])
        assert np.array_equal(found[0], found[2])
