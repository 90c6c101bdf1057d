"""Small JSON files of measured facts, in the user's cache.

They hold for one processor and one set of library versions. Losing them costs only time,
so what cannot be read or written is passed over.
"""

from __future__ import annotations

import functools
import hashlib
import json
import logging
import platform
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from pdekit.cache import cache_dir
from pdekit.errors import OutputError
from pdekit.files import atomic, locks

_log = logging.getLogger(__name__)

PATIENCE = 60.0
"""Seconds that measuring waits for what another process measures."""


def path(name: str) -> Path:
    """Return the file of ``name`` for this processor and these library versions."""
    return cache_dir("fft") / f"{name}-{_environment()}.json"


def read(name: str) -> dict[str, Any]:
    """Return what is stored under ``name``; empty when there is nothing usable."""
    try:
        stored = json.loads(path(name).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return stored if isinstance(stored, dict) else {}


def write(name: str, new: Mapping[str, Any]) -> None:
    """Add ``new`` to what is stored under ``name``."""
    try:
        atomic.write_json(path(name), read(name) | dict(new))
    except (OSError, OutputError) as error:
        _log.debug("transform cache not written: %s", error)


@contextmanager
def measuring(name: str) -> Iterator[None]:
    """Let no other process measure what belongs under ``name``.

    Two that start together on a new machine would measure the same thing, choose
    differently, and differ in their digits from all that come later.
    """
    try:
        file = path(name).with_suffix(".lock")
    except OSError:  # no cache at all
        yield
        return
    with locks.patiently(file, PATIENCE):
        yield


@functools.cache
def _environment() -> str:
    from importlib import metadata  # 40 ms, which a forced backend does without

    facts = [processor(), platform.machine(), platform.python_implementation()]
    for library in ("numpy", "scipy", "pyfftw", "ducc0"):
        with suppress(metadata.PackageNotFoundError):
            facts.append(f"{library} {metadata.version(library)}")
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()[:12]


@functools.cache
def processor() -> str:
    """Return the processor's name; `platform.processor` does not know it on Linux."""
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
