"""The eigenvectors of a matrix, or its Schur vectors where those are hardly distinct."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.linalg as sl

from pdekit.typing import Array


@dataclass(frozen=True, eq=False)
class Form:
    """A = V T V⁻¹  with T diagonal or upper triangular.

    Attributes
    ----------
    values
        The diagonal of T, the eigenvalues.
    vectors, inverse
        V and V⁻¹, real if all eigenvalues are.
    triangle
        T, or None if it is diagonal.
    condition
        ‖V‖ ‖V⁻¹‖ in the 1-norm, which multiplies rounding errors.
    """

    values: Array
    vectors: Array
    inverse: Array
    condition: float
    triangle: Array | None = None


def diagonal_form(a: Array, mirrored: bool = False) -> Form:
    """Return the eigenvalues and eigenvectors.

    Parameters
    ----------
    mirrored
        Whether  a = a[::-1, ::-1].  Even and odd vectors are then eigenvectors of matrices
        of half the size, which takes a quarter of the time.
    """
    values, vectors = _of_halves(a) if mirrored and len(a) > 1 else np.linalg.eig(a)
    inverse = np.linalg.inv(vectors)
    condition = float(np.linalg.norm(vectors, 1) * np.linalg.norm(inverse, 1))
    return Form(values, vectors, inverse, condition)


def _of_halves(a: Array) -> tuple[Array, Array]:
    """Return eigenvalues and vectors from the even and the odd part.

    For  x = (y, m, ±Jy),  J the reversal and m the middle of an odd number of points,
    A x = λ x  is  (A₁₁ ± A₁₂J) y + a m = λ y,  and m is zero for odd x.
    """
    n = len(a)
    half = n // 2
    corner, across = a[:half, :half], a[:half, : n - half - 1 : -1]
    even = corner + across
    if n % 2:
        even = np.block(
            [[even, a[:half, half : half + 1]], [2 * a[half : half + 1, : half + 1]]]
        )
        even[-1, -1] = a[half, half]
    (p, y), (q, z) = np.linalg.eig(even), np.linalg.eig(corner - across)
    vectors = np.zeros((n, n), np.result_type(y, z))
    vectors[: len(y), : len(y)] = y
    vectors[n - half :, : len(y)] = y[:half][::-1]
    vectors[:half, len(y) :] = z
    vectors[n - half :, len(y) :] = -z[::-1]
    return np.concatenate([p, q]), vectors


def triangular_form(a: Array) -> Form:
    """Return the complex Schur form, of which the vectors are orthonormal."""
    triangle, vectors = sl.schur(a, output="complex")
    return Form(triangle.diagonal(), vectors, vectors.conj().T, 1.0, triangle)
