"""Transforms of FFTW through pyfftw: plans are measured once and remembered on disk."""

from __future__ import annotations

import functools
import math
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.machinery import EXTENSION_SUFFIXES, ExtensionFileLoader, FileFinder
from importlib.util import find_spec, module_from_spec
from typing import Any, TypeAlias

from numpy.typing import NDArray

from pdekit.fft import store
from pdekit.fft.backend import Backend, inverse_kind
from pdekit.fft.layout import PRECISIONS, Execute, Layout, Plan
from pdekit.typing import Array

LIBRARY = "pyfftw"

# For each direction, after which measuring is given up, for good.  A transform that fits
# the caches takes well under a second on an idle machine: leave room for a busy one.
_PLANNING_SECONDS, _PLANNING_SECONDS_SMALL = 1.0, 5.0
_SMALL = 2**16  # points in all
_FUNCTIONAL_PLANS = 8  # kept by each thread behind the functional face
_R2R = {"1": "00", "2": "10", "3": "01", "4": "11"}  # FFTW's names for types 1 to 4
_PRECISIONS = ("double", "single", "long double")  # order of pyfftw's wisdom

_Pair: TypeAlias = tuple[Any, Any]  # the two FFTW objects of a plan

# FFTW's planner is not thread-safe, and its state is shared by the process.
_planning = threading.RLock()


class Library(Backend):
    """FFTW, with ``workers`` threads.

    Plans are measured (MEASURE) once, for some seconds at most; the wisdom is kept in the
    user's cache, so that a later process gets the same plan, and the same digits, at
    once. What cannot be measured in that time, and reproducible plans, are estimated
    without looking at any wisdom. The functional face copies into plans that each thread
    keeps.
    """

    name = "pyfftw"
    deterministic = False

    def __init__(self) -> None:
        self._fftw = _extension()
        self._imported: tuple[str, ...] = ()  # wisdom on disk that is known here
        self._mine = _PerThread(self)
        if hasattr(os, "register_at_fork"):  # no child may inherit a planner at work
            os.register_at_fork(
                before=_planning.acquire,
                after_in_parent=_planning.release,
                after_in_child=_planning.release,
            )

    def c2c(
        self, a: Array, axes: tuple[int, ...], *, inverse: bool, scaled: bool, workers: int
    ) -> Array:
        """Complex transform."""
        plan = self._functional(a, a.shape, axes, "c2c", workers)
        plan.physical[...] = a
        if inverse:
            plan.inverse()
        else:
            plan.forward()
        return _taken(plan.physical, plan.size if scaled else 1)

    def r2c(self, a: Array, axes: tuple[int, ...], *, workers: int) -> Array:
        """Real to half-complex transform."""
        plan = self._functional(a, a.shape, axes, "r2c", workers)
        plan.physical[...] = a
        plan.forward()
        return _taken(plan.spectral)

    def c2r(
        self,
        a: Array,
        shape: tuple[int, ...],
        axes: tuple[int, ...],
        *,
        scaled: bool,
        workers: int,
    ) -> Array:
        """Half-complex to real transform."""
        points = list(a.shape)
        points[axes[-1]] = shape[-1]
        plan = self._functional(a, tuple(points), axes, "r2c", workers)
        plan.spectral[...] = a
        plan.inverse()
        return _taken(plan.physical, plan.size if scaled else 1)

    def r2r(self, a: Array, kind: str, axis: int, *, workers: int) -> Array:
        """Sine or cosine transform."""
        plan = self._functional(a, a.shape, (axis,), kind, workers)
        plan.physical[...] = a
        plan.forward()
        return _taken(plan.spectral)

    def executors(
        self,
        layout: Layout,
        physical: NDArray[Any],
        spectral: NDArray[Any],
        *,
        workers: int,
        reproducible: bool,
    ) -> tuple[Execute, Execute, dict[str, Any]]:
        """Plan both directions; overwrites the arrays."""

        def pair(*flags: str) -> _Pair:
            return self._pair(layout, physical, spectral, workers, flags)

        with _planning:
            if reproducible:
                planned, how = self._estimated(pair)
                how["deterministic"] = True
            else:
                planned, how = self._measured(pair, f"{layout} workers {workers}")
        forward, inverse = planned
        return forward.execute, inverse.execute, how

    @property
    def extension_file(self) -> str:
        """The shared library through which FFTW itself can be reached."""
        return str(self._fftw.__file__)

    @contextmanager
    def planning(self, *, reproducible: bool) -> Iterator[None]:
        """Let someone else plan with FFTW, knowing and adding to the wisdom kept here.

        Reproducible plans see no wisdom: it would make them depend on the past.
        """
        with _planning, self._without_wisdom() if reproducible else self._with_wisdom():
            yield

    @contextmanager
    def _without_wisdom(self) -> Iterator[None]:
        before = self._fftw.export_wisdom()
        self._fftw.forget_wisdom()
        try:
            yield
        finally:
            self._set_wisdom(before)

    @contextmanager
    def _with_wisdom(self) -> Iterator[None]:
        with store.measuring("wisdom"):
            self._recall()
            before = self._fftw.export_wisdom()
            try:
                yield
            finally:
                if self._fftw.export_wisdom() != before:
                    self._remember()

    def _functional(
        self,
        a: Array,
        shape: tuple[int, ...],
        axes: tuple[int, ...],
        kind: str,
        workers: int,
    ) -> Plan:
        return self._mine.plan(Layout(shape, axes, kind, PRECISIONS[a.dtype.name]), workers)

    def _pair(
        self,
        layout: Layout,
        physical: NDArray[Any],
        spectral: NDArray[Any],
        workers: int,
        flags: tuple[str, ...],
    ) -> _Pair:
        forward: Any = "FFTW_FORWARD"
        inverse: Any = "FFTW_BACKWARD"
        if layout.kind.startswith("d"):
            forward = (_direction(layout.kind),) * len(layout.axes)
            inverse = (_direction(inverse_kind(layout.kind)),) * len(layout.axes)
        build = functools.partial(
            self._fftw.FFTW,
            axes=layout.axes,
            threads=workers,
            planning_timelimit=_PLANNING_SECONDS_SMALL
            if math.prod(layout.shape) <= _SMALL
            else _PLANNING_SECONDS,
        )
        return (
            build(physical, spectral, direction=forward, flags=flags),
            build(
                spectral, physical, direction=inverse, flags=(*flags, "FFTW_DESTROY_INPUT")
            ),
        )

    def _measured(
        self, pair: Callable[..., _Pair], key: str
    ) -> tuple[_Pair, dict[str, Any]]:
        known = self._known(pair, key)
        if known is not None:
            return known
        with store.measuring("wisdom"):
            # another process may have measured it while this one waited
            return self._known(pair, key) or self._newly_measured(pair, key)

    def _known(
        self, pair: Callable[..., _Pair], key: str
    ) -> tuple[_Pair, dict[str, Any]] | None:
        """Plan what has been measured before, or is known to take too long."""
        if key in self._recall():
            return self._estimated(pair)
        try:
            planned = pair("FFTW_MEASURE", "FFTW_WISDOM_ONLY")
        except RuntimeError:
            return None
        return planned, {"flags": "FFTW_MEASURE", "wisdom": "cached"}

    def _newly_measured(
        self, pair: Callable[..., _Pair], key: str
    ) -> tuple[_Pair, dict[str, Any]]:
        before = self._fftw.export_wisdom()
        pair("FFTW_MEASURE")
        try:  # a plan that met the time limit has left no wisdom and would not come again
            planned = pair("FFTW_MEASURE", "FFTW_WISDOM_ONLY")
        except RuntimeError:
            self._set_wisdom(before)
            store.write("wisdom", {"slow": sorted({*self._recall(), key})})
            return self._estimated(pair)
        self._remember()
        return planned, {"flags": "FFTW_MEASURE", "wisdom": "measured"}

    def _estimated(self, pair: Callable[..., _Pair]) -> tuple[_Pair, dict[str, Any]]:
        """Plan from FFTW's own estimates alone: wisdom would make it depend on the past."""
        with self._without_wisdom():
            how = {"flags": "FFTW_ESTIMATE", "wisdom": "none"}
            return pair("FFTW_ESTIMATE"), how

    def _set_wisdom(self, wisdom: Any) -> None:
        self._fftw.forget_wisdom()
        self._fftw.import_wisdom(wisdom)

    def _recall(self) -> list[str]:
        """Import the wisdom on disk if it is new; return what is too slow to measure."""
        stored = store.read("wisdom")
        texts = tuple(str(stored.get(precision, "")) for precision in _PRECISIONS)
        if texts != self._imported:
            self._imported = texts
            self._fftw.import_wisdom(tuple(text.encode() for text in texts))
        slow = stored.get("slow")
        return slow if isinstance(slow, list) else []

    def _remember(self) -> None:
        """Add the wisdom of this process to what others have written meanwhile."""
        self._recall()
        texts = (wisdom.decode("ascii") for wisdom in self._fftw.export_wisdom())
        store.write("wisdom", dict(zip(_PRECISIONS, texts, strict=True)))


