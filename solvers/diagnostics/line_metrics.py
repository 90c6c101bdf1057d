"""Numbers particular to real waves on a line that checks of a case may ask for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np

from pdekit.errors import PdekitError
from pdekit.result import Result
from pdekit.solvers.exact import kdv
from pdekit.typing import Array

FINER = 8
"""Points of the interpolant on which extrema are looked for, for each point of the grid."""


def growth_rate(result: Result, *, mode: int, start: float, end: float) -> float:
    """Slope of ln |û_m| over time, by least squares between two times.

    Parameters
    ----------
    mode
        Whole number m of periods in the box.
    start, end
        The linear stage, in units of time.
    """
    inside = (result.times >= start) & (result.times <= end)
    if inside.sum() < 2:
        raise PdekitError(f"growth_rate needs two frames between t = {start:g} and {end:g}")
    u_hat = np.fft.rfft(result.fields["u"][inside])[..., mode]
    logarithm = np.log(np.abs(u_hat).reshape(inside.sum(), -1)).mean(axis=1)
    return float(np.polyfit(result.times[inside], logarithm, 1)[0])


def value_at(result: Result, *, x: float, at: float | None = None) -> float:
    """Value at a point, by the Fourier series of the frame at ``at``, or the last."""
    values = result.grid.evaluate(_values(result, at), np.array([x]))
    return float(values[..., 0].mean())


def peak_height(result: Result, *, rank: int = 1, at: float | None = None) -> float:
    """Height of the ``rank``-th tallest maximum of the Fourier series."""
    return peaks(result, at)[_place(result, rank, at)][1]


def peak_position(result: Result, *, rank: int = 1, at: float | None = None) -> float:
    """Where the ``rank``-th tallest maximum of the Fourier series is."""
    return peaks(result, at)[_place(result, rank, at)][0]


def peak_count(result: Result, *, above: float = 0.0, at: float | None = None) -> float:
    """Return the number of maxima higher than ``above``."""
    return float(sum(height > above for _, height in peaks(result, at)))


def collision_shift(result: Result, *, rank: int = 1) -> float:
    """How far the ``rank``-th tallest soliton is from where it were without the others.

    Its free velocity is  a h/3 , h being its height at the start; the solitons have to be
    apart at the start and at the end.
    """
    before = peaks(result, float(result.times[0]))[_place(result, rank, result.times[0])]
    after = peaks(result, None)[_place(result, rank, None)]
    speed = _parameter(result, "nonlinearity") * before[1] / 3
    length = result.grid.lengths[0]
    free = before[0] + speed * float(result.times[-1] - result.times[0])
    return float((after[0] - free + length / 2) % length - length / 2)


def front_error(result: Result, *, position: float = 0.0, width: float = 20.0) -> float:
    """Largest difference from `kdv.travelling_front` near it, relative to its height.

    Parameters
    ----------
    position
        Where the front was at t = 0.
    width
        Distance from where it ought to be that is looked at.
    """
    names = ("nonlinearity", "dispersion", "viscosity")
    a, b, nu = (_parameter(result, name) for name in names)
    (x,), t = result.grid.points(), float(result.times[-1])
    near = np.abs(x - position - 6 * nu**2 / (25 * b) * t) < width
    exact = kdv.travelling_front(
        x[near], t, nonlinearity=a, dispersion=b, viscosity=nu, position=position
    )
    wrong = np.abs(result.fields["u"][-1][..., near] - exact).max()
    return float(wrong / (12 * nu**2 / (25 * a * b)))


def peaks(result: Result, at: float | None) -> list[tuple[float, float]]:
    """Position and height of all maxima of a frame, the tallest first.

    Maxima of the series on a fine grid, each refined by Newton steps on its slope.
    """
    grid, u = result.grid, _values(result, at)
    if u.ndim > 1:
        raise PdekitError("peaks are those of a single run, not of an ensemble")
    fine = grid.resize(FINER * grid.size)
    values, x = grid.interpolate(u, fine), fine.axes[0].points()
    above = (values > np.roll(values, 1)) & (values >= np.roll(values, -1))
    slope, bend = grid.derivative(u, 0, 1), grid.derivative(u, 0, 2)
    place = x[above]
    for _ in range(4):
        place = place - grid.evaluate(slope, place) / grid.evaluate(bend, place)
    heights = grid.evaluate(u, place)
    return sorted(zip(place.tolist(), heights.tolist(), strict=True), key=lambda p: -p[1])


def _place(result: Result, rank: int, at: float | None) -> int:
    count = len(peaks(result, at))
    if not 1 <= rank <= count:
        raise PdekitError(f"rank = {rank}, but there are {count} maxima")
    return rank - 1


def _values(result: Result, at: float | None) -> Array:
    """Return the frame nearest to a time, the last one without it."""
    frame = -1 if at is None else int(np.argmin(np.abs(result.times - at)))
    return result.fields["u"][frame]


def _parameter(result: Result, name: str) -> float:
    return float(cast(float, result.case["equation"][name]))


METRICS: dict[str, Callable[..., Any]] = {
    "growth_rate": growth_rate,
    "value_at": value_at,
    "peak_height": peak_height,
    "peak_position": peak_position,
    "peak_count": peak_count,
    "collision_shift": collision_shift,
    "front_error": front_error,
}
