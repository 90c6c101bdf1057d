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
from typing import TYPE_CHECKING, Any

import numpy as np

from pdekit.errors import PdekitError, ShapeError
from pdekit.grid import Grid
from pdekit.linalg._faces import (
    Coefficient,
    along,
    between,
    cell_parts,
    conductance_of,
    openings,
    sides,
)
from pdekit.typing import Array

if TYPE_CHECKING:
    from pdekit.linalg._kernels_plan import Plan

__all__ = ["Coefficient", "Stencil", "Walls", "cell_parts", "discretize", "sides"]

Walls = Mapping[tuple[str, str], float | Array]
"""Data on the walls by axis and side, ``("x", "lower")``: the value of u on a Dirichlet
wall, the flux into the box, k ∂u/∂n, on a Neumann wall; a number or an array that
broadcasts to the points of the wall."""


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
    mask
        Which points are unknowns, if not all: u is zero at the others, as on a Dirichlet
        wall.  Their own equations, diag·u = b, keep the matrix regular.
    """

    grid: Grid
    faces: tuple[Array, ...]
    reaction: float | Array = 0.0
    mask: Array | None = None

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
        return flat and np.ndim(self.reaction) == 0 and self.mask is None

    @cached_property
    def singular(self) -> bool:
        """Whether constants are mapped to zero: no Dirichlet wall and no reaction."""
        walls = any(
            np.any(a.take((0, -1), axis=d) != 0)
            for d, a in enumerate(self.faces)
            if self.grid.axes[d].boundary != "periodic"
        )
        held = self.mask is not None and not self.mask.all()
        return not walls and not held and not np.any(self.reaction)

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
            total += between(a, d, 0, -1) + between(a, d, 1, None)
        return total

    def couplings(self, d: int) -> Array:
        """Return the coefficients between neighbours along axis d: no walls, no mask."""
        a = np.array(self.full_faces(d))
        periodic = self.grid.axes[d].boundary == "periodic"
        if not periodic:
            between(a, d, 0, 1)[...] = between(a, d, -1, None)[...] = 0.0
        if self.mask is not None:
            m = self.mask
            between(a, d, 1, -1)[...] *= between(m, d, 0, -1) & between(m, d, 1, None)
            if periodic:
                wrap = between(m, d, 0, 1) & between(m, d, -1, None)
                between(a, d, 0, 1)[...] *= wrap
                between(a, d, -1, None)[...] *= wrap
        return a

    @cached_property
    def plan(self) -> Plan:
        """The compiled loops."""
        from pdekit.linalg._kernels_tables import plan_of

        return plan_of(self)

    def apply(self, x: Array, out: Array | None = None) -> Array:
        """Return  A x."""
        out = np.empty(self.shape) if out is None else out
        return _filled(out, lambda to: self.plan.product(self._field(x), to))

    def residual(self, b: Array, x: Array, out: Array | None = None) -> Array:
        """Return  b − A x,  in one pass."""
        out = np.empty(self.shape) if out is None else out
        x, b = self._field(x), self._field(b)
        return _filled(out, lambda to: self.plan.residual(x, b, to))

    def _field(self, x: Array) -> Array:
        x = np.ascontiguousarray(x, dtype=float)
        if x.shape != self.shape:
            raise ShapeError(self.shape, x.shape, "the unknowns")
        return x

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
            a = self.couplings(d)
            ends = between(number, d, 0, -1), between(number, d, 1, None)
            pairs = [(*ends, between(a, d, 1, -1))]
            if axis.boundary == "periodic":
                ends = between(number, d, -1, None), between(number, d, 0, 1)
                pairs += [(*ends, between(a, d, 0, 1))]
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
            total = total * along(d, self.grid.ndim, cell_parts(axis))
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
        return b if self.mask is None else b * self.mask

    def _add_wall(self, b: Array, d: int, side: str, value: float | Array) -> None:
        axis, last = self.grid.axes[d], side == "upper"
        kind = sides(axis)[last]
        place = between(b, d, *((-1, None) if last else (0, 1)))
        value = np.asarray(value, dtype=float)
        if value.ndim == self.grid.ndim - 1 and value.ndim:
            value = np.expand_dims(value, d)
        if kind == "dirichlet":
            place += (
                between(self.full_faces(d), d, *((-1, None) if last else (0, 1))) * value
            )
        elif kind == "neumann":
            parts = np.ones((1,) * self.grid.ndim)
            for e, other in enumerate(self.grid.axes):
                if e != d:
                    parts = parts * along(e, self.grid.ndim, cell_parts(other))
            place += parts * value / axis.spacing
        else:
            raise PdekitError(f"the {axis.boundary} axis {axis.name!r} has no walls")


def discretize(
    grid: Grid, k: Coefficient = 1.0, c: Coefficient = 0.0, mask: Array | None = None
) -> Stencil:
    """Return the operator  −∇·(k∇u) + c u  on a grid, or on the points of a mask.

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
        conductance = conductance_of(grid, d, k)
        if not (np.isfinite(conductance).all() and (conductance > 0).all()):
            raise PdekitError("the coefficient must be positive and finite everywhere")
        a = conductance / axis.spacing**2 * along(d, grid.ndim, openings(axis))
        for e, part in enumerate(volumes):
            if e != d and (part != 1).any():
                a = a * along(e, grid.ndim, part)
        faces.append(a)
    reaction: Any = c(*grid.points()) if callable(c) else c
    w = math.prod(
        (along(d, grid.ndim, part) for d, part in enumerate(volumes) if (part != 1).any()),
        start=np.ones(()),
    )
    reaction = reaction * w if np.ndim(w) else reaction
    if np.ndim(reaction):
        reaction = np.array(np.broadcast_to(reaction, grid.shape), dtype=float)
    if mask is not None:
        mask = np.ascontiguousarray(mask, dtype=bool)
        if mask.shape != grid.shape or not mask.any():
            raise PdekitError(f"a mask needs the shape {grid.shape} and some points in it")
    return Stencil(grid, tuple(faces), reaction, mask)


def _filled(out: Array, write: Callable[[Array], Array]) -> Array:
    """Have a loop write where it can: a contiguous array in double precision."""
    if out.flags.c_contiguous and out.dtype == np.float64:
        return write(out)
    np.copyto(out, write(np.empty(out.shape)), casting="same_kind")
    return out
