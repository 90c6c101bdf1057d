"""Direct solvers against their operators, published figures and scipy's sparse solver."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from pdekit import fft
from pdekit.errors import PdekitError, ShapeError, UnknownName
from pdekit.grid import Axis, Grid
from pdekit.linalg import discretize
from pdekit.linalg.direct import DirectSolver, biharmonic, mean_coefficient
from pdekit.linalg.krylov import conjugate_gradients

BOUNDARIES = (
    "periodic",
    "dirichlet",
    "neumann",
    "dirichlet_neumann",
    "neumann_dirichlet",
)
KINDS = list(itertools.product(BOUNDARIES, ("vertex", "cell")))
SIZES, LENGTHS, K = (7, 8, 5), (1.0, 1.5, 0.7), (1.0, 2.0, 0.5)
ORDERS = (2, 4, "spectral")


def box(*kinds, sizes=SIZES):
    return Grid(
        tuple(
            Axis(name, n, 0.0, length, *kind)
            for name, n, length, kind in zip("xyz", sizes, LENGTHS, kinds, strict=False)
        )
    )


def square(n, boundary="dirichlet", ndim=2, centring="vertex"):
    return Grid(tuple(Axis(name, n, 0, 1, boundary, centring) for name in "xyz"[:ndim]))


def mixtures(ndim, count=12):
    everything = list(itertools.product(KINDS, repeat=ndim))
    picks = np.random.default_rng(ndim).permutation(len(everything))[:count]
    return [everything[i] for i in picks]


ALL = [(kind,) for kind in KINDS] + mixtures(2) + mixtures(3)


def names(kinds):
    return ".".join(f"{b}-{c}" for b, c in kinds)


def balanced(solver, rng):
    b = rng.standard_normal(solver.shape)
    return b - b.mean() if solver.singular else b


# --- the inverse of the operator ----------------------------------------------------------


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("kinds", ALL, ids=names)
def test_operator_times_solution_is_the_right_hand_side(kinds, order, rng):
    if order == 4 and any(b != "periodic" and c == "cell" for b, c in kinds):
        with pytest.raises(PdekitError, match="order 4 needs vertex-centred"):
            DirectSolver(box(*kinds), order=4)
        return
    for c in (0.0, 0.7, -1.234):
        solver = DirectSolver(box(*kinds), K[: len(kinds)], c, order)
        b = balanced(solver, rng)
        solution = solver.solve(b)
        assert np.linalg.norm(
            solver.operator.apply(solution.x) - b
        ) <= 1e-12 * np.linalg.norm(b)
        assert solution.converged
        assert solution.relative_residual <= 1e-12
        assert solution.iterations == solution.matvecs == 1


@pytest.mark.parametrize("kinds", ALL, ids=names)
def test_order_two_agrees_with_a_sparse_solver(kinds, rng):
    from scipy.sparse.linalg import spsolve

    for c in (0.3, 0.0):
        solver = DirectSolver(box(*kinds), K[: len(kinds)], c)
        b = balanced(solver, rng)
        matrix = solver.operator.tocsr().tocsc()
        if solver.singular:  # of all solutions the one without a mean
            matrix = matrix + np.full(matrix.shape, 1.0)
            expected = np.linalg.solve(matrix, b.ravel())
        else:
            expected = spsolve(matrix, b.ravel())
        got = solver.apply(b).ravel()
        np.testing.assert_allclose(got, expected, atol=1e-12 * abs(expected).max())


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("kinds", [(kind,) for kind in KINDS], ids=names)
def test_modes_are_eigenvectors(kinds, order):
    if order == 4 and kinds[0][0] != "periodic" and kinds[0][1] == "cell":
        return
    grid = box(*kinds)
    solver = DirectSolver(grid, 1.7, 0.4, order)
    function = np.sin if kinds[0][0].startswith("dirichlet") else np.cos
    x = grid.points()[0] - grid.axes[0].lower
    for kappa, value in zip(
        grid.wavenumbers(real=True)[0], solver.eigenvalues, strict=True
    ):
        mode = function(kappa * x)
        got = solver.operator.apply(mode) / solver.operator.volumes
        np.testing.assert_allclose(got, value * mode, atol=1e-12 * (1 + value))


def test_modes_of_a_box_are_eigenvectors(rng):
    grid = box(("dirichlet", "vertex"), ("neumann", "cell"), ("periodic", "vertex"))
    for order in (2, "spectral"):
        solver = DirectSolver(grid, K, 0.4, order)
        for _ in range(5):
            m = tuple(int(rng.integers(n)) for n in solver.eigenvalues.shape)
            x, y, z = grid.points()
            kx, ky, kz = (
                q.ravel()[i] for q, i in zip(grid.wavenumbers(True), m, strict=True)
            )
            mode = np.sin(kx * x) * np.cos(ky * y) * np.cos(kz * z)
            expected = solver.eigenvalues[m] * mode
            np.testing.assert_allclose(
                solver.operator.apply(mode), expected, atol=1e-11 * solver.eigenvalues[m]
            )


def test_it_is_a_symmetric_linear_preconditioner(rng):
    for kinds in mixtures(2, 6):
        solver = DirectSolver(box(*kinds), K[:2])
        assert solver.linear
        assert solver.symmetric
        assert solver.fixed
        r, s = rng.standard_normal((2, *solver.shape))
        scale = abs(np.vdot(r, solver.apply(r)))
        assert (
            abs(np.vdot(s, solver.apply(r)) - np.vdot(solver.apply(s), r)) < 1e-12 * scale
        )
        combined = solver.apply(2 * r - 3 * s)
        np.testing.assert_allclose(
            combined,
            2 * solver.apply(r) - 3 * solver.apply(s),
            atol=1e-13 * abs(combined).max(),
        )
        out = np.empty(solver.shape)
        assert solver.apply(r, out) is out
        assert np.array_equal(out, solver.apply(r))
        assert np.vdot(r, out) > 0


# --- published figures --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("m", "error"),
    [(16, 3.218964e-3), (32, 8.035777e-4), (64, 2.008218e-4), (128, 5.020092e-5)],
)
def test_five_points_have_the_known_error(m, error):  # M1
    grid = square(m - 1)
    x, y = grid.points()
    exact = np.sin(np.pi * x) * np.sin(np.pi * y)
    got = DirectSolver(grid).solve_field(2 * np.pi**2 * exact).x
    assert abs(got - exact).max() == pytest.approx(error, rel=2e-7)
    eigenvalue = 4 * m**2 * math.sin(np.pi / (2 * m)) ** 2
    assert abs(got - exact).max() == pytest.approx(np.pi**2 / eigenvalue - 1, rel=1e-9)


def test_sines_are_exact_for_what_they_hold():  # M2
    for n in (3, 8, 31):
        grid = square(n)
        x, y = grid.points()
        exact = np.sin(np.pi * x) * np.sin(2 * np.pi * y)
        got = DirectSolver(grid, order="spectral").solve_field(5 * np.pi**2 * exact).x
        assert abs(got - exact).max() < 1e-14


def test_a_series_says_when_it_does_not_hold_the_source():
    grid = square(31)
    solver = DirectSolver(grid, order="spectral")
    x, y = grid.points()
    assert not solver.solve_field(np.sin(np.pi * x) * np.sin(np.pi * y)).events
    assert "does not suit the walls" in solver.solve_field(1.0).events[0][1]
    waves = Grid.periodic((32, 32), (0, 2 * np.pi))
    x, y = waves.points()
    solver = DirectSolver(waves, 1.0, 1.0, "spectral")
    assert not solver.solve_field(np.exp(np.sin(x) + np.cos(y))).events
    assert solver.solve_field(np.exp(np.sin(6 * x) + np.cos(y))).events


def test_torsion_of_a_square():  # M3
    centre, mean = 0.0736713532815138, 0.0351442537387884
    errors = []
    for m in (32, 64, 128):
        u = DirectSolver(square(m - 1), order=4).solve_field(1.0).x
        errors.append(abs(u[m // 2 - 1, m // 2 - 1] - centre))
        # the trapezoidal rule is off by h²/12 times the flux, ∫ f = 1
        assert u.sum() / m**2 + 1 / (12 * m**2) == pytest.approx(mean, abs=0.3 / m**4)
    assert errors[-1] < 1e-9
    assert errors[0] / errors[1] == pytest.approx(16, rel=0.2)
    second = [
        abs(DirectSolver(square(m - 1)).solve_field(1.0).x[m // 2 - 1, m // 2 - 1] - centre)
        for m in (32, 64)
    ]
    assert second[0] / second[1] == pytest.approx(4, rel=0.02)


def test_biharmonic_with_simply_supported_edges():
    grid = square(31)
    x, y = grid.points()
    exact = np.sin(np.pi * x) * np.sin(2 * np.pi * y)
    for order, bound in ((2, 2e-2), (4, 4e-5), ("spectral", 1e-13)):
        solution = biharmonic(grid, 25 * np.pi**4 * exact, order)
        assert abs(solution.x - exact).max() < bound
        assert solution.converged
        assert solution.applications == 2
    wave = Grid.periodic((16, 12), (0, 2 * np.pi))
    x, y = wave.points()
    exact = np.sin(x) * np.cos(2 * y)
    got = biharmonic(wave, 25 * exact, "spectral").x
    assert abs(got - exact).max() < 1e-13


# --- singular and indefinite operators ----------------------------------------------------


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("boundary", ["periodic", "neumann"])
def test_singular_operators(boundary, order, rng):  # M5
    grid = square(9, boundary)
    solver = DirectSolver(grid, order=order)
    f = rng.standard_normal(grid.shape)
    with pytest.raises(PdekitError, match=r"must balance.*project=True"):
        solver.solve_field(f + 1.0)
    solution = solver.solve_field(f + 1.0, project=True)
    assert any("taken off the source" in text for _, text in solution.events)
    assert abs(grid.mean(solution.x)) < 1e-15
    balanced = f - grid.mean(f)
    if order != 4:  # near walls it also takes the slope of the source
        assert abs(solver.solve_field(balanced).x - solution.x).max() < 1e-13
    z = solver.apply(rng.standard_normal(grid.shape) + 5.0)
    assert abs(z.mean()) < 1e-15
    assert abs(solver.apply(np.ones(grid.shape))).max() < 1e-15


def test_fluxes_must_balance_the_source():
    # −u″ = 2 with the fluxes 0 and −2 into the box: u = 1/3 − x²
    grid = Grid((Axis("x", 65, 0, 1, "neumann"),))
    solution = DirectSolver(grid).solve_field(2.0, {("x", "upper"): -2.0})
    (x,) = grid.points()
    exact = -(x**2)
    assert abs(solution.x - (exact - grid.mean(exact))).max() < 1e-12
    with pytest.raises(PdekitError, match="balance"):
        DirectSolver(grid).solve_field(2.0, {("x", "upper"): 2.0})


def test_helmholtz_away_from_and_at_an_eigenvalue():
    grid = square(15)
    x, y = grid.points()
    exact = np.sin(np.pi * x) * np.sin(3 * np.pi * y)
    solver = DirectSolver(grid, 1.0, -50.0, "spectral")
    assert not solver.operator.positive_definite
    got = solver.solve_field((10 * np.pi**2 - 50) * exact).x
    assert abs(got - exact).max() < 1e-13
    for order in ORDERS:
        hit = DirectSolver(grid, order=order).eigenvalues[1, 2]
        c = -hit if order != 4 else -_compact_eigenvalue(grid, 1, 2)
        with pytest.raises(PdekitError, match=r"6\.28319 along x, 9\.42478 along y to"):
            DirectSolver(grid, 1.0, c, order)


def _compact_eigenvalue(grid, i, j):
    h = grid.spacing[0]
    x, y = (4 / h**2 * math.sin(np.pi * (m + 1) * h / 2) ** 2 for m in (i, j))
    return (x + y - h * h / 6 * x * y) / (1 - h * h / 12 * (x + y))


# --- what is refused ----------------------------------------------------------------------


def test_refused(rng):
    grid = square(7)
    solver = DirectSolver(grid)
    with pytest.raises(ShapeError, match="right-hand side"):
        solver.solve(np.ones((7, 8)))
    for bad in (np.nan, np.inf, -np.inf):
        b = rng.standard_normal(grid.shape)
        b[3, 3] = bad
        with pytest.raises(PdekitError, match="must be finite"):
            solver.solve(b)
    with pytest.raises(UnknownName, match="order '3'"):
        DirectSolver(grid, order=3)
    with pytest.raises(UnknownName, match="precision"):
        DirectSolver(grid, precision="half")
    for k in (0.0, -1.0, np.nan, (1.0, -1.0)):
        with pytest.raises(PdekitError, match="k must be positive"):
            DirectSolver(grid, k)
    with pytest.raises(ShapeError, match="one number or 2"):
        DirectSolver(grid, (1.0, 2.0, 3.0))
    with pytest.raises(PdekitError, match="c must be a finite number"):
        DirectSolver(grid, 1.0, np.inf)
    with pytest.raises(PdekitError, match="ChebyshevOperator"):
        DirectSolver(Grid((Axis("x", 9, 0, 1, "chebyshev"),)))
    for order in ORDERS:
        for walls in ({("x", "left"): 1.0}, {("t", "lower"): 1.0}):
            with pytest.raises(PdekitError, match="there is no wall"):
                DirectSolver(grid, order=order).solve_field(1.0, walls)
        with pytest.raises(PdekitError, match="has no walls"):
            DirectSolver(Grid.periodic(8, (0, 1)), 1.0, 1.0, order).solve_field(
                1.0, {("x", "lower"): 1.0}
            )


def test_zero_gives_zero_and_scale_does_not_matter(rng):
    solver, single = (DirectSolver(square(9), precision=p) for p in ("double", "single"))
    zero = solver.solve(np.zeros((9, 9)))
    assert not single.apply(np.zeros((9, 9))).any()
    assert zero.converged
    assert not zero.x.any()
    assert zero.relative_residual == 0
    b = rng.standard_normal((9, 9))
    for scale in (1e-120, 1e120):
        solution = solver.solve(scale * b)
        assert solution.converged
        np.testing.assert_allclose(solution.x, scale * solver.apply(b), rtol=1e-10)
        assert single.solve(scale * b, rtol=1e-10).converged


# --- transforms ---------------------------------------------------------------------------


def test_single_precision_is_refined(rng):
    for kinds in mixtures(2, 5):
        grid = box(*kinds, sizes=(40, 33))
        single, double = (DirectSolver(grid, precision=p) for p in ("single", "double"))
        b = balanced(double, rng)
        rough, exact = single.apply(b), double.apply(b)
        error = abs(rough - exact).max() / abs(exact).max()
        assert 1e-9 < error < 1e-4
        solution = single.solve(b, rtol=1e-11)
        assert solution.converged
        assert 2 <= solution.iterations <= 5
        assert np.all(np.diff(solution.history) < 0)


@pytest.mark.parametrize("name", [n for n in fft.available() if n != "torch"])
def test_every_library_gives_the_same(name, rng, monkeypatch):
    from pdekit.fft import auto

    for kinds in mixtures(2, 8):
        grid = box(*kinds)
        reference = DirectSolver(grid, K[:2], 0.5, reproducible=True)
        b = rng.standard_normal(grid.shape)
        with monkeypatch.context() as patch:
            patch.setattr(auto, "_for_many_lines", lambda layout: [name])
            solver = DirectSolver(grid, K[:2], 0.5)
        assert {step["backend"] for step in solver.info} == {name}
        expected = reference.apply(b)
        np.testing.assert_allclose(solver.apply(b), expected, atol=1e-14)
        assert name in solver.solve(b).method


@pytest.mark.parametrize(
    "kinds",
    [(KINDS[2],) * 2, (KINDS[0], KINDS[4]), (KINDS[7], KINDS[9]), (KINDS[0],) * 2],
    ids=names,
)
def test_threads_give_the_same(kinds, rng):
    grid = box(*kinds, sizes=(363, 365))
    one, two = (DirectSolver(grid, threads=n) for n in (1, 2))
    b = balanced(one, rng)
    expected = one.apply(b)
    np.testing.assert_allclose(two.apply(b), expected, atol=1e-13 * abs(expected).max())


@pytest.mark.parametrize("n", [255, 127, 383, 129, 128])
def test_sines_by_halves_are_the_same(n, rng):
    from pdekit.linalg._halves import halved, levels, order

    options = {"workers": 1, "reproducible": True}
    assert levels(n) == {255: 3, 127: 2, 383: 3, 129: 1, 128: 0}[n]
    for shape, d in (((3, n), 1), ((n, 4), 0), ((2, n, 3), 1)):
        values = np.zeros(shape)
        forward, inverse, _ = halved(values, d, options)
        u = rng.standard_normal(shape)
        values[...] = u
        forward()
        natural = fft.get("scipy").dst(u, 1, d).take(order(n), axis=d)
        np.testing.assert_allclose(abs(values), abs(natural), atol=1e-11)
        inverse()
        np.testing.assert_allclose(values / (2 * (n + 1)), u, atol=1e-14)


def test_a_solver_by_halves_is_the_same(rng, monkeypatch):
    from pdekit.linalg import _modes

    grid = box(KINDS[2], KINDS[2], KINDS[0], sizes=(255, 127, 8))
    whole = DirectSolver(grid, K, 0.3, reproducible=True)
    monkeypatch.setattr(_modes, "quickest", lambda key, pairs: "halved")
    halves = DirectSolver(grid, K, 0.3)
    assert [step.get("halved", 0) for step in halves.info] == [3, 2, 0]
    b = rng.standard_normal(grid.shape)
    expected = whole.apply(b)
    np.testing.assert_allclose(halves.apply(b), expected, atol=1e-13 * abs(expected).max())


def test_good_sizes_have_small_factors():
    quick, slow = (DirectSolver(square(n, ndim=1)) for n in (1023, 1024))
    assert quick.good_sizes == (1023,)
    assert slow.good_sizes == (1028,)  # 1029 = 3 · 7³
    grid = box(KINDS[0], KINDS[4], KINDS[3], sizes=(11, 12, 13))
    assert DirectSolver(grid).good_sizes == (12, 13, 14)


def test_nothing_is_allocated_after_the_first_solution(rng):
    import tracemalloc

    for boundary in ("dirichlet", "neumann", "periodic"):
        solver = DirectSolver(square(255, boundary))
        b, out = rng.standard_normal((255, 255)), np.empty((255, 255))
        solver.apply(b, out)
        tracemalloc.start()
        solver.apply(b, out)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < (0.05 if "ducc" in fft.available() else 1.5) * b.nbytes


# --- a preconditioner for variable coefficients -------------------------------------------


def test_iterations_are_bounded_by_the_contrast(scipy_cg):
    contrast, counts = 9.0, []
    for n in (15, 31, 63):
        grid = square(n)
        k = lambda x, y: 3.0 ** (np.sin(5 * x + 1) * np.cos(4 * y))  # noqa: E731
        operator = discretize(grid, k)
        solver = mean_coefficient(operator, reproducible=True)
        b = np.random.default_rng(3).standard_normal(grid.shape)
        counts.append(scipy_cg(operator, b, solver, 1e-8)[1])
    # the error falls by (√κ − 1)/(√κ + 1) = 1/2 per step at least
    assert max(counts) <= math.log(2e8 * math.sqrt(contrast)) / math.log(2)
    assert max(counts) - min(counts) <= 2


@pytest.mark.parametrize("boundary", ["dirichlet", "neumann", "dirichlet_neumann"])
def test_conjugate_gradients_count_the_contrast_not_the_points(boundary):
    counts = []
    for n in (16, 32, 64):
        grid = square(n, boundary, centring="cell")
        k = np.random.default_rng(n).uniform(1.0, 4.0, grid.shape)
        operator = discretize(grid, k)
        solver = mean_coefficient(operator, reproducible=True)
        b = np.random.default_rng(1).standard_normal(grid.shape)
        solution = conjugate_gradients(operator, b, solver, rtol=1e-8, project=True)
        assert solution.converged
        counts.append(solution.iterations)
    # contrast 4: the error falls to a third per iteration
    assert max(counts) <= math.log(4e8) / math.log(3) + 1
    assert max(counts) - min(counts) <= 3


def test_the_inverse_preconditions_in_one_iteration(rng):
    for order in ORDERS:
        solver = DirectSolver(square(12), K[:2], 0.3, order, reproducible=True)
        b = rng.standard_normal((12, 12))
        solution = conjugate_gradients(solver.operator, b, solver, rtol=1e-11)
        assert solution.iterations == 1
        assert abs(solution.x - solver.apply(b)).max() < 1e-13


# --- all sizes ----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS, ids="-".join)
@pytest.mark.parametrize("n", [1, 2, 3])
def test_the_smallest_grids(kind, n, rng):
    if kind == ("neumann", "vertex") and n == 1:
        return
    grid = Grid((Axis("x", n, 0, 1, *kind), Axis("y", 4, 0, 1, "dirichlet")))
    for order in ORDERS:
        if order == 4 and kind[1] == "cell" and kind[0] != "periodic":
            continue
        solver = DirectSolver(grid, (1.0, 2.0), order=order, reproducible=True)
        b = rng.standard_normal(grid.shape)
        back = solver.operator.apply(solver.apply(b))
        np.testing.assert_allclose(back, b, atol=1e-12 * abs(b).max())


def test_sources_and_sizes_are_given_in_any_way():
    grid = square(31)
    solver = DirectSolver(grid, reproducible=True)
    x, y = grid.points()
    by_function = solver.solve_field(lambda x, y: np.sin(x) + y).x
    by_values = solver.solve_field(np.sin(x) + y).x
    assert np.array_equal(by_function, by_values)
    with pytest.raises(ShapeError):
        solver.apply(np.ones(31))
    unchecked = solver.solve(np.ones(grid.shape), check=False)
    assert unchecked.reason == "unchecked"
    assert not unchecked.converged
    assert np.isnan(unchecked.relative_residual)
