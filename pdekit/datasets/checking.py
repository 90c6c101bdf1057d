"""Whether a file has the layout of The Well: every rule, each breach told in a sentence.

Ohana et al., NeurIPS 2024, arXiv 2412.00568, and the checker of their project for what the
paper leaves open.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from pdekit.errors import ResultFileError
from pdekit.files import hdf5

COMPONENTS = {"t0_fields": 0, "t1_fields": 1, "t2_fields": 2}
"""Trailing axes of components that the fields of a group have."""
ROOT = (
    "dataset_name", "grid_type", "n_spatial_dims", "n_trajectories", "simulation_parameters"
)  # fmt: skip
CONDITIONS = ("PERIODIC", "WALL", "OPEN")
VARYING = ("sample_varying", "time_varying")
GROUPS = ("dimensions", "boundary_conditions", "scalars", *COMPONENTS)


def complaints(path: str | Path) -> list[str]:
    """Return what is wrong with a file, nothing if it is well; numbers are read as well.

    >>> complaints("no_such_file.hdf5")
    ['no_such_file.hdf5: cannot be read: No such file or directory']
    """
    try:
        with hdf5.opened(path) as file:
            return [f"{path}: {each}" for each in complaints_of(file, finite=True)]
    except ResultFileError as error:
        return [str(error)]


def complaints_of(file: Any, *, finite: bool) -> list[str]:
    """Return what is wrong with an open file."""
    missing = [f"attribute {name} is missing" for name in ROOT if name not in file.attrs]
    missing += [f"group {name} is missing" for name in GROUPS if not _is_group(file, name)]
    missing = missing or list(_links(file))
    if missing:
        return missing
    try:
        return list(_breaches(file, finite))
    except (KeyError, TypeError, ValueError, AttributeError, ResultFileError) as error:
        return [f"cannot be understood: {error}"]


def _is_group(file: Any, name: str) -> bool:
    link = file.get(name, getlink=True)
    return isinstance(link, h5py.HardLink) and isinstance(file[name], h5py.Group)


def _links(file: Any) -> Iterator[str]:
    """Refuse what may lie in other files."""
    for group in GROUPS:
        for name in file[group]:
            if not isinstance(file[group].get(name, getlink=True), h5py.HardLink):
                yield f"{group}/{name} is a link that may leave the file"


def _breaches(file: Any, finite: bool) -> Iterator[str]:
    dims = _names(file["dimensions"], "spatial_dims")
    if str(_word(file.attrs["grid_type"])) != "cartesian":
        yield f"grid_type must be cartesian (got {_word(file.attrs['grid_type'])!r})"
    if int(file.attrs["n_spatial_dims"]) != len(dims):
        yield f"n_spatial_dims is {file.attrs['n_spatial_dims']}, spatial_dims {dims}"
    yield from _parameters(file)
    yield from _dimensions(file["dimensions"], dims)
    yield from _conditions(file["boundary_conditions"], file["dimensions"], dims)
    yield from _fields(file, dims, finite)


def _parameters(file: Any) -> Iterator[str]:
    """Every parameter is a root attribute and a scalar."""
    names, scalars = _names(file, "simulation_parameters"), file["scalars"]
    for name in names:
        if name not in file.attrs:
            yield f"the parameter {name} is no attribute of the file"
        if name not in scalars:
            yield f"the parameter {name} is not among the scalars"
    yield from _listed(scalars, "scalars")
    for name, node in scalars.items():
        yield from _flags(node, f"scalars/{name}")


def _dimensions(group: Any, dims: list[str]) -> Iterator[str]:
    """Every axis has its coordinate, time as well, and says whether it varies."""
    for name in ("time", *dims):
        if name not in group:
            yield f"dimensions/{name} is missing"
            continue
        node = group[name]
        yield from _flags(node, f"dimensions/{name}")
        varies = sum(bool(node.attrs.get(flag, False)) for flag in VARYING)
        if node.ndim != 1 + varies:
            yield f"dimensions/{name} has {node.ndim} axes, its flags say {1 + varies}"
        elif not np.isfinite(node[()]).all() or (np.diff(node[()]) <= 0).any():
            yield f"dimensions/{name} does not ascend"


def _conditions(group: Any, dimensions: Any, dims: list[str]) -> Iterator[str]:
    """Every axis has a condition; masks fit, and hold at both ends of a periodic axis."""
    held = set()
    for name, each in group.items():
        where = f"boundary_conditions/{name}"
        absent = [k for k in ("associated_dims", "associated_fields", "bc_type")
                  if k not in each.attrs]  # fmt: skip
        if absent or "mask" not in each:
            yield (
                f"{where}: {', '.join([*absent, *([] if 'mask' in each else ['mask'])])} "
                "missing"
            )
            continue
        kind = _word(each.attrs["bc_type"])
        if kind not in CONDITIONS:
            yield f"{where}: bc_type must be one of {', '.join(CONDITIONS)} (got {kind!r})"
        yield from _flags(each, where)
        of = _names(each, "associated_dims")
        if unknown := [dim for dim in of if dim not in dims]:
            yield f"{where}: {unknown[0]} is no spatial dimension"
            continue
        held |= {*of}
        mask = each["mask"]
        shape = tuple(len(dimensions[dim]) for dim in of if dim in dimensions)
        if mask.dtype != bool or mask.shape != shape:
            yield (
                f"{where}: mask must be of truth values {shape} (got {mask.dtype} "
                f"{mask.shape})"
            )
        elif kind == "PERIODIC" and len(of) == 1 and not (mask[0] and mask[-1]):
            yield f"{where}: mask must be true at the first and the last index"
    yield from (f"no boundary condition for {dim}" for dim in dims if dim not in held)


def _fields(file: Any, dims: list[str], finite: bool) -> Iterator[str]:
    """Every field has the shape that its flags and the dimensions say."""
    sizes = {name: file["dimensions"][name].shape[-1] for name in ("time", *dims)
             if name in file["dimensions"]}  # fmt: skip
    if len(sizes) < 1 + len(dims):
        return
    own = hdf5.has_text(file, "axes")
    if not any(len(file[order]) for order in COMPONENTS):
        yield "holds no fields"
    for order, components in COMPONENTS.items():
        yield from _listed(file[order], order)
        for name, node in file[order].items():
            where = f"{order}/{name}"
            yield from _flags(node, where)
            if components == 2:
                yield from _flags(node, where, ("symmetric", "antisymmetric"))
            hdf5.dataset(file[order], name)  # refuses what is no array within the file
            if node.dtype != np.float32 and not (own and node.dtype == np.float64):
                yield f"{where} must be of float32 (got {node.dtype})"
            varying = np.atleast_1d(node.attrs.get("dim_varying", []))
            if len(varying) != len(dims) or varying.dtype != bool:
                yield f"{where}: dim_varying must hold {len(dims)} truth values"
                continue
            count = int(file.attrs["n_trajectories"])
            flags = zip((count, sizes["time"]), VARYING, strict=True)
            lead = [n for n, flag in flags if node.attrs.get(flag, True)]
            space = [sizes[d] for d, varies in zip(dims, varying, strict=True) if varies]
            expected = (*lead, *space, *[len(dims)] * components)
            if node.shape != expected:
                yield f"{where} has the shape {node.shape}, {expected} is expected"
            elif finite and (bad := _not_finite(node)) is not None:
                yield f"{where}: sample {bad} is not finite"


def _not_finite(node: Any) -> int | None:
    """Return the first sample with a number that is not finite."""
    return next((i for i in range(len(node)) if not np.isfinite(node[i]).all()), None)


def _flags(node: Any, where: str, names: Iterable[str] = VARYING) -> Iterator[str]:
    for name in names:
        value = node.attrs.get(name)
        if not isinstance(value, bool | np.bool_):
            got = "missing" if value is None else f"{value!r}"
            yield f"{where}: attribute {name} must be true or false ({got})"


def _listed(group: Any, where: str) -> Iterator[str]:
    """Compare ``field_names`` with what there is."""
    if "field_names" not in group.attrs:
        yield f"{where}: attribute field_names is missing"
    elif {*(names := _names(group, "field_names"))} != {*group}:
        yield f"{where}: field_names are {names}, it holds {[*group]}"


def _names(node: Any, attribute: str) -> list[str]:
    if attribute not in node.attrs:
        raise KeyError(f"attribute {attribute} is missing")
    return [_word(value) for value in np.atleast_1d(node.attrs[attribute])]


def _word(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
