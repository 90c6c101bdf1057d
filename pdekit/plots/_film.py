"""A figure of which only a part changes from frame to frame, and the film of maps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from pdekit.plots._colour import extremes, scale
from pdekit.plots._scalars import planes
from pdekit.plots._sheet import (
    BAR,
    Picture,
    label_axes,
    proportions,
    shared_bar,
    sheet,
    show,
)
from pdekit.plots._style import caption, time_above
from pdekit.plots._ticks import place

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.text import Text
    from numpy.typing import NDArray

    from pdekit.result import Result

WIDTH, HIGHEST = 6.4, 3.2  # of all panels together, and of one, inches
GAP = 0.5  # between a colour bar and the next panel
GREYS = 32  # of the palette, for letters and lines; the rest is for the maps
COLOURS = 128  # of a film of curves


class Film:
    """Frames of a figure as images: what does not move is drawn once.

    Parameters
    ----------
    drawn : Figure
        All of it; the moving artists must be ``animated``.
    moving : sequence of artists
        Drawn anew for each frame, in this order.
    clock : Text
        Shows the time.
    times : array
        Of the frames.
    update : function of a frame
        Gives the moving artists what they show.
    palette : sequence of colours, optional
        ``(n, 3)`` bytes, at most 256; without it each image has its own.
    """

    def __init__(
        self,
        drawn: Figure,
        moving: Sequence[Any],
        clock: Text,
        times: NDArray[Any],
        update: Callable[[int], None],
        palette: Any = None,
    ) -> None:
        clock.set_animated(True)
        self._drawn, self._moving, self._clock = drawn, [*moving, clock], clock
        self._times, self._update, self._palette = times, update, palette
        self._background: Any = None

    def at(self, dpi: float) -> Film:
        """Set the resolution, in dots per inch, and return the film."""
        self._drawn.set_dpi(dpi)
        canvas: Any = self._drawn.canvas
        canvas.draw()
        self._background = canvas.copy_from_bbox(self._drawn.bbox)
        return self

    def image(self, frame: int) -> Any:
        """Return a frame as a `PIL.Image` with a palette."""
        from PIL import Image

        canvas: Any = self._drawn.canvas
        canvas.restore_region(self._background)
        self._clock.set_text(f"t = {self._times[frame]:.4g}")
        self._update(frame)
        for artist in self._moving:
            artist.axes.draw_artist(artist)
        picture = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
        if self._palette is None:
            return picture.quantize(COLOURS, Image.Quantize.FASTOCTREE)
        reference = Image.new("P", (1, 1))
        reference.putpalette(np.asarray(self._palette, np.uint8).tobytes())
        return picture.quantize(palette=reference, dither=Image.Dither.NONE)


def maps(result: Result, frames: Sequence[int]) -> Film:
    """Return a film of the fields of a plane, each with a colour scale that stays."""
    across, up = result.grid.axes[:2]
    shown = planes(result)
    size = proportions(across, up, (WIDTH + BAR) / len(shown) - BAR, HIGHEST)
    drawn, axes = sheet([[size] * len(shown)], gap=BAR + GAP, row_gap=0.0)
    pictures: list[Picture] = []
    moving: list[Any] = []
    scales = []
    for ax, scalar in zip(axes[0], shown, strict=True):
        colours = scale(*extremes(scalar.values(frame) for frame in frames), scalar.modulus)
        picture = show(ax, across, up, scalar.values(frames[0]), colours)
        label_axes(ax, across, up)
        shared_bar([ax], picture.image, scalar.label)
        picture.image.set_animated(True)
        pictures.append(picture)
        moving += [picture.image, *ax.spines.values()]
        scales.append(colours["cmap"])
        if result.grid.ndim == 3:
            z = result.grid.axes[2]
            text = f"{z.name} = {place(z, z.n // 2)}"
            ax.text(0, 1.02, text, ha="left", va="bottom", transform=ax.transAxes)
    clock = time_above(axes[0][-1], result.times[frames[0]])
    caption(drawn, result)

    def update(frame: int) -> None:
        for picture, scalar in zip(pictures, shown, strict=True):
            picture.update(scalar.values(frame))

    return Film(drawn, moving, clock, result.times, update, palette(scales))


def palette(scales: Iterable[Any]) -> list[tuple[int, int, int]]:
    """Return greys and the colours of some colour maps, at most 256 together."""
    different = {colours.name: colours for colours in scales}
    each = (256 - GREYS) // max(len(different), 1)
    found = [(grey, grey, grey) for grey in np.linspace(0, 255, GREYS).round().astype(int)]
    for colours in different.values():
        rows = colours(np.linspace(0, 1, each), bytes=True)[:, :3]
        found += [tuple(row) for row in rows]
    return [(int(r), int(g), int(b)) for r, g, b in found]
