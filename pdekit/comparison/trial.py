"""What every method is given, and what it owes: the samples all of them are judged by."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from pdekit.datasets.dataset import Split
from pdekit.errors import PdekitError
from pdekit.grid import Grid
from pdekit.typing import Array


@dataclass(frozen=True)
class Trial:
    """Samples of a data set, cut into what is given and what is asked for.

    Attributes
    ----------
    times
        Those of the frames given, then of those asked for.
    given
        ``(samples, varying, history, *space)``; no frames in a steady problem.
    constant
        ``(samples, constant, *space)``.
    truth
        ``(samples, varying, frames, *space)``.
    """

    grid: Grid
    times: Array
    varying: tuple[str, ...]
    constants: tuple[str, ...]
    given: Array
    constant: Array
    truth: Array

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.truth)

    @property
    def history(self) -> int:
        """Number of frames given."""
        return int(self.given.shape[2])

    @property
    def frames(self) -> int:
        """Number of frames asked for."""
        return int(self.truth.shape[2])

    @property
    def steady(self) -> bool:
        """Whether there is no time."""
        return not self.history

    @property
    def start(self) -> float:
        """Time of the last frame given."""
        return float(self.times[max(self.history - 1, 0)])

    @property
    def ahead(self) -> Array:
        """Times of the frames asked for."""
        return self.times[self.history :]

    def first(self, count: int) -> Trial:
        """Return the first samples."""
        return self.rows(slice(0, count))

    def rows(self, which: slice) -> Trial:
        """Return some of the samples."""
        return replace(
            self,
            given=self.given[which],
            constant=self.constant[which],
            truth=self.truth[which],
        )


class Method(Protocol):
    """Answers a trial: a classical solver, a learned operator, a control."""

    def __call__(self, trial: Trial) -> Array:
        """Return ``(samples, varying, frames, *space)`` on the grid of the trial."""
        ...


@dataclass(frozen=True)
class Cut:
    """How the frames of a data set are cut into given ones and asked ones.

    All methods start from the same frame, the one that the longest memory needs.
    """

    history: int = 1
    stride: int = 1
    frames: int | None = None


def trial_of(split: Split, count: int, cut: Cut) -> Trial:
    """Cut the first samples of a split.

    Raises
    ------
    PdekitError
        If the data have too few frames.
    """
    header, count = split.header, min(count, len(split))
    constant = _stacked(split, header.constant, count)
    if len(header.times) == 1:
        truth = _stacked(split, header.varying, count)
        none = truth[:, :, :0]
        return Trial(
            header.grid, header.times, header.varying, header.constant,
            none, constant, truth,
        )  # fmt: skip
    times = header.times[:: cut.stride]
    last = len(times) if cut.frames is None else cut.history + cut.frames
    if not cut.history < last <= len(times):
        raise PdekitError(
            f"{cut.history} frames are given and {last - cut.history} asked for; the data "
            f"have {len(times)}"
        )
    u = _stacked(split, header.varying, count)[:, :, :: cut.stride][:, :, :last]
    return Trial(
        header.grid, times[:last], header.varying, header.constant,
        u[:, :, : cut.history], constant, u[:, :, cut.history :],
    )  # fmt: skip


def _stacked(split: Split, names: tuple[str, ...], count: int) -> Array:
    """Return fields side by side, ``(samples, field, …)``."""
    if not names:
        return np.zeros((count, 0, *split.grid.shape), np.float32)
    rows: list[Any] = [np.asarray(split[name][:count]) for name in names]
    return np.stack(rows, axis=1)


def in_batches(method: Method, trial: Trial, batch: int) -> Array:
    """Return the answers to all samples, so many at once."""
    parts = range(0, len(trial), batch)
    return np.concatenate([method(trial.rows(slice(i, i + batch))) for i in parts])
