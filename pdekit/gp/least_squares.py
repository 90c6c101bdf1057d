"""Linear equations at nodes as least squares in a basis that is a product over axes.

    minimise  ‖Σ_m (c_m ⊗_d ∂^{m_d} Φ_d) w − f‖²/s² + Σ ‖(⊗_d b_d) w − g‖²  (+ prior)

With separable coefficients all rows of an axis lie in the span of few columns: a thin QR
of them, [v Φ^{(m)}]_m = Q [R_m]_m, leaves  (ranks of Q)  rows instead of one a node.
Of many weights only the triangle R of the rows is computed, from their Gram matrix, a sum
of Kronecker products; what its squared condition costs is won back by a correction.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from pdekit.errors import PdekitError
from pdekit.gp.basis import Basis
from pdekit.gp.collocation import Collocation, Condition, MultiIndex
from pdekit.gp.kronecker import kron, mode_products
from pdekit.typing import Array

FEW = 400
"""Weights up to which rows are factorised themselves, beyond which their Gram matrix."""
MANY = 4000
"""Weights beyond which no dense factorisation is made (128 MB)."""
QR_FLOPS = 2e11
"""Work beyond which rows are not factorised even if their Gram matrix cannot be."""
WELL = 1e-5
"""Smallest ratio of pivots for which a Gram matrix, of the squared condition, serves."""
UNDETERMINED = 1e-12
"""Relative size of a pivot below which data do not determine a direction."""


class TooLarge(PdekitError):
    """More weights than a dense factorisation is meant for."""


@dataclass(frozen=True)
class Gaps:
    """What is left of the right-hand sides: of the equation, and of every condition."""

    equation: Array
    conditions: tuple[Array, ...]

    def size(self, scale: float) -> float:
        """Return the norm that is minimised."""
        return math.hypot(
            float(np.linalg.norm(self.equation)) / scale,
            *(float(np.linalg.norm(each)) for each in self.conditions),
        )

    @property
    def count(self) -> int:
        """The number of equations."""
        return int(self.equation.size + sum(np.size(each) for each in self.conditions))


def separated(coefficient: Array) -> list[Array] | None:
    """Return a vector for each axis of which a coefficient is the product, if there are.

    >>> x, y = np.ix_(np.arange(1.0, 4.0), np.arange(1.0, 3.0))
    >>> [v.tolist() for v in separated(x * y)]
    [[1.0, 2.0, 3.0], [1.0, 2.0]]
    >>> separated(x + y) is None
    True
    """
    place = np.unravel_index(int(np.argmax(np.abs(coefficient))), coefficient.shape)
    top = coefficient[place]
    if top == 0:
        return [np.zeros(n) for n in coefficient.shape]
    vectors = []
    for d in range(coefficient.ndim):
        line = tuple(slice(None) if i == d else p for i, p in enumerate(place))
        vectors.append(coefficient[line] / (top if d else 1.0))
    product = vectors[0]
    for vector in vectors[1:]:
        product = np.multiply.outer(product, vector)
    if np.abs(product - coefficient).max() > 1e-13 * abs(top):
        return None
    first = vectors[-1][0] if all(v[0] for v in vectors[1:]) else 0.0
    if first:  # let all vectors but the first begin with one
        for d in range(1, len(vectors)):
            vectors[0], vectors[d] = vectors[0] * vectors[d][0], vectors[d] / vectors[d][0]
    return vectors


def averaged(coefficient: Array) -> list[Array]:
    """Return vectors whose product has the means of a coefficient over the other axes."""
    whole = float(coefficient.mean())
    if not whole:
        return [np.zeros(n) for n in coefficient.shape]
    axes = range(coefficient.ndim)
    means = [coefficient.mean(axis=tuple(j for j in axes if j != d)) for d in axes]
    return [means[0], *(m / whole for m in means[1:])]


class Rows:
    """All equations of a problem, as a linear map of weights.

    Parameters
    ----------
    terms
        A coefficient at the nodes, and a matrix for each axis, of every term.
    bases, conditions
        Functions of each axis, and conditions on the faces.
    """

    def __init__(
        self,
        terms: Sequence[tuple[Array | float, Sequence[Array]]],
        bases: Sequence[Basis],
        conditions: Sequence[Condition],
    ) -> None:
        self.terms, self.ranks = terms, tuple(basis.rank for basis in bases)
        self.shapes = [np.shape(condition.values) for condition in conditions]
        self.faces = [
            [
                basis.on_nodes() if b is None else b(basis)[None]
                for b, basis in zip(condition.functionals, bases, strict=True)
            ]
            for condition in conditions
        ]

    def apply(self, w: Array) -> Gaps:
        """Return the left-hand sides."""
        equation = sum(c * mode_products(matrices, w) for c, matrices in self.terms)
        faces = zip(self.faces, self.shapes, strict=True)
        return Gaps(
            np.asarray(equation), tuple(mode_products(m, w).reshape(s) for m, s in faces)
        )

    def adjoint(self, y: Gaps) -> Array:
        """Return the transposed map."""
        w = sum(
            mode_products([m.T for m in matrices], c * y.equation)
            for c, matrices in self.terms
        )
        for matrices, face in zip(self.faces, y.conditions, strict=True):
            shape = tuple(m.shape[0] for m in matrices)
            w = w + mode_products([m.T for m in matrices], face.reshape(shape))
        return np.asarray(w)


class Factor:
    """An equation with separable coefficients, factorised.

    Parameters
    ----------
    bases
        The functions of each axis.
    linear
        By multi-index a vector for each axis, of which the coefficient is the product.
    collocation
        The equation, of which the conditions are used.
    ridge
        Rows  ridge · w  that are added, one for each weight.

    Raises
    ------
    TooLarge
        If there are too many weights.
    """

    def __init__(
        self,
        bases: Sequence[Basis],
        linear: Mapping[MultiIndex, Sequence[Array]],
        collocation: Collocation,
        ridge: Array | None = None,
    ) -> None:
        self.bases, self.ranks = bases, tuple(basis.rank for basis in bases)
        self.unknowns = math.prod(self.ranks)
        if self.unknowns > MANY:
            raise TooLarge(
                f"{' x '.join(map(str, self.ranks))} weights are more than the {MANY} of a "
                "dense factorisation"
            )
        self.conditions, self.ridge = collocation.conditions, ridge
        matrices = [
            [
                v[:, None] * basis.on_nodes(order)
                for v, basis, order in zip(vectors, bases, index, strict=True)
            ]
            for index, vectors in linear.items()
        ]
        self.rows = Rows([(1.0, m) for m in matrices], bases, self.conditions)
        self.scale = _largest_column(matrices)
        self._orthogonal: Compressed | None = None
        if self.unknowns > FEW and (triangle := self._from_gram()) is not None:
            self.triangle = triangle
        else:
            self._orthogonal = Compressed(self.rows, self.scale, ridge)
            self.triangle = self._orthogonal.triangle
        pivots = np.abs(np.diag(self.triangle))
        self.undetermined = int((pivots < UNDETERMINED * pivots.max()).sum())

    def _from_gram(self) -> Array | None:
        """Return the Cholesky factor of the Gram matrix, where that keeps enough digits.

        The Gram matrix is a sum of Kronecker products of small ones.
        """
        from scipy.linalg import LinAlgError, cholesky

        matrices = [m for _, m in self.rows.terms]
        gram = np.zeros((self.unknowns,) * 2)
        for i, a in enumerate(matrices):
            for j, b in enumerate(matrices[: i + 1]):
                part = kron([p.T @ q for p, q in zip(a, b, strict=True)])
                gram += part if i == j else part + part.T
        gram /= self.scale**2
        for face in self.rows.faces:
            gram += kron([m.T @ m for m in face])
        if self.ridge is not None:
            gram[np.diag_indices_from(gram)] += self.ridge**2
        try:
            triangle = cholesky(gram, overwrite_a=True, check_finite=False)
        except LinAlgError:
            return None
        pivots = np.diag(triangle)
        return np.asarray(triangle) if pivots.min() > WELL * pivots.max() else None

    @cached_property
    def _filtered(self) -> tuple[Array, Array, Array]:
        u, size, vt = np.linalg.svd(self.triangle)
        inverse = np.where(size > UNDETERMINED * size[0], 1 / np.maximum(size, 1e-300), 0.0)
        return u, inverse, vt

    def root_solve(self, z: Array, transposed: bool = False) -> Array:
        """Return  R⁻¹ z  or  R⁻ᵀ z,  without the directions that are not determined."""
        from scipy.linalg import solve_triangular

        if not self.undetermined:
            trans = 1 if transposed else 0
            return np.asarray(
                solve_triangular(self.triangle, z, trans=trans, check_finite=False)
            )
        u, inverse, vt = self._filtered
        left, right = (vt, u) if transposed else (u.T, vt.T)
        scaled = left @ z
        return np.asarray(right @ (inverse.reshape(-1, *(1,) * (scaled.ndim - 1)) * scaled))

    def draws(self, count: int, rng: np.random.Generator) -> list[Array]:
        """Return weights drawn from N(0, (RᵀR)⁻¹)."""
        found = self.root_solve(rng.standard_normal((self.unknowns, count)))
        return [draw.reshape(self.ranks) for draw in found.T]

    def solve(self, gaps: Gaps, weights: Array) -> Array:
        """Return the weights to add so that the gaps close best."""
        if self._orthogonal is not None:
            pull = None if self.ridge is None else -self.ridge * weights.ravel()
            z = self._orthogonal.project(gaps, pull)
            return np.asarray(self.root_solve(z).reshape(self.ranks))
        found = self._seminormal(gaps, weights)
        left = self.rows.apply(found)
        rest = Gaps(
            gaps.equation - left.equation,
            tuple(g - a for g, a in zip(gaps.conditions, left.conditions, strict=True)),
        )
        return found + self._seminormal(rest, weights + found)

    def _seminormal(self, gaps: Gaps, weights: Array) -> Array:
        """Solve  RᵀR w = Aᵀ gaps  (Björck, Linear Algebra Appl. 88/89 (1987) 31)."""
        b = self.rows.adjoint(Gaps(gaps.equation / self.scale**2, gaps.conditions)).ravel()
        if self.ridge is not None:
            b = b - self.ridge**2 * weights.ravel()
        z = self.root_solve(b, transposed=True)
        return np.asarray(self.root_solve(z).reshape(self.ranks))


def _largest_column(matrices: Sequence[Sequence[Array]]) -> float:
    """Return a bound of the norm of the columns of  Σ ⊗ matrices."""
    norms = [
        math.prod(float(np.linalg.norm(m, axis=0).max()) for m in each) for each in matrices
    ]
    if not max(norms, default=0.0) > 0:
        raise PdekitError("the equation has no derivative and no value of u in it")
    return float(sum(norms))


class Compressed:
    """Rows of an equation in the few directions that they span, with their QR factors."""

    def __init__(self, rows: Rows, scale: float, ridge: Array | None) -> None:
        from scipy.linalg import qr

        self._scale, axes = scale, range(len(rows.ranks))
        matrices = [m for _, m in rows.terms]
        if _work(matrices) > QR_FLOPS:
            raise TooLarge("the least-squares problem is too large for its condition")
        self._compress, parts = [], []
        for d in axes:
            blocks = [each[d] for each in matrices]
            q, r = np.linalg.qr(np.concatenate(blocks, 1))
            self._compress.append(q.T)
            parts.append(np.split(r, len(blocks), 1))
        dense = [sum(kron(each) for each in zip(*parts, strict=True)) / scale]
        self._faces = []
        for face in rows.faces:
            pairs = [np.linalg.qr(m) for m in face]
            dense.append(kron([r for _, r in pairs]))
            self._faces.append(([m.shape[0] for m in face], [q.T for q, _ in pairs]))
        self._q, r = qr(
            np.concatenate(dense), mode="economic", check_finite=False, overwrite_a=True
        )
        self._ridge_q = None
        if ridge is not None:
            self._ridge_q, r = qr(np.concatenate([r, np.diag(ridge)]), mode="economic")
        self.triangle = r

    def project(self, gaps: Gaps, pull: Array | None) -> Array:
        """Return  Qᵀ gaps."""
        faces = zip(self._faces, gaps.conditions, strict=True)
        y = np.concatenate(
            [
                mode_products(self._compress, gaps.equation).ravel() / self._scale,
                *(
                    mode_products(q, gap.reshape(shape)).ravel()
                    for (shape, q), gap in faces
                ),
            ]
        )
        z = self._q.T @ y
        if self._ridge_q is not None:
            z = self._ridge_q.T @ np.concatenate([z, pull])
        return np.asarray(z)


def _work(matrices: Sequence[Sequence[Array]]) -> float:
    """Return the operations of the QR factors of compressed rows."""
    first = matrices[0]
    rows = math.prod(min(m.shape[0], len(matrices) * m.shape[1]) for m in first)
    return float(4 * rows * math.prod(m.shape[1] for m in first) ** 2)
