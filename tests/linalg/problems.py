"""Systems and preconditioners that the tests of linear solvers share."""

from __future__ import annotations

from typing import Any

import numpy as np

from pdekit.grid import Axis, Grid
from pdekit.linalg import LinearOperator, Stencil, discretize
from pdekit.typing import Array


def square(n: int, boundary: Any = "dirichlet", centring: Any = "vertex") -> Grid:
    return box((n, n), boundary, centring)


def box(
    shape: tuple[int, ...], boundary: Any = "dirichlet", centring: Any = "vertex"
) -> Grid:
    names = ("x", "y", "z")
    return Grid(
        tuple(
            Axis(name, n, 0.0, 1.0, boundary, centring)
            for name, n in zip(names, shape, strict=False)
        )
    )


def poisson(n: int) -> Stencil:
    return discretize(square(n))


def noise(op: LinearOperator, seed: int = 0) -> Array:
    return np.random.default_rng(seed).standard_normal(op.shape)


def smooth_k(*points: Array) -> Array:
    return np.exp(
        np.prod([np.sin(2 * np.pi * p) for p in np.broadcast_arrays(*points)], axis=0)
    )


def modes(grid: Grid, numbers: list[tuple[int, ...]]) -> Array:
    """Return a sum of eigenvectors of the Dirichlet operator with constant coefficients."""
    total = np.zeros(grid.shape)
    for weight, ks in enumerate(numbers, start=1):
        parts = [np.sin(k * np.pi * p) for k, p in zip(ks, grid.points(), strict=True)]
        total = total + weight * np.prod(np.broadcast_arrays(*parts), axis=0)
    return total


class Matrix:
    """A dense or sparse matrix as an operator."""

    nullspace: tuple[Array, ...] = ()

    def __init__(self, matrix: Any, symmetric: bool = True, definite: bool = True) -> None:
        self.matrix, self.symmetric, self.positive_definite = matrix, symmetric, definite
        self.shape = (matrix.shape[0],)

    def apply(self, x: Array, out: Array | None = None) -> Array:
        y = self.matrix @ x
        if out is None:
            return y
        np.copyto(out, y)
        return out

    def residual(self, b: Array, x: Array, out: Array | None = None) -> Array:
        return np.subtract(b, self.matrix @ x, out=out)

    def diagonal(self) -> Array:
        return self.matrix.diagonal().copy()

    def tocsr(self) -> Any:
        import scipy.sparse as sp

        return sp.csr_array(self.matrix)


class Map:
    """Any function as a preconditioner, whose calls are counted."""

    setup_s = 0.0

    def __init__(self, function: Any, good: bool = False, name: str = "a function") -> None:
        self.function, self.name, self.calls = function, name, 0
        self.linear = self.symmetric = self.fixed = good

    def apply(self, r: Array, out: Array | None = None) -> Any:
        self.calls += 1
        return self.function(r)


def true_residual(op: LinearOperator, b: Array, x: Array) -> float:
    return float(np.linalg.norm(b - op.apply(x)) / np.linalg.norm(b))
