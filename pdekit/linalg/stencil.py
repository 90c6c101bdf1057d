"""−∇·(k∇u) + c u  on a box: the second-order operator of five (three, seven) points.

It is a balance of fluxes over the cells around the points (finite volumes), so that it is
symmetric for every mixture of boundaries:

    (A u)ᵢ = Σ over axes [ aᵢ (uᵢ − uᵢ₋₁) + aᵢ₊₁ (uᵢ − uᵢ₊₁) ] + wᵢ c uᵢ,   aᵢ = w k/h²

aᵢ belongs to the face between the points i − 1 and i.  A cell at a wall on which a vertex
lies is a half (w = ½), which multiplies its equation and its right-hand side.

References
----------
Trottenberg, Oosterlee & Schüller, Multigrid (2001), sections 2.8 and 5.7.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from pdekit.errors import PdekitError
from pdekit.grid import Axis, Grid
from pdekit.typing import Array

Coefficient = float | Array | Callable[..., Array]
"""A number, values at the points of the grid, or a function of the coordinates."""
Walls = Mapping[tuple[str, str], float | Array]
"""Data on the walls by axis and side, ``("x", "lower")``: the value of u on a Dirichlet
wall, the flux into the box, k ∂u/∂n, on a Neumann wall; a number or an array that
broadcasts to the points of the wall."""


def sides(axis: Axis) -> tuple[str, str]:
    """Return what holds at the two ends of an axis."""
    ends = axis.boundary.split("_")
    return ends[0], ends[-1]


@dataclass(frozen=True, eq=False)
class Stencil:
    """The operator, as coefficients of the faces.

    Attributes
    ----------
    grid
        Where the unknowns are.
    faces
        For every axis d an array that broadcasts to the grid's shape with  n_d + 1  along
        d.  The first and the last one are walls: they count for the diagonal only (zero on
        a Neumann wall); on a periodic axis they are the same face.
    reaction
        w c, a number or an array of the grid's shape.
    """

    grid: Grid
    faces: tuple[Array, ...]
    reaction: float | Array = 0.0

    symmetric = True

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the unknowns."""
        return self.grid.shape

    @cached_property
    def separable(self) -> bool:
        """Whether the coefficients of an axis vary along that axis alone."""
        flat = all(
            size == 1
            for d, a in enumerate(self.faces)
            for i, size in enumerate(a.shape)
            if i != d
        )
        return flat and np.ndim(self.reaction) == 0

    @cached_property
    def singular(self) -> bool:
        """Whether constants are mapped to zero: no Dirichlet wall and no reaction."""
        walls = any(
            np.any(a.take((0, -1), axis=d) != 0)
            for d, a in enumerate(self.faces)
            if self.grid.axes[d].boundary != "periodic"
        )
        return not walls and not np.any(self.reaction)

    @property
    def positive_definite(self) -> bool:
        """Whether it is definite: all coefficients are positive, and it is not singular."""
        positive = all((a >= 0).all() for a in self.faces) and np.all(
            np.asarray(self.reaction) >= 0
        )
        return bool(positive) and not self.singular

    @property
    def nullspace(self) -> tuple[Array, ...]:
        """The constant array if the operator is singular."""
        return (np.ones(self.shape),) if self.singular else ()

    def full_faces(self, d: int) -> Array:
        """Return the coefficients of the faces across axis d at every point."""
        shape = list(self.shape)
        shape[d] += 1
        return np.broadcast_to(self.faces[d], shape)

    def diagonal(self) -> Array:
        """Return the diagonal."""
        total = np.zeros(self.shape) + self.reaction
        for d in range(self.grid.ndim):
            a = self.full_faces(d)
            total += _from(a, d, 0, -1) + _from(a, d, 1, None)
        return total

    def apply(self, x: Array, out: Array | None = None) -> Array:
        """Return  A x."""
        total = self.diagonal() * x
        for d, axis in enumerate(self.grid.axes):
            a = self.full_faces(d)
            inner = _from(a, d, 1, -1)
            _from(total, d, 1, None)[...] -= inner * _from(x, d, 0, -1)
            _from(total, d, 0, -1)[...] -= inner * _from(x, d, 1, None)
            if axis.boundary == "periodic":
                wall = _from(a, d, 0, 1)
                _from(total, d, 0, 1)[...] -= wall * _from(x, d, -1, None)
                _from(total, d, -1, None)[...] -= wall * _from(x, d, 0, 1)
        if out is None:
            return total
        np.copyto(out, total)
        return out

    def residual(self, b: Array, x: Array, out: Array | None = None) -> Array:
        """Return  b − A x."""
        return np.subtract(b, self.apply(x), out=out)

    def tocsr(self) -> Any:
        """Return the `scipy.sparse` matrix of flattened arrays."""
        import scipy.sparse as sp

        number = np.arange(self.grid.size).reshape(self.shape)
        rows, columns, values = (
            [number.ravel()],
            [number.ravel()],
            [self.diagonal().ravel()],
        )
        for d, axis in enumerate(self.grid.axes):
            a = self.full_faces(d)
            pairs = [
                (_from(number, d, 0, -1), _from(number, d, 1, None), _from(a, d, 1, -1))
            ]
            if axis.boundary == "periodic":
                pairs += [
                    (_from(number, d, -1, None), _from(number, d, 0, 1), _from(a, d, 0, 1))
                ]
            for i, j, w in pairs:
                rows += [i.ravel(), j.ravel()]
                columns += [j.ravel(), i.ravel()]
                values += [-w.ravel(), -w.ravel()]
        entries = np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))
        return sp.coo_array(entries, shape=(self.grid.size,) * 2).tocsr()

    # -- right-hand sides --------------------------------------------------------------

    @cached_property
    def volumes(self) -> Array:
        """w: the part of a cell that belongs to each point, broadcastable to the shape."""
        total = np.ones((1,) * self.grid.ndim)
        for d, axis in enumerate(self.grid.axes):
            total = total * _along(d, self.grid.ndim, cell_parts(axis))
        return total

    def right_hand_side(self, f: float | Array, walls: Walls | None = None) -> Array:
        """Return  w f  with the data on the walls.

        Raises
        ------
        PdekitError
            If there are data for a wall that does not exist or has none.
        """
        b = np.array(np.broadcast_to(f * self.volumes, self.shape), dtype=float)
        for (name, side), value in (walls or {}).items():
            if name not in self.grid.names or side not in ("lower", "upper"):
                raise PdekitError(f"there is no wall {name}.{side}")
            d = self.grid.names.index(name)
            self._add_wall(b, d, side, value)
        return b

    def _add_wall(self, b: Array, d: int, side: str, value: float | Array) -> None:
        axis, last = self.grid.axes[d], side == "upper"
        kind = sides(axis)[last]
        place = _from(b, d, *((-1, None) if last else (0, 1)))
        value = np.asarray(value, dtype=float)
        if value.ndim == self.grid.ndim - 1 and value.ndim:
            value = np.expand_dims(value, d)
        if kind == "dirichlet":
            place += _from(self.full_faces(d), d, *((-1, None) if last else (0, 1))) * value
        elif kind == "neumann":
            parts = np.ones((1,) * self.grid.ndim)
            for e, other in enumerate(self.grid.axes):
                if e != d:
                    parts = parts * _along(e, self.grid.ndim, cell_parts(other))
            place += parts * value / axis.spacing
        else:
            raise PdekitError(f"the {axis.boundary} axis {axis.name!r} has no walls")


