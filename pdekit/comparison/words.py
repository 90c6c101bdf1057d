"""Numbers of a report, as it writes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pdekit.plots._style import QUIET, fitted

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BETTER = "classical solver is better here"
WAYS = {"batched": "best batch", "alone": "one sample"}
"""How samples are timed."""
METRICS = {"relative_l2": "relative L² error", "vrmse": "VRMSE", "nrmse": "NRMSE"}


def number(value: Any) -> str:
    """Write a number in three digits; a dash for none."""
    return "–" if value is None else f"{value:.3g}"


def milliseconds(seconds: float) -> str:
    """Write a time in milliseconds."""
    return f"{number(1e3 * seconds)} ms"


def error_words(said: dict[str, Any], *, spread: bool = False) -> str:
    """Write an error; what is not finite diverges."""
    if said["diverged"]:
        return f"diverges ({said['diverged']} of {said['samples']})"
    mean = number(said["mean"])
    if not spread:
        return mean
    return f"{mean} ({number(said['low'])} … {number(said['high'])})"


def titled(drawn: Figure, facts: dict[str, Any], line: str) -> Figure:
    """Write the title of the case, and a line below it, above a figure."""
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
