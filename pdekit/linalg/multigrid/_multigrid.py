"""Multigrid cycles as solver and as preconditioner."""

from __future__ import annotations

import time
from typing import Literal

import numpy as np

from pdekit.errors import PdekitError
from pdekit.linalg.interface import Solution, norm
from pdekit.linalg.multigrid._hierarchy import hierarchy
from pdekit.linalg.stencil import Stencil
from pdekit.typing import Array

Cycle = Literal["V", "W", "F"]


class Multigrid:
    """Cycles over a hierarchy of grids.

    Parameters
    ----------
    op
        The operator.
    cycle
        ``V``, ``W`` or ``F``.
    pre, post
        Sweeps before and after the coarse correction.
    symmetric
        Whether the sweeps after it go in the opposite order, which makes the cycle from
        zero a symmetric map: a preconditioner for conjugate gradients.
    precision
        ``single`` does the cycles in single precision; residuals stay in double.
    threads
        How many share the planes of large grids.
    """

    linear = True
    fixed = True

    def __init__(
        self,
        op: Stencil,
        cycle: Cycle = "V",
        pre: int = 1,
        post: int = 1,
        smoother: str = "auto",
        transfer: str = "auto",
        symmetric: bool = False,
        precision: str = "double",
        threads: int = 1,
    ) -> None:
        began = time.perf_counter()
        if cycle not in ("V", "W", "F"):
            raise PdekitError(f"a cycle is V, W or F, got {cycle!r}")
        if pre < 0 or post < 0 or pre + post == 0:
            raise PdekitError(f"a cycle needs sweeps, got pre = {pre}, post = {post}")
        if precision not in ("double", "single"):
            raise PdekitError(f"precision is double or single, got {precision!r}")
        self.op, self.kind, self.pre, self.post = op, cycle, pre, post
        self.symmetric = symmetric and pre == post
        self.single = precision == "single"
        self.events: list[str] = []
        self.levels, self.coarsest = hierarchy(
            op, single=self.single, threads=threads, events=self.events
        )
        self._plan64 = self.levels[0].plan
        self.name = f"multigrid {cycle}({pre},{post})"
        self.setup_s = time.perf_counter() - began

    # -- one cycle ---------------------------------------------------------------------

    def apply(self, r: Array, out: Array | None = None) -> Array:
        """Return the result of one cycle from zero."""
        if out is None:
            out = np.empty(self.op.shape)
        self._descend(0, out, np.ascontiguousarray(r, dtype=float), True)
        if self.op.singular:
            out -= out.mean()
        return out

    def cycle(self, b: Array, x: Array) -> Array:
        """Do one cycle for  A x = b  in place."""
        self._descend(0, x, b, False)
        if self.op.singular:
            x -= x.mean()
        return x

    def _descend(
        self, k: int, u: Array, f: Array, zero: bool, kind: str = "", sense: int = 0
    ) -> float:
        """One cycle on level k; returns the norm of the residual it found, if asked."""
        kind, level = kind or self.kind, self.levels[k]
        found = 0.0
        if level.transfer is None:
            u[...] = self.coarsest(f)
            return found
        for s in range(self.pre):
            how = (1 if zero else sense) if s == 0 else 0
            found += level.plan.sweep(u, f, 0, how)
        if self.pre == 0 and zero:
            u.fill(0)
        coarse = self.levels[k + 1]
        self._below(k, u, f, kind)
        level.transfer.prolong(coarse.u, u)
        for _ in range(self.post):
            level.plan.sweep(u, f, int(self.symmetric))
        return found

    def _below(self, k: int, u: Array, f: Array, kind: str) -> None:
        transfer, coarse = self.levels[k].transfer, self.levels[k + 1]
        assert transfer is not None  # noqa: S101
        transfer.restrict(f, u, coarse.f)
        if kind == "F":
            self._descend(k + 1, coarse.u, coarse.f, True, "F")
            if coarse.transfer is not None:
                self._descend(k + 1, coarse.u, coarse.f, False, "V")
            return
        self._descend(k + 1, coarse.u, coarse.f, True, kind)
        if kind == "W" and coarse.transfer is not None:
            self._descend(k + 1, coarse.u, coarse.f, False, kind)

    # -- solutions ---------------------------------------------------------------------

    def full(self, b: Array, cycles: int = 2) -> Array:
        """Return the result of full multigrid: every level starts from the coarser one."""
        rights: list[Array] = [np.ascontiguousarray(b, dtype=float)]
        for level, coarse in zip(self.levels, self.levels[1:], strict=False):
            rights.append(np.empty(coarse.shape))
            level.transfer.restrict(rights[-2], None, rights[-1])  # type: ignore[union-attr]
        x = self.coarsest(rights[-1])
        for k in reversed(range(len(self.levels) - 1)):
            fine = np.zeros(self.levels[k].shape)
            self.levels[k].transfer.prolong(x, fine)  # type: ignore[union-attr]
            for _ in range(cycles):
                self._descend(k, fine, rights[k], False)
            x = fine
        if self.op.singular:
            x -= x.mean()
        return x

    def solve(
        self,
        b: Array,
        rtol: float = 1e-8,
        max_cycles: int = 50,
        x0: Array | None = None,
        project: bool = False,
    ) -> Solution:
        """Cycle until  ‖b − A x‖ ≤ rtol ‖b‖,  or report why not."""
        began = time.perf_counter()
        x = np.zeros(self.op.shape) if x0 is None else np.array(x0, dtype=float)
        size, history, reason = norm(b), [], "maxiter"
        plan = self._plan64
        for _ in range(max_cycles + 1):
            history.append(plan.residual_norm(x, b) / size if size else 0.0)
            if history[-1] <= rtol:
                reason = "tol"
                break
            if len(history) > max_cycles:
                break
            self.cycle(b, x)
        return Solution(
            x, reason == "tol", reason, len(history) - 1, len(history), len(history) - 1,
            history[-1], np.array(history), np.ones(len(history), bool),
            setup_s=self.setup_s, solve_s=time.perf_counter() - began, method=self.name,
        )  # fmt: skip
