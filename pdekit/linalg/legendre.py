"""Direct solver in polynomials: constant coefficients on a box, data of any kind.

A series of sines holds what vanishes at the walls with all its even derivatives; most data
do not, and the error falls with the second power of the spacing.  Polynomials do not mind:
the error falls faster than any power where the solution is smooth.

Along an axis with walls the basis  φₖ = Lₖ + aₖ Lₖ₊₁ + bₖ Lₖ₊₂  of Legendre polynomials
satisfies the conditions at both, its stiffness matrix is diagonal and its mass matrix has
five diagonals.  The eigenvectors of the two, axis by axis, turn the system of Galerkin into
divisions.

References
----------
Shen, SIAM J. Sci. Comput. 15 (1994) 1489.  Lynch, Rice & Thomas, Numer. Math. 6 (1964) 185.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import reduce

import numpy as np
from numpy.polynomial import legendre

from pdekit.errors import PdekitError
from pdekit.grid import Axis, Grid
from pdekit.linalg._constant import checked_coefficients
from pdekit.linalg._faces import along
from pdekit.linalg._residual import refine
from pdekit.linalg._walls import values_at
from pdekit.linalg.interface import Solution
from pdekit.linalg.stencil import Coefficient, Walls, sides
from pdekit.typing import Array

FEWEST = 8
"""Points of an axis of polynomials."""
_FIT = 1e-8
"""Part of the largest datum by which data on walls may differ where the walls meet."""
_ROUNDING = 1e-15
"""Part of the largest coefficient below which others of a datum are noise."""


class LegendreSolver:
    """Solver of  −∇·(k∇u) + c u = f,  k and c constant.

    Parameters
    ----------
    grid
        Periodic axes, and such with Dirichlet and Neumann walls in any mixture, of which
        there is one at least.
    k, c
        As for `DirectSolver`.

    Attributes
    ----------
    nodes
        The grid of sources and solutions: as many Chebyshev points between the walls.

    Examples
    --------
    >>> grid = Grid((Axis("x", 9, 0.0, 1.0, "dirichlet"),))
    >>> solver = LegendreSolver(grid)
    >>> x, = solver.nodes.points()
    >>> found = solver.solve_field(np.exp(x), {("x", "upper"): 1.0 - np.e})
    >>> u = solver.nodes.interpolate(found.x, grid)
    >>> bool(abs(u - (1.0 - np.exp(grid.points()[0]))).max() < 1e-8)
    True
    """

    def __init__(
        self, grid: Grid, k: float | Sequence[float] = 1.0, c: float = 0.0
    ) -> None:
        started = time.perf_counter()
        self.grid = grid
        self.k, self.c = checked_coefficients(grid, k, c)
        self.nodes = Grid(tuple(nodes_of(axis) for axis in grid.axes))
        self.parts = [
            _Periodic(axis) if axis.boundary == "periodic" else _Between(axis, node, each)
            for axis, node, each in zip(grid.axes, self.nodes.axes, self.k, strict=True)
        ]
        terms = [kd * p.eigenvalues for kd, p in zip(self.k, self.parts, strict=True)]
        total = sum(np.ix_(*terms), start=np.zeros(())) + self.c
        self.singular = self.c == 0 and all(p.eigenvalues[0] == 0 for p in self.parts)
        zero = np.zeros(total.shape, dtype=bool)
        zero.flat[0] = self.singular
        if (abs(total[~zero]) <= 1e-12 * (abs(self.c) + max(map(np.max, terms)))).any():
            raise PdekitError("an eigenvalue is zero: there is a resonance")
        self._inverse = np.where(zero, 0.0, 1.0 / np.where(zero, 1.0, total))
        self.setup_s = time.perf_counter() - started

    def solve_field(
        self,
        f: Coefficient,
        walls: Walls | None = None,
        project: bool = False,
        *,
        rtol: float = 1e-8,
    ) -> Solution:
        """Solve with a source and data on the walls, all at the `nodes`.

        Raises
        ------
        PdekitError
            If a singular problem has no solution, unless ``project``.
        """
        started = time.perf_counter()
        values = np.broadcast_to(values_at(self.nodes, f), self.nodes.shape)
        source = on_every_axis([p.to_series for p in self.parts], values)
        lift, events = self._lift(walls or {})
        for d, (kd, part) in enumerate(zip(self.k, self.parts, strict=True)):
            source = source + kd * along_axis(part.second, lift, d)
        b = on_every_axis([p.test for p in self.parts], source - self.c * lift)
        events += self._balance(b, project)
        y = self._solved(b)
        history = refine(y, b, self._solved, self._residual, rtol) if b.any() else [0.0]
        series = lift + on_every_axis([p.recombined for p in self.parts], y)
        tail = self._tail(series)
        events.append(
            (0, f"the polynomials end with {tail:.1e} of the largest coefficient")
        )
        return Solution(
            x=on_every_axis([p.from_series for p in self.parts], series),
            converged=history[-1] <= rtol,
            reason="tol" if history[-1] <= rtol else "stagnation",
            iterations=max(1, len(history) - 1),
            matvecs=len(history) - 1,
            applications=max(1, len(history) - 1),
            relative_residual=history[-1],
            history=np.array(history),
            history_is_true=np.ones(len(history), dtype=bool),
            setup_s=self.setup_s,
            solve_s=time.perf_counter() - started,
            events=events,
            method="Legendre-Galerkin, diagonalised axis by axis",
        )

    # -- the system of Galerkin --------------------------------------------------------

    def _solved(self, b: Array) -> Array:
        """Return  A⁻¹ b  by the eigenvectors."""
        modes = on_every_axis([p.vectors.T for p in self.parts], b) * self._inverse
        return on_every_axis([p.vectors for p in self.parts], modes)

    def _residual(self, b: Array, y: Array) -> Array:
        """Return  b − A y,  A = Σ k K ⊗ M ⊗ … + c M ⊗ M …."""
        mass = [p.mass for p in self.parts]
        r = b - self.c * on_every_axis(mass, y)
        for d, (kd, part) in enumerate(zip(self.k, self.parts, strict=True)):
            r -= kd * on_every_axis([*mass[:d], np.diag(part.stiffness), *mass[d + 1 :]], y)
        return r

    def _balance(self, b: Array, project: bool) -> list[tuple[int, str]]:
        """Take what a singular system cannot reach off b, in place."""
        if not self.singular:
            return []
        constant = reduce(np.multiply.outer, (p.vectors[:, 0] for p in self.parts))
        excess = float(np.vdot(constant, b))
        if abs(excess) > 1e-9 * float(np.linalg.norm(b)) and not project:
            raise PdekitError(
                "the operator is singular, and source and fluxes do not balance: there is "
                "no solution; project=True takes the mean off"
            )
        b -= excess * on_every_axis([p.mass for p in self.parts], constant)
        return [(0, f"{excess:.3g} was taken off, so that the data balance")]

    def _tail(self, series: Array) -> float:
        """Return the largest of the last tenth of coefficients along axes with walls."""
        size, parts = float(abs(series).max()) or 1.0, list[float]()
        for d, part in enumerate(self.parts):
            if isinstance(part, _Between):
                last = series.take(range(-max(2, series.shape[d] // 10), 0), d)
                parts.append(float(abs(last).max()))
        return max(parts) / size

    # -- data on the walls -------------------------------------------------------------

    def _lift(self, walls: Walls) -> tuple[Array, list[tuple[int, str]]]:
        """Return the series of a function with the data of all walls: one after the other.

        ψ along the axis is 1 in what is given on one wall, and 0 in that on the other; it
        is multiplied by what is still missing there.
        """
        w = np.zeros(self.nodes.shape)
        data: list[tuple[int, int, Array]] = []
        for (name, side), given in walls.items():
            d, g = self.nodes.names.index(name), values_at(self.nodes, given)
            data.append((d, int(side == "upper"), self._wall_series(d, g)))
        for d in range(w.ndim):
            missing = [
                (e, g - self._on_wall(d, e, w)) for axis, e, g in data if axis == d
            ] + [
                (e, -self._on_wall(d, e, w))
                for e in ({0, 1} - {e for axis, e, _ in data if axis == d})
                if isinstance(self.parts[d], _Between)
            ]
            for e, g in missing:
                w = w + along(d, w.ndim, self.parts[d].lifts[:, e]) * g
        largest = max((float(abs(g).max()) for *_, g in data), default=0.0)
        misfits = [abs(g - self._on_wall(d, e, w)).max() for d, e, g in data]
        if (misfit := float(max(misfits, default=0.0))) <= _FIT * largest:
            return w, []
        sentence = (
            f"data on walls differ by {misfit:.1e} where these meet: they contradict each "
            "other, or the grid does not resolve them"
        )
        return w, [(0, sentence)]

    def _on_wall(self, d: int, end: int, w: Array) -> Array:
        """Return the series of the value, or the flux, of w on a wall."""
        return along_axis(self.parts[d].conditions[end : end + 1], w, d)

    def _wall_series(self, d: int, g: Array) -> Array:
        """Return the series of data on a wall, without what is rounding."""
        shape = [*self.nodes.shape]
        shape[d] = 1
        g = np.broadcast_to(g, shape)
        for e, part in enumerate(self.parts):
            g = g if e == d else along_axis(part.to_series, g, e)
        return np.where(abs(g) > _ROUNDING * abs(g).max(), g, 0.0)


def nodes_of(axis: Axis) -> Axis:
    """Return the Chebyshev points between the walls of an axis, at least a few."""
    if axis.boundary == "periodic":
        return axis
    return replace(axis, n=max(axis.n, FEWEST), boundary="chebyshev", centring="vertex")


class _Between:
    """Matrices of the polynomials between two walls."""

    def __init__(self, axis: Axis, node: Axis, k: float) -> None:
        n, half = node.n, 0.5 * node.length
        degree = np.arange(n)
        self.from_series = legendre.legvander(on_unit(node), n - 1)
        self.to_series = np.linalg.inv(self.from_series)
        self.second = np.zeros((n, n))
        self.second[: n - 2] = legendre.legder(np.eye(n), 2) / half**2
        ends = np.array([_end(kind, e, degree) for e, kind in enumerate(sides(axis))])
        flux = np.array([k / half if kind == "neumann" else 1.0 for kind in sides(axis)])
        self.conditions = flux[:, None] * ends
        self.lifts = _lifts(self.conditions)
        low, C = degree[: n - 2], np.eye(n, n - 2)
        C[low + 1, low], C[low + 2, low] = _, b = _recombined(ends)
        gram = half * 2.0 / (2.0 * degree + 1.0)
        self.recombined, self.test = C, C.T * gram
        self.mass = self.test @ C
        self.stiffness = -(4.0 * low + 6.0) * b / half
        self.eigenvalues, self.vectors = _eigen(self.stiffness, self.mass)


class _Periodic:
    """Matrices of the Fourier series of a periodic axis."""

    def __init__(self, axis: Axis) -> None:
        x, n = 2 * np.pi / axis.length * (axis.points() - axis.lower), axis.n
        m = np.arange(1, n // 2 + 1)
        waves = np.stack([np.cos(np.outer(x, m)), np.sin(np.outer(x, m))], axis=2)
        basis = np.column_stack([np.ones(n), waves.reshape(n, -1)])[:, :n]
        self.from_series = basis / np.sqrt((basis**2).sum(0) * axis.length / n)
        self.to_series = self.from_series.T * (axis.length / n)
        wavenumbers = 2 * np.pi / axis.length * np.r_[0.0, np.repeat(m, 2)[: n - 1]]
        self.eigenvalues = self.stiffness = wavenumbers**2
        self.second = -np.diag(self.eigenvalues)
        self.recombined = self.test = self.mass = self.vectors = np.eye(n)
        self.conditions = self.lifts = np.zeros((0, 0))


def _lifts(conditions: Array) -> Array:
    """Return the series with one condition 1 and the other 0, as columns."""
    found = np.zeros(conditions.T.shape)
    first = int(not conditions[:, 0].any())  # a constant has no flux
    square = conditions[:, first : first + 2]
    found[first : first + 2] = np.linalg.inv(square)
    return found


def on_unit(axis: Axis) -> Array:
    """Return the points of an axis on [−1, 1]."""
    return np.asarray((axis.points() - axis.lower) / (0.5 * axis.length) - 1.0)


def _end(kind: str, end: int, degree: Array) -> Array:
    """Return the values, or outward slopes, of the Legendre polynomials at an end."""
    sign = np.where(degree % 2, -1.0, 1.0) if end == 0 else np.ones(len(degree))
    return sign if kind == "dirichlet" else sign * degree * (degree + 1) / 2


def _recombined(ends: Array) -> tuple[Array, Array]:
    """Return the a and b with which  Lₖ + aₖ Lₖ₊₁ + bₖ Lₖ₊₂  is zero in both conditions."""
    first, second, third = ends[:, :-2], ends[:, 1:-1], ends[:, 2:]
    pairs = np.stack([second.T, third.T], axis=2)
    a, b = np.linalg.solve(pairs, -first.T[:, :, None])[:, :, 0].T
    return a, b


def _eigen(stiffness: Array, mass: Array) -> tuple[Array, Array]:
    """Return λ and E with  Eᵀ K E = λ,  Eᵀ M E = 1,  the smooth ones exact to rounding.

    Their inverses are the largest eigenvalues of  K⁻¹ᐟ² M K⁻¹ᐟ².  A constant, whose
    stiffness is zero, is orthogonal to all others and goes first.
    """
    first = int(stiffness[0] == 0)
    scale = 1.0 / np.sqrt(stiffness[first:])
    mu, Q = np.linalg.eigh(scale[:, None] * mass[first:, first:] * scale)
    mu, Q = mu[::-1], Q[:, ::-1]
    values, vectors = np.zeros(len(mass)), np.zeros_like(mass)
    values[first:], vectors[first:, first:] = 1.0 / mu, scale[:, None] * Q / np.sqrt(mu)
    if first:
        vectors[0, 0] = 1.0 / math.sqrt(mass[0, 0])
    return values, vectors


def on_every_axis(matrices: Sequence[Array], u: Array) -> Array:
    """Apply a matrix along every axis."""
    for d, matrix in enumerate(matrices):
        u = along_axis(matrix, u, d)
    return u


def along_axis(matrix: Array, u: Array, d: int) -> Array:
    """Apply a matrix along an axis."""
    return np.asarray(np.moveaxis(np.tensordot(matrix, u, (1, d)), 0, d))
