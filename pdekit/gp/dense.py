"""An equation with coefficients that do not separate, of few weights: one dense matrix."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from pdekit.errors import PdekitError
from pdekit.gp.basis import Basis
from pdekit.gp.collocation import Collocation, MultiIndex, rms
from pdekit.gp.least_squares import Gaps, Rows
from pdekit.gp.triangle import Triangle, plain
from pdekit.typing import Array

FLOPS = 5e8
"""Rows · weights² up to which it is quicker than iteration."""


def is_quick(bases: Sequence[Basis], collocation: Collocation) -> bool:
    """Whether the matrix is small."""
    nodes = math.prod(span.n for span in collocation.spans)
    return nodes * math.prod(basis.rank for basis in bases) ** 2 <= FLOPS


class Dense:
    """An equation with any coefficients, factorised.

    Parameters
    ----------
    bases, collocation, ridge
        As for `pdekit.gp.least_squares.Factor`.
    linear
        Coefficients by multi-index, arrays over the nodes.
    scale
        Of the equation; its largest column when left out.
    """

    def __init__(
        self,
        bases: Sequence[Basis],
        linear: Mapping[MultiIndex, Array],
        collocation: Collocation,
        ridge: Array | None = None,
        scale: float | None = None,
    ) -> None:
        self.bases, self.ranks = bases, tuple(basis.rank for basis in bases)
        self.unknowns = math.prod(self.ranks)
        self.conditions, self.ridge = collocation.conditions, ridge
        nodes = collocation.nodes
        terms = [(c, nodes.matrices(bases, index)) for index, c in linear.items()]
        matrix = Rows(terms, bases, self.conditions).dense()
        equation = matrix[: math.prod(nodes.shape)]
        self.scale = scale or float(np.linalg.norm(equation, axis=0).max())
        if not self.scale > 0:
            raise PdekitError("the equation has no derivative and no value of u in it")
        equation /= self.scale
        if ridge is not None:
            matrix = np.concatenate([matrix, np.diag(ridge)])
        self._q, r = np.linalg.qr(matrix)
        sizes = ((m, rms(c)) for m, c in linear.items())
        self.triangle = Triangle(r, plain(sizes, collocation.spans) / self.scale)

    @property
    def undetermined(self) -> int:
        """How many directions the data do not determine."""
        return self.triangle.undetermined

    def solve(self, gaps: Gaps, weights: Array) -> Array:
        """Return the weights to add so that the gaps close best."""
        pull = [] if self.ridge is None else [-self.ridge * weights.ravel()]
        parts = [gaps.equation / self.scale, *gaps.conditions, *pull]
        z = self._q.T @ np.concatenate([np.ravel(part) for part in parts])
        return self.triangle.solve(z).reshape(self.ranks)
