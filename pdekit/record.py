"""Frames and time series of a run, as they come in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from pdekit.grid import Grid
from pdekit.typing import Array


@dataclass
class Record:
    """What has been stored so far.

    ``fields`` holds every planned frame ``(t, [member,] *space)``, the first ``frames`` of
    them filled in; ``series`` one number, or one per member, for each stored frame.
    """

    fields: dict[str, Array]
    members: int
    series: dict[str, list[Any]] = field(default_factory=dict)
    frames: int = 0

    @classmethod
    def empty(
        cls, names: tuple[str, ...], dtype: Any, frames: int, members: int, grid: Grid
    ) -> Record:
        """Make room for all frames; the system hands out the memory as it is written."""
        batch = (members,) if members > 1 else ()
        shape = (frames, *batch, *grid.shape)
        return cls({name: np.zeros(shape, dtype) for name in names}, members)

    def keep(
        self, u: Array, series: Mapping[str, Array]
    ) -> tuple[dict[str, Array], dict[str, Array]]:
        """Store the next frame ``(member, channel, *space)``; return it as it is stored."""
        values = {name: u[:, c] for c, name in enumerate(self.fields)}
        numbers = dict(series)
        if self.members == 1:
            values = {name: v[0] for name, v in values.items()}
            numbers = {name: v[0] for name, v in numbers.items()}
        for name, v in values.items():
            self.fields[name][self.frames] = v
        for name, v in numbers.items():
            self.series.setdefault(name, []).append(v)
        self.frames += 1
        return values, numbers

    def restore(
        self, fields: Mapping[str, Array], series: Mapping[str, Array], frames: int
    ) -> None:
        """Take over the first frames of an interrupted run."""
        for name, values in fields.items():
            self.fields[name][:frames] = values[:frames]
        self.series = {name: list(values[:frames]) for name, values in series.items()}
        self.frames = frames

    def frame(self, index: int) -> Array:
        """Return a stored frame as ``(member, channel, *space)``."""
        index = range(self.frames)[index]
        u = np.stack([values[index] for values in self.fields.values()])
        return np.moveaxis(u, 0, 1) if self.members > 1 else u[None]

    def stored_fields(self) -> dict[str, Array]:
        """Return the frames that were reached."""
        return {name: values[: self.frames] for name, values in self.fields.items()}

    def stored_series(self) -> dict[str, Array]:
        """Return the time series over the frames that were reached."""
        return {
            name: np.array(values[: self.frames]) for name, values in self.series.items()
        }
