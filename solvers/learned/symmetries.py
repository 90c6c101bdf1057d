"""Symmetries of an equation: of a sample that was solved they make others that hold too."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from pdekit.axis import Axis
from pdekit.grid import Grid


class Symmetries:
    """Maps of a box onto itself, one drawn at random for each batch.

    Parameters
    ----------
    names
        ``flip``: each axis reversed, or not; ``transpose``: the first two axes exchanged,
        or not; ``odd``: u(x) ↦ −u(−x), or not. Constant fields keep their sign.
    grid
        The box; a periodic axis is reversed about its first point, any other about its
        middle.
    """

    def __init__(self, names: Sequence[str], grid: Grid) -> None:
        self.names, self.axes = frozenset(names), grid.axes

    def draw(self, rng: np.random.Generator) -> Symmetry:
        """Return one of them."""
        ndim, flips = len(self.axes), []
        odd = "odd" in self.names and bool(rng.integers(2))
        if "flip" in self.names:
            flips = [d for d in range(ndim) if rng.integers(2)]
        if odd:  # all axes, on top of those
            flips = [d for d in range(ndim) if d not in flips]
        swap = "transpose" in self.names and bool(rng.integers(2))
        return Symmetry([(d - ndim, self.axes[d]) for d in flips], swap, ndim, odd)


class Symmetry:
    """One map, for fields ``(…, *space)``."""

    def __init__(
        self, flips: Sequence[tuple[int, Axis]], swap: bool, ndim: int, odd: bool
    ) -> None:
        self.flips, self.swap, self.ndim, self.odd = flips, swap, ndim, odd

    def __call__(self, x: Tensor, *, constant: bool = False) -> Tensor:
        """Return the field that takes the place of x."""
        if self.flips:
            x = torch.flip(x, [d for d, _ in self.flips])
            around = [d for d, a in self.flips if _first_point_stays(a)]
            if around:
                x = torch.roll(x, [1] * len(around), around)
        if self.swap:
            x = x.transpose(-self.ndim, 1 - self.ndim)
        return -x if self.odd and not constant else x


def _first_point_stays(axis: Axis) -> bool:
    return axis.boundary == "periodic" and axis.centring == "vertex"
