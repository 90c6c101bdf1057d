"""Drift  |Q(t) − Q(0)| / scale  of the conserved quantities."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pdekit.plots._fields import EPS, drift, in_words, invariant_names
from pdekit.plots._style import (
    QUIET,
    figure,
    legend_above,
    legend_columns,
    log_scale,
    panels,
    short,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from pdekit.result import Result


FEW = 10  # frames; so few are marked one by one
MANY = 6  # quantities; more get a wider panel
DASHES = ("-", (0, (5, 1, 1, 1)), (0, (1, 1)))
"""One after the other, when there are more quantities than colours."""


@figure
def invariants(result: Result) -> Figure | None:
    """Draw each drift after the start, of an ensemble also the worst; below ε as ε."""
    from matplotlib import rcParams

    names = invariant_names(result)
    if not names or len(result.times) < 2:
        return None
    drifts = {name: drift(result, name)[1:] for name in names}
    labels = [f"{in_words(name)}  {short(values.max())}" for name, values in drifts.items()]
    width = 5.6 if len(names) > MANY else 3.9
    columns = legend_columns(labels, width)
    ensemble = any(values.shape[1] > 1 for values in drifts.values())
    lines = -(-(len(names) + ensemble) // columns)
    drawn, ((ax,),) = panels(1, 1, lines=lines, width=width)
    marker = "o" if len(result.times) < FEW else None
    colours = rcParams["axes.prop_cycle"].by_key()["color"]
    for number, (label, values) in enumerate(zip(labels, drifts.values(), strict=True)):
        floored = np.maximum(values, EPS)
        turn, index = divmod(number, len(colours))
        style = {
            "color": colours[index],
            "ls": DASHES[turn % len(DASHES)],
            "marker": marker,
        }
        ax.plot(result.times[1:], floored[:, 0], label=label, **style)
        if values.shape[1] > 1:
            worst = floored.max(axis=1)
            ax.plot(result.times[1:], worst, "--", color=colours[index], lw=0.8)
    if ensemble:
        ax.plot([], [], "--", color=QUIET, lw=0.8, label="worst member")
    ax.axhline(EPS, color=QUIET, lw=0.6, ls=":")
    log_scale(ax)
    ax.set_xlim(result.times[0], result.times[-1])
    ax.set_ylim(bottom=EPS / 2)
    ax.set_xlabel("$t$")
    ax.set_ylabel(r"$|Q(t) - Q(0)|$ / scale")
    legend_above(ax, columns)
    return drawn
