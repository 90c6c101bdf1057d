"""A data set from its case: solved batch by batch, checked, written."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from pdekit import threads
from pdekit.case import AnyCase, DatasetCase, dataset_case, problem_of
from pdekit.case.loader import Loaded
from pdekit.case.source import Overrides
from pdekit.datasets import report
from pdekit.datasets.dataset import DataSet, Header
from pdekit.datasets.leakage import shared_inputs
from pdekit.datasets.loading import load
from pdekit.datasets.parts import FOLDER, Parts
from pdekit.datasets.sampling import Look, Sampler, sampler_of
from pdekit.datasets.seeds import sample_seed
from pdekit.datasets.workers import SamplesFailed, solved
from pdekit.datasets.writing import created, file_of, write_statistics
from pdekit.errors import (
    BlowUp,
    Interrupted,
    NotConverged,
    PdekitError,
    ResultFileError,
)
from pdekit.files import atomic
from pdekit.files.folders import claimed
from pdekit.observer import Observer, Silent
from pdekit.outcome import Done
from pdekit.run import threads_of
from pdekit.store import CASE, LOG, SUMMARY, refuse_another

PROBLEM = "problem.yaml"
TWICE = 2
"""Two copies of the samples are on the disk before the parts are removed."""

logger = logging.getLogger(__name__)


def make(
    case: str | Path | Mapping[str, Any] | Loaded,
    folder: str | Path,
    overrides: Overrides | None = None,
    *,
    resume: bool = False,
    observer: Observer | None = None,
) -> DataSet:
    """Make a data set in a folder, and open it.

    Parameters
    ----------
    case
        A case with ``task: dataset``: loaded, a file, a shipped name or a mapping.
    resume
        Go on with what an interrupted call left in the folder.

    Raises
    ------
    CaseError
        If anything in the case is wrong.
    SamplesFailed, Interrupted
        If a sample cannot be solved, or the observer stops it; what is ready is kept.
    """
    loaded = dataset_case(case, overrides)
    _, folder, failure = run_into(loaded, Path(folder), resume=resume, observer=observer)
    if failure is not None:
        raise failure
    return load(folder)


def run_into(
    case: DatasetCase,
    folder: Path,
    *,
    resume: bool = False,
    overwrite: bool = False,
    observer: Observer | None = None,
) -> tuple[Done, Path, PdekitError | None]:
    """Make a data set and leave everything in a folder.

    Returns
    -------
    made, folder, failure
        The folder used, and the error that stopped it early, or None.
    """
    observer, problem = observer or Silent(), problem_of(case)
    with threads.limit(threads_of(problem)), np.errstate(over="ignore", invalid="ignore"):
        making = Making(case, problem, observer)
        if resume:
            require_resumable(case, folder)
        with claimed(folder, LOG, resume=resume, overwrite=overwrite) as folder:
            return making.into(folder), folder, making.failure


def warnings_of(case: DatasetCase) -> list[str]:
    """Make ready without solving, which refuses a case, and say what is odd about it."""
    return Making(case, problem_of(case), Silent()).warnings


class Making:
    """A data set under way.

    Raises
    ------
    CaseError
        If anything in the case is wrong that only the numbers show.
    """

    def __init__(self, case: DatasetCase, problem: AnyCase, observer: Observer) -> None:
        began = time.perf_counter()
        self.case, self.problem, self.observer = case, problem, observer
        self.sampler: Sampler = sampler_of(case, problem)
        self.warnings = [*case.warnings, *self.sampler.warnings(), *_coarse(self.sampler)]
        self.failure: PdekitError | None = None
        self.setup_s = time.perf_counter() - began
        self.solve_s = self.compare_s = 0.0
        self.solved_now = 0
        self.errors = np.full(len(self.sampler.times), np.nan)

    def into(self, folder: Path) -> Done:
        """Solve what is missing, and write the data set when nothing is."""
        for sentence in self.warnings:
            self.observer.message(f"warning: {sentence}")
            logger.warning(sentence)
        self._write_case(folder)
        parts = Parts(folder, self.case.digest())
        try:
            self._solve(folder, parts)
            self._compare()
            self._write(folder, parts)
        except (SamplesFailed, BlowUp, NotConverged, Interrupted) as failure:
            self.failure = failure
        summary = report.summary(self, folder)
        atomic.write_json(folder / SUMMARY, summary)
        if self.failure is None:
            parts.remove()
        logger.info("%s %s", summary["status"], summary["message"])
        return Done(summary)

    def _write_case(self, folder: Path) -> None:
        """Keep the case and its problem, so that running them again gives the same."""
        own = self.case.model_copy(update={"problem": PROBLEM, "set": {}})
        atomic.write_text(folder / PROBLEM, self.problem.to_yaml())
        atomic.write_text(folder / CASE, own.to_yaml())

    def _solve(self, folder: Path, parts: Parts) -> None:
        """Solve the samples that are missing, and keep them batch by batch."""
        began, counts = time.perf_counter(), self.case.counts
        jobs, total = parts.missing(counts, self.case.batch), sum(counts.values())
        if ready := total - sum(len(job.numbers) for job in jobs):
            self.observer.message(f"{ready} of {total} samples are there")
        size = sum(self.header(split).nbytes for split in counts)
        atomic.require_space(folder / FOLDER, TWICE * size)
        try:
            for job, arrays in solved(
                self.case, self.problem, self.sampler, jobs, self.observer
            ):
                parts.keep(job, arrays)
                self.solved_now += len(job.numbers)
        except Interrupted:
            kept = ready + self.solved_now
            raise Interrupted(f"stopped after {kept} of {total} samples") from None
        finally:
            self.solve_s = time.perf_counter() - began

    def _compare(self) -> None:
        """Solve a few samples again, finer, for an estimate of the error of all."""
        began, count = time.perf_counter(), self.case.solved_again
        each = []
        for number in range(count):
            seed = sample_seed(self.case.seed, "train", number)
            each.append(self.sampler.error(seed, self._look(number, count)))
        if each:
            self.errors = np.max(each, axis=0)
        self.compare_s = time.perf_counter() - began

    def _look(self, number: int, count: int) -> Look:
        def look(share: float) -> None:
            self.observer.progress((number + share) / count, "solving some again, finer")
            if self.observer.stop_requested():
                raise Interrupted("stopped")

        return look

    def _write(self, folder: Path, parts: Parts) -> None:
        """Put the parts together; check that no input appears twice."""
        for split, count in self.case.counts.items():
            with created(file_of(folder, self.name, split), self.header(split)) as put:
                for numbers, arrays in parts.of(split):
                    rows = [row for row, number in enumerate(numbers) if number < count]
                    taken = {name: values[rows] for name, values in arrays.items()}
                    put([numbers[row] for row in rows], taken)
        data = load(folder, unfinished=True)
        write_statistics(data["train"], folder)
        if pairs := shared_inputs(data):
            first, second = pairs[0]
            raise PdekitError(
                f"{len(pairs)} inputs appear twice (first: {first} and {second}); what is "
                "drawn does not depend on its seed"
            )

    @property
    def name(self) -> str:
        """Name of the data set in its files."""
        return self.case.name.replace("/", "_") or "data"

    def header(self, split: str) -> Header:
        """Return what the file of a split says before its samples."""
        sampler, params = self.sampler, self.problem.equation.params
        numbers = {
            key: float(value)
            for key, value in params.items()
            if isinstance(value, int | float) and not isinstance(value, bool)
        }
        return Header(
            name=self.name,
            grid=sampler.stored,
            times=sampler.times,
            varying=sampler.varying,
            constant=sampler.constant,
            count=self.case.counts[split],
            dtype=self.case.save.dtype,
            parameters=numbers,
            facts=report.facts(self, split),
        )


def _coarse(sampler: Sampler) -> list[str]:
    """Warn where less is solved on than twice the points that are stored."""
    pairs = zip(sampler.solved.axes, sampler.coarsen.stored.axes, strict=True)
    thin = [a.name for a, b in pairs if a.n < 2 * b.n - 1]
    if not thin:
        return []
    return [
        f"save.points: along {', '.join(thin)} the problem is solved on less than twice "
        "the points that are stored; data_error tells what that costs"
    ]


def require_resumable(case: DatasetCase, folder: Path) -> None:
    """Refuse to go on with a data set that is complete, or that is of another case."""
    if (folder / SUMMARY).exists() and not (folder / FOLDER).exists():
        raise ResultFileError(
            f"{folder}: the data set there is finished; nothing to resume "
            "(use --overwrite, or another --out, to make it again)"
        )
    refuse_another(folder, case)
