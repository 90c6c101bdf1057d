"""One training from one seed: batch by batch, to be left and taken up at any of them."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor

from pdekit.case import TrainCase
from pdekit.errors import PdekitError
from pdekit.grid import Grid
from pdekit.solvers.learned import schedules
from pdekit.solvers.learned.judging import errors
from pdekit.solvers.learned.losses import H1Loss, SobolevLoss, relative_l2
from pdekit.solvers.learned.operator import LearnedOperator
from pdekit.solvers.learned.samples import Samples
from pdekit.solvers.learned.symmetries import Symmetries
from pdekit.solvers.learned.world import World

Loss: TypeAlias = Callable[[Tensor, Tensor], Tensor]
LOOK_EVERY = 50
"""Steps after which a loss that is not finite is noticed within an epoch."""


class TrainingDiverged(PdekitError):
    """The loss is not finite any more; the best state before is kept."""

    exit_status = 3


@dataclass
class Place:
    """How far a training is, and how it went; JSON holds it."""

    epoch: int = 0
    batch: int = 0
    best: float | None = None
    best_epoch: int = 0
    seconds: float = 0.0
    history: list[dict[str, float | None]] = field(default_factory=list)


class Fit:
    """A training under way.

    Everything random follows from the seed: the weights, and the order of the pairs from
    the seed and the number of the epoch, so that a place in the training is two numbers.
    """

    def __init__(
        self,
        case: TrainCase,
        operator: LearnedOperator,
        train: Samples,
        validation: Samples | None,
        world: World,
        seed: int,
    ) -> None:
        spec = case.optimizer
        self.case, self.operator, self.world, self.seed = case, operator, world, seed
        self.train, self.validation = train, validation
        self.steps = case.rollout.steps
        self.loss = loss_of(case, train.grid)
        self.symmetries = Symmetries(case.augment, train.grid)
        self.parameters = list(operator.model.parameters())
        self.optimizer = torch.optim.AdamW(
            self.parameters, lr=spec.lr, weight_decay=spec.weight_decay, fused=True
        )
        self.pairs = train.count * train.starts(self.steps)
        self.batches = math.ceil(self.pairs / spec.batch)
        self.rate = schedules.factor_of(
            spec.schedule,
            steps=self.batches * spec.epochs,
            warm_up=spec.warm_up,
            epoch=self.batches,
            every=spec.every or max(1, spec.epochs // 5),
            factor=spec.factor,
        )
        self.place = Place()
        self.losses = torch.zeros(self.batches, device=world.device)
        self.kept = self._snapshot()

    # -- the loop ----------------------------------------------------------------------

    def run(self, look: Callable[[], None]) -> None:
        """Train to the end from wherever it stands; ``look`` is called after each step.

        Raises
        ------
        TrainingDiverged
            If the loss is not finite; the state kept is the last good one.
        """
        while self.place.epoch < self.case.optimizer.epochs and not self._in_vain():
            self._epoch(look)

    def _epoch(self, look: Callable[[], None]) -> None:
        place, size = self.place, self.case.optimizer.batch
        order = self._order()
        self.operator.train()
        while place.batch < self.batches:
            began = time.perf_counter()
            here = order[place.batch * size : (place.batch + 1) * size]
            self.losses[place.batch] = self._step(here)
            place.batch += 1
            place.seconds += time.perf_counter() - began
            if place.batch % LOOK_EVERY == 0:
                self._require_finite()
            if place.batch < self.batches:
                look()
        self._end_of_epoch()
        look()

    def _step(self, index: Tensor) -> Tensor:
        """Make one step; return this process's part of the mean loss of the batch."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.lr
        mine = self.world.share(index)
        weight = len(mine) / len(index)  # zero where samples are fewer than processes
        self.optimizer.zero_grad(set_to_none=True)
        loss = weight * self._loss(mine if weight else index[:1])
        loss.backward()  # type: ignore[no-untyped-call]
        self.world.add_gradients(self.parameters)
        if self.case.optimizer.clip:
            torch.nn.utils.clip_grad_norm_(self.parameters, self.case.optimizer.clip)
        self.optimizer.step()
        return loss.detach()

    def _loss(self, index: Tensor) -> Tensor:
        u, a, truth = self.train.pairs(index, self.steps)
        if self.case.augment:
            turned = self.symmetries.draw(self._random(self.place.batch))
            u = None if u is None else turned(u)
            a = None if a is None else turned(a, constant=True)
            truth = turned(truth)
        with autocast(self.case, self.world.device):
            if u is None:
                found = self.operator(None, a)
            elif self.case.rollout.push_forward:
                found, truth = self._pushed(u, a, truth)
            else:
                found = self.operator.rollout(u, a, self.steps)
        return self.loss(found, truth)

    def _pushed(self, u: Tensor, a: Tensor | None, truth: Tensor) -> tuple[Tensor, Tensor]:
        """Predict from frames of the model's own, without a gradient through these.

        The model learns to undo its own errors (Brandstetter, Worrall & Welling, ICLR
        2022, arXiv 2202.03376).
        """
        own = self.operator.signature
        if self.steps > 1:
            with torch.no_grad():
                ahead = self.operator.rollout(u, a, self.steps - 1)
            u = torch.cat([u, ahead], 2)[:, :, -own.history :]
        return self.operator(u, a), truth[:, :, -own.frames :]

    @property
    def lr(self) -> float:
        """Learning rate of the step to come."""
        done = self.place.epoch * self.batches + self.place.batch
        return self.case.optimizer.lr * self.rate(done)

    @property
    def share(self) -> float:
        """How much of all epochs is done."""
        done = self.place.epoch + self.place.batch / self.batches
        return done / self.case.optimizer.epochs

    def _order(self) -> Tensor:
        """Return the pairs in the order of this epoch."""
        order = self._random().permutation(self.pairs)
        return torch.from_numpy(order).to(self.world.device)

    def _random(self, *place: int) -> np.random.Generator:
        """Return the random numbers of a place in this epoch."""
        key = (self.place.epoch, *place)
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=key))

    # -- between epochs ----------------------------------------------------------------

    def _end_of_epoch(self) -> None:
        """Note how it went; keep the state if there is none better."""
        began, place = time.perf_counter(), self.place
        lr = self.case.optimizer.lr * self.rate((place.epoch + 1) * self.batches - 1)
        self._require_finite()
        loss = float(self.world.total(self.losses.clone()).mean())
        value = self._validation_error()
        place.epoch, place.batch = place.epoch + 1, 0
        if value is None or place.best is None or value < place.best:
            self.kept = self._snapshot()
            place.best, place.best_epoch = value, place.epoch
        place.seconds += time.perf_counter() - began
        row = {"epoch": place.epoch, "seconds": place.seconds, "learning_rate": lr}
        place.history.append({**row, "loss": loss, "validation": value})

    def _validation_error(self) -> float | None:
        if self.validation is None:
            return None
        with autocast(self.case, self.world.device):
            found = errors(self.operator, self.validation, self.steps, self.world)
        self.operator.train()
        value = float(found.each.mean())
        return value if math.isfinite(value) else math.inf

    def _in_vain(self) -> bool:
        """Whether validation has not become better for as long as the case allows."""
        stop = self.case.early_stop
        return (
            stop is not None and self.place.epoch - self.place.best_epoch >= stop.patience
        )

    def _require_finite(self) -> None:
        losses = self.world.total(self.losses.clone())[: self.place.batch]
        bad = ~torch.isfinite(losses)
        if bad.any():
            first, epoch = int(bad.int().argmax()), self.place.epoch + 1
            raise TrainingDiverged(
                f"the loss became {float(losses[first]):g} in epoch {epoch}, "
                f"step {first + 1} of {self.batches}, at a learning rate of {self.lr:.3g}; "
                "try a smaller optimizer.lr"
                + ("" if self.case.optimizer.clip else ", or optimizer.clip: 1")
            )

    def _snapshot(self) -> dict[str, Tensor]:
        return {k: v.detach().clone() for k, v in self.operator.state_dict().items()}

    def finish(self) -> LearnedOperator:
        """Return the operator in the state that was kept."""
        self.operator.load_state_dict(self.kept)
        return self.operator.eval()

    # -- checkpoints -------------------------------------------------------------------

    def arrays(self) -> dict[str, Any]:
        """Return the state as arrays."""
        found = {f"model:{k}": v for k, v in self.operator.state_dict().items()}
        found |= {f"kept:{k}": v for k, v in self.kept.items()}
        for number, state in self.optimizer.state_dict()["state"].items():
            found |= {f"moment:{number}:{key}": value for key, value in state.items()}
        found |= {"losses": self.losses, "random:cpu": torch.get_rng_state()}
        if self.world.device.type == "cuda":
            found["random:cuda"] = torch.cuda.get_rng_state(self.world.device)
        return {name: x.detach().cpu().numpy() for name, x in found.items()}

    def meta(self) -> dict[str, Any]:
        """Return the rest of the state as plain data."""
        return asdict(self.place)

    def restore(self, arrays: Mapping[str, Any], meta: Mapping[str, Any]) -> None:
        """Go back to a state."""
        tensors = {name: torch.from_numpy(np.array(x)) for name, x in arrays.items()}
        device = self.world.device

        def part(name: str) -> dict[str, Tensor]:
            start = f"{name}:"
            found = {k: v for k, v in tensors.items() if k.startswith(start)}
            return {k.removeprefix(start): v.to(device) for k, v in found.items()}

        self.operator.load_state_dict(part("model"))
        self.kept = part("kept")
        moments: dict[int, dict[str, Tensor]] = {}
        for name, value in part("moment").items():
            number, _, key = name.partition(":")
            moments.setdefault(int(number), {})[key] = value
        groups = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict({"state": moments, "param_groups": groups})
        self.losses = tensors["losses"].to(device)
        self.place = Place(**meta)
        torch.set_rng_state(tensors["random:cpu"])
        if "random:cuda" in tensors and device.type == "cuda":
            torch.cuda.set_rng_state(tensors["random:cuda"], device)


def loss_of(case: TrainCase, grid: Grid) -> Loss:
    """Return the loss that a case names."""
    if case.loss.name == "sobolev":
        return SobolevLoss(grid, case.loss.order or 0.0)
    return H1Loss(grid) if case.loss.name == "h1" else relative_l2


def autocast(case: TrainCase, device: torch.device) -> AbstractContextManager[Any]:
    """Compute products in half precision where a case says so."""
    half = case.run.precision == "bfloat16"
    return torch.autocast(device.type, torch.bfloat16, enabled=half)
