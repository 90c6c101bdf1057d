"""Where the spectra of the data have their peaks, and the bands of the process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pdekit.plots._fields import symbol
from pdekit.plots._style import QUIET, figure, log_scale, panels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from pdekit.result import Result

MANY = 60  # bands beyond which only the range they fill is shown


@figure
def bands(result: Result) -> Figure | None:
    """Draw the peaks of the data of every axis and the bands in use, up to Nyquist."""
    told = result.summary.get("solver", {})
    used, peaks = told.get("bands"), told.get("data_peaks")
    names = [
        name
        for name in used or ()
        if used[name]["frequencies"] or peaks[name]["frequencies"]
    ]
    if not names:
        return None
    drawn, axes = panels(1, len(names), height=1.7, width=3.4, lines=0)
    for ax, name in zip(axes[0], names, strict=True):
        draw_axis(ax, name, used[name], peaks[name])
    axes[0, 0].set_ylabel("power (dashed: bands used)")
    return drawn


def draw_axis(ax: Axes, name: str, used: dict[str, Any], peaks: dict[str, Any]) -> None:
    """Draw the spectrum of one axis."""
    nyquist = used["nyquist"]
    power = np.asarray(peaks["powers"], dtype=float)
    ax.set_xlim(0, 1.05 * nyquist)
    if len(power):
        ax.vlines(peaks["frequencies"], power.min() / 30, power, color="C0", lw=1.2)
        ax.plot(peaks["frequencies"], power, "o", color="C0", markersize=3)
        ax.set_ylim(power.min() / 30, 3 * power.max())
        log_scale(ax)
    else:
        ax.set_yticks([])
    found = used["frequencies"]
    if len(found) > MANY:
        ax.axvspan(min(found), max(found), color="C1", alpha=0.15, lw=0)
    else:
        for frequency in found:
            ax.axvline(frequency, color="C1", lw=0.7, ls=(0, (3, 2)), zorder=0)
    ax.axvline(nyquist, color=QUIET, lw=0.8)
    ax.text(
        nyquist, 0.95, " Nyquist", color=QUIET, size=7, va="top", ha="right", rotation=90,
        transform=ax.get_xaxis_transform(),
    )  # fmt: skip
    ax.set_xlabel(f"cycles per unit of ${symbol(name)}$")
