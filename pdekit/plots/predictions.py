"""Pictures of single samples: what was given, the truth, the prediction, its error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pdekit.plots._colour import extremes, scale
from pdekit.plots._fields import symbol
from pdekit.plots._sheet import BAR, label_axes, proportions, shared_bar, sheet, show
from pdekit.plots._style import QUIET, fitted, house_style, legend_above, log_scale, panels
from pdekit.plots.comparison import decades

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from pdekit.comparison.evaluation import Evaluation
    from pdekit.comparison.found import Judged
    from pdekit.grid import Grid
    from pdekit.typing import Array

PANEL, HIGHEST = 1.75, 1.75
FLOOR = 1e-6
"""Errors in pictures are cut off at this part of the largest value."""
METRICS = {"relative_l2": "relative L² error", "vrmse": "VRMSE", "nrmse": "NRMSE"}


def titled(drawn: Figure, facts: dict[str, Any], line: str) -> Figure:
    """Write the title of the case, and a line below it, above a figure."""
    width, height = drawn.get_size_inches()
    style: dict[str, Any] = {"ha": "left", "va": "top", "parse_math": False}
    title, room = facts["title"] or facts["case"] or "Comparison", (width - 0.24) / 0.083
    size = max(9 * min(1.0, room / len(title)), 6.5)
    title = fitted(title, room * 9 / size)
    drawn.text(0.12 / width, 1 - 0.1 / height, title, size=size, weight="bold", **style)
    line = fitted(line, (width - 0.24) / 0.06)
    drawn.text(0.12 / width, 1 - 0.28 / height, line, size=7.5, color=QUIET, **style)
    return drawn


def error_name(metric: str) -> str:
    """Return the name of a metric for people."""
    return METRICS.get(metric, metric.replace("_", " "))


def samples(evaluation: Evaluation, facts: dict[str, Any]) -> Figure | None:
    """Draw input, truth, prediction and error of the median and the worst sample."""
    models = evaluation.found.models
    if not models or evaluation.trial.grid.ndim > 2:
        return None
    judged = models[0]
    values = judged.scores[facts["metric"]].values
    order = np.argsort(values)
    chosen = {"median": int(order[(len(order) - 1) // 2]), "worst": int(order[-1])}
    lines = {
        f"{name} sample: {error_name(facts['metric'])} {_told(values[i])}": i
        for name, i in chosen.items()
    }
    with house_style():
        one = evaluation.trial.grid.ndim == 1
        drawn = (_lines if one else _planes)(evaluation, judged, lines)
        t = "" if evaluation.trial.steady else f" at t = {evaluation.trial.ahead[-1]:.4g}"
        return titled(drawn, facts, f"{judged.entrant.label}{t}")


def _told(value: float) -> str:
    return f"{value:.2g}" if np.isfinite(value) else "∞, diverges"


def _of(evaluation: Evaluation, judged: Judged, i: int) -> tuple[Array, ...]:
    """Return what was given, truth and prediction at the end, of the first field."""
    trial = evaluation.trial
    given = trial.constant[i, 0] if trial.steady else trial.given[i, 0, -1]
    return given, trial.truth[i, 0, -1], judged.answers[i, 0, -1]


def _lines(evaluation: Evaluation, judged: Judged, lines: dict[str, int]) -> Figure:
    (axis,) = evaluation.trial.grid.axes
    x, name = axis.points(), symbol(evaluation.trial.varying[0])
    drawn, axes = panels(2, len(lines), height=1.5, ratios=(1.0, 0.6), width=2.75, lines=2)
    for column, (title, i) in enumerate(lines.items()):
        given, truth, prediction = _of(evaluation, judged, i)
        above, below = axes[0, column], axes[1, column]
        above.plot(x, given, color="0.7", label="given")
        above.plot(x, truth, color="C0", label="truth")
        above.plot(x, prediction, "--", color="C1", label="prediction")
        above.text(0, 1.14, title, transform=above.transAxes, va="bottom", size=7)
        below.plot(x, np.abs(prediction - truth), color="C1")
        log_scale(below)
        below.set_xlabel(f"${symbol(axis.name)}$")
        if column == 0:
            above.set_ylabel(f"${name}$")
            below.set_ylabel("|error|")
            legend_above(above, columns=3)
    return drawn


def _planes(evaluation: Evaluation, judged: Judged, lines: dict[str, int]) -> Figure:
    grid: Grid = evaluation.trial.grid
    across, up = grid.axes
    size = proportions(across, up, PANEL, HIGHEST)
    drawn, axes = sheet([[size] * 4] * len(lines), gap=BAR + 0.16, row_gap=0.42, lines=2)
    name = symbol(evaluation.trial.varying[0])
    given = evaluation.trial.constants[0] if evaluation.trial.steady else ""
    for line, (title, i) in zip(axes, lines.items(), strict=True):
        fields = _of(evaluation, judged, i)
        error = np.abs(fields[2] - fields[1])
        largest = float(np.abs(fields[1]).max())
        error = np.maximum(error, FLOOR * largest)
        colours = scale(*extremes([fields[1]]))
        each = (
            scale(*extremes([fields[0]])),
            colours,
            colours,
            decades(error, FLOOR * largest),
        )
        words = (given or "given", "truth", "prediction", "|error|")
        for column, (ax, plane) in enumerate(zip(line, (*fields, error), strict=True)):
            picture = show(ax, across, up, plane, each[column])
            label_axes(ax, across, up, left=column == 0, below=line is axes[-1])
            shared_bar([ax], picture.image, "" if column in (0, 3) else f"${name}$")
            ax.text(
                0.5, 1.02, words[column], ha="center", va="bottom", transform=ax.transAxes
            )
        line[0].text(0, 1.14, title, va="bottom", transform=line[0].transAxes, size=7.5)
    return drawn
