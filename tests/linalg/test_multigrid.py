"""Multigrid: convergence factors, full multigrid, symmetry, singular and awkward cases."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from scipy.sparse.linalg import spsolve

from pdekit import Axis, Grid
from pdekit.errors import PdekitError
from pdekit.linalg import discretize
from pdekit.linalg.multigrid import Multigrid, _hierarchy
from tests.linalg.grids import KINDS, MIXED, box, cube, good, noise, smooth_k

rng = np.random.default_rng(2)


def factor(mg: Multigrid, cycles: int = 14) -> float:
    """Return the reduction of the residual per cycle, at last, of  A x = 0."""
    op = mg.op
    b, x, found = np.zeros(op.shape), noise(op, 5), []
    for _ in range(cycles):
        x /= np.linalg.norm(op.residual(b, x))
        found.append(np.linalg.norm(op.residual(b, mg.cycle(b, x))))
    return float(np.prod(found[-4:]) ** 0.25)


SWEEPS = [(1, 0), (1, 1), (2, 1), (2, 2)]
MEASURED = {
    ("V", 2): (0.299, 0.093, 0.067, 0.052),
    ("W", 2): (0.232, 0.066, 0.049, 0.038),
    ("V", 3): (0.429, 0.195, 0.118, 0.092),
    ("W", 3): (0.402, 0.178, 0.089, 0.071),
}
"""Residual reduction per cycle by an independent program, specification 4.4."""


@pytest.mark.slow
@pytest.mark.parametrize(("cycle", "ndim"), MEASURED)
def test_convergence_factors(cycle: Any, ndim: int) -> None:
    op = discretize(cube(127 if ndim == 2 else 63, ndim))
    for (pre, post), expected in zip(SWEEPS, MEASURED[cycle, ndim], strict=True):
        found = factor(Multigrid(op, cycle, pre, post))
        assert found == pytest.approx(expected, rel=0.1), (pre, post)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("smoother", "expected"),
    [("red-black", (0.250, 0.074, 0.053, 0.041)), ("jacobi", (0.600, 0.360, 0.216, 0.137))],
)
def test_two_grids_follow_local_fourier_analysis(
    smoother: str, expected: tuple[float, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trottenberg, Oosterlee & Schüller, table 4.1, on a periodic grid."""
    steps, op = _hierarchy._steps, discretize(cube(128, 2, KINDS[2]))
    fine = op.shape
    monkeypatch.setattr(
        _hierarchy,
        "_steps",
        lambda level, _: steps(level, 0) if level.shape == fine else None,
    )
    for (pre, post), rho in zip(SWEEPS, expected, strict=True):
        mg = Multigrid(op, "V", pre, post, smoother)
        assert len(mg.levels) == 2
        assert factor(mg, 24) == pytest.approx(rho, abs=0.02)


def test_cycles_do_not_depend_on_the_number_of_points() -> None:
    counts, factors = [], []
    for n in (31, 63, 127, 255, 511):
        op = discretize(cube(n, 2))
        solution = Multigrid(op).solve(noise(op))
        counts.append(solution.iterations)
        factors.append(factor(Multigrid(op)))
    assert max(counts) - min(counts) <= 2
    assert max(counts) <= 8
    assert np.ptp(factors[1:]) < 0.1 * max(factors)


@pytest.mark.slow
@pytest.mark.parametrize("ndim", [1, 2, 3])
def test_every_boundary_against_a_sparse_solution(ndim: int) -> None:
    every = list(itertools.product(KINDS, repeat=ndim))[:: (1, 1, 1, 11)[ndim]]
    for kinds, k in itertools.product(every, (1.0, smooth_k)):
        cells = (64, 32, 16)[ndim - 1]
        op = discretize(box(kinds, [good(kind, cells) for kind in kinds]), k)
        b = noise(op)
        solution = Multigrid(op).solve(b, rtol=1e-10)
        assert solution.converged, (kinds, solution.reason, solution.relative_residual)
        assert solution.iterations <= 22, kinds
        matrix = op.tocsr().tolil()
        if op.singular:  # one value is free: hold the first at zero, then take the mean off
            matrix[0, :], matrix[0, 0] = 0, 1
            b = b.copy()
            b.flat[0] = 0
        exact = spsolve(matrix.tocsc(), b.ravel()).reshape(op.shape)
        exact -= exact.mean() if op.singular else 0
        assert np.abs(solution.x - exact).max() < 1e-7 * np.abs(exact).max(), kinds


