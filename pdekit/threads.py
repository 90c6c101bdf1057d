"""One ``threads`` setting for transforms, compiled loops, BLAS and torch together."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Literal

from pdekit.errors import PdekitError

__all__ = [
    "apply",
    "available",
    "current",
    "limit",
    "of_torch",
    "prepare_environment",
    "resolve",
    "share",
]

_current: int | None = None
_pools: dict[tuple[int, int], ThreadPoolExecutor] = {}
"""Of a process, as a fork has none of the threads of its parent, by their number."""


def available() -> int:
    """Return how many processors this process may use, containers' quotas included."""
    try:
        count = len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS and Windows
        count = os.cpu_count() or 1
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        return max(1, min(count, int(quota) // int(period)))
    except (OSError, ValueError):  # no such limit, or "max"
        return count


def resolve(threads: int | Literal["auto"]) -> int:
    """Return the number meant by a ``threads`` setting."""
    if threads == "auto":
        return available()
    if isinstance(threads, bool) or not isinstance(threads, int) or threads < 1:
        raise PdekitError(f"threads must be 'auto' or a whole number >= 1, got {threads!r}")
    return threads


def current() -> int:
    """Return the number in force, which transform plans take as their limit."""
    return available() if _current is None else _current


def apply(threads: int | Literal["auto"]) -> int:
    """Set the number of threads for the rest of the process and return it.

    Libraries that are imported later start with their own default; call it again then.
    """
    global _current
    _current = resolve(threads)
    _set_loaded(_current)
    from threadpoolctl import threadpool_limits

    threadpool_limits(_current)
    return _current


@contextmanager
def limit(threads: int | Literal["auto"]) -> Iterator[int]:
    """Set the number of threads within a ``with`` block; what it was comes back."""
    global _current
    number, before = resolve(threads), _current
    from threadpoolctl import threadpool_limits

    with ExitStack() as stack:
        stack.callback(_set_loaded_to, _loaded())
        stack.enter_context(threadpool_limits(number))
        _current = number
        _set_loaded(number)
        try:
            yield number
        finally:
            _current = before


def prepare_environment() -> None:
    """Keep the OpenMP runtimes of FFTW and numba from fighting; before either is imported.

    Each brings its own runtime whose idle threads spin, which costs a factor of thirty when
    both are in use. Programs that train on the CPU must not call this: torch loses a factor
    of two. What the user has set stays.
    """
    if not {"pyfftw", "numba", "torch"} & sys.modules.keys():
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
        os.environ.setdefault("NUMBA_THREADING_LAYER", "workqueue")


def of_torch() -> int:
    """Return how many threads torch uses, 1 where it is not loaded."""
    torch = sys.modules.get("torch")
    return 1 if torch is None else int(torch.get_num_threads())


def share(run: Any, bounds: Sequence[int]) -> list[Any]:
    """Call  run(k, lo, hi)  for every share, the first one in this thread."""
    if len(bounds) == 2:
        return [run(0, *bounds)]
    count = len(bounds) - 2
    key = os.getpid(), count
    if key not in _pools:
        _pools[key] = ThreadPoolExecutor(count, thread_name_prefix="pdekit-shares")
    others = [
        _pools[key].submit(run, k, bounds[k], bounds[k + 1]) for k in range(1, count + 1)
    ]
    return [run(0, bounds[0], bounds[1]), *[other.result() for other in others]]


def _loaded() -> dict[str, int]:
    """Return the threads of imported libraries that threadpoolctl does not know.

    Numba's are left alone until they run: asking for their number starts them, under a lock
    that forked processes share and that one of them may have died with.
    """
    counts = {}
    if getattr(sys.modules.get("numba.np.ufunc.parallel"), "_is_initialized", False):
        counts["numba"] = int(sys.modules["numba"].get_num_threads())
    if torch := sys.modules.get("torch"):
        counts["torch"] = int(torch.get_num_threads())
    return counts


def _set_loaded(number: int) -> None:
    _set_loaded_to(dict.fromkeys(_loaded(), number))


def _set_loaded_to(counts: dict[str, int]) -> None:
    for name, count in counts.items():
        module = sys.modules[name]
        if name == "numba":  # more than it was started with it cannot do
            count = min(count, module.config.NUMBA_NUM_THREADS)
        module.set_num_threads(count)
