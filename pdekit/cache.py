"""The user's cache folder: measured transform choices, FFTW wisdom, compiled kernels."""

from __future__ import annotations

import atexit
import os
import shutil
import stat
import sys
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path


def cache_dir(*parts: str) -> Path:
    """Return (and create, open to the user alone) a folder of the user's cache.

    ``PDEKIT_CACHE_DIR`` overrides the platform's usual place.
    """
    base = os.environ.get("PDEKIT_CACHE_DIR")
    if base is None:
        from platformdirs import user_cache_dir

        base = user_cache_dir("pdekit", appauthor=False)
    folder = Path(base)
    for part in ("", *parts):
        folder /= part
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def private_dir(name: str) -> Path:
    """Return a folder for what is executed: nobody else may have written there.

    It is the cache's, if that is the user's own and closed to all others, else a fresh
    temporary one that goes with this process.
    """
    with suppress(OSError):
        folder = cache_dir(name)
        if _is_private(folder):
            return folder
    return _temporary(name, os.getpid())


def _is_private(folder: Path) -> bool:
    if sys.platform == "win32":  # folders of a profile are closed to others there
        return True
    found = folder.lstat()
    own = stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()
    return own and not found.st_mode & 0o077 and os.access(folder, os.W_OK)


@cache
def _temporary(name: str, process: int) -> Path:
    """Make a folder for one process; a fork makes its own and leaves this one alone."""
    folder = Path(tempfile.mkdtemp(prefix=f"pdekit-{name}-"))

    def remove() -> None:
        if os.getpid() == process:
            shutil.rmtree(folder, ignore_errors=True)

    atexit.register(remove)
    return folder