def discretize(grid: Grid, k: Coefficient = 1.0, c: Coefficient = 0.0) -> Stencil:
    """Return the operator  −∇·(k∇u) + c u  on a grid.

    A function k is evaluated in the middle of the faces; of values at the points the
    harmonic mean of two neighbours is taken, the exact flux if k jumps between them.

    Raises
    ------
    PdekitError
        If an axis has Chebyshev points, or k is not positive and finite everywhere.
    """
    volumes = [cell_parts(axis) for axis in grid.axes]
    faces = []
    for d, axis in enumerate(grid.axes):
        conductance = _conductance(grid, d, k)
        if not (np.isfinite(conductance).all() and (conductance > 0).all()):
            raise PdekitError("the coefficient must be positive and finite everywhere")
        a = conductance / axis.spacing**2 * _along(d, grid.ndim, _openings(axis))
        for e, part in enumerate(volumes):
            if e != d and (part != 1).any():
                a = a * _along(e, grid.ndim, part)
        faces.append(a)
    reaction: Any = c(*grid.points()) if callable(c) else c
    w = math.prod(
        (_along(d, grid.ndim, part) for d, part in enumerate(volumes) if (part != 1).any()),
        start=np.ones(()),
    )
    reaction = reaction * w if np.ndim(w) else reaction
    if np.ndim(reaction):
        reaction = np.array(np.broadcast_to(reaction, grid.shape), dtype=float)
    return Stencil(grid, tuple(faces), reaction)


