"""Sheets of images in true proportion: sizes in inches, one colour bar for several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from pdekit.plots._fields import coarsened, edges, symbol
from pdekit.plots._style import BOTTOM, LEFT, LINE, RIGHT, TOP
from pdekit.plots._ticks import coordinate_ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from pdekit.grid import Axis

Size = tuple[float, float]
BAR, NARROWEST = 0.72, 4.2  # room for a colour bar; width below which captions suffer
CONTRAST = 1e-2  # relative range of colours
LETTER = 0.06  # inches along a colour bar that a letter of its label takes, about
PIXELS = 640  # across a panel; no screen shows more of a page this wide
SLIMMEST = 0.12  # ratio of the sides of a panel below which it is drawn out of proportion


def proportions(across: Axis, up: Axis, widest: float, highest: float) -> Size:
    """Return the size of a panel that shows a rectangle as true to scale as possible."""
    ratio = min(max(up.length / across.length, SLIMMEST), 1 / SLIMMEST)
    width = min(widest, highest / ratio)
    return width, width * ratio


def sheet(
    sizes: Sequence[Sequence[Size]], *, gap: float, row_gap: float, lines: int = 1
) -> tuple[Figure, list[list[Axes]]]:
    """Return a figure with panels of the given sizes, row by row, aligned at their feet."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    columns = max(len(row) for row in sizes)
    widths = [max(row[c][0] for row in sizes if c < len(row)) for c in range(columns)]
    heights = [max(height for _, height in row) for row in sizes]
    total_width = max(LEFT + sum(widths) + gap * (columns - 1) + BAR + RIGHT, NARROWEST)
    above = TOP + lines * LINE
    total_height = above + sum(heights) + row_gap * (len(heights) - 1) + BOTTOM
    drawn = Figure(figsize=(total_width, total_height))
    FigureCanvasAgg(drawn)
    axes = []
    for r, row in enumerate(sizes):
        foot = BOTTOM + sum(heights[r + 1 :]) + row_gap * (len(heights) - 1 - r)
        axes.append(
            [
                drawn.add_axes(
                    (
                        (LEFT + sum(widths[:c]) + gap * c) / total_width,
                        foot / total_height,
                        width / total_width,
                        height / total_height,
                    )
                )
                for c, (width, height) in enumerate(row)
            ]
        )
    return drawn, axes


@dataclass(frozen=True)
class Picture:
    """A plane drawn as an image; another one of the same grid can take its place."""

    image: Any
    across: Axis
    up: Axis

    def update(self, plane: NDArray[Any]) -> None:
        """Show other values ``(across, up)``."""
        cells, x, y = cells_of(self.across, self.up, plane)
        if is_smooth(self.image):
            self.image.set_data(cells)
        else:
            self.image.set_data(x, y, cells)


def show(
    ax: Axes, across: Axis, up: Axis, plane: NDArray[Any], colours: dict[str, Any]
) -> Picture:
    """Draw values ``(across, up)`` as an image of the whole box."""
    cells, x, y = cells_of(across, up, plane)
    image: Any = ax.pcolorfast(x, y, cells, **colours)
    if is_smooth(image) and has_contrast(image):
        image.set_interpolation("bilinear")
    ax.set_xlim(across.lower, across.upper)
    ax.set_ylim(up.lower, up.upper)
    return Picture(image, across, up)


def is_smooth(image: Any) -> bool:
    """Whether the points are evenly spaced, so that values can be drawn interpolated."""
    from matplotlib.image import PcolorImage

    return not isinstance(image, PcolorImage)


def has_contrast(image: Any) -> bool:
    """Whether colours span much of the values; else interpolation shows its rounding."""
    least, largest = image.get_clim()
    return bool(largest - least > CONTRAST * max(abs(least), abs(largest)))


def cells_of(across: Axis, up: Axis, plane: NDArray[Any]) -> tuple[Any, Any, Any]:
    """Return ``(up, across)`` cells, no more than can be seen, and their borders."""
    columns, x = coarsened(whole(across, up, plane).T, borders(across), PIXELS)
    rows, y = coarsened(columns.T, borders(up), PIXELS)
    return np.ma.masked_invalid(rows.T), x, y


def whole(across: Axis, up: Axis, plane: NDArray[Any]) -> NDArray[Any]:
    """Return a plane with the ends of its periods, which are their beginnings, added."""
    ends = [(0, int(axis.boundary == "periodic")) for axis in (across, up)]
    return np.pad(plane, ends, mode="wrap")


def borders(axis: Axis) -> NDArray[Any]:
    """Return the borders of the cells around the points that `whole` returns."""
    points = axis.points()
    if axis.boundary == "periodic":
        points = np.append(points, points[0] + axis.length)
    return edges(points)


def label_axes(
    ax: Axes, across: Axis, up: Axis, *, left: bool = True, below: bool = True
) -> None:
    """Put ticks on both coordinates, and words on those at the edge of the sheet."""
    drawn = ax.get_figure(root=True)
    assert drawn is not None  # noqa: S101
    box = ax.get_position()
    coordinate_ticks(ax.xaxis, across, box.width * drawn.get_figwidth())
    coordinate_ticks(ax.yaxis, up, box.height * drawn.get_figheight())
    ax.tick_params(labelleft=left, labelbottom=below)
    if left:
        ax.set_ylabel(f"${symbol(up.name)}$")
    if below:
        ax.set_xlabel(f"${symbol(across.name)}$")


def few_ticks(axis: Any) -> None:
    """Leave three ticks at most with labels; on a log scale powers of ten alone."""
    if axis.get_scale() != "log":
        axis.get_major_locator().set_params(nbins=3)
        return
    axis.get_major_locator().set_params(numticks=3)
    least, largest = axis.get_view_interval()
    if largest >= 10 * least:
        axis.get_minor_formatter().set_locs([])
        axis.minorticks_off()


def shared_bar(axes: Sequence[Axes], image: Any, label: str) -> Any:
    """Put one slim colour bar to the right of several panels, as high as all of them."""
    drawn = axes[0].get_figure(root=True)
    assert drawn is not None  # noqa: S101
    boxes = [ax.get_position() for ax in axes]
    width = drawn.get_figwidth()
    right = max(box.x1 for box in boxes)
    foot, head = min(box.y0 for box in boxes), max(box.y1 for box in boxes)
    cax = drawn.add_axes((right + 0.1 / width, foot, 0.09 / width, head - foot))
    bar = drawn.colorbar(image, cax=cax, label=label)
    bar.outline.set_visible(False)
    bar.ax.yaxis.set_offset_position("left")
    if not has_contrast(image):
        formatter: Any = bar.formatter
        formatter.set_useOffset(True)
    inches = (head - foot) * drawn.get_figheight()
    room = inches / (LETTER * len(label.replace("$", "")))
    bar.ax.yaxis.label.set_fontsize(max(5.5, min(8.5, 8.5 * room)))
    if inches < 1.2:
        few_ticks(bar.ax.yaxis)
    return bar
