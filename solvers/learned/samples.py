"""Samples of a split in the memory of a device, and the pairs to learn from."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from pdekit.datasets.dataset import Split
from pdekit.files.hdf5 import available_memory
from pdekit.solvers.learned.normaliser import Normaliser
from pdekit.solvers.learned.operator import LearnedOperator, Signature

SHARE = 0.4
"""Of the free memory that the samples may take; beyond, they are read batch by batch."""
SHORT = 1 / 3
"""Deviation of the change, in that of the state, up to which a step is short: 0.09 for
vorticity at ν = 1e-3 and Δt = 1, 0.57 for Burgers waves at t = 1, which are learned twice
as well without."""
CHUNK = 1 << 18
"""Points looked at together where no gradient is needed."""


class Samples:
    """The fields of a split, and all places in time where a pair can start.

    A pair is ``history`` frames and the ``frames`` × ``steps`` that follow; with a
    ``stride`` frames of the data in between are left out.
    """

    def __init__(
        self,
        split: Split,
        signature: Signature,
        *,
        count: int | None = None,
        stride: int = 1,
        device: torch.device | str = "cpu",
        dtype: torch.dtype = torch.float32,
    ) -> None:
        self.signature, self.grid = signature, split.grid
        self.device, self.dtype = torch.device(device), dtype
        self.count = len(split) if count is None else count
        self.times = split.times[::stride]
        size = split.header.nbytes * self.count // max(len(split), 1)
        fits = size < SHARE * free(self.device)
        varying, constant = signature.varying, signature.constant
        self.varying = [
            self._taken(split[n], fits, slice(None, None, stride)) for n in varying
        ]
        self.constant = [self._taken(split[n], fits) for n in constant]

    def _taken(self, values: object, fits: bool, frames: slice | None = None) -> Tensor:
        """Move a field to the device, or leave it mapped where it does not fit."""
        found = values[: self.count]  # type: ignore[index]
        found = found if frames is None else found[:, frames]
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="The given NumPy array is not writ")
            mapped = torch.from_numpy(np.asarray(found))
        return mapped.to(self.device, self.dtype, copy=True) if fits else mapped

    def starts(self, steps: int = 1) -> int:
        """Return the number of pairs of each sample."""
        if self.signature.step is None:
            return 1
        return len(self.times) - self.span(steps) + 1

    def span(self, steps: int) -> int:
        """Return the frames of a pair."""
        return self.signature.history + self.signature.frames * steps

    def longest(self, at: int = 0) -> int:
        """Return how many steps a roll-out that sees frames from ``at`` on can take."""
        if self.signature.step is None:
            return 1
        left = len(self.times) - at - self.signature.history
        return left // self.signature.frames

    def place(self, time: float | None) -> int:
        """Return the first frame that a roll-out sees whose last true frame has a time."""
        if time is None or self.signature.step is None:
            return 0
        last = int(np.argmin(np.abs(self.times - time)))
        return last - self.signature.history + 1

    def pairs(
        self, index: Tensor, steps: int = 1
    ) -> tuple[Tensor | None, Tensor | None, Tensor]:
        """Return varying and constant inputs, and the truth, of the pairs of an index."""
        starts, own = self.starts(steps), self.signature
        sample = torch.div(index, starts, rounding_mode="floor")
        frame = index - sample * starts
        when = frame[:, None] + torch.arange(self.span(steps), device=index.device)
        u = torch.stack([self._at(f, sample[:, None], when) for f in self.varying], 1)
        a = None
        if own.constant:
            a = torch.stack([self._at(f, sample) for f in self.constant], 1)
        return (u[:, :, : own.history] if own.history else None), a, u[:, :, own.history :]

    def _at(self, field: Tensor, *where: Tensor) -> Tensor:
        here = [each.to(field.device) for each in where]
        return field[tuple(here)].to(self.device, self.dtype)

    def chunks(self, steps: int = 1, at: int | None = None) -> Iterator[Tensor]:
        """Yield the indices of all pairs in turn, or of those from one frame on."""
        starts = self.starts(steps)
        first, every = (0, 1) if at is None else (at, starts)
        index = torch.arange(first, self.count * starts, every, device=self.device)
        yield from torch.split(index, max(1, CHUNK // self.grid.size))


def free(device: torch.device) -> int:
    """Return the free memory of a device in bytes."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    return available_memory()


def gather_scales(operator: LearnedOperator, samples: Samples) -> None:
    """Take all pairs into the scales of an operator."""
    for index in samples.chunks():
        operator.gather(*samples.pairs(index))


def prefers_increment(samples: Samples) -> bool:
    """Whether the change to the next frame varies much less than the frame itself.

    Over a long step it does not, and the short waves of the start, which are gone by then,
    are better not in what is predicted.
    """
    fields = len(samples.signature.varying)
    state, change = Normaliser(fields), Normaliser(fields)
    for each in (state, change):
        each.to(samples.device)
    for index in samples.chunks():
        u, _, truth = samples.pairs(index)
        assert u is not None  # noqa: S101  (in time)
        state.update(truth)
        change.update(truth - u[:, :, -1:])
    return bool((change.std / state.std).mean() < SHORT)


def extent(samples: Samples) -> dict[str, dict[str, float]]:
    """Return mean, deviation and bounds of every field that goes in, and of its rms."""
    own, found = samples.signature, {}
    frames = samples.starts() + own.history - 1
    taken = [f[:, :frames] for f in samples.varying] if own.history else []
    names = (*(own.varying if own.history else ()), *own.constant)
    for name, values in zip(names, (*taken, *samples.constant), strict=True):
        inner = tuple(range(values.ndim - samples.grid.ndim, values.ndim))
        parts = [x.double() for x in torch.split(values, 64)]
        rms = torch.cat([(x**2).mean(inner).sqrt().flatten() for x in parts])
        mean = float(torch.cat([x.mean(inner).flatten() for x in parts]).mean())
        found[name] = {
            "mean": mean,
            "std": math.sqrt(max(float((rms**2).mean()) - mean**2, 0.0)),
            "min": float(values.min()),
            "max": float(values.max()),
            "rms_min": float(rms.min()),
            "rms_max": float(rms.max()),
        }
    return found
