"""Colour maps and limits: sequential for one sign, symmetric and diverging for two."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from pdekit.plots._style import MISSING

if TYPE_CHECKING:
    from numpy.typing import NDArray

CYCLIC = "twilight_shifted"
DIVERGING = "RdBu_r"
UNDERSHOOT = 0.02  # of the largest value; as much of the other sign is ringing, not a sign
FLAT = 1e-6  # relative variation below which a bar would need too many digits


def extremes(frames: Iterable[NDArray[Any]]) -> tuple[float, float]:
    """Return the least and the largest finite value of some arrays, read one by one."""
    least, largest = np.inf, -np.inf
    for values in frames:
        known = np.isfinite(values)
        least = min(least, float(np.min(values, where=known, initial=np.inf)))
        largest = max(largest, float(np.max(values, where=known, initial=-np.inf)))
    return (least, largest) if least <= largest else (0.0, 0.0)


def scale(least: float, largest: float, modulus: bool = False) -> dict[str, Any]:
    """Return colour map and limits for values between ``least`` and ``largest``.

    A modulus starts at zero. Values of both signs get a diverging map with white at zero,
    unless one sign is but the ringing of a steep front.
    """
    from matplotlib import colormaps, rcParams

    name, reach = rcParams["image.cmap"], max(abs(least), abs(largest))
    if modulus:
        least = 0.0
    elif min(-least, largest) > UNDERSHOOT * reach:
        name, least, largest = DIVERGING, -reach, reach
    if largest - least <= FLAT * reach:
        least, largest = min(least, 0.0), max(largest, 0.0)
    if least == largest:
        largest = least + 1.0
    return {
        "cmap": colormaps[name].with_extremes(bad=MISSING),
        "vmin": least,
        "vmax": largest,
    }


def cyclic() -> dict[str, Any]:
    """Return colour map and limits for a phase: its two ends are the same colour."""
    from matplotlib import colormaps

    colours = colormaps[CYCLIC].with_extremes(bad=MISSING)
    return {"cmap": colours, "vmin": -math.pi, "vmax": math.pi}