@pytest.mark.slow
@pytest.mark.parametrize("kind", MIXED)
@pytest.mark.parametrize("transfer", ["geometric", "operator"])
def test_two_kinds_of_walls_on_an_axis(kind: Any, transfer: str) -> None:
    for ndim, k in itertools.product((1, 2, 3), (1.0, smooth_k)):
        op = discretize(cube((512, 32, 16)[ndim - 1], ndim, kind), k)
        solution = Multigrid(op, transfer=transfer).solve(noise(op), rtol=1e-10)
        assert solution.converged
        assert solution.iterations <= 22
        exact = spsolve(op.tocsr().tocsc(), noise(op).ravel()).reshape(op.shape)
        assert np.abs(solution.x - exact).max() < 1e-7 * np.abs(exact).max()


@pytest.mark.slow
def test_linear_and_symmetric_and_positive() -> None:
    for kind, k, transfer in itertools.product(
        KINDS, (1.0, smooth_k), ("geometric", "operator")
    ):
        op = discretize(cube(good(kind, 32), 2, kind), k)
        mg = Multigrid(op, symmetric=True, transfer=transfer)
        r, s = noise(op, 1), noise(op, 2)
        pr, ps = mg.apply(r), mg.apply(s)
        both = mg.apply(2 * r - 3 * s)
        assert np.abs(both - (2 * pr - 3 * ps)).max() < 1e-13 * np.abs(both).max() * 10
        scale = np.linalg.norm(r) * np.linalg.norm(ps)
        assert abs(np.vdot(pr, s) - np.vdot(r, ps)) < 1e-13 * scale
        for seed in range(50):
            probe = noise(op, seed)
            assert np.vdot(probe, mg.apply(probe)) > 0


def test_the_same_colour_order_on_both_sides_is_not_symmetric() -> None:
    op = discretize(cube(31, 2))
    mg = Multigrid(op)
    assert not mg.symmetric
    r, s = noise(op, 1), noise(op, 2)
    gap = abs(np.vdot(mg.apply(r), s) - np.vdot(r, mg.apply(s)))
    assert gap > 1e-6 * np.linalg.norm(r) * np.linalg.norm(mg.apply(s))


def test_black_residual_is_zero_after_a_sweep() -> None:
    """Up to the rounding of one division: the equations of black points hold."""
    for ndim, k in itertools.product((1, 2, 3), (1.0, smooth_k)):
        op = discretize(cube(15, ndim), k)
        mg, x, b = Multigrid(op), noise(op, 1), noise(op, 2)
        plan = mg.levels[0].plan
        plan.sweep(x, b)
        black = (np.indices(op.shape).sum(0) + int(plan.g[6])) % 2 == 1
        r = op.residual(b, x)
        assert np.abs(r[black]).max() < 1e-14 * (op.diagonal() * np.abs(x)).max()
        assert np.abs(r[~black]).max() > 1e-3
        found = plan.sweep(x, b, 0, 2)
        assert found == pytest.approx(np.linalg.norm(r), rel=1e-12)


def test_coarse_points_are_red() -> None:
    for ndim in (1, 2, 3):
        mg = Multigrid(discretize(cube(15, ndim)))
        for level in mg.levels[:-1]:
            assert (
                sum(step.offset for step in level.transfer.steps) + level.plan.g[6]
            ) % 2 == 0


def test_full_multigrid_reaches_the_discretisation_error() -> None:
    """Algebraic over discretisation error: 1.2, 0.65 and 0.08, specification 4.4."""
    for n in (127, 511):
        grid = cube(n, 2)
        x, y = grid.points()
        u = np.sin(np.pi * x) * np.sin(2 * np.pi * y)
        op = discretize(grid)
        b = op.right_hand_side(5 * np.pi**2 * u)
        exact = Multigrid(op).solve(b, rtol=1e-13, max_cycles=30).x
        error = np.linalg.norm(exact - u)
        for sweeps, cycles, bound in (
            ((1, 1), 1, 1.3),
            ((2, 1), 1, 0.75),
            ((1, 1), 2, 0.1),
        ):
            found = Multigrid(op, "V", *sweeps).full(b, cycles)
            assert np.linalg.norm(found - exact) < bound * error, (n, sweeps, cycles)


# -- singular and impossible -------------------------------------------------------------


