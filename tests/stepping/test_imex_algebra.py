"""Order conditions in exact rationals: additive pairs, low storage, linear multistep."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import product
from math import prod
from typing import Any

import numpy as np
import pytest

from pdekit import registry
from pdekit.stepping import lsrk54
from pdekit.stepping._ark_tableaux import ARK3, ARK4, Tableau
from tests.stepping.oracle import MULTISTEP, take

ROUNDED = Fraction(1, 10**24)
"""The published rationals of 13 digits above 13 are roundings to about 25 digits."""

Matrix = list[list[Fraction]]
Tree = tuple[Any, ...]
PAIRS = {"ark3": ARK3, "ark4": ARK4}


def square(rows: Any) -> Matrix:
    return [[*row, *[Fraction(0)] * (len(rows) - len(row))] for row in rows]


def dot(a: Any, b: Any) -> Fraction:
    return sum((x * y for x, y in zip(a, b, strict=True)), Fraction(0))


# -- rooted trees whose vertices are coloured by the part that is evaluated there ------

BARE: dict[int, list[Tree]] = {
    1: [()],
    2: [((),)],
    3: [((), ()), (((),),)],
    4: [((), (), ()), ((), ((),)), (((), ()),), ((((),),),)],
    5: [
        ((), (), (), ()),
        ((), (), ((),)),
        ((), ((), ())),
        ((), (((),),)),
        (((),), ((),)),
        (((), (), ()),),
        (((), ((),)),),
        ((((), ()),),),
        (((((),),),),),
    ],
}


def size(tree: Tree) -> int:
    return 1 + sum(map(size, tree))


def density(tree: Tree) -> int:
    return size(tree) * prod(map(density, tree))


def elementary(tree: Tree, colours: Iterator[Matrix], stages: int) -> list[Fraction]:
    """Φᵢ(τ), with one of the two matrices on every edge."""
    weights = [Fraction(1)] * stages
    for branch in tree:
        matrix = next(colours)
        below = elementary(branch, colours, stages)
        weights = [w * dot(row, below) for w, row in zip(weights, matrix, strict=True)]
    return weights


def defects(b: Any, matrices: list[Matrix], order: int) -> list[Fraction]:
    """|b·Φ(τ) − 1/γ(τ)| of every tree with ``order`` vertices and every colouring."""
    found = []
    for tree in BARE[order]:
        for colours in product(matrices, repeat=order - 1):
            phi = elementary(tree, iter(colours), len(b))
            found.append(abs(dot(b, phi) - Fraction(1, density(tree))))
    return found


def matrices(pair: Tableau) -> list[Matrix]:
    return [square(pair.explicit), square(pair.implicit)]


def test_the_trees_are_all_there() -> None:
    for order, trees in BARE.items():
        assert {size(tree) for tree in trees} == {order}
        assert len(trees) == [1, 1, 2, 4, 9][order - 1]


# -- additive Runge-Kutta --------------------------------------------------------------


@pytest.mark.parametrize("name", PAIRS)
def test_both_parts_share_their_nodes(name: str) -> None:
    pair = PAIRS[name]
    for rows in matrices(pair):
        for row, node in zip(rows, pair.nodes, strict=True):
            assert abs(sum(row) - node) < ROUNDED


@pytest.mark.parametrize("name", PAIRS)
def test_additive_pairs_have_their_order_with_all_couplings(name: str) -> None:
    pair = PAIRS[name]
    order = registry.integrator(name).order
    for q in range(1, order + 1):
        assert max(defects(pair.weights, matrices(pair), q)) < ROUNDED
    assert max(defects(pair.weights, matrices(pair), order + 1)) > Fraction(1, 1000)


@pytest.mark.parametrize("name", PAIRS)
def test_embedded_weights_are_one_order_below(name: str) -> None:
    pair = PAIRS[name]
    order = registry.integrator(name).order
    for q in range(1, order):
        assert max(defects(pair.embedded, matrices(pair), q)) < 2 * ROUNDED
    assert max(defects(pair.embedded, matrices(pair), order)) > Fraction(1, 1000)


@pytest.mark.parametrize("name", PAIRS)
def test_the_implicit_part_is_stiffly_accurate_and_singly_diagonal(name: str) -> None:
    pair = PAIRS[name]
    assert pair.implicit[0] == (0,)
    assert len({row[-1] for row in pair.implicit[1:]}) == 1
    assert pair.weights == pair.implicit[-1]
    assert [len(row) for row in pair.explicit] == list(range(len(pair.nodes)))
    assert [len(row) for row in pair.implicit] == list(range(1, len(pair.nodes) + 1))


@pytest.mark.parametrize("name", PAIRS)
def test_the_implicit_part_is_l_stable(name: str) -> None:
    """R(∞) = 0, and |R| ≤ 1 on the imaginary axis."""
    pair = PAIRS[name]
    rows = [[float(a) for a in row] for row in square(pair.implicit)]

    def growth(z: complex) -> float:
        stages: list[complex] = []
        for i, row in enumerate(rows):
            known = 1 + z * sum(a * u for a, u in zip(row, stages, strict=False))
            stages.append(known / (1 - z * row[i]))
        return abs(stages[-1])

    assert growth(-1e9) < 1e-7
    assert max(growth(1j * 1.3**e) for e in range(-20, 60)) <= 1 + 1e-12


@pytest.mark.parametrize("name", PAIRS)
def test_numbers_are_those_of_the_tableau(name: str) -> None:
    pair = PAIRS[name]
    last = len(pair.nodes)
    found = pair.numbers()
    assert found["e32"] == float(pair.explicit[2][1])
    assert found[f"i{last}1"] == float(pair.weights[0])
    assert found["s2"] == float(pair.weights[1] - pair.explicit[-1][1])
    assert found["g1"] == float(pair.weights[0] - pair.embedded[0])
    assert found[f"b{last}"] == float(pair.implicit[1][1])


@pytest.mark.parametrize("name", PAIRS)
def test_stages_are_evaluated_at_the_nodes(name: str) -> None:
    stages = registry.integrator(name).stages
    assert [stage.at for stage in stages] == [float(c) for c in PAIRS[name].nodes]


def test_what_the_formulas_of_ark4_leave_out_is_zero() -> None:
    assert ARK4.weights[1] == ARK4.embedded[1] == ARK4.implicit[5][1] == 0


# -- low storage -----------------------------------------------------------------------


def butcher() -> tuple[Matrix, list[Fraction]]:
    """Run s ← A s + k, v ← v + B s with a unit slope per stage."""
    count = len(lsrk54.A)
    sums, state, rows = [Fraction(0)] * count, [Fraction(0)] * count, []
    for i, (a, b) in enumerate(zip(lsrk54.A, lsrk54.B, strict=True)):
        rows.append(state)
        sums = [a * s + (j == i) for j, s in enumerate(sums)]
        state = [v + b * s for v, s in zip(state, sums, strict=True)]
    return rows, state


def test_low_storage_has_order_four() -> None:
    rows, b = butcher()
    for q in range(1, 5):
        assert max(defects(b, [rows], q)) < ROUNDED
    assert max(defects(b, [rows], 5)) > Fraction(1, 1000)


def test_low_storage_nodes_ascend() -> None:
    rows, _ = butcher()
    for row, node in zip(rows, lsrk54.C, strict=True):
        assert abs(sum(row) - node) < ROUNDED
    ends = [*lsrk54.C, Fraction(1)]
    assert ends == sorted(ends)


# -- linear multistep: Σ aⱼ vⱼ = h Σ cⱼ L vⱼ + h Σ bⱼ Nⱼ at the times h, 0, −h, … -------

F = Fraction
A = {
    "cnab2": [F(1), F(-1)],
    "sbdf2": [F(3, 2), F(-2), F(1, 2)],
    "sbdf3": [F(11, 6), F(-3), F(3, 2), F(-1, 3)],
    "sbdf4": [F(25, 12), F(-4), F(3), F(-4, 3), F(1, 4)],
    "ifab3": [F(1), F(-1)],
}
B = {
    "cnab2": [F(0), F(3, 2), F(-1, 2)],
    "sbdf2": [F(0), F(2), F(-1)],
    "sbdf3": [F(0), F(3), F(-3), F(1)],
    "sbdf4": [F(0), F(4), F(-6), F(4), F(-1)],
    "ifab3": [F(0), F(23, 12), F(-16, 12), F(5, 12)],
}
C = {"cnab2": [F(1, 2), F(1, 2)], "sbdf2": [F(1)], "sbdf3": [F(1)], "sbdf4": [F(1)]}


def moment(coefficients: list[Fraction], q: int) -> Fraction:
    """Σ aⱼ jᵠ  with j = 1, 0, −1, …"""
    return sum((a * F(1 - i) ** q for i, a in enumerate(coefficients)), F(0))


def test_every_multistep_scheme_is_here() -> None:
    assert set(A) == set(B) == set(MULTISTEP)


@pytest.mark.parametrize("name", A)
def test_multistep_conditions(name: str) -> None:
    """Σ aⱼ jᵠ = q Σ bⱼ jᵠ⁻¹  up to the order, and not beyond; the same with cⱼ."""
    order = registry.integrator(name).order
    assert moment(A[name], 0) == 0
    for b in filter(None, (B[name], C.get(name))):
        for q in range(1, order + 1):
            assert moment(A[name], q) == q * moment(b, q - 1)
        assert moment(A[name], order + 1) != (order + 1) * moment(b, order)


@pytest.mark.parametrize("linear", [-0.7, 0.4j, -30.0 + 5.0j, 0.0])
@pytest.mark.parametrize("name", A)
def test_formulas_are_the_difference_equation(name: str, linear: complex) -> None:
    """Solved for the new state, from values and slopes that have nothing in common."""
    scheme, h = registry.integrator(name), 0.3
    weights = scheme.weights(np.array(linear), h)
    rng = np.random.default_rng(5)
    past = rng.standard_normal((2, scheme.history + 1, 2)) @ [1, 1j]
    values, slopes = past  # of the times −2h, −h, 0, say
    arrays = {name: np.zeros((), complex) for name in scheme.remember.into}
    for step in range(scheme.history + 1):
        arrays["v"] = values[step]
        stages = [scheme.remember] if step < scheme.history else scheme.stages
        take(stages, arrays, weights, lambda w, t, n=slopes[step]: n, 0.0, h)

    a, b, c = (np.array(x.get(name, []), float) for x in (A, B, C))
    turn = np.exp(linear * h * np.arange(1, 6)) if name == "ifab3" else np.ones(5)
    right = h * (turn[: len(b) - 1] * b[1:]) @ slopes[::-1][: len(b) - 1]
    right -= (turn[: len(a) - 1] * a[1:]) @ values[::-1][: len(a) - 1]
    if len(c):
        right += h * linear * c[1:] @ values[::-1][: len(c) - 1]
    expected = right / (a[0] - h * linear * (c[0] if len(c) else 0))
    assert abs(arrays["v"] - expected) < 1e-14 * max(1, abs(right))
