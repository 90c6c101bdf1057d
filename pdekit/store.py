"""Running a case into a folder: frames as they come, checkpoints, resuming, the summary."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pdekit import inputs, provenance, threads
from pdekit.case import AnyCase, BoundaryCase, Case, Loaded, same_case
from pdekit.conclusion import plan_of
from pdekit.errors import PdekitError, ResultFileError
from pdekit.files import atomic, folders
from pdekit.files.checkpoint import load_checkpoint, save_checkpoint
from pdekit.files.writer import ResultWriter, read_result
from pdekit.observer import Observer, Silent
from pdekit.result import Result
from pdekit.run import Run, prepared, threads_of
from pdekit.stepping import State
from pdekit.typing import Array

if TYPE_CHECKING:
    from pdekit.steady import Solved

CASE, RESULT, SUMMARY, CHECKPOINT, LOG, FIGURES = (
    "case.yaml",
    "result.h5",
    "summary.json",
    "checkpoint.h5",
    "log.txt",
    "figures",
)
logger = logging.getLogger(__name__)

Saved = tuple[dict[str, Array], dict[str, Any]]
"""Arrays and further facts of a checkpoint."""


def run_into(
    case: AnyCase,
    folder: str | Path,
    *,
    resume: bool = False,
    overwrite: bool = False,
    observer: Observer | None = None,
) -> tuple[Result, Path, PdekitError | None]:
    """Run a case and leave everything in a folder.

    Parameters
    ----------
    folder
        Where to; a folder that holds something is left alone and a numbered one made,
        unless ``overwrite`` or ``resume``.
    resume
        Go on from the checkpoint in ``folder``; without one, begin again there.

    Returns
    -------
    result, folder, failure
        The folder used, and the error that stopped the solver early, or None.

    Raises
    ------
    CaseError
        If the case is wrong; nothing has been written then.
    OutputError, ResultFileError
        If the folder cannot be written, or holds a checkpoint that cannot be used.
    """
    folder = Path(folder)
    if isinstance(case, BoundaryCase):
        from pdekit.steady.folder import run_into as boundary

        return boundary(case, folder, resume=resume, overwrite=overwrite, observer=observer)
    saved = checkpoint_of(case, folder) if resume else None
    prepared = case if saved is None else _as_before(case, saved[1])
    with threads.limit(threads_of(prepared)):
        run = Run(prepared, observer or Silent())  # refuses before anything is written
        with claimed(case, folder, resume=resume, overwrite=overwrite) as folder:
            if resume and saved is None:
                run.say(f"{folder}: no checkpoint to resume from; starting anew")
            if saved is None:
                writer = started(run, case, folder)
            else:
                writer = _continued(run, folder, saved)
            run.store = FolderStore(folder, case, writer)
            result = computed(run, folder, writer)
    return result, folder, run.failure


def warnings_of(case: AnyCase) -> list[str]:
    """Make a case ready without running it, which refuses it, or says what is odd."""
    return list(prepared(case, Silent()).warnings)


@contextmanager
def claimed(
    case: AnyCase, folder: Path, *, resume: bool, overwrite: bool
) -> Iterator[Path]:
    """Claim an output folder, but refuse to clear files that the case reads."""
    if overwrite:
        inputs.spare(case, folder)
    with folders.claimed(folder, LOG, resume=resume, overwrite=overwrite) as folder:
        yield folder


def computed(run: Run | Solved, folder: Path, writer: ResultWriter) -> Result:
    """Run from where the run stands, and write what comes of it."""
    with writer:
        result = run.execute()
        writer.close(
            result.summary,
            reference=result.reference,
            reference_time=result.reference_time,
            provenance=result.provenance,
        )
    atomic.write_json(folder / SUMMARY, result.summary)
    logger.info("%s %s", result.status, result.summary["message"])
    if result.status != "interrupted":
        if len(result.times):
            extras(run, result, folder)
        (folder / CHECKPOINT).unlink(missing_ok=True)
    return result


class FrameStore:
    """Writes frames to ``result.h5``."""

    def __init__(self, folder: Path, case: AnyCase, writer: ResultWriter) -> None:
        self.folder, self.digest, self.writer = folder, case.digest(), writer

    def frame(
        self, index: int, fields: Mapping[str, Array], series: Mapping[str, Any]
    ) -> None:
        """Append a frame; it is on its way to the disk when this returns."""
        self.writer.append(index, fields, series)


class FolderStore(FrameStore):
    """Writes states to ``checkpoint.h5`` besides."""

    def checkpoint(self, run: Run) -> None:
        """Keep the states of all blocks, the number of frames stored, and the counters."""
        arrays: dict[str, Array] = {}
        blocks = []
        for i, state in enumerate(run.evolution.states):
            arrays[_prefix(i) + "u"] = _numpy(state.u)
            numbers: dict[str, Any] = {"time": state.time, "step": state.step}
            for key, value in state.extra.items():
                if np.ndim(value):
                    arrays[_prefix(i) + key] = _numpy(value)
                else:
                    numbers[key] = value
            blocks.append(numbers)
        meta = {
            "frames": run.record.frames,
            "blocks": blocks,
            "fft": plan_of(run).get("choose", run.case.run.fft),
            "threads": threads.current(),
            "transforms": run.earlier_transforms + run.evolution.engine.transforms,
            "solve_s": run.solve_s,
        }
        save_checkpoint(self.folder / CHECKPOINT, arrays, meta, digest=self.digest)
        logger.info(
            "checkpoint at t = %.6g, %d frames", run.evolution.time, run.record.frames
        )


# -- resuming --------------------------------------------------------------------------


def checkpoint_of(case: AnyCase, folder: Path) -> Saved | None:
    """Return the checkpoint of an interrupted run, or None where there is none."""
    if (folder / CHECKPOINT).exists():
        return load_checkpoint(folder / CHECKPOINT, case.digest())
    if (folder / SUMMARY).exists():
        raise ResultFileError(
            f"{folder}: the run there is finished; nothing to resume "
            "(use --overwrite, or another --out, to run again)"
        )
    refuse_another(folder, inputs.as_written(case))
    return None


def refuse_another(folder: Path, written: Loaded) -> None:
    """Refuse to go on in a folder with the results of another case.

    Raises
    ------
    ResultFileError
        If there is a case, and not one with the same answer.
    """
    if (folder / CASE).exists() and not same_case(folder / CASE, written):
        raise ResultFileError(
            f"{folder}: holds another case, or this case has been changed since "
            "(use --overwrite, or another --out)"
        )


def _as_before(case: Case, meta: Mapping[str, Any]) -> Case:
    """Return the case with the transforms and the threads that a checkpoint records."""
    settings = {"threads": meta["threads"], "fft": meta["fft"]}
    return case.model_copy(update={"run": case.run.model_copy(update=settings)})


def started(run: Run | Solved, case: AnyCase, folder: Path) -> ResultWriter:
    """Start the files of a new run."""
    inputs.keep(case, folder)
    atomic.write_text(folder / CASE, inputs.as_written(case).to_yaml())
    return ResultWriter.create(
        folder / RESULT,
        run.grid,
        run.times,
        case=case.to_dict(),
        provenance=provenance.collect(),
    )


def _continued(run: Run, folder: Path, saved: Saved) -> ResultWriter:
    """Put a run back to its checkpoint and reopen its files there."""
    arrays, meta = saved
    frames = meta["frames"]
    earlier = read_result(folder / RESULT)
    if len(earlier.times) < frames:
        raise ResultFileError(
            f"{folder / RESULT}: holds {len(earlier.times)} frames, "
            f"the checkpoint needs {frames}"
        )
    run.record.restore(earlier.fields, earlier.diagnostics, frames)
    run.evolution.restore(
        [_state(arrays, numbers, i) for i, numbers in enumerate(meta["blocks"])]
    )
    run.solve_s, run.earlier_transforms = meta["solve_s"], meta["transforms"]
    run.say(f"resuming at t = {run.evolution.time:.6g} ({frames} frames are there)")
    return ResultWriter.reopen(folder / RESULT, frames, run.times)


def _state(arrays: Mapping[str, Array], numbers: Mapping[str, Any], i: int) -> State:
    """Return one block's state: what is not its values, time or step is its ``extra``."""
    prefix = _prefix(i)
    found = {
        key.removeprefix(prefix): array
        for key, array in arrays.items()
        if key.startswith(prefix)
    }
    extra = {key: value for key, value in numbers.items() if key not in ("time", "step")}
    u = found.pop("u")
    return State(u, numbers["time"], numbers["step"], extra | found)


