"""Data sets in three layouts of PDEBench (Takamoto et al., NeurIPS 2022).

``A``  one field: ``tensor`` (sample, time, *space), coordinates, parameters as attributes;
       a coefficient beside it is ``nu`` (sample, *space).
``B``  one array for each field, (sample, time, *space).
``C``  one group for each sample, ``0000`` …, with ``data`` (time, *space, field), ``grid``
       and the text of the case.

A fourth one, of incompressible flow, is read alone (`pdekit.datasets.pdebench_import`).
Samples are in order, in chunks of one, compressed without loss. One attribute more,
``pdekit``, keeps what the layouts have no place for, so that nothing is lost on the way.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np

from pdekit.case.dataset_case import SPLITS
from pdekit.case.yaml_lines import write as yaml_text
from pdekit.datasets.dataset import DataSet, Header, Split
from pdekit.errors import PdekitError
from pdekit.files import atomic, hdf5
from pdekit.files.disk import hdf5_file
from pdekit.typing import Array

Layout: TypeAlias = Literal["A", "B", "C"]
ENDING = {"A": "hdf5", "B": "hdf5", "C": "h5"}
SMALLER: dict[str, Any] = {"compression": "gzip", "compression_opts": 4, "shuffle": True}
SPARE = 1 << 20
ABOUT = "pdekit"
"""Attribute with everything that reads a file back as it was."""


def export_pdebench(data: DataSet, folder: str | Path, layout: Layout) -> list[Path]:
    """Write a data set as PDEBench does, one file ``NAME_SPLIT`` for each split.

    Raises
    ------
    PdekitError
        If the layout does not hold such fields.
    """
    folder, written = Path(folder), []
    atomic.make_folder(folder)
    for name, split in data.splits.items():
        _require_fit(split.header, layout)
        path = folder / f"{data.name}_{SPLITS[name]}.{ENDING[layout]}"
        size = split.header.nbytes + SPARE
        with atomic.replacing(path, size) as temporary, hdf5_file(temporary, "w") as file:
            {"A": _single, "B": _several, "C": _groups}[layout](file, split)
            hdf5.put_text(file, ABOUT, atomic.json_text(about(split.header, layout)))
        written.append(path)
    return written


def about(header: Header, layout: Layout) -> dict[str, Any]:
    """Return what reads a file back as it was."""
    return {
        "layout": layout,
        "name": header.name,
        "axes": [vars(axis) for axis in header.grid.axes],
        "times": header.times,
        "varying": header.varying,
        "constant": header.constant,
        "parameters": header.parameters,
        "facts": header.facts,
    }


def _require_fit(header: Header, layout: Layout) -> None:
    many = len(header.varying) > 1 or len(header.constant) > 1
    if layout == "A" and (many or not header.varying):
        names = ", ".join(header.names)
        raise PdekitError(f"layout A holds one field, and a coefficient (got {names})")
    if layout != "A" and header.constant:
        names = ", ".join(header.constant)
        raise PdekitError(
            f"layout {layout} has no place for what is constant in time ({names}); "
            "layout A holds one coefficient"
        )
    if header.dtype != "float32":
        raise PdekitError("the layouts are of float32; store the data set so (save.dtype)")


def _single(file: Any, split: Split) -> None:
    _put(file, "tensor", split[split.header.varying[0]])
    for name in split.header.constant:
        _put(file, "nu", split[name])
    _put_coordinates(file, split)


def _several(file: Any, split: Split) -> None:
    for name in split.header.varying:
        _put(file, name, split[name])
    _put_coordinates(file, split)


def _groups(file: Any, split: Split) -> None:
    grid, facts = split.grid, split.header.facts
    text = yaml_text(facts.get("problem") or dict(split.parameters))
    for number in range(len(split)):
        group = file.create_group(f"{number:04d}")
        fields = [np.asarray(split[name][number]) for name in split.header.varying]
        values = np.stack(fields, axis=-1)
        group.create_dataset("data", data=values, dtype=values.dtype, **SMALLER)
        inner = group.create_group("grid")
        for name, points in {**grid.coordinates(), "t": split.times}.items():
            inner.create_dataset(name, data=points)
        hdf5.put_text(group, "config", text)


def _put_coordinates(file: Any, split: Split) -> None:
    """Write ``x-coordinate`` and so on; there is one time more than there are frames."""
    for name, points in split.grid.coordinates().items():
        file.create_dataset(f"{name}-coordinate", data=points)
    times = split.times
    step = times[-1] - times[-2] if len(times) > 1 else 1.0
    file.create_dataset("t-coordinate", data=np.append(times, times[-1] + step))
    for name, value in split.parameters.items():
        file.attrs[name] = value


def _put(file: Any, name: str, values: Any) -> Array:
    """Write an array of all samples, one in a chunk."""
    chunk = (1, *values.shape[1:])
    node = file.create_dataset(name, values.shape, np.float32, chunks=chunk, **SMALLER)
    for number in range(len(values)):
        node[number] = values[number]
    return node
