"""Krylov methods on arrays of the shape of a grid.

All measure convergence by the true residual in double precision.
"""

from __future__ import annotations

from pdekit.linalg.krylov._cg import conjugate_gradients
from pdekit.linalg.krylov._flexible import flexible_cg

__all__ = ["conjugate_gradients", "flexible_cg"]
