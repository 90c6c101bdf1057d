"""Pictures of an evaluation: error against time, samples, errors along a roll-out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pdekit.comparison import classical
from pdekit.comparison.front import Mark
from pdekit.comparison.scores import error_of_frames
from pdekit.files import atomic
from pdekit.plots._colour import extremes, scale
from pdekit.plots._fields import symbol
from pdekit.plots._sheet import BAR, label_axes, proportions, shared_bar, sheet, show
from pdekit.plots._style import QUIET, encode, fitted, house_style, legend_above, log_scale, panels
from pdekit.plots.comparison import decades

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from pdekit.comparison.evaluation import Evaluation, Judged
    from pdekit.grid import Grid
    from pdekit.typing import Array

WIDE, HIGH = 4.6, 3.1
PANEL, HIGHEST = 1.75, 1.75
FLOOR = 1e-6
"""Errors in pictures are cut off at this part of the largest value."""
CROWDED = 0.05
"""Part of a panel's height between two lines whose names would touch."""
FEWEST = 2.0
"""Decades that an axis shows at least."""
METRICS = {"relative_l2": "relative L² error", "vrmse": "VRMSE", "nrmse": "NRMSE"}


def draw(evaluation: Evaluation, facts: dict[str, Any], folder: Path) -> list[Path]:
    """Draw what there is to draw; return the files."""
    atomic.make_folder(folder)
    figures = {"pareto": pareto(evaluation, facts), "samples": samples(evaluation, facts)}
    if evaluation.trial.frames > 1:
        figures["rollout"] = rollout(evaluation, facts)
    written = []
    for name, figure in figures.items():
        if figure is not None:
            atomic.write_bytes(folder / f"{name}.png", encode(figure))
            written.append(folder / f"{name}.png")
    return written


def _titled(drawn: Figure, facts: dict[str, Any], line: str) -> Figure:
    width, height = drawn.get_size_inches()
    style: dict[str, Any] = {"ha": "left", "va": "top", "parse_math": False}
    title = fitted(facts["title"] or facts["case"] or "Comparison", (width - 0.24) / 0.083)
    drawn.text(0.12 / width, 1 - 0.1 / height, title, size=9, weight="bold", **style)
    line = fitted(line, (width - 0.24) / 0.06)
    drawn.text(0.12 / width, 1 - 0.28 / height, line, size=7.5, color=QUIET, **style)
    return drawn


def error_name(metric: str) -> str:
    """Return the name of a metric for people."""
    return METRICS.get(metric, metric.replace("_", " "))


# -- error against time ----------------------------------------------------------------


def pareto(evaluation: Evaluation, facts: dict[str, Any]) -> Figure | None:
    """Draw error against time a sample: classical family, models, controls."""
    runs, models = evaluation.found.runs, evaluation.found.models
    if not runs and not models:
        return None
    with house_style():
        drawn, axes = panels(1, 1, height=HIGH, width=WIDE, lines=2)
        ax = axes[0, 0]
        _families(ax, evaluation)
        for number, judged in enumerate(models):
            _model(ax, judged, facts["metric"], f"C{number + 1}")
        ax.set_xscale("log")
        ax.set_yscale("log")
        ax.margins(0.08)
        _controls(ax, facts)
        ax.set_xlabel("seconds a sample")
        ax.set_ylabel(error_name(facts["metric"]))
        _plain_decades(ax)
        legend_above(ax, columns=2)
        _diverging(ax, models, facts["metric"])
        count = facts["data"]["samples"]
        machine = facts["environment"].get("processor") or "one processor"
        return _titled(drawn, facts, f"{count} test samples · one thread, {machine}")


