"""Time series that are not conserved: peak, entropies and whatever else was recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pdekit.plots._fields import (
    finite,
    in_words,
    invariant_names,
    members,
    some_frames,
    states,
    symbol,
)
from pdekit.plots._style import LINE, QUIET, figure, legend_above, log_scale, panels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from pdekit.result import Result

    Series = dict[str, NDArray[np.float64]]  # label -> (time, member)

FAMILIES = ("shannon", "renyi")  # series that belong in one panel
ELSEWHERE = ("max_abs", "iterations", "relative_residual")  # shown by other panels
DECADES = 1e2  # a positive series that spans more is drawn on a log scale
FLAT = 1e-4  # a series that varies less, relatively, is drawn as a constant
COMPONENTS = 4  # of one quantity; what has more, such as a spectrum, is no time series
READ = 1 << 28  # values that are read for the peaks; beyond, frames are left out
LEGEND = 3  # entries in a line of a legend


@figure
def diagnostics(result: Result) -> Figure | None:
    """Draw the peak of each field and the recorded series, one panel for each family."""
    groups = families(result)
    count = 1 + len(groups)
    columns = 1 if count == 1 else 2 if count <= 8 else 3
    ensemble = result.members is not None
    first = peaks(result)
    sizes = [len(first[1]) + ensemble, *(len(s) for s in groups.values() if len(s) > 1)]
    lines = max(-(-size // LEGEND) for size in sizes)
    drawn, axes = panels(
        -(-count // columns),
        columns,
        height=1.2,
        row_gap=0.16 + LINE * lines,
        lines=lines,
    )
    ordered = list(axes.flat)
    draw_series(ordered[0], *first, note=ensemble)
    for ax, series in zip(ordered[1:], groups.values(), strict=False):
        draw_series(ax, np.asarray(result.times), series)
    for ax in ordered[:count]:
        label_series(ax)
    for ax in ordered[count:]:
        ax.set_visible(False)
    for column in axes.T:
        lowest = [ax for ax in column if ax.get_visible()][-1]
        lowest.set_xlabel("$t$")
        lowest.tick_params(labelbottom=True)
    return drawn


def peaks(result: Result) -> tuple[NDArray[np.float64], Series]:
    """Return times and  max |ψ|  over space of every field then."""
    size = sum(values[0].size for values in result.fields.values())
    frames = some_frames(len(result.times), max(2, READ // max(size, 1)))
    series = {
        rf"max $|{symbol(name)}|$": np.array(
            [largest_of(members(result, name)[frame]) for frame in frames]
        )
        for name in states(result)
    }
    return np.asarray(result.times)[frames], series


def largest_of(state: NDArray[Any]) -> NDArray[np.float64]:
    """Return the largest modulus of each member of ``(member, *space)``."""
    largest: NDArray[np.float64] = np.abs(finite(state)).reshape(len(state), -1).max(axis=1)
    return largest


def families(result: Result) -> dict[str, Series]:
    """Return the recorded series by family; one without a family stands alone."""
    groups: dict[str, Series] = {}
    for name, values in result.diagnostics.items():
        values = np.asarray(values)
        if name in (*ELSEWHERE, *invariant_names(result)) or values.dtype.kind not in "fiu":
            continue
        label = in_words(name)
        family = next((in_words(word) for word in FAMILIES if word in name), label)
        for part, series in components(result, label, values).items():
            groups.setdefault(family, {})[part] = series
    return groups


def components(result: Result, label: str, values: NDArray[Any]) -> Series:
    """Return the series ``(time, member)`` of each component of a recorded quantity."""
    frames, batch = len(result.times), result.members or 1
    by_member = result.members is not None and values.shape[1:2] == (batch,)
    series = finite(values.astype(float)).reshape(frames, batch if by_member else 1, -1)
    count = series.shape[-1]
    if count == 1:
        return {label: series[..., 0]}
    if count > COMPONENTS:
        return {}
    names = result.grid.names if count == result.grid.ndim else range(count)
    return {f"{label} {name}": series[..., i] for i, name in enumerate(names)}


def label_series(ax: Axes) -> None:
    """Name the lines of a panel above it, where names of any length have room."""
    ax.yaxis.get_offset_text().set(x=-0.02, ha="right")  # clear of the names
    labels = ax.get_legend_handles_labels()[1]
    if len(labels) > 1:
        legend_above(ax, LEGEND)
    else:
        ax.set_title(labels[0], loc="left", y=1.0, pad=3)


def draw_series(
    ax: Axes, times: NDArray[np.float64], series: Series, *, note: bool = False
) -> None:
    """Draw member 0 of each series, and dashed the mean of its ensemble."""
    for label, values in series.items():
        (line,) = ax.plot(times, values[:, 0], label=label)
        if values.shape[1] > 1:
            ax.plot(times, values.mean(axis=1), "--", color=line.get_color(), lw=0.8)
    together = np.concatenate([values.ravel() for values in series.values()])
    together = together[np.isfinite(together)]
    least, largest = together.min(initial=np.inf), together.max(initial=-np.inf)
    # what is zero at the start, up to rounding, jumps by many decades that mean nothing
    later = min(
        np.nanmin(values[min(1, len(values) - 1) :], initial=np.inf)
        for values in series.values()
    )
    if least > 0 and later * DECADES < largest:
        log_scale(ax)
    elif 0 <= largest - least < FLAT * abs(largest):  # no room for so many digits
        ax.set_ylim(largest - 0.05 * abs(largest), largest + 0.05 * abs(largest))
    if note:
        ax.plot([], [], "--", color=QUIET, lw=0.8, label="ensemble mean")
    if len(times) > 1:
        ax.set_xlim(times[0], times[-1])
