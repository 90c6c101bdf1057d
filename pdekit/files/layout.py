"""How ``result.h5`` is laid out: dimension scales, chunks, filters and names."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product
from typing import Any, TypeAlias

import h5py
import numpy as np

import pdekit
from pdekit.errors import ShapeError
from pdekit.files import hdf5
from pdekit.files.read import FORMAT, FORMAT_VERSION
from pdekit.grid import Grid

Values: TypeAlias = np.ndarray[Any, Any]

COMPRESS = 1 << 16
"""Frames from this size on are compressed: below, it saves 10 % and doubles the time."""

_LARGEST_CHUNK = 32 << 20
_DIAGNOSTIC_CHUNK = 512


class Series:
    """One dataset ``(t, …)`` whose rows are written one after the other.

    Goes below h5py's indexing, which takes longer than writing a small row.
    """

    def __init__(self, node: Any) -> None:
        self._node, self._row_shape, self._dtype = node, node.shape[1:], node.dtype
        self._row = h5py.h5s.create_simple((1, *self._row_shape))
        self._all = node.id.get_space()
        self._origin = (0,) * len(self._row_shape)

    def check(self, row: Values) -> None:
        """Refuse a row of another shape than the first."""
        if row.shape != self._row_shape:
            raise ShapeError(self._row_shape, row.shape, self._node.name[1:])

    def write(self, index: int, row: Values) -> None:
        """Write row ``index``."""
        self._all.select_hyperslab((index, *self._origin), (1, *row.shape))
        row = np.ascontiguousarray(row, dtype=self._dtype)
        self._node.id.write(self._row, self._all, row)

    def resize(self, rows: int) -> None:
        """Change the number of rows; new ones are NaN.

        Every chunk gets its place in the file at once, all but the first as a copy: the
        index of chunks must not grow while frames are written, see `pdekit.files.writer`.
        """
        node = self._node
        before = node.shape[0]
        node.resize(rows, axis=0)
        self._all = node.id.get_space()
        steps = [range(0, n, c) for n, c in zip(node.shape, node.chunks, strict=True)]
        missing = product(
            range(-(-before // node.chunks[0]) * node.chunks[0], rows, node.chunks[0]),
            *steps[1:],
        )
        first = next(missing, None)
        if first is None:
            return
        node[tuple(slice(a, a + c) for a, c in zip(first, node.chunks, strict=True))] = (
            np.nan
        )
        mask, content = node.id.read_direct_chunk(first)
        for start in missing:
            node.id.write_direct_chunk(start, content, mask)


def write_head(file: Any, grid: Grid, times: Values) -> None:
    """Write what is known before the first frame: format, coordinates and times."""
    for name, text in {
        "Conventions": "CF-1.11",
        "format": FORMAT,
        "pdekit_version": pdekit.__version__,
        "axes": " ".join(grid.names),
        "status": "running",
    }.items():
        hdf5.put_text(file, name, text)
    file.attrs["format_version"] = np.int64(FORMAT_VERSION)
    file.attrs["frames_written"] = np.int64(0)
    put_scale(
        file, "t", times, "time", chunks=times.shape, fletcher32=True, fillvalue=np.nan
    )
    for axis in grid.axes:
        node = put_scale(file, axis.name, axis.points(), f"coordinate {axis.name}")
        for name in ("boundary", "centring"):
            hdf5.put_text(node, name, getattr(axis, name))
        for name in ("lower", "upper"):
            node.attrs[name] = getattr(axis, name)


def put_scale(group: Any, name: str, values: Values, meaning: str, **storage: Any) -> Any:
    """Write the coordinate of a dimension."""
    node = group.create_dataset(name, data=values, dtype=values.dtype, **storage)
    node.make_scale(name)
    _describe(node, meaning)
    return node


def put_series(
    group: Any, name: str, row: Values, dims: tuple[str, ...], storage: dict[str, Any]
) -> Series:
    """Make the dataset ``(t, *row.shape)`` for rows like ``row``, all NaN so far."""
    frames = group.file["t"].shape[0]
    node = group.create_dataset(
        name,
        (0, *row.shape),
        row.dtype,
        maxshape=(frames, *row.shape),
        fillvalue=np.nan,
        **storage,
    )
    series = Series(node)
    series.resize(frames)
    _describe(node, name.replace("_", " "))
    attach(node, dims)
    return series


def field_storage(row: Values) -> dict[str, Any]:
    """One frame a chunk with a checksum, leading axes halved until HDF5 holds it well."""
    chunk = list(row.shape)
    while int(np.prod(chunk)) * row.itemsize > _LARGEST_CHUNK:
        axis = next(i for i, n in enumerate(chunk) if n > 1)
        chunk[axis] = -(-chunk[axis] // 2)
    storage = {"chunks": (1, *chunk), "fletcher32": True}
    if row.nbytes < COMPRESS:
        return storage
    return {**storage, "shuffle": True, "compression": "gzip", "compression_opts": 1}


def diagnostic_storage(row: Values, frames: int) -> dict[str, Any]:
    """Several rows a chunk, without a checksum: one torn row must not cost the others."""
    rows = min(frames, max(_DIAGNOSTIC_CHUNK // max(row.size, 1), 1))
    return {"chunks": (rows, *(max(n, 1) for n in row.shape))}


def attach(node: Any, dims: tuple[str, ...]) -> None:
    """Name the axes of a dataset; an axis of a diagnostic's own gets an index."""
    for axis, name in enumerate(dims):
        owner = node.file if name in node.file else node.parent
        if name not in owner:
            put_scale(owner, name, np.arange(node.shape[axis]), name.replace("_", " "))
        node.dims[axis].attach_scale(owner[name])


def put_names(group: Any, names: Iterable[str]) -> None:
    """Write which fields a group holds, whole or in parts."""
    names = list(names)
    for name in names:
        if not name.isidentifier():
            raise ValueError(f"{name!r} cannot name an array in a file")
    hdf5.put_text(group, "names", " ".join(names))


def _describe(node: Any, meaning: str) -> None:
    hdf5.put_text(node, "long_name", meaning)
    hdf5.put_text(node, "units", "1")
