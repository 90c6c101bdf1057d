"""Coarse grids by the coefficients: black-box interpolation and Galerkin's operators.

Where a coefficient jumps, u is not smooth, but its flux is: the value at a point between
two coarse ones follows from the equation at that point, collapsed along the other axes.
With  A_c = Pᵀ A P  the coarse operator is the best one for that interpolation; it couples
each point with all 3ᵈ around it.  Any numbers of points will do.

References
----------
Dendy, Black box multigrid, J. Comput. Phys. 48 (1982).
Trottenberg, Oosterlee & Schüller, Multigrid (2001), section 7.7.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from pdekit.axis import Axis
from pdekit.crew import share
from pdekit.linalg._faces import between, sides
from pdekit.linalg._kernels_box import box_kernels, offsets
from pdekit.linalg._kernels_plan import SHARE, Fields, Lines
from pdekit.typing import Array

Prolongation = Callable[[int, "BoxTransfer"], Array]
"""Makes the weights of a step: level, and the step with the weights of black-box."""


@dataclass(frozen=True)
class Line:
    """One axis of a coarse grid: how many points it has and what its ends are."""

    n: int
    boundary: str
    lower: str

    @staticmethod
    def of(axis: Axis) -> Line:
        """Return the line of an axis."""
        return Line(axis.n, axis.boundary, sides(axis)[0])

    @property
    def first(self) -> int:
        """The first point that stays: not one beside a wall that is held."""
        return int(self.lower == "dirichlet")

    def coarse(self) -> Line:
        """Return every second point of it."""
        return Line((self.n - self.first + 1) // 2, self.boundary, self.lower)


def geometry(lines: Sequence[Line]) -> Array:
    """Return planes, rows, points and which of them are periodic."""
    *slow, last = [(line.n, line.boundary == "periodic") for line in lines]
    slow += [(1, False)] * (2 - len(slow))
    counts, wraps = zip(*slow, last, strict=True)
    return np.array([*counts, *wraps, 0], dtype=np.int64)


def three(values: Sequence[int], missing: int = 0) -> Array:
    """Return numbers per axis for planes, rows and points."""
    *slow, last = values
    return np.array([*slow, *[missing] * (2 - len(slow)), last], dtype=np.int64)


def axis_tables(line: Line, halves: bool) -> tuple[Array, Array, Array]:
    """Return where the neighbours of the points of an axis are, and the coarse ones.

    ``[point][−1, 0, 1]`` the neighbour; ``[point][slot]`` the coarse point; and
    ``[point][−1, 0, 1][slot][slot of the neighbour]`` the step between the coarse points,
    plus one.  What is not there is −1, and of no weight.
    """
    n, i = line.n, np.arange(line.n)
    coarse = line.coarse().n if halves else n
    periodic = line.boundary == "periodic"
    at = i[:, None] + np.array([-1, 0, 1])
    to = np.stack([i, i + 1], 1)
    if halves:
        to = ((i - line.first + 2) // 2 - 1)[:, None] + np.array([0, 1])
    alone = (i - line.first) % 2 == 0 if halves else i >= 0
    if periodic:
        at, to = at % n, to % coarse
    at[(at < 0) | (at >= n)] = -1
    to[(to < 0) | (to >= coarse)] = -1
    to[alone, 1] = -1
    step = to[at][:, :, None, :] - to[:, None, :, None]
    if periodic:
        step += coarse * ((step < -1).astype(int) - (step > 1))
    return at, to, np.clip(step + 1, 0, 2)


def _divided(planes: int, size: int, threads: int) -> list[int]:
    """Return where the shares of planes begin and end."""
    shares = threads if size >= SHARE * threads else 1
    return [round(k * planes / shares) for k in range(shares + 1)]


class BoxTransfer:
    """The step to the next level, by weights of every fine point.

    Attributes
    ----------
    weights
        ``[slot][point]``, see `pdekit.linalg._kernels_box`.
    """

    def __init__(
        self, lines: Sequence[Line], halves: Sequence[bool], threads: int = 1
    ) -> None:
        self.lines = list(lines)
        self.coarse = [
            line.coarse() if half else line
            for line, half in zip(lines, halves, strict=True)
        ]
        self.shape = tuple(line.n for line in self.coarse)
        self.g, self.gc = geometry(self.lines), geometry(self.coarse)
        self._first = three([line.first for line in lines])
        self._halves = three([int(half) for half in halves])
        self._places = [*range(len(lines) - 1), 2]
        self._loops = box_kernels(len(lines) - 1, False)
        size = math.prod(line.n for line in lines)
        self._bounds = _divided(int(self.g[0]), size, threads)
        self._coarse_bounds = _divided(int(self.gc[0]), size, threads)
        self.weights: Array

    def interpolate(self, a: Array, off: Array) -> Array:
        """Return the weights that follow from the coefficients."""
        w = np.zeros((8, a.shape[1]))
        self._loops.interpolation(w, a, off, self.g, self._first, self._halves)
        return w

    def galerkin(self, a: Array, off: Array) -> Array:
        """Return  Pᵀ A P  as arrays of coefficients."""
        places = offsets(len(self.lines) - 1)
        number = np.zeros((3, 3, 3), dtype=np.int64)
        for s, (i, j, k) in enumerate(places):
            number[i + 1, j + 1, k + 1] = s
        c = np.zeros((len(places), math.prod(self.shape)))
        lines = list(zip(self.lines, self._halves[self._places], strict=True))
        lines[-1:-1] = [(Line(1, "open", ""), 0)] * (3 - len(lines))
        tables = [table for line, half in lines for table in axis_tables(line, half)]
        args = (self.weights, self.g, self.gc, self._first, self._halves)
        self._loops.galerkin(c, a, off, *args, *tables, number)
        return c

    def use(self, weights: Array, real: Any) -> None:
        """Take these weights, in the precision of the cycle."""
        self.weights = np.ascontiguousarray(weights, dtype=real)

    def restrict_field(self, r: Array, out: Array) -> None:
        """Write  Pᵀ r."""
        args = (self.weights, self.g, self.gc, self._first, self._halves)
        out, r, run = out.reshape(-1), r.reshape(-1), self._loops.restrict_by
        share(lambda k, lo, hi: run(out, r, *args, lo, hi), self._coarse_bounds)

    def prolong(self, e: Array, u: Array, keep: float = 1.0) -> None:
        """Write  u ← keep u + P e."""
        args = (self.weights, self.g, self.gc, self._first, self._halves)
        u, e, run = u.reshape(-1), e.reshape(-1), self._loops.prolong_by
        share(lambda k, lo, hi: run(u, e, *args, keep, lo, hi), self._bounds)


class BoxPlan:
    """An operator of 3ᵈ points as compiled loops."""

    def __init__(
        self, lines: Sequence[Line], a: Array, real: Any, threads: int = 1
    ) -> None:
        self.shape = tuple(line.n for line in lines)
        self.size = math.prod(self.shape)
        self.real = np.dtype(real)
        self.a = a
        self._flat = np.ascontiguousarray(a, dtype=real).reshape(-1)
        self.g = geometry(lines)
        # around an odd number of points there are neighbours of one colour
        odd = any(line.boundary == "periodic" and line.n % 2 for line in lines)
        self._bounds = _divided(int(self.g[0]), self.size, 1 if odd else threads)
        self._loops = box_kernels(len(lines) - 1, self.real == np.float32)
        classes = [0, 1] if len(lines) < 3 else [0, 1, 2, 3]
        self._classes = [2 * c for c in classes] if len(lines) < 3 else classes

    def field(self) -> Array:
        """Return zeros with room before and behind, which registers may read."""
        room = 64
        return np.zeros(self.size + 2 * room, self.real)[room:-room].reshape(self.shape)

    def sweep(self, u: Array, f: Array, colour: int = 0, how: int = 0) -> float:
        """Relax all colours in turn, backwards if ``colour``; from zero if ``how``."""
        if how == 1:
            u.fill(0)
        u, f = u.reshape(-1), f.reshape(-1)
        for c in reversed(self._classes) if colour else self._classes:

            def run(k: int, lo: int, hi: int, c: int = c) -> None:
                self._loops.sweep(u, f, self.g, self._flat, colour, c, lo, hi)

            share(run, self._bounds)
        return 0.0

    def residual(self, u: Array, f: Array, out: Array) -> Array:
        """Write  f − A u."""
        flat, u, f, run = (
            out.reshape(-1),
            u.reshape(-1),
            f.reshape(-1),
            self._loops.residual,
        )
        share(lambda k, lo, hi: run(flat, u, f, self.g, self._flat, lo, hi), self._bounds)
        return out

    def correct(self, z: Array, u: Array, f: Array, alpha: float, beta: float) -> None:
        """Write  z ← α z + β (f − A u)/diag."""
        r = self.residual(u, f, self._room)
        r /= self._flat.reshape(-1, self.size)[1].reshape(self.shape)
        z *= alpha
        z += beta * r

    @cached_property
    def _room(self) -> Array:
        return self.field()

    def bound(self) -> float:
        """Return a bound of the eigenvalues of  diag⁻¹ A,  by Gershgorin's theorem."""
        return float((np.abs(self.a).sum(0) / self.a[1]).max())

    def tocsr(self) -> Any:
        """Return the `scipy.sparse` matrix of flattened arrays."""
        import scipy.sparse as sp

        index = np.indices(self.shape).reshape(len(self.shape), -1)
        rows, columns, values = [], [], []
        for s, place in enumerate(offsets(len(self.shape) - 1)):
            step = [*place[: len(self.shape) - 1], place[2]]
            used = np.flatnonzero(self.a[s])
            to = [(index[d][used] + step[d]) % n for d, n in enumerate(self.shape)]
            rows.append(used)
            columns.append(np.ravel_multi_index(to, self.shape))
            values.append(self.a[s][used])
        entries = np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))
        return sp.coo_array(entries, shape=(self.size,) * 2).tocsr()


def as_box(given: Lines | Fields) -> tuple[Array, Array]:
    """Return the coefficients of 2d + 1 points and their offsets."""
    if isinstance(given, Lines):
        raise TypeError("tables are expanded before")
    ndim, off, arrays = len(given.axes), [(0, 0, 0)], [given.diagonal]
    for d in range(ndim):
        place = 2 if d == ndim - 1 else d
        for step, part in ((-1, (0, -1)), (1, (1, None))):
            off.append(tuple(step if e == place else 0 for e in range(3)))  # type: ignore[arg-type]
            arrays.append(-between(given.couplings[d], d, *part))
    flat = np.stack([np.asarray(a, float).reshape(-1) for a in arrays])
    return flat, np.array(off, dtype=np.int64)
