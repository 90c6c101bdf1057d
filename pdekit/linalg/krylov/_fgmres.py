"""Flexible GMRES: any operator, any preconditioner."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from pdekit.errors import PdekitError
from pdekit.linalg.interface import LinearOperator, Preconditioner, Solution
from pdekit.linalg.krylov._run import Callback, Replacement, Run, dot, length
from pdekit.typing import Array


def fgmres(
    op: LinearOperator,
    b: Array,
    P: Preconditioner | None = None,
    *,
    rtol: float = 1e-8,
    maxiter: int = 1000,
    x0: Array | None = None,
    project: bool = False,
    restart: int = 30,
    callback: Callback | None = None,
) -> Solution:
    """Solve  A x = b  for any A, preconditioned from the right by whatever P is.

    Parameters
    ----------
    restart
        Number of directions before the iteration starts again from its x; twice as many
        vectors are kept.  x, and what ``callback`` gets, changes at restarts only.

    References
    ----------
    Saad, SIAM J. Sci. Comput. 14 (1993) 461.
    """
    if restart < 1:
        raise PdekitError(f"restart must be at least 1, got {restart}")
    options: dict[str, Any] = {"rtol": rtol, "maxiter": maxiter, "x0": x0}
    run = Run("FGMRES", op, b, P, project=project, callback=callback, **options)
    r, guard = np.empty(op.shape), Replacement()
    size, cycle = run.start(r), _Cycle(run, restart)
    stuck = 0
    while True:
        if size <= run.goal:
            return run.finish("tol", size)
        if run.iterations >= run.maxiter:
            return run.finish("maxiter", size)
        before = size
        claimed = cycle.run_once(r, size)
        size = run.residual(r)
        run.correct(size)
        if cycle.broken:
            return run.finish("breakdown", size)
        if claimed <= run.goal < size and guard.hopeless(run, size):
            return run.finish("stagnation", size)
        stuck = stuck + 1 if size > (1 - 1e-6) * before else 0
        if stuck == 3:
            run.event(f"no progress in three cycles of {restart}")
            return run.finish("stagnation", size)


class _Cycle:
    """The vectors of one cycle, and the Givens rotations."""

    def __init__(self, run: Run, m: int) -> None:
        from pdekit.linalg.krylov import _kernels

        self.run, self.m, self.kernels = run, m, _kernels
        self.V = np.empty((m + 1, *run.x.shape))
        self.Z = self.V if run.P is None else np.empty((m, *run.x.shape))
        self.R = np.zeros((m + 1, m))
        self.g, self.c, self.s = np.zeros(m + 1), np.zeros(m), np.zeros(m)
        self.broken = self.exhausted = False

    def run_once(self, r: Array, size: float) -> float:
        """Iterate from a residual and update x; return the norm by the recurrence."""
        run = self.run
        self.g.fill(0.0)
        self.g[0] = size
        np.multiply(r, 1.0 / size, out=self.V[0])
        j = 0
        while j < self.m and run.iterations < run.maxiter and not self.broken:
            if run.P is not None:
                run.precondition(self.V[j], self.Z[j])
            run.matvec(self.Z[j], self.V[j + 1])
            if not self._orthogonalise(j) or not self._rotate(j):
                break
            j += 1
            run.iterations += 1
            run.record(abs(self.g[j]))
            if abs(self.g[j]) <= run.goal or self.exhausted:
                break
        self._update(j)
        return float(abs(self.g[j]))

    def _orthogonalise(self, j: int) -> bool:
        """Orthogonalise the new vector, a second time if most of it cancels."""
        w = self.V[j + 1].reshape(-1)
        before = length(w)
        column = self.R[:, j]
        column.fill(0.0)
        for attempt in range(2):
            for i in range(j + 1):
                v = self.V[i].reshape(-1)
                h = dot(v, w)
                column[i] += h
                self.kernels.add(w, -h, v)
            after = length(w)
            if after > 0.1 * before or attempt:
                break
        if not math.isfinite(after):
            self.run.event("breakdown: a product with A or P is not finite")
            self.broken = True
            return False
        column[j + 1] = after if after > 1e-15 * before else 0.0
        if column[j + 1]:
            np.multiply(w, 1.0 / after, out=w)
        return True

    def _rotate(self, j: int) -> bool:
        """Turn the new column into one of an upper triangle."""
        column = self.R[:, j]
        self.exhausted = column[j + 1] == 0
        for i in range(j):
            a, b = column[i], column[i + 1]
            column[i] = self.c[i] * a + self.s[i] * b
            column[i + 1] = self.c[i] * b - self.s[i] * a
        radius = math.hypot(column[j], column[j + 1])
        if radius == 0:
            self.run.event("breakdown: the operator is singular on the Krylov space")
            self.broken = True
            return False
        self.c[j], self.s[j] = column[j] / radius, column[j + 1] / radius
        column[j] = radius
        self.g[j], self.g[j + 1] = self.c[j] * self.g[j], -self.s[j] * self.g[j]
        return True

    def _update(self, count: int) -> None:
        """Add the best combination of the directions to x."""
        y = np.zeros(count)
        for i in reversed(range(count)):
            y[i] = (self.g[i] - self.R[i, i + 1 : count] @ y[i + 1 :]) / self.R[i, i]
        x = self.run.x.reshape(-1)
        for i in range(count):
            self.kernels.add(x, y[i], self.Z[i].reshape(-1))
