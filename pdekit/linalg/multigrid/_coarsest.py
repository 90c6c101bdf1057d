"""The coarsest level, solved directly."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from pdekit.typing import Array

DENSE = 700
"""Unknowns up to which a dense inverse is cheaper than a sparse factorisation."""


def direct_solver(matrix: Any, nullspace: bool) -> Callable[[Array], Array]:
    """Return the inverse of a matrix, of a singular one the pseudo-inverse.

    The null space of a singular one are the constants: with A + 11ᵀ s/n² in its place the
    solution has mean zero.
    """
    n = matrix.shape[0]
    if n > DENSE:
        return _sparse(matrix, nullspace)
    dense = matrix.toarray()
    shift = np.abs(dense).max() / n if nullspace else 0.0
    inverse = np.linalg.inv(dense + shift)
    inverse = (inverse + inverse.T) / 2
    if nullspace:
        inverse -= 1 / (shift * n * n)

    def solve(f: Array) -> Array:
        return (inverse @ f.reshape(-1).astype(float, copy=False)).reshape(f.shape)

    return solve


def _sparse(matrix: Any, nullspace: bool) -> Callable[[Array], Array]:
    import scipy.sparse as sp
    from scipy.sparse.linalg import splu

    if nullspace:  # the first unknown is held at zero, then the mean is taken off
        matrix = matrix.tolil()
        matrix[0, :] = 0
        matrix[:, 0] = 0
        matrix[0, 0] = 1
    factor = splu(
        sp.csc_matrix(matrix), permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True}
    )

    def solve(f: Array) -> Array:
        b = np.array(f, dtype=float).reshape(-1)
        if nullspace:
            b -= b.mean()
            b[0] = 0
        x = factor.solve(b)
        if nullspace:
            x -= x.mean()
        return x.reshape(f.shape)

    return solve
