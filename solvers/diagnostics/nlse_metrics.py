"""Numbers particular to Schrödinger equations that checks of a case may ask for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from pdekit.errors import PdekitError
from pdekit.result import Result
from pdekit.solvers.diagnostics import scattering, spacetime
from pdekit.typing import Array


def growth_rate(result: Result, *, wavenumber: float, start: float, end: float) -> float:
    """Slope of ln |ψ̂_K| over time, fitted by least squares between two times.

    Parameters
    ----------
    wavenumber
        K; the nearest mode of the grid is taken.
    start, end
        The linear stage, in units of time.
    """
    k = result.grid.axes[0].wavenumbers()
    inside = (result.times >= start) & (result.times <= end)
    if inside.sum() < 2:
        raise PdekitError(f"growth_rate needs two frames between t = {start:g} and {end:g}")
    rates = spacetime.growth_rates(result.times[inside], result.fields["psi"][inside])
    return float(np.mean(rates[..., np.argmin(np.abs(k - wavenumber))]))


def peak_shift(
    result: Result,
    *,
    position: float,
    velocity: float,
    width: float = 5.0,
    at: float | None = None,
) -> float:
    """How far a pulse is from where it would be on a free path.

    The largest |ψ| within ``width`` of  position + velocity · t  is located on the
    trigonometric interpolant.

    Parameters
    ----------
    at
        Time of the frame; the last one when left out.
    """
    frame = -1 if at is None else int(np.argmin(np.abs(result.times - at)))
    expected = position + velocity * float(result.times[frame])
    return peak_position(result, frame, expected, width) - expected


def peak_position(result: Result, frame: int, near: float, width: float) -> float:
    """Position of the largest |ψ| within ``width`` of ``near``, to rounding."""
    from scipy.optimize import minimize_scalar

    grid, psi = result.grid, result.fields["psi"][frame]
    axis = grid.axes[0]
    x = axis.points()
    inside = np.abs(x - near) <= width
    if not inside.any():
        raise PdekitError(f"no grid point within {width:g} of x = {near:g}")
    top = float(x[inside][np.argmax(np.abs(psi[inside]))])

    def height(at: float) -> float:
        return -float(np.abs(grid.evaluate(psi, np.array([at]))[0]))

    bounds = (top - axis.spacing, top + axis.spacing)
    return float(
        minimize_scalar(height, bounds=bounds, method="bounded", options={"xatol": 1e-9}).x
    )


def mean_velocity(result: Result) -> float:
    """Displacement of the centre of mass over the length of the run."""
    return spacetime.mean_velocity(result.times, result.diagnostics["centre_of_mass"])


def amplitude_variation(result: Result) -> float:
    """Largest relative change of the interpolated peak |ψ| over the run."""
    grid = result.grid
    fine = np.abs(grid.interpolate(result.fields["psi"], grid.resize(16 * grid.size)))
    rows, top = np.arange(len(fine)), fine.argmax(axis=-1)
    left, right = fine[rows, top - 1], fine[rows, (top + 1) % fine.shape[-1]]
    peak = fine[rows, top]
    # the top of the parabola through three points
    peak = peak + (right - left) ** 2 / (8 * (2 * peak - left - right))
    return float((peak.max() - peak.min()) / peak[0])


def spectral_spread(
    result: Result, *, amplitudes: Sequence[float], velocities: Sequence[float]
) -> float:
    """Largest distance of the final scattering data from those of given solitons.

    Eigenvalues of the Zakharov-Shabat problem are constants of the motion: soliton j owns
    −vⱼ/2 + i Aⱼ/2.
    """
    found = scattering.eigenvalues(result.fields["psi"][-1], result.grid.axes[0])
    wanted = -np.asarray(velocities) / 2 + 0.5j * np.asarray(amplitudes)
    return float(max(_nearest(found, z) for z in wanted))


def _nearest(values: Array, z: complex) -> Any:
    return np.abs(values - z).min() if len(values) else np.inf


METRICS: dict[str, Callable[..., float]] = {
    "growth_rate": growth_rate,
    "peak_shift": peak_shift,
    "mean_velocity": mean_velocity,
    "amplitude_variation": amplitude_variation,
    "spectral_spread": spectral_spread,
}
