"""Equations with conditions: direct collocation, and the joint optimisation posed."""

from __future__ import annotations

import numpy as np
import pytest

from pdekit.errors import NotApplicable, NotConverged
from pdekit.gp.adaptive import bands
from pdekit.gp.collocation import At, Collocation, Condition
from pdekit.gp.direct import (
    candidates,
    direct_solver,
    midpoint_residual,
    solve,
    solve_directly,
)
from pdekit.gp.joint_objective import JointObjective, JointOptions
from pdekit.gp.joint_problem import ALLEN_CAHN, JointProblem
from pdekit.gp.posing import joint_problem
from pdekit.gp.span import Span


def at(spans, d, side, u):
    """Values of u on a face."""
    point = spans[d].lower if side == 0 else spans[d].upper
    points = [np.array([point]) if e == d else s.nodes for e, s in enumerate(spans)]
    values = np.squeeze(u(*np.ix_(*points)), d)
    functionals = tuple(At(point) if e == d else None for e in range(len(spans)))
    return Condition(functionals, values, f"{spans[d].name}.{side}")


def posed(spans, terms, f, u, sides=None):
    sides = sides or [(d, s) for d in range(len(spans)) for s in (0, -1)]
    return Collocation(spans, terms, f, tuple(at(spans, d, s, u) for d, s in sides))


def box(n, ndim=2, length=2 * np.pi):
    return tuple(Span(name, n, 0.0, length) for name in "xyz"[:ndim])


LAPLACIAN = {((2, 0),): 1.0, ((0, 2),): 1.0}


def kernels_of(spans, peaks):
    """The first kernel that is tried."""
    return next(candidates(spans, peaks))[1]


def error(solution, spans, u):
    points = [np.linspace(s.lower, s.upper, 300) for s in spans]
    exact = u(*np.ix_(*points))
    return np.linalg.norm(solution.predict(points) - exact) / np.linalg.norm(exact)


def test_a_wave_whose_frequency_is_read_from_the_source():
    def u(x, y):
        return np.sin(100 * x) * np.sin(100 * y)

    spans = box(400)
    problem = posed(spans, LAPLACIAN, lambda x, y: -2e4 * u(x, y), u)
    kernels = kernels_of(spans, bands(problem))
    solution = solve_directly(problem, kernels)
    assert error(solution, spans, u) < 2e-8
    assert solution.residual < 1e-12


def test_advection_from_the_inflow():
    def u(t, x):
        return np.sin(x - 20 * t)

    spans = (Span("t", 60, 0, 1), Span("x", 60, 0, 1))
    terms = {((1, 0),): 1.0, ((0, 1),): 20.0}
    problem = posed(spans, terms, 0.0, u, [(0, 0), (1, 0)])
    solution = solve_directly(problem, kernels_of(spans, bands(problem)))
    assert error(solution, spans, u) < 1e-5


def test_reaction_is_a_constant_of_the_sum():
    def u(x, y):
        return np.cos(3 * x) * np.exp(y)

    spans = box(40, length=1.0)
    problem = posed(spans, LAPLACIAN | {((0, 0),): 5.0}, lambda x, y: -3 * u(x, y), u)
    solver, others = direct_solver(problem, kernels_of(spans, bands(problem)))
    assert others is None
    assert solver.constant == 5.0
    assert (
        error(solve_directly(problem, kernels_of(spans, bands(problem))), spans, u) < 1e-6
    )


def test_the_kernel_with_the_smallest_residual_between_the_nodes_is_kept():
    """A bump without bands: a spline is better than what its spectrum suggests."""

    def u(x, y):
        return 1 / (1 + 100 * ((x - 1) ** 2 + (y - 0.7) ** 2))

    def f(x, y):
        r2 = (x - 1) ** 2 + (y - 0.7) ** 2
        return 400 * (100 * r2 - 1) / (1 + 100 * r2) ** 3

    spans = box(120, length=2.0)
    problem = posed(spans, LAPLACIAN, f, u)
    found = solve(problem)
    assert found.midpoint_residual == min(left for _, left in found.tried)
    assert len(found.tried) == 5
    assert found.midpoint_residual == midpoint_residual(problem, found.solution)
    first = solve_directly(problem, kernels_of(spans, bands(problem)))
    assert error(found.solution, spans, u) < 1e-5
    assert error(found.solution, spans, u) < 0.01 * error(first, spans, u)


def test_residual_between_the_nodes_is_that_of_the_interpolant():
    """By differences of the predicted function, at one midpoint after the other."""
    spans = (Span("x", 12, 0, 1),)
    problem = posed(spans, {((2,),): 1.0}, lambda x: np.exp(3 * x), lambda x: x)
    solution = solve_directly(problem, kernels_of(spans, bands(problem)))
    m, h = spans[0].between, 8e-3
    u = [solution.predict([m + s * h]) for s in (-2, -1, 0, 1, 2)]
    second = (-u[0] + 16 * u[1] - 30 * u[2] + 16 * u[3] - u[4]) / (12 * h**2)
    left = second - np.exp(3 * m)
    expected = np.sqrt((left**2).mean() / (second**2).mean())
    assert midpoint_residual(problem, solution) == pytest.approx(expected, rel=1e-3)


CUBIC = {((0, 0),): -1.0, ((0, 0),) * 3: 1.0}


