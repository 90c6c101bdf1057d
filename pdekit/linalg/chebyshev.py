"""−∇·(k∇u) + c u  by collocation on Chebyshev points, with values given on the walls.

References
----------
Trefethen, Spectral Methods in MATLAB (2000), chapters 6, 7 and 13.
"""

from __future__ import annotations

import math
import time
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from pdekit.errors import PdekitError, ShapeError
from pdekit.grid import Grid
from pdekit.linalg._walls import checked_walls, values_at
from pdekit.linalg.interface import Solution, norm
from pdekit.linalg.stencil import Coefficient, Walls
from pdekit.typing import Array

_DENSE = 4096
"""Unknowns up to which a dense matrix is factorised (128 MB)."""


class ChebyshevOperator:
    """Collocation on Chebyshev axes, and periodic ones, with values given on the walls.

    The rows of points on a wall say  u = its value.  It is not symmetric; use a solver for
    such operators, or `solve`, which factorises the dense matrix.

    Parameters
    ----------
    grid
        Chebyshev and periodic axes.
    k, c
        A number, values at the points, or a function of the coordinates; k positive.
    """

    symmetric = False
    positive_definite = False
    nullspace: tuple[Array, ...] = ()

    def __init__(self, grid: Grid, k: Coefficient = 1.0, c: Coefficient = 0.0) -> None:
        kinds = {axis.boundary for axis in grid.axes}
        if "chebyshev" not in kinds or kinds - {"chebyshev", "periodic"}:
            raise PdekitError(
                "collocation needs Chebyshev and periodic axes, at least one of the "
                f"former; got {', '.join(sorted(kinds))}"
            )
        self.grid = grid
        self._k = np.broadcast_to(values_at(grid, k), grid.shape)
        self._c = values_at(grid, c)
        if not (np.isfinite(self._k).all() and (self._k > 0).all()):
            raise PdekitError("the coefficient must be positive and finite everywhere")
        self.walls = np.zeros(grid.shape, dtype=bool)
        for d, axis in enumerate(grid.axes):
            if axis.boundary == "chebyshev":
                np.moveaxis(self.walls, d, 0)[[0, -1]] = True

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the unknowns."""
        return self.grid.shape

    def apply(self, x: Array, out: Array | None = None) -> Array:
        """Return  A x."""
        total = self._c * x
        for d in range(self.grid.ndim):
            flux = self._k * self.grid.derivative(x, d)
            total = total - self.grid.derivative(flux, d)
        total = np.where(self.walls, x, total)
        if out is None:
            return total
        np.copyto(out, total)
        return out

    def residual(self, b: Array, x: Array, out: Array | None = None) -> Array:
        """Return  b − A x."""
        return np.subtract(b, self.apply(x), out=out)

    def right_hand_side(self, f: Coefficient, walls: Walls | None = None) -> Array:
        """Return f inside and the data on the walls, zero where there are none."""
        b = np.array(np.broadcast_to(values_at(self.grid, f), self.shape), dtype=float)
        b[self.walls] = 0.0
        for (name, side), value in _on_chebyshev_walls(self.grid, walls).items():
            d = self.grid.names.index(name)
            np.moveaxis(b, d, 0)[-1 if side == "upper" else 0] = value
        return b

    def diagonal(self) -> Array:
        """Return the diagonal."""
        return np.asarray(self._dense.diagonal().reshape(self.shape))

    def tocsr(self) -> Any:
        """Return the `scipy.sparse` matrix of flattened arrays."""
        import scipy.sparse as sp

        return sp.csr_array(self._dense)

    @cached_property
    def _dense(self) -> Array:
        if math.prod(self.shape) > _DENSE:
            raise PdekitError(
                f"a dense matrix of more than {_DENSE} unknowns is not factorised; use an "
                "iterative solver for operators that are not symmetric"
            )
        identity = np.eye(math.prod(self.shape)).reshape(-1, *self.shape)
        columns = [self.apply(column).ravel() for column in identity]
        return np.array(columns).T

    @cached_property
    def _factors(self) -> Any:
        from scipy.linalg import lu_factor

        return lu_factor(self._dense)

    def solve(self, b: Array, *, rtol: float = 1e-8) -> Solution:
        """Solve  A x = b  by a dense factorisation, which is kept."""
        from scipy.linalg import lu_solve

        started = time.perf_counter()
        b = np.asarray(b, dtype=float)
        if b.shape != self.shape:
            raise ShapeError(self.shape, b.shape, "a right-hand side")
        if not np.isfinite(b).all():
            raise PdekitError("the right-hand side must be finite")
        factors = self._factors
        planned = time.perf_counter()
        x = lu_solve(factors, b.ravel()).reshape(self.shape)
        scale = norm(b)
        last = norm(self.residual(b, x)) / scale if scale else 0.0
        return Solution(
            x=x,
            converged=last <= rtol,
            reason="tol" if last <= rtol else "stagnation",
            iterations=1,
            matvecs=1,
            applications=1,
            relative_residual=last,
            history=np.array([1.0, last]) if scale else np.array([0.0]),
            history_is_true=np.ones(2 if scale else 1, dtype=bool),
            setup_s=planned - started,
            solve_s=time.perf_counter() - started,
            method="dense factorisation",
        )


def _on_chebyshev_walls(grid: Grid, walls: Walls | None) -> dict[tuple[str, str], Array]:
    """Return the data on the walls of an axis, without the axis."""
    as_walls = [
        replace(axis, boundary="dirichlet") if axis.boundary == "chebyshev" else axis
        for axis in grid.axes
    ]
    data = checked_walls(Grid(tuple(as_walls)), walls)
    return {key: value.squeeze(grid.names.index(key[0])) for key, value in data.items()}
