"""Locks on open files, which end with the process that holds them, however it ends."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PAUSE = 0.01
"""Seconds between two looks at a lock that another process holds."""


def lock(descriptor: int) -> None:
    """Lock an open file; OSError if another process has."""
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def unlock(descriptor: int) -> None:
    """Unlock it, also where a forked child has inherited the descriptor."""
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_UN)


@contextmanager
def patiently(path: Path, seconds: float) -> Iterator[None]:
    """Hold the lock of a file, after waiting for others: for a courtesy, not for safety.

    It is done without when the file cannot be opened, or when the wait is over.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError:
        yield
        return
    held = _wait(descriptor, seconds)
    try:
        yield
    finally:
        if held:
            with suppress(OSError):
                unlock(descriptor)
        os.close(descriptor)


def _wait(descriptor: int, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while True:
        try:
            lock(descriptor)
        except OSError:
            if time.monotonic() > end:
                return False
            time.sleep(PAUSE)
        else:
            return True
