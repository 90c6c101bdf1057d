"""A matrix for each axis, applied to an array."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pdekit.typing import Array


def multiply(matrices: Sequence[Array | None], tensor: Array) -> Array:
    """Return  (M₁ ⊗ M₂ ⊗ …) vec(T)  as an array; None leaves an axis as it is.

    Axes behind those that have a matrix are left as they are too.
    """
    for d, matrix in enumerate(matrices):
        if matrix is not None:
            tensor = np.moveaxis(np.tensordot(matrix, tensor, (1, d)), 0, d)
    return tensor


def kron(matrices: Sequence[Array]) -> Array:
    """Return the Kronecker product, dense."""
    found: Array = np.ones((1, 1))
    for matrix in matrices:
        found = np.kron(found, matrix)
    return found
