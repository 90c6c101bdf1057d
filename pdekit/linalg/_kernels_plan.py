"""Coefficients of the second-order operator in the form that the loops read."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from pdekit.linalg import _kernels
from pdekit.linalg._kernels_rows import FACES, LINES
from pdekit.threads import share
from pdekit.typing import Array

if TYPE_CHECKING:
    from pdekit.axis import Axis

SHARE = 60_000
"""Points from which on it pays to hand a share to another thread."""


@dataclass(frozen=True, eq=False)
class Lines:
    """Coefficients that are products of one factor per axis.

    Attributes
    ----------
    faces
        For every axis d the n_d + 1 numbers of its faces; constant inside along the last.
    parts
        For every axis the part of a cell at each point; it multiplies the faces across the
        other axes.
    reaction
        c, to be multiplied by all parts.
    """

    axes: tuple[Axis, ...]
    faces: tuple[Array, ...]
    parts: tuple[Array, ...]
    reaction: float

    path = LINES

    def coefficients(self, real: Any) -> Array:
        """Return the tables, see `pdekit.linalg._kernels`."""
        *slow, last = range(len(self.axes))
        lead = self._lead(last)
        tables = [self._table(d) for d in slow]
        nothing = np.array([0.0, 0.0, 0.0, 1.0])  # an axis that is not there
        tables += [nothing] * (2 - len(tables))
        return np.concatenate([lead, *tables]).astype(real)

    def _lead(self, d: int) -> Array:
        s, w = self.faces[d], self.parts[d]
        wrap = s[0] if self.axes[d].boundary == "periodic" else 0.0
        inner = s[1] if len(s) > 2 else 0.0
        first, last = s[0] + s[1], s[-2] + s[-1]
        uniform = wrap == 0 and w[0] == w[-1] == 1 and first == last == 2 * inner
        values = [inner, self.reaction, w[0], first, w[-1], last, wrap, not uniform]
        return np.array(values, dtype=float)

    def _table(self, d: int) -> Array:
        s = self.faces[d]
        return np.concatenate(
            [without_walls(s, 0, self.axes[d]), s[:-1] + s[1:], self.parts[d]]
        )


@dataclass(frozen=True, eq=False)
class Fields:
    """Coefficients that vary from point to point.

    Attributes
    ----------
    faces, couplings
        Coefficients of all faces across each axis, and of those between two unknowns.
    diagonal, reaction
        As in `Stencil`.
    """

    axes: tuple[Axis, ...]
    faces: tuple[Array, ...]
    couplings: tuple[Array, ...]
    diagonal: Array
    reaction: float | Array

    path = FACES

    def coefficients(self, real: Any) -> tuple[Array, ...]:
        """Return the couplings across each of three axes and the diagonal, flat."""
        nothing = np.zeros(1, real)
        *slow, last, diagonal = [
            np.ascontiguousarray(a, dtype=real).reshape(-1)
            for a in (*self.couplings, self.diagonal)
        ]
        slow += [nothing] * (2 - len(slow))
        return (*slow, last, diagonal)


def without_walls(a: Array, d: int, axis: Axis) -> Array:
    """Return the coefficients of faces without the walls, which couple nothing."""
    if axis.boundary == "periodic":
        return a
    a = np.array(a)
    a[(slice(None),) * d + ([0, -1],)] = 0.0
    return a


class Plan:
    """The operator as compiled loops for arrays of one shape and precision."""

    def __init__(
        self,
        given: Lines | Fields,
        *,
        single: bool = False,
        threads: int = 1,
        base: int = 0,
    ) -> None:
        self.shape = tuple(axis.n for axis in given.axes)
        self.real = np.dtype(np.float32 if single else np.float64)
        self.lanes = 64 // self.real.itemsize
        self._c = given.coefficients(self.real)
        *slow, n = self.shape
        slow += [1] * (2 - len(slow))
        wraps = [axis.boundary == "periodic" for axis in given.axes]
        wraps = [*wraps[:-1], *[False] * (3 - len(wraps)), wraps[-1]]
        self.g = np.array([*slow, n, *wraps, base], dtype=np.int64)
        self.loops = _kernels.kernels(given.path, len(self.shape) - 1, single)
        shares = threads if math.prod(self.shape) >= SHARE * threads else 1
        self.bounds = [round(k * slow[0] / shares) for k in range(shares + 1)]
        self._rows = [np.zeros(n + 8 * self.lanes, self.real) for _ in range(shares)]

    @cached_property
    def size(self) -> int:
        """Number of points."""
        return math.prod(self.shape)

    def field(self) -> Array:
        """Return zeros of the shape."""
        return np.zeros(self.shape, self.real)

    def product(self, u: Array, out: Array) -> Array:
        """Write  A u."""
        u, flat = u.reshape(-1), out.reshape(-1)
        self._share(lambda k, lo, hi: self.loops.product(flat, u, self.g, self._c, lo, hi))
        return out

    def residual(self, u: Array, f: Array, out: Array) -> Array:
        """Write  f − A u."""
        u, f, flat = u.reshape(-1), f.reshape(-1), out.reshape(-1)
        run = self.loops.residual
        self._share(lambda k, lo, hi: run(flat, u, f, self.g, self._c, lo, hi))
        return out

    def residual_norm(self, u: Array, f: Array) -> float:
        """Return  ‖f − A u‖₂."""
        u, f, run = u.reshape(-1), f.reshape(-1), self.loops.residual_squares
        total = self._share(
            lambda k, lo, hi: run(u, f, self._rows[k], self.g, self._c, lo, hi)
        )
        return math.sqrt(sum(total))

    def sweep(self, u: Array, f: Array, colour: int = 0, how: int = 0) -> float:
        """Relax the points of a colour, then the others; see the loop for ``how``."""
        u, f, run = u.reshape(-1), f.reshape(-1), self.loops.sweep
        if len(self._rows) == 1:
            args = (u, f, self._rows[0], self.g, self._c, colour, how, 0, self.bounds[1])
            squares = run(*args, 1)
            if self.g[3]:
                run(*args, 2)
            return math.sqrt(squares)
        total = 0.0
        for phase in (1, 2):
            total += sum(
                self._share(
                    lambda k, lo, hi, phase=phase: run(
                        u, f, self._rows[k], self.g, self._c, colour, how, lo, hi, phase
                    )
                )
            )
        return math.sqrt(total)

    def correct(self, z: Array, u: Array, f: Array, alpha: float, beta: float) -> None:
        """Write  z ← α z + β (f − A u)/diag."""
        z, u, f, run = z.reshape(-1), u.reshape(-1), f.reshape(-1), self.loops.correct
        self._share(lambda k, lo, hi: run(z, u, f, self.g, self._c, lo, hi, alpha, beta))

    def _share(self, run: Any) -> list[Any]:
        return share(run, self.bounds)

    @property
    def call(self) -> tuple[Array, Any]:
        """Geometry and coefficients, as the loops take them."""
        return self.g, self._c
