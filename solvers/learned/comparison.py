"""Learned operators as methods of a comparison: checked, run, trained on nonsense."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pdekit.comparison.trial import Cut, Trial
from pdekit.datasets.dataset import Header
from pdekit.errors import PdekitError
from pdekit.grid import Grid
from pdekit.solvers.learned import checkpoint
from pdekit.solvers.learned.losses import relative_l2
from pdekit.solvers.learned.operator import LearnedOperator
from pdekit.typing import Array

NEAR = 1e-6
"""Relative difference of times and lengths that counts as none."""


class Learned:
    """A trained operator that answers trials."""

    def __init__(self, operator: LearnedOperator, device: str = "cpu") -> None:
        self.operator, self.device = operator.to(device).eval(), device

    @classmethod
    def read(cls, path: Path) -> Learned:
        """Read a file of weights.

        Raises
        ------
        WeightsError
            If it is missing, damaged or of another program.
        """
        return cls(checkpoint.load(path))

    @property
    def facts(self) -> Mapping[str, Any]:
        """What training told of itself."""
        return self.operator.facts

    @property
    def precision(self) -> str:
        """Floating point of the weights."""
        kind = next(self.operator.model.parameters()).dtype
        return {torch.float32: "single", torch.float64: "double"}.get(kind, str(kind))

    def on(self, device: str) -> Learned:
        """Return a copy on another device."""
        import copy

        return Learned(copy.deepcopy(self.operator), device)

    def cut(self, header: Header) -> Cut:
        """Return how it takes the frames of a data set.

        Raises
        ------
        PdekitError
            If it is an operator for other data.
        """
        own = self.operator.signature
        self._require_fields(header)
        self._require_box(header.grid)
        if own.step is None:
            if len(header.times) > 1:
                raise PdekitError("is for a steady problem, and the data are in time")
            return Cut()
        spacing = np.diff(header.times)
        if not len(spacing) or np.ptp(spacing) > NEAR * spacing[0]:
            raise PdekitError("steps on evenly, and the frames of the data do not")
        stride = own.step / float(spacing[0])
        if round(stride) < 1 or abs(stride - round(stride)) > NEAR * stride:
            raise PdekitError(
                f"steps by {own.step:g}, no multiple of {spacing[0]:g} between the frames"
            )
        return Cut(own.history, round(stride))

    def _require_fields(self, header: Header) -> None:
        own = self.operator.signature
        mine, theirs = {*own.varying, *own.constant}, {*header.varying, *header.constant}
        if {*own.varying} != {*header.varying} or {*own.constant} != {*header.constant}:
            raise PdekitError(
                f"is for the fields {', '.join(sorted(mine))}, the data hold "
                f"{', '.join(sorted(theirs))}"
            )

    def _require_box(self, grid: Grid) -> None:
        for mine, theirs in zip(self.operator.grid.axes, grid.axes, strict=False):
            same = abs(mine.length - theirs.length) <= NEAR * mine.length
            if not same or mine.boundary != theirs.boundary:
                raise PdekitError(
                    f"is for a {mine.boundary} axis {mine.name} of {mine.length:g}, the "
                    f"data have a {theirs.boundary} one of {theirs.length:g}"
                )
        if self.operator.grid.ndim != grid.ndim:
            raise PdekitError(
                f"is for {self.operator.grid.ndim} axes, the data have {grid.ndim}"
            )

    @torch.no_grad()  # the planner of spectral layers takes gradients of its own
    def __call__(self, trial: Trial) -> Array:
        """Return the frames asked for: of one application, or as many as it takes."""
        own = self.operator.signature
        constant = self._tensor(trial.constant, trial.constants, own.constant)
        if own.step is None:
            out = self.operator(None, constant, trial.grid)
        else:
            recent = trial.given[:, :, trial.history - own.history :]
            varying = self._tensor(recent, trial.varying, own.varying)
            steps = -(-trial.frames // own.frames)
            assert varying is not None  # noqa: S101
            out = self.operator.rollout(varying, constant, steps, trial.grid)
        found = out[:, : len(own.varying), : trial.frames].cpu().numpy()
        order = [own.varying.index(name) for name in trial.varying]
        return np.asarray(found[:, order], dtype=trial.truth.dtype)

    def _tensor(
        self, values: Array, given: tuple[str, ...], wanted: tuple[str, ...]
    ) -> Tensor | None:
        """Return fields in the order of the operator."""
        if not wanted:
            return None
        order = [given.index(name) for name in wanted]
        if order != list(range(len(given))):
            values = values[:, order]
        return torch.from_numpy(np.ascontiguousarray(values)).to(self.device)


def shuffled(
    like: Learned, train: Trial, updates: int, *, batch: int = 20, seed: int = 0
) -> Learned:
    """Train the same architecture on inputs and outputs of different samples.

    What it predicts better than the mean of the training samples, it has not learned from
    their pairing.
    """
    old = like.operator
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        operator = LearnedOperator(old.name, old.arguments, old.signature, old.grid)
        draw = torch.Generator().manual_seed(seed)
        varying, constant, out = _pairs(like, train)
        out = out[torch.randperm(len(out), generator=draw)]
        operator.gather(varying, constant, out)
        _descend(operator, varying, constant, out, updates, batch, draw)
    return Learned(operator)


def _pairs(like: Learned, train: Trial) -> tuple[Tensor | None, Tensor | None, Tensor]:
    """Return the first step of every sample."""
    own = like.operator.signature
    recent = train.given[:, :, train.history - own.history :]
    varying = like._tensor(recent, train.varying, own.varying) if own.history else None
    constant = like._tensor(train.constant, train.constants, own.constant)
    out = like._tensor(train.truth[:, :, : own.frames], train.varying, own.varying)
    assert out is not None  # noqa: S101
    return varying, constant, out


def _descend(
    operator: LearnedOperator, varying: Tensor | None, constant: Tensor | None, out: Tensor,
    updates: int, batch: int, draw: torch.Generator,
) -> None:  # fmt: skip
    optimizer = torch.optim.AdamW(operator.parameters(), lr=2e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, updates)
    for _, rows in zip(range(updates), _batches(len(out), batch, draw), strict=False):
        some = (None if x is None else x[rows] for x in (varying, constant))
        optimizer.zero_grad()
        p = operator(*some)
        relative_l2(p, out[rows]).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()


def _batches(count: int, batch: int, draw: torch.Generator) -> Iterator[Tensor]:
    while True:
        order = torch.randperm(count, generator=draw)
        yield from torch.split(order, batch)
