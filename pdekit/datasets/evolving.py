"""Samples of an equation in time: many starts, advanced side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from pdekit.case import Case, DatasetCase
from pdekit.case.learned_case import classical_of
from pdekit.case.schema import SolverSpec, TimeSpec
from pdekit.datasets.coarsening import Coarsening, between_walls, coarsening_of
from pdekit.datasets.sampling import Look, SampleFailed
from pdekit.datasets.seeds import sample_seed, seeded
from pdekit.errors import BlowUp, NotConverged
from pdekit.evolution import Evolution, equation_of, grid_of, numerics_of
from pdekit.initial import initial_values
from pdekit.observer import Silent
from pdekit.result import Arrays, parts
from pdekit.typing import Array, Field

ABREAST = 8
"""Lines that the widest vector units advance together; fewer take another route through
the transforms, whose last bits differ."""

EVEN = 1e-9
"""Deviation from a field that is even about walls, relative to its largest value."""


class Evolving:
    """Solves an evolution equation for many random starts."""

    def __init__(self, case: DatasetCase, problem: Case) -> None:
        self.case, self.problem = case, problem
        self.numerics = numerics_of(problem)
        self.solved = grid_of(problem, self.numerics.points)
        self.coarsen = coarsening_of(case, self.solved, bounded=False)
        self.mirrored = case.save.walls == "mirrored"
        whole = self.coarsen.stored
        self.stored = between_walls(whole) if self.mirrored else whole
        self.equation = equation_of(problem)
        self.times = stored_times(case, problem)
        wanted = case.save.fields
        self.fields = self.equation.fields if wanted == "all" else wanted
        self.constant: tuple[str, ...] = ()
        zero = np.zeros((), complex if self.equation.complex else float)
        self.varying = tuple(part for name in self.fields for part in parts(name, zero))
        self._evolutions: dict[int, Evolution] = {}

    def draw(self, seeds: Sequence[int], look: Look) -> Arrays:
        """Return the stored fields of the samples of these seeds."""
        try:
            return self._drawn(seeds, look)
        except (BlowUp, NotConverged) as failure:
            if len(seeds) == 1:
                raise SampleFailed(0, str(failure)) from failure
        for position, seed in enumerate(seeds):  # which one was it?
            try:
                self._drawn([seed], look)
            except (BlowUp, NotConverged) as failure:
                raise SampleFailed(position, str(failure)) from failure
        raise SampleFailed(0, "failed together with others, but not alone")

    def _drawn(self, seeds: Sequence[int], look: Look) -> Arrays:
        count = len(seeds)
        shape = (count, len(self.times), *self.stored.shape)
        out = {name: np.empty(shape, self.case.save.dtype) for name in self.varying}
        evolution = self._evolution(count)
        for k, frame in enumerate(self._frames(evolution, self._starts(seeds), look)):
            self._require_sound(evolution, frame, float(self.times[k]))
            for name, values in self._kept(frame).items():
                out[name][:, k] = values
        return out

    def error(self, seed: int, look: Look) -> Array:
        """Compare with the solution on twice the points with half the step.

        From the first frame on, where ``save.start`` says that it takes the place of what
        was drawn: what came before is not to be reproduced, and may be chaos.
        """
        u, case = self._starts([seed]), self._case(1)
        if self.case.save.start is not None:
            u = next(self._frames(Evolution(case), u, look))
            case = later(case, float(self.times[0]))
        coarse, fine = Evolution(case), Evolution(case, numerics_of(case).refined(2))
        back = Coarsening(fine.grid, self.solved, stride=False)
        both = zip(
            self._frames(coarse, u, look),
            self._frames(fine, self.solved.interpolate(u, fine.grid), look),
            strict=True,
        )
        return np.array([relative(self._kept(a), self._kept(back(b))) for a, b in both])

    def warnings(self) -> list[str]:
        """Pose a first sample as a run would, which refuses and warns of much."""
        from pdekit.run import Run

        first = seeded(self.problem, sample_seed(self.case.seed, "train", 0))
        run = first.run.model_copy(update={"members": 1})
        plain: dict[str, Any] = {"reference": None, "checks": {}, "run": run}
        return Run(first.model_copy(update=plain), Silent()).warnings

    def facts(self) -> dict[str, Any]:
        """Return how the samples are solved."""
        evolution = self._evolution(1)
        mask = classical_of(self.problem.solver).dealias
        return {
            "solver": self.problem.solver.name,
            "integrator": evolution.integrator.name,
            "order": evolution.integrator.order,
            **evolution.stepper.describe(),
            "dealiasing": mask if isinstance(mask, str) else mask.model_dump(),
        }

    def _evolution(self, count: int) -> Evolution:
        if count not in self._evolutions:
            self._evolutions[count] = Evolution(self._case(count))
        return self._evolutions[count]

    def _case(self, count: int) -> Case:
        """Return the problem for so many samples at once, rounded up where that counts."""
        members = -(-count // ABREAST) * ABREAST if self.solved.ndim == 1 else count
        run = self.problem.run.model_copy(update={"members": members, "reproducible": True})
        return self.problem.model_copy(update={"run": run})

    def _starts(self, seeds: Sequence[int]) -> Field:
        alone = self.problem.run.model_copy(update={"members": 1})
        one = self.problem.model_copy(update={"run": alone})
        each = (initial_values(seeded(one, s), self.equation, self.solved) for s in seeds)
        starts = np.concatenate(list(each))
        if self.mirrored and not self._even(starts):
            raise self.case.refusal(
                "save.walls", "what is drawn is not even about the walls (walls: mirrored)"
            )
        return starts

    def _even(self, u: Field) -> bool:
        """Whether every field is even about the ends and the middle of every axis."""
        size = EVEN * float(np.abs(u).max())
        return all(
            bool((np.abs(u - np.flip(u, d)) <= size).all()) for d in range(2, u.ndim)
        )

    def _frames(self, evolution: Evolution, u: Field, look: Look) -> Iterator[Field]:
        """Advance to every stored time."""
        start, end = evolution.case.time.start, float(self.times[-1])
        missing = evolution.members - len(u)
        evolution.begin(np.concatenate([u, *[u[-1:]] * missing]) if missing else u)
        for t in self.times:
            evolution.arrive(
                float(t), lambda: look((evolution.time - start) / ((end - start) or 1.0))
            )
            yield evolution.frame()[: len(u)]

    def _require_sound(self, evolution: Evolution, u: Field, t: float) -> None:
        """Refuse a frame with a sample that is not finite, or not resolved any more."""
        sound = np.isfinite(u).reshape(len(u), -1).all(axis=1)
        if not sound.all():
            raise SampleFailed(int(np.argmin(sound)), f"became non-finite at t = {t:.6g}")
        limit = self.problem.solver.abort_tail
        if limit is None:
            return
        tails = evolution.tail(u).reshape(len(u), -1).max(axis=1)
        if (worst := int(np.argmax(tails))) >= 0 and tails[worst] > limit:
            raise SampleFailed(
                worst,
                f"is no longer resolved at t = {t:.6g} (spectral tail {tails[worst]:.1e} > "
                f"{limit:g}); use more points",
            )

    def _kept(self, u: Field) -> Arrays:
        """Return the stored fields of a frame ``(sample, channel, *space)``."""
        out: Arrays = {}
        first_half: Any = (..., *(slice(n) for n in self.stored.shape))
        for name in self.fields:
            channel = self.equation.fields.index(name)
            out |= parts(name, np.asarray(self.coarsen(u[:, channel]))[first_half])
        return out


def stored_times(case: DatasetCase, problem: Case) -> Array:
    """Return the times of the stored frames, that of the start first if it is stored."""
    wanted, time = case.save.times, problem.time
    if case.save.start is not None:
        time = time.model_copy(update={"start": case.save.start})
    if isinstance(wanted, tuple):
        first = [time.start] if case.save.inputs else []
        return np.unique([*first, *wanted])
    if wanted is not None:
        time = TimeSpec(start=time.start, end=time.end, save=wanted)
    frames = time.frames()
    return frames if case.save.inputs else frames[1:]


def later(case: Case, start: float) -> Case:
    """Return a case from a later time on, with steps as long."""
    time, solver = case.time, case.solver
    if isinstance(solver, SolverSpec) and solver.steps is not None:
        step = (time.end - time.start) / solver.steps
        solver = solver.model_copy(update={"steps": None, "step": step})
    time = time.model_copy(update={"start": start})
    return case.model_copy(update={"time": time, "solver": solver})


def relative(u: Arrays, reference: Arrays) -> float:
    """‖u − u*‖₂ / ‖u*‖₂ over all fields and points."""
    gap = sum(float(((u[name] - reference[name]) ** 2).sum()) for name in u)
    size = sum(float((values**2).sum()) for values in reference.values())
    return float(np.sqrt(gap / (size or 1.0)))
