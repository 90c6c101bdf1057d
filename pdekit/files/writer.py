"""``result.h5``: written frame by frame while a run goes on, read back whole.

The file opens in xarray (h5netcdf and netCDF4) and h5py. One dataset per field or part of
a complex field, ``(t, [member,] *space)``, one chunk per frame; diagnostics and reference
in groups; texts as attributes. The indices of the chunks are built with the first frame and
never grow, so that a kill at any moment damages no frame that was finished: the attribute
``frames_written`` counts those, and the rest reads as NaN.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import h5py
import numpy as np

from pdekit.errors import ResultFileError, ShapeError
from pdekit.files import atomic, hdf5, layout
from pdekit.files.disk import hdf5_file, open_hdf5
from pdekit.files.read import read_head, read_result, stored
from pdekit.grid import Grid
from pdekit.result import Arrays, Result, diagnostic_dims, parts

__all__ = ["ResultWriter", "read_result", "write_result"]

_SPARE = 1 << 20  # room for HDF5's own records
_LARGEST_COPY = 4 << 30


class ResultWriter:
    """A ``result.h5`` under construction.

    Made by `create` or `reopen`; then `append` for every frame and `close` with the
    summary. When `append` returns the frame survives a kill. Leaving the ``with`` block
    without `close` marks the file as interrupted.
    """

    def __init__(
        self, path: Path, mode: str, grid: Grid, times: np.ndarray[Any, Any]
    ) -> None:
        self.path, self.grid, self.times = path, grid, times
        self.frames_written = 0
        self._file, self._disk = open_hdf5(path, mode)
        self._series: dict[str, layout.Series] = {}

    @classmethod
    def create(
        cls,
        path: str | Path,
        grid: Grid,
        times: Any,
        *,
        case: Mapping[str, Any] | None = None,
        provenance: Mapping[str, Any] | None = None,
    ) -> ResultWriter:
        """Start a file for frames at ``times``; shapes and types come with the first."""
        path, times = Path(path), np.asarray(times, dtype=float)
        with atomic.output_errors(path, _SPARE):
            atomic.require_space(path, _SPARE + 2 * times.nbytes)
            with hdf5_file(path, "w") as file:
                layout.write_head(file, grid, times)
                hdf5.put_text(file, "title", str((case or {}).get("title", "")))
                hdf5.put_text(file, "case", atomic.json_text(case or {}))
                hdf5.put_text(file, "provenance", atomic.json_text(provenance or {}))
            return cls(path, "r+", grid, times)

    @classmethod
    def reopen(cls, path: str | Path, frame: int, times: Any) -> ResultWriter:
        """Go on with an interrupted file: keep ``frame`` frames, drop the later ones."""
        path, times = Path(path), np.asarray(times, dtype=float)
        with hdf5.opened(path) as file:
            grid, done = read_head(file)
            names = list(_time_dependent(file))
            planned = file["t"].maxshape[0]
        if planned != len(times) or not np.array_equal(done[:frame], times[:frame]):
            raise ResultFileError(f"{path}: its times are not those of this case")
        if not 0 < frame <= len(done):
            raise ResultFileError(f"{path}: holds {len(done)} frames, {frame} are needed")
        with atomic.output_errors(path, _SPARE):
            with _rewritten(path) as file:
                _drop_end(file)
                _resize(file, names, frame)
                _resize(file, names, len(times))
                file["t"][:] = times
                file.attrs["frames_written"] = np.int64(frame)
            writer = cls(path, "r+", grid, times)
            writer._series = {name: layout.Series(writer._file[name]) for name in names}
            writer.frames_written = frame
            return writer

    def append(
        self,
        index: int,
        fields: Mapping[str, Any],
        diagnostics: Mapping[str, Any] | None = None,
    ) -> None:
        """Write frame ``index``, the next one: fields are ``([member,] *space)``."""
        if index != self.frames_written or index >= len(self.times):
            raise ValueError(f"frame {index} is not the next of {len(self.times)}")
        rows = self._rows(fields, diagnostics or {})
        needed = _SPARE + sum(row.nbytes for row in rows.values())
        with atomic.output_errors(self.path, needed):
            atomic.require_space(self.path, needed)
            if not self._series:
                self._allocate(rows, fields, diagnostics or {})
            if rows.keys() != self._series.keys():
                raise ShapeError(
                    sorted(self._series), sorted(rows), "the arrays of a frame"
                )
            for name, row in rows.items():
                self._series[name].check(row)
            for name, row in rows.items():
                self._series[name].write(index, row)
            self._flush()  # the frame first, then the word that it is there
            self._count(index + 1)

    def close(
        self,
        summary: Mapping[str, Any] | None = None,
        *,
        reference: Arrays | None = None,
        reference_time: float | None = None,
        provenance: Mapping[str, Any] | None = None,
    ) -> None:
        """Finish: shorten to the frames there are, add the summary and the reference.

        Without a summary the file is marked as interrupted.
        """
        if not self._file:
            return
        status = "interrupted" if summary is None else str(summary.get("status", "ok"))
        with atomic.output_errors(self.path, _SPARE):
            self._file.close()
            self._disk.close()
            with _rewritten(self.path) as file:
                _resize(file, self._series, self.frames_written)
                if reference:
                    self._put_reference(file, reference, reference_time)
                if provenance is not None:
                    hdf5.put_text(file, "provenance", atomic.json_text(provenance))
                if summary is not None:
                    hdf5.put_text(file, "summary", atomic.json_text(summary))
                hdf5.put_text(file, "status", status)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close; keep what there is when the block failed."""
        if kind is None:
            self.close()
        else:  # the first error is the one to report
            with suppress(Exception):
                self.close()

    def _rows(self, fields: Mapping[str, Any], diagnostics: Mapping[str, Any]) -> Arrays:
        """Return every real array of a frame under the name of its dataset."""
        rows: Arrays = {}
        for name, given in fields.items():
            values = np.asarray(given)
            values = values if values.dtype.kind in "fc" else values.astype(float)
            rows |= parts(name, values, modulus=values.ndim == self.grid.ndim == 1)
        for name, given in diagnostics.items():
            for part, row in parts(name, np.asarray(given)).items():
                rows[f"diagnostics/{part}"] = np.asarray(row, dtype=float)
        return rows

    def _allocate(
        self, rows: Arrays, fields: Mapping[str, Any], diagnostics: Mapping[str, Any]
    ) -> None:
        """Make every dataset, after the shapes of the first frame."""
        small = sum(row.nbytes for row in rows.values() if row.nbytes < layout.COMPRESS)
        atomic.require_space(self.path, _SPARE + small * len(self.times))
        shape = np.shape(next(iter(fields.values())))
        batch = ("member",) * (len(shape) - self.grid.ndim)
        expected = (*shape[: len(batch)], *self.grid.shape)
        members = shape[0] if batch else None
        for name, row in rows.items():
            if not name.startswith("diagnostics/") and row.shape != expected:
                raise ShapeError(expected, row.shape, name)
        layout.put_names(self._file, fields)
        group = self._file.create_group("diagnostics")
        layout.put_names(group, diagnostics)
        if members is not None:
            layout.put_scale(self._file, "member", np.arange(members), "ensemble member")
        for path, row in rows.items():
            *inside, name = path.split("/")
            if inside:
                dims = diagnostic_dims(name, (len(self.times), *row.shape), members)
                storage = layout.diagnostic_storage(row, len(self.times))
            else:
                dims = ("t", *batch, *self.grid.names)
                storage = layout.field_storage(row)
            owner = group if inside else self._file
            self._series[path] = layout.put_series(owner, name, row, dims, storage)

    def _put_reference(self, file: Any, reference: Arrays, time: float | None) -> None:
        group = file.create_group("reference")
        layout.put_names(group, reference)
        last = self.times[self.frames_written - 1]
        group.attrs["time"] = float(last if time is None else time)
        for name, values in reference.items():
            batch = ("member",) * (values.ndim - self.grid.ndim)
            for part, array in parts(name, values).items():
                node = group.create_dataset(
                    part, data=array, dtype=array.dtype, fletcher32=True, fillvalue=np.nan
                )
                layout.attach(node, (*batch, *self.grid.names))

    def _count(self, frames: int) -> None:
        h5py.h5a.open(self._file.id, b"frames_written").write(
            np.array(frames, dtype=np.int64)
        )
        self._flush()
        self.frames_written = frames

    def _flush(self) -> None:
        h5py.h5f.flush(self._file.id)
        self._disk.check()


