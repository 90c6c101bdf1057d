"""What a file of weights tells of its model, and why it does not fit a case."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from pdekit.axis import Axis
from pdekit.errors import PdekitError
from pdekit.files.weights import WeightsError, header

if TYPE_CHECKING:
    from pdekit.case.schema import TimeSpec

WHOLE = 1e-9
"""How far from a whole number of steps a time may be, relative."""


@dataclass(frozen=True)
class Told:
    """The header of a file of weights; see ``Signature`` of the learned solvers."""

    model: str
    arguments: Mapping[str, Any]
    varying: tuple[str, ...]
    constant: tuple[str, ...]
    history: int
    frames: int
    step: float | None
    axes: tuple[Axis, ...]
    facts: Mapping[str, Any]

    @classmethod
    def of(cls, path: str | Path) -> Self:
        """Read a header, without the weights and without torch.

        Raises
        ------
        WeightsError
            If the file cannot be used; the sentence does not name it.
        """
        try:
            said = header(path)
            own = said["signature"]
            return cls(
                said["model"], said["arguments"], tuple(own["varying"]),
                tuple(own["constant"]), int(own["history"]), int(own["frames"]),
                None if own["step"] is None else float(own["step"]),
                tuple(Axis(**axis) for axis in said["axes"]), said["facts"],
            )  # fmt: skip
        except WeightsError as error:
            raise WeightsError(unplaced(error, path)) from None
        except (KeyError, TypeError, ValueError, PdekitError) as error:
            raise WeightsError(f"describes no model of pdekit: {error}") from error

    @property
    def shape(self) -> tuple[int, ...]:
        """Points of training along each axis."""
        return tuple(axis.n for axis in self.axes)


def unplaced(error: PdekitError, path: str | Path) -> str:
    """Return a sentence about a file without its name, which stands in the case."""
    return str(error).removeprefix(f"{path}: ")


def field_names(fields: Sequence[str], is_complex: bool) -> tuple[str, ...]:
    """Return the real fields that data sets hold of an equation's."""
    if not is_complex:
        return tuple(fields)
    return tuple(f"{name}_{part}" for name in fields for part in ("real", "imag"))


def misfits(
    told: Told, name: str, equation: str, fields: Sequence[str], inputs: Sequence[str]
) -> Iterator[str]:
    """Say why a model is not one of this name, or of this equation.

    Parameters
    ----------
    name, equation
        What the case asks for.
    fields, inputs
        What has to be predicted, and what further inputs there are.
    """
    if told.model != name:
        yield f"holds the weights of {told.model!r}, not of {name!r}"
    trained = (told.facts.get("equation") or {}).get("name")
    if trained is not None and trained != equation:
        yield f"was trained on {trained!r}, not on {equation!r}"
    elif set(told.varying) != set(fields):
        yield (
            f"predicts {', '.join(told.varying)}, and the fields of {equation} are "
            f"{', '.join(fields)}"
        )
    if unknown := [each for each in told.constant if each not in inputs]:
        there = f"there are {', '.join(inputs)}" if inputs else "there are none"
        yield f"takes {', '.join(unknown)} as further input ({there})"


def other_box(told: Told, domain: Mapping[str, Any]) -> Iterator[str]:
    """Say how a box differs from that of training in what a model cannot do without."""
    if len(told.axes) != len(domain):
        yield f"is for {_dimensions(len(told.axes))}, the box has {len(domain)}"
        return
    modes = told.arguments.get("modes")
    for d, (axis, (name, spec)) in enumerate(zip(told.axes, domain.items(), strict=True)):
        ours, theirs = (spec.boundary, spec.centring), (axis.boundary, axis.centring)
        if ours != theirs:
            yield (
                f"was trained with {' '.join(theirs)} points along {name}, not with "
                f"{' '.join(ours)} ones"
            )
        length = spec.interval[1] - spec.interval[0]
        if abs(length - axis.length) > 1e-9 * axis.length:
            yield (
                f"was trained on the length {axis.length:.6g} along {name}, not on "
                f"{length:.6g}"
            )
        if isinstance(modes, Sequence) and d < len(modes):
            room = spec.points
            if axis.boundary != "periodic":
                room = int(room * (1 + float(told.arguments.get("padding", 0.0)))) + 1
            if room <= 2 * modes[d]:
                yield (
                    f"keeps modes up to {modes[d]} along {name}, for which "
                    f"{2 * modes[d] + 1} points are needed (got {spec.points})"
                )


def _dimensions(count: int) -> str:
    return f"{count} dimension{'s' if count > 1 else ''}"


def unreachable(step: float, time: TimeSpec) -> str | None:
    """Say which stored time is no whole number of steps away from the start."""
    steps = (time.frames() - time.start) / step
    off = np.abs(steps - np.round(steps)) > WHOLE * np.maximum(1.0, steps)
    if not off.any():
        return None
    t = float(time.frames()[int(np.argmax(off))])
    return (
        f"steps by {step:.6g}, and the frame at t = {t:.6g} is no whole number of steps "
        f"after {time.start:g}: change time.save and time.end, nothing is interpolated"
    )
