"""Data sets on the disk, in the layout of The Well: one HDF5 file for each split.

Ohana et al., NeurIPS 2024, arXiv 2412.00568. Further attributes tell how the samples were
made. The arrays are stored as they are, without chunks or filters, so that they can be
mapped into memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

import pdekit
from pdekit.case.dataset_case import SPLITS
from pdekit.case.yaml_lines import write as yaml_text
from pdekit.datasets.dataset import DataSet, Header, Split
from pdekit.datasets.statistics import statistics
from pdekit.files import atomic, hdf5
from pdekit.files.disk import hdf5_file
from pdekit.grid import Axis

DATA, STATISTICS = "data", "stats.yaml"
FORMAT, FORMAT_VERSION = "pdekit data set", 1
ORDERS = ("t0_fields", "t1_fields", "t2_fields")
"""Groups of scalars, vectors and tensors."""
SPARE = 1 << 20
Rows = Callable[[Sequence[int], Mapping[str, Any]], None]
"""Stores the samples of these numbers."""


def file_of(folder: Path, name: str, split: str) -> Path:
    """Return where the file of a split is: ``data/train/NAME.hdf5``."""
    return folder / DATA / SPLITS[split] / f"{name}.hdf5"


def write(data: DataSet, folder: str | Path) -> None:
    """Write a data set that is in memory, or read from elsewhere, with its statistics."""
    for name, split in data.splits.items():
        path = file_of(Path(folder), data.name, name)
        with created(path, split.header) as put:
            for number in range(len(split)):
                row = {f: np.asarray(split[f][number])[None] for f in split.header.names}
                put([number], row)
    write_statistics(data["train"], Path(folder))


def write_statistics(train: Split, folder: Path) -> dict[str, dict[str, float]]:
    """Write ``stats.yaml``, from the samples to learn from alone."""
    found = statistics(train)
    atomic.write_text(folder / STATISTICS, yaml_text(found))
    return found


@contextmanager
def created(path: Path, header: Header) -> Iterator[Rows]:
    """Give a function that stores samples; the file appears when all are there."""
    atomic.make_folder(path.parent)
    size = header.nbytes + SPARE
    with atomic.replacing(path, size) as temporary, hdf5_file(temporary, "w") as file:
        _write_head(file, header)
        nodes = _write_fields(file, header)

        def put(numbers: Sequence[int], arrays: Mapping[str, Any]) -> None:
            for name, node in nodes.items():
                for row, number in enumerate(numbers):
                    node[number] = arrays[name][row]

        yield put


def _write_head(file: Any, header: Header) -> None:
    grid = header.grid
    file.attrs["dataset_name"] = header.name
    file.attrs["grid_type"] = "cartesian"
    file.attrs["n_spatial_dims"] = np.int64(grid.ndim)
    file.attrs["n_trajectories"] = np.int64(header.count)
    file.attrs["simulation_parameters"] = _names(header.parameters)
    for name, value in header.parameters.items():
        file.attrs[name] = value
    dimensions = file.create_group("dimensions")
    dimensions.attrs["spatial_dims"] = _names(grid.names)
    for name, values in {"time": header.times, **grid.coordinates()}.items():
        _put(dimensions, name, np.asarray(values, dtype=np.float64))
    conditions = file.create_group("boundary_conditions")
    for axis in grid.axes:
        _put_boundary(conditions, axis)
    scalars = file.create_group("scalars")
    scalars.attrs["field_names"] = _names(header.parameters)
    for name, value in header.parameters.items():
        _put(scalars, name, np.float64(value))
    _put_facts(file, header)


def _put_facts(file: Any, header: Header) -> None:
    """Write what The Well does not ask for: axes, seeds, solver, error."""
    hdf5.put_text(file, "format", FORMAT)
    file.attrs["format_version"] = np.int64(FORMAT_VERSION)
    hdf5.put_text(file, "pdekit_version", pdekit.__version__)
    axes = [vars(axis) for axis in header.grid.axes]
    hdf5.put_text(file, "axes", atomic.json_text(axes))
    hdf5.put_text(file, "facts", atomic.json_text(header.facts))
    for name, value in header.facts.items():
        numbers = isinstance(value, list) and all(isinstance(v, int | float) for v in value)
        if numbers or isinstance(value, int | float | str):
            file.attrs[name] = value


def _put(group: Any, name: str, values: Any, **varying: bool) -> Any:
    """Write an array, and whether it differs from sample to sample and in time."""
    node = group.create_dataset(name, data=values)
    for key in ("sample_varying", "time_varying"):
        node.attrs[key] = np.bool_(varying.get(key, False))
    return node


def _put_boundary(conditions: Any, axis: Axis) -> None:
    kind = "periodic" if axis.boundary == "periodic" else "wall"
    group = conditions.create_group(f"{axis.name}_{kind}")
    group.attrs["associated_dims"] = _names([axis.name])
    group.attrs["associated_fields"] = _names([])
    group.attrs["bc_type"] = kind.upper()
    for key in ("sample_varying", "time_varying"):
        group.attrs[key] = np.False_
    mask = np.zeros(axis.n, dtype=bool)
    mask[[0, -1]] = True  # readers look at its two ends, on periodic axes too
    group.create_dataset("mask", data=mask)


def _write_fields(file: Any, header: Header) -> dict[str, Any]:
    """Make room for every field; all are stored as scalars."""
    for order in ORDERS:
        group = file.create_group(order)
        group.attrs["field_names"] = _names(header.names if order == ORDERS[0] else [])
    nodes = {}
    for name in header.names:
        node = file[ORDERS[0]].create_dataset(name, header.shape(name), header.dtype)
        node.attrs["dim_varying"] = np.ones(header.grid.ndim, dtype=bool)
        node.attrs["sample_varying"] = np.True_
        node.attrs["time_varying"] = np.bool_(name in header.varying)
        nodes[name] = node
    return nodes


def _names(names: Any) -> Any:
    """Return names as an attribute holds them, also if there are none."""
    import h5py

    return np.array(list(names), dtype=h5py.string_dtype())
