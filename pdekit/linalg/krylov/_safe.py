"""Flexible conjugate gradients behind safeguards: any preconditioner, always an answer."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from time import perf_counter
from typing import Any

from pdekit.errors import NotApplicable, PdekitError
from pdekit.linalg.interface import LinearOperator, Preconditioner, Solution
from pdekit.linalg.krylov._cg import check_symmetric, what_lacks
from pdekit.linalg.krylov._flexible import Directions
from pdekit.linalg.krylov._guard import Guarded
from pdekit.linalg.krylov._optimal import BestOfThree
from pdekit.linalg.krylov._race import Race
from pdekit.linalg.krylov._run import Callback, Run
from pdekit.linalg.stencil import Stencil
from pdekit.typing import Array


def safe_fcg(
    op: LinearOperator,
    b: Array,
    P: Preconditioner | None = None,
    *,
    rtol: float = 1e-8,
    maxiter: int = 1000,
    x0: Array | None = None,
    project: bool = False,
    safe: Preconditioner | None = None,
    m: int = 5,
    eta: float = 1e-4,
    window: int = 4,
    overhead: float = 0.3,
    locally_optimal: bool = False,
    clock: Callable[[], float] = perf_counter,
    callback: Callback | None = None,
) -> Solution:
    """Solve  A x = b  with a preconditioner that may return anything.

    For a positive definite A it reaches the tolerance whatever P does, if conjugate
    gradients preconditioned by ``safe`` do.  The error never grows in the norm of A.

    Parameters
    ----------
    P
        Any object with ``apply``.  It may be nonlinear, random, wrong, raise, or write
        into what it gets.
    safe
        S, a trusted linear, symmetric positive definite preconditioner.  By default the
        best there is for the operator.
    m
        Number of directions to which a new one is made conjugate.
    eta
        The smallest cosine between a direction and the residual that is taken for descent.
    window
        Iterations with P between two comparisons with S.
    overhead
        What a P that fails may cost, as a part of the time of the trusted solve, beyond
        twenty applications of it.  P goes on only while the trusted iteration gets in the
        background what covers the rest, products with A first of all; with ``math.inf`` P
        is trusted to be the faster one for as long as it is.
    locally_optimal
        Whether every step is the best in the span of P r, S r and the last direction.  It
        costs one more S and one more product with A per iteration, and makes every step at
        least as good as one of steepest descent preconditioned by S.
    clock
        What the cost of both is measured by.

    Notes
    -----
    The cost is at most  1 + ``overhead``  times that of the trusted solve, and twenty
    applications of P, if the trusted solve takes more than a few products with A: the first
    iteration with P is a gamble that nothing has paid for yet.  With ``locally_optimal`` it
    is twenty iterations.

    The exact step along p lowers  ‖e‖²_A  by  (p, r)²/(p, A p),  so that the energies of
    both iterations are comparable.  P is given up for good after three unsafe directions,
    or when in two windows S got as far in less time, or was twice as fast in decades of the
    residual; in one, if it was so by another factor of two.

    References
    ----------
    Notay, SIAM J. Sci. Comput. 22 (2000) 1444, for the iteration.
    """
    check_symmetric(op)
    if m < 1 or window < 1 or not overhead > 0:
        given = f"{m}, {window} and {overhead}"
        raise PdekitError(f"m, window and overhead must be at least 1, 1, > 0, got {given}")
    S = default_safe(op) if safe is None else safe
    if lacking := what_lacks(S):
        what = f"the safe preconditioner must be declared {' and '.join(lacking)}"
        raise NotApplicable("safe", what)
    options: dict[str, Any] = {"rtol": rtol, "maxiter": maxiter, "x0": x0}
    run = Run("safe FCG", op, b, P, project=project, callback=callback, **options)
    run.method += f" (safe: {S.name})"
    race = Race(run, P, S, Directions(m, run.x.shape), clock)
    optimal = BestOfThree(run) if locally_optimal else None
    found = race.solve(Guarded(run, P, eta, clock), window, overhead, optimal)
    if safe is None:
        found.setup_s += float(getattr(S, "setup_s", 0.0))
    return found


def default_safe(op: LinearOperator) -> Preconditioner:
    """Return the best trusted preconditioner for an operator."""
    from pdekit.linalg.multigrid import Multigrid
    from pdekit.linalg.preconditioners import IncompleteCholesky, Jacobi

    with suppress(PdekitError):
        if isinstance(op, Stencil):
            return Multigrid(op, symmetric=True)
    with suppress(PdekitError):
        return IncompleteCholesky(op, modified=True)
    return Jacobi(op)
