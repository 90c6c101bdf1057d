"""Linear systems on grids: operators, direct solvers, multigrid and Krylov methods.

Unknowns are arrays of the grid's shape, never flattened.  A solver returns a `Solution`,
which holds the true residual in double precision whatever was used to reach it.
"""

from __future__ import annotations

from pdekit.linalg.choice import solve
from pdekit.linalg.interface import LinearOperator, Preconditioner, Solution
from pdekit.linalg.stencil import Stencil, discretize

__all__ = [
    "LinearOperator",
    "Preconditioner",
    "Solution",
    "Stencil",
    "discretize",
    "solve",
]
