"""Order conditions, checked on the coefficients alone."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cache
from itertools import combinations_with_replacement
from typing import Any

import numpy as np
import pytest
from scipy.integrate import DOP853

from pdekit import registry
from pdekit.stepping import _dop853_tableau as tableau
from pdekit.stepping._splitting import Splitting
from pdekit.typing import Array

SCHEMES = ["strang", "yoshida4", "suzuki4", "bm4", "rkn4_6", "rkn6_11", "rkn6_14"]
NYSTROM = ["rkn6_11", "rkn6_14"]  # the fourth-order one meets the general conditions, too

# -- splittings ------------------------------------------------------------------------


@pytest.mark.parametrize("name", SCHEMES)
def test_splitting_coefficients_are_palindromes_of_sum_one(name: str) -> None:
    scheme = registry.integrator(name)
    for row in (scheme.outer, scheme.inner):
        assert row == pytest.approx(row[::-1], abs=0.0)
        assert math.fsum(row) == pytest.approx(1.0, abs=1e-15)
    assert len(scheme.outer) == len(scheme.inner) + 1


def flows(scheme: Splitting, a: Array, b: Array) -> Iterator[tuple[float, Array]]:
    """The sub-steps of one step from first to last, as (coefficient, generator)."""
    first, second = (a, b) if scheme.drift_first else (b, a)
    for outer, inner in zip(scheme.outer, scheme.inner, strict=False):
        yield outer, first
        yield inner, second
    yield scheme.outer[-1], first


def flow(c: float, generator: Array, series: list[Array]) -> list[Array]:
    """Coefficients of the powers of h in  exp(c h G) Σ fⱼ hʲ."""
    terms, out = list(series), [np.zeros_like(f) for f in series]
    for power in range(len(series)):
        for j in range(power, len(series)):
            out[j] = out[j] + terms[j - power]
        terms = [c / (power + 1) * generator @ f for f in terms]
    return out


def defects(scheme: Splitting, a: Array, b: Array, f: Array) -> list[float]:
    """Relative difference of scheme and exp(h(A + B)) f for each power of h up to 7."""
    series = [f, *[np.zeros_like(f) for _ in range(7)]]
    exact = flow(1.0, a + b, series)
    for c, generator in flows(scheme, a, b):
        series = flow(c, generator, series)
    return [
        float(np.abs(found - right).max() / np.abs(right).max())
        for found, right in zip(series, exact, strict=True)
    ]


def general() -> tuple[Array, Array, Array]:
    """Matrices that satisfy no identity of low order."""
    a, b = np.random.default_rng(1).uniform(-1, 1, (2, 6, 6))
    return a, b, np.ones(6)


def nystrom() -> tuple[Array, Array, Array]:
    """½ d²/dx² and multiplication by a cubic, on enough powers of x to be exact.

    [B, [B, [B, A]]] vanishes, no other commutator of low order does.
    """
    n = 32
    second = np.diag([0.5 * j * (j - 1) for j in range(2, n)], 2)
    cubic = 0.3 * np.eye(n, k=-1) - 0.7 * np.eye(n, k=-2) + 0.4 * np.eye(n, k=-3)
    f = np.zeros(n)
    f[:4] = 1.0, -0.4, 0.9, 0.2
    return second, cubic, f


@pytest.mark.parametrize("name", SCHEMES)
@pytest.mark.parametrize("pair", [general, nystrom])
def test_splittings_have_their_order(name: str, pair: Any) -> None:
    scheme = registry.integrator(name)
    found = defects(scheme, *pair())
    order = 4 if name in NYSTROM and pair is general else scheme.order
    assert max(found[: order + 1]) < 1e-12
    assert found[order + 1] > 1e-8


# -- Dormand-Prince --------------------------------------------------------------------

Tree = tuple[Any, ...]
STAGES = 16


@cache
def trees(order: int) -> tuple[Tree, ...]:
    """Rooted trees with ``order`` nodes; a tree is the sorted tuple of its branches."""
    if order == 1:
        return ((),)
    return tuple(sorted(set(_forests(order - 1, order - 1)), key=repr))


def _forests(nodes: int, largest: int) -> Iterator[Tree]:
    if nodes == 0:
        yield ()
        return
    for size in range(min(nodes, largest), 0, -1):
        for count in range(nodes // size, 0, -1):
            for equal in combinations_with_replacement(trees(size), count):
                for rest in _forests(nodes - size * count, size - 1):
                    yield tuple(sorted((*equal, *rest), key=repr))


def nodes_of(tree: Tree) -> int:
    return 1 + sum(map(nodes_of, tree))


def density(tree: Tree) -> int:
    """γ(τ): the exact solution's weight is 1/γ."""
    return nodes_of(tree) * math.prod(map(density, tree))