def _prefix(i: int) -> str:
    """Start of the names under which a checkpoint keeps the arrays of block ``i``."""
    return f"block{i}_"


def _numpy(values: Any) -> Array:
    """Return a NumPy copy of an array of any engine."""
    return np.asarray(values.detach().cpu() if hasattr(values, "detach") else values)


# -- what is left besides the fields ---------------------------------------------------


def extras(run: Run | Solved, result: Result, folder: Path) -> None:
    """Write the further formats and the pictures a case asks for."""
    from pdekit.files import exports

    outputs = run.case.outputs
    for name in outputs.format:
        if name != "hdf5":
            exports.FORMATS[name](result, folder)
    if outputs.figures != "none":
        run.say("drawing figures")
        drawn = {path.stem for path in draw(result, folder / FIGURES, outputs.figures)}
        asked = () if outputs.figures == "all" else outputs.figures
        if missing := [name for name in asked if name not in drawn]:
            run.say(f"figures that do not apply to this run: {', '.join(missing)}")
    if outputs.movie:
        from pdekit import plots

        if (
            plots.movie(result, folder / FIGURES / "movie.gif", run.observer.progress)
            is None
        ):
            run.say("no movie is made: it needs two frames at least")


def draw(result: Result, folder: Path, names: Any) -> list[Path]:
    """Draw the named figures, or all of them, into a folder."""
    from pdekit import plots

    chosen = list(plots.FIGURES) if names == "all" else list(names)
    return plots.save_figures(result, folder, chosen)
