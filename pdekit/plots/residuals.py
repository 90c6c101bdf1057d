"""How the residual fell, iteration by iteration, down to the tolerance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pdekit.plots._style import QUIET, figure, legend_above, log_scale, panels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from pdekit.result import Result

FEWEST = 3  # residuals that make a curve
DIRECT = ("direct", "spectral")  # have no curve
MARKED = 40  # iterations up to which each has a mark


@figure
def residuals(result: Result) -> Figure | None:
    """Draw the relative residual of every iteration on a log scale, with the tolerance.

    Of an equation in time the iterations that the systems up to each frame took.
    """
    told = result.summary.get("convergence")
    if not told:
        return None
    if told.get("history"):
        return descent(told["history"])
    if "residual_history" not in result.diagnostics:
        return per_frame(result)
    history = np.asarray(result.diagnostics["residual_history"])[-1]
    history = history[np.isfinite(history)]
    if len(history) < FEWEST or result.summary["solver"]["name"] in DIRECT:
        return None
    drawn, axes = panels(1, 1, height=2.2, width=4.2)
    ax = axes[0, 0]
    draw_history(ax, history, told)
    ax.set_xlabel("iteration")
    ax.set_ylabel("relative residual")
    return drawn


def draw_history(ax: Axes, history: NDArray[Any], told: dict[str, Any]) -> None:
    """Draw one curve for each system, which starts from one, and say how fast it falls."""
    positive = np.maximum(history, np.finfo(float).tiny)
    mark = "o" if len(history) <= MARKED else ""
    systems = np.split(positive, 1 + np.flatnonzero(positive[1:] == 1.0))
    for i, each in enumerate(systems, 1):
        ax.plot(each, marker=mark, markersize=2.5, lw=0.9, label=f"system {i}")
    if len(systems) > 1:
        ax.legend(loc="upper right")
    tolerance = float(told["tolerance"])
    ax.axhline(tolerance, color=QUIET, lw=0.7, ls=(0, (4, 3)))
    ax.set_xlim(0, max(map(len, systems)) - 1)
    log_scale(ax)
    low, high = ax.get_ylim()
    ax.set_ylim(min(low, 0.3 * tolerance), max(high, 2.0))
    where = ax.get_yaxis_transform()
    ax.text(0.01, tolerance, "tolerance", color=QUIET, va="bottom", size=7, transform=where)
    factor = told.get("convergence_factor")
    if factor:
        text = f"factor {factor:.2g} per iteration"
        ax.text(0.98, 0.96, text, ha="right", va="top", transform=ax.transAxes)


def per_frame(result: Result) -> Figure | None:
    """Draw the iterations between the frames of an equation in time."""
    counts = result.diagnostics.get("iterations")
    if counts is None or len(counts) < FEWEST or result.summary["solver"]["name"] in DIRECT:
        return None
    drawn, axes = panels(1, 1, height=1.7, width=4.2)
    ax = axes[0, 0]
    ax.plot(result.times[1:], np.asarray(counts)[1:], drawstyle="steps-pre", lw=0.9)
    ax.set_xlim(result.times[0], result.times[-1])
    ax.set_ylim(0, None)
    ax.set_xlabel("$t$")
    ax.set_ylabel("iterations per frame")
    return drawn


def descent(history: list[dict[str, Any]]) -> Figure:
    """Draw residual, gap on the faces and error over the steps of an optimisation."""
    drawn, axes = panels(1, 1, height=2.2, width=4.2, lines=1)
    ax = axes[0, 0]
    steps = [told["step"] for told in history]
    for name, label in (
        ("residual", "residual"),
        ("boundary_gap", "gap on the faces"),
        ("error", "relative error"),
    ):
        values = [told[name] for told in history]
        if None not in values:
            ax.plot(steps, values, marker="o", markersize=2.5, lw=0.9, label=label)
    log_scale(ax)
    ax.set_xlabel("step")
    legend_above(ax, 3)
    return drawn
