"""Numbers particular to fronts, waves and patterns that checks of a case may ask for."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from pdekit.errors import PdekitError
from pdekit.result import Result
from pdekit.typing import Array


def free_energy_rise(result: Result) -> float:
    """Largest increase of the free energy between frames, over its largest size."""
    energy = np.asarray(result.diagnostics["free_energy"])
    return float(np.diff(energy, axis=0).max() / np.abs(energy).max())


def front_speed(
    result: Result, *, level: float = 0.5, start: float = 0.0, end: float = math.inf
) -> float:
    """Mean speed of the rightmost place where the first field falls through a level.

    It is located on the trigonometric interpolant, in the frames from ``start`` to ``end``.
    """
    frames = _between(result, start, end)
    field = next(iter(result.fields.values()))
    places = [_crossing(result, field[i], level) for i in frames]
    return _slope(result.times[frames], np.array(places))


def _crossing(result: Result, u: Array, level: float) -> float:
    from scipy.optimize import brentq

    grid = result.grid
    (axis,) = grid.axes
    x = axis.points()
    falls = np.flatnonzero((u[:-1] >= level) & (u[1:] < level))
    if not falls.size:
        raise PdekitError(f"the field does not fall through {level:g}")
    i = int(falls[-1])

    def excess(at: float) -> float:
        return float(grid.evaluate(u, np.array([at]))[0]) - level

    return float(brentq(excess, x[i], x[i + 1], xtol=1e-12))


def wave_speed(result: Result, *, start: float = 0.0, end: float = math.inf) -> float:
    """Speed of a steady wave or pulse, from the phase of the first field's lowest mode.

    A shape that moves with c turns its mode k by −kct; frames must be so dense that it
    travels less than half of the box between them.
    """
    frames = _between(result, start, end)
    field = next(iter(result.fields.values()))[frames]
    modes = np.fft.fft(field, axis=-1)[..., 1]
    k = 2 * math.pi / result.grid.lengths[0]
    return -_slope(result.times[frames], np.unwrap(np.angle(modes))) / k


def growth_rate(
    result: Result, *, wavenumber: float, start: float = 0.0, end: float = math.inf
) -> float:
    """Slope of ln |û_k| over time, of the first field's mode nearest to a wavenumber."""
    frames = _between(result, start, end)
    field = next(iter(result.fields.values()))[frames]
    nearest = int(np.argmin(np.abs(result.grid.axes[0].wavenumbers() - wavenumber)))
    modes = np.fft.fft(field, axis=-1)[..., nearest]
    return _slope(result.times[frames], np.log(np.abs(modes)))


def mean_wavenumber(result: Result, *, at: float | None = None) -> float:
    """√(⟨|∇u|²⟩/⟨(u − ⟨u⟩)²⟩)  of the first field, at the last frame unless told."""
    power, k2 = _power(result, at)
    return float(np.sqrt(np.sum(k2 * power) / np.sum(power)))


def peak_wavenumber(result: Result, *, at: float | None = None) -> float:
    """|k|  of the strongest mode of the first field, at the last frame unless told."""
    power, k2 = _power(result, at)
    return float(np.sqrt(k2.ravel()[np.argmax(power)]))


def _power(result: Result, at: float | None) -> tuple[Array, Array]:
    """Return |û|² without the mean, and k², over all modes."""
    u, grid = _frame(result, at), result.grid
    power = np.abs(np.fft.fftn(u - u.mean())) ** 2
    if not power.max() > 0:
        raise PdekitError("the field is uniform: it has no wavenumber")
    return power, grid.k_squared()


def droplet_radius(result: Result, *, at: float | None = None) -> float:
    """Radius of the disk or ball whose measure is that of phase 1,  ∫ ½(1 + u)."""
    measure = result.grid.volume * 0.5 * (1 + float(_frame(result, at).mean()))
    dimension = result.grid.ndim
    unit = {1: 2.0, 2: math.pi, 3: 4 * math.pi / 3}[dimension]
    return float((measure / unit) ** (1 / dimension))


def charges(a: Array) -> Array:
    """Return the winding number of the phase of A around every cell of a periodic grid.

    Corners in the order (i, j), (i + 1, j), (i + 1, j + 1), (i, j + 1); 0 or ±1 where the
    grid resolves A.
    """
    corners = [a, np.roll(a, -1, -2), np.roll(a, (-1, -1), (-2, -1)), np.roll(a, -1, -1)]
    turns = [
        np.angle(after * before.conj())
        for before, after in zip(corners, [*corners[1:], a], strict=True)
    ]
    return np.asarray(np.rint(sum(turns) / (2 * np.pi)))


def _frame(result: Result, at: float | None) -> Array:
    index = -1 if at is None else int(np.argmin(np.abs(result.times - at)))
    return np.asarray(next(iter(result.fields.values()))[index])


def _between(result: Result, start: float, end: float) -> Array:
    """Return the indices of the frames from ``start`` to ``end``, at least two."""
    frames = np.flatnonzero((result.times >= start) & (result.times <= end))
    if frames.size < 2:
        raise PdekitError(f"two frames are needed between t = {start:g} and {end:g}")
    return frames


def _slope(t: Array, values: Array) -> float:
    """Return the slope of the straight line through values, by least squares."""
    return float(np.polyfit(t - t.mean(), values - values.mean(), 1)[0])


METRICS: dict[str, Callable[..., Any]] = {
    "free_energy_rise": free_energy_rise,
    "front_speed": front_speed,
    "wave_speed": wave_speed,
    "growth_rate": growth_rate,
    "mean_wavenumber": mean_wavenumber,
    "peak_wavenumber": peak_wavenumber,
    "droplet_radius": droplet_radius,
}
