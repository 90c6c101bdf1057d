"""BiCGSTAB: short recurrences for nonsymmetric systems."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from pdekit.linalg.interface import LinearOperator, Preconditioner, Solution
from pdekit.linalg.krylov._run import Callback, Replacement, Run, dot, length
from pdekit.typing import Array

RESTARTS = 10
"""How often a breakdown is answered by a new shadow residual."""


def bicgstab(
    op: LinearOperator,
    b: Array,
    P: Preconditioner | None = None,
    *,
    rtol: float = 1e-8,
    maxiter: int = 1000,
    x0: Array | None = None,
    project: bool = False,
    callback: Callback | None = None,
) -> Solution:
    """Solve  A x = b  for any A, preconditioned from the right.

    An iteration takes two products with A.  A breakdown of the recurrences is answered by
    starting them again from where they are.

    References
    ----------
    van der Vorst, SIAM J. Sci. Stat. Comput. 13 (1992) 631.
    """
    options: dict[str, Any] = {"rtol": rtol, "maxiter": maxiter, "x0": x0}
    run = Run("BiCGSTAB", op, b, P, project=project, callback=callback, **options)
    r, guard = np.empty(op.shape), Replacement()
    size = run.start(r)
    recurrence, restarts = _Recurrence(run, r), 0
    while True:
        if size <= run.goal:
            size = run.residual(r)
            run.correct(size)
            if size <= run.goal or guard.hopeless(run, size):
                return run.finish("stagnation", size)
            recurrence.restart()
        if run.iterations >= run.maxiter:
            return run.finish("maxiter")
        found = recurrence.step()
        if found is None:
            restarts += 1
            if restarts > RESTARTS or recurrence.fresh:
                run.event(f"breakdown: {recurrence.trouble}")
                return run.finish("breakdown")
            run.event(f"{recurrence.trouble}: restarted with another shadow residual")
            recurrence.restart()
            continue
        size = found
        run.iterations += 1
        run.record(size)


class _Recurrence:
    """The vectors, and one iteration."""

    def __init__(self, run: Run, r: Array) -> None:
        from pdekit.linalg.krylov import _kernels

        self.run, self.r, self.kernels, self.trouble = run, r, _kernels, ""
        self.shadow, self.p, self.v, self.t = (np.empty(r.shape) for _ in range(4))
        self.p_hat = self.p if run.P is None else np.empty(r.shape)
        self.s_hat = self.r if run.P is None else np.empty(r.shape)
        self.restart()

    def restart(self) -> None:
        """Start the recurrences from the current residual."""
        np.copyto(self.shadow, self.r)
        self.p.fill(0.0)
        self.v.fill(0.0)
        self.rho = self.alpha = self.omega = 1.0
        self.fresh = True

    def _broken(self, value: float, scale: float, what: str) -> bool:
        """Whether an inner product is lost to rounding."""
        lost = not math.isfinite(value) or abs(value) <= 1e-15 * scale
        if lost:
            self.trouble = f"{what} = {value:.3g}"
        return lost

    def step(self) -> float | None:
        """Do one iteration; return the norm of the residual, None after a breakdown."""
        run, k = self.run, self.kernels
        x, r, p, v, shadow = (
            a.reshape(-1) for a in (run.x, self.r, self.p, self.v, self.shadow)
        )
        rho, size = dot(shadow, r), length(self.r)
        if self._broken(rho, length(self.shadow) * size, "(r̂, r)"):
            return None
        k.three(p, r, v, rho / self.rho * self.alpha / self.omega, self.omega)
        self._apply(self.p, self.p_hat, self.v)
        pivot = dot(shadow, v)
        if self._broken(pivot, length(self.shadow) * length(self.v), "(r̂, A p)"):
            return None
        self.rho, self.alpha, self.fresh = rho, rho / pivot, False
        half = math.sqrt(k.step(x, r, self.p_hat.reshape(-1), v, self.alpha))
        if half <= run.goal:
            self.omega = 1.0
            return half
        return self._stabilise(x, r, half)

    def _stabilise(self, x: Array, r: Array, half: float) -> float | None:
        self._apply(self.r, self.s_hat, self.t)
        t = self.t.reshape(-1)
        ts = dot(t, r)
        if self._broken(ts, length(self.t) * half, "(t, s)"):
            self.omega = 1.0
            return None
        self.omega = ts / dot(t, t)
        if self.s_hat is self.r:  # x first: the step overwrites s
            self.kernels.add(x, self.omega, r)
            self.kernels.add(r, -self.omega, t)
            return length(self.r)
        s_hat = self.s_hat.reshape(-1)
        return math.sqrt(self.kernels.step(x, r, s_hat, t, self.omega))

    def _apply(self, p: Array, p_hat: Array, v: Array) -> None:
        """Set  p̂ = P p  and  v = A p̂."""
        if p_hat is not p:
            self.run.precondition(p, p_hat)
        self.run.matvec(p_hat, v)
