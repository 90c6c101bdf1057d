"""Checkpoints: what a run needs to go on bit for bit, in a file that is never half there.

The file is written under another name, read back, compared and only then put in place of
the previous one. Every array, and everything else in the file, has a checksum.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from pdekit.errors import OutputError, ResultFileError
from pdekit.files import atomic, hdf5
from pdekit.files.disk import hdf5_file

__all__ = ["load_checkpoint", "save_checkpoint"]

_FORMAT = "pdekit checkpoint"
_FORMAT_VERSION = 1
_SPARE = 1 << 17  # bytes HDF5 needs besides the arrays

Arrays = dict[str, np.ndarray[Any, Any]]


def save_checkpoint(
    path: str | Path, arrays: Mapping[str, Any], meta: Mapping[str, Any], *, digest: str
) -> None:
    """Put a checkpoint in place of the one at ``path``.

    Parameters
    ----------
    path
        The file; the previous checkpoint stays there until the new one is proved good.
    arrays
        Name to array of numbers (any real, complex, integer or boolean type).
    meta
        Whatever JSON holds: counters, controller state, the state of random generators,
        the transform plans and thread count to resume with.
    digest
        Of the case, so that no other case is continued with it.

    Raises
    ------
    OutputError
        It cannot be written; the previous checkpoint is intact.
    """
    kept = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    for name, array in kept.items():
        if array.dtype.kind not in "biufc":
            raise TypeError(f"checkpoint array {name!r} is of type {array.dtype}")
    header = {
        "digest": digest,
        "meta": json.dumps(meta, sort_keys=True),
        "arrays": {name: _fingerprint(array) for name, array in kept.items()},
    }
    needed = sum(array.nbytes for array in kept.values()) + len(header["meta"]) + _SPARE
    with atomic.replacing(path, needed) as temporary:
        _write(temporary, kept, json.dumps(header, sort_keys=True))
        try:
            load_checkpoint(temporary, digest)
        except ResultFileError as error:
            raise OutputError(f"{path}: did not read back as written: {error}") from error


def load_checkpoint(
    path: str | Path, digest: str | None = None
) -> tuple[Arrays, dict[str, Any]]:
    """Return the arrays and the meta data of a checkpoint.

    Raises
    ------
    ResultFileError
        The file is missing, truncated, altered by as little as a bit, of a newer version,
        or from another case than the one of ``digest``.
    """
    with hdf5.opened(path) as file:
        hdf5.check_format(file, _FORMAT, _FORMAT_VERSION)
        text = hdf5.text(file, "header")
        if hdf5.text(file, "checksum") != _hash(text.encode()):
            raise ResultFileError("damaged: the checksum of its header does not fit")
        header = json.loads(text)
        if digest is not None and header["digest"] != digest:
            raise ResultFileError(
                "is from another case, or this case has been changed since"
            )
        nodes = {
            name: hdf5.dataset(hdf5.group(file, "arrays"), name)
            for name in header["arrays"]
        }
        hdf5.check_memory(*nodes.values())
        arrays = {name: np.asarray(node[()], order="C") for name, node in nodes.items()}
    for name, array in arrays.items():
        if _fingerprint(array) != header["arrays"][name]:
            raise ResultFileError(f"{path}: damaged: the checksum of {name!r} does not fit")
    return arrays, json.loads(header["meta"])


def _write(path: Path, arrays: Arrays, header: str) -> None:
    with hdf5_file(path, "w") as file:
        hdf5.put_text(file, "format", _FORMAT)
        file.attrs["format_version"] = np.int64(_FORMAT_VERSION)
        hdf5.put_text(file, "header", header)
        hdf5.put_text(file, "checksum", _hash(header.encode()))
        group = file.create_group("arrays")
        for name, array in arrays.items():
            group.create_dataset(name, data=array, dtype=array.dtype)


def _fingerprint(array: np.ndarray[Any, Any]) -> list[Any]:
    """Type, shape and hash of the bytes."""
    return [
        array.dtype.str,
        list(array.shape),
        _hash(array.reshape(-1).view(np.uint8).data),
    ]


def _hash(data: bytes | memoryview) -> str:
    return hashlib.blake2b(data, digest_size=16).hexdigest()
