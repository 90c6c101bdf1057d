"""The classical solver of an equation in time: from stored frames to stored frames."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from pdekit.case import Case
from pdekit.comparison.trial import Trial
from pdekit.errors import BlowUp, NotConverged
from pdekit.evolution import Evolution, Numerics, equation_of, grid_of, numerics_of
from pdekit.grid import Grid
from pdekit.result import parts
from pdekit.typing import Array, Field

STEPS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512)
"""Steps from frame to frame that are tried."""
TOLERANCES = tuple(10.0**-k for k in range(1, 11))
"""Tolerances that are tried where one chooses the steps."""


@dataclass(frozen=True)
class Setting:
    """Resolution in space, and in time: steps from frame to frame, or a tolerance."""

    label: str
    points: tuple[int, ...]
    effort: float


class Marching:
    """An equation, ready to be solved on any number of points with any steps."""

    def __init__(self, problem: Case, label: str, precision: str = "double") -> None:
        run = problem.run.model_copy(
            update={"members": 1, "threads": 1, "precision": precision}
        )
        self.problem = problem.model_copy(
            update={"run": run, "reference": None, "checks": {}}
        )
        self.label, self.precision = label, precision
        self.numerics = numerics_of(self.problem)
        self.equation = equation_of(self.problem)
        self.ladder: tuple[float, ...] = (
            TOLERANCES if self.numerics.is_adaptive else tuple(map(float, STEPS))
        )

    def method(self, points: tuple[int, ...], effort: float) -> Marched:
        """Return the solver with a resolution and steps."""
        return Marched(self, Setting(self.label, points, effort))

    def words(self, setting: Setting) -> str:
        """Say what a setting is."""
        points = "×".join(map(str, setting.points))
        if self.numerics.is_adaptive:
            return f"{points} points, rtol {setting.effort:g}"
        return f"{points} points, {setting.effort:g} steps a frame"

    def numerics_for(self, setting: Setting, frames: int) -> Numerics:
        """Return the numerics of a setting over so many frames."""
        given = dict(self.numerics.tolerances)
        if self.numerics.is_adaptive:
            given["rtol"] = setting.effort
        else:
            given = {"steps": round(setting.effort) * frames}
        return replace(self.numerics, points=setting.points, tolerances=given)


class Marched:
    """The equation with one setting; what is set up once is kept for the next call."""

    def __init__(self, marching: Marching, setting: Setting) -> None:
        self.marching, self.setting = marching, setting
        self.grid: Grid = grid_of(marching.problem, setting.points)
        self._ready: dict[Any, Evolution] = {}

    def __call__(self, trial: Trial) -> Array:
        """Cut the modes that these points cannot hold, march, add them as zeros."""
        start = np.asarray(trial.given[:, :, -1], dtype=float)
        coarse = trial.grid.interpolate(self._fields(start), self.grid)
        frames = np.stack(list(self._frames(trial, coarse)), axis=2)
        fine = self.grid.interpolate(frames, trial.grid)
        return self._stored(fine).astype(trial.truth.dtype)

    def _fields(self, stored: Array) -> Field:
        """Return the fields of the equation: complex ones of two stored parts."""
        if not self.marching.equation.complex:
            return stored
        return np.asarray(stored[:, 0::2] + 1j * stored[:, 1::2])

    def _stored(self, u: Field) -> Array:
        if not self.marching.equation.complex:
            return u
        each = (
            parts(name, u[:, c]) for c, name in enumerate(self.marching.equation.fields)
        )
        return np.stack([values for one in each for values in one.values()], axis=1)

    def _frames(self, trial: Trial, u: Field) -> Iterator[Field]:
        """March to every frame; what blows up is not a number from there."""
        lost = np.full(u.shape, np.nan)
        evolution = self._evolution(trial, len(u))
        alive = True
        with np.errstate(all="ignore"):
            evolution.begin(u)
            for t in trial.ahead:
                try:
                    if alive:
                        evolution.arrive(float(t), lambda: None)
                        frame = evolution.frame()
                except (BlowUp, NotConverged):
                    alive = False
                yield frame if alive else lost

    def _evolution(self, trial: Trial, members: int) -> Evolution:
        key = (members, trial.start, trial.frames, float(trial.ahead[-1]))
        if key not in self._ready:
            problem = self.marching.problem
            span = problem.time.model_copy(
                update={"start": trial.start, "end": float(trial.ahead[-1])}
            )
            run = problem.run.model_copy(update={"members": members})
            case = problem.model_copy(update={"run": run, "time": span})
            numerics = self.marching.numerics_for(self.setting, trial.frames)
            self._ready[key] = Evolution(case, numerics)
        return self._ready[key]