@pytest.mark.parametrize("kind", [KINDS[1], KINDS[2], KINDS[4]])
def test_singular_problems_keep_the_mean_at_zero(kind: Any) -> None:
    op = discretize(cube(good(kind, 32), 2, kind))
    mg = Multigrid(op)
    b = rng.standard_normal(op.shape)
    with pytest.raises(PdekitError, match="project"):
        mg.solve(b)
    solution = mg.solve(b, project=True)
    assert solution.converged
    assert abs(solution.x.mean()) < 1e-14
    assert "mean" in solution.events[-1][1]
    rest = op.residual(b - b.mean(), solution.x)
    assert np.linalg.norm(rest) < 1e-8 * np.linalg.norm(b)
    assert abs(mg.apply(noise(op)).mean()) < 1e-14


def test_zero_gives_zero() -> None:
    op = discretize(cube(31, 2))
    solution = Multigrid(op).solve(np.zeros(op.shape))
    assert solution.converged
    assert not solution.x.any()
    assert not Multigrid(op).apply(np.zeros(op.shape)).any()


def test_what_is_not_finite_is_refused() -> None:
    op = discretize(cube(15, 2))
    b = noise(op)
    b[3, 4] = np.nan
    with pytest.raises(PdekitError, match="finite"):
        Multigrid(op).solve(b)
    with pytest.raises(PdekitError, match="finite"):
        Multigrid(op).solve(noise(op), x0=b)


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"cycle": "X"}, "cycle"),
        ({"pre": 0, "post": 0}, "sweeps"),
        ({"symmetric": True, "pre": 2}, "pre = post"),
        ({"precision": "half"}, "precision"),
        ({"smoother": "sandpaper"}, "smoother"),
        ({"transfer": "teleport"}, "transfer"),
    ],
)
def test_wrong_options_are_refused(options: Any, word: str) -> None:
    with pytest.raises(PdekitError, match=word):
        Multigrid(discretize(cube(15, 2)), **options)


def test_report_of_a_solution() -> None:
    """What it says about itself is what can be recomputed, and it starts where asked."""
    op = discretize(cube(63, 2), smooth_k)
    b = noise(op)
    solution = Multigrid(op).solve(b, rtol=1e-9)
    true = np.linalg.norm(op.residual(b, solution.x)) / np.linalg.norm(b)
    assert solution.relative_residual == pytest.approx(true, rel=1e-6)
    assert true <= 1e-9
    assert solution.history[0] == 1.0
    assert solution.history[-1] == solution.relative_residual
    assert np.all(np.diff(solution.history) < 0)
    assert solution.convergence_factor < 0.15
    again = Multigrid(op).solve(b, rtol=1e-8, x0=solution.x)
    assert again.iterations == 0
    assert np.array_equal(again.x, solution.x)
    short = Multigrid(op).solve(b, rtol=1e-9, max_cycles=2)
    assert (short.reason, short.converged, short.iterations) == ("maxiter", False, 2)
    # two cycles by hand
    x, mg = np.zeros(op.shape), Multigrid(op)
    for _ in range(2):
        mg.cycle(b, x)
    found = np.linalg.norm(op.residual(b, x)) / np.linalg.norm(b)
    assert short.relative_residual == pytest.approx(found, rel=1e-12)
    assert np.allclose(solution.history[:3], short.history, rtol=1e-9)


def test_what_rounding_does_not_allow_is_reported() -> None:
    op = discretize(cube(127, 2))
    solution = Multigrid(op).solve(noise(op), rtol=1e-30)
    assert solution.reason == "stagnation"
    assert not solution.converged
    assert solution.iterations < 25


# -- variants ----------------------------------------------------------------------------


@pytest.mark.parametrize("smoother", ["jacobi", "chebyshev"])
@pytest.mark.parametrize("ndim", [1, 2, 3])
def test_smoothers_of_all_points_at_once(smoother: str, ndim: int) -> None:
    op = discretize(cube((127, 63, 31)[ndim - 1], ndim), smooth_k)
    mg = Multigrid(op, smoother=smoother)
    assert mg.symmetric
    assert mg.solve(noise(op)).converged
    assert factor(mg) < {"jacobi": 0.55, "chebyshev": 0.25}[smoother]
    r, s = noise(op, 1), noise(op, 2)
    scale = np.linalg.norm(r) * np.linalg.norm(mg.apply(s))
    assert abs(np.vdot(mg.apply(r), s) - np.vdot(r, mg.apply(s))) < 1e-13 * scale


