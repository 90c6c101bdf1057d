"""Learning rate over the steps of a training, as a fraction of the largest."""

from __future__ import annotations

import math
from collections.abc import Callable

START, END = 1 / 25, 1e-4
"""Where one cycle starts from, and where it ends of that."""


def warmed(share: float, warm_up: float, then: Callable[[float], float]) -> float:
    """Rise linearly in the first ``warm_up`` of all, then what comes after."""
    if share < warm_up:
        return share / warm_up
    return then((share - warm_up) / (1 - warm_up))


def cosine(share: float, warm_up: float) -> float:
    """½ (1 + cos π s), after a linear rise (Loshchilov & Hutter, ICLR 2017)."""
    return warmed(share, warm_up, _half_wave)


def one_cycle(share: float, warm_up: float) -> float:
    """From 1/25 up to one and down to 4e-6, both along half a cosine.

    Smith & Topin (2019), arXiv 1708.07120, in the form of two phases.
    """
    if share < warm_up:
        return START + (1 - START) * (1 - _half_wave(share / warm_up))
    low = START * END
    return low + (1 - low) * _half_wave((share - warm_up) / (1 - warm_up))


def factor_of(
    name: str,
    *,
    steps: int,
    warm_up: float,
    epoch: int,
    every: int,
    factor: float,
) -> Callable[[int], float]:
    """Return the factor of each step 0, 1, … ``steps`` − 1.

    Parameters
    ----------
    epoch
        Steps of an epoch.
    every, factor
        For ``step``: after so many epochs each, the rate is multiplied by the factor.
    """
    last = max(steps - 1, 1)
    if name == "one_cycle":
        return lambda step: one_cycle(step / last, warm_up)
    if name == "cosine":  # the first step moves already, the last one still
        return lambda step: cosine((step + 1) / (steps + 1), warm_up)
    if name == "step":
        return lambda step: factor ** (step // (epoch * every))
    return lambda step: 1.0


def _half_wave(share: float) -> float:
    return 0.5 * (1 + math.cos(math.pi * share))
