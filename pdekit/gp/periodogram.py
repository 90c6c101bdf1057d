"""Frequencies of data, read off as peaks of their power spectrum.

Side lobes of the Blackman-Harris window stay 92 dB below a peak, those of Hann's window
would be taken for peaks of their own.

References
----------
Harris, Proc. IEEE 66 (1978) 51, table 1 (minimum 4-term window).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pdekit.gp.span import Span
from pdekit.typing import Array

FLOOR = 1e-6
"""Power of the smallest peak that counts, relative to the largest, …"""
FINE_FLOOR = 1e-8
"""… and where there are many nodes."""
MANY = 400
WINDOW = (0.35875, -0.48829, 0.14128, -0.01168)
"""Coefficients of the cosines of the window."""
LINES = 400
"""Lines, about, whose powers are averaged."""
PADDING = 8
"""Factor by which the data are padded with zeros."""


@dataclass(frozen=True)
class Peaks:
    """Frequencies in cycles per unit, ascending, with their power."""

    frequencies: Array
    powers: Array

    @classmethod
    def none(cls) -> Peaks:
        """Return no peaks."""
        return cls(np.empty(0), np.empty(0))

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.frequencies)

    def strongest(self, most: int) -> Peaks:
        """Return so many of the strongest."""
        kept = np.sort(np.argsort(-self.powers, kind="stable")[:most])
        return Peaks(self.frequencies[kept], self.powers[kept])

    def merged(self, other: Peaks, resolution: float) -> Peaks:
        """Return both; of those closer than ``resolution`` the stronger."""
        f = np.concatenate([self.frequencies, other.frequencies])
        p = np.concatenate([self.powers, other.powers])
        kept: list[int] = []
        for i in np.argsort(-p, kind="stable"):
            if all(abs(f[i] - f[j]) > resolution for j in kept):
                kept.append(int(i))
        order = np.array(sorted(kept, key=lambda i: f[i]), dtype=int)
        return Peaks(f[order], p[order])

    def above(self, lowest: float) -> Peaks:
        """Return those of frequencies above ``lowest``."""
        kept = self.frequencies > lowest
        return Peaks(self.frequencies[kept], self.powers[kept])


def peaks(values: Array, span: Span, axis: int = -1, floor: float | None = None) -> Peaks:
    """Return the peaks of the power of ``values`` along an axis, averaged over the others.

    Powers are relative to the largest.
    """
    lines = _some_lines(np.moveaxis(np.asarray(values, dtype=float), axis, -1))
    if not np.any(lines):
        return Peaks.none()
    floor = floor or (FINE_FLOOR if span.n >= MANY else FLOOR)
    if span.periodic:
        power = np.mean(np.abs(np.fft.rfft(lines)) ** 2, axis=0)
        power[0] = 0.0
        found: Array = np.flatnonzero(power > floor * power.max())
        return _relative(found / span.length, power[found])
    return _peaks_of_lines(lines, span, floor)


def _some_lines(values: Array) -> Array:
    """Return lines along the last axis: not all where there are very many."""
    steps = [max(1, round(n / LINES ** (1 / (values.ndim - 1)))) for n in values.shape[:-1]]
    chosen = values[tuple(slice(step // 2, None, step) for step in steps)]
    return chosen.reshape(-1, values.shape[-1])


def _peaks_of_lines(lines: Array, span: Span, floor: float) -> Peaks:
    from scipy.fft import next_fast_len

    n = next_fast_len(PADDING * span.n, real=True)
    angles = 2 * np.pi / (span.n - 1) * np.arange(span.n)
    windowed = lines * sum(a * np.cos(j * angles) for j, a in enumerate(WINDOW))
    power = np.mean(np.abs(np.fft.rfft(windowed, n)) ** 2, axis=0)
    inner = power[1:-1]
    top = (inner > power[:-2]) & (inner >= power[2:]) & (inner > floor * power.max())
    i = np.flatnonzero(top) + 1
    below, here, above = (np.log(power[i + s]) for s in (-1, 0, 1))
    shift = 0.5 * (below - above) / (below - 2 * here + above)  # of a parabola through them
    return _relative((i + shift) / (n * span.spacing), power[i])


def _relative(frequencies: Array, powers: Array) -> Peaks:
    largest = powers.max() if len(powers) else 1.0
    return Peaks(frequencies, powers / largest)
