"""Equations with one operator for each axis, solved in O(Σ rank³ + rank^(D+1)).

    (A₁ ⊗ I ⊗ … + I ⊗ A₂ ⊗ … + …) w = f,   B_d w = g_d  on the faces across axis d

Weights are split,  w = w_b + (Z₁ ⊗ Z₂ ⊗ …) y,  with w_b on the faces (Coons' formula) and
Z_d a basis of what vanishes there.  The equation is tested with the functions themselves,
which are orthonormal on the nodes, so that only  Z_dᵀ A_d Z_d  remain; their eigenvectors
make the equation one division for each weight.

References
----------
Lynch, Rice & Thomas, Numer. Math. 6 (1964) 185 (tensor-product solution).
Coons, MIT Project MAC report TR-41 (1967) (blending of face data).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from pdekit.errors import NotApplicable
from pdekit.gp.basis import Basis
from pdekit.gp.collocation import Collocation, Condition, MultiIndex
from pdekit.gp.kronecker import mode_products
from pdekit.gp.least_squares import Gaps
from pdekit.typing import Array

SINGULAR = 1e-13
"""Relative size of a sum of eigenvalues that counts as zero."""
CONDITION = 1e8
"""Of the eigenvectors of an axis, beyond which the method is refused."""


class Galerkin:
    """An equation with one operator for each axis, made ready.

    Parameters
    ----------
    bases, linear, collocation
        As for `pdekit.gp.least_squares.Factor`.

    Raises
    ------
    NotApplicable
        If a term has derivatives or coefficients of more than one axis, a condition is not
        of one axis, or an axis has too few functions for its conditions.
    """

    undetermined = 0
    ridge = None

    def __init__(
        self,
        bases: Sequence[Basis],
        linear: Mapping[MultiIndex, Sequence[Array]],
        collocation: Collocation,
    ) -> None:
        self.bases, self.ranks = bases, tuple(basis.rank for basis in bases)
        self.unknowns = math.prod(self.ranks)
        self.conditions = collocation.conditions
        operators = _operators(bases, linear)
        self.scale = max(
            float(np.linalg.norm(a, axis=0).max()) for a in operators if a is not None
        )
        self._tested = [
            None if a is None else b.on_nodes().T @ a
            for a, b in zip(operators, bases, strict=True)
        ]
        self._prepare_faces()
        self._values, self._vectors, self._inverse = [], [], []
        for basis, z, a in zip(bases, self._inside, self._tested, strict=True):
            small = np.zeros((z.shape[1],) * 2) if a is None else z.T @ a @ z
            values, vectors = np.linalg.eig(small)
            if np.linalg.cond(vectors) > CONDITION:
                raise NotApplicable(
                    "basis", f"the operator along {basis.span.name} is far from normal"
                )
            self._values.append(values)
            self._vectors.append(z @ vectors)
            self._inverse.append(np.linalg.inv(vectors) @ z.T)
        self._one: Array = np.ones(())
        for basis in bases:
            self._one = np.multiply.outer(self._one, basis.on_nodes().sum(axis=0))
        self._one_gives = {
            i: float(self.conditions[i].of(bases, self._one)) for i in self._means
        }
        sums = sum(np.ix_(*self._values), start=np.zeros(()))
        zero = np.abs(sums) < SINGULAR * np.abs(sums).max()
        self._divided = np.where(zero, 0.0, 1.0) / np.where(zero, 1.0, sums)

    def _prepare_faces(self) -> None:
        """Split the functions of every axis into those of its faces and those inside."""
        axes = range(len(self.bases))
        self._faces: list[list[int]] = [[] for _ in axes]
        self._means: list[int] = []
        for i, condition in enumerate(self.conditions):
            across = [d for d in axes if condition.functionals[d] is not None]
            if len(across) == 1:
                self._faces[across[0]].append(i)
            else:
                self._means.append(i)
        self._rows, self._lift, self._inside = [], [], []
        for d, basis in enumerate(self.bases):
            rows = np.array(
                [_functional(self.conditions[i], d, basis) for i in self._faces[d]]
            ).reshape(-1, basis.rank)
            if len(rows) >= basis.rank:
                raise NotApplicable(
                    "basis", f"{basis.rank} functions along {basis.span.name} are too few"
                )
            _, size, vt = np.linalg.svd(rows)
            self._rows.append(rows)
            self._lift.append(np.linalg.pinv(rows))
            self._inside.append(vt[int((size > 1e-12 * size.max(initial=0)).sum()) :].T)

    def solve(self, gaps: Gaps, weights: Array) -> Array:
        """Return the weights to add so that the gaps close."""
        onto = [basis.on_nodes().T for basis in self.bases]
        faces = [
            mode_products(
                [q for q, f in zip(onto, c.functionals, strict=True) if f is None], gap
            )
            for c, gap in zip(self.conditions, gaps.conditions, strict=True)
        ]
        return self._solved(mode_products(onto, gaps.equation), faces)

    def draws(self, count: int, rng: np.random.Generator) -> list[Array]:
        """Return weights for data that are nothing but noise of unit size.

        What orthonormal functions make of it is noise of unit size again.
        """
        found = []
        for _ in range(count):
            faces = [
                rng.standard_normal([self.ranks[d] for d in _free(c)])
                for c in self.conditions
            ]
            found.append(self._solved(self.scale * rng.standard_normal(self.ranks), faces))
        return found

    def _solved(self, tested: Array, faces: Sequence[Array]) -> Array:
        """Solve for data that are tested with the functions already."""
        found = self._on_faces(faces)
        y = mode_products(self._inverse, tested - self._applied(found)) * self._divided
        found = found + mode_products(self._vectors, y).real
        return self._with_means(found, faces)

    def _on_faces(self, faces: Sequence[Array]) -> Array:
        found = np.zeros(self.ranks)
        for d, (rows, lift) in enumerate(zip(self._rows, self._lift, strict=True)):
            if not len(rows):
                continue
            wanted = np.stack([faces[i] for i in self._faces[d]], axis=d)
            here = [rows if i == d else None for i in range(len(self.bases))]
            there = [lift if i == d else None for i in range(len(self.bases))]
            found = found + mode_products(there, wanted - mode_products(here, found))
        return found

    def _applied(self, weights: Array) -> Array:
        """Return the tested left-hand side of weights."""
        total = np.zeros(self.ranks)
        for d, a in enumerate(self._tested):
            if a is not None:
                sides = [a if i == d else None for i in range(len(self.bases))]
                total = total + mode_products(sides, weights)
        return total

    def _with_means(self, found: Array, faces: Sequence[Array]) -> Array:
        """Add a constant so that conditions on the whole hold."""
        for i in self._means:
            left = float(faces[i]) - float(self.conditions[i].of(self.bases, found))
            found = found + self._one * (left / self._one_gives[i])
        return found


def _free(condition: Condition) -> list[int]:
    """Return the axes along which a condition holds at every node."""
    return [d for d, functional in enumerate(condition.functionals) if functional is None]


def _functional(condition: Condition, d: int, basis: Basis) -> Array:
    functional = condition.functionals[d]
    assert functional is not None  # noqa: S101
    return functional(basis)


def _operators(
    bases: Sequence[Basis], linear: Mapping[MultiIndex, Sequence[Array]]
) -> list[Array | None]:
    """Return what the operator of each axis makes of its functions, at the nodes."""
    found: list[Array | None] = [None] * len(bases)
    for index, vectors in linear.items():
        number, varying = 1.0, []
        for d, (order, vector) in enumerate(zip(index, vectors, strict=True)):
            if np.ptp(vector) == 0:
                number *= float(vector[0])
            if order or np.ptp(vector):
                varying.append(d)
        if not number:
            continue
        if len(varying) > 1:
            raise NotApplicable("basis", "a term has derivatives along several axes")
        d = varying[0] if varying else 0
        weights = vectors[d] if np.ptp(vectors[d]) else np.ones(len(vectors[d]))
        part = number * weights[:, None] * bases[d].on_nodes(index[d])
        known = found[d]
        found[d] = part if known is None else known + part
    if all(each is None for each in found):
        raise NotApplicable(
            "basis", "the equation has no derivative and no value of u in it"
        )
    return found
