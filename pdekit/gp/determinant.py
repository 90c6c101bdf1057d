"""Log-determinants of covariances of thousands of equidistant points.

Exact in O(N²) without a matrix by Levinson's recursion; for more points that of the nearest
matrix which a fast transform diagonalises and, of what is left, a trace estimated by
Lanczos' method from random vectors, with its errors.

References
----------
Golub & Van Loan, Matrix Computations (2013), 4.7; Ubaru, Chen & Saad, SIAM J. Matrix
Anal. Appl. 38 (2017) 1075.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.linalg import eigh_tridiagonal

from pdekit.errors import NotApplicable
from pdekit.gp.circulant import Approximation, CosinePreconditioner, ToeplitzOperator
from pdekit.typing import Array


@dataclass(frozen=True)
class LogDeterminant:
    """An estimate of log|K|.

    Attributes
    ----------
    value
        The estimate.
    deviation
        One standard error, from the spread over the random vectors.
    truncation
        How much the second half of the steps of Lanczos' method still changed.
    approximate
        log|C| of the preconditioner alone.
    """

    value: float
    deviation: float
    truncation: float
    approximate: float


def log_determinant(
    op: ToeplitzOperator,
    rng: np.random.Generator,
    preconditioner: type[Approximation] = CosinePreconditioner,
    *,
    vectors: int = 10,
    steps: int = 60,
) -> LogDeterminant:
    """Estimate  log|K| = log|C| + tr log(C^(−½) K C^(−½))  and its errors.

    The second matrix is the identity but for few eigenvalues, so that its logarithm has a
    small trace, estimated by  vᵀ log(…) v  of vectors v of random signs.  Up to some ten
    thousand points `levinson_log_determinant` is exact and takes less.

    Parameters
    ----------
    vectors
        At least two.
    steps
        Of Lanczos' method, each of which keeps a vector of N.
    """
    C = preconditioner(op)
    n = len(op.lags)

    def whitened(x: Array) -> Array:
        return C.whiten(op.apply(C.whiten(x)))

    signs = rng.integers(0, 2, (vectors, n)) * 2.0 - 1.0
    estimates = np.array([quadrature(whitened, v, np.log, steps) for v in signs])
    whole, half = estimates.T
    return LogDeterminant(
        value=C.log_determinant + float(whole.mean()),
        deviation=float(whole.std(ddof=1) / math.sqrt(vectors)),
        truncation=float(abs((whole - half).mean())),
        approximate=C.log_determinant,
    )


def quadrature(
    apply: Callable[[Array], Array],
    v: Array,
    function: Callable[[Array], Array],
    steps: int,
) -> tuple[float, float]:
    """Return  vᵀ f(A) v  of a symmetric A, and what half of the steps would have given.

    The quadrature of Gauss by Lanczos' method: nodes are the eigenvalues of the tridiagonal
    matrix of the Krylov space, weights the squares of the first components of its
    eigenvectors.  Vectors are orthogonalised against all before.
    """
    basis = np.empty((min(steps, len(v)), len(v)))
    diagonal, off = np.empty(len(basis)), np.empty(len(basis))
    w = v
    for k in range(len(basis)):
        size = np.linalg.norm(w)
        if k and size < 1e-12 * abs(diagonal[:k]).max():  # the space is invariant
            basis = basis[:k]
            break
        basis[k], off[k] = w / size, size
        w = apply(basis[k])
        diagonal[k] = basis[k] @ w
        for _ in range(2):
            w = w - (basis[: k + 1] @ w) @ basis[: k + 1]

    def gauss(m: int) -> float:
        nodes, vectors = eigh_tridiagonal(diagonal[:m], off[1:m])
        return float(v @ v * (vectors[0] ** 2 @ function(nodes)))

    return gauss(len(basis)), gauss((len(basis) + 1) // 2)


def levinson_log_determinant(lags: Array) -> float:
    """Return log|K| by the recursion of Levinson and Durbin, in O(N²) without a matrix.

    K's leading minors are products of the variances left in predicting a value from all
    before it, and a variance follows from the last by one reflection coefficient.
    """
    t = np.asarray(lags, float) / lags[0]
    n = len(t)
    a = np.zeros(n)
    variance, total = 1.0, 0.0
    for k in range(1, n):
        reflection = -(t[k] + a[: k - 1] @ t[k - 1 : 0 : -1]) / variance
        a[: k - 1] += reflection * a[: k - 1][::-1]
        a[k - 1] = reflection
        variance *= 1 - reflection**2
        if not variance > 0:
            raise NotApplicable(
                "jitter",
                f"a covariance of {n} points is not numerically positive definite: it "
                "needs more on its diagonal",
            )
        total += math.log(variance)
    return n * math.log(lags[0]) + total
