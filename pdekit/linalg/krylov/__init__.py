"""Krylov methods on arrays of the shape of a grid.

All measure convergence by the true residual in double precision.
"""

from __future__ import annotations

from pdekit.linalg.krylov._bicgstab import bicgstab
from pdekit.linalg.krylov._cg import conjugate_gradients
from pdekit.linalg.krylov._fgmres import fgmres
from pdekit.linalg.krylov._flexible import flexible_cg
from pdekit.linalg.krylov._minres import minres
from pdekit.linalg.krylov._safe import safe_fcg

__all__ = [
    "bicgstab",
    "conjugate_gradients",
    "fgmres",
    "flexible_cg",
    "minres",
    "safe_fcg",
]
