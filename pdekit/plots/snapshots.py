"""First, middle and last state of a field in two dimensions, or of a plane in three."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pdekit.plots._fields import (
    coarsened,
    edges,
    measure,
    members,
    shown,
    some_frames,
    symbol,
)
from pdekit.plots._style import colour_bar, figure, panels, time_above
from pdekit.plots.spacetime import colours

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from pdekit.result import Result


HEIGHT = 2.2  # of a panel, inches; the width follows from the box


@figure
def snapshots(result: Result) -> Figure | None:
    """Draw each field (one row each) at three times; in 3-D in the middle plane of z."""
    if result.grid.ndim < 2:
        return None
    frames = some_frames(len(result.times))
    x_axis, y_axis = result.grid.axes[:2]
    width = min(max(HEIGHT * x_axis.length / y_axis.length, 0.5 * HEIGHT), 2 * HEIGHT)
    shape = len(result.fields), len(frames)
    drawn, axes = panels(*shape, height=HEIGHT, width=width, lines=1, colour_bar=True)
    for row, name in zip(axes, result.fields, strict=True):
        values = members(result, name)
        planes = [shown(values[frame, 0]) for frame in frames]
        if result.grid.ndim == 3:
            planes = [plane[..., plane.shape[-1] // 2] for plane in planes]
        limits = colours(np.array(planes), values)
        for ax, frame, plane in zip(row, frames, planes, strict=True):
            cells, x = coarsened(plane.T, edges(x_axis.points()))
            columns, y = coarsened(cells.T, edges(y_axis.points()))
            image = ax.pcolorfast(x, y, np.ma.masked_invalid(columns.T), **limits)
            time_above(ax, result.times[frame])
            colour_bar(ax, image, measure(name, np.iscomplexobj(values)))
        row[0].set_ylabel(f"${symbol(y_axis.name)}$")
    for ax in axes[-1]:
        ax.set_xlabel(f"${symbol(x_axis.name)}$")
    return drawn
