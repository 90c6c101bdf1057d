"""Observations on the process that is conditioned on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pdekit.grid import Axis, GridError
from pdekit.plots._colour import extremes, scale
from pdekit.plots._fields import (
    DEVIATION,
    EPS,
    closed,
    finite,
    is_steady,
    peak,
    states,
    symbol,
)
from pdekit.plots._sheet import BAR, label_axes, proportions, shared_bar, sheet, show
from pdekit.plots._style import LINE, figure, legend_above, panels
from pdekit.plots._ticks import coordinate_ticks
from pdekit.plots.comparison import decades

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from pdekit.result import Result

WIDEST, HIGHEST = 2.7, 2.5  # of a map, inches
GAP = 0.42  # between a colour bar and the next map
DASHES: dict[str, Any] = {"color": "black", "ls": (0, (2, 2)), "lw": 0.8}


@figure
def observations(result: Result) -> Figure | None:
    """Draw data on mean and deviation: curves in 1-D, maps in 2-D and over space and time.

    Of more coordinates there is no such picture.
    """
    seen = result.summary.get("solver", {}).get("observations")
    if not seen or not result.fields:
        return None
    if is_steady(result) and result.grid.ndim == 1:
        return curves(result, seen)
    axes = _plane(result)
    return None if axes is None else maps(result, seen, *axes)


# -- one dimension -------------------------------------------------------------------------


def curves(result: Result, seen: dict[str, Any]) -> Figure:
    """Draw every field with two deviations on both sides, its reference dashed."""
    names, axis = states(result), result.grid.axes[0]
    drawn, axes = panels(len(names), 1, height=1.9, lines=1)
    for ax, name in zip(axes[:, 0], names, strict=True):
        mean, spread = (finite(result.fields[n][-1]) for n in (name, name + DEVIATION))
        x, low = closed(axis, mean - 2 * spread)
        _, high = closed(axis, mean + 2 * spread)
        ax.fill_between(x, low, high, color="C0", alpha=0.25, lw=0, label="± 2 deviations")
        ax.plot(*closed(axis, mean), color="C0", label="mean")
        if name in seen:
            ax.plot(seen[axis.name], seen[name], ".", color="C1", ms=3, label="observed")
        if name in (result.reference or {}):
            reference = finite((result.reference or {})[name])
            ax.plot(*closed(axis, reference), label="reference", **DASHES)
        ax.set_ylabel(f"${symbol(name)}$")
        ax.set_xlim(axis.lower, axis.upper)
    legend_above(axes[0, 0], columns=4)
    coordinate_ticks(axes[-1, 0].xaxis, axis, 3.9)
    axes[-1, 0].set_xlabel(f"${symbol(axis.name)}$")
    return drawn


# -- maps ----------------------------------------------------------------------------------


def _plane(result: Result) -> tuple[Axis, Axis] | None:
    """Return the axes of a map: of space, or of space and evenly spaced times."""
    if is_steady(result):
        return result.grid.axes[:2] if result.grid.ndim == 2 else None  # type: ignore[return-value]
    steps = np.diff(result.times)
    if result.grid.ndim != 1 or len(steps) < 2 or np.ptp(steps) > 1e-6 * steps.mean():
        return None
    try:
        first, last = float(result.times[0]), float(result.times[-1])
        time = Axis("t", len(result.times), first, last, "neumann")
    except GridError:
        return None
    return result.grid.axes[0], time


def maps(result: Result, seen: dict[str, Any], across: Axis, up: Axis) -> Figure:
    """Draw mean and deviation of every field side by side, with marks at the data."""
    names = states(result)
    size = proportions(across, up, WIDEST, HIGHEST)
    sizes = [[size, size] for _ in names]
    drawn, axes = sheet(sizes, gap=BAR + GAP, row_gap=LINE + 0.35)
    for row, name in zip(axes, names, strict=True):
        below = row is axes[-1]
        for i, (ax, field) in enumerate(zip(row, (name, name + DEVIATION), strict=True)):
            values = result.fields[field]
            plane = finite(values[-1] if is_steady(result) else values.T)
            colours = _colours(field, plane, seen)
            picture = show(ax, across, up, plane, colours)
            _mark(ax, seen, across, up, field, colours)
            label_axes(ax, across, up, left=i == 0, below=below)
            shared_bar([ax], picture.image, f"${symbol(field)}$")
    return drawn


def _colours(field: str, plane: NDArray[Any], seen: dict[str, Any]) -> dict[str, Any]:
    """Return one scale for a map and the data on it; decades for deviations."""
    if field.endswith(DEVIATION):
        return decades(plane, EPS * peak(plane))
    return scale(*extremes([plane, np.asarray(seen.get(field, []), dtype=float)]))


def _mark(
    ax: Axes,
    seen: dict[str, Any],
    across: Axis,
    up: Axis,
    field: str,
    colours: dict[str, Any],
) -> None:
    """Mark where data are; in the colour of their values on the map of the same field."""
    x, y = seen[across.name], seen[up.name]
    if field in seen:
        area = float(np.clip(5000 / len(x), 4, 25))
        style = {"c": seen[field], "edgecolors": "black", "linewidths": 0.4, **colours}
        ax.scatter(x, y, s=area, **style)
    elif field.endswith(DEVIATION) and field.removesuffix(DEVIATION) in seen:
        ax.plot(x, y, ".", color="white", ms=2.5, mew=0)
