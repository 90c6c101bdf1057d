"""The backends of this folder, found by listing it and loaded on demand."""

from __future__ import annotations

import functools
import threading
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import cast

from pdekit import arrays
from pdekit.errors import BackendUnavailable, UnknownName
from pdekit.fft.backend import Backend
from pdekit.typing import Array

_loading = threading.RLock()


def known() -> tuple[str, ...]:
    """Names of all backends, importable or not: files ``_<name>.py`` beside this one."""
    return tuple(sorted(p.stem[1:] for p in Path(__file__).parent.glob("_[a-z]*.py")))


@functools.cache
def importable(name: str) -> bool:
    """Whether the library behind a backend is installed; does not import it."""
    return find_spec(_module(name).LIBRARY) is not None


def available() -> tuple[str, ...]:
    """Names of the backends whose library is installed."""
    return tuple(name for name in known() if importable(name))


def get(name: str) -> Backend:
    """Return the backend called ``name``; imports its library."""
    with _loading:
        return _loaded(name)


@functools.cache
def _loaded(name: str) -> Backend:
    if name not in known():
        raise UnknownName("FFT backend", name, known())
    if not importable(name):
        library = _module(name).LIBRARY
        raise BackendUnavailable(name, f"{library} is not installed", available())
    return cast(Backend, _module(name).Library())


def backend_of(a: Array) -> Backend:
    """Return the functional backend for an array or tensor.

    For arrays it is numpy, which is loaded anyway and in double precision at most a third
    slower than scipy; importing `scipy.fft` would take a quarter of a second.
    """
    return get("torch" if arrays.is_tensor(a) else "numpy")


def _module(name: str) -> ModuleType:
    return import_module(f"pdekit.fft._{name}")
