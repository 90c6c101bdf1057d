"""Covariances of thousands of equidistant points: products by transforms, no matrix.

A Toeplitz matrix is a corner of a circulant one of twice the size, which transforms
diagonalise: a product takes O(N log N).  Systems are solved by conjugate gradients with the
circulant matrix nearest to K as preconditioner.  The log-determinant is that of the
circulant matrix and, of what is left, a trace estimated by Lanczos' method from random
vectors, or exact by Levinson's recursion in O(N²).

References
----------
T. Chan, SIAM J. Sci. Stat. Comput. 9 (1988) 766.
"""

from __future__ import annotations

from abc import abstractmethod
from time import perf_counter
from typing import Any

import numpy as np
from scipy.fft import next_fast_len

from pdekit import fft
from pdekit.errors import NotApplicable, NotConverged
from pdekit.gp import toeplitz
from pdekit.linalg.interface import Solution
from pdekit.linalg.krylov import conjugate_gradients
from pdekit.typing import Array


class ToeplitzOperator:
    """The matrix with entries  t(i − j)  of one dimension, along the last axis.

    Parameters
    ----------
    lags
        t(0), …, t(N − 1).
    even
        Whether  t(−l) = t(l),  as of k and k″; otherwise  t(−l) = −t(l),  as of k′.
    jitter
        Added to the diagonal, absolute.
    rows
        How many arrays of N values there are at once, solved as one system.
    """

    nullspace: tuple[Array, ...] = ()

    def __init__(
        self, lags: Array, *, even: bool = True, jitter: float = 0.0, rows: int = 1
    ) -> None:
        self.lags = np.array(lags, dtype=float)
        self.lags[0] += jitter
        self.even = self.symmetric = even
        self.shape = (rows, len(self.lags)) if rows > 1 else (len(self.lags),)
        self._n = len(self.lags)
        self._size = next_fast_len(2 * self._n - 1, real=True)
        self._backend = fft.get("scipy")
        self._symbol = self._backend.rfft(self._embedded())

    @property
    def positive_definite(self) -> bool:
        """Taken for granted of a covariance; conjugate gradients notice if it is not."""
        return self.even

    def _embedded(self) -> Array:
        """Return the first column of the circulant matrix."""
        column = np.zeros(self._size)
        column[: self._n] = self.lags
        column[self._size - self._n + 1 :] = (1 if self.even else -1) * self.lags[:0:-1]
        return column

    def apply(self, x: Array, out: Array | None = None) -> Array:
        """Return  K x  of every row."""
        padded = np.zeros((*x.shape[:-1], self._size))
        padded[..., : self._n] = x
        modes = self._backend.rfft(padded) * self._symbol
        found = self._backend.irfft(modes, self._size)[..., : self._n]
        if out is None:
            return found
        np.copyto(out, found)
        return out

    def residual(self, b: Array, x: Array, out: Array | None = None) -> Array:
        """Return  b − K x."""
        return np.subtract(b, self.apply(x), out=out)

    def diagonal(self) -> Array:
        """Return the diagonal."""
        return np.full(self.shape, self.lags[0])

    def tocsr(self) -> Any:
        """Return the matrix, which is full, of one row."""
        import scipy.sparse as sp

        return sp.csr_array(toeplitz.matrix(self.lags, self.even))


