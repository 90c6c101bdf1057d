"""Opening data sets: arrays are mapped into memory, and read when they are used."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from pdekit.case.dataset_case import SPLITS
from pdekit.case.yaml_lines import parse, read_text
from pdekit.datasets.checking import complaints_of
from pdekit.datasets.dataset import DataSet, Header, Split
from pdekit.datasets.parts import FOLDER
from pdekit.datasets.writing import DATA, FORMAT, STATISTICS
from pdekit.errors import ResultFileError
from pdekit.files import hdf5
from pdekit.grid import Axis, Grid, GridError
from pdekit.typing import Array


def load(folder: str | Path, *, finite: bool = True, unfinished: bool = False) -> DataSet:
    """Open a data set: ``load("runs/ns")["train"]["vorticity"]``.

    Parameters
    ----------
    folder
        That of a data set of pdekit or of The Well, or its ``data`` folder.
    finite
        Look at every number first; a data set with a sample that is not finite is refused.
    unfinished
        Do not mind that the data set is still being made.

    Raises
    ------
    ResultFileError
        If it is not complete, or a file is damaged, truncated or of another kind.
    """
    folder = Path(folder)
    if not unfinished and (folder / FOLDER).is_dir():
        raise ResultFileError(
            f"{folder}: this data set is not finished; go on with --resume"
        )
    data = folder / DATA if (folder / DATA).is_dir() else folder
    splits = {}
    for split, name in SPLITS.items():
        found = sorted([*(data / name).glob("*.hdf5"), *(data / name).glob("*.h5")])
        if len(found) > 1:
            raise ResultFileError(
                f"{data / name}: holds {len(found)} files, one for each set of parameters; "
                "open them one by one with open_file"
            )
        if found:
            splits[split] = open_file(found[0], finite=finite and not unfinished)
    if "train" not in splits:
        raise ResultFileError(f"{folder}: holds no data set (no file in data/train)")
    return DataSet(splits["train"].header.name, splits, _statistics(folder / STATISTICS))


def open_file(path: str | Path, *, finite: bool = True) -> Split:
    """Open one file of a data set.

    Raises
    ------
    ResultFileError
        If it is damaged, truncated, not of this layout, or holds numbers that are not
        finite (``finite``).
    """
    path = Path(path)
    with hdf5.opened(path) as file:
        if wrong := complaints_of(file, finite=False):
            raise ResultFileError(f"is not a data set of The Well's layout: {wrong[0]}")
        header = _header(file, path.stem)
        nodes = {name: _node(file, name) for name in header.names}
        fields = {name: _mapped(path, node) for name, node in nodes.items()}
    split = Split(header, fields)
    if finite:
        _require_finite(path, split)
    return split


def _node(file: Any, name: str) -> Any:
    order = next(o for o in ("t0_fields", "t1_fields", "t2_fields") if name in file[o])
    return hdf5.dataset(hdf5.group(file, order), name)


def _header(file: Any, name: str) -> Header:
    groups = [file[order] for order in ("t0_fields", "t1_fields", "t2_fields")]
    order = ((group, field) for group in groups for field in group.attrs["field_names"])
    nodes = {_word(field): group[_word(field)] for group, field in order}
    varying = {field for field, node in nodes.items() if node.attrs["time_varying"]}
    own = hdf5.has_text(file, "axes") and hdf5.text(file, "format") == FORMAT
    axes = json.loads(hdf5.text(file, "axes")) if own else _axes(file)
    parameters = [_word(each) for each in file.attrs["simulation_parameters"]]
    kinds = {node.dtype.name for node in nodes.values()}
    return Header(
        name=str(file.attrs.get("dataset_name", name)),
        grid=_grid(axes),
        times=np.atleast_1d(hdf5.values(file["dimensions"]["time"])),
        varying=tuple(field for field in nodes if field in varying),
        constant=tuple(field for field in nodes if field not in varying),
        count=int(file.attrs["n_trajectories"]),
        dtype="float64" if kinds == {"float64"} else "float32",
        parameters={key: float(file.attrs[key]) for key in parameters},
        facts=json.loads(hdf5.text(file, "facts")) if own else {},
    )


def _grid(axes: Any) -> Grid:
    try:
        return Grid(tuple(Axis(**axis) for axis in axes))
    except (GridError, TypeError) as error:
        raise ResultFileError(f"its axes are of no grid: {error}") from error


def _axes(file: Any) -> list[dict[str, Any]]:
    """Return the axes that coordinates and boundary conditions of any file tell."""
    group = file["dimensions"]
    periodic = {
        _word(dim)
        for each in file["boundary_conditions"].values()
        if _word(each.attrs["bc_type"]).upper() == "PERIODIC"
        for dim in each.attrs["associated_dims"]
    }
    names = [_word(name) for name in group.attrs["spatial_dims"]]
    return [axis_through(n, hdf5.values(group[n]), n in periodic) for n in names]


def axis_through(name: str, points: Array, periodic: bool) -> dict[str, Any]:
    """Return an axis with these points: periodic, or with walls at the first and last.

    Raises
    ------
    ResultFileError
        If they are not evenly spaced.
    """
    points = np.asarray(points, dtype=np.float64)
    h = np.diff(points)
    if len(points) < 2 or not np.allclose(h, h.mean(), rtol=1e-3) or h.mean() <= 0:
        raise ResultFileError(f"the points of {name} are not evenly spaced")
    step = float(points[-1] - points[0]) / (len(points) - 1)
    upper = float(points[-1]) + (step if periodic else 0.0)
    kind = "periodic" if periodic else "neumann"  # its points include both ends
    return {"name": name, "n": len(points), "lower": float(points[0]), "upper": upper,
            "boundary": kind}  # fmt: skip


def _word(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _mapped(path: Path, node: Any) -> Any:
    """Map an array into memory, or read it piece by piece if it is stored in pieces."""
    offset = node.id.get_offset()
    if offset is None or node.size == 0:
        return Stored(path, node.name, node.shape, node.dtype)
    if offset + node.id.get_storage_size() > path.stat().st_size:
        raise ResultFileError(f"{node.name[1:]} is truncated")
    return np.memmap(path, node.dtype, "r", offset, node.shape)


class Stored:
    """An array in chunks: indexing reads what is asked for from the file."""

    def __init__(self, path: Path, name: str, shape: tuple[int, ...], dtype: Any) -> None:
        self._path, self._name = path, name
        self.shape, self.dtype, self.ndim = shape, dtype, len(shape)

    def __len__(self) -> int:
        """Return the number of samples."""
        return self.shape[0]

    def __getitem__(self, index: Any) -> Array:
        """Read a part."""
        with hdf5.opened(self._path) as file:
            return np.asarray(file[self._name][index])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        """Read all of it."""
        return np.asarray(self[()], dtype=dtype)


def _require_finite(path: Path, split: Split) -> None:
    for name in split.header.names:
        for number in range(len(split)):
            if not np.isfinite(split[name][number]).all():
                raise ResultFileError(
                    f"{path}: sample {number} of {name} is not finite (finite=False opens "
                    "it all the same)"
                )


def _statistics(path: Path) -> Mapping[str, Mapping[str, float]]:
    if not path.is_file():
        return {}
    found: Any = parse(read_text(path, str(path)), str(path)).data
    return found if isinstance(found, dict) else {}
