"""Mean and spread of the fields of a split, read one sample at a time."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from functools import partial

import numpy as np

from pdekit.datasets.dataset import Split
from pdekit.typing import Array


def statistics(split: Split) -> dict[str, dict[str, float]]:
    """Return ``mean``, ``std``, ``rms``, ``mean_delta`` and ``rms_delta`` of every field.

    Over samples, times and points; a delta is what a field changes by from one frame to the
    next. Fields of one frame, or without time, have none.
    """
    found: dict[str, dict[str, float]] = {
        key: {} for key in ("mean", "std", "rms", "mean_delta", "rms_delta")
    }
    for name in split.header.names:
        values = split[name]

        def samples(values: Array = values) -> Iterable[Array]:
            return (np.asarray(u, dtype=np.float64) for u in values)

        mean = _mean(samples(), lambda u: u)
        found["mean"][name] = mean
        found["rms"][name] = math.sqrt(_mean(samples(), np.square))
        found["std"][name] = math.sqrt(_mean(samples(), partial(_deviation, mean)))
        if name in split.header.varying and len(split.times) > 1:
            found["mean_delta"][name] = _mean(samples(), lambda u: np.diff(u, axis=0))
            square = _mean(samples(), lambda u: np.diff(u, axis=0) ** 2)
            found["rms_delta"][name] = math.sqrt(square)
    return found


def _deviation(mean: float, u: Array) -> Array:
    return np.asarray((u - mean) ** 2)


def _mean(samples: Iterable[Array], function: Callable[[Array], Array]) -> float:
    means = [float(function(u).mean()) for u in samples]
    return math.fsum(means) / len(means)
