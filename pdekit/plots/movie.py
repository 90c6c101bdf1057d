"""Animations: an endless GIF of the curves or maps of a result, and an MP4 by ffmpeg."""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pdekit.files.atomic import make_folder, write_bytes
from pdekit.plots._colour import extremes
from pdekit.plots._fields import closed, curves, members, shown, some_frames, states, symbol
from pdekit.plots._film import Film, maps
from pdekit.plots._style import caption, house_style, legend_above, panels, time_above
from pdekit.plots._video import write_mp4

if TYPE_CHECKING:
    from pdekit.result import Result

FRAMES, FRAME_MS, DPI = 200, 60, 120
LARGEST = 8_000_000  # bytes of a GIF; what is shown in a page should not be larger
SAMPLES = 3  # frames from which its size is foretold
COARSEST = 80  # dots per inch; below, text is hard to read
Progress = Callable[[float, str], None]


def movie(
    result: Result, path: str | Path, progress: Progress | None = None
) -> Path | None:
    """Write a GIF of member 0 of every field; ``None`` when there is one frame only.

    Curves in one dimension, maps with a fixed colour scale in two, the middle plane in
    three. At most 200 frames and 8 MB: a longer run is sampled, a picture that does not
    pack well is made smaller. Where ``ffmpeg`` is installed, an ``.mp4`` is written beside
    it.

    Parameters
    ----------
    result : Result
        What was computed.
    path : path
        Of the GIF; its folder is created when missing.
    progress : function, optional
        Told the fraction done and what is being done, after every frame.
    """
    if len(result.times) < 2:
        return None
    path = Path(path)
    make_folder(path.parent)
    tell = progress or (lambda done, what: None)
    with house_style():
        frames = some_frames(len(result.times), FRAMES)
        film = (profiles if result.grid.ndim == 1 else maps)(result, frames).at(DPI)
        frames = fitting(film, frames)
        images = []
        for count, frame in enumerate(frames):
            images.append(film.image(frame))
            tell((count + 1) / len(frames), "drawing the movie")
    write_bytes(path, encoded(images))
    write_mp4(images, path.with_suffix(".mp4"), 1000 / FRAME_MS)
    return path


def fitting(film: Film, frames: list[int]) -> list[int]:
    """Make the film so small, and return so few of its frames, that the GIF is not large.

    What a frame takes is measured on a few of them; it goes with the number of pixels.
    """
    excess = size_of(film, frames) * len(frames) / LARGEST
    if excess <= 1:
        return frames
    film.at(max(COARSEST, DPI / math.sqrt(excess)))
    return spread(frames, max(2, int(LARGEST / size_of(film, frames))))


def size_of(film: Film, frames: list[int]) -> int:
    """Return the bytes that a frame takes, the mean of a few and a tenth more."""
    sample = [len(encoded([film.image(frame)])) for frame in spread(frames, SAMPLES)]
    return math.ceil(1.1 * sum(sample) / len(sample))


def spread(frames: list[int], limit: int) -> list[int]:
    """Return at most ``limit`` of the frames, the first and the last among them."""
    return [frames[i] for i in some_frames(len(frames), limit)]


def encoded(images: list[Any]) -> bytes:
    """Return the bytes of an endless GIF."""
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
    return buffer.getvalue()


def profiles(result: Result, frames: list[int]) -> Film:
    """Return a film of  |ψ|, Re ψ, Im ψ  (or of a real field) over x."""
    axis = result.grid.axes[0]
    drawn, axes = panels(1, len(states(result)), height=2.2, lines=1)
    lines: list[tuple[Any, str, Any]] = []
    for ax, name in zip(axes[0], states(result), strict=True):
        values = members(result, name)[:, 0]
        for index, (label, part) in enumerate(curves(name, np.iscomplexobj(values))):
            (line,) = ax.plot([], [], label=label, animated=True, lw=0.7 if index else 1.2)
            lines.append((line, name, part))
        least, largest = extremes(shown(values[frame]) for frame in frames)
        if np.iscomplexobj(values):  # its parts reach as far down as its modulus up
            least = -largest
        margin = 0.05 * (largest - least) or 1.0
        ax.set_xlim(axis.lower, axis.upper)
        ax.set_ylim(least - margin, largest + margin)
        ax.set_xlabel(f"${symbol(axis.name)}$")
        legend_above(ax)
    clock = time_above(axes[0, -1], result.times[0])
    caption(drawn, result)

    def update(frame: int) -> None:
        for line, name, part in lines:
            line.set_data(*closed(axis, part(members(result, name)[frame, 0])))

    return Film(drawn, [line for line, _, _ in lines], clock, result.times, update)
