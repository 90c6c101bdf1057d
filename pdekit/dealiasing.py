"""What a case's dealiasing keeps, and what it takes from a start or a source."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pdekit import spectral
from pdekit.case.schema import ExponentialDealias
from pdekit.grid import Grid
from pdekit.series import multiplicity
from pdekit.typing import Array

LEAST_REMOVED = 1e-6
"""What dealiasing may take from a start or a source without notice, relative in L2."""
MOST_REMOVED = 0.9
"""Beyond this hardly anything is left of what the case asks for."""
ROUNDING = 1e-13
"""A component this small beside the others is zero."""
LIMITED = 0.5
"""What must be left of N of a growing wave."""
PARTS = {"two_thirds": 3, "half": 4}
"""A sharp mask keeps |m| < N / this."""


def mask_of(dealias: Any, grid: Grid, real: bool) -> Array | None:
    """Return the factors that the entry ``solver.dealias`` of a case asks for."""
    if isinstance(dealias, ExponentialDealias):
        return spectral.exponential(grid, **dict(dealias.exp), real=real)
    return spectral.mask(dealias, grid, real)


def kept_modes(dealias: Any, grid: Grid, real: bool) -> tuple[int, ...] | None:
    """Return the largest |m| along each axis that dealiasing leaves more than half of.

    None without dealiasing, and for a sharp mask of complex fields: it filters N only, so
    that the state fills the whole grid.
    """
    mask = mask_of(dealias, grid, real)
    if mask is None or (not real and isinstance(dealias, str)):
        return None
    numbers = grid.modes(real)
    kept = []
    for i, m in enumerate(numbers):
        others_zero = tuple(slice(None) if j == i else 0 for j in range(len(numbers)))
        kept.append(int(np.abs(m[mask[others_zero] > 0.5]).max(initial=0)))
    return tuple(kept)


@dataclass(frozen=True)
class Truncation:
    """What a sharp mask takes from a field: ``part`` of its norm in L2.

    ``needed`` is, by the name of each axis that has too few points, how many keep all modes
    that matter.
    """

    field: str
    part: float
    band: str
    needed: Mapping[str, int]

    def sentence(self, what: str) -> str:
        """Say so, ``what`` being the initial values or the source."""
        enough = ", ".join(f"{n} along {name}" for name, n in self.needed.items())
        points = f"more points ({enough})" if enough else "more points"
        return (
            f"{self.band} and removes {percent(self.part)} of the {what} {self.field}; "
            f"use {points} or dealias: none"
        )


def percent(part: float) -> str:
    """Write a part of one with two digits, never as all of it when it is less."""
    digits = 100.0 * part
    return f"{math.floor(digits)} %" if digits > 99 else f"{digits:.2g} %"


def truncations(
    fields: Sequence[str], values: Array, grid: Grid, name: str, cut: tuple[int, ...]
) -> list[Truncation]:
    """Return what a sharp mask takes of each component that loses what matters."""
    if not np.isfinite(values).all():
        return []
    whole = float(np.max(np.abs(values), initial=0.0))
    found = (
        truncation(field, values[:, c], grid, name, cut)
        for c, field in enumerate(fields)
        if np.max(np.abs(values[:, c]), initial=0.0) > ROUNDING * whole
    )
    return [each for each in found if each.part > LEAST_REMOVED]


def truncation(
    field: str, values: Array, grid: Grid, name: str, cut: tuple[int, ...]
) -> Truncation:
    """Compare real ``(member, *space)`` with what has |m| <= ``cut`` along every axis."""
    numbers = [np.abs(m) for m in grid.modes(True)]
    outside = spectral.mask(name, grid, real=True) == 0
    weights = multiplicity(grid.shape[-1])  # the other half of the modes
    whole = removed = 0.0
    highest = [0] * grid.ndim
    for member in values:
        size = np.abs(np.fft.rfftn(np.asarray(member, dtype=np.float64)))
        power = size**2 * weights
        whole, removed = whole + power.sum(), removed + power[outside].sum()
        telling = size > LEAST_REMOVED * size.max()
        for i, m in enumerate(numbers):
            seen = telling.any(axis=tuple(j for j in range(grid.ndim) if j != i))
            highest[i] = max(highest[i], int(m[seen].max(initial=0)))
    short = [i for i in range(grid.ndim) if highest[i] > cut[i]]
    band = ", ".join(
        f"|m| <= {cut[i]} along {grid.names[i]} of {grid.shape[i]} points"
        for i in short or range(grid.ndim)
    )
    return Truncation(
        field,
        math.sqrt(removed / whole) if whole > 0 else 0.0,
        f"dealias {name} keeps {band}",
        {grid.names[i]: PARTS[name] * highest[i] + 1 for i in short},
    )


def unlimited_waves(linear: Array, mask: Array, grid: Grid, real: bool) -> list[str]:
    """Warn of modes that L makes grow, and of whose N a mask leaves less than half.

    They grow exponentially until other waves feel them, and the run with them.

    Parameters
    ----------
    linear
        L ``(variable, *modes)``.
    """
    rate = np.max(linear.real, axis=0)
    largest = float(np.abs(linear).max())
    free = (rate > ROUNDING * largest) & (np.broadcast_to(mask, rate.shape) < LIMITED)
    if not free.any():
        return []
    found = [_too_few(i, free, mask, grid, real) for i in range(grid.ndim)]
    needed = ", ".join(filter(None, found))
    if not needed:  # in the corners of the box of modes only
        return []
    return [
        f"waves with {needed} grow at rates up to {float(rate[free].max()):.3g}, and "
        "dealiasing keeps the nonlinear term from limiting them: a long run will blow up, "
        "whatever the step; use more points"
    ]


def _too_few(i: int, free: Array, mask: Array, grid: Grid, real: bool) -> str:
    """Say which waves along axis ``i`` are free, and how many points would hold them."""
    numbers, axis = np.abs(grid.modes(real)[i]), grid.axes[i]
    others_zero = tuple(slice(None) if j == i else 0 for j in range(grid.ndim))
    kept = int(numbers.ravel()[mask[others_zero] >= LIMITED].max(initial=0))
    last = int(np.broadcast_to(numbers, free.shape)[free].max())
    if last <= kept:
        return ""
    span = f"{last}" if last == kept + 1 else f"{kept + 1} to {last}"
    points = math.ceil(axis.n * (last + 1) / max(kept, 1))
    return (
        f"|m| = {span} along {axis.name} of {axis.n} points (at least {points} are needed)"
    )
