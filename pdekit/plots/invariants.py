"""Drift  |Q(t) − Q(0)| / scale  of the conserved quantities."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pdekit.plots._fields import EPS, drift, in_words, invariant_names
from pdekit.plots._style import QUIET, figure, legend_above, log_scale, panels, short

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from pdekit.result import Result


FEW = 10  # frames; so few are marked one by one


@figure
def invariants(result: Result) -> Figure | None:
    """Draw each drift after the start, of an ensemble also the worst; below ε as ε."""
    names = invariant_names(result)
    if not names or len(result.times) < 2:
        return None
    drawn, ((ax,),) = panels(1, 1, lines=-(-(len(names) + 1) // 3))
    marker = "o" if len(result.times) < FEW else None
    ensemble = False
    for name in names:
        drifts = drift(result, name)[1:]
        floored = np.maximum(drifts, EPS)
        label = f"{in_words(name)}  {short(drifts.max())}"
        (line,) = ax.plot(result.times[1:], floored[:, 0], marker=marker, label=label)
        if ensemble := drifts.shape[1] > 1:
            worst = floored.max(axis=1)
            ax.plot(result.times[1:], worst, "--", color=line.get_color(), lw=0.8)
    if ensemble:
        ax.plot([], [], "--", color=QUIET, lw=0.8, label="worst member")
    ax.axhline(EPS, color=QUIET, lw=0.6, ls=":")
    log_scale(ax)
    ax.set_xlim(result.times[0], result.times[-1])
    ax.set_ylim(bottom=EPS / 2)
    ax.set_xlabel("$t$")
    ax.set_ylabel(r"$|Q(t) - Q(0)|$ / scale")
    legend_above(ax, 3)
    return drawn
