"""Writing HDF5 files on a disk that may fill up."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py

__all__ = ["Disk", "hdf5_file", "open_hdf5"]

# the format of 1.8: later ones leave a mark with which a killed file cannot be opened again
_VERSION = ("v108", "v108")


class Disk(io.FileIO):
    """A file for HDF5 to write into that never tells it about failures.

    After a write that failed HDF5 cannot close the file, and crashes the process later on.
    Here the first failure is kept for `check` to raise, and nothing is written from then
    on: what is on the disk is what a kill at that moment would have left.
    """

    def __init__(self, path: Path, mode: str) -> None:
        super().__init__(path, {"w": "w+b", "r+": "r+b"}[mode])
        self._error: OSError | None = None

    def check(self) -> None:
        """Raise the first failure, if there was one."""
        if self._error is not None:
            raise OSError(self._error.errno, self._error.strerror)

    def write(self, data: Any) -> int:
        """Write all of the data, or lose it."""
        size = len(data)
        try:
            done = super().write(data) if self._error is None else size
            while done < size and self._error is None:
                done += super().write(memoryview(data)[done:])
        except OSError as error:
            self._error = error
        return size

    def truncate(self, size: int | None = None) -> int:
        """Set the length, or leave it."""
        try:
            return super().truncate(size) if self._error is None else size or 0
        except OSError as error:
            self._error = error
            return size or 0


def open_hdf5(path: Path, mode: str) -> tuple[Any, Disk]:
    """Open a file to write (``w``) or to change (``r+``) and its `Disk`."""
    disk = Disk(path, mode)
    try:
        return h5py.File(disk, mode, libver=_VERSION), disk
    except BaseException:
        disk.close()
        raise


@contextmanager
def hdf5_file(path: Path, mode: str) -> Iterator[Any]:
    """Write or change a whole file; OSError when any of it did not reach the disk."""
    file, disk = open_hdf5(path, mode)
    try:
        with file:
            yield file
        disk.check()
    finally:
        disk.close()
