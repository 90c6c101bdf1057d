"""Numbers particular to flows that checks of a case may ask for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from pdekit.errors import PdekitError
from pdekit.result import Result
from pdekit.typing import Array


def energy_budget(result: Result, *, start: float = 0.0) -> float:
    """Largest  |dE/dt + dissipation − power|  relative to the largest dissipation.

    dE/dt is the central difference of fourth order of the stored energies, which have to be
    evenly spaced; ``start`` leaves out a first stage that changes faster than they show.
    """
    t, series = np.asarray(result.times), result.diagnostics
    steps = np.diff(t)
    if len(t) < 5 or np.ptp(steps) > 1e-9 * steps[0]:
        raise PdekitError("energy_budget needs at least five evenly spaced frames")
    energy = np.asarray(series["energy"])
    lost = np.asarray(series["dissipation"]) - np.asarray(series.get("power", 0.0))
    slope = energy[:-4] - 8 * energy[1:-3] + 8 * energy[3:-1] - energy[4:]
    slope = slope / (12 * steps[0])
    wrong = np.abs(slope + lost[2:-2])[t[2:-2] >= start]
    return float(wrong.max() / np.abs(series["dissipation"]).max())


def cross_flow_growth(result: Result, *, start: float, end: float) -> float:
    """Growth rate of the velocity along y: half the slope of ln ½⟨v²⟩, by least squares.

    A parallel flow along x has none, so that it is the growth rate of what disturbs it.
    """
    t, energy = np.asarray(result.times), np.asarray(result.diagnostics["cross_flow"])
    inside = (t >= start) & (t <= end)
    if inside.sum() < 2:
        raise PdekitError(
            f"cross_flow_growth needs two frames between t = {start:g} and {end:g}"
        )
    logarithm = 0.5 * np.log(energy[inside].reshape(inside.sum(), -1).mean(axis=1))
    return float(np.polyfit(t[inside], logarithm, 1)[0])


def point_vorticity(
    result: Result, *, x: float, y: float, time: float | None = None
) -> float:
    """Vorticity at a point, interpolated by its Fourier series.

    Parameters
    ----------
    time
        Time of the frame; the last one when left out.
    """
    omega: Array = result.fields["omega"]
    frame = -1 if time is None else int(np.argmin(np.abs(result.times - time)))
    values = omega[frame].reshape(-1, *result.grid.shape).mean(axis=0)
    return float(result.grid.evaluate(values, (np.array(x), np.array(y))))


def largest_rise(result: Result) -> float:
    """Largest amount, relative to its start, by which max|ω| ever exceeds its start.

    Without a force the vorticity of a plane flow obeys a maximum principle.
    """
    peak = np.asarray(result.diagnostics["max_vorticity"])
    return float((peak.max(axis=0) / peak[0] - 1.0).max())


METRICS: dict[str, Callable[..., Any]] = {
    "energy_budget": energy_budget,
    "cross_flow_growth": cross_flow_growth,
    "point_vorticity": point_vorticity,
    "largest_rise": largest_rise,
}
