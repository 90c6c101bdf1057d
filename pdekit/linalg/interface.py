"""What operators and preconditioners offer, and what a solver returns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from pdekit.typing import Array


class LinearOperator(Protocol):
    """A linear map of arrays of the shape of a grid, applied without a matrix."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of what it is applied to."""
        ...

    @property
    def symmetric(self) -> bool:
        """Whether  (x, A y) = (A x, y)  by construction."""
        ...

    @property
    def positive_definite(self) -> bool:
        """Whether  (x, A x) > 0  for every x ≠ 0; False where it is singular."""
        ...

    @property
    def nullspace(self) -> Sequence[Array]:
        """Arrays that it maps to zero: none, or the constant one."""
        ...

    def apply(self, x: Array, out: Array | None = None) -> Array:
        """Return  A x."""
        ...

    def residual(self, b: Array, x: Array, out: Array | None = None) -> Array:
        """Return  b − A x,  in one pass."""
        ...

    def diagonal(self) -> Array:
        """Return the diagonal, an array of the shape."""
        ...

    def tocsr(self) -> Any:
        """Return the `scipy.sparse` matrix of flattened arrays."""
        ...


class Preconditioner(Protocol):
    """An approximate inverse,  z ≈ A⁻¹ r.

    Attributes
    ----------
    name
        How reports call it.
    linear, symmetric, fixed
        Whether it is a linear map, (P r, s) = (r, P s), and the same map at every call.
        All three are needed by conjugate gradients; the flexible ones need none.
    setup_s
        Seconds that its construction took.
    """

    name: str
    linear: bool
    symmetric: bool
    fixed: bool
    setup_s: float

    def apply(self, r: Array, out: Array | None = None) -> Array:
        """Return  P r."""
        ...


@dataclass(eq=False)
class Solution:
    """What a solver found, and how.

    Attributes
    ----------
    x
        The solution; of a singular system the one without a part in the null space.
    converged
        Whether ‖b − A x‖ ≤ tolerance ‖b‖ for the true residual, in double precision.
    reason
        Why it stopped: ``tol``, ``maxiter``, ``breakdown``, ``stagnation`` and so on.
    iterations, matvecs, applications
        Iterations, products with A and applications of the preconditioner (or cycles).
    relative_residual
        ‖b − A x‖₂/‖b‖₂, true.
    history, history_is_true
        Relative residual before every iteration and at the end; whether each was computed
        from x or by a recurrence.
    setup_s, solve_s, preconditioner_s, matvec_s
        Seconds in all, and of these in the preconditioner and in products with A.
    events
        Every safeguard that acted: iteration and sentence.
    method
        Names of the solver and of what it used.
    """

    x: Array
    converged: bool
    reason: str
    iterations: int
    matvecs: int
    applications: int
    relative_residual: float
    history: Array
    history_is_true: Array
    setup_s: float = 0.0
    solve_s: float = 0.0
    preconditioner_s: float = 0.0
    matvec_s: float = 0.0
    events: list[tuple[int, str]] = field(default_factory=list)
    method: str = ""

    @property
    def convergence_factor(self) -> float:
        """Mean reduction of the residual per iteration over the second half."""
        h = self.history[self.history > 0]
        return 0.0 if len(h) < 2 else mean_reduction(h)


def mean_reduction(history: Array) -> float:
    """Return the mean factor from one entry to the next over the second half."""
    first = (len(history) - 1) // 2
    return float((history[-1] / history[first]) ** (1.0 / (len(history) - 1 - first)))


def norm(x: Array) -> float:
    """Return  ‖x‖₂,  the plain sum of squares that convergence is measured by."""
    flat = np.ascontiguousarray(x).reshape(-1)
    reals = flat.view(flat.real.dtype)
    # not BLAS, whose threads wait for each other for longer than this takes
    return float(np.sqrt(np.einsum("i,i->", reals, reals)))
