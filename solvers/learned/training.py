"""A trained operator from its case: data found or made, seeds trained, judged, written."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from pdekit import threads
from pdekit.case import Loaded, TrainCase, train_case
from pdekit.case.source import Overrides
from pdekit.datasets import finding
from pdekit.datasets.dataset import DataSet
from pdekit.datasets.loading import load as load_data
from pdekit.errors import (
    Interrupted,
    PdekitError,
    ResultFileError,
)
from pdekit.files import atomic
from pdekit.files.checkpoint import load_checkpoint, save_checkpoint
from pdekit.files.folders import claimed
from pdekit.observer import Observer, Silent
from pdekit.outcome import Done
from pdekit.solvers.learned import checkpoint, judging, preparing, report
from pdekit.solvers.learned.fitting import Fit, TrainingDiverged
from pdekit.solvers.learned.operator import LearnedOperator
from pdekit.solvers.learned.samples import Samples, gather_scales, prefers_increment
from pdekit.solvers.learned.world import World
from pdekit.store import CASE, CHECKPOINT, LOG, SUMMARY, refuse_another

MODEL = "model.safetensors"
logger = logging.getLogger(__name__)


def train(
    case: str | Path | Mapping[str, Any] | Loaded,
    folder: str | Path,
    overrides: Overrides | None = None,
    *,
    resume: bool = False,
    observer: Observer | None = None,
) -> LearnedOperator:
    """Train a model into a folder, and return it.

    Parameters
    ----------
    case
        A case with ``task: train``: loaded, a file, a shipped name or a mapping.
    resume
        Go on with what an interrupted call left in the folder.

    Raises
    ------
    CaseError
        If anything in the case is wrong.
    TrainingDiverged, Interrupted
        If the loss becomes infinite, or the observer stops it; what is there is kept.
    """
    loaded = train_case(case, overrides)
    _, folder, failure = run_into(loaded, Path(folder), resume=resume, observer=observer)
    if failure is not None:
        raise failure
    return checkpoint.load(folder / MODEL)


def run_into(
    case: TrainCase,
    folder: Path,
    *,
    resume: bool = False,
    overwrite: bool = False,
    observer: Observer | None = None,
) -> tuple[Done, Path, PdekitError | None]:
    """Train a model and leave everything in a folder.

    Returns
    -------
    trained, folder, failure
        The folder used, and the error that stopped it early, or None.
    """
    with _world(case) as world:
        observer = observer if observer is not None and world.first else Silent()
        began = time.perf_counter()
        data = preparing.data_of(case, observer, world)
        data_s = time.perf_counter() - began
        case = preparing.as_written(case, data)
        saved = saved_in(folder, case) if resume else None
        with threads.limit(
            saved[1]["threads"] if saved else preparing.threads_of(case, data)
        ):
            training = Training(case, data, observer, world)
            training.data_s = data_s
            with _claimed(world, folder, resume=resume, overwrite=overwrite) as folder:
                return training.into(folder, saved), folder, training.failure


def warnings_of(case: TrainCase) -> list[str]:
    """Build the model without training it, which refuses a case; say what is odd."""
    preparing.device(case)
    found = preparing.named(case)
    if isinstance(found, Path):
        preparing.refuse_leaks(case, load_data(found))
    contents = finding.contents(found)
    preparing.operator_of(
        case, contents, preparing.signature_of(case, contents, increment=False), "meta"
    )
    return list(case.warnings)


@contextmanager
def _world(case: TrainCase) -> Iterator[World]:
    preparing.device(case)
    world = World(case.run.device)
    try:
        yield world
    finally:
        world.close()


@contextmanager
def _claimed(
    world: World, folder: Path, *, resume: bool, overwrite: bool
) -> Iterator[Path]:
    """Claim the folder in the process that writes; tell it to the others."""
    if not world.first:
        yield Path(world.told(""))
        return
    with claimed(folder, LOG, resume=resume, overwrite=overwrite) as own:
        world.told(str(own))
        yield own


# -- the training ----------------------------------------------------------------------


class Training:
    """A training under way.

    Raises
    ------
    CaseError, ResultFileError
        If anything is wrong that only the data show.
    """

    def __init__(
        self, case: TrainCase, folder: Path, observer: Observer, world: World
    ) -> None:
        began = time.perf_counter()
        self.case, self.observer, self.world = case, observer, world
        self.data_folder, self.data = folder, load_data(folder)
        preparing.refuse_leaks(case, self.data)
        self.contents = finding.contents(folder)
        self.header = self.data["train"].header
        self.dtype = torch.float64 if case.run.precision == "double" else torch.float32
        self.signature = preparing.signature_of(case, self.contents, increment=False)
        self.train = self.samples("train")
        if self._takes_increments():
            self.signature = preparing.signature_of(case, self.contents, increment=True)
            self.train.signature = self.signature
        counts = self.counts
        self.validation = self.samples("validation") if counts.get("validation") else None
        self.warnings = list(case.warnings)
        self.failure: PdekitError | None = None
        self.data_s = self.judge_s = 0.0
        self.results: list[dict[str, Any]] = []
        self.operator = self.new_operator(case.run.seed)
        self.setup_s = time.perf_counter() - began

    @property
    def counts(self) -> dict[str, int]:
        """Number of samples of each split that are used."""
        there = self.contents.counts
        return {s: n if (k := self.case.counts[s]) is None else k for s, n in there.items()}

    def samples(self, split: str, data: DataSet | None = None) -> Samples:
        """Return the samples of a split, in memory where they fit."""
        return Samples(
            (data or self.data)[split],
            self.signature,
            count=self.counts[split],
            stride=self.case.stride,
            device=self.world.device,
            dtype=self.dtype,
        )

    def new_operator(self, seed: int) -> LearnedOperator:
        """Return an operator with weights from a seed and the scales of the data."""
        torch.manual_seed(seed)
        operator = preparing.operator_of(self.case, self.contents, self.signature, "cpu")
        operator.model.to(self.dtype)
        operator.to(self.world.device)
        gather_scales(operator, self.train)
        return operator

    def _takes_increments(self) -> bool:
        if self.contents.steady or self.case.predict == "state":
            return False
        return self.case.predict == "increment" or prefers_increment(self.train)

    def into(self, folder: Path, saved: Any = None) -> Done:
        """Train all seeds from where a checkpoint stands, and write what comes of it."""
        for sentence in self.warnings:
            self.observer.message(f"warning: {sentence}")
        self.folder, place = folder, None
        if saved is not None:
            self.results, place = list(saved[1]["results"]), saved
        if self.world.first:
            atomic.write_text(folder / CASE, self.case.to_yaml())
        try:
            for number in range(len(self.results), self.case.seeds):
                self._seed(number, place)
                place = None
        except (TrainingDiverged, Interrupted) as failure:
            self.failure = failure
        summary = report.summary(self)
        if self.world.first:
            report.write(self, summary)
            if not isinstance(self.failure, Interrupted):
                (folder / CHECKPOINT).unlink(missing_ok=True)
        logger.info("%s %s", summary["status"], summary["message"])
        return Done(summary)

    def _seed(self, number: int, saved: Any) -> None:
        """Train from one seed, judge what came of it, and write the model."""
        seed = self.case.run.seed + number
        operator = self.operator if number == 0 else self.new_operator(seed)
        torch.manual_seed(seed)
        fit = Fit(self.case, operator, self.train, self.validation, self.world, seed)
        if saved is not None:
            fit.restore(saved[0], saved[1]["place"])
            done = f"epoch {fit.place.epoch}, step {fit.place.batch}"
            self.observer.message(f"resuming seed {seed} at {done}")
        self.fit, self._kept_at = fit, time.monotonic()
        try:
            fit.run(lambda: self._look(number))
        except TrainingDiverged as failure:
            self.failure = failure
        finished = self.failure is None or fit.place.best_epoch > 0
        self.operator = fit.finish()
        if finished:
            self._judge(number, seed)
        if self.failure is not None:
            raise self.failure

    def _look(self, number: int) -> None:
        """Show how far it is; keep a checkpoint now and then, and when asked to stop."""
        fit, seeds = self.fit, self.case.seeds
        self.observer.progress((number + fit.share) / seeds, "training", report.line(fit))
        stop = self.world.any(self.observer.stop_requested())
        late = time.monotonic() - self._kept_at > self.case.outputs.checkpoint_every
        if stop or late:
            self._keep()
        if stop:
            raise Interrupted(f"stopped in epoch {fit.place.epoch + 1}")

    def _keep(self) -> None:
        if self.world.first:
            meta = {
                "place": self.fit.meta(),
                "results": self.results,
                "threads": threads.current(),
            }
            path = self.folder / CHECKPOINT
            save_checkpoint(path, self.fit.arrays(), meta, digest=self.case.digest())
        self._kept_at = time.monotonic()

    def _judge(self, number: int, seed: int) -> None:
        """Measure the errors of the operator that was kept, and write it."""
        began, operator = time.perf_counter(), self.operator
        self.observer.progress(1.0, "judging")
        try:
            found = judging.judged(self, operator)
        except Interrupted:  # while test samples are solved again
            self._keep()
            raise
        self.judge_s += time.perf_counter() - began
        self.results.append(
            {
                "seed": seed,
                "errors": found,
                **self.fit.meta(),
                "parameters": operator.count(),
            }
        )
        if self.world.first:
            name = MODEL if number == 0 else f"model-seed-{seed}.safetensors"
            checkpoint.save(self.folder / name, operator, report.facts(self, number))


# -- resuming --------------------------------------------------------------------------


def saved_in(folder: Path, case: TrainCase) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Return the checkpoint of an interrupted training, or None where there is none.

    Raises
    ------
    ResultFileError
        If the training there is finished, or of another case.
    """
    if (folder / CHECKPOINT).exists():
        return load_checkpoint(folder / CHECKPOINT, case.digest())
    if (folder / SUMMARY).exists():
        raise ResultFileError(
            f"{folder}: the training there is finished; nothing to resume "
            "(use --overwrite, or another --out, to train again)"
        )
    refuse_another(folder, case)
    return None
