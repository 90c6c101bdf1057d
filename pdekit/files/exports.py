"""A run's folder from a result in memory, and the formats other programs ask for."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pdekit.errors import UnknownName
from pdekit.files import atomic
from pdekit.files.folders import folder_lock, new_output_folder
from pdekit.files.vtk import write_vtk
from pdekit.files.writer import write_result
from pdekit.result import Result, diagnostic_dims, parts


def save_result(
    result: Result, folder: str | Path, *, overwrite: bool = False, formats: Sequence[str]
) -> Path:
    """Write the files of a run into a new folder and return it; see `Result.save`."""
    for name in formats:
        if name not in FORMATS:
            raise UnknownName("format", name, FORMATS)
    folder = new_output_folder(folder, overwrite=overwrite)
    with folder_lock(folder):
        atomic.write_text(folder / "case.yaml", yaml_text(result.case))
        atomic.write_json(
            folder / "summary.json", {"status": result.status, **result.summary}
        )
        for name in formats:
            FORMATS[name](result, folder)
    return folder


def write_netcdf3(result: Result, path: str | Path) -> None:
    """Write fields and diagnostics as classic NetCDF, which every tool reads."""
    from scipy.io import netcdf_file

    members = result.members
    batch = ("member",) if members is not None else ()
    with (
        atomic.replacing(path) as temporary,
        netcdf_file(temporary, "w", version=2) as file,
    ):
        file.title = str(result.case.get("title", ""))
        _put(file, "t", ("t",), result.times)
        for name, points in result.grid.coordinates().items():
            _put(file, name, (name,), points)
        for field, values in result.fields.items():
            dims = ("t", *batch, *result.grid.names)
            for name, part in parts(field, values, result.shows_modulus).items():
                _put(file, name, dims, part)
        for field, values in result.diagnostics.items():
            for name, part in parts(field, values).items():
                _put(file, name, diagnostic_dims(name, part.shape, members), part)


def _put(file: Any, name: str, dims: tuple[str, ...], values: np.ndarray[Any, Any]) -> None:
    for dim, size in zip(dims, values.shape, strict=True):
        if dim not in file.dimensions:
            file.createDimension(dim, size)
    dtype = values.dtype if values.dtype in (np.float32, np.float64) else np.dtype(float)
    variable = file.createVariable(name, dtype, dims)
    variable[:] = values
    variable.units = "1"


def write_csv(result: Result, path: str | Path) -> None:
    """Write the diagnostics over time, one column for each number."""
    columns = {"t": result.times}
    for field, values in result.diagnostics.items():
        for name, part in parts(field, values).items():
            for index in np.ndindex(part.shape[1:]):
                columns["_".join([name, *map(str, index)])] = part[(slice(None), *index)]
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows(zip(*(column.tolist() for column in columns.values()), strict=True))
    atomic.write_text(path, text.getvalue())


def yaml_text(case: Mapping[str, Any]) -> str:
    """Return a case mapping as YAML, short lists and mappings on one line."""
    from pdekit.case.yaml_lines import write

    return write(atomic.plain(case))


FORMATS: dict[str, Callable[[Result, Path], object]] = {
    "hdf5": lambda result, folder: write_result(result, folder / "result.h5"),
    "netcdf3": lambda result, folder: write_netcdf3(result, folder / "result.nc"),
    "csv": lambda result, folder: write_csv(result, folder / "diagnostics.csv"),
    "vtk": write_vtk,
}
"""What ``outputs.format`` may name; `run` calls all but the first once the run is done."""
