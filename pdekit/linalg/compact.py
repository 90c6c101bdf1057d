"""The compact scheme of order four (Mehrstellen): nine points in 2-D, nineteen in 3-D.

For  −Σ kᵈ ∂ᵈᵈu + c u = f  with constant coefficients the differential equation itself gives
the leading error of the second differences  Lᵈ ≈ −∂ᵈᵈ,  so that neighbours suffice:

    Σ kᵈLᵈ u − Σ_{d<e} (hᵈ²kₑ + hₑ²kᵈ)/12 LᵈLₑ u + c R u = R f,    R = 1 − Σ hᵈ²/12 Lᵈ

The walls must be vertices.  Beyond a Neumann wall the ghost value follows from the flux and
from the normal derivative of the equation,

    u₋₁ = u₁ + 2h ∂ₙu + h³/3 ∂ₙₙₙu,    kₙ ∂ₙₙₙu = −∂ₙf + c ∂ₙu − Σ kₑ ∂ₑₑ∂ₙu .

References
----------
Collatz, The Numerical Treatment of Differential Equations (1960), table VI.
Lynch & Rice, Mathematics of Computation 32 (1978) 801 (the scheme from the equation).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import comb
from typing import Any

import numpy as np

from pdekit.errors import PdekitError
from pdekit.grid import Grid
from pdekit.linalg._walls import checked_walls, values_at
from pdekit.linalg.stencil import Coefficient, Walls, cell_parts, sides
from pdekit.typing import Array

_POINTS = 6
"""Points that a value outside, or a derivative on a wall, is extrapolated from."""


@dataclass(frozen=True, eq=False)
class CompactStencil:
    """The scheme as an operator; rows at Neumann walls are halved as those of `Stencil`.

    Attributes
    ----------
    grid
        Vertex-centred where there are walls, any centring on periodic axes.
    k
        Diffusion coefficient of every axis.
    c
        Reaction coefficient.
    """

    grid: Grid
    k: tuple[float, ...]
    c: float = 0.0

    symmetric = True

    def __post_init__(self) -> None:
        """Refuse the grids on which the scheme has not order four."""
        for axis in self.grid.axes:
            if axis.boundary == "chebyshev":
                raise PdekitError("finite differences need equidistant points")
            if axis.boundary != "periodic" and axis.centring != "vertex":
                raise PdekitError(
                    f"axis {axis.name!r}: order 4 needs vertex-centred points at walls, "
                    "where f and its derivative count; take centring='vertex' or order=2"
                )

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the unknowns."""
        return self.grid.shape

    @property
    def singular(self) -> bool:
        """Whether constants are mapped to zero."""
        walls = any("dirichlet" in sides(axis) for axis in self.grid.axes)
        return self.c == 0 and not walls

    @property
    def positive_definite(self) -> bool:
        """Whether it is definite: c ≥ 0, and it is not singular."""
        return self.c >= 0 and not self.singular

    @property
    def nullspace(self) -> tuple[Array, ...]:
        """The constant array if the operator is singular."""
        return (np.ones(self.shape),) if self.singular else ()

    @cached_property
    def volumes(self) -> Array:
        """The part of a cell that belongs to each point, broadcastable to the shape."""
        total = np.ones((1,) * self.grid.ndim)
        for d, axis in enumerate(self.grid.axes):
            part = cell_parts(axis)
            total = total * part.reshape((-1,) + (1,) * (self.grid.ndim - 1 - d))
        return total

    def apply(self, x: Array, out: Array | None = None) -> Array:
        """Return  A x."""
        total = self._scheme(self._padded(x, {})) * self.volumes
        if out is None:
            return np.asarray(total)
        np.copyto(out, total)
        return out

    def residual(self, b: Array, x: Array, out: Array | None = None) -> Array:
        """Return  b − A x."""
        return np.subtract(b, self.apply(x), out=out)

    def diagonal(self) -> Array:
        """Return the diagonal: that of polynomials in the second differences."""
        second = [self._second_diagonal(d) for d in range(self.grid.ndim)]
        h = self.grid.spacing
        total: Any = self.c
        for d, s in enumerate(second):
            total = total + (self.k[d] - self.c * h[d] ** 2 / 12) * s
            for e in range(d):
                total = total - self._mixed(d, e) * s * second[e]
        return np.array(np.broadcast_to(total * self.volumes, self.shape))

    def tocsr(self) -> Any:
        """Return the `scipy.sparse` matrix of flattened arrays."""
        import scipy.sparse as sp

        grid = self.grid
        one = [sp.identity(axis.n, format="csr") for axis in grid.axes]
        second = [self._second_matrix(d) for d in range(grid.ndim)]

        def product(parts: dict[int, Any]) -> Any:
            total = sp.identity(1, format="csr")
            for d in range(grid.ndim):
                total = sp.kron(total, parts.get(d, one[d]), format="csr")
            return total

        total = self.c * product({})
        for d, h in enumerate(grid.spacing):
            total = total + (self.k[d] - self.c * h * h / 12) * product({d: second[d]})
            for e in range(d):
                total = total - self._mixed(d, e) * product({d: second[d], e: second[e]})
        w = np.broadcast_to(self.volumes, self.shape).ravel()
        return sp.csr_array(sp.diags(w) @ total)

    # -- right-hand sides --------------------------------------------------------------

    def right_hand_side(self, f: Coefficient, walls: Walls | None = None) -> Array:
        """Return  R f  with the data on the walls, weighted as the rows are.

        On and beyond the walls f is extrapolated from the points next to them, which costs
        no order but digits where f oscillates from point to point; a function is evaluated
        there if all walls are Dirichlet. Data on a wall are extrapolated towards its rim.
        """
        padded = self._framed(f)
        f = np.array(np.broadcast_to(values_at(self.grid, f), self.shape), dtype=float)
        b = self._smoothed(padded)
        outer = self._ghosts(f, checked_walls(self.grid, walls))
        if outer:
            b = b - self._scheme(self._padded(np.zeros(self.shape), outer))
        return np.asarray(b * self.volumes)

    def _framed(self, f: Coefficient) -> Array:
        """Return a source with one more value at either end of every axis."""
        axes = self.grid.axes
        if callable(f) and all(axis.boundary == "dirichlet" for axis in axes):
            lines = (np.linspace(axis.lower, axis.upper, axis.n + 2) for axis in axes)
            shape = tuple(axis.n + 2 for axis in axes)
            return np.array(np.broadcast_to(f(*np.ix_(*lines)), shape), dtype=float)
        padded = np.array(np.broadcast_to(values_at(self.grid, f), self.shape), dtype=float)
        for d in range(self.grid.ndim):
            padded = self._prolonged(padded, d)
        return padded

    def _ghosts(self, f: Array, walls: Walls) -> dict[tuple[int, bool], Array]:
        """Return what is on a Dirichlet wall, or added beyond a Neumann wall, in frames."""
        found = {}
        for d, axis in enumerate(self.grid.axes):
            for upper, kind in enumerate(sides(axis)):
                if kind == "periodic":
                    continue
                data = walls.get((axis.name, ("lower", "upper")[upper]), 0.0)
                if kind == "dirichlet" and not np.any(data):
                    continue
                shape = (*self.shape[:d], 1, *self.shape[d + 1 :])
                layer = np.array(np.broadcast_to(np.asarray(data), shape), dtype=float)
                if kind == "neumann":
                    layer = self._beyond(f, layer / self.k[d], d, bool(upper))
                for e in range(self.grid.ndim):
                    layer = self._prolonged(layer, e) if e != d else layer
                found[d, bool(upper)] = layer
        return found

    def _beyond(self, f: Array, slope: Array, d: int, upper: bool) -> Array:
        """Return  2h ∂ₙu + h³/3 ∂ₙₙₙu  beyond a Neumann wall with this ∂ₙu."""
        h = self.grid.spacing[d]
        third = self.c * slope - _outward(f, d, upper) / h
        for e in range(self.grid.ndim):
            if e != d:
                third = third + self.k[e] * self._second(self._prolonged(slope, e), e)
        return np.asarray(2 * h * slope + h**3 / 3 * third / self.k[d])

    # -- differences -------------------------------------------------------------------

    def _mixed(self, d: int, e: int) -> float:
        h = self.grid.spacing
        return (h[d] ** 2 * self.k[e] + h[e] ** 2 * self.k[d]) / 12

    def _second(self, u: Array, d: int) -> Array:
        """Return  Lᵈ u,  which is two points shorter along d."""
        middle, below, above = (_cut(u, d, *ends) for ends in ((1, -1), (0, -2), (2, None)))
        return np.asarray((2 * middle - below - above) / self.grid.spacing[d] ** 2)

    def _inner(self, u: Array, but: Sequence[int] = ()) -> Array:
        for d in range(self.grid.ndim):
            u = _cut(u, d, 1, -1) if d not in but else u
        return u

    def _scheme(self, u: Array) -> Array:
        """Return the left-hand side at the points, of values with a frame around them."""
        total = self.c * self._smoothed(u) if self.c else 0.0
        for d in range(self.grid.ndim):
            second = self._second(u, d)
            total = total + self.k[d] * self._inner(second, (d,))
            for e in range(d):
                mixed = self._inner(self._second(second, e), (d, e))
                total = total - self._mixed(d, e) * mixed
        return np.asarray(total)

    def _smoothed(self, u: Array) -> Array:
        """Return  R u  at the points, of values with a frame around them."""
        total = self._inner(u)
        for d, h in enumerate(self.grid.spacing):
            total = total - h * h / 12 * self._inner(self._second(u, d), (d,))
        return total

    def _padded(self, x: Array, outer: dict[tuple[int, bool], Array]) -> Array:
        """Return values with a frame: Dirichlet walls, then what lies beyond the others."""
        u = np.zeros([n + 2 for n in self.shape])
        self._inner(u)[...] = x
        for (d, upper), layer in outer.items():
            if sides(self.grid.axes[d])[upper] == "dirichlet":
                _rim(u, d, upper)[...] = layer
        for kind, place in (("neumann", 2), ("periodic", -2)):
            for d, axis in enumerate(self.grid.axes):
                for upper in (False, True):
                    if sides(axis)[upper] != kind:
                        continue
                    i = -1 - place if upper else place  # of the point that it mirrors
                    inside = _cut(u, d, i, i + 1 if i != -1 else None)
                    _rim(u, d, upper)[...] = inside + outer.get((d, upper), 0.0)
        return u

    def _prolonged(self, u: Array, d: int) -> Array:
        """Return an array with one more value at either end of an axis."""
        if self.grid.axes[d].boundary == "periodic":
            return np.concatenate((_cut(u, d, -1, None), u, _cut(u, d, 0, 1)), axis=d)
        m = min(u.shape[d], _POINTS)
        weights = np.array([(-1) ** j * comb(m, j + 1) for j in range(m)], dtype=float)
        ends = [np.expand_dims(_first(u, d, m, up) @ weights, d) for up in (False, True)]
        return np.concatenate((ends[0], u, ends[1]), axis=d)

    def _second_diagonal(self, d: int) -> Array:
        matrix = self._second_matrix(d).diagonal()
        return np.asarray(matrix.reshape((-1,) + (1,) * (self.grid.ndim - 1 - d)))

    def _second_matrix(self, d: int) -> Any:
        """Return  Lᵈ  as a matrix; beyond a Neumann wall values are mirrored."""
        import scipy.sparse as sp

        axis = self.grid.axes[d]
        n = axis.n
        matrix = sp.lil_array((n, n))
        for i in range(n):
            matrix[i, i] += 2.0
            for j in (i - 1, i + 1):
                if axis.boundary == "periodic":
                    matrix[i, j % n] -= 1.0
                elif 0 <= j < n:
                    matrix[i, j] -= 1.0
                elif sides(axis)[int(j >= n)] == "neumann":
                    matrix[i, 2 * i - j] -= 1.0
        return sp.csr_array(matrix / axis.spacing**2)


def _cut(u: Array, d: int, start: int, stop: int | None) -> Array:
    return u[(slice(None),) * d + (slice(start, stop),)]


def _rim(u: Array, d: int, upper: bool) -> Array:
    return _cut(u, d, -1, None) if upper else _cut(u, d, 0, 1)


def _first(u: Array, d: int, m: int, upper: bool) -> Array:
    """Return the m values next to an end, the outermost one first, along the last axis."""
    turned = np.moveaxis(u, d, -1)
    return turned[..., : -m - 1 : -1] if upper else turned[..., :m]


def _outward(f: Array, d: int, upper: bool) -> Array:
    """Return the derivative of f on a wall, outwards, in steps of the grid."""
    m = min(f.shape[d], _POINTS)
    j = np.arange(m)
    slope = np.zeros(m)
    slope[1:2] = -1.0  # of the polynomial through the points, inwards positive
    weights = np.linalg.solve(np.vander(j, increasing=True).T.astype(float), slope)
    return np.expand_dims(_first(f, d, m, upper) @ weights, d)
