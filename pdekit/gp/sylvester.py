"""Collocation of a Gaussian process on a tensor grid, solved directly at any rank.

The equation  Σ_d A_d u + c u = f  holds at the interior points, u = g at the others, and
every A_d is a combination of differentiation matrices along its dimension (see
`pdekit.gp.line`).  What couples to the known values goes to the right; the rest is

    (A₁ ⊗ I ⊗ I + I ⊗ A₂ ⊗ I + I ⊗ I ⊗ A₃ + c) u = f'

between interior points, divided elementwise in the eigenvectors of the A_d.  A dimension
with eigenvectors hardly distinct, as time has, is solved by substitution in its Schur form,
and a single dimension by elimination.

References
----------
Lynch, Rice & Thomas, Numer. Math. 6 (1964) 185; Bartels & Stewart, Comm. ACM 15 (1972) 820.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.linalg as sl

from pdekit.errors import NotApplicable, ShapeError
from pdekit.gp.diagonal import Form, diagonal_form, triangular_form
from pdekit.gp.kronecker import mode_product, mode_products
from pdekit.gp.line import Line
from pdekit.typing import Array

WORST = 1e6
"""Condition of eigenvectors from which on a Schur form takes their place."""


@dataclass(frozen=True, eq=False)
class DirectSolution:
    """What `CollocationSolver.solve` found.

    Attributes
    ----------
    u
        Values on the grid.
    residual
        ‖f − A u‖/‖f‖  at the interior points (of the known values if f is zero).
    condition
        That of the eigenvectors, the product over the dimensions.
    jitters
        What was added to the diagonals of the covariances, absolute.
    method
        How the dimensions were treated.
    setup_s, solve_s
        Seconds.
    lines
        The dimensions, which interpolate.
    corrections
        Relative sizes of Newton's corrections, if there were any.
    """

    u: Array
    residual: float
    condition: float
    jitters: tuple[float, ...]
    method: str
    setup_s: float
    solve_s: float
    lines: tuple[Line, ...]
    corrections: tuple[float, ...] = ()

    def predict(
        self, points: Sequence[Array], orders: Sequence[int] | None = None
    ) -> Array:
        """Return u, or a derivative of it, on another tensor grid."""
        orders = orders or (0,) * len(self.lines)
        maps = [one.map(x, a) for one, x, a in zip(self.lines, points, orders, strict=True)]
        return mode_products(maps, self.u)


class CollocationSolver:
    """A factored operator, for any number of right-hand sides.

    Parameters
    ----------
    lines
        The dimensions; one that occurs twice is factored once.
    constant
        c.
    """

    def __init__(self, lines: Sequence[Line], constant: float = 0.0) -> None:
        began = time.perf_counter()
        self.lines, self.constant = tuple(lines), float(constant)
        self.inside = tuple(one.interior for one in self.lines)
        self.shape = tuple(len(one.points) for one in self.lines)
        self.forms: tuple[Form, ...] = ()
        if len(self.lines) == 1:
            inner = self.lines[0].inner
            self._lu = sl.lu_factor(inner + self.constant * np.eye(len(inner)))
            _refuse_singular(abs(self._lu[0].diagonal()))
        else:
            self.forms = self._factor()
            self.shift = self._shift()
            _refuse_singular(abs(self.shift))
        self.condition = float(np.prod([form.condition for form in self.forms]))
        self.setup_s = time.perf_counter() - began

    def apply(self, u: Array) -> Array:
        """Return  Σ A_d u + c u  at all points."""
        parts = [mode_product(one.matrix, u, d) for d, one in enumerate(self.lines)]
        return sum(parts, self.constant * u)

    def apply_inside(self, u: Array) -> Array:
        """Return the same between interior points, of zero values at the others."""
        parts = [mode_product(one.inner, u, d) for d, one in enumerate(self.lines)]
        return sum(parts, self.constant * u)

    def solve(self, f: Array, g: Array) -> DirectSolution:
        """Solve for one right-hand side.

        Parameters
        ----------
        f, g
            Arrays of the shape of the grid: f counts at interior points, g at the others.
        """
        began = time.perf_counter()
        for name, given in (("f", f), ("g", g)):
            if given.shape != self.shape:
                raise ShapeError(self.shape, given.shape, name)
        u = np.array(g, dtype=float)
        u[self.inside] = 0
        right = (f - self.apply(u))[self.inside]
        u[self.inside] = self.divide(right)
        left = (f - self.apply(u))[self.inside]
        u[self.inside] += self.divide(left)  # refinement, for eigenvectors of condition > 1
        left = (f - self.apply(u))[self.inside]
        size = np.linalg.norm(f[self.inside]) or np.linalg.norm(right) or 1.0
        return DirectSolution(
            u=u,
            residual=float(np.linalg.norm(left) / size),
            condition=self.condition,
            jitters=tuple(one.factor.jitter for one in self.lines),
            method=", ".join(self._ways()),
            setup_s=self.setup_s,
            solve_s=time.perf_counter() - began,
            lines=self.lines,
        )

    def _ways(self) -> list[str]:
        if not self.forms:
            return ["elimination"]
        return ["eigenvectors" if f.triangle is None else "Schur" for f in self.forms]

    def divide(self, f: Array) -> Array:
        """Solve between interior points, without known values."""
        if len(self.lines) == 1:
            return sl.lu_solve(self._lu, f)
        modes = mode_products([form.inverse for form in self.forms], f)
        schur = [d for d, form in enumerate(self.forms) if form.triangle is not None]
        if not schur:
            modes = modes / self.shift
        elif len(schur) == 1:
            modes = _substitute(modes, self.shift, self.forms[schur[0]].triangle, schur[0])
        else:
            modes = self._by_triangles(modes)
        return mode_products([form.vectors for form in self.forms], modes).real

    def _factor(self) -> tuple[Form, ...]:
        """Diagonalise; where that is too ill-conditioned, take the Schur form.

        In three dimensions only one of them may be triangular, the worst.
        """
        known: dict[int, Form] = {}
        for one in self.lines:
            if id(one) not in known:
                known[id(one)] = diagonal_form(one.inner, one.mirrored)
        forms = [known[id(one)] for one in self.lines]
        order = sorted(range(len(forms)), key=lambda d: -forms[d].condition)
        for d in order[: 2 if len(forms) == 2 else 1]:
            if forms[d].condition > WORST:
                forms[d] = triangular_form(self.lines[d].inner)
        return tuple(forms)

    def _shift(self) -> Array:
        """Return  Σ λ_d + c  of all modes."""
        total: Array = np.array(self.constant)
        for form in self.forms:
            total = total[..., None] + form.values
        return total

    def _by_triangles(self, modes: Array) -> Array:
        """Solve  T₁ X + X T₂ᵀ + c X = F  with two Schur forms, by LAPACK."""
        first, second = (
            np.diag(form.values) if form.triangle is None else form.triangle
            for form in self.forms
        )
        first = first + self.constant * np.eye(len(first))
        # X T₂ᵀ: T₂ transposed without conjugation is lower triangular, reversed upper
        flipped = np.ascontiguousarray(second.T[::-1, ::-1])
        x, scale, _ = sl.lapack.ztrsyl(first, flipped, modes[:, ::-1].astype(complex))
        return scale * x[:, ::-1]


def _refuse_singular(divisors: Array) -> None:
    """Refuse to divide by what is zero but for rounding."""
    smallest = float(divisors.min())
    if smallest < 1e-13 * float(divisors.max()):
        raise NotApplicable(
            "equation",
            f"the operator is singular: it divides by {smallest:.2g}; change the constant "
            "or the lengths of the domain",
        )


def _substitute(modes: Array, shift: Array, triangle: Array | None, axis: int) -> Array:
    """Solve  (Λ + T) x = f  with T upper triangular along an axis and Λ elementwise."""
    assert triangle is not None  # noqa: S101 (for the type checker)
    f, s = np.moveaxis(modes, axis, 0), np.moveaxis(shift, axis, 0)
    x = np.empty(f.shape, complex)
    for k in reversed(range(len(x))):
        known = np.tensordot(triangle[k, k + 1 :], x[k + 1 :], 1)
        x[k] = (f[k] - known) / s[k]
    return np.moveaxis(x, 0, axis)
