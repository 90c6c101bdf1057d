"""How much memory a case takes, known before any of it is allocated."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pdekit import registry

if TYPE_CHECKING:
    from pdekit.case import Case

BASE = 160 << 20
"""Python with the libraries that every run loads."""
FIXED, ADAPTIVE = 14, 70
"""Fields of one block at work: stages and propagators, the adaptive ones of six sizes."""
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
    fixed = case.solver.steps is not None or case.solver.step is not None
    frames = case.run.members * len(case.time.frames()) * field
    return BASE + int(COPIES * frames) + (FIXED if fixed else ADAPTIVE) * field


def require(case: Case) -> None:
    """Refuse a case that does not fit into memory, before anything is allocated.

    Raises
    ------
    CaseError
        With the estimate and what is free.
    """
    from pdekit.files.hdf5 import available_memory

    total, free = needed(case), available_memory()
    if total - BASE > SHARE * free:
        raise case.problem(
            "domain",
            f"needs about {total / 1e9:.1f} GB of memory, {free / 1e9:.1f} GB are free; "
            "use fewer points, or store fewer frames (time.save)",
        )
