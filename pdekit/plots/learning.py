"""How a training went: loss and validation error over epochs and over seconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pdekit.files.atomic import make_folder, write_bytes
from pdekit.plots._style import (
    QUIET,
    encode,
    fitted,
    house_style,
    legend_above,
    log_scale,
    panels,
    short,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def learning(runs: Sequence[Mapping[str, Any]], summary: Mapping[str, Any]) -> Figure:
    """Draw loss and validation error on a log scale, one pair of curves for each seed.

    Parameters
    ----------
    runs
        ``seed`` and ``rows`` of each; a row has ``epoch``, ``seconds``, ``loss`` and
        ``validation``, which may be None.
    summary
        That of the training: its title, its status and its test error are written on top.
    """
    with house_style():
        drawn, axes = panels(1, 2, height=2.3, lines=1, sharey=True)
        for ax, key, label in zip(
            axes[0], ("epoch", "seconds"), ("epoch", "seconds of training"), strict=True
        ):
            for number, run in enumerate(runs):
                _curves(ax, run["rows"], key, named=number == 0)
            ax.set_xlabel(label)
            ax.set_xlim(left=0)
        test = summary["errors"].get("test_relative_l2")
        if test is not None:
            for ax in axes[0]:
                ax.axhline(test, color=QUIET, lw=0.7, ls=(0, (4, 3)))
            axes[0, 0].plot([], [], color=QUIET, lw=0.7, ls=(0, (4, 3)), label="test")
        log_scale(axes[0, 0])
        axes[0, 0].set_ylabel("relative error")
        legend_above(axes[0, 0], 3)
        _caption(drawn, summary)
    return drawn


def _curves(ax: Axes, rows: Sequence[Mapping[str, Any]], key: str, *, named: bool) -> None:
    at = [row[key] for row in rows]
    for name, colour, label in (("loss", "C0", "loss"), ("validation", "C1", "validation")):
        values = [row[name] for row in rows]
        if None not in values:
            ax.plot(at, values, color=colour, lw=0.9, label=label if named else None)


def _caption(drawn: Figure, summary: Mapping[str, Any]) -> None:
    """Write the title, and how good the model is."""
    width, height = drawn.get_size_inches()
    style: dict[str, Any] = {"ha": "left", "va": "top", "parse_math": False}
    title = fitted(
        summary["title"] or summary["case"] or "training", (width - 0.24) / 0.083
    )
    drawn.text(0.12 / width, 1 - 0.1 / height, title, size=9, weight="bold", **style)
    model, errors = summary["model"], summary["errors"]
    parts = [f"{model['name']}, {model['parameters']} parameters"]
    if errors.get("test_relative_l2") is not None:
        parts.append(f"test relative L² error {short(errors['test_relative_l2'])}")
    if summary["status"] not in ("ok", "check_failed"):
        parts.append(summary["status"].replace("_", " "))
    text = fitted(" · ".join(parts), (width - 0.24) / 0.06)
    drawn.text(0.12 / width, 1 - 0.28 / height, text, size=7.5, color=QUIET, **style)


def save_learning(
    runs: Sequence[Mapping[str, Any]], summary: Mapping[str, Any], path: Path
) -> None:
    """Write the figure of `learning`."""
    make_folder(path.parent)
    write_bytes(path, encode(learning(runs, summary)))
