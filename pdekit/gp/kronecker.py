"""Covariances of tensor grids: a Kronecker product of one matrix per dimension.

Values on a grid stay an array ``(..., N₁, …, N_d)`` and a matrix of dimension j acts on its
axis alone, so that nothing of the size of the square of the grid is ever formed.  With
C = K₁ ⊗ … ⊗ K_d,  K_j = L_j L_jᵀ  and  M = ΠN_j,

    log|C| = Σ (M/N_j) log|K_j|,    xᵀ C⁻¹ x = ‖(L₁⁻¹ ⊗ … ⊗ L_d⁻¹) x‖².

Everything here takes NumPy arrays or torch tensors.

References
----------
Saatçi, Scalable Inference for Structured Gaussian Process Models (2011), chapter 5.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.linalg as sl

from pdekit.arrays import is_tensor, namespace
from pdekit.errors import NotApplicable
from pdekit.typing import Array

JITTERS = (1e-14, 1e-4)
"""Smallest one that is tried and the largest, of the mean of the diagonal."""


def mode_product(matrix: Array, a: Array, axis: int) -> Array:
    """Multiply along an axis:  b[…, i, …] = Σₖ matrix[i, k] a[…, k, …]."""
    axis = axis % a.ndim
    before, after = a.shape[:axis], a.shape[axis + 1 :]
    shape = (*before, matrix.shape[0], *after)
    matrix, a = _promoted(matrix, a)
    if not after:
        return (a.reshape(-1, a.shape[-1]) @ matrix.T).reshape(shape)
    stack = a.reshape(math.prod(before), a.shape[axis], math.prod(after))
    return (matrix @ stack).reshape(shape)


def _promoted(a: Array, b: Array) -> tuple[Array, Array]:
    """Give both one element type, which torch does not do on its own."""
    if not is_tensor(a):
        return a, b
    dtype = namespace(a).result_type(a, b)
    return a.to(dtype), b.to(dtype)


def mode_products(matrices: Sequence[Array | None], a: Array) -> Array:
    """Multiply along the last axes by one matrix each; None is the identity."""
    for d, matrix in enumerate(matrices, -len(matrices)):
        a = a if matrix is None else mode_product(matrix, a, d)
    return a


def kron(matrices: Sequence[Array]) -> Array:
    """Return the Kronecker product, dense."""
    found: Array = np.ones((1, 1))
    for matrix in matrices:
        found = np.kron(found, matrix)
    return found


def along(function: Callable[[Array], Array], a: Array, axis: int) -> Array:
    """Apply a function of columns ``(N, m)`` to all lines of ``a`` along an axis."""
    xp = namespace(a)
    lines = xp.moveaxis(a, axis, 0)
    found = function(lines.reshape(lines.shape[0], -1))
    return xp.moveaxis(found.reshape(found.shape[0], *lines.shape[1:]), 0, axis)


@dataclass(frozen=True, eq=False)
class Factor:
    """Cholesky factor of the covariance of one dimension,  K + jitter I = L Lᵀ.

    Attributes
    ----------
    lower
        L.
    jitter
        What had to be added to the diagonal, absolute.
    """

    lower: Array
    jitter: float = 0.0

    @property
    def size(self) -> int:
        """Number of points."""
        return int(self.lower.shape[0])

    @property
    def log_determinant(self) -> Array:
        """log|K|,  of a tensor a tensor."""
        return 2 * namespace(self.lower).log(self.lower.diagonal()).sum()

    def apply(self, b: Array) -> Array:
        """Return  K b  for columns b, the jitter included."""
        return self.lower @ (self.lower.T @ b)

    def whiten(self, b: Array) -> Array:
        """Return  L⁻¹ b  for columns b, ``(N, m)``."""
        if is_tensor(b):
            return namespace(b).linalg.solve_triangular(self.lower, b, upper=False)
        return sl.solve_triangular(self.lower, b, lower=True, check_finite=False)

    def unwhiten(self, b: Array) -> Array:
        """Return  L⁻ᵀ b  for columns b, ``(N, m)``."""
        if is_tensor(b):
            return namespace(b).linalg.solve_triangular(self.lower.T, b, upper=True)
        return sl.solve_triangular(self.lower, b, lower=True, trans="T", check_finite=False)

    def solve(self, b: Array) -> Array:
        """Return  K⁻¹ b  for columns b, ``(N, m)``."""
        return self.unwhiten(self.whiten(b))

    def inverse(self) -> Array:
        """Return  K⁻¹,  which a gradient of log|K| needs."""
        if is_tensor(self.lower):
            return namespace(self.lower).cholesky_inverse(self.lower)
        upper, _ = sl.lapack.dpotri(self.lower.T, lower=0)
        np.einsum("ii->i", upper)[:] *= 0.5  # counted twice below
        return upper + upper.T

    def times_inverse(self, a: Array) -> Array:
        """Return  A K⁻¹,  which turns values on the grid into what A predicts."""
        return self.solve(a.T).T


def factorize(matrix: Array, jitter: float = 0.0) -> Factor:
    """Factor a covariance matrix, with more on its diagonal only where that fails.

    Parameters
    ----------
    jitter
        What is added at first, of the mean of the diagonal; raised tenfold until the
        matrix is numerically positive definite.

    Raises
    ------
    NotApplicable
        If it is not so with 1e-4 either.
    """
    xp = namespace(matrix)
    size = float(matrix.diagonal().mean())
    while True:
        shift = jitter * size
        try:
            shifted = matrix + shift * _identity(matrix) if shift else matrix
            return Factor(xp.linalg.cholesky(shifted), shift)
        except xp.linalg.LinAlgError:
            jitter = max(10 * jitter, JITTERS[0])
        if jitter > JITTERS[1] or not math.isfinite(size):
            raise NotApplicable(
                "kernel",
                f"a covariance matrix of {matrix.shape[0]} points is not positive definite,"
                f" not with {JITTERS[1]:.0e} of its mean added to the diagonal either",
            )


def _identity(like: Array) -> Array:
    if is_tensor(like):
        xp = namespace(like)
        return xp.eye(like.shape[0], dtype=like.dtype, device=like.device)
    return np.eye(like.shape[0], dtype=like.dtype)


@dataclass(frozen=True, eq=False)
class KroneckerCovariance:
    """The covariance  C = K₁ ⊗ … ⊗ K_d  of values on a tensor grid.

    Arrays are ``(..., N₁, …, N_d)``; leading axes are a batch.

    Examples
    --------
    >>> import numpy as np
    >>> C = KroneckerCovariance.of([np.diag([1.0, 4.0]), np.eye(3)])
    >>> print(round(float(C.log_determinant), 4), float(C.quadratic(np.ones((2, 3)))))
    4.1589 3.75
    """

    factors: tuple[Factor, ...]

    @classmethod
    def of(cls, matrices: Sequence[Array], jitter: float = 0.0) -> KroneckerCovariance:
        """Return it from the matrices of the dimensions; see `factorize`."""
        return cls(tuple(factorize(matrix, jitter) for matrix in matrices))

    @property
    def shape(self) -> tuple[int, ...]:
        """Points of every dimension."""
        return tuple(factor.size for factor in self.factors)

    @property
    def jitters(self) -> tuple[float, ...]:
        """What was added to the diagonals."""
        return tuple(factor.jitter for factor in self.factors)

    @property
    def log_determinant(self) -> Array:
        """log|C|."""
        total = math.prod(self.shape)
        return sum(total // f.size * f.log_determinant for f in self.factors)

    def apply(self, x: Array) -> Array:
        """Return  C x."""
        return self._each("apply", x)

    def solve(self, x: Array) -> Array:
        """Return  C⁻¹ x."""
        return self._each("solve", x)

    def whiten(self, x: Array) -> Array:
        """Return  (L₁ ⊗ … ⊗ L_d)⁻¹ x,  independent of unit variance if x is of law C."""
        return self._each("whiten", x)

    def quadratic(self, x: Array) -> Array:
        """Return  xᵀ C⁻¹ x  of every array of the batch, never negative."""
        axes = tuple(range(-len(self.factors), 0))
        return (self.whiten(x) ** 2).sum(axes)

    def log_density(self, x: Array) -> Array:
        """Return  log N(x | 0, C)."""
        constant = math.prod(self.shape) * math.log(2 * math.pi)
        return -0.5 * (self.quadratic(x) + self.log_determinant + constant)

    def draw(self, noise: Array) -> Array:
        """Return draws of law C from independent standard normal numbers."""
        return mode_products([factor.lower for factor in self.factors], noise)

    def predict(self, cross: Sequence[Array], x: Array) -> Array:
        """Return  (K₁* ⊗ … ⊗ K_d*) C⁻¹ x,  the mean at other points or of derivatives.

        Parameters
        ----------
        cross
            Covariances ``(n*_j, N_j)`` of what is wanted with the values, per dimension.
        """
        return mode_products(cross, self.solve(x))

    def _each(self, name: str, x: Array) -> Array:
        for d, factor in enumerate(self.factors, -len(self.factors)):
            x = along(getattr(factor, name), x, d)
        return x
