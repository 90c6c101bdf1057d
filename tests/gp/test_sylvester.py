"""Direct collocation against explicit matrices, Bartels & Stewart, exact solutions."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg as sl

from pdekit.errors import NotApplicable, ShapeError
from pdekit.gp.diagonal import diagonal_form, triangular_form
from pdekit.gp.kernels import GaussianMixture, Matern, SquaredExponential
from pdekit.gp.line import line, with_floor
from pdekit.gp.sylvester import CollocationSolver
from tests.gp.grids import kron


def noise(*shape):
    return np.random.default_rng(4).standard_normal(shape)


# ------------------------------------------------------------------ forms of one dimension


@pytest.mark.parametrize("n", [2, 3, 8, 9])
def test_even_and_odd_eigenvectors_are_those_of_the_whole(n):
    a = noise(n, n)
    a = a + a[::-1, ::-1]
    form = diagonal_form(a, mirrored=True)
    assert abs(form.vectors * form.values @ form.inverse - a).max() < 1e-11
    key = {"key": lambda z: (round(z.real, 8), round(z.imag, 8))}
    assert sorted(form.values, **key) == pytest.approx(sorted(np.linalg.eigvals(a), **key))


def test_schur_form():
    a = noise(7, 7)
    form = triangular_form(a)
    assert abs(form.vectors @ form.triangle @ form.inverse - a).max() < 1e-13
    assert abs(np.tril(form.triangle, -1)).max() < 1e-13


# -------------------------------------------------------------- the system of a small grid


def explicit(solver, f, g):
    """Solve the system of all points as one matrix, rows of held points identities."""
    eyes = [np.eye(n) for n in solver.shape]
    A = solver.constant * kron(*eyes)
    for d, one in enumerate(solver.lines):
        A = A + kron(*[one.matrix if e == d else eyes[e] for e in range(len(eyes))])
    held = np.ones(solver.shape, bool)
    held[solver.inside] = False
    held = held.reshape(-1)
    A[held] = np.eye(len(A))[held]
    right = np.where(held, g.reshape(-1), f.reshape(-1))
    return np.linalg.solve(A, right).reshape(solver.shape)


def axis(n, terms, held=(0, -1), length=0.3, d=0):
    return line(SquaredExponential(1.0, length), np.linspace(0, 1 + d, n), terms, held)


GRIDS = {
    "1-D": [axis(9, {2: 1.0, 0: 0.4})],
    "Poisson": [axis(7, {2: 1.0}), axis(8, {2: 1.0}, d=1)],
    "diffusion and drift": [axis(7, {2: 1.0, 1: -3.0}), axis(8, {2: 0.3}, d=1)],
    "heat, time last": [axis(7, {2: -1.0}), axis(6, {1: 1.0}, (0,))],
    "heat, time first": [axis(6, {1: 1.0}, (0,)), axis(7, {2: -1.0})],
    "advection": [axis(6, {1: 1.0}, (0,)), axis(7, {1: 2.0}, (0,))],
    "Poisson in 3-D": [axis(5, {2: 1.0}), axis(6, {2: 1.0}), axis(4, {2: 2.0})],
    "heat in 2-D": [axis(5, {1: 1.0}, (0,)), axis(6, {2: -1.0}), axis(5, {2: -1.0})],
}


@pytest.mark.parametrize("worst", [1e6, 0.0])
@pytest.mark.parametrize("constant", [0.0, -2.7])
@pytest.mark.parametrize("name", GRIDS)
def test_solution_is_that_of_the_explicit_system(name, constant, worst, monkeypatch):
    """With eigenvectors, and with Schur forms wherever they are possible."""
    monkeypatch.setattr("pdekit.gp.sylvester.WORST", worst)
    solver = CollocationSolver(GRIDS[name], constant)
    if not worst and len(solver.shape) > 1:
        assert "Schur" in solver.solve(*noise(2, *solver.shape)).method
    f, g = noise(2, *solver.shape)
    found = solver.solve(f, g)
    expected = explicit(solver, f, g)
    assert np.linalg.norm(found.u - expected) < 1e-9 * np.linalg.norm(expected)
    assert found.residual < 1e-9


def test_solution_is_that_of_bartels_and_stewart():
    solver = CollocationSolver(GRIDS["Poisson"], 0.8)
    f = noise(*[n - 2 for n in solver.shape])
    first, second = (one.inner for one in solver.lines)
    expected = sl.solve_sylvester(first + 0.8 * np.eye(len(first)), second.T, f)
    assert np.linalg.norm(solver.divide(f) - expected) < 1e-11 * np.linalg.norm(expected)


# ---------------------------------------------------------------------- exact solutions


def error(solution, exact, points):
    mesh = np.meshgrid(*points, indexing="ij")
    u = exact(*mesh)
    return np.linalg.norm(solution.predict(points) - u) / np.linalg.norm(u)


def test_a_line_of_one_frequency():
    """u_xx = f for sin 100x at four points per wavelength, measured between the points."""
    x = np.linspace(0, 2 * np.pi, 400)
    kernel = GaussianMixture([1, 1], [0.16, 0.16], [0, 100 / (2 * np.pi)])
    one = line(with_floor(kernel, x[1]), x, {2: 1.0})
    solution = CollocationSolver([one]).solve(-1e4 * np.sin(100 * x), np.sin(100 * x))
    fine = np.linspace(0, 2 * np.pi, 300)
    assert error(solution, lambda x: np.sin(100 * x), [fine]) < 1e-7
    slope = solution.predict([fine], [1])
    assert abs(slope - 100 * np.cos(100 * fine)).max() < 1e-2


PI2, UNIT = (0.0, 2 * np.pi), (0.0, 1.0)


def collocated(domains, shape, omegas, terms, constant=0.0, held=None):
    """A solver with a kernel of the angular frequencies that are known to occur."""
    lines = {}
    held = held or [(0, -1)] * len(shape)
    keys = [str(key) for key in zip(domains, shape, omegas, terms, held, strict=True)]
    for key, (lo, hi), n, omega, term, ends in zip(
        keys, domains, shape, omegas, terms, held, strict=True
    ):
        x = np.linspace(lo, hi, n)
        mu = np.array([0, *omega]) / (2 * np.pi)
        ones = np.ones(len(mu))
        kernel = with_floor(GaussianMixture(ones, ones / (hi - lo), mu), x[1] - x[0])
        lines.setdefault(key, line(kernel, x, term, ends))
    return CollocationSolver([lines[key] for key in keys], constant)


def wave(*omegas):
    return lambda *x: np.prod([np.sin(o * z) for o, z in zip(omegas, x, strict=True)], 0)


LAPLACIAN = [{2: 1.0}] * 2
PROBLEMS = {  # how it is posed, u, f, what the error was when written times three
    "P2-a": (
        collocated, ([PI2] * 2, (400, 400), [[100]] * 2, LAPLACIAN),
        wave(100, 100), lambda x, y: -2e4 * wave(100, 100)(x, y), 1.4e-8,
    ),
    "P2-b": (
        collocated, ([PI2] * 2, (200, 200), [[14, 26]] * 2, LAPLACIAN),
        lambda x, y: sum(np.sin(6 * z) * np.cos(20 * z) for z in (x, y)),
        lambda x, y: sum(98 * np.sin(14 * z) - 338 * np.sin(26 * z) for z in (x, y)), 3e-7,
    ),
    "advection from inflow and initial values": (
        collocated,
        ([UNIT] * 2, (200, 200), [[200], [1]], [{1: 1.0}, {1: 200.0}], 0.0, [(0,), (0,)]),
        lambda t, x: np.sin(x - 200 * t), lambda t, x: 0 * x, 4e-7,
    ),
    "heat with time as a dimension": (
        collocated,
        ([UNIT] * 2, (100, 200), [[], [20]], [{1: 1.0}, {2: -0.01}], 0.0, [(0,), (0, -1)]),
        lambda t, x: np.exp(-t) * np.sin(20 * x),
        lambda t, x: 3 * np.exp(-t) * np.sin(20 * x), 1e-6,
    ),
    "Helmholtz": (
        collocated, ([UNIT] * 2, (200, 200), [[40], [20]], LAPLACIAN, 900.0),
        lambda x, y: np.sin(40 * x) * np.cos(20 * y) + x * y,
        lambda x, y: -1100 * np.sin(40 * x) * np.cos(20 * y) + 900 * x * y, 8e-7,
    ),
    "harmonic": (
        collocated, ([UNIT] * 2, (60, 60), [[], []], LAPLACIAN),
        lambda x, y: np.exp(x) * np.sin(y), lambda x, y: 0 * x, 1e-6,
    ),
    "Poisson in 3-D": (
        collocated, ([UNIT] * 3, (64, 64, 64), [[30], [20], [40]], [{2: 1.0}] * 3),
        wave(30, 20, 40), lambda *x: -2900 * wave(30, 20, 40)(*x), 2e-7,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PROBLEMS)
def test_exact_solutions(name):
    pose, arguments, exact, source, bound = PROBLEMS[name]
    solver = pose(*arguments)
    mesh = np.meshgrid(*[one.points for one in solver.lines], indexing="ij")
    solution = solver.solve(source(*mesh), exact(*mesh))
    count = 300 if len(mesh) == 2 else 40
    fine = [np.linspace(*domain, count) for domain in arguments[0]]
    assert error(solution, exact, fine) < bound
    assert solution.residual < 1e-12


@pytest.mark.parametrize("name", ["P2-b", "Poisson in 3-D"])
def test_values_inside_that_are_said_to_be_given_do_not_count(name):
    pose, arguments, exact, source, _ = PROBLEMS[name]
    solver = pose(*arguments)
    mesh = np.meshgrid(*[one.points for one in solver.lines], indexing="ij")
    f, g = source(*mesh), exact(*mesh)
    other = g.copy()
    other[solver.inside] = 7.0
    f_other = np.full_like(f, 3.0)
    f_other[solver.inside] = f[solver.inside]
    assert (solver.solve(f, g).u == solver.solve(f_other, other).u).all()


def test_order_without_floor_is_that_of_a_smoothing_kernel():
    """A Matérn-7/2 interpolant of a smooth function: the error falls as a power of h."""
    errors = []
    for n in (40, 80, 160):
        x = np.linspace(0, 1, n)
        solver = CollocationSolver([line(Matern(3.5, 1.0, 1.0), x, {2: 1.0})])
        solution = solver.solve(-100 * np.sin(10 * x), np.sin(10 * x))
        errors.append(error(solution, lambda x: np.sin(10 * x), [np.linspace(0, 1, 301)]))
    assert errors[0] / errors[1] > 3.5
    assert errors[1] / errors[2] > 3.5


def test_a_singular_operator_is_refused():
    one = axis(16, {2: 1.0})
    eigenvalue = max(np.linalg.eigvals(one.inner), key=lambda z: z.real).real
    assert eigenvalue == pytest.approx(-(np.pi**2), rel=1e-3)
    for ndim in (1, 2):
        with pytest.raises(NotApplicable, match="singular"):
            CollocationSolver([one] * ndim, -ndim * float(eigenvalue))


def test_what_does_not_fit_is_refused():
    solver = CollocationSolver(GRIDS["Poisson"])
    with pytest.raises(ShapeError, match="for g"):
        solver.solve(np.zeros(solver.shape), np.zeros(3))
    with pytest.raises(NotApplicable, match="ends"):
        axis(5, {2: 1.0}, (1,))
    with pytest.raises(NotApplicable, match="derivative 2"):
        line(Matern(0.5, 1.0, 1.0), np.linspace(0, 1, 5), {2: 1.0})


@pytest.mark.parametrize("order", [0, 1, 2])
def test_maps_to_equidistant_points_are_those_to_any(order):
    """Between the nodes, in spacings of the nodes, and the same points one by one."""
    one = axis(30, {2: 1.0}, length=0.05)
    points = one.points[:-1] + 0.3 * one.points[1]
    rows = np.concatenate([one.map(points[i : i + 1], order) for i in range(len(points))])
    assert abs(one.map(points, order) - rows).max() < 1e-9 * abs(rows).max()


def test_jitter_is_reported():
    smooth = axis(60, {2: 1.0}, length=1.0)
    solution = CollocationSolver([smooth]).solve(np.ones(60), np.zeros(60))
    assert 0 < solution.jitters[0] < 1e-11
    assert solution.jitters == (smooth.factor.jitter,)
