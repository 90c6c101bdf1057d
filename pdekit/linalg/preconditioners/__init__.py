"""One-level preconditioners, and algebraic multigrid where PyAMG is installed."""

from __future__ import annotations

from pdekit.linalg.preconditioners._amg import AlgebraicMultigrid
from pdekit.linalg.preconditioners._check import (
    PreconditionerReport,
    check_preconditioner,
)
from pdekit.linalg.preconditioners._jacobi import Jacobi
from pdekit.linalg.preconditioners._sweeps import SSOR, IncompleteCholesky

__all__ = [
    "SSOR",
    "AlgebraicMultigrid",
    "IncompleteCholesky",
    "Jacobi",
    "PreconditionerReport",
    "check_preconditioner",
]
