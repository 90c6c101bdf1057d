"""Shell spectra  E(k) = ½ Σ |û_κ|²  over  k − Δk/2 ≤ |κ| < k + Δk/2  at a few times."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pdekit.files.vectors import equation_class, vectors
from pdekit.plots._fields import members, symbol
from pdekit.plots._scalars import telling_frames
from pdekit.plots._style import QUIET, legend_above, log_scale, panels, power_of_ten
from pdekit.spectral import energy_spectrum

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from pdekit.grid import Grid
    from pdekit.result import Result

    Spectrum = tuple[float, NDArray[np.float64], NDArray[np.float64]]  # t, k, E(k)

TIMES = 5
DECADES = 28  # below the largest shell; amplitudes under 10⁻¹⁴ of it are rounding errors
KEPT = {"two_thirds": 3.0, "half": 4.0}  # |m| < N / this is kept


def shell_spectra(result: Result) -> Figure | None:
    """Draw the spectrum of each field, of a vector that of all components together."""
    if not result.grid.is_periodic:
        return None
    frames = telling_frames(result, TIMES)
    groups = spectra_of(result, frames)
    drawn, axes = panels(1, len(groups), height=2.6, lines=2)
    for ax, (label, spectra) in zip(axes[0], groups.items(), strict=True):
        draw_shells(ax, spectra, dealiasing_cut(result))
        ax.set_ylabel(label)
        ax.set_xlabel("$|k|$")
    return drawn


def spectra_of(result: Result, frames: list[int]) -> dict[str, list[Spectrum]]:
    """Return label to spectra of member 0; frames that are not finite have none."""
    grid = result.grid
    groups: dict[str, tuple[str, ...]] = {}
    for name, components in vectors(result).items():
        label = "$E(k)$" if name == "velocity" else rf"$E_{{{symbol(name)}}}(k)$"
        groups[label] = components
    taken = {name for components in groups.values() for name in components}
    for name in result.fields:
        if name not in taken:
            groups[rf"$E_{{{symbol(name)}}}(k)$"] = (name,)
    found: dict[str, list[Spectrum]] = {}
    for label, components in groups.items():
        found[label] = []
        for frame in frames:
            states = [members(result, name)[frame, 0] for name in components]
            if all(np.isfinite(state).all() for state in states):
                k, energy = shells(grid, states)
                found[label].append((float(result.times[frame]), k, energy))
    return found


def shells(
    grid: Grid, states: list[NDArray[Any]]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return k > 0 and the sum of the spectra of all components there."""
    k, total = energy_spectrum(states[0], grid)
    for state in states[1:]:
        total = total + energy_spectrum(state, grid)[1]
    return k[1:], total[1:]


def draw_shells(ax: Axes, spectra: list[Spectrum], cut: float | None) -> None:
    """Draw spectra from dark (early) to bright (late) on logarithmic axes."""
    from matplotlib import colormaps

    shades = colormaps["viridis"](np.linspace(0.0, 0.88, max(len(spectra), 2)))
    largest = max((energy.max(initial=0.0) for _, _, energy in spectra), default=0.0)
    floor = largest * 10.0**-DECADES
    for (time, k, energy), shade in zip(spectra, shades, strict=False):
        visible = np.where(energy > floor, energy, np.nan)
        ax.plot(k, visible, ".-", color=shade, ms=2.5, mew=0, label=f"t = {time:.4g}")
    if cut is not None:
        ax.axvline(cut, color=QUIET, lw=0.7, ls=(0, (4, 2)), label="dealiasing cut")
    if largest > 0:
        log_scale(ax)
        ax.set_ylim(bottom=max(ax.get_ylim()[0], floor))
        ax.set_xscale("log")
        k = spectra[0][1]
        ax.set_xlim(k[0], max(k[-1], 2 * k[0]))
        plain_decades(ax)
    legend_above(ax, 3)


def plain_decades(ax: Axes) -> None:
    """Label the abscissa with powers of ten, and 2 and 5 between them when it is short."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    low, high = ax.get_xlim()
    short = high < 100 * low
    ax.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if short else (1.0,)))
    ax.xaxis.set_minor_locator(LogLocator(subs=tuple(range(2, 10))))
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.xaxis.set_major_formatter(
        FuncFormatter(
            lambda value, _: f"{value:g}" if 0.01 <= value < 1e4 else power_of_ten(value)
        )
    )


def dealiasing_cut(result: Result) -> float | None:
    """Return the wavenumber from which products are cut on some axis, where it is known."""
    stated = (result.case.get("solver") or {}).get("dealias")
    if stated in (None, "auto"):
        stated = getattr(equation_class(result), "dealias", None)
    part = KEPT.get(stated) if isinstance(stated, str) else None
    if part is None:
        return None
    return min(2 * np.pi / axis.length * axis.n / part for axis in result.grid.axes)
