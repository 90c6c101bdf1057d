"""What all Krylov solvers share: the checked problem, its counters, history and events."""

from __future__ import annotations

import math
from collections.abc import Callable
from numbers import Integral, Real
from time import perf_counter
from typing import Any

import numpy as np

from pdekit.errors import PdekitError, ShapeError
from pdekit.linalg.interface import LinearOperator, Preconditioner, Solution
from pdekit.typing import Array

Callback = Callable[[int, Array], None]
"""Called with the number of iterations done and the iterate, a copy."""


class Run:
    """One system that is being solved.

    The right-hand side is scaled by a power of two to a size near one: nothing is rounded,
    and squares neither underflow nor overflow.

    Attributes
    ----------
    b, x
        Right-hand side and iterate, scaled.
    goal
        The norm of the residual at which it is solved.
    """

    def __init__(
        self,
        method: str,
        op: LinearOperator,
        b: Array,
        P: Preconditioner | None,
        *,
        rtol: float,
        maxiter: int,
        x0: Array | None = None,
        project: bool = False,
        callback: Callback | None = None,
    ) -> None:
        check_options(rtol, maxiter)
        self.method, self.op, self.P, self.maxiter = method, op, P, maxiter
        self.callback = callback
        self.iterations = self.matvecs = self.applications = 0
        self.matvec_s = self.preconditioner_s = 0.0
        self.events: list[tuple[int, str]] = []
        self._history: list[tuple[float, bool]] = []
        b = _vector(b, op.shape, "the right-hand side")
        self.null = [np.array(v, dtype=float, order="C").reshape(-1) for v in op.nullspace]
        self._check_compatible(b, project)
        largest = float(np.abs(b).max(initial=0.0))
        self.exponent = math.frexp(largest)[1] if largest else 0
        self.b = np.ldexp(b, -self.exponent)
        self.project(self.b)
        self.norm_b = length(self.b)
        self.goal = rtol * self.norm_b
        self.from_zero = x0 is None or not self.norm_b
        if x0 is None or not self.norm_b:
            self.x = np.zeros(op.shape)
        else:
            self.x = np.ldexp(_vector(x0, op.shape, "x0"), -self.exponent)
            self.project(self.x)
        _kernels().warm()
        self.began = perf_counter()

    # -- null space --------------------------------------------------------------------

    def _check_compatible(self, b: Array, project: bool) -> None:
        if self.null and not self.op.symmetric:
            raise PdekitError(
                "a singular operator must be symmetric: of others the left null space, "
                "which decides whether there is a solution, is not known"
            )
        largest = float(np.abs(b).max(initial=0.0))
        for v in self.null:
            mean = abs(dot(v, b.reshape(-1))) / dot(v, v) * float(np.abs(v).max())
            if mean > 1e-10 * largest and not project:
                raise PdekitError(
                    f"the operator is singular, and {mean:.3g} of b is in its null space: "
                    "there is no solution; project=True solves for the rest"
                )
        if self.null:
            self.event("the operator is singular: b and x are projected off its null space")

    def project(self, x: Array) -> Array:
        """Take the part in the null space out of an array, in place."""
        for v in self.null:
            flat = x.reshape(-1)
            _kernels().add(flat, -dot(v, flat) / dot(v, v), v)
        return x

    # -- the two operations that cost --------------------------------------------------

    def matvec(self, p: Array, q: Array) -> None:
        """Set  q = A p."""
        began = perf_counter()
        self.op.apply(p, out=q)
        self.matvec_s += perf_counter() - began
        self.matvecs += 1

    def residual(self, r: Array, x: Array | None = None) -> float:
        """Set  r = b − A x;  return its norm."""
        x = self.x if x is None else x
        began = perf_counter()
        self.op.residual(self.b, self.project(x), out=r)
        self.matvec_s += perf_counter() - began
        self.matvecs += 1
        return length(self.project(r))

    def start(self, r: Array) -> float:
        """Set r to the first residual and return its norm."""
        if self.from_zero:
            np.copyto(r, self.b)
            size = self.norm_b
        else:
            size = self.residual(r)
        self.record(size, true=True)
        if not math.isfinite(size):
            raise PdekitError("the residual of x0 is not finite")
        return size

    def ask(self, P: Any, r: Array, out: Array | None = None) -> Any:
        """Return what P makes of r; counted, also when it raises."""
        self.applications += 1
        began = perf_counter()
        try:
            return P.apply(r, out=out)
        finally:
            self.preconditioner_s += perf_counter() - began

    def precondition(self, r: Array, z: Array, P: Any = None) -> None:
        """Set  z = P r."""
        found = self.ask(self.P if P is None else P, r, z)
        if found is not z and found is not None:
            np.copyto(z, found)
        self.project(z)

    # -- the record --------------------------------------------------------------------

    def event(self, sentence: str) -> None:
        """Note that a safeguard acted."""
        self.events.append((self.iterations, sentence))

    def record(self, size: float, *, true: bool = False) -> None:
        """Note the norm of the residual."""
        self._history.append((self._relative(size), true))
        if self.callback is not None:
            self.callback(self.iterations, np.ldexp(self.x, self.exponent))

    def correct(self, size: float) -> None:
        """Replace the last recurred norm by the one computed from x."""
        self._history[-1] = (self._relative(size), True)

    def _relative(self, size: float) -> float:
        return size / self.norm_b if self.norm_b else 0.0

    def finish(self, reason: str, size: float | None = None) -> Solution:
        """Return what was found; ``size`` is the true norm of the residual if known."""
        if size is None:
            size = self.residual(np.empty(self.op.shape))
            self.correct(size)
        solve_s = perf_counter() - self.began
        history = np.array([h for h, _ in self._history])
        return Solution(
            x=np.ldexp(self.x, self.exponent),
            converged=size <= self.goal,
            reason="tol" if size <= self.goal else reason,
            iterations=self.iterations,
            matvecs=self.matvecs,
            applications=self.applications,
            relative_residual=self._relative(size),
            history=history,
            history_is_true=np.array([t for _, t in self._history], dtype=bool),
            setup_s=float(getattr(self.P, "setup_s", 0.0)),
            solve_s=solve_s,
            preconditioner_s=self.preconditioner_s,
            matvec_s=self.matvec_s,
            events=self.events,
            method=self.method + ("" if self.P is None else f" + {name_of(self.P)}"),
        )


