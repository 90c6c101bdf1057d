"""Reading ``result.h5`` back, whoever wrote it and in whatever state it is."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import numpy as np

from pdekit.errors import PdekitError, ResultFileError
from pdekit.files import hdf5
from pdekit.grid import Axis, Grid
from pdekit.result import Arrays, Result

FORMAT = "pdekit result"
FORMAT_VERSION = 1


def read_result(path: str | Path) -> Result:
    """Read a ``result.h5``, or the one in a run's folder.

    Of an interrupted or killed run the finished frames are returned, with that status.

    Raises
    ------
    ResultFileError
        The file is missing, foreign, damaged, hostile or too large for memory.
    """
    path = Path(path)
    with suppress(OSError, ValueError):  # names that cannot be: refused when opened
        path = path / "result.h5" if path.is_dir() else path
    with hdf5.opened(path) as file:
        try:
            return _read(file)
        except ResultFileError:
            raise
        except PdekitError as error:  # a grid or shapes that cannot be
            raise ResultFileError(str(error)) from error


def read_head(file: hdf5.Node) -> tuple[Grid, np.ndarray[Any, Any]]:
    """Check the format and return the grid and the times of the finished frames."""
    hdf5.check_format(file, FORMAT, FORMAT_VERSION)
    frames = hdf5.integer(file, "frames_written")
    planned = hdf5.dataset(file, "t")
    if planned.ndim != 1 or not 0 <= frames <= planned.shape[0]:
        raise ResultFileError(f"t has shape {planned.shape} for {frames} frames")
    if frames == 0:
        raise ResultFileError("holds no finished frame")
    grid = Grid(tuple(_axis(file, name) for name in hdf5.text(file, "axes").split()))
    return grid, hdf5.values(planned, frames)


def stored(group: hdf5.Node) -> dict[str, dict[str, hdf5.Node]]:
    """Return the datasets of a group by field and part: real, imag, abs, or whole."""
    found: dict[str, dict[str, hdf5.Node]] = {}
    for name in hdf5.text(group, "names").split():
        if f"{name}_real" in group:
            parts = [part for part in ("real", "imag", "abs") if f"{name}_{part}" in group]
            found[name] = {part: hdf5.dataset(group, f"{name}_{part}") for part in parts}
        else:
            found[name] = {"whole": hdf5.dataset(group, name)}
    return found


def _read(file: hdf5.Node) -> Result:
    grid, times = read_head(file)
    reference = hdf5.group(file, "reference") if "reference" in file else None
    summary = _json(file, "summary") if hdf5.has_text(file, "summary") else {}
    status = hdf5.text(file, "status")
    summary["status"] = "interrupted" if status == "running" else status
    return Result(
        grid=grid,
        times=times,
        fields=_arrays(file, len(times)),
        diagnostics=_arrays(hdf5.group(file, "diagnostics"), len(times)),
        reference=None if reference is None else _arrays(reference),
        summary=summary,
        case=_json(file, "case"),
        provenance=_json(file, "provenance"),
        reference_time=None if reference is None else hdf5.real(reference, "time"),
    )


def _axis(file: hdf5.Node, name: str) -> Axis:
    node = hdf5.dataset(file, name)
    axis = Axis(
        name,
        node.size,
        hdf5.real(node, "lower"),
        hdf5.real(node, "upper"),
        cast(Any, hdf5.text(node, "boundary")),
        cast(Any, hdf5.text(node, "centring")),
    )
    hdf5.check_memory(node)
    if not np.allclose(node[()], axis.points(), rtol=0, atol=1e-9 * axis.length):
        raise ResultFileError(f"the points of {name} are not those of its axis")
    return axis


def _arrays(group: hdf5.Node, frames: int | None = None) -> Arrays:
    """Read the named arrays of a group, complex ones put together from their parts."""
    nodes = stored(group)
    hdf5.check_memory(
        *(node for parts in nodes.values() for node in parts.values()), copies=2
    )
    return {name: _joined(parts, frames) for name, parts in nodes.items()}


def _joined(parts: dict[str, hdf5.Node], frames: int | None) -> np.ndarray[Any, Any]:
    if "whole" in parts:
        return hdf5.values(parts["whole"], frames)
    real = hdf5.values(parts["real"], frames)
    joined = np.empty(real.shape, dtype=np.result_type(real.dtype, np.complex64))
    joined.real, joined.imag = real, hdf5.values(parts["imag"], frames)
    return joined


def _json(file: hdf5.Node, name: str) -> dict[str, Any]:
    value = json.loads(hdf5.text(file, name))
    if not isinstance(value, dict):
        raise ResultFileError(f"{name} is not a mapping")
    return value
