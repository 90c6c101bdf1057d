"""Map of  |ψ(x, t)|  (or of a real field) over space and time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pdekit.plots._colour import extremes, scale
from pdekit.plots._fields import (
    closed,
    coarsened,
    edges,
    measure,
    members,
    shown,
    some_frames,
    symbol,
)
from pdekit.plots._style import colour_bar, figure, panels
from pdekit.plots._ticks import coordinate_ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from pdekit.result import Result

FRAMES = 800  # more than a panel has pixels


@figure
def spacetime(result: Result) -> Figure | None:
    """Draw each field over space (across) and time (up); ensembles also by their mean."""
    if result.grid.ndim != 1 or len(result.times) < 2:
        return None
    ensemble = result.members is not None
    drawn, axes = panels(1 + ensemble, len(result.fields), colour_bar=True, sharey=True)
    for column, name in zip(axes.T, result.fields, strict=True):
        values = members(result, name)
        label = measure(name, np.iscomplexobj(values))
        draw_map(column[0], result, values[:, :1], label)
        if ensemble:
            draw_map(column[1], result, values, rf"$\langle${label}$\rangle$")
        column[-1].set_xlabel(f"${symbol(result.grid.axes[0].name)}$")
    for ax in axes[:, 0]:
        ax.set_ylabel("$t$")
    return drawn


def draw_map(ax: Axes, result: Result, values: NDArray[Any], label: str) -> None:
    """Draw the mean over the members of ``values`` (time, member, x) and a colour bar."""
    frames = some_frames(len(values), FRAMES)
    rows = np.array([shown(values[frame]).mean(axis=0) for frame in frames])
    axis = result.grid.axes[0]
    points, rows = closed(axis, rows)
    cells, x = coarsened(rows, edges(points))
    t = edges(np.asarray(result.times)[frames])
    image = ax.pcolorfast(x, t, np.ma.masked_invalid(cells), **colours(cells, values))
    image.set_rasterized(True)
    ax.set_xlim(axis.lower, axis.upper)
    coordinate_ticks(ax.xaxis, axis, 2.75)
    ax.set_ylim(result.times[0], result.times[-1])
    colour_bar(ax, image, label)


def colours(cells: NDArray[Any], values: NDArray[Any]) -> dict[str, Any]:
    """Return colour map and limits: from 0 for a modulus, symmetric for a signed field."""
    return scale(*extremes([cells]), np.iscomplexobj(values))
