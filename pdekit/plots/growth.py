"""Growth of each wave on an unstable background, beside linear theory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pdekit.plots._fields import symbol
from pdekit.plots._style import QUIET, figure, legend_above, panels

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from pdekit.result import Result

STEADY = 0.05  # relative change of a rate within the stage that passes for none
FEWEST = 8  # frames a slope is fitted to
GROWN = 4.0  # growth exponent below which what decays still hides what grows


@figure
def growth(result: Result) -> Figure | None:
    """Draw the measured growth rate of every mode on the rate of linear theory.

    The slope of ln |û_k| is fitted over the second half of the linear stage, for modes that
    grow e⁴-fold in it and at a steady rate: what decays is gone then. Only for equations
    that know the theory and runs that start from it.
    """
    equation = _equation(result)
    if equation is None or result.grid.ndim != 1 or result.members is not None:
        return None
    name = equation.fields[0]
    spectrum = np.abs(np.fft.fft(result.fields[name], axis=-1))
    stage = linear_stage(spectrum)
    k = result.grid.axes[0].wavenumbers()
    theory = equation.growth_rates(k, result.fields[name][0])
    if theory is None or len(stage) < FEWEST:
        return None
    slopes = slope(result, spectrum, stage)
    halves = [slope(result, spectrum, half) for half in np.array_split(stage, 2)]
    duration = float(result.times[stage[-1]] - result.times[0])
    steady = np.abs(halves[1] - halves[0]) < STEADY * np.abs(slopes)
    measured = (k > 0) & (theory * duration > GROWN) & steady
    if not measured.any():
        return None
    drawn, axes = panels(1, 1, height=2.4, lines=1)
    ax = axes[0, 0]
    fine = np.linspace(0, 1.1 * k[(k > 0) & (theory > 0)].max(initial=k[1]), 400)
    ax.plot(fine, equation.growth_rates(fine, result.fields[name][0]), color=QUIET,
            label="linear theory")  # fmt: skip
    ax.plot(k[measured], slopes[measured], "o", ms=3, label="measured")
    ax.set_xlim(0, fine[-1])
    ax.set_ylim(bottom=0)
    ax.set_xlabel("wavenumber $k$")
    ax.set_ylabel(rf"growth rate of $|\hat{{{symbol(name)}}}_k|$")
    legend_above(ax, 2)
    return drawn


def slope(
    result: Result, spectrum: NDArray[np.float64], stage: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Return the slope of ln |û_k| over some frames, for every mode."""
    logs = np.log(spectrum[stage] + 1e-300)
    slopes: NDArray[np.float64] = np.polyfit(result.times[stage], logs, 1)[0]
    return slopes


def linear_stage(spectrum: NDArray[np.float64]) -> NDArray[np.intp]:
    """Frames of the second half of the stage in which products of waves are negligible.

    Products of the fastest waves feed the slow ones: they must stay a tenth of what the
    waves began with.
    """
    waves = np.sqrt((spectrum[:, 1:] ** 2).sum(axis=-1)) / spectrum[:, 0]
    small = waves**2 < 0.1 * waves[0]
    end = len(small) if small.all() else int(np.argmin(small))
    return np.arange(end // 2, end)


def _equation(result: Result) -> Any:
    """Return the equation of a run if it knows a theory of growth."""
    from pdekit import registry

    said = result.case.get("equation")
    if not isinstance(said, dict) or said.get("name") not in registry.equations():
        return None
    params = {key: value for key, value in said.items() if key != "name"}
    equation = registry.equation(said["name"])(**params)
    return equation if hasattr(equation, "growth_rates") else None
