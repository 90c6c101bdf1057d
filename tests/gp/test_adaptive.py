"""The basis that is chosen, against exact and independent solutions; invariances."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pdekit.errors import NotApplicable
from pdekit.gp import condition
from pdekit.gp.adaptive import adapt, bands, near_nyquist
from pdekit.gp.collocation import Collocation, Condition, mean
from pdekit.gp.periodogram import Peaks
from pdekit.gp.solution import Posterior
from pdekit.gp.span import Span
from pdekit.grid import Axis, Grid
from pdekit.linalg.direct import DirectSolver
from pdekit.typing import Array
from tests.gp.posed import dirichlet, poisson, relative
from tests.gp.problems import PROBLEMS, Poisson

U5 = Poisson(
    lambda x: np.sin(500 * x) - 2 * (x - 0.5) ** 2,
    lambda x: -250_000 * np.sin(500 * x) - 4, 0, 1, 400, (500,),
)  # fmt: skip
LINES = {**{k: PROBLEMS[k] for k in ("u1", "u2", "u3", "u4")}, "u5": U5}


def posed(
    line: Poisson, n: int | None = None, stretch: float = 1, by: float = 0
) -> Collocation:
    """u'' = f of a line, x stretched and shifted."""
    span = Span("x", n or line.n, stretch * line.start + by, stretch * line.end + by)
    return dirichlet(
        [span], {((2,),): 1.0},
        lambda x: line.f((x - by) / stretch) / stretch**2,
        lambda x: line.u((x - by) / stretch),
    )  # fmt: skip


def error(found: Posterior, line: Poisson, stretch: float = 1, by: float = 0) -> float:
    x = np.linspace(line.start, line.end, 300)
    return relative(found.mean([stretch * x + by]), line.u(x))


@pytest.mark.parametrize("name", LINES)
def test_bases_and_exact_conditioning_agree(name: str) -> None:
    line = LINES[name]
    x = np.linspace(line.start, line.end, 300)
    by_polytrig = adapt(posed(line), kinds=("polytrig",)).mean([x])
    by_mixture = adapt(posed(line), kinds=("mixture",)).mean([x])
    exact = condition(line.narrow(), line.data()).mean(x)
    assert relative(by_polytrig, line.u(x)) < 1e-8
    assert relative(by_mixture, by_polytrig) < 1e-5
    assert relative(exact, by_polytrig) < 1e-5


def test_agrees_with_chebyshev_collocation_to_its_error() -> None:
    """−u'' by the derivative of Chebyshev axes, solved densely: u1."""
    line = LINES["u1"]
    axis = Axis("x", line.n, line.start, line.end, "chebyshev")
    (x,) = Grid((axis,)).points()
    d = Grid((axis,)).derivative(np.eye(axis.n), 0).T
    u = line.u(x)
    inner = slice(1, -1)
    d2 = d @ d
    right = line.f(x)[inner] - d2[inner][:, [0, -1]] @ u[[0, -1]]
    u[inner] = np.linalg.solve(d2[inner, inner], right)
    assert relative(adapt(posed(line)).mean([x]), u) < 1e-8


def test_compact_differences_converge_to_it_with_order_four() -> None:
    """u1 on [0, 2π]: the distance falls by 16 when the spacing halves."""
    line = LINES["u1"]
    found, distances = adapt(posed(line)), []
    for n in (1600, 3200):
        grid = Grid((Axis("x", n - 1, line.start, line.end, "dirichlet"),))
        (x,) = grid.points()
        solver = DirectSolver(grid, (1.0,), 0.0, order=4)
        walls = {("x", side): np.full(1, line.u(np.array(end)))
                 for side, end in (("lower", line.start), ("upper", line.end))}  # fmt: skip
        u = solver.solve_field(lambda s: -line.f(s), walls, rtol=1e-2).x
        distances.append(relative(u, found.mean([x])))
    assert np.log2(distances[0] / distances[1]) == pytest.approx(4, abs=0.1)


@pytest.mark.parametrize("name", ["u2", "u3"])
def test_errors_do_not_depend_on_origin_and_unit(name: str) -> None:
    line = LINES[name]
    plain = error(adapt(posed(line)), line)
    for stretch, by in ((10.0, 0.0), (0.1, 0.0), (1.0, 7.0), (10.0, -3.0)):
        other = error(adapt(posed(line, None, stretch, by)), line, stretch, by)
        assert other < max(3 * plain, 1e-9)


def test_twice_the_nodes_are_not_worse() -> None:
    line = LINES["u3"]
    coarse, fine = (error(adapt(posed(line, n)), line) for n in (300, 600))
    assert fine < max(coarse, 1e-9)


@pytest.mark.parametrize("n", [60, 120, 200])
def test_a_wave_above_nyquist_never_passes_for_solved(n: int) -> None:
    found = adapt(posed(LINES["u3"], n))
    assert found.quality.worst > 0.1


@settings(max_examples=15, deadline=None)
@given(k=st.floats(130.0, 1e6))
def test_no_frequency_is_too_high_to_be_noticed(k: float) -> None:
    """51 nodes tell frequencies below 157."""
    collocation = poisson(41, lambda x: np.sin(k * x), lambda x: -(k**2) * np.sin(k * x))
    found = adapt(collocation, kinds=("polytrig",))
    x = collocation.spans[0].between
    wrong = relative(found.mean([x]), np.sin(k * x)) > 0.1
    assert found.quality.worst > 1e-2 or not wrong


def test_near_nyquist_is_warned_of() -> None:
    line = LINES["u3"]
    near, far = posed(line, 220), posed(line, 400)
    (warning,) = near_nyquist(near, bands(near))
    assert "97% of the Nyquist frequency" in warning
    assert near_nyquist(far, bands(far)) == []


def harmonic(x: Array, y: Array) -> Array:
    return np.asarray(np.exp(x) * np.sin(y))


def test_a_harmonic_function_is_found_from_its_values_on_the_faces() -> None:
    spans = [Span("x", 24, 0.0, 1.0), Span("y", 30, 0.0, 2.0)]
    terms = {((2, 0),): 1.0, ((0, 2),): 1.0}
    found = adapt(dirichlet(spans, terms, 0.0, harmonic))
    points = [s.between for s in spans]
    assert relative(found.mean(points), harmonic(*np.ix_(*points))) < 1e-10


def test_a_line_is_found_exactly() -> None:
    found = adapt(poisson(9, lambda x: 3 * x - 1, lambda x: 0 * x))
    x = np.linspace(0, 1, 50)
    assert relative(found.mean([x]), 3 * x - 1) < 1e-13


def test_a_source_that_is_rounding_has_no_bands() -> None:
    """−u'' − 9u of sin 3x."""
    collocation = dirichlet(
        [Span("x", 65, 0.0, 1.0)], {((2,),): -1.0, ((0,),): -9.0},
        lambda x: 9 * np.sin(3 * x) - 3 * np.sin(3 * x) * (3 + 1e-16 * x),
        lambda x: np.sin(3 * x),
    )  # fmt: skip
    assert len(bands(collocation)[0]) == 0
    found = adapt(collocation)
    x = collocation.spans[0].between
    assert relative(found.mean([x]), np.sin(3 * x)) < 1e-12


@pytest.mark.parametrize("kind", ["polytrig", "extension", "mixture", "student"])
def test_on_a_periodic_axis_every_basis_is_periodic(kind: str) -> None:
    span = Span("x", 48, 0.0, 2.0, periodic=True)
    k = 7 * np.pi
    collocation = Collocation(
        (span,), {((2,),): 1.0}, lambda x: -(k**2) * np.sin(k * x),
        (Condition((mean,), np.zeros(()), "mean"),),
    )  # fmt: skip
    found = adapt(collocation, kinds=(kind,))
    x = np.linspace(0, 2, 101)
    assert relative(found.mean([x]), np.sin(k * x)) < 1e-10
    ends = np.array([0.0, 2.0])
    assert np.ptp(found.mean([ends], (1,))) < 1e-8


def test_covariances_are_not_learned_where_they_would_not_be_periodic() -> None:
    span = Span("x", 32, 0.0, 1.0, periodic=True)
    collocation = Collocation((span,), {((2,),): -1.0, ((0,),): 1.0}, 1.0, ())
    with pytest.raises(NotApplicable, match="periodic"):
        adapt(collocation, kinds=("learned",))


def test_missing_data_end_the_search() -> None:
    """An empty face: bases that are too poor would hide it."""
    spans = [Span("x", 20, 0.0, 1.0), Span("y", 20, 0.0, 1.0)]
    full = dirichlet(spans, {((2, 0),): 1.0, ((0, 2),): 1.0}, 1.0, lambda x, y: 0 * x * y)
    found = adapt(Collocation(full.spans, full.terms, full.source, full.conditions[:1]))
    assert found.undetermined > 0


def test_of_several_bases_the_best_is_returned_with_its_distance_from_the_next() -> None:
    line = PROBLEMS["chirp"]
    found = adapt(posed(line))
    best = min(found.tried, key=lambda each: each[1].worst)
    assert found.label == best[0]
    assert found.disagreement is not None
    assert len(found.tried) > 1


def test_the_observer_hears_how_far_it_is() -> None:
    heard: list[float] = []
    adapt(posed(PROBLEMS["chirp"]), look=lambda done, sentence: heard.append(done))
    assert heard == sorted(heard)
    assert heard[0] == 0
    assert heard[-1] < 1


def test_bands_of_faces_count() -> None:
    spans = [Span("x", 40, 0.0, 1.0), Span("y", 40, 0.0, 1.0)]
    collocation = dirichlet(
        spans, {((2, 0),): 1.0, ((0, 2),): 1.0}, 0.0,
        lambda x, y: np.sin(40 * x) * np.exp(-40 * y),
    )  # fmt: skip
    along_x, _ = bands(collocation)
    assert isinstance(along_x, Peaks)
    assert along_x.strongest(1).frequencies[0] == pytest.approx(40 / (2 * np.pi), rel=0.02)
