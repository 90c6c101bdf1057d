"""The frequency of a time series that is one sinusoid about a constant."""

from __future__ import annotations

import numpy as np

from pdekit.errors import PdekitError
from pdekit.result import Result
from pdekit.typing import Array


def oscillation_frequency(result: Result, *, series: str, guess: float) -> float:
    """Angular frequency of a recorded series, by least squares from a guess near it."""
    if series not in result.diagnostics:
        names = ", ".join(result.diagnostics)
        raise PdekitError(f"there is no series {series!r}; there are {names}")
    return fitted_frequency(result.times, np.asarray(result.diagnostics[series]), guess)


def fitted_frequency(times: Array, values: Array, guess: float) -> float:
    """Fit  a cos wt + b sin wt + c  by Gauss–Newton steps on all four."""
    t, q, w = np.asarray(times), np.asarray(values).reshape(len(times), -1)[:, 0], guess
    for _ in range(50):
        c, s, one = np.cos(w * t), np.sin(w * t), np.ones_like(t)
        a, b, _ = np.linalg.lstsq(np.stack([c, s, one], 1), q, rcond=None)[0]
        tangent = t * (b * c - a * s)
        change = np.linalg.lstsq(np.stack([c, s, one, tangent], 1), q, rcond=None)[0][3]
        w += change
        if abs(change) < 1e-14 * abs(w):
            break
    return float(w)
