"""How far an operator is from the truth, sample by sample and frame by frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from pdekit.datasets import finding
from pdekit.datasets.dataset import DataSet
from pdekit.datasets.loading import load
from pdekit.solvers.learned.operator import LearnedOperator
from pdekit.solvers.learned.samples import Samples
from pdekit.solvers.learned.world import World

if TYPE_CHECKING:
    from pdekit.solvers.learned.training import Training

RESAMPLES = 2000
"""Draws of a bootstrap."""


@dataclass(frozen=True)
class Errors:
    """Squares of norms over fields and points, ``(sample, frame)``."""

    error: Tensor
    truth: Tensor

    @property
    def each(self) -> Tensor:
        """‖û − u‖₂/‖u‖₂ of each sample, over its frames too."""
        return (self.error.sum(1) / self.truth.sum(1)).sqrt()

    @property
    def by_frame(self) -> Tensor:
        """Mean over the samples of the same at each frame."""
        return (self.error / self.truth).sqrt().mean(0)


@torch.no_grad()
def errors(
    operator: LearnedOperator,
    samples: Samples,
    steps: int,
    world: World | None = None,
    *,
    at: int | None = None,
) -> Errors:
    """Compare roll-outs over so many steps with the truth.

    From every place in time, or from the frame ``at`` alone.
    """
    operator.eval()
    total = samples.count * (samples.starts(steps) if at is None else 1)
    shape = (2, total, operator.signature.frames * steps)
    found, done = torch.zeros(shape, dtype=torch.float64, device=samples.device), 0
    for number, index in enumerate(samples.chunks(steps, at)):
        if world is None or number % world.size == world.rank:
            u, a, truth = samples.pairs(index, steps)
            p = operator(None, a) if u is None else operator.rollout(u, a, steps)
            for row, x in ((0, p - truth), (1, truth)):
                squares = x.double().movedim(2, 1).flatten(2).square().sum(2)
                found[row, done : done + len(index)] = squares
        done += len(index)
    if world is not None:
        world.total(found)
    return Errors(found[0], found[1])


def spread(values: Tensor, seed: int = 0) -> dict[str, Any]:
    """Return mean, median, largest, and the 95 % bootstrap interval of the mean."""
    x = values.double().cpu().numpy()
    draws = np.random.default_rng(seed).integers(len(x), size=(RESAMPLES, len(x)))
    low, high = np.quantile(x[draws].mean(1), (0.025, 0.975))
    return {
        "mean": float(x.mean()),
        "median": float(np.median(x)),
        "max": float(x.max()),
        "interval": [float(low), float(high)],
    }


@torch.no_grad()
def precision_error(operator: LearnedOperator, samples: Samples) -> float:
    """Return what bfloat16 changes on a batch, as a share of the operator's own error."""
    operator.eval()
    u, a, truth = samples.pairs(next(samples.chunks()))
    full = operator(u, a)
    with torch.autocast(samples.device.type, torch.bfloat16):
        half = operator(u, a)
    return float((half - full).norm() / (full - truth).norm())


# -- of a training ---------------------------------------------------------------------


def judged(training: Training, operator: LearnedOperator) -> dict[str, Any]:
    """Return the errors on all splits; that for tests is looked at here alone."""
    case, world, found = training.case, training.world, dict[str, Any]()
    for name, samples in (("train", training.train), ("validation", training.validation)):
        if samples is not None:
            each = errors(operator, samples, case.rollout.steps, world).each
            found[f"{name}_relative_l2"] = float(each.mean())
    if case.run.precision == "bfloat16":
        batch = training.validation or training.train
        found["precision_error"] = precision_error(operator, batch)
    if training.counts.get("test"):
        found |= _tested(training, operator, training.data, "test_relative_l2")
        one = errors(operator, training.samples("test"), 1, world).each
        found["test_one_step_relative_l2"] = float(one.mean())
        for points in case.test.points:
            data = _resolved_again(training, points)
            found |= _tested(training, operator, data, f"test_relative_l2_{points}")
    return found


def _tested(
    training: Training, operator: LearnedOperator, data: DataSet, name: str
) -> dict[str, Any]:
    """Return the errors of roll-outs from true frames to the last."""
    test = training.samples("test", data)
    at = test.place(training.case.test.start)
    found = errors(operator, test, test.longest(at), training.world, at=at)
    told = spread(found.each)
    return {
        name: told["mean"],
        f"{name}_median": told["median"],
        f"{name}_max": told["max"],
        f"{name}_interval": told["interval"],
        f"{name}_final": float(found.by_frame[-1]),
        f"{name}_by_frame": found.by_frame.tolist(),
    }


def _resolved_again(training: Training, points: int) -> DataSet:
    """Return the test samples solved again, stored on other points."""
    case, world = training.contents.case, training.world
    assert case is not None  # noqa: S101  (the rules see to it)
    other = finding.resolved_again(case, points, training.counts["test"])
    folder = str(finding.made(other, training.observer)) if world.first else ""
    return load(world.told(folder))
