"""Animated profile: an endless GIF of  |ψ|, Re ψ, Im ψ  over time."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pdekit.files.atomic import make_folder, write_bytes
from pdekit.plots._fields import closed, curves, members, peak, some_frames, symbol
from pdekit.plots._style import caption, house_style, legend_above, panels, time_above

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from pdekit.result import Result

FRAMES, FRAME_MS, COLOURS, DPI = 300, 60, 128, 120
Curve = tuple[Any, str, Any]  # a line, its field, and the part of the field it shows


def movie(result: Result, path: str | Path) -> Path | None:
    """Write a GIF of member 0 of every field of a 1-D result; ``None`` when not 1-D.

    Its folder is created when missing.
    Only the curves are drawn anew for each frame, so that a frame costs milliseconds.
    """
    if result.grid.ndim != 1 or len(result.times) < 2:
        return None
    with house_style():
        images = _frames(result)
    buffer = io.BytesIO()
    images[0].save(
        buffer,
        format="GIF",
        save_all=True,
        append_images=images[1:],
        duration=FRAME_MS,
        loop=0,
        optimize=False,
    )
    path = Path(path)
    make_folder(path.parent)
    write_bytes(path, buffer.getvalue())
    return path


def _frames(result: Result) -> list[Any]:
    from PIL import Image

    drawn, lines, clock = _empty(result)
    canvas: Any = drawn.canvas
    canvas.draw()
    background = canvas.copy_from_bbox(drawn.bbox)
    axis = result.grid.axes[0]
    images: list[Any] = []
    for frame in some_frames(len(result.times), FRAMES):
        canvas.restore_region(background)
        clock.set_text(f"t = {result.times[frame]:.4g}")
        clock.axes.draw_artist(clock)
        for line, name, part in lines:
            line.set_data(*closed(axis, part(members(result, name)[frame, 0])))
            line.axes.draw_artist(line)
        picture = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
        images.append(picture.quantize(COLOURS, Image.Quantize.FASTOCTREE))
    return images


def _empty(result: Result) -> tuple[Figure, list[Curve], Any]:
    """Return the figure without its curves, the curves, and the text with the time."""
    axis = result.grid.axes[0]
    drawn, axes = panels(1, len(result.fields), height=2.2, lines=1)
    drawn.set_dpi(DPI)
    lines: list[Curve] = []
    for ax, name in zip(axes[0], result.fields, strict=True):
        values = members(result, name)[:, 0]
        for index, (label, part) in enumerate(curves(name, np.iscomplexobj(values))):
            (line,) = ax.plot([], [], label=label, animated=True, lw=0.7 if index else 1.2)
            lines.append((line, name, part))
        largest = 1.05 * max(peak(frame) for frame in values)
        ax.set_xlim(axis.lower, axis.upper)
        ax.set_ylim(-largest, largest)
        ax.set_xlabel(f"${symbol(axis.name)}$")
        legend_above(ax)
    clock = time_above(axes[0, -1], result.times[0])
    clock.set_animated(True)
    caption(drawn, result)
    return drawn, lines, clock
