"""What the equation, the walls and the start of a case say of u, as exact readings."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from pdekit.gp.product import Process
from pdekit.gp.readings import MultiIndex, Readings
from pdekit.steady.collocated import Collocated, Face
from pdekit.steady.grids import resized
from pdekit.typing import Array

MOST = 900
"""Exact data from equation and faces at most: nodes are left out beyond."""
_SHRINK = 0.93
"""Factor by which nodes along every axis become fewer."""


def mesh(points: list[Array]) -> Array:
    """Return all points of a product of axes, shape ``(n, D)``, the last axis fastest."""
    return np.stack([p.ravel() for p in np.meshgrid(*points, indexing="ij")], axis=-1)


def left_side(collocated: Collocated, points: Array) -> Readings:
    """Return L u at points; of a linear equation."""
    operator: dict[MultiIndex, Array] = {}
    for (index,), known in collocated.terms.items():
        c = known(*points.T) if callable(known) else known
        operator[index] = np.asarray(c, dtype=float)
    return Readings(points, operator)


def coarse(collocated: Collocated, equation: bool) -> Collocated:
    """Return the problem on as many nodes as can be conditioned on."""
    posed, factor = collocated.posed, 1.0
    times = collocated.spans[-1].n if posed.case.time is not None else None
    found = collocated
    while _count(found, equation) > MOST and factor > 0.01:
        factor *= _SHRINK
        grid = resized(posed.grid, factor)
        found = Collocated(posed.on(grid), times and max(4, round(factor * times)))
    return found


def _count(collocated: Collocated, equation: bool) -> int:
    shape = [span.n for span in collocated.spans]
    across = [np.prod(shape) // shape[face.axis] for face in collocated.faces]
    return int(equation * np.prod(shape) + sum(across))


def equation(collocated: Collocated) -> Readings:
    """Return  L u = f  at the nodes."""
    points = mesh([span.nodes for span in collocated.spans])
    left = left_side(collocated, points)
    return Readings(points, left.operator, collocated.source(*points.T))


def faces(collocated: Collocated) -> Iterator[Readings]:
    """Yield what is given on the faces; values in an edge that two have, once."""
    seen: set[bytes] = set()
    for face in collocated.faces:
        points, values = _on(collocated, face)
        order = tuple(face.order * (d == face.axis) for d in range(points.shape[1]))
        keep = np.ones(len(points), dtype=bool)
        if face.order == 0:
            rounded: Array = np.round(points, 12) + 0.0  # no −0
            places = [p.tobytes() for p in rounded]
            keep = np.array([place not in seen for place in places])
            seen |= set(places)
        if keep.any():
            yield Readings(points[keep], {order: np.ones(())}, values[keep])


def _on(collocated: Collocated, face: Face) -> tuple[Array, Array]:
    nodes = [span.nodes for span in collocated.spans]
    nodes[face.axis] = np.array([face.end])
    return mesh(nodes), np.ravel(face.values)


def require_smooth(process: Process, collocated: Collocated) -> None:
    """Refuse a process without the derivatives of the equation."""
    point = np.array([[span.lower for span in collocated.spans]])
    process.require([left_side(collocated, point)])
