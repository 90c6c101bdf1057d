"""Functions that do not have the period of the box: they jump where its ends meet.

Fourth differences across the seam fall 256-fold on a grid four times as fine if a function
is smooth there, fourfold if its slope jumps, and not at all if it jumps itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from pdekit.grid import Axis, Grid
from pdekit.typing import Array

FINER = 4
ROUGH = 16.0
"""Between the falls of the differences of a smooth function and of a kink."""
LEAST = 1e-6
"""Part of the range of a field below which its jump is of no account."""
OUTSTANDING = 3.0
"""A seam must be so much rougher than the rest before it is looked at more closely."""
FEWEST = 16
"""Points along an axis from which differences tell something."""

NEXT = np.array([-1.0, 4.0, -6.0, 4.0])
"""Of four values: the one that follows, if they lie on a cubic."""
LEFT_SLOPE = np.array([-11.0, 42.0, -57.0, 26.0]) / 6.0
"""Of four values, one step apart: the slope one step after the last."""
RIGHT_SLOPE = np.array([-11.0, 18.0, -9.0, 2.0]) / 6.0
"""Of four values, one step apart: the slope at the first."""


@dataclass(frozen=True)
class Jump:
    """What a field, or its slope, changes by from one end of an axis to the other."""

    field: str
    axis: str
    size: float
    of_slope: bool

    def sentence(self, what: str) -> str:
        """Say so, ``what`` being the initial values or the exact solution."""
        thing = f"slope of the {what}" if self.of_slope else what
        return (
            f"the {thing} {self.field} jumps by {self.size:.3g} where the ends of "
            f"{self.axis} meet: on a periodic axis its spectrum does not decay, and waves "
            "run out from there; choose an interval that holds whole periods, or one so "
            "wide that both ends reach the same level"
        )


def jumps(
    evaluate: Callable[[Grid], Array],
    fields: Sequence[str],
    grid: Grid,
    u: Array | None = None,
) -> list[Jump]:
    """Return the jumps of a function across the ends of every periodic axis.

    Parameters
    ----------
    evaluate
        Values ``(member, channel, *space)`` on a grid of any number of points.
    u
        Those on ``grid``, if they are known.
    """
    u = evaluate(grid) if u is None else u
    found = []
    for i, axis in enumerate(grid.axes):
        if axis.boundary != "periodic" or axis.n < FEWEST:
            continue
        suspects = [c for c in range(len(fields)) if _stands_out(u[:, c], i)]
        if suspects:
            fine = evaluate(_finer(grid, i))
            found += [
                jump
                for c in suspects
                if (jump := _jump(fields[c], u[:, c], fine[:, c], axis, i)) is not None
            ]
    return found


def _finer(grid: Grid, i: int) -> Grid:
    axes = list(grid.axes)
    axes[i] = replace(axes[i], n=FINER * axes[i].n)
    return Grid(tuple(axes))


def _stands_out(u: Array, i: int) -> bool:
    seam, rest = _roughness(u, i)
    return seam > OUTSTANDING * rest and seam > LEAST * _range(u)


def _range(u: Array) -> float:
    return float(np.abs(u - u.mean()).max())


def _roughness(u: Array, i: int) -> tuple[float, float]:
    """Return the largest deviation from a cubic across the seam, and elsewhere."""
    lines = np.moveaxis(u, 1 + i, -1)
    ahead = sum(w * np.roll(lines, 4 - k, axis=-1) for k, w in enumerate(NEXT))
    off = np.abs(lines - ahead).reshape(-1, lines.shape[-1]).max(axis=0)
    return float(off[:4].max()), float(off[4:].max())


def _jump(field: str, u: Array, fine: Array, axis: Axis, i: int) -> Jump | None:
    before, after = _roughness(u, i)[0], _roughness(fine, i)[0]
    if not np.isfinite(fine).all() or after * ROUGH < before or not _stands_out(fine, i):
        return None
    lines = np.moveaxis(fine, 1 + i, -1)
    h = axis.length / lines.shape[-1]
    value = float(np.abs(lines[..., -4:] @ NEXT - lines[..., 0]).max())
    if value > before / ROUGH:  # a jump of 1 is a roughness of 3, a kink alone is none here
        return Jump(field, axis.name, value, of_slope=False)
    slopes = lines[..., -4:] @ LEFT_SLOPE - lines[..., :4] @ RIGHT_SLOPE
    return Jump(field, axis.name, float(np.abs(slopes).max()) / h, of_slope=True)
