"""Multigrid cycles as solver and as preconditioner."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, Literal

import numpy as np

from pdekit.errors import PdekitError
from pdekit.linalg.interface import Solution, norm
from pdekit.linalg.multigrid._hierarchy import hierarchy
from pdekit.linalg.multigrid._smoothers import smoother_of
from pdekit.linalg.multigrid._solving import Solving, accepted
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
    smoother
        ``red-black``, ``line``, ``jacobi`` or ``chebyshev``; ``auto`` takes the first, or
        the last where numbers of points forbid it.
    transfer
        ``geometric``: linear interpolation and rediscretised coarse grids.  ``operator``:
        interpolation by the coefficients and Galerkin's coarse operators, for coefficients
        that jump, for masks, and for numbers of points that cannot be halved.  ``auto``
        chooses, and says why in `events`.
    symmetric
        Whether the sweeps after the correction go in the opposite order, which makes the
        cycle from zero a symmetric map: a preconditioner for conjugate gradients.
    precision
        ``single`` does the cycles in single precision; residuals stay in double.
    prolongation
        Weights of interpolation in place of those by the coefficients: an array for every
        step, ``[slot][point]`` as in `pdekit.linalg._kernels_box`, or a function that makes
        them of the number of the level and the step, whose weights are the usual ones.
    threads
        How many share the planes of large grids.

    Attributes
    ----------
    events
        What was decided, and what stands in the way of speed.
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
        *,
        prolongation: Callable[[int, Any], Array] | Sequence[Array] | None = None,
    ) -> None:
        began = time.perf_counter()
        if cycle not in ("V", "W", "F"):
            raise PdekitError(f"a cycle is V, W or F, got {cycle!r}")
        if pre < 0 or post < 0 or pre + post == 0:
            raise PdekitError(f"a cycle needs sweeps, got pre = {pre}, post = {post}")
        if symmetric and pre != post:
            raise PdekitError(f"a symmetric cycle needs pre = post, got {pre} and {post}")
        if precision not in ("double", "single"):
            raise PdekitError(f"precision is double or single, got {precision!r}")
        self.op, self.kind, self.pre, self.post = op, cycle, pre, post
        self.single = precision == "single"
        self.events: list[str] = []
        self.levels, self.coarsest = hierarchy(
            op,
            transfer,
            prolongation,
            full=smoother == "line",
            single=self.single,
            threads=threads,
            events=self.events,
        )
        self.smoother = smoother_of(smoother, self.levels, symmetric)
        self.symmetric = symmetric or (
            pre == post and self.smoother.name in ("jacobi", "chebyshev")
        )
        self.name = f"multigrid {cycle}({pre},{post}), {self.smoother.name}"
        self.setup_s = time.perf_counter() - began

    # -- one cycle ---------------------------------------------------------------------

    def apply(self, r: Array, out: Array | None = None) -> Array:
        """Return the result of one cycle from zero."""
        if out is None:
            out = np.empty(self.op.shape)
        if self.single:
            np.multiply(*self._single_cycle(r), out=out, dtype=float)
        elif out.flags.c_contiguous:
            self.descend(0, out, np.ascontiguousarray(r, dtype=float), zero=True)
        else:
            out[...] = self.apply(r)
        return self._free(out)

    def cycle(self, b: Array, x: Array) -> Array:
        """Do one cycle for  A x = b  in place."""
        if self.single:
            r = self.op.residual(b, x, self._room)
            x += np.multiply(*self._single_cycle(r), out=r, dtype=float)
        elif not x.flags.c_contiguous or x.dtype != float:
            x += self.apply(self.op.residual(b, x))
        else:
            self.descend(0, x, np.ascontiguousarray(b, dtype=float))
        return self._free(x)

    @property
    def ends_black(self) -> bool:
        """Whether a cycle ends with black points, and begins with red ones of the same."""
        black = self.smoother.name == "red-black" and not self.symmetric
        return (
            black and self.pre * self.post * (len(self.levels) - 1) > 0 and not self.single
        )

    @cached_property
    def _room(self) -> Array:
        return np.empty(self.op.shape)

    def _single_cycle(self, r: Array) -> tuple[Array, float]:
        """Do one cycle in single precision for a residual scaled to one."""
        size = float(max(r.max(), -r.min())) or 1.0
        f, u = self.levels[0].f, self.levels[0].u
        np.multiply(r, 1 / size, out=f, casting="same_kind")
        self.descend(0, u, f, zero=True)
        return u, size

    def _free(self, x: Array) -> Array:
        """Take the part in the null space away."""
        if self.op.singular:
            x -= x.mean()
        return x

    def descend(
        self, k: int, u: Array, f: Array, *, zero: bool = False, kind: str = ""
    ) -> None:
        """Do one cycle on level k."""
        if self.levels[k].transfer is None:
            u[...] = self.coarsest(f)
            return
        self.down(k, u, f, int(zero))
        self.up(k, u, f, kind or self.kind)

    def down(self, k: int, u: Array, f: Array, how: int) -> float:
        """Relax, and restrict the residual; see `Plan.sweep` for ``how``."""
        level, found = self.levels[k], 0.0
        if how == 1 and self.pre == 0:
            u.fill(0)
        for _ in range(self.pre):
            found = max(found, self.smoother.before(level, u, f, how))
            how = 0
        level.transfer.restrict(f, u, self.levels[k + 1].f)
        return found

    def up(self, k: int, u: Array, f: Array, kind: str) -> None:
        """Solve on the coarser level, add the correction, and relax."""
        level, coarse = self.levels[k], self.levels[k + 1]
        self._correction(k + 1, kind)
        level.transfer.prolong(coarse.u, u)
        for _ in range(self.post):
            self.smoother.after(level, u, f)

    def _correction(self, k: int, kind: str) -> None:
        """Solve on the coarser level by one cycle, or by two."""
        level = self.levels[k]
        self.descend(k, level.u, level.f, zero=True, kind=kind)
        if kind != "V" and level.transfer is not None:
            self.descend(k, level.u, level.f, kind="V" if kind == "F" else kind)

    # -- solutions ---------------------------------------------------------------------

    def full(self, b: Array, cycles: int = 2) -> Array:
        """Return the result of full multigrid: every level starts from the coarser one."""
        real = self.levels[0].plan.real
        rights = [np.ascontiguousarray(b, dtype=real)]
        for level, coarse in zip(self.levels, self.levels[1:], strict=False):
            assert level.transfer is not None  # noqa: S101 (only the last one has none)
            rights.append(np.empty(coarse.shape, real))
            level.transfer.restrict(rights[-2], None, rights[-1])
        x = np.asarray(self.coarsest(rights[-1]), real)
        for k in reversed(range(len(self.levels) - 1)):
            level = self.levels[k]
            fine, transfer = level.plan.field(), level.transfer
            assert transfer is not None  # noqa: S101
            transfer.prolong(x, fine)
            for _ in range(cycles):
                self.descend(k, fine, rights[k])
            x = fine
        return self._free(np.asarray(x, float))

    def solve(
        self,
        b: Array,
        rtol: float = 1e-8,
        max_cycles: int = 50,
        x0: Array | None = None,
        project: bool = False,
    ) -> Solution:
        """Cycle until  ‖b − A x‖ ≤ rtol ‖b‖,  or report why not.

        Raises
        ------
        PdekitError
            If b or x0 is not finite, or b has a part that a singular operator cannot make.
        """
        began = time.perf_counter()
        b, events = accepted(self.op, b, project)
        x = np.zeros(self.op.shape)
        if x0 is not None:
            x[...] = accepted(self.op, x0, True)[0]
        run = Solving(self, b, x, rtol * norm(b), norm(b))
        reason = run.run(max_cycles, start_known=x0 is None)
        return Solution(
            run.x, reason == "tol", reason, run.cycles, run.norms, run.cycles,
            run.history[-1], np.array(run.history), np.ones(len(run.history), bool),
            setup_s=self.setup_s, solve_s=time.perf_counter() - began,
            preconditioner_s=run.cycle_s, matvec_s=run.norm_s,
            events=[(0, text) for text in (*self.events, *events)] + run.events,
            method=self.name,
        )  # fmt: skip
