"""Reading HDF5 files that may be damaged, foreign or hostile.

A file of 1,400 bytes can declare terabytes, point at other files or ask for code from a
plug-in. Everything is therefore looked at before it is read: links, types, storage, filters
and sizes; and whatever goes wrong ends in one `ResultFileError`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from typing import Any, TypeAlias

import h5py
import numpy as np

from pdekit.errors import PdekitError, ResultFileError

Node: TypeAlias = Any
"""An h5py file, group or dataset."""

_FILTERS = {h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_FLETCHER32}
_LAYOUTS = {h5py.h5d.COMPACT, h5py.h5d.CONTIGUOUS, h5py.h5d.CHUNKED}
_DEFLATE_LIMIT = 1100  # deflate cannot expand by more than 1032
_ATTRIBUTE_LIMIT = 60_000  # HDF5 keeps an attribute within 64 KiB
_TEXT_LIMIT = 16 << 20


@contextmanager
def opened(path: str | Path) -> Iterator[Node]:
    """Open a file to read; every failure inside becomes a `ResultFileError` with its name.

    Without HDF5's own lock, so that a result can be looked at while it is being computed.
    """
    _must_be_hdf5(Path(path))
    try:
        with h5py.File(path, "r", locking=False) as file:
            yield file
    except ResultFileError as error:
        raise ResultFileError(f"{path}: {error}") from error
    except PdekitError:
        raise
    except (OSError, KeyError, ValueError, TypeError, RuntimeError, MemoryError) as error:
        raise ResultFileError(
            f"{path}: damaged or truncated: {_first_line(error)}"
        ) from error


def _must_be_hdf5(path: Path) -> None:
    try:
        with path.open("rb"):
            pass
    except IsADirectoryError as error:
        raise ResultFileError(f"{path}: is a folder, not a file") from error
    except OSError as error:
        raise ResultFileError(f"{path}: cannot be read: {error.strerror}") from error
    except ValueError as error:  # a null byte in the name
        raise ResultFileError(f"{path!s:.100}: is not a file name") from error
    if not h5py.is_hdf5(path):
        raise ResultFileError(f"{path}: is not an HDF5 file")


def check_format(file: Node, kind: str, newest: int) -> None:
    """Refuse files that are not ours, or that a later pdekit wrote."""
    if not has_text(file, "format") or text(file, "format") != kind:
        raise ResultFileError(f"is not a {kind}")
    version = integer(file, "format_version")
    if version > newest:
        raise ResultFileError(
            f"has format version {version}, this pdekit reads up to {newest}: upgrade"
        )


def dataset(group: Node, name: str) -> Node:
    """Return the numeric dataset ``name`` stored in this very file, nothing read yet."""
    node = _own(group, name)
    if not isinstance(node, h5py.Dataset) or node.dtype.kind not in "biufc":
        raise ResultFileError(f"{name} is not an array of numbers")
    _check_storage(node, name)
    return node


def _check_storage(node: Node, name: str) -> None:
    """Refuse values that lie in other files or need foreign code to be read."""
    properties = node.id.get_create_plist()
    if properties.get_layout() not in _LAYOUTS or properties.get_external_count():
        raise ResultFileError(f"{name} keeps its values outside the file")
    filters = {properties.get_filter(i)[0] for i in range(properties.get_nfilters())}
    if not filters <= _FILTERS:
        raise ResultFileError(f"{name} uses unknown filters")


def group(parent: Node, name: str) -> Node:
    """Return the group ``name`` stored in this very file."""
    node = _own(parent, name)
    if not isinstance(node, h5py.Group):
        raise ResultFileError(f"{name} is not a group")
    return node


def _own(parent: Node, name: str) -> Node:
    link = parent.get(name, getlink=True)
    if link is None:
        raise ResultFileError(f"{name} is missing")
    if not isinstance(link, h5py.HardLink):
        raise ResultFileError(f"{name} is a link that may leave the file")
    return parent[name]


def values(node: Node, rows: int | None = None) -> np.ndarray[Any, Any]:
    """Read a dataset, or its first rows, once its declared size has proved plausible."""
    check_memory(node)
    read = np.asarray(node[()] if rows is None else node[:rows])
    if node.chunks:
        _find_missing(node, read)
    return read


def _find_missing(node: Node, read: np.ndarray[Any, Any]) -> None:
    """Look for the chunks read as NaN: HDF5 fills with that what it cannot find."""
    steps = [range(0, n, c) for n, c in zip(read.shape, node.chunks, strict=True)]
    for start in product(*steps):
        if np.isnan(read[start]):
            node.id.read_direct_chunk(start)  # an error when it is not there


def check_memory(*nodes: Node, copies: int = 1) -> None:
    """Refuse arrays that declare more than their storage can hold, or than memory can."""
    for node in nodes:
        name = node.name.lstrip("/")
        if _size(node) > _DEFLATE_LIMIT * node.id.get_storage_size():
            raise ResultFileError(f"{name} declares {_size(node)} bytes that are not there")
    needed, free = copies * sum(map(_size, nodes)), available_memory()
    if needed > free:
        raise ResultFileError(
            f"needs {needed / 2**30:.1f} GiB of memory, {free / 2**30:.1f} GiB are free; "
            "open it with xarray, which reads parts"
        )


def _size(node: Node) -> int:
    return int(node.size) * int(node.dtype.itemsize)


def available_memory() -> int:
    """Return how many bytes can be allocated without swapping, as far as that is known."""
    try:
        with Path("/proc/meminfo").open() as lines:
            for line in lines:
                if line.startswith("MemAvailable:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return 2**63 - 1


def put_text(node: Node, name: str, text: str) -> None:
    """Store a text as an attribute, or as the dataset ``<name>_text`` when it is too long.

    Fixed-length strings: unlike variable-length ones their size is known before reading.
    """
    data = text.encode()
    kind = h5py.string_dtype("utf-8", max(len(data), 1))
    long_name = f"{name}_text"
    if isinstance(node, h5py.Group) and long_name in node:
        del node[long_name]
    if len(data) <= _ATTRIBUTE_LIMIT:
        node.attrs.create(name, data, dtype=kind)
    else:
        node.attrs.create(name, np.bytes_(f"see {long_name}"))
        node.create_dataset(long_name, data=data, dtype=kind)


def has_text(node: Node, name: str) -> bool:
    """Tell whether `put_text` stored something under this name."""
    return name in node.attrs


def text(node: Node, name: str) -> str:
    """Read what `put_text` stored."""
    long_name = f"{name}_text"
    if isinstance(node, h5py.Group) and long_name in node:
        stored = _own(node, long_name)
        if not isinstance(stored, h5py.Dataset):
            raise ResultFileError(f"{name} is not a text")
        _check_storage(stored, name)
        _check_text(name, stored.id)
        return bytes(stored[()]).decode()
    stored = _attribute(node, name)
    _check_text(name, stored)
    raw = node.attrs[name]
    return raw if isinstance(raw, str) else bytes(raw).decode()


def integer(node: Node, name: str) -> int:
    """Read one whole number from an attribute."""
    return int(_number(node, name, "iu"))


def real(node: Node, name: str) -> float:
    """Read one real number from an attribute."""
    return float(_number(node, name, "iuf"))


def _number(node: Node, name: str, kinds: str) -> Any:
    stored = _attribute(node, name)
    if stored.dtype.kind not in kinds or int(np.prod(stored.shape)) != 1:
        raise ResultFileError(f"attribute {name} is not a number")
    return np.asarray(node.attrs[name]).reshape(())[()]


def _attribute(node: Node, name: str) -> Any:
    if name not in node.attrs:
        raise ResultFileError(f"attribute {name} is missing")
    return node.attrs.get_id(name)


def _check_text(name: str, stored: Any) -> None:
    """Check that attribute or dataset ``stored`` is one short fixed-length string."""
    kind = stored.get_type()
    if not isinstance(kind, h5py.h5t.TypeStringID) or kind.is_variable_str():
        raise ResultFileError(f"{name} is not a text")
    if stored.shape != () or kind.get_size() > min(_TEXT_LIMIT, stored.get_storage_size()):
        raise ResultFileError(f"{name} is not one text of sensible length")


def _first_line(error: BaseException) -> str:
    return str(error).strip().split("\n")[0].strip("\"'")[:200] or type(error).__name__
