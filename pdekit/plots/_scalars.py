"""The scalars by which a result is best looked at, and the frames to look at."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from pdekit.files.vectors import vectors
from pdekit.grid import Grid
from pdekit.plots._fields import measure, members, shown, some_frames, symbol

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pdekit.result import Result

THUMBNAIL, CANDIDATES = 48, 64  # points per axis and frames that decide what to show
PHASE_POINTS = 384  # per axis of a phase
FAINT = 1e-2  # of the largest modulus; below, a phase is noise


@dataclass(frozen=True)
class Scalar:
    """A real scalar of member 0: its label and its values ``(*space)`` at a frame."""

    label: str
    values: Callable[[int], NDArray[Any]]
    modulus: bool
    """Whether it cannot be negative by its nature."""


def scalars(result: Result) -> list[Scalar]:
    """Return what is shown of each field, of a vector in three dimensions |∇ × u|."""
    found = []
    hidden: set[str] = set()
    for components in vectors(result).values() if result.grid.ndim == 3 else ():
        hidden |= set(components)
        found.append(
            Scalar(r"$|\nabla \times \mathbf{u}|$", _curl(result, components), True)
        )
    return found + [_field(result, name) for name in result.fields if name not in hidden]


def phases(result: Result) -> list[Scalar]:
    """Return the phase of each complex field in two dimensions, on a grid fit to show it.

    Between two points a phase must not be drawn in between where it leaps by 2π: the field
    itself, which does not leap, is interpolated instead.
    """
    if result.grid.ndim != 2:
        return []
    names = [name for name, values in result.fields.items() if np.iscomplexobj(values)]
    return [
        Scalar(rf"$\arg\,{symbol(name)}$", _phase(result, name), False) for name in names
    ]


def _phase(result: Result, name: str) -> Callable[[int], NDArray[Any]]:
    values, grid = members(result, name), result.grid
    fine = Grid(tuple(replace(axis, n=PHASE_POINTS) for axis in grid.axes))

    def angle(frame: int) -> NDArray[Any]:
        u = values[frame, 0]
        if not np.isfinite(u).all():
            return np.full(fine.shape, np.nan)
        u = grid.interpolate(u, fine)
        seen = np.abs(u) > FAINT * np.abs(u).max(initial=0.0)
        return np.where(seen, np.angle(u), np.nan)

    return angle


def planes(result: Result) -> list[Scalar]:
    """Return the same in two dimensions, of three the middle plane of the last axis.

    Of a vector this is the component of the curl along that axis, ∂v/∂x − ∂u/∂y.
    """
    if result.grid.ndim == 2:
        return scalars(result)
    middle = result.grid.shape[-1] // 2
    found = []
    hidden: set[str] = set()
    for components in vectors(result).values():
        hidden |= set(components)
        label = rf"$(\nabla \times \mathbf{{u}})_{{{symbol(result.grid.names[-1])}}}$"
        found.append(Scalar(label, _plane_curl(result, components, middle), False))
    for name, values in result.fields.items():
        if name not in hidden:
            label = measure(name, np.iscomplexobj(values))
            plane = _plane(result, name, middle)
            found.append(Scalar(label, plane, np.iscomplexobj(values)))
    return found


def _field(result: Result, name: str) -> Scalar:
    values = members(result, name)
    is_complex = np.iscomplexobj(values)
    return Scalar(
        measure(name, is_complex), lambda frame: shown(values[frame, 0]), is_complex
    )


def _plane(result: Result, name: str, index: int) -> Callable[[int], NDArray[Any]]:
    values = members(result, name)
    return lambda frame: shown(values[frame, 0, ..., index])


def _curl(result: Result, components: tuple[str, ...]) -> Callable[[int], NDArray[Any]]:
    """Return frame -> |∇ × u|, of which one component is in memory at a time."""
    d = result.grid.derivative

    def modulus(frame: int) -> NDArray[Any]:
        u = [members(result, name)[frame, 0] for name in components]
        total: Any = 0.0
        for i, j in ((1, 2), (2, 0), (0, 1)):
            total = total + (d(u[j], i) - d(u[i], j)) ** 2
        return shown(np.sqrt(total))

    return modulus


def _plane_curl(
    result: Result, components: tuple[str, ...], index: int
) -> Callable[[int], NDArray[Any]]:
    d = Grid(result.grid.axes[:2]).derivative

    def component(frame: int) -> NDArray[Any]:
        u, v = (members(result, name)[frame, 0, ..., index] for name in components[:2])
        return shown(d(v, 0) - d(u, 1))

    return component


def telling_frames(result: Result, limit: int) -> list[int]:
    """Return at most ``limit`` frames that share out the time and the change between them.

    Half of the distance between two frames is time, half is how much the fields changed:
    what happens quickly is shown more closely. Frames after a blow-up are left out.
    """
    candidates = some_frames(last_finite(result) + 1, CANDIDATES)
    if len(candidates) <= limit:
        return candidates
    times = np.asarray(result.times, dtype=float)[candidates]
    distance = np.diff(times) / (times[-1] - times[0])
    for name in result.fields:
        states = [_thumbnail(result, name, frame) for frame in candidates]
        change = np.array([np.linalg.norm(b - a) for a, b in pairwise(states)])
        if np.isfinite(change).all() and change.sum() > 0:
            distance += change / change.sum() / len(result.fields)
    position = np.concatenate(([0.0], np.cumsum(distance)))
    chosen: list[int] = []
    for count, target in enumerate(np.linspace(0.0, position[-1], limit)):
        nearest = int(np.abs(position - target).argmin())
        first = chosen[-1] + 1 if chosen else 0
        chosen.append(max(first, min(nearest, len(candidates) - limit + count)))
    return [candidates[i] for i in chosen]


def last_finite(result: Result) -> int:
    """Return the last frame that holds a finite number in every field."""
    for frame in reversed(range(len(result.times))):
        if all(np.isfinite(values[frame]).any() for values in result.fields.values()):
            return frame
    return len(result.times) - 1


def _thumbnail(result: Result, name: str, frame: int) -> NDArray[Any]:
    values = members(result, name)
    steps = (slice(None, None, math.ceil(n / THUMBNAIL)) for n in result.grid.shape)
    thumbnail: NDArray[Any] = values[frame, 0][tuple(steps)]
    return thumbnail
