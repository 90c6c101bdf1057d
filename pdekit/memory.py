"""How much memory a case takes, known before any of it is allocated."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pdekit import registry
from pdekit.case.boundary_case import BoundaryCase
from pdekit.case.learned_case import classical_of

if TYPE_CHECKING:
    from pdekit.case import Case

BASE = 160 << 20
"""Python with the libraries that every run loads."""
FIXED, ADAPTIVE = 14, 70
"""Fields of one block at work: stages and propagators, the adaptive ones of six sizes."""
VECTORS = 40
"""Arrays of a linear solver: operator, coarse grids, directions, source and walls."""
COPIES = 1.3
"""Of every stored frame: itself, and what diagnostics and pictures take of it."""
SHARE = 0.9
"""Part of the free memory that a run may take."""


def needed(case: Case) -> int:
    """Estimate the bytes a run of ``case`` holds at its peak."""
    equation = registry.posed(case.equation.name, case.equation.params)
    each = 16 if equation.complex else 8
    points = math.prod(axis.points for axis in case.domain.values())
    field = each * len(equation.fields) * points
    solver = classical_of(case.solver)
    fixed = solver.steps is not None or solver.step is not None
    frames = case.run.members * len(case.time.frames()) * field
    return BASE + int(COPIES * frames) + (FIXED if fixed else ADAPTIVE) * field


def needed_between_walls(case: BoundaryCase) -> int:
    """Estimate the same for a boundary-value problem: faces, grids, vectors, frames."""
    points = math.prod(axis.points for axis in case.domain.values())
    frames = 2 if case.time is None else len(case.time.frames())
    threads = 1 if case.run.threads == "auto" else case.run.threads
    at_work = min(threads, case.run.members)
    return BASE + 8 * points * (VECTORS * at_work + int(COPIES * frames * case.run.members))


def require(case: Case | BoundaryCase) -> None:
    """Refuse a case that does not fit into memory, before anything is allocated.

    Raises
    ------
    CaseError
        With the estimate and what is free.
    """
    from pdekit.files.hdf5 import available_memory

    total = needed_between_walls(case) if isinstance(case, BoundaryCase) else needed(case)
    free = available_memory()
    if total - BASE > SHARE * free:
        raise case.problem(
            "domain",
            f"needs about {total / 1e9:.1f} GB of memory, {free / 1e9:.1f} GB are free; "
            "use fewer points, or store fewer frames (time.save)",
        )
