"""One-level preconditioners, and algebraic multigrid where PyAMG is installed."""

from __future__ import annotations

from pdekit.linalg.preconditioners._jacobi import Jacobi

__all__ = ["Jacobi"]