def test_allen_cahn_of_three_scales():
    """AC2 of the reference: Newton's corrections decrease quadratically."""

    def p(x):
        return np.sin(x) + 0.1 * np.sin(20 * x) + np.cos(100 * x)

    def second(x):
        return -np.sin(x) - 40 * np.sin(20 * x) - 1e4 * np.cos(100 * x)

    def u(x, y):
        return p(x) * p(y)

    def f(x, y):
        v = u(x, y)
        return second(x) * p(y) + p(x) * second(y) + v * (v**2 - 1)

    spans = box(150, length=1.0)
    problem = posed(spans, LAPLACIAN | CUBIC, f, u)
    solution = solve_directly(problem, kernels_of(spans, bands(problem)))
    assert error(solution, spans, u) < 1e-6
    steps = solution.corrections
    assert 2 <= len(steps) <= 6
    assert steps[1] < 20 * steps[0] ** 2
    assert solution.residual < 1e-11


def test_a_potential_that_varies_is_part_of_the_pointwise_terms():
    def u(x, y):
        return np.sin(3 * x) * np.cos(2 * y)

    spans = box(30, length=1.0)
    terms = LAPLACIAN | {((0, 0),): lambda x, y: 40 * np.exp(x) * y}
    problem = posed(spans, terms, lambda x, y: (40 * np.exp(x) * y - 13) * u(x, y), u)
    assert error(solve(problem).solution, spans, u) < 1e-6


def test_newton_says_so_when_there_is_no_solution():
    """u″ + 60 u⁴ + 60 = 0  with zeros at the ends blows up: no solution."""
    spans = (Span("x", 30, 0, 1),)
    terms = {((2,),): 1.0, ((0,),) * 4: 60.0}
    problem = posed(spans, terms, -60.0, lambda x: 0 * x)
    with pytest.raises(NotConverged), np.errstate(over="ignore", invalid="ignore"):
        solve_directly(problem, kernels_of(spans, bands(problem)))


@pytest.mark.parametrize(
    "terms",
    [
        {((1, 1),): 1.0},
        LAPLACIAN | {((0, 0), (1, 0)): 1.0},
        {((2, 0),): lambda x, y: 1 + x * y, ((0, 2),): 1.0},
    ],
)
def test_what_is_no_sum_of_operators_of_one_axis_is_refused(terms):
    spans = box(8)
    problem = posed(spans, terms, 0.0, lambda x, y: x + y)
    with pytest.raises(NotApplicable, match=r"one axis each|values alone"):
        solve_directly(problem, kernels_of(spans, bands(problem)))


def test_joint_problem_is_the_one_written_by_hand():
    spans = (Span("x", 6, 0, 1), Span("y", 5, 0, 2))
    cubic = {((0, 0),): -1.0, ((0, 0),) * 3: 1.0}

    def f(x, y):
        return np.sin(3 * x) + y

    def u(x, y):
        return x * np.cos(y)

    found = joint_problem(posed(spans, LAPLACIAN | cubic, f, u))
    points = tuple(span.nodes for span in spans)
    mesh = np.meshgrid(*points, indexing="ij")
    sides = {(d, s): np.take(u(*mesh), s, d) for d in (0, 1) for s in (0, -1)}
    terms = {(2, 0): 1.0, (0, 2): 1.0}
    expected = JointProblem(points, terms, f(*mesh), sides, ALLEN_CAHN)
    options = JointOptions(components=3, top_frequency=1.0)
    again = JointObjective(found, options)
    x = again.start() + 0.1 * np.random.default_rng(1).standard_normal(again.start().shape)
    first, second = again(x), JointObjective(expected, options)(x)
    assert first.loss == pytest.approx(second.loss, rel=1e-12)
    assert first.gradient == pytest.approx(second.gradient, rel=1e-9, abs=1e-9)


def test_joint_problem_takes_coefficients_that_vary():
    """The gradient by differences, of  (1 + xy) u_xx + u_yy."""
    spans = (Span("x", 5, 0, 1), Span("y", 4, 0, 1))
    terms = {((2, 0),): lambda x, y: 1 + x * y, ((0, 2),): 1.0}
    problem = joint_problem(posed(spans, terms, 1.0, lambda x, y: x + y))
    objective = JointObjective(
        problem, JointOptions(components=2, top_frequency=1.0, jitter=1e-3)
    )
    rng = np.random.default_rng(5)
    x = objective.start() + 0.2 * rng.standard_normal(objective.start().shape)
    direction = rng.standard_normal(x.shape)
    h = 1e-5
    difference = (objective(x + h * direction).loss - objective(x - h * direction).loss) / (
        2 * h
    )
    assert objective(x).gradient @ direction == pytest.approx(difference, rel=1e-6)


def test_conditions_that_are_no_values_on_a_face_are_refused():
    spans = (Span("x", 6, 0, 1),)
    slope = Condition((At(0.0, 1),), np.array(1.0), "x.lower")
    problem = Collocation(spans, {((2,),): 1.0}, 0.0, (slope,))
    with pytest.raises(NotApplicable, match=r"x\.lower"):
        joint_problem(problem)
    periodic = Collocation((Span("x", 6, 0, 1, periodic=True),), {((2,),): 1.0}, 0.0, ())
    with pytest.raises(NotApplicable, match="periodic"):
        joint_problem(periodic)
    product = posed(spans, {((2,),): 1.0, ((0,), (1,)): 1.0}, 0.0, lambda x: x)
    with pytest.raises(NotApplicable, match="values alone"):
        joint_problem(product)
