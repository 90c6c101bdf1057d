"""Clamped beams and plates,  Δ²u = f  with  u = ∂u/∂n = 0  on all walls, in polynomials.

The basis  φₖ = Lₖ − 2(2k+5)/(2k+7) Lₖ₊₂ + (2k+3)/(2k+7) Lₖ₊₄  is zero with its slope at
both ends, and its second derivatives are orthogonal.  With these normalised, the system is

    A = 1⊗M + 2 K⊗K + M⊗1,   M = (φⱼ, φₖ),  K = (φⱼ′, φₖ′),

and since  2 K⊗K ≤ 1⊗M + M⊗1  conjugate gradients preconditioned by the rest, which the
eigenvectors of M invert, see a condition of two at most.

References
----------
Shen, SIAM J. Sci. Comput. 15 (1994) 1489, section 3.  Bjørstad & Tjøstheim, SIAM J. Sci.
Comput. 18 (1997) 621.
"""

from __future__ import annotations

import math
import time
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.polynomial import legendre

from pdekit.errors import PdekitError
from pdekit.grid import Axis, Grid
from pdekit.linalg._walls import values_at
from pdekit.linalg.interface import Solution
from pdekit.linalg.legendre import along_axis, nodes_of, on_every_axis, on_unit
from pdekit.linalg.stencil import Coefficient, sides
from pdekit.typing import Array


class ClampedPlate:
    """Solver of  Δ²u = f  on one or two axes with Dirichlet walls.

    Attributes
    ----------
    nodes
        The grid of sources and solutions: Chebyshev points between the walls.

    Examples
    --------
    >>> beam = ClampedPlate(Grid((Axis("x", 9, 0.0, 1.0, "dirichlet"),)))
    >>> u = beam.solve_field(24.0).x  # x² (1 − x)²
    >>> x, = beam.nodes.points()
    >>> bool(abs(u - x**2 * (1 - x) ** 2).max() < 1e-14)
    True
    """

    symmetric = positive_definite = True
    nullspace: tuple[Array, ...] = ()

    def __init__(self, grid: Grid) -> None:
        started = time.perf_counter()
        if grid.ndim > 2 or any(sides(a) != ("dirichlet", "dirichlet") for a in grid.axes):
            raise PdekitError(
                "clamped plates have one or two axes, between Dirichlet walls"
            )
        self.grid = grid
        self.nodes = Grid(tuple(nodes_of(axis) for axis in grid.axes))
        self.parts = [_Clamped(axis) for axis in self.nodes.axes]
        self.shape = tuple(len(part.mass) for part in self.parts)
        self.setup_s = time.perf_counter() - started

    def solve_field(
        self,
        f: Coefficient,
        walls: Any = None,
        project: bool = False,
        *,
        rtol: float = 1e-8,
    ) -> Solution:
        """Solve for a source at the `nodes`; data on the walls can only be zero."""
        from pdekit.linalg.krylov import conjugate_gradients

        if any(np.any(values_at(self.nodes, g)) for g in (walls or {}).values()):
            raise PdekitError("a clamped plate is at rest on its walls: data must be zero")
        f = np.broadcast_to(values_at(self.nodes, f), self.nodes.shape)
        b = on_every_axis([part.test for part in self.parts], f)
        found = conjugate_gradients(self, b, _WithoutMixed(self.parts), rtol=rtol)
        x = on_every_axis([part.synthesis for part in self.parts], found.x)
        method = "Legendre-Galerkin, conjugate gradients"
        return replace(found, x=x, setup_s=self.setup_s, method=method)

    # -- the system, as conjugate gradients see it ---------------------------------------

    def apply(self, x: Array, out: Array | None = None) -> Array:
        """Return  A x;  on one axis A is the identity."""
        total = x.copy()
        if len(self.parts) == 2:
            p, q = self.parts
            total = along_axis(q.mass, x, 1) + along_axis(p.mass, x, 0)
            total += 2.0 * on_every_axis([p.slopes, q.slopes], x)
        if out is None:
            return total
        np.copyto(out, total)
        return out

    def residual(self, b: Array, x: Array, out: Array | None = None) -> Array:
        """Return  b − A x."""
        return np.subtract(b, self.apply(x), out=out)

    def diagonal(self) -> Array:
        """Return the diagonal."""
        if len(self.parts) == 1:
            return np.ones(self.shape)
        masses, slopes = zip(
            *((p.mass.diagonal(), p.slopes.diagonal()) for p in self.parts), strict=True
        )
        return np.asarray(np.add.outer(*masses) + 2.0 * np.multiply.outer(*slopes))

    def tocsr(self) -> Any:
        """Return the `scipy.sparse` matrix of flattened arrays."""
        import scipy.sparse as sp

        identity = np.eye(math.prod(self.shape)).reshape(-1, *self.shape)
        return sp.csr_array(np.array([self.apply(each).ravel() for each in identity]).T)


class _WithoutMixed:
    """The inverse of  1⊗M + M⊗1."""

    linear = symmetric = fixed = True
    name = "the plate without its mixed derivative"
    setup_s = 0.0

    def __init__(self, parts: list[_Clamped]) -> None:
        values, self._vectors = zip(*(np.linalg.eigh(p.mass) for p in parts), strict=True)
        one = len(parts) == 1
        self._inverse = np.ones(len(values[0])) if one else 1.0 / np.add.outer(*values)

    def apply(self, r: Array, out: Array | None = None) -> Array:
        """Return the solution."""
        modes = on_every_axis([Q.T for Q in self._vectors], r) * self._inverse
        found = on_every_axis(self._vectors, modes)
        if out is None:
            return found
        np.copyto(out, found)
        return out


class _Clamped:
    """Matrices of one axis, in the basis whose second derivatives are orthonormal."""

    def __init__(self, axis: Axis) -> None:
        n, half = axis.n, 0.5 * axis.length
        k = np.arange(n - 4)
        C = np.eye(n, n - 4)
        C[k + 2, k] = -2.0 * (2 * k + 5) / (2 * k + 7)
        C[k + 4, k] = (2 * k + 3) / (2 * k + 7)
        C /= np.sqrt(2.0 * (2 * k + 3) ** 2 * (2 * k + 5)) / half**1.5
        gram = half * 2.0 / (2.0 * np.arange(n) + 1.0)
        values = legendre.legvander(on_unit(axis), n - 1)
        slope = np.vstack([legendre.legder(C), np.zeros((1, n - 4))]) / half
        self.test = (C.T * gram) @ np.linalg.inv(values)
        self.synthesis = values @ C
        self.mass = (C.T * gram) @ C
        self.slopes = (slope.T * gram) @ slope
