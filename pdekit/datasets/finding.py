"""The data set that another case names: a folder, or a case and where it is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pdekit.case import DatasetCase, dataset_case, problem_of, same_case, shipped_cases
from pdekit.case.dataset_case import SPLITS, SampleCounts
from pdekit.case.functions import resolve
from pdekit.case.source import Source
from pdekit.datasets.generation import run_into
from pdekit.datasets.loading import load
from pdekit.datasets.parts import FOLDER
from pdekit.datasets.sampling import sampler_of
from pdekit.errors import UnknownName
from pdekit.files.folders import numbered
from pdekit.grid import Grid
from pdekit.observer import Observer
from pdekit.store import CASE, SUMMARY
from pdekit.typing import Array

RUNS = Path("runs")
"""Where data sets are made that another case needs."""


@dataclass(frozen=True)
class Contents:
    """What a data set holds, whether it has been made or not."""

    grid: Grid
    times: Array
    varying: tuple[str, ...]
    constant: tuple[str, ...]
    counts: Mapping[str, int]
    case: DatasetCase | None
    """None for data of others."""
    solved: Grid | None = None
    """What it is solved on, where that is known."""

    @property
    def steady(self) -> bool:
        """Whether there is no time in it."""
        return len(self.times) == 1


def named(source: Source, name: str) -> Path | DatasetCase:
    """Return the folder, or the case, that stands under ``data`` in a case.

    Raises
    ------
    ValueError
        If it leads out of the folder of the case.
    CaseError, UnknownName
        If it is neither a folder nor the case of a data set.
    """
    beside = resolve(source, ("data",), name)
    for folder in (beside, Path(name)):
        if folder.is_dir():
            return folder
    if beside.is_file():
        return dataset_case(beside)
    if name not in (known := shipped_cases("dataset")):
        raise UnknownName("data set", name, known)
    return dataset_case(name)


def contents(data: Path | DatasetCase) -> Contents:
    """Tell what is in a data set before it is used, or even made.

    Raises
    ------
    ResultFileError, CaseError
        If a folder holds none, or a case cannot be solved.
    """
    if isinstance(data, DatasetCase):
        sampler = sampler_of(data, problem_of(data))
        return Contents(
            sampler.stored, sampler.times, sampler.varying, sampler.constant,
            data.counts, data, sampler.solved,
        )  # fmt: skip
    found = load(data, finite=False)
    header = found["train"].header
    counts = {split: len(each) for split, each in found.splits.items()}
    case = dataset_case(data / CASE) if (data / CASE).is_file() else None
    solved = None if case is None else sampler_of(case, problem_of(case)).solved
    return Contents(
        header.grid, header.times, header.varying, header.constant, counts, case, solved
    )


def made(case: DatasetCase, observer: Observer) -> Path:
    """Return the folder of a data set: one in ``runs`` that is the same, or a new one.

    One that was interrupted is gone on with.

    Raises
    ------
    PdekitError
        If it cannot be made, or the observer stops it.
    """
    base = RUNS / (case.name or "data")
    unfinished = None
    for folder in numbered(base):
        if not same_case(folder / CASE, case):
            continue
        if (folder / FOLDER).is_dir():
            unfinished = folder
        elif (folder / SUMMARY).exists() and _enough(folder, case):
            return folder
    observer.message(f"making the data set {case.name or base.name}")
    _, folder, failure = run_into(
        case, unfinished or base, resume=unfinished is not None, observer=observer
    )
    if failure is not None:
        raise failure
    return folder


def resolved_again(case: DatasetCase, points: int, test: int) -> DatasetCase:
    """Return a data set whose test samples are the same, on so many points."""
    return case.model_copy(
        update={
            "name": f"{case.name or 'data'}_{points}",
            "save": case.save.model_copy(update={"points": points}),
            "samples": SampleCounts(train=1, test=test),
            "data_error": False,
            "checks": {},
        }
    )


def _enough(folder: Path, case: DatasetCase) -> bool:
    """Whether it holds as many of them."""
    there = dataset_case(folder / CASE).counts
    return all(there.get(split, 0) >= case.counts.get(split, 0) for split in SPLITS)
