"""What a case of a training must satisfy beyond its structure."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from pdekit import registry
from pdekit.case import rules
from pdekit.case.draft import Draft
from pdekit.case.params import Parameters
from pdekit.case.train_case import LossSpec, ModelSpec, metric_names
from pdekit.case.yaml_lines import KeyPath
from pdekit.errors import CaseError, PdekitError

if TYPE_CHECKING:
    from pdekit.axis import Axis
    from pdekit.datasets.finding import Contents

CHANNELS = ("in_channels", "out_channels")
"""Arguments of a model that the data say."""
UNEVEN = ("dirichlet_neumann", "neumann_dirichlet")
"""Boundaries of axes that cannot be reversed."""
ALIKE = 1e-6
"""Relative difference of time steps that count as equal."""


def apply(draft: Draft) -> None:
    """Apply every rule; mistakes in the case of the data are told with the others."""
    rules.check_name(draft)
    _model(draft)
    _loss(draft)
    test = draft.sections.get("test")
    rules.check_metrics(draft, metric_names(test.points if test else ()))
    data = _data(draft)
    if data is not None:
        _modes(draft, data)
        _samples(draft, data)
        _frames(draft, data)
        _symmetries(draft, data)
        _resolutions(draft, data)
        if _said(draft, "loss", "name") == "sobolev" and not data.grid.is_periodic:
            message = "sobolev needs a periodic box; h1 is for any boundary"
            draft.say(("loss", "name"), message)


def _said(draft: Draft, section: str, key: str) -> Any:
    return getattr(draft.sections.get(section), key, None)


def _data(draft: Draft) -> Contents | None:
    """Look at the data, or at the case that they are made from."""
    from pdekit.datasets.finding import contents, named

    name = draft.sections.get("data")
    if name is None:
        return None
    try:
        return contents(named(draft.source, name))
    except CaseError as error:
        for each in error.problems:
            where = f"{each}" if each.file != name else each.message
            draft.say(("data",), where)
    except (ValueError, PdekitError) as error:
        draft.say(("data",), f"cannot be used: {error}")
    return None


def _model(draft: Draft) -> None:
    """Check the arguments of the model; fill in those that are not given."""
    spec: ModelSpec | None = draft.sections.get("model")
    if spec is None:
        return
    kind = draft.find(("model", "name"), registry.model, spec.name)
    if kind is not None:
        expected = Parameters.of_constructor(kind, CHANNELS)
        values = draft.params(("model",), spec.params, expected)
        draft.sections["model"] = spec.model_copy(update=values)


def _modes(draft: Draft, data: Contents) -> None:
    """Check that the points carry the modes that are kept: 2 m < n along each axis."""
    spec: ModelSpec | None = draft.sections.get("model")
    modes = spec.params.get("modes") if spec else None
    if not isinstance(modes, list):
        return
    axes, path = data.grid.axes, ("model", "modes")
    if len(modes) not in (len(axes), len(axes) + 1):
        names = ", ".join(data.grid.names)
        message = f"must have one entry for each axis of the data ({names}), and one more"
        draft.say(path, f"{message} for a model in space and time (got {len(modes)})")
        return
    for number, (axis, m) in enumerate(zip(axes, modes, strict=False)):
        if isinstance(m, int) and 2 * m >= axis.n:
            message = (
                f"must be at most {(axis.n - 1) // 2}: {axis.name} has {axis.n} points"
            )
            draft.say((*path, number), f"{message} (got {m})")


def _loss(draft: Draft) -> None:
    """Check that an order has a meaning; fill it in where it is needed."""
    loss: LossSpec | None = draft.sections.get("loss")
    if loss is None:
        return
    if loss.name == "sobolev":
        order = 1.0 if loss.order is None else loss.order
        draft.sections["loss"] = loss.model_copy(update={"order": order})
    elif loss.order is not None:
        draft.say(("loss", "order"), "is used with sobolev alone", at_key=True)


def _samples(draft: Draft, data: Contents) -> None:
    """Check that there are the samples that are asked for, or needed."""
    wanted = draft.sections.get("samples")
    used = dict(data.counts)
    for split, count in (wanted.model_dump() if wanted else {}).items():
        there = data.counts.get(split, 0)
        if count is not None and count > there:
            message = f"must be at most {there}, which the data set has (got {count})"
            draft.say(("samples", split), message)
        used[split] = there if count is None else count
    if draft.sections.get("early_stop") is not None and not used.get("validation"):
        draft.say(("early_stop",), "needs samples for validation", at_key=True)
    for label, check in (draft.sections.get("checks") or {}).items():
        split = str(check.metric or label).split("_")[0]
        if split in ("test", "validation") and not used.get(split):
            draft.say(("checks", label), f"needs samples for {split}", at_key=True)


def _frames(draft: Draft, data: Contents) -> None:
    """Check that there are as many frames, evenly spaced, as the model sees and gives."""
    if data.steady:
        _no_frames(draft, data)
        return
    keys = ("history", "frames", "stride")
    history, frames, stride = (draft.sections.get(key) or 1 for key in keys)
    times = data.times[::stride]
    needed = history + frames * int(_said(draft, "rollout", "steps") or 1)
    if needed > len(times):
        how = f" at stride {stride}" if stride > 1 else ""
        key = next((k for k in keys if draft.source.at((k,)) is not None), "data")
        told = f"a training pair needs {needed} frames{how}, the data have {len(times)}"
        draft.say((key,), told, at_key=True)
        return
    gaps = [b - a for a, b in pairwise(times)]
    if max(gaps) - min(gaps) > ALIKE * max(gaps):
        apart = f"from {min(gaps):g} to {max(gaps):g} apart"
        draft.say(("data",), f"its frames are not evenly spaced: {apart}")
    start = _said(draft, "test", "start")
    usable = [float(t) for t in times[history - 1 : len(times) - frames]]
    if start is not None and not any(math.isclose(start, t) for t in usable):
        told = ", ".join(f"{t:g}" for t in usable[:8]) + (" …" if len(usable) > 8 else "")
        draft.say(("test", "start"), f"must be the time of a frame: {told} (got {start:g})")


def _no_frames(draft: Draft, data: Contents) -> None:
    """Check that nothing is asked for that only data in time have."""
    keys = [k for k in ("history", "frames", "stride") if draft.sections.get(k) != 1]
    given: list[KeyPath] = [(key,) for key in keys if key in draft.sections]
    if _said(draft, "rollout", "steps") not in (None, 1):
        given.append(("rollout", "steps"))
    if _said(draft, "test", "start") is not None:
        given.append(("test", "start"))
    for path in given:
        draft.say(path, "is not used: the data have no time", at_key=True)
    if draft.sections.get("predict") == "increment":
        draft.say(("predict",), "must be state: the data have no time")
    if not data.constant:
        draft.say(("data",), "holds one frame and no coefficient: nothing to learn from")


def _symmetries(draft: Draft, data: Contents) -> None:
    """Check that the box has the symmetries that the equation is said to have."""
    names, axes = draft.sections.get("augment") or (), data.grid.axes
    for number, name in enumerate(names):
        path = ("augment", number)
        uneven = [a.name for a in axes if a.boundary in UNEVEN]
        if name in ("flip", "odd") and uneven:
            draft.say(path, f"does not fit: the ends of {uneven[0]} are of two kinds")
        if name == "transpose" and (len(axes) < 2 or not _alike(axes[0], axes[1])):
            draft.say(path, "does not fit: there are no two axes that are the same")


def _alike(first: Axis, second: Axis) -> bool:
    return replace(first, name=second.name) == second


def _resolutions(draft: Draft, data: Contents) -> None:
    """Check that the test samples can be had on other points."""
    from pdekit.datasets.finding import contents, resolved_again

    test = draft.sections.get("test")
    for number, points in enumerate(test.points if test else ()):
        path = ("test", "points", number)
        if data.case is None or data.solved is None:
            draft.say(path, "needs data that were made from a case of pdekit")
            continue
        most = min(data.solved.shape)
        if points > most:
            draft.say(path, f"must be at most {most}, the points it is solved on")
            continue
        try:
            contents(resolved_again(data.case, points, 1))
        except CaseError as error:
            draft.say(path, error.problems[0].message)
