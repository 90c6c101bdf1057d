"""Samples that are ready, kept one batch a file until all are there."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pdekit.files import atomic
from pdekit.files.checkpoint import load_checkpoint, save_checkpoint
from pdekit.result import Arrays

FOLDER = "parts"


@dataclass(frozen=True)
class Job:
    """Samples of a split that are solved together."""

    split: str
    numbers: tuple[int, ...]


class Parts:
    """The folder ``parts`` of a data set under way.

    A batch appears whole, on the disk and with checksums, or not at all. Numbers tell which
    samples it holds, so that an interrupted data set may go on with batches of another
    size, or with more samples.
    """

    def __init__(self, folder: Path, digest: str) -> None:
        self.folder, self.digest = folder / FOLDER, digest

    def keep(self, job: Job, arrays: Arrays) -> None:
        """Store the samples of a job."""
        atomic.make_folder(self.folder)
        meta = {"split": job.split, "numbers": list(job.numbers)}
        path = self.folder / f"{job.split}-{job.numbers[0]:07d}.h5"
        save_checkpoint(path, arrays, meta, digest=self.digest)

    def of(self, split: str) -> Iterator[tuple[Sequence[int], Arrays]]:
        """Yield the numbers and the fields of the samples of a split, batch by batch.

        Raises
        ------
        ResultFileError
            If a file is damaged, or from another data set.
        """
        for path in sorted(self.folder.glob(f"{split}-*.h5")):
            arrays, meta = load_checkpoint(path, self.digest)
            yield meta["numbers"], arrays

    def missing(self, counts: Mapping[str, int], batch: int) -> list[Job]:
        """Return what is left to be solved."""
        jobs = []
        for split, count in counts.items():
            done = {number for numbers, _ in self.of(split) for number in numbers}
            left = [number for number in range(count) if number not in done]
            jobs += [
                Job(split, tuple(left[i : i + batch])) for i in range(0, len(left), batch)
            ]
        return jobs

    def remove(self) -> None:
        """Delete all of them: the data set is complete."""
        shutil.rmtree(self.folder, ignore_errors=True)
