"""Running a case into a folder: frames as they come, checkpoints, resuming, the summary."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from pdekit import atomic, provenance
from pdekit.case import Case
from pdekit.checkpoint import load_checkpoint, save_checkpoint
from pdekit.errors import PdekitError, ResultFileError
from pdekit.evolution import Evolution
from pdekit.folders import folder_lock, new_output_folder
from pdekit.io import ResultWriter, read_result
from pdekit.result import Result
from pdekit.run import Observer, Run, Silent
from pdekit.stepping import State
from pdekit.typing import Array

CASE, RESULT, SUMMARY, CHECKPOINT, LOG, FIGURES = (
    "case.yaml",
    "result.h5",
    "summary.json",
    "checkpoint.h5",
    "log.txt",
    "figures",
)
logger = logging.getLogger(__name__)


def run_into(
    case: Case,
    folder: str | Path,
    *,
    resume: bool = False,
    overwrite: bool = False,
    observer: Observer | None = None,
    command: str = "",
) -> tuple[Result, Path, PdekitError | None]:
    """Run a case and leave everything in a folder.

    Parameters
    ----------
    folder
        Where to; a folder that holds something is left alone and a numbered one made,
        unless ``overwrite`` or ``resume``.
    resume
        Go on from the checkpoint in ``folder``; without one, begin again.

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
    observer = observer or Silent()
    folder = Path(folder)
    saved = _checkpoint(case, folder) if resume else None
    fft = None if saved is None else saved[1]["fft"]
    run = Run(case, observer, fft=fft)  # refuses a wrong case before anything is written
    if not resume:
        folder = new_output_folder(folder, overwrite=overwrite)
    with folder_lock(folder), _logging_to(folder / LOG):
        if saved is None:
            writer = _fresh(run, folder, command)
        else:
            writer = _continued(run, folder, saved)
        run.store = FolderStore(folder, case, writer)
        with writer:
            result = run.execute()
            _finish(run, result, writer, folder, command)
    return result, folder, run.failure


class FolderStore:
    """Writes frames to ``result.h5`` and states to ``checkpoint.h5``."""

    def __init__(self, folder: Path, case: Case, writer: ResultWriter) -> None:
        self.folder, self.case, self.writer = folder, case, writer

    def frame(
        self, index: int, fields: Mapping[str, Array], series: Mapping[str, Any]
    ) -> None:
        """Append a frame; it is on its way to the disk when this returns."""
        self.writer.append(index, fields, series)

    def checkpoint(self, evolution: Evolution, frames: int) -> None:
        """Keep the states of all blocks and the number of frames stored."""
        arrays, blocks = {}, []
        for i, state in enumerate(evolution.states):
            arrays[f"u{i}"] = np.asarray(state.u)
            numbers = {"time": state.time, "step": state.step}
            for key, value in state.extra.items():
                if np.ndim(value):
                    arrays[f"{key}{i}"] = np.asarray(value)
                else:
                    numbers[key] = value
            blocks.append(numbers)
        meta = {
            "frames": frames,
            "blocks": blocks,
            "fft": _backend(evolution),
            "transforms": evolution.engine.transforms,
        }
        save_checkpoint(self.folder / CHECKPOINT, arrays, meta, digest=self.case.digest())
        logger.info("checkpoint at t = %.6g, %d frames", evolution.time, frames)


def _backend(evolution: Evolution) -> str:
    """Name the transform library in use: a resumed run takes the same."""
    info = getattr(getattr(evolution.engine, "plan", None), "info", {})
    return str(info.get("backend", "auto"))


def _checkpoint(case: Case, folder: Path) -> tuple[dict[str, Array], dict[str, Any]] | None:
    """Return the checkpoint of an interrupted run, or None if there is nothing to resume."""
    if not (folder / CHECKPOINT).exists():
        if (folder / SUMMARY).exists():
            raise ResultFileError(
                f"{folder}: the run there is finished; nothing to resume "
                "(use --overwrite, or another --out, to run again)"
            )
        return None
    return load_checkpoint(folder / CHECKPOINT, case.digest())


