"""Equations at nodes with solutions that are known, for the tests of collocation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from pdekit.gp.basis import Basis
from pdekit.gp.collocation import At, Collocation, Condition, Known, MultiIndex
from pdekit.gp.span import Span
from pdekit.typing import Array

Function = Callable[..., Array]


def on_faces(spans: Sequence[Span], u: Function) -> tuple[Condition, ...]:
    """Values of u on all faces of a box."""
    found = []
    for d, span in enumerate(spans):
        for end in (span.lower, span.upper):

            def data(lines: Sequence[Array], d: int = d, end: float = end) -> Array:
                lines = [np.array([end]) if i == d else x for i, x in enumerate(lines)]
                values = u(*np.ix_(*lines)) + np.zeros([len(x) for x in lines])
                return np.asarray(values.squeeze(d))

            across = tuple(At(end) if i == d else None for i in range(len(spans)))
            nodes, between = (
                [getattr(s, name) for s in spans] for name in ("nodes", "between")
            )
            found.append(Condition(across, data(nodes), f"{d} {end}", data(between)))
    return tuple(found)


def dirichlet(
    spans: Sequence[Span],
    terms: dict[tuple[MultiIndex, ...], Known],
    f: Known,
    u: Function,
) -> Collocation:
    """The equation with values of u on all faces."""
    return Collocation(tuple(spans), terms, f, on_faces(spans, u))


def poisson(n: int, u: Function, f: Function, *, upper: float = 1.0) -> Collocation:
    """u'' = f on [0, upper]."""
    return dirichlet([Span("x", n, 0.0, upper)], {((2,),): 1.0}, f, u)


def matrix_of(collocation: Collocation, bases: Sequence[Basis], scale: float) -> Array:
    """All rows of a linear equation and its conditions, one column a unit weight."""
    ranks = [basis.rank for basis in bases]
    columns = []
    for unit in np.eye(int(np.prod(ranks))):
        w = unit.reshape(ranks)
        left = collocation.nodes.left(bases, w)[0] / scale
        faces = [np.ravel(c.of(bases, w)) for c in collocation.conditions]
        columns.append(np.concatenate([left.ravel(), *faces]))
    return np.array(columns).T


def data_of(collocation: Collocation, scale: float) -> Array:
    """The right-hand sides that belong to `matrix_of`."""
    faces = [np.ravel(c.values) for c in collocation.conditions]
    return np.concatenate([collocation.nodes.source.ravel() / scale, *faces])


def relative(found: Any, exact: Any) -> float:
    """Relative l2 distance."""
    return float(np.linalg.norm(found - exact) / np.linalg.norm(exact))
