"""What solvers did: the account of all systems of a run, of one solved in parts."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from pdekit.linalg.interface import Solution
from pdekit.typing import Array

SUMMED = (
    "iterations", "matvecs", "applications", "setup_s", "solve_s", "preconditioner_s",
    "matvec_s",
)  # fmt: skip
"""What the work on several systems adds up to."""


@dataclass
class Work:
    """What all systems of a run took together."""

    iterations: int = 0
    matvecs: int = 0
    applications: int = 0
    setup_s: float = 0.0
    solve_s: float = 0.0
    preconditioner_s: float = 0.0
    matvec_s: float = 0.0
    worst: float = 0.0
    method: str = ""
    histories: list[Array] = field(default_factory=list)
    truths: list[Array] = field(default_factory=list)
    events: list[str] = field(default_factory=list)
    systems: int = 0
    converged: bool = True
    reason: str = "tol"

    def include(self, other: Work) -> None:
        """Count what another one counted, without its histories."""
        for name in SUMMED:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.systems += max(other.systems, 1)
        self.worst = max(self.worst, other.worst)
        self.method = other.method or self.method
        self.events += [each for each in other.events if each not in self.events]
        if not other.converged and self.converged:
            self.converged, self.reason = False, other.reason

    def add(self, found: Solution) -> None:
        """Count a system."""
        self.systems += 1
        self.iterations += found.iterations
        self.matvecs += found.matvecs
        self.applications += found.applications
        self.solve_s += found.solve_s
        self.preconditioner_s += found.preconditioner_s
        self.matvec_s += found.matvec_s
        self.worst = max(self.worst, found.relative_residual)
        self.method = found.method
        self.histories.append(np.asarray(found.history, dtype=float))
        self.truths.append(np.asarray(found.history_is_true, dtype=bool))
        for iteration, sentence in found.events:
            text = f"iteration {iteration}: {sentence}" if iteration else sentence
            if text not in self.events:
                self.events.append(text)
        if not found.converged and self.converged:
            self.converged, self.reason = False, found.reason


def joined(parts: list[Solution]) -> Solution:
    """Return one account of a solution that was computed in parts."""
    last = parts[-1]
    if len(parts) == 1:
        return last
    summed = ("iterations", "matvecs", "applications", "solve_s", "matvec_s")
    totals = {name: sum(getattr(part, name) for part in parts) for name in summed}
    histories = [part.history[bool(i) :] for i, part in enumerate(parts)]
    truths = [part.history_is_true[bool(i) :] for i, part in enumerate(parts)]
    return replace(
        last,
        history=np.concatenate(histories),
        history_is_true=np.concatenate(truths),
        events=[event for part in parts for event in part.events],
        **totals,
    )
