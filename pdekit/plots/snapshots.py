"""States of two- and three-dimensional fields at a few telling times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from pdekit.plots._colour import cyclic, extremes, scale
from pdekit.plots._scalars import Scalar, phases, scalars, telling_frames
from pdekit.plots._sheet import (
    Picture,
    Size,
    label_axes,
    proportions,
    shared_bar,
    sheet,
    show,
)
from pdekit.plots._style import LINE, figure, time_above
from pdekit.plots._ticks import place

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from pdekit.grid import Axis, Grid
    from pdekit.result import Result

PANELS = 6  # of one field in two dimensions
WIDTH = 6.4  # of all panels of a row, inches
GAP = 0.28  # between panels that share an ordinate; the labels of their ends fit in
SLIM = 5  # ratio of two sides of a box beyond which it is drawn out of proportion
ROWS = 4  # of all scalars together in three dimensions
HIGHEST = 2.4  # of one panel
NOTHING = 1e-3  # of the largest value; a plane with less in it shows nothing


@figure
def snapshots(result: Result) -> Figure | None:
    """Draw each field at up to six times; in 3-D three planes and the strongest along z."""
    if result.grid.ndim == 2:
        return flat(result)
    return solid(result) if result.grid.ndim == 3 else None


# -- two dimensions ------------------------------------------------------------------------


def flat(result: Result) -> Figure:
    """Draw panels over time, one block of rows with one colour scale for each field.

    A complex field has a block for its modulus and one for its phase, at half as many
    times.
    """
    across, up = result.grid.axes
    shown, angles = scalars(result), phases(result)
    frames = telling_frames(result, PANELS // 2 if angles else PANELS)
    columns = min(columns_of(across, up, len(shown)), len(frames))
    size = proportions(across, up, min(WIDTH / columns - GAP, HIGHEST), HIGHEST)
    rows = [frames[i : i + columns] for i in range(0, len(frames), columns)]
    blocks = [*((s, False) for s in shown), *((s, True) for s in angles)]
    sizes = [[size] * len(row) for _ in blocks for row in rows]
    drawn, axes = sheet(sizes, gap=GAP, row_gap=LINE + 0.1)
    for number, (scalar, is_phase) in enumerate(blocks):
        block = axes[number * len(rows) : (number + 1) * len(rows)]
        colours = cyclic() if is_phase else colours_of(scalar, frames)
        for i, (line, moments) in enumerate(zip(block, rows, strict=True)):
            for j, (ax, frame) in enumerate(zip(line, moments, strict=True)):
                picture = panel(ax, result.grid, scalar.values(frame), colours)
                if is_phase:  # between its two ends there is nothing
                    picture.image.set_interpolation("nearest")
                time_above(ax, result.times[frame])
                covered = i + 1 < len(rows) and j < len(rows[i + 1])
                below = number == len(blocks) - 1 and not covered
                label_axes(ax, across, up, left=j == 0, below=below)
        every = [ax for line in block for ax in line]
        bar = shared_bar(every, picture.image, scalar.label)
        if is_phase:
            bar.set_ticks([-np.pi, 0.0, np.pi], labels=["−π", "0", "π"])
    return drawn


def panel(ax: Axes, grid: Grid, plane: NDArray[Any], colours: dict[str, Any]) -> Picture:
    """Draw values ``(across, up)`` on as many points as there are of them."""
    across, up = (replace(a, n=n) for a, n in zip(grid.axes, plane.shape, strict=True))
    return show(ax, across, up, plane, colours)


def columns_of(across: Axis, up: Axis, fields: int) -> int:
    """Return how many panels stand side by side, after the shape of the box."""
    ratio = across.length / up.length
    if ratio >= 2:
        return 2 if fields == 1 else 3
    return 3 if fields == 1 and ratio > 0.6 else 6


def colours_of(scalar: Scalar, frames: Sequence[int]) -> dict[str, Any]:
    """Return one colour scale for several frames."""
    return scale(*extremes(scalar.values(frame) for frame in frames), scalar.modulus)


# -- three dimensions ----------------------------------------------------------------------


def solid(result: Result) -> Figure:
    """Draw three planes and a projection, one row for each time of each scalar."""
    x, y, z = result.grid.axes
    views = ((x, y), (x, z), (y, z), (x, y))
    shown = scalars(result)
    frames = telling_frames(result, max(1, min(3, ROWS // len(shown))))
    row = sizes_of(x, y, z)
    rows = len(shown) * len(frames)
    drawn, axes = sheet([row] * rows, gap=0.52, row_gap=2 * LINE + 0.1, lines=2)
    for number, scalar in enumerate(shown):
        block = axes[number * len(frames) : (number + 1) * len(frames)]
        states = [pictures(result.grid, scalar.values(frame)) for frame in frames]
        seen = (plane for state in states for _, plane in state)
        colours = scale(*extremes(seen), scalar.modulus)
        for line, frame, state in zip(block, frames, states, strict=True):
            for ax, view, (text, plane) in zip(line, views, state, strict=True):
                picture = show(ax, *view, plane, colours)
                label_axes(ax, *view, below=line is axes[-1])
                if colours["vmin"] >= 0:
                    text = text.replace("strongest", "max")
                name_plane(ax, text, right=ax is line[-1])
            time_over(line, result.times[frame])
        shared_bar([ax for line in block for ax in line], picture.image, scalar.label)
    return drawn


def sizes_of(x: Axis, y: Axis, z: Axis) -> list[Size]:
    """Return the sizes of the panels (x, y), (x, z), (y, z), (x, y), all to one scale."""
    shortest = max(axis.length for axis in (x, y, z)) / SLIM
    a, b, c = (max(axis.length, shortest) for axis in (x, y, z))
    inches = min(WIDTH / (3 * a + b), HIGHEST / max(b, c))
    return [(inches * i, inches * j) for i, j in ((a, b), (a, c), (b, c), (a, b))]


def name_plane(ax: Axes, text: str, *, right: bool) -> None:
    """Say above a panel what it shows; to its right is a colour bar, to its left room."""
    x, side = (1, "right") if right else (0, "left")
    points = (0, 6)  # clear of the label of the uppermost tick
    ax.annotate(
        text, (x, 1), points, xycoords="axes fraction", textcoords="offset points", ha=side
    )


def time_over(line: Sequence[Axes], time: float) -> None:
    """State the time of a row of panels above the names of its planes."""
    drawn = line[0].get_figure(root=True)
    assert drawn is not None  # noqa: S101
    boxes = [ax.get_position() for ax in line]
    above = max(box.y1 for box in boxes) + (LINE + 0.06) / drawn.get_figheight()
    drawn.text(boxes[0].x0, above, f"t = {time:.4g}", va="bottom", weight="bold")


def pictures(grid: Grid, values: NDArray[Any]) -> list[tuple[str, NDArray[Any]]]:
    """Return the planes z, y and x in the middle, and what is strongest along z."""
    found = []
    for i in (2, 1, 0):
        index = telling_index(values, i)
        text = f"{grid.axes[i].name} = {place(grid.axes[i], index)}"
        found.append((text, values.take(index, axis=i)))
    return [*found, (f"strongest along {grid.axes[2].name}", strongest(values))]


def telling_index(values: NDArray[Any], axis: int) -> int:
    """Return the index of the middle plane, or of the strongest where that is empty.

    Symmetric flows vanish on planes of symmetry, which are often in the middle.
    """
    middle = values.shape[axis] // 2
    others = tuple(i for i in range(3) if i != axis)
    profile = np.nan_to_num(np.abs(values)).max(axis=others)
    empty = profile[middle] < NOTHING * profile.max()
    return int(profile.argmax()) if empty else middle


def strongest(values: NDArray[Any]) -> NDArray[Any]:
    """Return along the last axis the value of the greatest modulus, with its sign."""
    index = np.nan_to_num(np.abs(values)).argmax(axis=-1)
    taken: NDArray[Any] = np.take_along_axis(values, index[..., None], axis=-1)[..., 0]
    return taken
