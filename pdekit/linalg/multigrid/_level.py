"""A level of a hierarchy: its operator, its arrays and the way to the coarser one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from pdekit.linalg._kernels_plan import SHARE, Fields, Lines, Plan
from pdekit.linalg.multigrid._axis import AxisTransfer
from pdekit.threads import share
from pdekit.typing import Array

Table = tuple[Array, Array]


def _table(to: Array, by: Array) -> Table:
    return (
        np.ascontiguousarray(to, dtype=np.int64),
        np.ascontiguousarray(by, dtype=float),
    )


class Transfer:
    """Restriction of residuals to, and prolongation of corrections from, the next level."""

    def __init__(self, fine: Plan, steps: Sequence[AxisTransfer], threads: int) -> None:
        self.steps, self.fine = tuple(steps), fine
        self.shape = tuple(step.coarse.n for step in steps)
        *slow, count = self.shape
        slow += [1] * (2 - len(slow))
        self.gc = np.array([*slow, count], dtype=np.int64)
        nothing = np.array([[0, 0]]), np.array([[1.0, 0.0]])
        *before, last = steps
        tables = [step.table for step in before] + [nothing] * (3 - len(steps))
        self._up = [*_table(*tables[0]), *_table(*tables[1]), last.prolongation]
        to, by = _table(*tables[0])
        half = before[0].half if before else 1.0
        rows = before[-1].rows if before else (np.zeros((1, 4)), np.zeros((1, 4)))
        self._down = [to, half * by, *_table(*rows), last.restriction]
        shares = threads if fine.size >= SHARE * threads else 1
        self._bounds = [round(k * slow[0] / shares) for k in range(shares + 1)]
        self._fine_bounds = [round(k * int(fine.g[0]) / shares) for k in range(shares + 1)]
        longest = (fine.shape[-1] // fine.lanes + 9) * fine.lanes
        self._rows = [np.zeros((2, longest), fine.real) for _ in range(shares)]
        self._rings = [np.zeros(4 * longest, fine.real) for _ in range(shares)]
        self._has = [np.zeros(4, np.int64) for _ in range(shares)]

    def restrict(self, f: Array, u: Array | None, out: Array) -> None:
        """Write  R (f − A u),  or  R f  without u."""
        f, flat = f.reshape(-1), out.reshape(-1)
        v = f if u is None else u.reshape(-1)
        g, c = self.fine.call

        def run(k: int, lo: int, hi: int) -> None:
            rows = (*self._rows[k], self._rings[k], self._has[k])
            self.fine.loops.restrict(
                flat, v, f, u is None, *rows, g, self.gc, c, *self._down, lo, hi
            )

        share(run, self._bounds)

    def prolong(self, e: Array, u: Array, keep: float = 1.0) -> None:
        """Write  u ← keep u + P e."""
        e, flat = e.reshape(-1), u.reshape(-1)

        def run(k: int, lo: int, hi: int) -> None:
            self.fine.loops.prolong(
                flat, e, self._rows[k][0], self.fine.g, self.gc, *self._up, keep, lo, hi
            )

        share(run, self._fine_bounds)


class Level:
    """Operator, right-hand side and unknowns of a level."""

    def __init__(self, given: Lines | Fields) -> None:
        self.given = given
        self.shape = tuple(axis.n for axis in given.axes)
        self.size = math.prod(self.shape)
        self.plan: Plan
        self.transfer: Transfer | None = None
        self.f: Array
        self.u: Array

    def prepare(
        self, steps: Sequence[AxisTransfer] | None, *, single: bool, threads: int
    ) -> None:
        """Make the loops and the arrays, with the colour of the coarse points as red."""
        base = sum(step.offset for step in steps) % 2 if steps else 0
        self.plan = Plan(self.given, single=single, threads=threads, base=base)
        if steps is not None:
            self.transfer = Transfer(self.plan, steps, threads)

    def make_arrays(self, real: Any) -> None:
        """Make room for a right-hand side and unknowns."""
        self.f, self.u = np.zeros(self.shape, real), np.zeros(self.shape, real)

    bound = 2.0
    """Of the eigenvalues of  diag⁻¹ A,  by Gershgorin's theorem."""

    @cached_property
    def step(self) -> Array:
        """Room for a correction."""
        return np.zeros(self.shape, self.plan.real)