class Replacement:
    """When a recurred residual says "solved" and the true one does not: go on, or stop.

    The recurrence has drifted, so it goes on from the true residual.  If the true one has
    not halved since the last time, rounding forbids more.
    """

    def __init__(self) -> None:
        self._last = math.inf

    def hopeless(self, run: Run, size: float) -> bool:
        """Return whether to stop, after a true residual of this norm."""
        stop = size > 0.5 * self._last
        self._last = size
        run.event(
            f"the true residual, {size / run.norm_b:.3g}, is above the tolerance that the "
            f"recurred one met: "
            + ("rounding allows no more" if stop else "restarted from the true one")
        )
        return stop


def name_of(P: Any) -> str:
    """Return how reports call a preconditioner."""
    return str(getattr(P, "name", type(P).__name__))


def check_options(rtol: float, maxiter: int) -> None:
    """Refuse a tolerance or a number of iterations that mean nothing."""
    if not (isinstance(rtol, Real) and 0 < float(rtol) < 1):
        raise PdekitError(f"rtol must be between 0 and 1, got {rtol!r}")
    if isinstance(maxiter, bool) or not isinstance(maxiter, Integral) or maxiter < 0:
        raise PdekitError(f"maxiter must be a whole number >= 0, got {maxiter!r}")


def _vector(given: Array, shape: tuple[int, ...], what: str) -> Array:
    array = np.asarray(given)
    if array.shape != tuple(shape):
        raise ShapeError(tuple(shape), array.shape, what)
    if array.dtype.kind not in "fiub":
        raise PdekitError(f"{what} must be real, got {array.dtype}")
    array = np.array(array, dtype=float, order="C")
    if not np.isfinite(array).all():
        raise PdekitError(f"{what} is not finite")
    return array


def dot(a: Array, b: Array) -> float:
    """Return the inner product of two flat arrays."""
    found: float = _kernels().dot(a, b)
    return found


def length(x: Array) -> float:
    """Return  ‖x‖₂  of a contiguous array."""
    flat = x.reshape(-1)
    return math.sqrt(dot(flat, flat))


def _kernels() -> Any:
    from pdekit.linalg.krylov import _kernels

    return _kernels
