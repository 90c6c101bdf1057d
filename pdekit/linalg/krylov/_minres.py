"""The minimal residual method for symmetric systems, also indefinite ones."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from pdekit.errors import NotApplicable
from pdekit.linalg.interface import LinearOperator, Preconditioner, Solution
from pdekit.linalg.krylov._cg import what_lacks
from pdekit.linalg.krylov._run import Callback, Replacement, Run, dot
from pdekit.typing import Array


def minres(
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
    """Solve  A x = b  for a symmetric A, definite or not.

    The residual is the smallest there is in the Krylov space, in the norm of P.

    Parameters
    ----------
    op
        A symmetric operator.
    P
        A linear, symmetric, positive definite and fixed preconditioner.

    Raises
    ------
    NotApplicable
        If the operator is not symmetric, or P not what it must be.

    References
    ----------
    Paige & Saunders, SIAM J. Numer. Anal. 12 (1975) 617.
    """
    if not op.symmetric:
        raise NotApplicable("method", "minres needs a symmetric operator: use fgmres")
    if lacking := what_lacks(P):
        what = f"minres needs a preconditioner declared {' and '.join(lacking)}"
        raise NotApplicable("preconditioner", f"{what}: use fgmres")
    options: dict[str, Any] = {"rtol": rtol, "maxiter": maxiter, "x0": x0}
    run = Run("MINRES", op, b, P, project=project, callback=callback, **options)
    r, guard = np.empty(op.shape), Replacement()
    size = run.start(r)
    while True:
        if size <= run.goal:
            size = run.residual(r)
            run.correct(size)
            if size <= run.goal or guard.hopeless(run, size):
                return run.finish("stagnation", size)
        if run.iterations >= run.maxiter:
            return run.finish("maxiter")
        found = _Lanczos(run, r).advance()
        if found is None:
            return run.finish("breakdown")
        size = found


class _Lanczos:
    """The recurrences from one true residual on."""

    def __init__(self, run: Run, r: Array) -> None:
        from pdekit.linalg.krylov import _kernels

        self.run, self.r, self.kernels = run, r, _kernels
        self.v, self.y = np.empty(r.shape), np.empty(r.shape)
        self.u, self.u_old = r.copy(), np.zeros(r.shape)
        self.w, self.w_old = np.zeros(r.shape), np.zeros(r.shape)
        self.beta = self._norm(self.u)
        self.beta_old, self.phi = 0.0, self.beta
        self.c, self.s, self.dbar, self.epsilon = -1.0, 0.0, 0.0, 0.0
        self._coefficients = np.empty(6)

    def _norm(self, u: Array) -> float:
        """Set y = P u;  return  √(u, P u)."""
        if self.run.P is None:
            np.copyto(self.y, u)
        else:
            self.run.precondition(u, self.y)
        square = dot(u.reshape(-1), self.y.reshape(-1))
        if square < 0:
            why = (
                f"(r, P r) = {square:.3g} < 0: the preconditioner is not positive definite"
            )
            raise NotApplicable("preconditioner", f"{why}, as minres needs it")
        return math.sqrt(square)

    def advance(self) -> float | None:
        """Iterate until the recurred residual is small; None after a breakdown."""
        run = self.run
        size = math.inf
        while size > run.goal and run.iterations < run.maxiter:
            if not (self.beta > 0 and math.isfinite(self.beta)):
                run.event(f"breakdown: √(r, P r) = {self.beta:.3g}")
                return None
            alpha = self._lanczos()
            found = self._rotate(alpha)
            if found is None:
                run.event("breakdown: the operator is singular on the Krylov space")
                return None
            size = found
            run.iterations += 1
            run.record(size)
        return size

    def _lanczos(self) -> float:
        """Extend the basis by one vector; v is the current one."""
        beta, add = self.beta, self.kernels.add
        np.multiply(self.y, 1.0 / beta, out=self.v)
        self.run.matvec(self.v, self.y)
        y, u, old = (a.reshape(-1) for a in (self.y, self.u, self.u_old))
        if self.beta_old:
            add(y, -beta / self.beta_old, old)
        alpha = dot(self.v.reshape(-1), y)
        add(y, -alpha / beta, u)
        np.copyto(self.u_old, self.y)
        self.u, self.u_old = self.u_old, self.u
        self.beta_old, self.beta = beta, self._norm(self.u)
        return alpha

    def _rotate(self, alpha: float) -> float | None:
        """Apply the plane rotations and take the step; return the norm of the residual."""
        older = self.epsilon
        delta = self.c * self.dbar + self.s * alpha
        gbar = self.s * self.dbar - self.c * alpha
        self.epsilon, self.dbar = self.s * self.beta, -self.c * self.beta
        gamma = math.hypot(gbar, self.beta)
        if not (gamma > 0 and math.isfinite(gamma)):
            return None
        self.c, self.s = gbar / gamma, self.beta / gamma
        phi, self.phi = self.c * self.phi, self.s * self.phi
        back = -self.phi * self.c / self.beta if self.beta else 0.0
        self._coefficients[:] = older, delta, gamma, phi, self.s**2, back
        x, r, v, u = (a.reshape(-1) for a in (self.run.x, self.r, self.v, self.u))
        w = (self.w_old.reshape(-1), self.w.reshape(-1), u)
        square = self.kernels.minres_step(x, r, w, v, self._coefficients)
        self.w, self.w_old = self.w_old, self.w
        return math.sqrt(square)