def cell_parts(axis: Axis) -> Array:
    """Return the part of a cell that lies inside the box at every point of an axis."""
    if axis.boundary == "chebyshev":
        raise PdekitError("finite differences need equidistant points")
    parts = np.ones(axis.n)
    if axis.centring == "vertex":
        lower, upper = sides(axis)
        parts[0] = 0.5 if lower == "neumann" else 1.0
        parts[-1] = 0.5 if upper == "neumann" else parts[-1]
    return parts


def _openings(axis: Axis) -> Array:
    """Return what multiplies k/h² on every face: 0 on a Neumann wall, 2 at half a step."""
    openings = np.ones(axis.n + 1)
    for end, kind in zip((0, -1), sides(axis), strict=True):
        if kind == "neumann":
            openings[end] = 0.0
        elif kind == "dirichlet" and axis.centring == "cell":
            openings[end] = 2.0
    return openings


def _conductance(grid: Grid, d: int, k: Coefficient) -> Array:
    """Return k on the faces across axis d."""
    if callable(k):
        points = list(grid.points())
        points[d] = _along(d, grid.ndim, _face_points(grid.axes[d]))
        shape = [axis.n for axis in grid.axes]
        shape[d] += 1
        values = np.broadcast_to(np.asarray(k(*points), dtype=float), shape)
        if grid.axes[d].boundary == "periodic":  # the first face and the last are the same
            first = _from(values, d, 0, 1)
            values = np.concatenate((first, _from(values, d, 1, -1), first), axis=d)
        return values
    if np.ndim(k) == 0:
        return np.full((1,) * grid.ndim, float(k))
    values = np.broadcast_to(np.asarray(k, dtype=float), grid.shape)
    first, last = _from(values, d, 0, 1), _from(values, d, -1, None)
    if grid.axes[d].boundary == "periodic":
        first, last = last, first
    padded = np.concatenate((first, values, last), axis=d)
    left, right = _from(padded, d, 0, -1), _from(padded, d, 1, None)
    return 2 * left * right / (left + right)


def _face_points(axis: Axis) -> Array:
    """Return the middles between the points, and the walls beyond the outer ones.

    Halfway to a wall on which no unknown lies, at a wall elsewhere.
    """
    x, h = axis.points(), axis.spacing
    inner = (x[1:] + x[:-1]) / 2
    lower = x[0] - h / 2
    upper = x[-1] + h / 2
    faces = np.concatenate(([lower], inner, [upper]))
    if axis.boundary != "periodic":
        faces = np.clip(faces, axis.lower, axis.upper)
    return faces


def _along(d: int, ndim: int, values: Array) -> Array:
    return values.reshape((-1,) + (1,) * (ndim - 1 - d))


def _from(a: Array, d: int, start: int, stop: int | None) -> Array:
    """Return the part of an array between two places along an axis, as a view."""
    return a[(slice(None),) * d + (slice(start, stop),)]
