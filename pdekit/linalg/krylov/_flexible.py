"""Flexible conjugate gradients: for preconditioners that vary or are not symmetric."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from pdekit.errors import PdekitError
from pdekit.linalg.interface import LinearOperator, Preconditioner, Solution
from pdekit.linalg.krylov._cg import check_symmetric, not_definite
from pdekit.linalg.krylov._run import Callback, Replacement, Run, dot
from pdekit.typing import Array


class Directions:
    """The last m directions p with A p, to which new ones are made conjugate."""

    def __init__(self, m: int, shape: tuple[int, ...]) -> None:
        from pdekit.linalg.krylov import _kernels

        self.kernels, self.m, self.count, self._next = _kernels, m, 0, 0
        self.p, self.q = np.empty((m + 1, *shape)), np.empty((m + 1, *shape))
        self.d, self._c = np.empty(m + 1), np.empty(m + 1)
        self._ring = (self.p.reshape(m + 1, -1), self.q.reshape(m + 1, -1), self.d)

    def forget(self) -> None:
        """Start afresh."""
        self.count = 0

    def conjugate(self, p: Array) -> None:
        """Make a flat vector conjugate to them in place:  p −= Σ pᵢ (qᵢ, p)/dᵢ."""
        if self.count:
            first = (self._next - self.count) % (self.m + 1)
            self.kernels.conjugate(p, self._ring, first, self.count, self._c)

    def room(self) -> tuple[Array, Array]:
        """Return the arrays for the next direction p and for A p."""
        return self.p[self._next], self.q[self._next]

    def keep(self, d: float) -> None:
        """Keep what is in `room`;  d = (p, A p)."""
        self.d[self._next] = d
        self._next = (self._next + 1) % (self.m + 1)
        self.count = min(self.count + 1, self.m)

    def last(self) -> tuple[Array, Array, float] | None:
        """Return the last direction, A times it, and their product."""
        i = (self._next - 1) % (self.m + 1)
        return (self.p[i], self.q[i], float(self.d[i])) if self.count else None


def flexible_cg(
    op: LinearOperator,
    b: Array,
    P: Preconditioner | None = None,
    *,
    rtol: float = 1e-8,
    maxiter: int = 1000,
    x0: Array | None = None,
    project: bool = False,
    m: int = 5,
    callback: Callback | None = None,
) -> Solution:
    """Solve  A x = b  by flexible conjugate gradients, FCG(m).

    A new direction is made conjugate to the last m, and the step along it is the best one,
    whatever P returns: the error never grows in the norm of A.

    Parameters
    ----------
    op
        A symmetric positive (semi)definite operator.
    P
        Any preconditioner, also a nonlinear one.
    m
        Number of directions kept.

    References
    ----------
    Notay, SIAM J. Sci. Comput. 22 (2000) 1444.
    """
    check_symmetric(op)
    options: dict[str, Any] = {"rtol": rtol, "maxiter": maxiter, "x0": x0}
    run = Run("flexible CG", op, b, P, project=project, callback=callback, **options)
    r = np.empty(op.shape)
    return continue_flexibly(run, r, run.start(r), m)


def continue_flexibly(run: Run, r: Array, size: float, m: int = 5) -> Solution:
    """Go on from a run's x with the residual r."""
    if m < 1:
        raise PdekitError(f"m must be at least 1, got {m}")
    kept, guard = Directions(m, r.shape), Replacement()
    while True:
        if size <= run.goal:
            size = run.residual(r)
            run.correct(size)
            if size <= run.goal or guard.hopeless(run, size):
                return run.finish("stagnation", size)
        if run.iterations >= run.maxiter:
            return run.finish("maxiter")
        found = flexible_step(run, kept, r)
        if found is None:
            return run.finish("breakdown")
        size = found
        run.iterations += 1
        run.record(size)


def flexible_step(run: Run, kept: Directions, r: Array) -> float | None:
    """Do one iteration; return the norm of the residual, None after a breakdown."""
    p, q = kept.room()
    if run.P is None:
        np.copyto(p, r)
    else:
        run.precondition(r, p)
    flat = [a.reshape(-1) for a in (run.x, r, p, q)]
    kept.conjugate(flat[2])
    run.matvec(p, q)
    d, pr = dot(flat[2], flat[3]), dot(flat[2], flat[1])
    a = pr / d if d > 0 else math.nan
    if not math.isfinite(a) or a == 0:
        run.event(f"breakdown: (p, A p) = {d:.3g}, (p, r) = {pr:.3g}")
        if d < -1e-13 * math.sqrt(dot(flat[2], flat[2]) * dot(flat[3], flat[3])):
            raise not_definite(run, d)
        return None
    size = math.sqrt(kept.kernels.step(*flat, a))
    kept.keep(d)
    return size
