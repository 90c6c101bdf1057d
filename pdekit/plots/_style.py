"""What all figures share: the style, panels laid out in inches, captions, encoding.

Panels have fixed margins in inches instead of a layout engine: measured, constrained
layout costs 60 % more than drawing the figure, and fixed margins line figures up.
"""

from __future__ import annotations

import functools
import io
import math
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np

from pdekit import __version__

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Text
    from numpy.typing import NDArray

    from pdekit.result import Result

LEFT, RIGHT, BOTTOM, TOP = 0.66, 0.16, 0.42, 0.56  # margins around all panels, inches
GAP, LINE = 0.66, 0.17  # between columns; one line of legend or title above a panel
CHARACTER = 0.058  # inches that a character of a legend takes, about
QUIET = "0.45"  # grey of everything that is not data
MISSING = "0.8"  # grey of data that are not finite
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@functools.cache
def _house_parameters() -> Any:
    from matplotlib import rc_params_from_file

    return rc_params_from_file(
        str(files("pdekit").joinpath("pdekit.mplstyle")), use_default_template=False
    )


@contextmanager
def house_style() -> Iterator[None]:
    """Draw in the style of ``pdekit.mplstyle``; numbers that overflow are no news here."""
    from matplotlib import rc_context

    with (
        rc_context(_house_parameters()),
        np.errstate(all="ignore"),
        warnings.catch_warnings(),
    ):
        # a title may be in any script; a missing glyph shows as a box, which is enough
        warnings.filterwarnings("ignore", message="Glyph .* missing", category=UserWarning)
        yield


def figure(
    draw: Callable[[Result], Figure | None],
) -> Callable[[Result], Figure | None]:
    """Make ``draw`` a figure of the house: its style around it, the caption on top."""

    @functools.wraps(draw)
    def styled(result: Result) -> Figure | None:
        if len(result.times) == 0:
            return None
        with house_style():
            drawn = draw(result)
            if drawn is not None:
                caption(drawn, result)
        return drawn

    return styled


def panels(
    rows: int,
    columns: int,
    *,
    height: float = 2.3,
    ratios: tuple[float, ...] | None = None,
    row_gap: float = 0.1,
    lines: int = 0,
    width: float | None = None,
    colour_bar: bool = False,
    sharey: bool = False,
) -> tuple[Figure, NDArray[Any]]:
    """Return a figure and its ``(rows, columns)`` axes, sized in inches.

    Panels of one column share their abscissa. Above the panels there is room for ``lines``
    lines of text, such as a legend's.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    ratios = ratios or (1.0,) * rows
    width = width or (3.9 if columns == 1 else 2.75)
    bar = 0.62 if colour_bar else 0.0
    gap = GAP + bar
    total_width = LEFT + columns * width + (columns - 1) * gap + bar + RIGHT
    inner = height * sum(ratios) + (rows - 1) * row_gap
    top = TOP + lines * LINE
    total_height = top + inner + BOTTOM
    drawn = Figure(figsize=(total_width, total_height))
    FigureCanvasAgg(drawn)
    axes = drawn.subplots(
        rows,
        columns,
        squeeze=False,
        sharex="col",
        sharey=sharey,
        gridspec_kw={
            "left": LEFT / total_width,
            "right": 1 - (RIGHT + bar) / total_width,
            "bottom": BOTTOM / total_height,
            "top": 1 - top / total_height,
            "wspace": gap / width,
            "hspace": row_gap * rows / (height * sum(ratios)),
            "height_ratios": ratios,
        },
    )
    return drawn, axes


def colour_bar(ax: Axes, mappable: Any, label: str) -> None:
    """Put a slim colour bar to the right of ``ax``, in the room that ``panels`` left."""
    drawn = ax.get_figure(root=True)
    assert drawn is not None  # noqa: S101
    box, width = ax.get_position(), drawn.get_figwidth()
    cax = drawn.add_axes((box.x1 + 0.08 / width, box.y0, 0.09 / width, box.height))
    bar = drawn.colorbar(mappable, cax=cax, label=label)
    bar.outline.set_visible(False)
    bar.ax.yaxis.set_offset_position("left")


def legend_above(ax: Axes, columns: int = 4, markerscale: float = 1.0) -> None:
    """Put the legend above ``ax``, where it cannot cover data."""
    ax.legend(
        loc="lower left",
        bbox_to_anchor=(0, 1.02),
        ncols=columns,
        borderpad=0,
        markerscale=markerscale,
    )


def legend_columns(labels: Iterable[str], width: float, most: int = 3) -> int:
    """Return in how many columns a legend of ``width`` inches can be set."""
    longest = max((len(label.replace("$", "")) for label in labels), default=1)
    return max(1, min(most, int(width / (CHARACTER * longest + 0.4))))


def time_above(ax: Axes, time: float) -> Text:
    """State the time of what ``ax`` shows, at its upper right."""
    return ax.text(
        1, 1.02, f"t = {time:.4g}", ha="right", va="bottom", transform=ax.transAxes
    )


def log_scale(ax: Axes) -> None:
    """Make the ordinate logarithmic, with powers of ten in plain text, two at least."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    ax.set_yscale("log")
    low, high = ax.get_ylim()
    if high < 100 * low:
        ax.set_ylim(
            10.0 ** math.floor(math.log10(low)), 10.0 ** math.ceil(math.log10(high))
        )
    ax.yaxis.set_major_locator(LogLocator(numticks=8))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: power_of_ten(value)))
    ax.yaxis.set_minor_locator(LogLocator(subs=(2.0, 5.0), numticks=8))  # ticks cost time
    ax.yaxis.set_minor_formatter(NullFormatter())


