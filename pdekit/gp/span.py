"""One axis of a Gaussian-process solver: equispaced nodes, both ends among them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from pdekit.errors import PdekitError
from pdekit.typing import Array

FEWEST = 4
"""Nodes that an axis must have."""


@dataclass(frozen=True)
class Span:
    """``n`` nodes on ``[lower, upper]``; on a periodic axis the upper end is left out.

    Raises
    ------
    PdekitError
        If there are too few nodes, or the interval is empty.
    """

    name: str
    n: int
    lower: float
    upper: float
    periodic: bool = False

    def __post_init__(self) -> None:
        """Refuse what cannot be solved on."""
        if not (math.isfinite(self.length) and self.length > 0):
            raise PdekitError(
                f"axis {self.name}: lower must be below upper, "
                f"got [{self.lower:g}, {self.upper:g}]"
            )
        if self.n < FEWEST:
            raise PdekitError(
                f"axis {self.name}: a Gaussian process needs at least {FEWEST} nodes with "
                f"those on the walls, got {self.n}"
            )

    @property
    def length(self) -> float:
        """Distance between the ends."""
        return self.upper - self.lower

    @property
    def spacing(self) -> float:
        """Distance between neighbouring nodes."""
        return self.length / (self.n if self.periodic else self.n - 1)

    @property
    def nyquist(self) -> float:
        """Largest frequency, in cycles per unit, that the nodes can tell from others."""
        return 0.5 / self.spacing

    @cached_property
    def nodes(self) -> Array:
        """Coordinates of the nodes, shape ``(n,)``."""
        return np.linspace(self.lower, self.upper, self.n, endpoint=not self.periodic)

    @cached_property
    def between(self) -> Array:
        """Coordinates of a point in the middle half of every interval between nodes.

        Somewhere in it, and not in the middle: a wave that looks like a slower one at the
        nodes would look like another slow one at middles, which are as evenly spaced.
        """
        nodes = self.nodes if self.periodic else self.nodes[:-1]
        part = np.random.default_rng(0).uniform(0.25, 0.75, len(nodes))
        return np.asarray(nodes + part * self.spacing)
