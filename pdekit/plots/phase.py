"""Phase portrait: imaginary against real part along x, at the middle of the run."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from pdekit.plots._fields import members, peak, some_frames, symbol
from pdekit.plots._style import colour_bar, figure, panels, time_above

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from pdekit.result import Result

POINTS = 4000  # more cannot be told apart
THRESHOLD = 0.01  # of the largest modulus; below, the phase means nothing


@figure
def phase(result: Result) -> Figure | None:
    """Draw (Re ψ, Im ψ) of complex fields where |ψ| > 1 % of its maximum."""
    names = [name for name, values in result.fields.items() if np.iscomplexobj(values)]
    if result.grid.ndim != 1 or not names:
        return None
    frames = some_frames(len(result.times))
    frame = frames[len(frames) // 2]
    axis = result.grid.axes[0]
    x = axis.points()
    drawn, axes = panels(1, len(names), height=2.6, colour_bar=True, width=2.6, lines=1)
    for ax, name in zip(axes[0], names, strict=True):
        state = members(result, name)[frame, 0]
        modulus = np.abs(state)
        kept = np.flatnonzero(np.isfinite(modulus) & (modulus > THRESHOLD * peak(state)))
        path = np.full(len(modulus), np.nan, dtype=complex)
        path[kept] = state[kept]
        ax.plot(path.real, path.imag, color="0.8", lw=0.5, zorder=0)
        kept = kept[:: math.ceil(len(kept) / POINTS) or 1]
        points = ax.scatter(
            state[kept].real,
            state[kept].imag,
            c=x[kept],
            s=3,
            lw=0,
            cmap="viridis",
            rasterized=True,
        )
        time_above(ax, result.times[frame])
        ax.margins(0.06)
        ax.locator_params(nbins=5)
        ax.set_aspect("equal", adjustable="datalim")
        ax.set_xlabel(rf"Re ${symbol(name)}$")
        ax.set_ylabel(rf"Im ${symbol(name)}$")
        colour_bar(ax, points, f"${symbol(axis.name)}$")
    return drawn
