"""Files that appear whole or not at all, and a clear word when the disk is full."""

from __future__ import annotations

import errno
import json
import math
import os
import secrets
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from pdekit.errors import OutputError

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def free_bytes(path: str | Path) -> int:
    """Room for a file at ``path`` to grow: on its disk, and within the process's limit."""
    free = shutil.disk_usage(os.path.dirname(path) or ".").free  # noqa: PTH120  (each frame)
    if sys.platform != "win32":
        import resource

        limit, _ = resource.getrlimit(resource.RLIMIT_FSIZE)
        if limit != resource.RLIM_INFINITY:
            size = Path(path).stat().st_size if Path(path).is_file() else 0
            free = min(free, max(limit - size, 0))
    return free


def require_space(path: str | Path, needed: int) -> None:
    """Refuse with `OutputError` when ``needed`` more bytes do not fit at ``path``."""
    free = free_bytes(path)
    if free < needed:
        raise OutputError(_too_little_space(path, needed, free))


@contextmanager
def output_errors(path: str | Path, needed: int = 0) -> Iterator[None]:
    """Turn a failing write to ``path`` into an `OutputError` that says what to do."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            message = _too_little_space(path, needed, free_bytes(path))
        else:
            message = f"{path}: cannot be written: {error.strerror or error}"
        raise OutputError(message) from error


def make_folder(folder: str | Path) -> None:
    """Make a folder with all above it, unless it is there."""
    with output_errors(folder):
        Path(folder).mkdir(parents=True, exist_ok=True)


@contextmanager
def replacing(path: str | Path, needed: int = 0) -> Iterator[Path]:
    """Give a temporary file to write; it takes the place of ``path`` when all went well.

    The content is on the disk before the name changes, so that a crash, a kill or a full
    disk leaves either the old file or the new one.
    """
    path = Path(path)
    temporary = path.with_name(f".{secrets.token_hex(6)}.tmp")
    with output_errors(path, needed):
        try:
            require_space(temporary, needed)
            yield temporary
            _to_disk(temporary)
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        _to_disk(path.parent)


def write_bytes(path: str | Path, data: bytes) -> None:
    """Write a whole file, or leave the old one as it was."""
    with replacing(path, len(data)) as temporary:
        temporary.write_bytes(data)


def write_text(path: str | Path, text: str) -> None:
    """Write a whole UTF-8 text file, or leave the old one as it was."""
    write_bytes(path, text.encode())


def write_json(path: str | Path, value: Any) -> None:
    """Write readable, strict JSON (see `json_text`)."""
    write_text(path, json_text(value, indent=2) + "\n")


def json_text(value: Any, indent: int | None = None) -> str:
    """Return strict JSON: arrays become lists, and what is not finite becomes null."""
    return json.dumps(plain(value), indent=indent, ensure_ascii=False, allow_nan=False)


def plain(value: Any) -> Any:
    """Reduce to what JSON knows; a complex number becomes its two parts."""
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, complex):
        return [plain(value.real), plain(value.imag)]
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, set | frozenset):
        return [plain(item) for item in sorted(value, key=str)]
    return str(value)


def _to_disk(path: Path) -> None:
    if path.is_dir() and os.name == "nt":
        return  # folders cannot be opened there
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _too_little_space(path: str | Path, needed: int, free: int) -> str:
    return f"{path}: not enough space: {needed} bytes are needed, {free} bytes are free"
