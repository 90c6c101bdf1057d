"""Time series that are not conserved: peak, entropies and whatever else was recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pdekit.plots._fields import finite, in_words, invariant_names, members, symbol
from pdekit.plots._style import LINE, QUIET, figure, legend_above, log_scale, panels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from pdekit.result import Result

    Series = dict[str, NDArray[np.float64]]  # label -> (time, member)

FAMILIES = ("shannon", "renyi")  # series that belong in one panel
ELSEWHERE = ("max_abs",)  # the first panel shows it for every field
DECADES = 1e2  # a positive series that spans more is drawn on a log scale
FLAT = 1e-4  # a series that varies less, relatively, is drawn as a constant


@figure
def diagnostics(result: Result) -> Figure | None:
    """Draw the peak of each field and the recorded series, one panel for each family."""
    groups = {"maximum": peaks(result), **families(result)}
    columns = 1 if len(groups) == 1 else 2
    ensemble = result.members is not None
    lines = max(-(-(len(series) + ensemble) // 3) for series in groups.values())
    drawn, axes = panels(
        -(-len(groups) // columns),
        columns,
        height=1.2,
        row_gap=0.16 + LINE * lines,
        lines=lines,
    )
    for ax, (name, series) in zip(axes.flat, groups.items(), strict=False):
        draw_series(ax, np.asarray(result.times), series)
        ax.set_ylabel(next(iter(series)) if len(series) == 1 else name)
    for ax in axes.flat[len(groups) :]:
        ax.set_visible(False)
    for column in axes.T:
        lowest = [ax for ax in column if ax.get_visible()][-1]
        lowest.set_xlabel("$t$")
        lowest.tick_params(labelbottom=True)
    return drawn


def peaks(result: Result) -> Series:
    """Return  max |ψ|  over space of every field."""
    return {
        rf"max $|{symbol(name)}|$": np.array(
            [
                np.abs(finite(frame)).reshape(len(frame), -1).max(axis=1)
                for frame in members(result, name)
            ]
        )
        for name in result.fields
    }


def families(result: Result) -> dict[str, Series]:
    """Return the recorded series by family; one without a family stands alone."""
    groups: dict[str, Series] = {}
    for name, values in result.diagnostics.items():
        values = np.asarray(values)
        if name in (*ELSEWHERE, *invariant_names(result)) or values.dtype.kind not in "fiu":
            continue
        label = in_words(name)
        family = next((in_words(word) for word in FAMILIES if word in name), label)
        series = finite(values.astype(float)).reshape(len(result.times), -1)
        groups.setdefault(family, {})[label] = series
    return groups


def draw_series(ax: Axes, times: NDArray[np.float64], series: Series) -> None:
    """Draw member 0 of each series, and dashed the mean of its ensemble."""
    ensemble = any(values.shape[1] > 1 for values in series.values())
    for label, values in series.items():
        (line,) = ax.plot(times, values[:, 0], label=label)
        if ensemble:
            ax.plot(times, values.mean(axis=1), "--", color=line.get_color(), lw=0.8)
    together = np.concatenate([values.ravel() for values in series.values()])
    together = together[np.isfinite(together)]
    least, largest = together.min(initial=np.inf), together.max(initial=-np.inf)
    if 0 < least * DECADES < largest:
        log_scale(ax)
    elif 0 <= largest - least < FLAT * abs(largest):  # no room for so many digits
        ax.set_ylim(largest - 0.05 * abs(largest), largest + 0.05 * abs(largest))
    if ensemble:
        ax.plot([], [], "--", color=QUIET, lw=0.8, label="ensemble mean")
    if len(times) > 1:
        ax.set_xlim(times[0], times[-1])
    if len(series) > 1 or ensemble:
        legend_above(ax, 3)