def _families(ax: Axes, evaluation: Evaluation) -> None:
    """Draw the classical front of best batches filled, that of one sample open."""
    for batched, front in classical.fronts(evaluation.found.runs).items():
        if not front.marks:
            continue
        x, y = ([getattr(m, key) for m in front.marks] for key in ("seconds", "error"))
        way = "best batch" if batched else "one sample"
        style: dict[str, Any] = {} if batched else {"mfc": "white", "ls": ":"}
        ax.plot(x, y, marker="o", color="C0", label=f"classical, {way}", **style)
        for mark in front.marks if batched else ():
            ax.annotate(
                _short(mark), (mark.seconds, mark.error), xytext=(-4, -3), size=6,
                textcoords="offset points", ha="right", va="top", color="C0",
            )  # fmt: skip
    rest = [run.mark(batched) for run in evaluation.found.runs for batched in (True, False)]
    on = {m for f in classical.fronts(evaluation.found.runs).values() for m in f.marks}
    beaten = [m for m in rest if m not in on and np.isfinite(m.error)]
    ax.plot([m.seconds for m in beaten], [m.error for m in beaten], ".", color="0.75", ms=2.5)


def _short(mark: Mark) -> str:
    """Return the points and steps of a setting, without the words."""
    _, points, *steps = mark.label.split(", ")
    words = [points.removesuffix(" points"), *(s.removesuffix(" steps a frame") for s in steps)]
    return " / ".join(word.replace("rtol ", "") for word in words)


def _model(ax: Axes, judged: Judged, metric: str, colour: str) -> None:
    """Draw a model: filled in its best batch, open for one sample."""
    if not np.isfinite(judged.scores[metric].mean):
        return
    marks = [judged.mark(metric, batched) for batched in (True, False)]
    x = [mark.seconds for mark in marks]
    ax.plot(x, [mark.error for mark in marks], ":", color=colour, lw=0.8)
    ax.plot(x[:1], [marks[0].error], "D", color=colour, ms=4.5, label=judged.entrant.label)
    ax.plot(x[1:], [marks[1].error], "D", color=colour, ms=4.5, mfc="white")
    if judged.gpu is not None:
        ax.plot([judged.gpu.batched], [marks[0].error], "*", color=colour, ms=7)


def _controls(ax: Axes, facts: dict[str, Any]) -> None:
    """Draw controls, and the error of the data, as dashed lines with their names."""
    levels = {
        name: said["errors"][facts["metric"]]["mean"]
        for name, said in facts["controls"].items()
        if "errors" in said
    }
    error = facts["data"]["data_error"]
    if error and error > 0.1 * ax.get_ylim()[0]:
        levels["data error"] = error
    known = {name: level for name, level in levels.items() if level}
    for level in known.values():
        ax.axhline(level, color=QUIET, ls="--", lw=0.6)
    ax.margins(0.08)
    _whole_decades(ax)
    _name_levels(ax, known)


def _name_levels(ax: Axes, levels: Mapping[str, float]) -> None:
    """Write names above lines at their right ends, side by side where they are close."""
    low, high = np.log10(ax.get_ylim())
    placed: list[tuple[int, float]] = []
    for name, level in sorted(levels.items(), key=lambda item: item[1]):
        height = float((np.log10(level) - low) / (high - low))
        near = {slot for slot, other in placed if abs(height - other) < CROWDED}
        slot = next(i for i in range(len(placed) + 1) if i not in near)
        ax.annotate(
            name, (1, level), xycoords=("axes fraction", "data"), size=6.5, color=QUIET,
            xytext=(-2 - 46 * slot, 1.5), textcoords="offset points", ha="right",
            va="bottom",
        )  # fmt: skip
        placed.append((slot, height))


def _whole_decades(ax: Axes) -> None:
    """Show two decades at least along both axes, so that two powers of ten are named."""
    for limits, put in ((ax.get_xlim(), ax.set_xlim), (ax.get_ylim(), ax.set_ylim)):
        low, high = np.log10(limits)
        if high - low < FEWEST:
            put(10.0 ** np.floor(low), 10.0 ** np.ceil(high))


