"""Running a boundary-value case into a folder."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pdekit import store, threads
from pdekit.case.boundary_case import BoundaryCase
from pdekit.errors import PdekitError
from pdekit.files.checkpoint import save_checkpoint
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
        with store.claimed(case, folder, resume=resume, overwrite=overwrite) as folder:
            if resume and saved is None:
                run.say(f"{folder}: no checkpoint to resume from; starting anew")
            if saved is None:
                writer = store.started(run, case, folder)
            else:
                writer = _continued(run, folder, saved)
            run.store = Folder(folder, case, writer)
            result = store.computed(run, folder, writer)
    return result, folder, run.failure


class Folder(store.FrameStore):
    """Writes iterates to ``checkpoint.h5`` besides."""

    def checkpoint(self, arrays: Mapping[str, Array], meta: Mapping[str, Any]) -> None:
        """Keep an iterate, or the state at a time."""
        path = self.folder / store.CHECKPOINT
        save_checkpoint(path, dict(arrays), dict(meta), digest=self.digest)
        logger.info("checkpoint")


def _continued(run: BoundaryRun, folder: Path, saved: store.Saved) -> ResultWriter:
    """Put a run back to where it was interrupted."""
    arrays, meta = saved
    run.start = arrays["x"]
    if run.case.time is None:
        if "members" in meta:
            run.start = arrays
            run.say(f"resuming after {meta['members']} members")
        else:
            run.say(f"resuming with the iterate after {meta['iteration']} iterations")
        return store.started(run, run.case, folder)
    earlier, frames = read_result(folder / store.RESULT), int(meta["frames"])
    run.resumed_step, run.last_step = int(meta["step"]), int(meta["steps"])
    for i in range(frames):
        run.fields.append({name: v[i] for name, v in earlier.fields.items()})
        run.series.append({name: v[i] for name, v in earlier.diagnostics.items()})
    run.say(f"resuming after {run.last_step} steps ({frames} frames are there)")
    return ResultWriter.reopen(folder / store.RESULT, frames, run.times)
