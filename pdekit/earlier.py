"""Frames of an earlier result, put on the grid of a case that asks for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pdekit.errors import PdekitError
from pdekit.typing import Array

if TYPE_CHECKING:
    from pdekit.case import Case
    from pdekit.equation import AbstractEquation
    from pdekit.grid import Grid


class Earlier:
    """The stored result that the key ``path`` of a case names, checked to fit the case.

    Raises
    ------
    CaseError
        If it has other fields, another box, another number of members, or no frames.
    ResultFileError
        If the file is missing, damaged, or not a result.
    """

    def __init__(
        self, case: Case, path: str, name: str, equation: AbstractEquation, grid: Grid
    ) -> None:
        from pdekit.files.writer import read_result

        self.case, self.path, self.equation, self.grid = case, path, equation, grid
        self.result = read_result(case.file(path, name))
        missing = [f for f in equation.fields if f not in self.result.fields]
        if missing:
            there = ", ".join(self.result.fields)
            message = f"has no field {', '.join(missing)} (it has {there})"
            raise case.problem(path, message)
        if self.result.members not in (None, case.run.members):
            message = f"has {self.result.members} members (the case has {case.run.members})"
            raise case.problem(path, message)
        if not len(self.result.times):
            raise case.problem(path, "holds no frames")
        self.frame(0)  # whatever does not fit is refused now, not after the run

    def index(self, time: float) -> int | None:
        """Return the number of the frame stored at ``time``, or None."""
        times = self.result.times
        frame = int(np.argmin(np.abs(times - time)))
        near = abs(times[frame] - time) <= 1e-9 * max(1.0, abs(time))
        return frame if near else None

    def frame(self, index: int) -> Array:
        """Return a frame as ``(member, channel, *space)`` on the grid of the case."""
        try:
            values = [
                self.result.grid.interpolate(self.result.fields[name][index], self.grid)
                for name in self.equation.fields
            ]
        except PdekitError as error:
            raise self.case.problem(self.path, f"does not fit: {error}") from error
        u = np.stack(values)
        return u[None] if self.result.members is None else np.moveaxis(u, 1, 0)

    def chosen(self, time: int | float) -> Array:
        """Return the frame ``time:`` means: a number (whole) or a time (with a point)."""
        count = len(self.result.times)
        if isinstance(time, int):
            if not -count <= time < count:
                message = f"there are {count} frames, numbered from 0 (got {time})"
                raise self.case.problem("initial.time", message)
            return self.frame(time)
        index = self.index(time)
        if index is None:
            first, last = self.result.times[[0, -1]]
            message = f"no frame is stored at {time:g} ({count} from {first:g} to {last:g})"
            raise self.case.problem("initial.time", message)
        return self.frame(index)
