"""Threads that share work of microseconds.

To hand a share to a pool and to wait for it takes as long as the share itself on grids of
10⁵ points: both sides sleep in between.  Here both look at counters for a while before they
do (`pdekit._kernels_wait`).
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from functools import cache
from queue import SimpleQueue
from typing import Any, NamedTuple

import numpy as np

Share = Callable[[int, int, int], Any]
PATIENCE = 20_000
"""Looks at a counter before a worker sleeps: it sees through a cycle of coarse grids."""
_SHORT = 1_000
"""Looks at a counter before the caller lets others run, the worker perhaps among them."""
_APART = 8
"""Places between counters, so that no two are on one cache line."""


class _Task(NamedTuple):
    """A call: its number, the work, the shares that nobody does yet, and what was found."""

    number: int
    run: Share
    bounds: Sequence[int]
    open: deque[int]
    found: list[Any]

    def share(self, k: int) -> None:
        """Do a share."""
        try:
            self.found[k] = self.run(k, *self.bounds[k : k + 2])
        except BaseException as error:
            self.found[k] = error


_NOTHING = _Task(0, lambda k, lo, hi: None, (), deque(), [])


class Crew:
    """Threads beside the calling one; it does itself what none of them comes to do."""

    def __init__(self, workers: int) -> None:
        from pdekit import _kernels_wait

        self._post, self._reached = _kernels_wait.post, _kernels_wait.reached
        # counter 0: calls so far; counter k: the last one whose share k a worker has done
        self._counters = np.zeros(_APART * (workers + 1), np.int64)
        self._calls, self._busy, self._task = 0, threading.Lock(), _NOTHING
        self._asleep = [False] * workers
        self._bells: list[SimpleQueue[None]] = [SimpleQueue() for _ in range(workers)]
        for k in range(workers):
            name = f"pdekit-planes-{k}"
            threading.Thread(target=self._work, args=(k,), name=name, daemon=True).start()

    def __call__(self, run: Share, bounds: Sequence[int]) -> list[Any]:
        """Return  run(k, lo, hi)  of every share; one by one while the others are busy."""
        shares = len(bounds) - 1
        if not self._busy.acquire(blocking=False):
            return [run(k, *bounds[k : k + 2]) for k in range(shares)]
        try:
            self._calls += 1
            task = _Task(self._calls, run, bounds, deque(range(1, shares)), [None] * shares)
            self._call(task)
            task.share(0)
            self._finish(task)
        finally:
            self._task = _NOTHING
            self._busy.release()
        for each in task.found:
            if isinstance(each, BaseException):
                raise each
        return task.found

    def _call(self, task: _Task) -> None:
        self._task = task
        self._post(self._counters, 0, task.number)
        for asleep, bell in zip(self._asleep, self._bells, strict=True):
            if asleep:
                bell.put(None)

    def _finish(self, task: _Task) -> None:
        """Do what is left, and wait for what others do."""
        theirs = set(range(1, len(task.found)))
        while (k := _next(task)) is not None:
            task.share(k)
            theirs.remove(k)
        for k in theirs:
            while not self._reached(self._counters, _APART * k, task.number, _SHORT):
                time.sleep(0)  # the worker may be waiting for this processor

    def _work(self, worker: int) -> None:
        seen = 0
        while True:
            self._await(worker, seen + 1)
            seen, task = self._calls, self._task
            while (k := _next(task)) is not None:
                task.share(k)
                self._post(self._counters, _APART * k, task.number)
            del task

    def _await(self, worker: int, call: int) -> None:
        while not self._reached(self._counters, 0, call, PATIENCE):
            self._asleep[worker] = True
            if not self._reached(self._counters, 0, call, 1):  # or the bell may not ring
                self._bells[worker].get()
            self._asleep[worker] = False


def _next(task: _Task) -> int | None:
    try:
        return task.open.popleft()
    except IndexError:
        return None


def share(run: Share, bounds: Sequence[int]) -> list[Any]:
    """Call  run(k, lo, hi)  for every share, the first one in this thread."""
    if len(bounds) == 2:
        return [run(0, *bounds)]
    return _crew(len(bounds) - 2, os.getpid())(run, bounds)


@cache
def _crew(workers: int, process: int) -> Crew:
    """Return the crew of a process: threads are not copied when it forks."""
    return Crew(workers)
