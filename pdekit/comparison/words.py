"""Numbers of a report, as it writes them."""

from __future__ import annotations

from typing import Any

BETTER = "classical solver is better here"
WAYS = {"batched": "best batch", "alone": "one sample"}
"""How samples are timed."""


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
