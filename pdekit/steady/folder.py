"""Running a boundary-value case into a folder."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pdekit import inputs, provenance, store, threads
from pdekit.case.boundary_case import BoundaryCase
from pdekit.errors import PdekitError
from pdekit.files import atomic
from pdekit.files.checkpoint import save_checkpoint
from pdekit.files.folders import folder_lock, new_output_folder
from pdekit.files.writer import ResultWriter, read_result
from pdekit.observer import Observer, Silent
from pdekit.result import Result
from pdekit.run import threads_of
from pdekit.steady.run import BoundaryRun
from pdekit.typing import Array

logger = logging.getLogger(__name__)


def run_into(
    case: BoundaryCase,
    folder: Path,
    *,
    resume: bool = False,
    overwrite: bool = False,
    observer: Observer | None = None,
) -> tuple[Result, Path, PdekitError | None]:
    """Run a case and leave everything in a folder; see :func:`pdekit.store.run_into`.

    A resumed run begins with the last iterate, or in time with the last state kept.
    """
    saved = store.checkpoint_of(case, folder) if resume else None
    with threads.limit(threads_of(case)):
        run = BoundaryRun(case, observer or Silent())
        if overwrite:
            inputs.spare(case, folder)
        if resume:
            atomic.make_folder(folder)
        else:
            folder = new_output_folder(folder, overwrite=overwrite)
        with folder_lock(folder), store.logging_to(folder / store.LOG):
            if resume and saved is None:
                run.say(f"{folder}: no checkpoint to resume from; starting anew")
            result = _compute(run, case, folder, saved)
    return result, folder, run.failure


def _compute(
    run: BoundaryRun, case: BoundaryCase, folder: Path, saved: store.Saved | None
) -> Result:
    writer = _fresh(run, case, folder) if saved is None else _continued(run, folder, saved)
    kept = Folder(folder, case, writer)
    run.store = kept
    with writer:
        result = run.execute()
        writer.close(
            result.summary,
            reference=result.reference,
            reference_time=result.reference_time,
            provenance=result.provenance,
        )
    atomic.write_json(folder / store.SUMMARY, result.summary)
    logger.info("%s %s", result.status, result.summary["message"])
    if result.status != "interrupted":
        if run.fields:
            store.extras(run, result, folder)
        (folder / store.CHECKPOINT).unlink(missing_ok=True)
    return result


class Folder:
    """Writes frames to ``result.h5`` and iterates to ``checkpoint.h5``."""

    def __init__(self, folder: Path, case: BoundaryCase, writer: ResultWriter) -> None:
        self.folder, self.digest, self.writer = folder, case.digest(), writer

    def frame(
        self, index: int, fields: Mapping[str, Array], series: Mapping[str, Any]
    ) -> None:
        """Append a frame."""
        self.writer.append(index, fields, series)

    def checkpoint(self, arrays: Mapping[str, Array], meta: Mapping[str, Any]) -> None:
        """Keep an iterate, or the state at a time."""
        path = self.folder / store.CHECKPOINT
        save_checkpoint(path, dict(arrays), dict(meta), digest=self.digest)
        logger.info("checkpoint")


def _fresh(run: BoundaryRun, case: BoundaryCase, folder: Path) -> ResultWriter:
    inputs.keep(case, folder)
    atomic.write_text(folder / store.CASE, inputs.as_written(case).to_yaml())
    return ResultWriter.create(
        folder / store.RESULT,
        run.grid,
        run.times,
        case=case.to_dict(),
        provenance=provenance.collect(),
    )


def _continued(run: BoundaryRun, folder: Path, saved: store.Saved) -> ResultWriter:
    """Put a run back to where it was interrupted."""
    arrays, meta = saved
    run.start = arrays["x"]
    if run.case.time is None:
        run.say(f"resuming with the iterate after {meta['iteration']} iterations")
        return _fresh(run, run.case, folder)
    earlier, frames = read_result(folder / store.RESULT), int(meta["frames"])
    run.resumed_step, run.last_step = int(meta["step"]), int(meta["steps"])
    for i in range(frames):
        run.fields.append({name: v[i] for name, v in earlier.fields.items()})
        run.series.append({name: v[i] for name, v in earlier.diagnostics.items()})
    run.say(f"resuming after {run.last_step} steps ({frames} frames are there)")
    return ResultWriter.reopen(folder / store.RESULT, frames, run.times)