class Approximation:
    """A matrix that a fast transform diagonalises, near to a Toeplitz matrix.

    The nearest one in the Frobenius norm has the diagonal of the transformed K as its
    eigenvalues and is positive definite whenever K is.
    """

    linear = symmetric = fixed = True
    name: str

    def __init__(self, op: ToeplitzOperator) -> None:
        began = perf_counter()
        self._backend, self._n = fft.get("scipy"), len(op.lags)
        self.eigenvalues = self._diagonal(op.lags)
        if self.eigenvalues.min() <= 0:
            raise NotApplicable(
                "jitter",
                f"the {self.name} matrix nearest to the covariance is not positive "
                "definite, and so is not the covariance: it needs more on its diagonal",
            )
        self.setup_s = perf_counter() - began

    @abstractmethod
    def _diagonal(self, t: Array) -> Array:
        """Return the eigenvalues for the lags t."""

    @abstractmethod
    def _scale(self, r: Array, factors: Array) -> Array:
        """Transform, multiply by the factors and transform back."""

    @property
    @abstractmethod
    def log_determinant(self) -> float:
        """The logarithm of its determinant."""

    def apply(self, r: Array, out: Array | None = None) -> Array:
        """Return  C⁻¹ r  of every row."""
        found = self._scale(r, 1 / self.eigenvalues)
        if out is None:
            return found
        np.copyto(out, found)
        return out

    def whiten(self, r: Array) -> Array:
        """Return  C^(−½) r  of every row."""
        return self._scale(r, 1 / np.sqrt(self.eigenvalues))


class CirculantPreconditioner(Approximation):
    """The nearest circulant matrix,  c_l = ((N − l) t_l + l t_{N−l})/N  (T. Chan)."""

    name = "circulant"

    def _diagonal(self, t: Array) -> Array:
        n = len(t)
        lag = np.arange(1, n)
        column = np.concatenate([t[:1], ((n - lag) * t[1:] + lag * t[:0:-1]) / n])
        return self._backend.rfft(column).real

    def _scale(self, r: Array, factors: Array) -> Array:
        return self._backend.irfft(self._backend.rfft(r) * factors, self._n)

    @property
    def log_determinant(self) -> float:
        """log|C|,  of which but the first and a last mode occur twice."""
        logs = np.log(self.eigenvalues)
        single = logs[0] + (logs[-1] if self._n % 2 == 0 else 0.0)
        return float(2 * logs.sum() - single)


class CosinePreconditioner(Approximation):
    """The nearest matrix whose eigenvectors are  cos((i + ½)θ),  θ = πk/N.

    Continued evenly, values do not jump at the ends as they do when wrapped around: the
    spectra of smooth kernels are met far better than by circulant matrices.  With
    cos iθ cos jθ = ½ cos(i − j)θ + ½ cos(i + j)θ  and the sums over i + j in closed form,

        c_k = t₀ + 2/N Σ (N − l) t_l cos lθ − 2/(N sin θ) Σ t_l sin lθ.

    References
    ----------
    R. Chan, T. Chan & C. Wong, IEEE Trans. Image Process. 8 (1999) 1472.
    """

    name = "cosine"

    def _diagonal(self, t: Array) -> Array:
        n = len(t)
        weighted = np.append(np.arange(n, 0, -1) * t, 0.0)
        found = self._backend.dct(weighted, 1)[:n]
        found[1:] -= self._backend.dst(t[1:], 1) / np.sin(np.pi * np.arange(1, n) / n)
        return found / n

    def _scale(self, r: Array, factors: Array) -> Array:
        return self._backend.idct(self._backend.dct(r, 2) * factors, 2)

    @property
    def log_determinant(self) -> float:
        """log|C|."""
        return float(np.log(self.eigenvalues).sum())


def solve(
    op: ToeplitzOperator,
    b: Array,
    preconditioner: type[Approximation] | None = CosinePreconditioner,
    *,
    rtol: float = 1e-10,
    maxiter: int = 3000,
) -> Solution:
    """Solve  K x = b  by conjugate gradients.

    Parameters
    ----------
    preconditioner
        For Matérn kernels the cosine one takes a tenth of the iterations of the circulant
        one.  Mixtures of few narrow bands over a jitter need none: all eigenvalues but
        few are the jitter.

    Raises
    ------
    NotConverged
        If the tolerance of the residual is not met.
    """
    P = preconditioner(op) if preconditioner else None
    found = conjugate_gradients(op, b, P, rtol=rtol, maxiter=maxiter)
    if not found.converged:
        raise NotConverged(
            f"conjugate gradients stopped after {found.iterations} iterations at "
            f"{found.relative_residual:.1e} (wanted {rtol:.0e}); more jitter helps"
        )
    return found
