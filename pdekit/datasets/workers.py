"""Solving batches of samples, here or in several processes."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import islice
from multiprocessing.connection import wait as wait_for
from pathlib import Path
from typing import Any, TypeAlias

from pdekit import modules, threads
from pdekit.case import AnyCase, DatasetCase
from pdekit.datasets.parts import Job
from pdekit.datasets.sampling import SampleFailed, Sampler, sampler_of
from pdekit.datasets.seeds import sample_seed
from pdekit.errors import Interrupted, PdekitError
from pdekit.observer import Observer
from pdekit.result import Arrays
from pdekit.run import threads_of

LOOK_SECONDS = 0.2
"""Between two looks at the interrupt flag while others work."""


class SamplesFailed(PdekitError):
    """A sample cannot be solved; its number and its seed are told."""

    exit_status = 3


Answer: TypeAlias = "Arrays | Failure"


@dataclass(frozen=True)
class Failure:
    """Which sample of a job failed, and why."""

    position: int
    reason: str


def solved(
    case: DatasetCase, problem: AnyCase, sampler: Sampler, jobs: Sequence[Job],
    observer: Observer,
) -> Iterator[tuple[Job, Arrays]]:  # fmt: skip
    """Yield the samples of each job as it is ready, in any order.

    Raises
    ------
    SamplesFailed
        If one cannot be solved.
    Interrupted
        If the observer asks for it.
    """
    wanted = threads.available() if case.workers == "auto" else case.workers
    count = min(wanted, len(jobs))
    here = _here(case, sampler, jobs, observer)
    for job, answer in here if count < 2 else _pooled(case, problem, jobs, count, observer):
        if isinstance(answer, Failure):
            number = job.numbers[answer.position]
            seed = sample_seed(case.seed, job.split, number)
            raise SamplesFailed(
                f"sample {number} of {job.split} (seed {seed}) {answer.reason}; no sample "
                "is left out silently: change the solver or the problem, and begin anew"
            )
        yield job, answer


def _here(
    case: DatasetCase, sampler: Sampler, jobs: Sequence[Job], observer: Observer
) -> Iterator[tuple[Job, Answer]]:
    """Solve the jobs in this process, one after the other."""
    total, done = sum(len(job.numbers) for job in jobs), 0

    def look(share: float) -> None:
        part = share * len(job.numbers)
        observer.progress((done + part) / total, "solving samples")
        if observer.stop_requested():
            raise Interrupted("stopped")

    for job in jobs:
        yield job, answered(case, sampler, job, look)
        done += len(job.numbers)
        look(0.0)


def answered(
    case: DatasetCase, sampler: Sampler, job: Job, look: Callable[[float], None]
) -> Answer:
    """Solve one job."""
    seeds = [sample_seed(case.seed, job.split, number) for number in job.numbers]
    try:
        return sampler.draw(seeds, look)
    except SampleFailed as failure:
        return Failure(failure.position, failure.reason)


# -- several processes -----------------------------------------------------------------


def _pooled(
    case: DatasetCase, problem: AnyCase, jobs: Sequence[Job], count: int,
    observer: Observer,
) -> Iterator[tuple[Job, Answer]]:  # fmt: skip
    """Solve the jobs in processes, a few ahead of what is taken."""
    context = multiprocessing.get_context("spawn")
    stop = context.Event()
    files = [module.path for module in modules.loaded()]
    pool = ProcessPoolExecutor(
        count, context, initializer=_begin, initargs=(case, problem, files, stop)
    )
    total, done = sum(len(job.numbers) for job in jobs), 0
    left = iter(jobs)
    try:
        waiting = {pool.submit(_answer, job): job for job in islice(left, 2 * count)}
        while waiting:
            ready, _ = wait(waiting, LOOK_SECONDS, FIRST_COMPLETED)
            if observer.stop_requested():
                raise Interrupted("stopped")
            for each in ready:
                job = waiting.pop(each)
                done += len(job.numbers)
                yield job, each.result()
                waiting |= {pool.submit(_answer, job): job for job in islice(left, 1)}
            observer.progress(done / total, "solving samples")
    except BrokenProcessPool as error:
        raise PdekitError(
            "a process that solves samples has died, maybe for lack of memory; what is "
            "ready is kept: go on with fewer workers or a smaller batch"
        ) from error
    finally:
        stop.set()
        pool.shutdown(wait=True, cancel_futures=True)


_mine: dict[str, Any] = {}
"""What this process solves, if it is one of several."""


def _begin(case: DatasetCase, problem: AnyCase, files: Sequence[Path], stop: Any) -> None:
    """Make a process ready: it leaves signals to the one that started it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    threads.prepare_environment()
    modules.load_all(files)
    threads.apply(threads_of(problem))
    _mine.update(case=case, sampler=sampler_of(case, problem), stop=stop)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait_for([parent.sentinel])
        os._exit(1)


def _answer(job: Job) -> Answer:
    def look(share: float) -> None:
        if _mine["stop"].is_set():
            raise Interrupted("stopped")

    return answered(_mine["case"], _mine["sampler"], job, look)