def write_result(result: Result, path: str | Path) -> None:
    """Write a result that is in memory as one ``result.h5``."""
    with ResultWriter.create(
        path, result.grid, result.times, case=result.case, provenance=result.provenance
    ) as writer:
        for i in range(len(result.times)):
            writer.append(
                i,
                {name: values[i] for name, values in result.fields.items()},
                {name: values[i] for name, values in result.diagnostics.items()},
            )
        writer.close(
            {"status": result.status, **result.summary},
            reference=result.reference,
            reference_time=result.reference_time,
        )


def _time_dependent(file: Any) -> Iterator[str]:
    """Names of the datasets along ``t``, each found sound."""
    for group in (file, hdf5.group(file, "diagnostics")):
        for parts_ in stored(group).values():
            for node in parts_.values():
                if not node.chunks or node.maxshape[0] != file["t"].maxshape[0]:
                    raise ResultFileError(f"{node.name[1:]} cannot be continued")
                yield node.name.lstrip("/")


def _resize(file: Any, names: Iterable[str], frames: int) -> None:
    if file["t"].shape[0] != frames:
        file["t"].resize(frames, axis=0)
        for name in names:
            layout.Series(file[name]).resize(frames)


def _drop_end(file: Any) -> None:
    """Forget what was said when the file was closed."""
    hdf5.put_text(file, "status", "running")
    file.attrs.pop("summary", None)
    file.pop("reference", None)


@contextmanager
def _rewritten(path: Path) -> Iterator[Any]:
    """Change more of a file than its next frame.

    HDF5 cannot do that in one step, so a copy is changed and then takes its place; very
    large files, and those whose copy does not fit, are changed where they are.
    """
    size = path.stat().st_size
    if size > _LARGEST_COPY or atomic.free_bytes(path.parent / "copy") < size + _SPARE:
        atomic.require_space(path, _SPARE)
        with hdf5_file(path, "r+") as file:
            yield file
        return
    with atomic.replacing(path, size) as temporary:
        shutil.copyfile(path, temporary)
        with hdf5_file(temporary, "r+") as file:
            yield file