def _fresh(run: Run, folder: Path, command: str) -> ResultWriter:
    """Start the files of a new run."""
    atomic.write_text(folder / CASE, run.case.to_yaml())
    return ResultWriter.create(
        folder / RESULT,
        run.grid,
        run.times,
        case=run.case.to_dict(),
        provenance=provenance.collect(command=command),
    )


def _continued(
    run: Run, folder: Path, saved: tuple[dict[str, Array], dict[str, Any]]
) -> ResultWriter:
    """Put a run back to its checkpoint and reopen its files there."""
    arrays, meta = saved
    frames = meta["frames"]
    earlier = read_result(folder / RESULT)
    for name, values in earlier.fields.items():
        run.record.fields[name][:frames] = values[:frames]
    run.record.series = {
        name: list(values[:frames]) for name, values in earlier.diagnostics.items()
    }
    run.record.frames = frames
    run.evolution.restore(
        [_state(arrays, numbers, i) for i, numbers in enumerate(meta["blocks"])]
    )
    run.observer.message(
        f"resuming at t = {run.evolution.time:.6g} ({frames} frames are there)"
    )
    return ResultWriter.reopen(folder / RESULT, frames, run.times)


def _state(arrays: Mapping[str, Array], numbers: Mapping[str, Any], i: int) -> State:
    extra = {k: v for k, v in numbers.items() if k not in ("time", "step")}
    if f"slope{i}" in arrays:
        extra["slope"] = arrays[f"slope{i}"]
    return State(arrays[f"u{i}"], numbers["time"], numbers["step"], extra)


def _finish(
    run: Run, result: Result, writer: ResultWriter, folder: Path, command: str
) -> None:
    """Write summary, tables and figures; drop the checkpoint of a finished run."""
    facts = {
        "command": command,
        "threads": run.threads,
        "seed": run.case.run.seed,
        "fft": result.summary["solver"]["transforms"],
        "wall_s": result.summary["cost"]["total_s"],
    }
    result.provenance.update(provenance.collect(**facts))
    result.summary["environment"] = dict(result.provenance)
    writer.close(
        result.summary,
        reference=result.reference,
        reference_time=result.reference_time,
        provenance=result.provenance,
    )
    atomic.write_json(folder / SUMMARY, result.summary)
    if result.status != "interrupted":
        (folder / CHECKPOINT).unlink(missing_ok=True)
        _extras(run, result, folder)


def _extras(run: Run, result: Result, folder: Path) -> None:
    """Write the further formats and the pictures a case asks for."""
    from pdekit import exports

    outputs = run.case.outputs
    if "netcdf3" in outputs.format:
        exports.write_netcdf3(result, folder / "result.nc")
    if "csv" in outputs.format:
        exports.write_csv(result, folder / "diagnostics.csv")
    if outputs.figures != "none" and run.record.frames:
        run.observer.message("drawing figures")
        draw(result, folder / FIGURES, outputs.figures)
    if outputs.movie and run.record.frames:
        from pdekit import plots

        plots.movie(result, folder / FIGURES / "movie.gif")


def draw(result: Result, folder: Path, names: Any) -> list[Path]:
    """Draw the named figures, or all of them, into a folder."""
    from pdekit import plots

    chosen = list(plots.FIGURES) if names == "all" else list(names)
    return plots.save_figures(result, folder, chosen)


@contextmanager
def _logging_to(path: Path) -> Iterator[None]:
    """Send pdekit's log messages to a file in the output folder."""
    handler = logging.FileHandler(path, mode="a", encoding="utf-8", delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    root = logging.getLogger("pdekit")
    root.addHandler(handler)
    level = root.level
    root.setLevel(logging.INFO)
    try:
        yield
    finally:
        root.setLevel(level)
        root.removeHandler(handler)
        handler.close()