def matrix(rows: Any, columns: int = STAGES) -> Array:
    full = np.zeros((len(rows), columns))
    for i, row in enumerate(rows):
        full[i, list(row)] = list(row.values())
    return full


A = matrix(tableau.STAGES)


def weight(tree: Tree) -> Array:
    """Elementary weights Φᵢ(τ) of all stages."""
    return np.prod([A @ weight(branch) for branch in tree], axis=0, initial=1.0) * np.ones(
        STAGES
    )


def conditions(order: int) -> Iterator[tuple[Tree, Array]]:
    for n in range(1, order + 1):
        for tree in trees(n):
            yield tree, weight(tree)


def test_number_of_rooted_trees() -> None:
    assert [len(trees(n)) for n in range(1, 9)] == [1, 1, 2, 4, 9, 20, 48, 115]


def test_nodes_are_row_sums() -> None:
    assert A.sum(axis=1) == pytest.approx(tableau.NODES, abs=1e-14)
    assert np.triu(A).max() == 0.0


def test_dormand_prince_satisfies_all_200_conditions_of_order_8() -> None:
    weights = A[12]
    for tree, phi in conditions(8):
        assert weights @ phi == pytest.approx(1 / density(tree), abs=1e-13)
    assert max(abs(weights @ weight(t) - 1 / density(t)) for t in trees(9)) > 1e-7


@pytest.mark.parametrize(("row", "order"), [(tableau.ERROR_5, 5), (tableau.ERROR_3, 3)])
def test_embedded_formulas_have_their_order(row: Any, order: int) -> None:
    (weights,) = matrix([row])
    for tree, phi in conditions(order):
        assert weights @ phi == pytest.approx(0.0, abs=1e-13), tree
    assert max(abs(weights @ weight(t)) for t in trees(order + 1)) > 1e-4


@pytest.mark.parametrize("x", [0.0, 0.1, 0.5, 0.77, 1.0])
def test_interpolant_has_order_7(x: float) -> None:
    unit = np.eye(STAGES)
    change, slope0, slope1 = A[12], unit[0], unit[12]
    parts = [change, slope0 - change, 2 * change - slope0 - slope1, *matrix(tableau.DENSE)]
    weights = np.zeros(STAGES)
    for i, part in enumerate(reversed(parts)):
        weights = (weights + part) * (x if i % 2 == 0 else 1 - x)
    for tree, phi in conditions(7):
        exact = x ** nodes_of(tree) / density(tree)
        assert weights @ phi == pytest.approx(exact, abs=2e-12), tree


def test_tableau_equals_scipys() -> None:
    assert np.array_equal(A[:12, :12], DOP853.A)
    assert np.array_equal(A[12, :12], DOP853.B)
    assert np.array_equal(A[13:, :16], DOP853.A_EXTRA)
    assert np.array_equal(tableau.NODES[:12], DOP853.C)
    assert np.array_equal(tableau.NODES[13:], DOP853.C_EXTRA)
    assert np.array_equal(
        matrix([tableau.ERROR_5, tableau.ERROR_3], 13), [DOP853.E5, DOP853.E3]
    )
    assert np.array_equal(matrix(tableau.DENSE), DOP853.D)
