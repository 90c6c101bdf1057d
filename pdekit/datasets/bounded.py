"""Samples of a boundary-value problem: one random medium after the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pdekit.case import BoundaryCase, DatasetCase
from pdekit.datasets.coarsening import Coarsening, coarsening_of
from pdekit.datasets.evolving import relative
from pdekit.datasets.sampling import Look, SampleFailed
from pdekit.datasets.seeds import sample_seed, seeded
from pdekit.grid import Grid
from pdekit.observer import Silent
from pdekit.result import Arrays
from pdekit.steady.grids import grid_of, resized
from pdekit.steady.posing import Posed
from pdekit.steady.run import BoundaryRun
from pdekit.steady.work import Work
from pdekit.typing import Array


class Bounded:
    """Solves a steady boundary-value problem for many random coefficients."""

    def __init__(self, case: DatasetCase, problem: BoundaryCase) -> None:
        run = problem.run.model_copy(update={"members": 1})
        plain: dict[str, Any] = {"reference": None, "checks": {}, "run": run}
        self.case, self.problem = case, problem.model_copy(update=plain)
        self.solved = grid_of(self.problem)
        self.coarsen = coarsening_of(case, self.solved, bounded=True)
        self.stored = self.coarsen.stored
        self.times = np.zeros(1)
        self.method = ""
        first = seeded(self.problem, sample_seed(case.seed, "train", 0))
        self.run = BoundaryRun(first, Silent())
        self.varying: tuple[str, ...] = self.run.problem.fields
        self.constant = tuple(self.run.constants()) if case.save.inputs else ()

    def draw(self, seeds: Sequence[int], look: Look) -> Arrays:
        """Return the solutions and the coefficients of the samples of these seeds."""
        names = (*self.varying, *self.constant)
        shape = (len(seeds), *self.stored.shape)
        out = {name: np.empty(shape, self.case.save.dtype) for name in names}
        for i, seed in enumerate(seeds):
            fields, complaint = self._solution(seed, self.solved)
            if complaint:
                raise SampleFailed(i, complaint)
            for name in names:
                out[name][i] = self.coarsen(fields[name])
            look((i + 1) / len(seeds))
        for name in self.varying:
            out[name] = out[name][:, None]
        return out

    def error(self, seed: int, look: Look) -> Array:
        """Compare with the solution on twice the points, three times those of cells."""
        cells = any(axis.centring == "cell" for axis in self.solved.axes)
        finer = resized(self.solved, 3 if cells else 2)
        fields, _ = self._solution(seed, self.solved)
        others, _ = self._solution(seed, finer)
        across = Coarsening(finer, self.stored, stride=True)
        mine = {name: self.coarsen(fields[name]) for name in self.varying}
        look(1.0)
        return np.array([relative(mine, {n: across(others[n]) for n in self.varying})])

    def _solution(self, seed: int, grid: Grid) -> tuple[Arrays, str]:
        """Solve for a medium; return all fields, and what is wrong with them."""
        run, work = self.run, Work()
        posed = Posed(seeded(self.problem, seed), grid, self.solved)
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            system = run.prepare(posed, run.spec)
            u, _ = run.solution(posed, system, work)
        self.method = work.method
        fields = {self.varying[0]: u, **run.constants(posed)}
        if not work.converged:
            return fields, f"did not converge: relative residual {work.worst:.3g}"
        return fields, "" if np.isfinite(u).all() else "is not finite"

    def warnings(self) -> list[str]:
        """Return what is odd about a first sample; unfit ones were refused before."""
        return list(self.run.warnings)

    def facts(self) -> dict[str, Any]:
        """Return how the samples are solved."""
        return {
            "solver": self.problem.solver.name,
            "method": self.method,
            "rtol": self.run.spec.rtol,
        }
