"""Warnings of a model that is asked about what it has not seen: both numbers in each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from pdekit.grid import Grid
from pdekit.prediction.told import Told
from pdekit.typing import Array

SLACK = 1e-6
"""Part of a range by which single precision may miss its ends."""


def of_grid(told: Told, grid: Grid) -> Iterator[str]:
    """Warn of other points, and of the same box elsewhere."""
    if grid.shape != told.shape:
        ours, theirs = (" x ".join(map(str, each)) for each in (grid.shape, told.shape))
        yield f"the model was trained on {theirs} points and is used on {ours}"
    for here, there in zip(grid.axes, told.axes, strict=True):
        if abs(here.lower - there.lower) > 1e-9 * there.length:
            yield (
                f"the model was trained on [{there.lower:g}, {there.upper:g}] along "
                f"{here.name} and is used on [{here.lower:g}, {here.upper:g}]"
            )


def of_equation(told: Told, params: Mapping[str, Any]) -> Iterator[str]:
    """Warn of parameters of the equation that are not those of training."""
    trained: Mapping[str, Any] = (told.facts.get("equation") or {}).get("params") or {}
    for name in dict.fromkeys((*trained, *params)):
        ours, theirs = params.get(name), trained.get(name)
        if name in told.constant or name not in trained or _same(ours, theirs):
            continue
        yield (
            f"equation.{name} is {_shown(ours)}, and the model was trained with "
            f"{_shown(theirs)}"
        )


def _same(a: Any, b: Any) -> bool:
    """Whether two parameters are the same; numbers may be written as formulas."""
    try:
        return abs(float(a) - float(b)) <= 1e-12 * abs(float(b))
    except (TypeError, ValueError):
        return bool(a == b)


def _shown(value: Any) -> str:
    return "not given" if value is None else f"{value}"


def of_inputs(told: Told, values: Mapping[str, Array]) -> Iterator[str]:
    """Warn of inputs  (sample, *space)  beyond the range of those of training."""
    known: Mapping[str, Any] = told.facts.get("inputs") or {}
    for name, u in values.items():
        seen = known.get(name) or {}
        rms = np.sqrt(np.mean(u.reshape(len(u), -1) ** 2, axis=1))
        for what, low, high, ends in (
            ("r.m.s.", rms.min(), rms.max(), ("rms_min", "rms_max")),
            ("values", u.min(), u.max(), ("min", "max")),
        ):
            least, most = (seen.get(end) for end in ends)
            if least is None or most is None:
                continue
            slack = SLACK * max(abs(least), abs(most))
            if low < least - slack or high > most + slack:
                found = f"{low:.4g}" if low == high else f"{low:.4g} … {high:.4g}"
                yield (
                    f"the {what} of the input {name}: {found}, in training "
                    f"{least:.4g} … {most:.4g}"
                )


def of_horizon(told: Told, span: float) -> Iterator[str]:
    """Warn of a roll-out beyond the times of training."""
    horizon = told.facts.get("horizon")
    if horizon is not None and span > float(horizon) * (1 + SLACK):
        yield (
            f"the model rolls out over {span:g}, and was trained on frames up to "
            f"{float(horizon):g} after the start"
        )