@pytest.mark.slow
def test_single_precision_inside_keeps_the_accuracy() -> None:
    op = discretize(cube(127, 2), smooth_k)
    b = noise(op)
    double = Multigrid(op).solve(b, rtol=1e-12)
    single = Multigrid(op, precision="single").solve(b, rtol=1e-12)
    assert single.converged
    assert single.iterations <= double.iterations + 1
    assert np.abs(single.x - double.x).max() < 1e-9 * np.abs(double.x).max()
    tiny = Multigrid(op, precision="single").apply(1e-60 * b)
    assert np.allclose(1e60 * tiny, Multigrid(op).apply(b), rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("ratio", [10, 100, 1000])
def test_strong_couplings_are_coarsened_first(ratio: float) -> None:
    for turned in (False, True):
        axes = [
            Axis("x", 127, 0.0, 1.0, "dirichlet"),
            Axis("y", 127, 0.0, float(np.sqrt(ratio)), "dirichlet"),
        ]
        grid = Grid(
            (replaced(axes[1], "x"), replaced(axes[0], "y")) if turned else (*axes,)
        )
        mg = Multigrid(discretize(grid))
        first = mg.levels[1].shape
        assert first == ((127, 63) if turned else (63, 127))
        assert factor(mg) < 0.3


@pytest.mark.slow
@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("ndim", [2, 3])
def test_lines_bear_any_anisotropy(axis: int, ndim: int) -> None:
    """Full coarsening with lines along the strong couplings, whatever the ratio."""
    if axis >= ndim:
        pytest.skip("no such axis")
    for ratio, k in itertools.product((1.0, 30.0, 3000.0), (1.0, smooth_k)):
        lengths = [1.0 if d == axis else float(np.sqrt(ratio)) for d in range(ndim)]
        n = 63 if ndim == 2 else 15
        axes = [
            Axis(s, n, 0.0, x, "dirichlet") for s, x in zip("xyz", lengths, strict=False)
        ]
        op = discretize(Grid(tuple(axes)), (lambda *x: 1.0) if k == 1.0 else k)
        mg = Multigrid(op, smoother="line", transfer="geometric")
        assert mg.levels[1].shape == ((n - 1) // 2,) * ndim
        assert factor(mg) < (0.1 if ndim == 2 else 0.23)
        mg = Multigrid(op, smoother="line", transfer="geometric", symmetric=True)
        r, s = noise(op, 1), noise(op, 2)
        scale = np.linalg.norm(r) * np.linalg.norm(mg.apply(s))
        assert abs(np.vdot(mg.apply(r), s) - np.vdot(r, mg.apply(s))) < 1e-13 * scale
        # one line is an exact solution
        single = discretize(Grid((axes[axis],)), k)
        x = np.zeros(n)
        line = Multigrid(single, smoother="line", transfer="geometric")
        line.smoother.after(line.levels[0], x, noise(single))
        assert np.abs(single.residual(noise(single), x)).max() < 1e-9


def replaced(axis: Axis, name: str) -> Axis:
    return Axis(name, axis.n, axis.lower, axis.upper, axis.boundary)


def test_numbers_of_points_that_cannot_be_halved() -> None:
    """They are solved for all the same, and a good number is named."""
    op = discretize(cube(100, 2))
    mg = Multigrid(op)
    assert "103 points along x instead of 100" in " ".join(mg.events)
    assert mg.solve(noise(op)).iterations <= 12
    plain = Multigrid(op, transfer="geometric")
    assert len(plain.levels) == 1
    assert plain.solve(noise(op)).converged
    assert not Multigrid(discretize(cube(103, 2))).events


def test_odd_numbers_around_a_periodic_axis() -> None:
    """Red and black cannot alternate; the smoother that is taken does not need them to."""
    op = discretize(box([KINDS[2], KINDS[0]], [45, 63]), smooth_k)
    mg = Multigrid(op)
    assert mg.smoother.name == "chebyshev"
    assert mg.solve(noise(op)).converged


@pytest.mark.slow
def test_threads_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    from pdekit.linalg import _kernels_plan
    from pdekit.linalg.multigrid import _level

    monkeypatch.setattr(_kernels_plan, "SHARE", 20)
    monkeypatch.setattr(_level, "SHARE", 20)
    for kind, ndim, k in itertools.product(KINDS, (2, 3), (1.0, smooth_k)):
        op = discretize(cube(good(kind, 16), ndim, kind), k)
        b = noise(op)
        one = Multigrid(op, cycle="F").apply(b)
        assert np.array_equal(one, Multigrid(op, cycle="F", threads=2).apply(b)), kind


def test_memory_is_a_few_fields() -> None:
    """Beside b and x: no more than the arrays of the coarser grids."""
    mg = Multigrid(discretize(cube(255, 2)))
    held = sum(level.f.nbytes + level.u.nbytes for level in mg.levels[1:])
    assert held < 0.7 * 8 * 255**2