def caption(drawn: Figure, result: Result) -> None:
    """Write the title of the case and how accurate its answer is."""
    width, height = drawn.get_size_inches()
    style: dict[str, Any] = {"ha": "left", "va": "top", "parse_math": False}
    title = " ".join(title_of(result).split())
    room = (width - 0.24) / 0.083
    size = max(9 * min(1.0, room / max(len(title), 1)), 6.5)
    title = fitted(title, room * 9 / size)
    drawn.text(0.12 / width, 1 - 0.1 / height, title, size=size, weight="bold", **style)
    ensemble = f"member 0 of {result.members} · " if result.members else ""
    stated = fitted(ensemble + accuracy(result.summary), (width - 0.24) / 0.06)
    drawn.text(0.12 / width, 1 - 0.28 / height, stated, size=7.5, color=QUIET, **style)


def fitted(text: str, room: float) -> str:
    """Return ``text`` on one line of at most ``room`` characters."""
    text = " ".join(text.split())
    return text if len(text) <= room else text[: int(room) - 1].rstrip() + "…"


def title_of(result: Result) -> str:
    """Return the title of the case, or else its name."""
    names = (result.case.get("title"), result.case.get("name"), result.summary.get("case"))
    return next((str(name) for name in names if name), "untitled case")


def accuracy(summary: Mapping[str, Any]) -> str:
    """Say in one line how accurate the answer is, and whether the run went well."""
    errors = summary.get("errors") or {}
    status = summary.get("status", "ok")
    parts = [] if status in ("ok", "done") else [str(status).replace("_", " ")]
    if isinstance(errors.get("relative_l2"), int | float):
        against = f" against {errors['reference']}" if errors.get("reference") else ""
        parts.append(f"relative L² error {short(errors['relative_l2'])}{against}")
    elif isinstance(errors.get("error_estimate"), int | float):
        by = f" ({errors['estimator']})" if errors.get("estimator") else ""
        parts.append(f"error estimate {short(errors['error_estimate'])}{by}")
    else:
        parts.append("no accuracy stated")
    return " · ".join(parts)


def short(value: float) -> str:
    """Write a number in two digits, such as ``3.1×10⁻⁹``."""
    value = float(value)
    if not math.isfinite(value):
        return {True: "∞", False: "−∞"}[value > 0] if math.isinf(value) else "not a number"
    if value == 0 or 0.01 <= abs(value) < 1000:
        return f"{value:.2g}" if abs(value) < 100 else f"{value:.0f}"
    mantissa, exponent = f"{value:.1e}".split("e")
    return f"{mantissa}×10{superscript(int(exponent))}"


def power_of_ten(value: float) -> str:
    """Write a power of ten as such, anything else not at all."""
    exponent = math.log10(value) if value > 0 else math.nan
    return f"10{superscript(round(exponent))}" if abs(exponent % 1) < 1e-9 else ""


def superscript(exponent: int) -> str:
    """Write an exponent in raised digits."""
    return str(exponent).translate(SUPERSCRIPTS)


def encode(drawn: Figure, extension: str = "png") -> bytes:
    """Return the bytes of the figure's file; PNG is packed lightly, which is 5× quicker."""
    buffer = io.BytesIO()
    options: dict[str, Any] = {}
    if extension == "png":
        options = {
            "pil_kwargs": {"compress_level": 1},
            "metadata": {"Software": f"pdekit {__version__}"},
        }
    with house_style():
        drawn.savefig(buffer, format=extension, **options)
    return buffer.getvalue()
