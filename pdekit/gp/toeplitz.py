"""Toeplitz matrices of stationary kernels on uniform points: N lags instead of N² pairs.

Row i, column j hold  f(h (i − j))  with f even (k, k'', …) or odd (k', k''', …).
"""

from __future__ import annotations

import numpy as np
from scipy import linalg

from pdekit.typing import Array


def matrix(lags: Array, even: bool = True) -> Array:
    """Return the (N, N) matrix of entries ``lags[i - j]`` for i ≥ j, mirrored by parity."""
    lags = np.asarray(lags)
    return np.asarray(linalg.toeplitz(lags, lags if even else -lags))


def diagonal_sums(g: Array, even: bool = True) -> Array:
    """Return the adjoint of `matrix`: Σ of g over the pairs that share a lag, (N,).

    ⟨g, matrix(lags)⟩ = ⟨diagonal_sums(g), lags⟩ for square g.
    """
    n = len(g)
    # Rows of 2n shifted by one each line up the diagonals as columns of rows of 2n − 1.
    padded = np.zeros((n, 2 * n))
    padded[:, :n] = g[:, ::-1]
    columns = padded.ravel()[: n * (2 * n - 1)].reshape(n, 2 * n - 1).sum(axis=0)
    below, above = columns[n - 1 :], columns[n - 1 :: -1]
    sums = below + above if even else below - above
    sums[0] = below[0]
    return np.asarray(sums)
