"""A level of a hierarchy: its operator, its arrays and the way to the coarser one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from pdekit.linalg._kernels_plan import SHARE, Fields, Lines, Plan, share
from pdekit.linalg.multigrid._axis import AxisTransfer
from pdekit.typing import Array

Table = tuple[Array, Array]


class Transfer:
    """Restriction of residuals to, and prolongation of corrections from, the next level."""

    def __init__(self, fine: Plan, steps: Sequence[AxisTransfer], threads: int) -> None:
        self.steps, self.fine = tuple(steps), fine
        self.shape = tuple(step.coarse.n for step in steps)
        *slow, count = self.shape
        slow += [1] * (2 - len(slow))
        self.gc = np.array([*slow, count], dtype=np.int64)
        self._prolong = fine.loops.prolong
        nothing = np.array([[0, 0]]), np.array([[1.0, 0.0]])
        tables = [step.table for step in steps[:-1]]
        tables += [nothing] * (2 - len(tables))
        halves = [step.half for step in steps[:-1]] + [1.0] * (3 - len(steps))
        self._up: list[Array] = []
        self._down: list[Array] = []
        for (to, by), half in zip(tables, halves, strict=True):
            to = np.ascontiguousarray(to, dtype=np.int64)
            self._up += [to, np.ascontiguousarray(by, dtype=float)]
            self._down += [to, np.ascontiguousarray(by * half, dtype=float)]
        self._up.append(steps[-1].prolongation)
        self._down.append(steps[-1].restriction)
        shares = threads if fine.size >= SHARE * threads else 1
        self._bounds = [round(k * slow[0] / shares) for k in range(shares + 1)]
        self._fine_bounds = [round(k * int(fine.g[0]) / shares) for k in range(shares + 1)]
        self._fused = shares == 1 and not fine.g[3]
        longest = fine.shape[-1] + 8 * fine.lanes
        self._rows = [np.zeros((2, longest), fine.real) for _ in range(shares)]

    def restrict(self, f: Array, u: Array | None, out: Array) -> None:
        """Write  R (f − A u),  or  R f  without u."""
        f, flat = f.reshape(-1), out.reshape(-1)
        v = f if u is None else u.reshape(-1)
        g, c = self.fine.call

        def run(k: int, lo: int, hi: int) -> None:
            t, row = self._rows[k]
            self.fine.loops.restrict(
                flat, v, f, u is None, t, row, g, self.gc, c, *self._down, lo, hi
            )

        share(run, self._bounds)

    def prolong(self, e: Array, u: Array, keep: float = 1.0) -> None:
        """Write  u ← keep u + P e."""
        e, flat = e.reshape(-1), u.reshape(-1)

        def run(k: int, lo: int, hi: int) -> None:
            self._prolong(
                flat, e, self._rows[k][0], self.fine.g, self.gc, *self._up, keep, lo, hi
            )

        share(run, self._fine_bounds)

    def sweep_restrict(self, f: Array, u: Array, out: Array, how: int) -> float:
        """Relax red-black, then restrict the residual; see `Plan.sweep` for ``how``."""
        if not self._fused:
            found = self.fine.sweep(u, f, 0, how)
            self.restrict(f, u, out)
            return found
        (t, row), (g, c) = self._rows[0], self.fine.call
        u, f, out = u.reshape(-1), f.reshape(-1), out.reshape(-1)
        run = self.fine.loops.sweep_restrict
        return math.sqrt(run(out, u, f, t, row, g, self.gc, c, *self._down, how))

    def prolong_sweep(self, e: Array, u: Array, f: Array, colour: int) -> None:
        """Add  P e,  then relax a colour and the other one."""
        if not self._fused:
            self.prolong(e, u)
            self.fine.sweep(u, f, colour)
            return
        g, c = self.fine.call
        u, f, e, row = u.reshape(-1), f.reshape(-1), e.reshape(-1), self._rows[0][0]
        self.fine.loops.prolong_sweep(u, e, f, row, g, self.gc, c, *self._up, colour)


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
