"""What makes samples: a problem that is solved for given seeds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeAlias

from pdekit.case import AnyCase, BoundaryCase, DatasetCase
from pdekit.datasets.coarsening import Coarsening
from pdekit.errors import PdekitError
from pdekit.grid import Grid
from pdekit.result import Arrays
from pdekit.typing import Array

Look: TypeAlias = Callable[[float], None]
"""Hears which share is done; raises `Interrupted` when it is time to stop."""


class SampleFailed(PdekitError):
    """One of several samples could not be solved: the one at ``position``."""

    exit_status = 3

    def __init__(self, position: int, reason: str) -> None:
        self.position, self.reason = position, reason
        super().__init__(reason)


class Sampler(Protocol):
    """Solves a problem for the inputs that seeds stand for."""

    solved: Grid
    coarsen: Coarsening
    stored: Grid
    times: Array
    varying: tuple[str, ...]
    constant: tuple[str, ...]

    def draw(self, seeds: Sequence[int], look: Look) -> Arrays:
        """Return all fields as they are stored, one sample for each seed.

        Raises
        ------
        SampleFailed
            If one of them cannot be solved.
        """
        ...

    def error(self, seed: int, look: Look) -> Array:
        """Return the difference to a finer solution, relative in L², at all times."""
        ...

    def warnings(self) -> list[str]:
        """Refuse what only the numbers of a first sample show, and say what is odd."""
        ...

    def facts(self) -> dict[str, Any]:
        """Return how the samples are solved."""
        ...


def sampler_of(case: DatasetCase, problem: AnyCase) -> Sampler:
    """Make a problem ready to be solved many times, or refuse it."""
    if isinstance(problem, BoundaryCase):
        from pdekit.datasets.bounded import Bounded

        return Bounded(case, problem)
    from pdekit.datasets.evolving import Evolving

    return Evolving(case, problem)
