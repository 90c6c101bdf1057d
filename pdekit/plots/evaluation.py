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
from pdekit.plots._style import (
    QUIET,
    encode,
    house_style,
    legend_above,
    log_scale,
    panels,
    power_of_ten,
    superscript,
)
from pdekit.plots.predictions import error_name, samples, titled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from pdekit.comparison.evaluation import Evaluation
    from pdekit.comparison.found import Judged
    from pdekit.typing import Array

WIDE, HIGH = 4.6, 3.1
CROWDED = 0.045
"""Part of a panel's height between two lines whose names would touch."""
FEWEST = 2.0
"""Decades that an axis shows at least."""


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


# -- error against time ----------------------------------------------------------------


def pareto(evaluation: Evaluation, facts: dict[str, Any]) -> Figure | None:
    """Draw error against time a sample: classical family, models, controls."""
    runs, models = evaluation.found.runs, evaluation.found.models
    if not runs and not models:
        return None
    with house_style():
        drawn, axes = panels(1, 1, height=HIGH, width=WIDE, lines=2, colour_bar=True)
        ax = axes[0, 0]
        _families(ax, evaluation)
        for number, judged in enumerate(models):
            _model(ax, judged, facts["metric"], f"C{number + 1}")
        ax.set_xscale("log")
        ax.set_yscale("log")
        ax.margins(x=0.12, y=0.08)
        _controls(ax, facts)
        ax.set_xlabel("seconds a sample")
        ax.set_ylabel(error_name(facts["metric"]))
        _plain_decades(ax)
        legend_above(ax, columns=2)
        _diverging(ax, models, facts["metric"])
        count = facts["data"]["samples"]
        machine = facts["environment"].get("processor") or "one processor"
        return titled(drawn, facts, f"{count} test samples · one thread, {machine}")


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
    ax.plot(
        [m.seconds for m in beaten], [m.error for m in beaten], ".", color="0.75", ms=2.5
    )


def _short(mark: Mark) -> str:
    """Return the points and steps of a setting, without the words."""
    _, points, *steps = mark.label.split(", ")
    sizes = points.removesuffix(" points").split("×")
    if len(sizes) > 1 and len({*sizes}) == 1:
        sizes = [f"{sizes[0]}{superscript(len(sizes))}"]
    words = ["×".join(sizes), *(s.removesuffix(" steps a frame") for s in steps)]
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
    ax.margins(x=0.12, y=0.08)
    _whole_decades(ax)
    _name_levels(ax, known)


def _name_levels(ax: Axes, levels: Mapping[str, float]) -> None:
    """Write names beside the right ends of lines, no two on top of each other."""
    low, high = np.log10(ax.get_ylim())
    lowest = -np.inf
    for name, level in sorted(levels.items(), key=lambda item: item[1]):
        height = max(float((np.log10(level) - low) / (high - low)), lowest)
        ax.text(1.01, height, name, size=6.5, color=QUIET, va="center",
                transform=ax.transAxes)  # fmt: skip
        lowest = height + CROWDED


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

    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(LogLocator(numticks=8))
        axis.set_major_formatter(FuncFormatter(lambda value, _: power_of_ten(value)))
        axis.set_minor_formatter(NullFormatter())


# -- roll-outs -------------------------------------------------------------------------


def rollout(evaluation: Evaluation, facts: dict[str, Any]) -> Figure | None:
    """Draw the error of every frame: models, controls, and classical settings."""
    trial, times = evaluation.trial, evaluation.trial.ahead
    with house_style():
        drawn, axes = panels(1, 1, height=2.4, width=WIDE, lines=2, colour_bar=True)
        ax = axes[0, 0]
        for number, model in enumerate(facts["models"]):
            ax.plot(times, _gaps(model["rollout"]["relative_l2"]), "o-", ms=2,
                    color=f"C{number + 1}", label=model["label"])  # fmt: skip
        for number, (mark, errors) in enumerate(evaluation.classical_frames()):
            label = f"classical, {_short(mark)}"
            ax.plot(
                times, _gaps(errors), color="C0", ls=("-", ":")[number % 2], label=label
            )
        ends: dict[str, float] = {}
        for name, answers in evaluation.found.control_answers.items():
            controls = _gaps(error_of_frames(answers, trial.truth))
            ax.plot(times, controls, "--", color=QUIET, lw=0.6)
            ends |= {name: float(controls[-1])} if controls[-1] > 0 else {}
        log_scale(ax)
        _name_levels(ax, ends)
        ax.set_xlabel("t")
        ax.set_ylabel("relative L² error of the frame")
        legend_above(ax, columns=2)
        return titled(
            drawn, facts, f"error along the roll-out, mean of {len(trial)} samples"
        )


def _gaps(errors: Sequence[float | None]) -> Array:
    return np.array([np.nan if e is None else e for e in errors])
