"""Conjugate gradients for symmetric positive definite systems."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from pdekit.errors import NotApplicable
from pdekit.linalg.interface import LinearOperator, Preconditioner, Solution
from pdekit.linalg.krylov._run import Callback, Replacement, Run, dot
from pdekit.typing import Array


class ConjugateGradients:
    """The iteration, a step at a time, so that another solver can hand over to it.

    Attributes
    ----------
    x, r, size
        Iterate, recurred residual and its norm.
    energy
        ‖e₀‖² − ‖e‖²  in the norm of A:  how far it has come.
    trouble
        Why no further step is possible, or empty.
    """

    def __init__(
        self, run: Run, P: Any, x: Array, r: Array, size: float, energy: float = 0.0
    ) -> None:
        from pdekit.linalg.krylov import _kernels

        self.run, self.P, self.kernels = run, P, _kernels
        self.x, self.r, self.size, self.energy = x, r, size, energy
        self.p, self.q = np.empty(x.shape), np.empty(x.shape)
        self.z = r if P is None else np.empty(x.shape)
        self.flat = [a.reshape(-1) for a in (x, r, self.p, self.q, self.z)]
        self.trouble = ""
        self.restart()

    def restart(self) -> None:
        """Forget the last direction."""
        self._rz = 0.0

    def follow(self, p: Array, q: Array, d: float) -> None:
        """Take the direction that another iteration went last as the last one.

        The first direction is made conjugate to it. As r is orthogonal to it, all that
        follows is as if it had been a direction of this iteration.
        """
        self._precondition()
        np.copyto(self.p, p)
        beta = -dot(self.flat[4], q.reshape(-1)) / d
        self.kernels.direction(self.flat[2], self.flat[4], beta)
        self._rz = dot(self.flat[1], self.flat[4])
        self._ready = True

    _ready = False

    def _precondition(self) -> None:
        if self.P is not None:
            self.run.precondition(self.r, self.z, self.P)

    def _turn(self) -> bool:
        """Find the next direction."""
        _, r, p, _, z = self.flat
        self._precondition()
        rz = dot(r, z)
        if not math.isfinite(rz) or rz <= 0:
            kind = "not positive definite" if rz < 0 else "of no use"
            self.trouble = f"(r, P r) = {rz:.3g}: the preconditioner is {kind}"
            return False
        self.kernels.direction(p, z, rz / self._rz) if self._rz else np.copyto(p, z)
        self._rz = rz
        return True

    def step(self) -> bool:
        """Do one iteration; return whether it could be done."""
        if not self._ready and not self._turn():
            return False
        self._ready = False
        x, r, p, q, _ = self.flat
        self.run.matvec(self.p, self.q)
        curvature = dot(p, q)
        a = self._rz / curvature if curvature > 0 else math.nan
        if not math.isfinite(a):
            self.trouble = f"(p, A p) = {curvature:.3g}"
            if curvature < -1e-13 * math.sqrt(dot(p, p) * dot(q, q)):
                raise not_definite(self.run, curvature)
            return False
        self.energy += a * self._rz
        self.size = math.sqrt(self.kernels.step(x, r, p, q, a))
        return True


def conjugate_gradients(
    op: LinearOperator,
    b: Array,
    P: Preconditioner | None = None,
    *,
    rtol: float = 1e-8,
    maxiter: int = 1000,
    x0: Array | None = None,
    project: bool = False,
    promote: bool = True,
    callback: Callback | None = None,
) -> Solution:
    """Solve  A x = b  by (preconditioned) conjugate gradients.

    Parameters
    ----------
    op
        A symmetric positive (semi)definite operator.
    P
        A linear, symmetric and fixed preconditioner.
    promote
        Whether flexible conjugate gradients take over when P is not that, or turns out not
        to be positive definite; otherwise it is refused.
    callback
        Called with the number of iterations done and a copy of the iterate.

    Raises
    ------
    NotApplicable
        If the operator is not symmetric or not positive definite, or P is refused.

    References
    ----------
    Hestenes & Stiefel, J. Res. Nat. Bur. Standards 49 (1952) 409.
    """
    from pdekit.linalg.krylov._flexible import continue_flexibly, flexible_cg

    check_symmetric(op)
    options: dict[str, Any] = {"rtol": rtol, "maxiter": maxiter, "x0": x0}
    options |= {"project": project, "callback": callback}
    lacking = what_lacks(P)
    if P is not None and lacking:
        reason = f"the preconditioner {P.name!r} is not declared {' and '.join(lacking)}"
        if not promote:
            raise NotApplicable("preconditioner", f"{reason}: use flexible_cg or fgmres")
        found = flexible_cg(op, b, P, **options)
        found.events.insert(0, (0, f"{reason}: flexible conjugate gradients are used"))
        return found
    run = Run("conjugate gradients", op, b, P, **options)
    r = np.empty(op.shape)
    state = ConjugateGradients(run, P, run.x, r, run.start(r))
    reason, size = iterate(run, state)
    if reason == "breakdown" and "not positive" in state.trouble:
        if not promote:
            raise NotApplicable("preconditioner", state.trouble)
        run.event(f"{state.trouble}: flexible conjugate gradients go on")
        return continue_flexibly(run, state.r, state.size)
    return run.finish(reason, size)


def iterate(run: Run, state: ConjugateGradients) -> tuple[str, float | None]:
    """Go on until it is solved or cannot be; return why, and the true residual if known."""
    guard = Replacement()
    while True:
        if state.size <= run.goal:
            size = run.residual(state.r)
            run.correct(size)
            if size <= run.goal or guard.hopeless(run, size):
                return "stagnation", size
            state.size = size
            state.restart()
        if run.iterations >= run.maxiter:
            return "maxiter", None
        if not state.step():
            run.event(f"breakdown: {state.trouble}")
            return "breakdown", None
        run.iterations += 1
        run.record(state.size)


def what_lacks(P: Preconditioner | None) -> list[str]:
    """Return what conjugate gradients need of a preconditioner and it is not declared."""
    needed = ("linear", "symmetric", "fixed")
    return [w for w in needed if P is not None and not getattr(P, w, False)]


def check_symmetric(op: LinearOperator) -> None:
    """Refuse an operator that conjugate gradients cannot solve for."""
    if not op.symmetric:
        raise NotApplicable(
            "method",
            "conjugate gradients need a symmetric operator: use bicgstab or fgmres",
        )


def not_definite(run: Run, curvature: float) -> NotApplicable:
    """Return the error for a direction of negative curvature."""
    return NotApplicable(
        "method",
        f"(p, A p) = {curvature:.3g} < 0 in iteration {run.iterations + 1}: the operator "
        "is not positive definite; use minres or fgmres",
    )
