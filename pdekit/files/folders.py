"""Output folders: never overwritten by accident, never shared by two runs."""

from __future__ import annotations

import glob
import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

from pdekit.errors import OutputError
from pdekit.files import atomic, locks

LOCK = ".pdekit.lock"
OUTPUTS = ("case.yaml", "result.h5", "summary.json", "log.txt", "checkpoint.h5",
           "result.nc", "diagnostics.csv", "figures", "inputs", "problem.yaml", "data",
           "stats.yaml", "parts", "model.safetensors", "history.csv",
           "comparison.md", "comparison.html")  # fmt: skip
"""What a run leaves behind, and what ``overwrite`` therefore clears."""
OTHERS = "model-seed-*.safetensors"
"""Models of further seeds."""


def new_output_folder(base: str | Path, *, overwrite: bool = False) -> Path:
    """Make a folder for one run: ``base``, or ``base-2``, ``base-3``… when that is in use.

    With ``overwrite`` it is ``base`` itself, cleared of an earlier run's files (`OUTPUTS`)
    and of nothing else.
    """
    base = Path(base)
    if overwrite:
        _make(base)
        with folder_lock(base):
            _clear(base)
        return base
    for number in count(1):
        folder = base if number == 1 else base.with_name(f"{base.name}-{number}")
        _make(folder)
        if _is_empty(folder):
            return folder
    raise AssertionError  # count never ends


def numbered(base: Path) -> list[Path]:
    """Return where runs may be that asked for a folder: itself, and those beside it."""
    return [base, *sorted(base.parent.glob(f"{glob.escape(base.name)}-*"))]


def _make(folder: Path) -> None:
    if "\0" in str(folder):
        raise OutputError(f"{str(folder)!r} cannot name a folder")
    with atomic.output_errors(folder):
        if folder.exists() and not folder.is_dir():
            raise OutputError(f"{folder}: is a file, a folder is needed")
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
            raise OutputError(f"{folder}: cannot be written: permission denied")


def _is_empty(folder: Path) -> bool:
    """Whether nothing is there but the lock that a killed run may have left."""
    return all(entry.name == LOCK for entry in folder.iterdir())


def _clear(folder: Path) -> None:
    with atomic.output_errors(folder):
        for path in [*(folder / name for name in OUTPUTS), *folder.glob(OTHERS)]:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)


@contextmanager
def folder_lock(folder: str | Path) -> Iterator[None]:
    """Hold a folder for one run; a second run is refused with `OutputError`.

    The lock belongs to the process: it ends with it, however it ends.
    """
    path = Path(folder, LOCK)
    with atomic.output_errors(path):
        descriptor = _lock(path)
    try:
        yield
    finally:
        with suppress(OSError):
            path.unlink()
        os.close(descriptor)


def _lock(path: Path) -> int:
    """Return an open and locked lock file that still has its name."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            locks.lock(descriptor)
        except OSError as error:
            os.close(descriptor)
            raise OutputError(
                f"{path.parent}: another run is writing into this folder"
            ) from error
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(descriptor), path.stat()):
                return descriptor
        os.close(
            descriptor
        )  # its owner removed the file between our opening and locking it


@contextmanager
def claimed(folder: Path, log: str, *, resume: bool, overwrite: bool) -> Iterator[Path]:
    """Make an output folder, or take it over, and hold it while its log is written."""
    if resume:
        atomic.make_folder(folder)
    else:
        folder = new_output_folder(folder, overwrite=overwrite)
    with folder_lock(folder), logging_to(folder / log):
        yield folder


@contextmanager
def logging_to(path: Path) -> Iterator[None]:
    """Send pdekit's log messages to a file in the output folder."""
    handler = logging.FileHandler(path, mode="a", encoding="utf-8", delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    root = logging.getLogger("pdekit")
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    try:
        yield
    finally:
        root.setLevel(level)
        root.removeHandler(handler)
        handler.close()
