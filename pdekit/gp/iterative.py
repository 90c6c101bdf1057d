"""Equations with coefficients that do not separate, by iteration.

The triangle of the factorised equation with averaged coefficients makes the columns nearly
orthonormal, so that the number of iterations depends on how much the coefficients vary and
not on how many nodes there are.

Least squares by LSMR; by GMRES where Galerkin's method is the preconditioner.

References
----------
Fong & Saunders, SIAM J. Sci. Comput. 33 (2011) 2950 (LSMR).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from pdekit.gp.collocation import MultiIndex, Sample
from pdekit.gp.galerkin import Galerkin
from pdekit.gp.least_squares import Factor, Gaps, Rows
from pdekit.typing import Array

ITERATIONS = 300
TOLERANCE = 1e-12


def iterate(
    factor: Factor | Galerkin,
    nodes: Sample,
    linear: Mapping[MultiIndex, Array],
    gaps: Gaps,
    weights: Array,
    tolerance: float = TOLERANCE,
) -> tuple[Array, int]:
    """Return the weights to add so that the gaps close best, and how often it iterated.

    Parameters
    ----------
    factor
        A factorised equation close to the one to solve.
    nodes
        The nodes.
    linear
        Coefficients by multi-index, arrays over the nodes.
    gaps, weights
        What is left, and where.
    tolerance
        Of the iteration.
    """
    terms = [(c, nodes.matrices(factor.bases, index)) for index, c in linear.items()]
    rows = Rows(terms, factor.bases, factor.conditions)
    if isinstance(factor, Galerkin):
        return _by_gmres(factor, rows, gaps, weights, tolerance)
    return _by_lsmr(factor, rows, gaps, weights, tolerance)


def _by_lsmr(
    factor: Factor, rows: Rows, gaps: Gaps, weights: Array, tolerance: float
) -> tuple[Array, int]:
    from scipy.sparse.linalg import LinearOperator, lsmr

    ridge = np.zeros(0) if factor.ridge is None else factor.ridge

    def flat(y: Gaps, w: Array) -> Array:
        pull = ridge * w.ravel() if len(ridge) else ridge
        return np.concatenate(
            [y.equation.ravel() / factor.scale, *map(np.ravel, y.conditions), pull]
        )

    def apply(z: Array) -> Array:
        w = factor.root_solve(np.ravel(z)).reshape(factor.ranks)
        return flat(rows.apply(w), w)

    def adjoint(y: Array) -> Array:
        parts, n = _parts(np.ravel(y), gaps)
        w = rows.adjoint(Gaps(parts[0] / factor.scale, tuple(parts[1:]))).ravel()
        if len(ridge):
            w = w + ridge * np.ravel(y)[n:]
        return factor.root_solve(w, transposed=True)

    y = flat(gaps, -weights)
    operator = LinearOperator((len(y), factor.unknowns), matvec=apply, rmatvec=adjoint)
    found = lsmr(operator, y, atol=tolerance, btol=tolerance, conlim=0, maxiter=ITERATIONS)
    return factor.root_solve(found[0]).reshape(factor.ranks), int(found[2])


def _parts(y: Array, like: Gaps) -> tuple[list[Array], int]:
    """Cut a vector into the equation and its conditions; return how much of it they are."""
    found, n = [], 0
    for each in (like.equation, *like.conditions):
        size = int(np.size(each))
        found.append(y[n : n + size].reshape(np.shape(each)))
        n += size
    return found, n


def _by_gmres(
    factor: Galerkin, rows: Rows, gaps: Gaps, weights: Array, tolerance: float
) -> tuple[Array, int]:
    from scipy.sparse.linalg import LinearOperator, gmres

    nothing, count = np.zeros(factor.ranks), 0

    def apply(w: Array) -> Array:
        return factor.solve(rows.apply(w.reshape(factor.ranks)), nothing).ravel()

    def counted(_: Any) -> None:
        nonlocal count
        count += 1

    n = factor.unknowns
    found, _ = gmres(
        LinearOperator((n, n), matvec=apply), factor.solve(gaps, weights).ravel(),
        rtol=tolerance, restart=60, maxiter=3, callback=counted, callback_type="pr_norm",
    )  # fmt: skip
    return np.asarray(found.reshape(factor.ranks)), count
