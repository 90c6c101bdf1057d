"""What an evaluation finds, on its way to the report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pdekit.comparison.classical import Ran
from pdekit.comparison.entrants import Entrant
from pdekit.comparison.front import Mark
from pdekit.comparison.scores import Score
from pdekit.comparison.timing import Timing
from pdekit.typing import Array


@dataclass(frozen=True)
class Judged:
    """A model with what was found: answers, time, errors of the first and of all seeds."""

    entrant: Entrant
    answers: Array
    timing: Timing
    gpu: Timing | None
    scores: Mapping[str, Score]
    seeds: Mapping[str, list[float]]

    def mark(self, metric: str, batched: bool) -> Mark:
        """Return its place in the plane of error and time."""
        return Mark(self.timing.of(batched), self.scores[metric].mean, self.entrant.label)


@dataclass
class Found:
    """All that an evaluation finds, on its way."""

    runs: list[Ran] = field(default_factory=list)
    models: list[Judged] = field(default_factory=list)
    controls: dict[str, dict[str, Any]] = field(default_factory=dict)
    shifted: dict[str, dict[str, Any]] = field(default_factory=dict)
    control_answers: dict[str, Array] = field(default_factory=dict)