class _PerThread(threading.local):
    """Plans behind the functional face: buffers must not be shared between threads."""

    def __init__(self, library: Library) -> None:
        @functools.lru_cache(maxsize=_FUNCTIONAL_PLANS)
        def plan(layout: Layout, workers: int) -> Plan:
            return library.build(layout, workers=workers)

        self.plan = plan


def _direction(kind: str) -> str:
    return f"FFTW_{'RE' if kind.startswith('dct') else 'RO'}DFT{_R2R[kind[3]]}"


def _taken(buffer: NDArray[Any], size: int = 1) -> NDArray[Any]:
    """Return a copy of the buffer divided by ``size``, in one pass."""
    return buffer.copy() if size == 1 else buffer * (1.0 / size)


def _extension() -> Any:
    """Import ``pyfftw.pyfftw`` without its package.

    The package imports scipy.fftpack, and dask where there is one, for interfaces that are
    not used here: 0.4 s instead of 0.02 s. A later ``import pyfftw`` finds this module.
    Where the package must run first, to find its libraries, it does.
    """
    name = "pyfftw.pyfftw"
    package = find_spec("pyfftw")
    if name in sys.modules or package is None or not package.submodule_search_locations:
        return import_module(name)
    folder = package.submodule_search_locations[0]
    spec = FileFinder(folder, (ExtensionFileLoader, EXTENSION_SUFFIXES)).find_spec(name)
    if spec is None or spec.loader is None:
        return import_module(name)
    try:
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
    except ImportError:
        return import_module(name)
    return sys.modules.setdefault(name, module)
