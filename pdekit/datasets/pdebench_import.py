"""Reading the layouts of PDEBench: files of `pdekit.datasets.pdebench`, or of others."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from pdekit.case.dataset_case import SPLITS
from pdekit.datasets.dataset import DataSet, Header, Split
from pdekit.datasets.loading import axis_through
from pdekit.datasets.pdebench import ABOUT
from pdekit.errors import ResultFileError
from pdekit.files import hdf5
from pdekit.grid import Axis, Grid
from pdekit.result import Arrays
from pdekit.typing import Array

TEST_SHARE = 0.1
"""Of a single file the first tenth is for tests, by the convention of its benchmarks."""
SPACE = ("x", "y", "z")


@dataclass(frozen=True)
class Read:
    """What a file holds."""

    fields: Arrays
    constant: tuple[str, ...]
    points: Mapping[str, Array]
    times: Array
    parameters: Mapping[str, float]


def import_pdebench(path: str | Path, *, periodic: bool = True) -> DataSet:
    """Read a file, or a folder of files ``NAME_train``, ``NAME_valid``, ``NAME_test``.

    `pdekit.datasets.write` stores what this returns. The samples of a single file are
    split: the first tenth is for tests.

    Parameters
    ----------
    periodic
        What the axes of files from elsewhere are taken for; else they end in walls.

    Raises
    ------
    ResultFileError
        If a file is damaged, of another layout, or holds numbers that are not finite.
    """
    path = Path(path)
    if path.is_dir():
        splits = {}
        for split, ending in SPLITS.items():
            found = sorted(
                p for p in path.glob(f"*_{ending}.*") if p.suffix in (".hdf5", ".h5")
            )
            if len(found) > 1:
                raise ResultFileError(f"{path}: holds {len(found)} files for {split}")
            if found:
                splits[split] = read_file(found[0], periodic=periodic)
        if not splits:
            raise ResultFileError(f"{path}: holds no files NAME_train.hdf5 and so on")
        name = next(iter(splits.values())).header.name
        return DataSet(name, splits)
    whole = read_file(path, periodic=periodic)
    tests = int(TEST_SHARE * len(whole))
    parts = {"train": slice(tests, None), "test": slice(0, tests)}
    splits = {name: _part(whole, rows) for name, rows in parts.items()}
    return DataSet(whole.header.name, {k: v for k, v in splits.items() if len(v)})


def read_file(path: str | Path, *, periodic: bool = True) -> Split:
    """Read all samples of one file."""
    path = Path(path)
    with hdf5.opened(path) as file:
        own = json.loads(hdf5.text(file, ABOUT)) if hdf5.has_text(file, ABOUT) else {}
        read = _read(file)
        split = _split(path.stem, read, own, periodic)
        for name, values in split.fields.items():
            finite = np.isfinite(values).reshape(len(values), -1).all(axis=1)
            if not finite.all():
                bad = int(np.argmin(finite))
                raise ResultFileError(f"sample {bad} of {name} is not finite")
    return split


def _read(file: Any) -> Read:
    """Tell the layout by what there is."""
    if "tensor" in file:
        return _single(file)
    if any(name.isdigit() for name in file):
        return _groups(file)
    if "velocity" in file and "t" in file:
        return _flow(file)
    if "t-coordinate" in file and "x-coordinate" in file:
        return _several(file)
    raise ResultFileError(
        "is of none of the layouts of PDEBench: no tensor, no groups 0000 …, no velocity "
        "with t, no coordinates"
    )


def _single(file: Any) -> Read:
    fields = {"tensor": hdf5.values(hdf5.dataset(file, "tensor"))}
    if "nu" in file:
        fields["nu"] = hdf5.values(hdf5.dataset(file, "nu"))
    constant = ("nu",) if "nu" in fields else ()
    return _with_coordinates(file, fields, constant)


def _several(file: Any) -> Read:
    names = [name for name in file if not name.endswith("-coordinate")]
    nodes = {name: hdf5.dataset(file, name) for name in names if name != f"{ABOUT}_text"}
    return _with_coordinates(file, {n: hdf5.values(v) for n, v in nodes.items()}, ())


def _with_coordinates(file: Any, fields: Arrays, constant: tuple[str, ...]) -> Read:
    points = {
        name: hdf5.values(hdf5.dataset(file, f"{name}-coordinate"))
        for name in SPACE
        if f"{name}-coordinate" in file
    }
    varying = next(v for name, v in fields.items() if name not in constant)
    if varying.ndim < 2:
        raise ResultFileError(f"an array of samples has {varying.ndim} axes")
    frames = varying.shape[1]
    times = np.arange(float(frames))
    if "t-coordinate" in file:
        times = np.asarray(hdf5.values(hdf5.dataset(file, "t-coordinate")), float)[:frames]
    parameters = {
        name: float(value)
        for name, value in file.attrs.items()
        if np.ndim(value) == 0 and np.asarray(value).dtype.kind in "iuf"
    }
    return Read(fields, constant, points, times, parameters)


def _groups(file: Any) -> Read:
    names = sorted((name for name in file if name.isdigit()), key=int)
    groups = [hdf5.group(file, name) for name in names]
    data = [hdf5.values(hdf5.dataset(group, "data")) for group in groups]
    if {each.shape for each in data} != {data[0].shape}:
        raise ResultFileError("its samples have different shapes")
    values = np.stack(data)
    grid = hdf5.group(groups[0], "grid")
    points = {n: hdf5.values(hdf5.dataset(grid, n)) for n in SPACE if n in grid}
    times = np.asarray(hdf5.values(hdf5.dataset(grid, "t")), dtype=float)
    fields = {f"u{i}": values[..., i] for i in range(values.shape[-1])}
    return Read(fields, (), points, times[: values.shape[1]], {})


def _flow(file: Any) -> Read:
    """Read layout D: components last, of ``velocity``, ``particles`` and ``force``.

    They stand in cells of the unit box, and are named ``vx``, ``vy``, ``particles``,
    ``fx``, ``fy`` here; the force is constant in time.
    """
    velocity = hdf5.values(hdf5.dataset(file, "velocity"))
    shape = velocity.shape[2:-1]
    names = SPACE[: len(shape)]
    fields = {f"v{n}": velocity[..., i] for i, n in enumerate(names)}
    if "particles" in file:
        fields["particles"] = hdf5.values(hdf5.dataset(file, "particles"))[..., 0]
    constant: tuple[str, ...] = ()
    if "force" in file:
        force = hdf5.values(hdf5.dataset(file, "force"))
        constant = tuple(f"f{n}" for n in names)
        fields |= {name: force[..., i] for i, name in enumerate(constant)}
    times = np.atleast_2d(hdf5.values(hdf5.dataset(file, "t"))).astype(float)
    if (times != times[0]).any():
        raise ResultFileError("its samples have frames at different times")
    points = {n: (np.arange(m) + 0.5) / m for n, m in zip(names, shape, strict=True)}
    return Read(fields, constant, points, times[0], {})


def _split(stem: str, read: Read, own: Mapping[str, Any], periodic: bool) -> Split:
    """Name the fields, and find the grid."""
    names = [*own["varying"], *own["constant"]] if own else list(read.fields)
    if len(names) != len(read.fields):
        raise ResultFileError(f"holds {len(read.fields)} fields, {len(names)} are named")
    if own and own["layout"] == "B":
        fields = {name: read.fields[name] for name in names}
    else:
        fields = dict(zip(names, read.fields.values(), strict=True))
    axes = own.get("axes") or [axis_through(n, x, periodic) for n, x in read.points.items()]
    constant = tuple(own["constant"]) if own else read.constant
    kinds = {values.dtype.name for values in fields.values()}
    header = Header(
        name=own.get("name", stem),
        grid=Grid(tuple(Axis(**axis) for axis in axes)),
        times=np.asarray(own.get("times", read.times), dtype=float),
        varying=tuple(name for name in names if name not in constant),
        constant=constant,
        count=len(next(iter(fields.values()))),
        dtype="float64" if kinds == {"float64"} else "float32",
        parameters=own.get("parameters", read.parameters),
        facts=own.get("facts", {}),
    )
    for name, values in fields.items():
        if values.shape != header.shape(name):
            raise ResultFileError(
                f"{name} has the shape {values.shape}, {header.shape(name)} is expected"
            )
    return Split(header, fields)


def _part(whole: Split, rows: slice) -> Split:
    """Return some of the samples."""
    fields = {name: values[rows] for name, values in whole.fields.items()}
    count = len(next(iter(fields.values())))
    return Split(replace(whole.header, count=count), fields)
