"""Many media, one problem: an ensemble of steady solutions, several at a time.

A member draws its coefficient from the seed of the case plus its number, so that any one of
them can be drawn again.  Members do not know of each other: the answer does not depend on
how many are solved at a time, nor on interruptions.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from pdekit import threads
from pdekit.errors import Interrupted, NotConverged
from pdekit.steady import tensors
from pdekit.steady.solving import wants_torch
from pdekit.steady.work import Work
from pdekit.typing import Array

if TYPE_CHECKING:
    from pdekit.steady.run import BoundaryRun

COUNTS = ("iterations", "matvecs", "applications", "worst", "converged")
"""What is known of the work on every member."""


class Ensemble:
    """The solutions so far, in the order of the members."""

    def __init__(self, run: BoundaryRun) -> None:
        self.run, self.members = run, run.case.run.members
        self.u = np.empty((self.members, *run.grid.shape))
        self.media = {
            name: np.empty((self.members, *run.grid.shape)) for name in run.constants()
        }
        self.counts = np.zeros((self.members, len(COUNTS)))
        self.done = 0
        self._kept = time.monotonic()

    def solve(self) -> None:
        """Solve all that are left, and keep the frame.

        Raises
        ------
        Interrupted
            If the observer asks for it; what was solved has been kept then.
        NotConverged
            If some did not reach their tolerance.
        """
        if self.run.start is not None:
            self._restore(self.run.start)
        for u, media, work in self._each():
            self.u[self.done] = u
            for name, values in media.items():
                self.media[name][self.done] = values
            self.counts[self.done] = [getattr(work, name) for name in COUNTS]
            self.run.work.include(work)
            self.done += 1
            self._look()
        self._finish()

    def _each(self) -> Iterator[tuple[Array, dict[str, Array], Work]]:
        """Yield the members that are left in order, some solved ahead."""
        if wants_torch(self.run.case):
            yield from self._on_tensors()
            return
        given = self.run.case.run.threads
        at_a_time = 1 if given == "auto" else given
        with threads.limit(1), ThreadPoolExecutor(at_a_time) as pool:
            left = iter(range(self.done, self.members))
            ahead = islice(left, 2 * at_a_time)
            waiting = [pool.submit(self._member, i) for i in ahead]
            try:
                while waiting:
                    yield waiting.pop(0).result()
                    waiting += [pool.submit(self._member, i) for i in islice(left, 1)]
            finally:
                for each in waiting:
                    each.cancel()

    def _on_tensors(self) -> Iterator[tuple[Array, dict[str, Array], Work]]:
        """Yield the members that are left, many solved at once."""
        run = self.run
        step = tensors.together(run.grid.size, run.case.run.device == "cuda")
        for first in range(self.done, self.members, step):
            numbers = range(first, min(first + step, self.members))
            all_posed = [replace(run.posed, member=i) for i in numbers]
            systems = [run.prepare(posed, run.spec) for posed in all_posed]
            b = [
                s.op.right_hand_side(p.source(), p.walls())
                for s, p in zip(systems, all_posed, strict=True)
            ]
            solved = tensors.corrected(systems, np.stack(b), run.spec.project)
            for posed, found in zip(all_posed, solved, strict=True):
                work = Work(setup_s=found.setup_s)
                work.add(found)
                yield found.x, run.constants(posed), work

    def _member(self, i: int) -> tuple[Array, dict[str, Array], Work]:
        """Draw a medium and solve for it, on any thread."""
        run, work = self.run, Work()
        posed = replace(run.posed, member=i)
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            system = run.prepare(posed, run.spec)
            work.setup_s = system.setup_s
            u, _ = run.solution(posed, system, work)
        return posed.inside(u), run.constants(posed), work

    def _look(self) -> None:
        """Show progress, keep a checkpoint now and then, stop when the user asks."""
        run, now = self.run, time.monotonic()
        run.observer.progress(self.done / self.members, f"{self.done} members")
        stop = run.observer.stop_requested() and self.done < self.members
        if stop or now - self._kept > run.case.outputs.checkpoint_every:
            self._keep()
            self._kept = now
        if stop:
            raise Interrupted(f"stopped after {self.done} members")

    def _keep(self) -> None:
        arrays = {"u": self.u, "counts": self.counts, **self.media}
        done = {name: values[: self.done] for name, values in arrays.items()}
        self.run.store.checkpoint({"x": done.pop("u"), **done}, {"members": self.done})

    def _restore(self, saved: dict[str, Array]) -> None:
        """Take the members over that a checkpoint holds."""
        self.done = len(saved["x"])
        arrays = {"x": self.u, "counts": self.counts, **self.media}
        for name, values in arrays.items():
            values[: self.done] = saved[name]
        for row in saved["counts"]:
            work = Work()
            for name, value in zip(COUNTS, row.tolist(), strict=True):
                setattr(work, name, type(getattr(work, name))(value))
            self.run.work.include(work)

    def _finish(self) -> None:
        run = self.run
        series = {"iterations": self.counts[:, 0], "relative_residual": self.counts[:, 3]}
        run.keep_fields(0, {run.problem.fields[0]: self.u, **self.media}, series)
        missed = np.flatnonzero(self.counts[:, 4] == 0)
        if missed.size:
            raise NotConverged(
                f"{missed.size} of {self.members} members (first: {missed[0]}) "
                f"missed the tolerance {run.spec.rtol:g} (largest relative residual "
                f"{run.work.worst:.3g})"
            )
