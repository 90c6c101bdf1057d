"""One front end for all solvers, which chooses and says why."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from pdekit.errors import BackendUnavailable, NotApplicable, PdekitError, UnknownName
from pdekit.linalg.interface import LinearOperator, Preconditioner, Solution
from pdekit.linalg.stencil import Stencil, discretize
from pdekit.typing import Array

METHODS = (
    "direct",
    "multigrid",
    "cg",
    "flexible_cg",
    "safe_fcg",
    "minres",
    "bicgstab",
    "fgmres",
)
"""Names of the methods, next to ``auto``."""
PRECONDITIONERS = (
    "none",
    "jacobi",
    "ssor",
    "ic",
    "mic",
    "multigrid",
    "direct",
    "amg",
    "amg_classical",
)
"""Names of the preconditioners, next to ``auto``."""


def solve(
    op: LinearOperator,
    b: Array,
    method: str = "auto",
    preconditioner: str | Preconditioner | None = "auto",
    rtol: float = 1e-8,
    *,
    maxiter: int = 1000,
    x0: Array | None = None,
    project: bool = False,
    **options: Any,
) -> Solution:
    """Solve  A x = b.  The first event of the solution is the reason of the choice.

    Parameters
    ----------
    op
        The operator.
    method
        ``auto``, or one of `METHODS`.  Automatic is: a fast transform where the
        coefficients are constant; conjugate gradients with multigrid for other elliptic
        operators; MINRES for symmetric indefinite ones; FGMRES for all others.
    preconditioner
        ``auto``, one of `PRECONDITIONERS`, None, or an object with ``apply``.  One that is
        not declared linear, symmetric and fixed is used behind the safeguards of
        `safe_fcg` if the method is automatic.
    rtol, maxiter, x0, project
        As for the solvers.
    **options
        Passed to the solver.

    Raises
    ------
    UnknownName
        If there is no such method or preconditioner.
    NotApplicable
        If the method does not fit the operator.
    """
    if method not in ("auto", *METHODS):
        raise UnknownName("method", method, ("auto", *METHODS))
    if isinstance(preconditioner, str) and preconditioner not in ("auto", *PRECONDITIONERS):
        raise UnknownName("preconditioner", preconditioner, ("auto", *PRECONDITIONERS))
    why: list[str] = []
    common = {"rtol": rtol, "x0": x0, "project": project, **options}
    if method == "auto":
        method = choose(op, preconditioner, why)
    if method in ("direct", "multigrid") and preconditioner not in ("auto", "none", None):
        raise NotApplicable("preconditioner", f"the method {method} takes none")
    if method == "direct":
        found = _direct(op, b, rtol, project)
    elif method == "multigrid":
        from pdekit.linalg.multigrid import Multigrid

        found = Multigrid(_stencil(op, "multigrid")).solve(b, max_cycles=maxiter, **common)
    else:
        P = _preconditioner(op, preconditioner, method, why)
        found = _krylov(method)(op, b, P, maxiter=maxiter, **common)
    if why:
        found.events.insert(0, (0, "; ".join(why)))
    return found


def choose(
    op: LinearOperator, preconditioner: str | Preconditioner | None, why: list[str]
) -> str:
    """Return the method for an operator and add the reason to ``why``."""
    automatic = isinstance(preconditioner, str) and preconditioner == "auto"
    if automatic and (found := constants(op)) and found[1] >= 0:
        why.append("constant coefficients on a box: a fast transform solves directly")
        return "direct"
    if not op.symmetric:
        why.append("the operator is not symmetric: FGMRES")
        return "fgmres"
    given = not (isinstance(preconditioner, str) or preconditioner is None)
    semidefinite = op.positive_definite or len(op.nullspace) > 0
    if not semidefinite:
        fits = not given or all(
            getattr(preconditioner, w, False) for w in ("linear", "symmetric", "fixed")
        )
        why.append("the operator is not known to be positive definite")
        return "minres" if fits else "fgmres"
    if given and not all(
        getattr(preconditioner, w, False) for w in ("linear", "symmetric", "fixed")
    ):
        why.append(
            "the preconditioner is not declared linear, symmetric and fixed: "
            "flexible conjugate gradients behind safeguards"
        )
        return "safe_fcg"
    why.append("symmetric and positive definite: conjugate gradients")
    return "cg"


def constants(op: LinearOperator) -> tuple[list[float], float] | None:
    """Return k for every axis and c  if the operator is  −k Δ + c  on a box."""
    if not isinstance(op, Stencil) or op.mask is not None:
        return None
    unit = discretize(op.grid)
    k = []
    for ours, one in zip(op.faces, unit.faces, strict=True):
        ours, one = np.broadcast_arrays(ours, one)
        ratio = ours[one > 0] / one[one > 0]
        if not ratio.size or np.ptp(ratio) > 1e-14 * abs(ratio[0]) or ours[one == 0].any():
            return None
        k.append(float(ratio[0]))
    c = np.asarray(op.reaction / op.volumes)
    if np.ptp(c) > 1e-14 * np.abs(c).max() or min(k) <= 0:
        return None
    return k, float(c.flat[0])


def _direct(op: LinearOperator, b: Array, rtol: float, project: bool) -> Solution:
    from pdekit.linalg.direct import DirectSolver

    found = constants(op)
    if found is None or not isinstance(op, Stencil):
        raise NotApplicable("method", "a direct solve needs constant coefficients on a box")
    return DirectSolver(op.grid, *found).solve(b, project=project, rtol=rtol)


def _krylov(method: str) -> Callable[..., Solution]:
    from pdekit.linalg import krylov

    name = {"cg": "conjugate_gradients"}.get(method, method)
    found: Callable[..., Solution] = getattr(krylov, name)
    return found


def _stencil(op: LinearOperator, what: str) -> Stencil:
    if not isinstance(op, Stencil):
        raise NotApplicable("method", f"{what} works on stencils, not {type(op).__name__}")
    return op


def _preconditioner(
    op: LinearOperator,
    given: str | Preconditioner | None,
    method: str,
    why: list[str],
) -> Preconditioner | None:
    if given is None or not isinstance(given, str):
        return given
    if given != "auto":
        return _named(op, given)
    if method == "safe_fcg":
        return None  # the safe one does all
    return _automatic(op, why)


def _named(op: LinearOperator, name: str) -> Preconditioner | None:
    from pdekit.linalg import preconditioners as one_level

    if name == "none":
        return None
    if name == "multigrid":
        from pdekit.linalg.multigrid import Multigrid

        return Multigrid(_stencil(op, name), symmetric=True)
    if name == "direct":
        from pdekit.linalg.direct import mean_coefficient

        return mean_coefficient(_stencil(op, name))
    make: dict[str, Callable[[], Preconditioner]] = {
        "jacobi": lambda: one_level.Jacobi(op),
        "ssor": lambda: one_level.SSOR(op),
        "ic": lambda: one_level.IncompleteCholesky(op),
        "mic": lambda: one_level.IncompleteCholesky(op, modified=True),
        "amg": lambda: one_level.AlgebraicMultigrid(op),
        "amg_classical": lambda: one_level.AlgebraicMultigrid(op, "ruge_stuben"),
    }
    return make[name]()


def _automatic(op: LinearOperator, why: list[str]) -> Preconditioner | None:
    """Return the first preconditioner that fits, and note what did not."""
    definite = op.symmetric and (op.positive_definite or len(op.nullspace) > 0)
    order = ("multigrid", "mic") if isinstance(op, Stencil) else ("amg",)
    for name in (*(order if definite else ()), "jacobi"):
        try:
            found = _named(op, name)
        except (PdekitError, BackendUnavailable) as error:
            why.append(f"no {name} ({error})")
            continue
        if not definite and (op.diagonal() <= 0).any():
            continue
        reasons = getattr(found, "events", [])
        label = getattr(found, "name", name)
        why.append(f"preconditioned by {label}" + (f" ({reasons[0]})" if reasons else ""))
        return found
    why.append("without a preconditioner")
    return None