def _diverging(ax: Axes, models: Sequence[Judged], metric: str) -> None:
    """Name models that diverge where they would lie: beyond the top."""
    lost = [m.entrant.label for m in models if m.scores[metric].diverged]
    if lost:
        text = "; ".join(f"{label} diverges" for label in lost)
        ax.text(0.02, 0.98, text, transform=ax.transAxes, va="top", size=7, color="C1")


def _plain_decades(ax: Axes) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    from pdekit.plots._style import power_of_ten

    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(LogLocator(numticks=8))
        axis.set_major_formatter(FuncFormatter(lambda value, _: power_of_ten(value)))
        axis.set_minor_formatter(NullFormatter())


# -- samples ---------------------------------------------------------------------------


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
        return _titled(drawn, facts, f"{judged.entrant.label}{t}")


def _told(value: float) -> str:
    return f"{value:.2g}" if np.isfinite(value) else "∞, diverges"


def _of(evaluation: Evaluation, judged: Judged, i: int) -> tuple[Array, Array, Array]:
    """Return what was given, the truth and the prediction at the end, of the first field."""
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
    drawn, axes = sheet([[size] * 4] * len(lines), gap=BAR, row_gap=0.42, lines=2)
    name = symbol(evaluation.trial.varying[0])
    given = evaluation.trial.constants[0] if evaluation.trial.steady else ""
    for line, (title, i) in zip(axes, lines.items(), strict=True):
        fields = _of(evaluation, judged, i)
        error = np.abs(fields[2] - fields[1])
        largest = float(np.abs(fields[1]).max())
        error = np.maximum(error, FLOOR * largest)
        colours = scale(*extremes([fields[1]]))
        each = (scale(*extremes([fields[0]])), colours, colours, decades(error, FLOOR * largest))
        words = (given or "given", "truth", "prediction", "|error|")
        for column, (ax, plane) in enumerate(zip(line, (*fields, error), strict=True)):
            picture = show(ax, across, up, plane, each[column])
            label_axes(ax, across, up, left=column == 0, below=line is axes[-1])
            shared_bar([ax], picture.image, "" if column in (0, 3) else f"${name}$")
            ax.text(0.5, 1.02, words[column], ha="center", va="bottom", transform=ax.transAxes)
        line[0].text(0, 1.14, title, va="bottom", transform=line[0].transAxes, size=7.5)
    return drawn


# -- roll-outs -------------------------------------------------------------------------


def rollout(evaluation: Evaluation, facts: dict[str, Any]) -> Figure | None:
    """Draw the error of every frame: models, controls, and classical settings."""
    trial, times = evaluation.trial, evaluation.trial.ahead
    with house_style():
        drawn, axes = panels(1, 1, height=2.4, width=WIDE, lines=2)
        ax = axes[0, 0]
        for number, model in enumerate(facts["models"]):
            ax.plot(times, _gaps(model["rollout"]["relative_l2"]), "o-", ms=2,
                    color=f"C{number + 1}", label=model["label"])  # fmt: skip
        for number, (mark, errors) in enumerate(evaluation.classical_frames()):
            label = f"classical, {_short(mark)}"
            ax.plot(times, _gaps(errors), color="C0", ls=("-", ":")[number % 2], label=label)
        ends = {}
        for name, answers in evaluation.found.control_answers.items():
            controls = _gaps(error_of_frames(answers, trial.truth))
            ax.plot(times, controls, "--", color=QUIET, lw=0.6)
            ends |= {name: float(controls[-1])} if controls[-1] > 0 else {}
        log_scale(ax)
        _name_levels(ax, ends)
        ax.set_xlabel("t")
        ax.set_ylabel("relative L² error of the frame")
        legend_above(ax, columns=2)
        return _titled(drawn, facts, f"error along the roll-out, mean of {len(trial)} samples")


def _gaps(errors: Sequence[float | None]) -> Array:
    return np.array([np.nan if e is None else e for e in errors])
