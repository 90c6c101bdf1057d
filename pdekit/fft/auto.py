"""`plan`: the planned face, and who computes it when nobody says."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from numpy.typing import DTypeLike, NDArray

from pdekit.errors import ShapeError
from pdekit.fft import store
from pdekit.fft.backends import get, importable
from pdekit.fft.layout import TRIGONOMETRIC, Execute, Layout, Plan

# Libraries worth timing, best first by experience. numpy never wins; torch ties at best
# and takes a second to import.
_CANDIDATES = ("pyfftw", "ducc", "scipy")
# Up to here the calls of other libraries take longer than FFTW takes for the transform.
_SHORT = 4096
# Points of one transform from which a second thread may pay; below, it costs up to 26 x.
_PARALLEL = 2**17
# Numbers from which the choice of a library is worth the time that timing takes.
_WORTH_TIMING = 2**14
_FFTW_PLANS = 2**16
_TIMING_SECONDS = 0.3
_SAMPLE_SECONDS = 2e-3


def plan(
    shape: int | Sequence[int],
    *,
    axes: Sequence[int] | None = None,
    kind: str = "c2c",
    dtype: DTypeLike | None = None,
    workers: int = 1,
    backend: str = "auto",
    reproducible: bool = False,
) -> Plan:
    """Return a transform between two buffers of its own.

    Parameters
    ----------
    shape
        Shape of the physical array, batch axes included.
    axes
        Axes to transform, all by default; ``r2c`` halves the last one named.
    kind
        ``c2c``, ``r2c``, ``dct1`` to ``dct4`` or ``dst1`` to ``dst4``.
    dtype
        Any of the four floating and complex types; it sets the precision, double by
        default.
    workers
        Threads; only one is used below 2^17 points per transform.
    backend
        ``auto`` times the installed libraries once for each transform and keeps the choice
        in the user's cache; only FFTW is considered for one short Fourier axis.
    reproducible
        Take a library and a plan that depend on no timing: one axis is left to FFTW's
        estimates, several to ducc or scipy.
    """
    layout = Layout.of(shape, axes, kind, dtype)
    if workers < 1:
        raise ShapeError("at least 1", workers, "workers")
    workers = workers if layout.points >= _PARALLEL else 1
    if backend != "auto":
        return get(backend).build(layout, workers=workers, reproducible=reproducible)
    name, workers, how = _chosen(layout, workers, reproducible)
    planned = get(name).build(layout, workers=workers, reproducible=reproducible)
    planned.info.update(how)
    return planned


def executors(
    physical: NDArray[Any],
    spectral: NDArray[Any],
    *,
    axes: Sequence[int] | None = None,
    kind: str = "c2c",
    workers: int = 1,
    reproducible: bool = False,
) -> tuple[Execute, Execute, dict[str, Any]]:
    """Return what a plan does between two buffers that exist already, and who does it.

    So the axes of one array can be transformed one after the other, each by the library
    that is fastest along it.  Overwrites the buffers.  The parameters are those of `plan`,
    but threads may pay from 2^17 numbers in all, and libraries are timed from 2^14 on.
    """
    layout = Layout.of(physical.shape, axes, kind, physical.dtype)
    if workers < 1:
        raise ShapeError("at least 1", workers, "workers")
    workers = workers if physical.size >= _PARALLEL else 1
    names = _for_many_lines(layout)
    if reproducible or physical.size < _WORTH_TIMING:
        name, how = names[0], {"choice": "rule"}
    else:
        name, workers, how = _fastest(layout, workers, names)
    forward, inverse, more = get(name).executors(
        layout, physical, spectral, workers=workers, reproducible=reproducible
    )
    info = {"backend": name, "transform": str(layout), "workers": workers}
    return forward, inverse, info | more | how


def _for_many_lines(layout: Layout) -> list[str]:
    """Return the libraries worth timing for all lines of an array, best first.

    FFTW does sines and cosines of many lines in two to four times the time of ducc (1023²
    or 127³ numbers, types 1, 2 and 4), after seconds of planning.
    """
    names = [name for name in ("ducc", "scipy", "pyfftw") if importable(name)] or ["numpy"]
    large = layout.members * layout.points > _FFTW_PLANS
    if large and layout.kind in TRIGONOMETRIC and names[0] == "ducc":
        names = [name for name in names if name != "pyfftw"]
    return names


def _chosen(
    layout: Layout, workers: int, reproducible: bool
) -> tuple[str, int, dict[str, Any]]:
    names = [name for name in _CANDIDATES if importable(name)] or ["numpy"]
    if reproducible:
        several = [name for name in names if name != "pyfftw"] or ["numpy"]
        return (names if len(layout.axes) == 1 else several)[0], workers, {"choice": "rule"}
    if len(layout.axes) == 1 and layout.points <= _SHORT and layout.kind in ("c2c", "r2c"):
        names = names[:1]
    return _fastest(layout, workers, names)


def _fastest(
    layout: Layout, workers: int, names: Sequence[str]
) -> tuple[str, int, dict[str, Any]]:
    trials = {f"{name} {n}": (name, n) for n in sorted({1, workers}) for name in names}
    if len(trials) == 1:
        return names[0], workers, {"choice": "rule"}
    key = f"{layout} workers {workers}"
    known = _stored(key, trials)
    if known is not None:
        return known
    with store.measuring("choices"):
        known = _stored(key, trials)  # by another process while this one waited
        if known is not None:
            return known
        seconds = _times(layout, trials)
        fastest = min(seconds, key=lambda trial: seconds[trial])
        store.write("choices", {key: {"fastest": fastest, "seconds": seconds}})
    return *trials[fastest], {"choice": "measured", "seconds": seconds}


def _stored(
    key: str, trials: dict[str, tuple[str, int]]
) -> tuple[str, int, dict[str, Any]] | None:
    stored = store.read("choices").get(key)
    if isinstance(stored, dict) and (fastest := str(stored.get("fastest"))) in trials:
        return *trials[fastest], {"choice": "cached", "seconds": stored.get("seconds")}
    return None


def _times(layout: Layout, trials: dict[str, tuple[str, int]]) -> dict[str, float]:
    """Seconds of a round trip for each trial: the least of interleaved samples of 2 ms.

    All trials share one pair of buffers, so that large transforms are tried in the memory
    that one of them needs.
    """
    buffers = layout.buffers()
    pairs = {
        trial: get(name).executors(layout, *buffers, workers=n, reproducible=False)[:2]
        for trial, (name, n) in trials.items()
    }
    for buffer in buffers:
        buffer.fill(0)  # planning has left something in them
    return _seconds(pairs)


def quickest(key: str, pairs: dict[str, tuple[Execute, Execute]]) -> str:
    """Return the name of the fastest of some ways to do the same transforms.

    Timed once, on buffers that hold zeros, and kept in the user's cache under ``key``.
    """
    stored = store.read("choices").get(key)
    if isinstance(stored, dict) and (name := str(stored.get("fastest"))) in pairs:
        return name
    seconds = _seconds(pairs)
    fastest = min(seconds, key=lambda name: seconds[name])
    store.write("choices", {key: {"fastest": fastest, "seconds": seconds}})
    return fastest


def _seconds(pairs: dict[str, tuple[Execute, Execute]]) -> dict[str, float]:
    repeats = {}
    for trial, (forward, inverse) in pairs.items():
        _sample(forward, inverse, 1)  # the first call touches tables and memory
        once = _sample(forward, inverse, 1)
        repeats[trial] = max(1, int(_SAMPLE_SECONDS / once))
    best = dict.fromkeys(pairs, float("inf"))
    end = time.perf_counter() + _TIMING_SECONDS
    while True:
        for trial, (forward, inverse) in pairs.items():
            best[trial] = min(best[trial], _sample(forward, inverse, repeats[trial]))
        if time.perf_counter() > end:
            return best


def _sample(
    forward: Callable[[], object], inverse: Callable[[], object], repeats: int
) -> float:
    start = time.perf_counter()
    for _ in range(repeats):
        forward()
        inverse()
    return (time.perf_counter() - start) / repeats
