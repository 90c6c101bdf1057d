"""Implicit steps in time, every stage a linear system of one and the same operator.

    W u′ = b(t) − A u,  W the volumes of the cells

Stages of a diagonally implicit Runge-Kutta method with weights a and times c:

    (W/(aᵢᵢ h) + A) Yᵢ = W/(aᵢᵢ h) (u + h Σ_{j<i} aᵢⱼ Fⱼ) + b(t + cᵢ h)
    Fᵢ = (Yᵢ − u − h Σ_{j<i} aᵢⱼ Fⱼ)/(aᵢᵢ h)

The last stage is the new u in all of them.

References
----------
Hairer & Wanner, Solving Ordinary Differential Equations II (1996), section IV.6.
Alexander, SIAM J. Numer. Anal. 14 (1977) 1006 (SDIRK2).
Hosea & Shampine, Appl. Numer. Math. 20 (1996) 21 (TR-BDF2, whose stages are of order two as
well, so that walls that change in time do not cost order).
"""

from __future__ import annotations

import math
import time as clock
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from pdekit import transfer
from pdekit.case.schema import ExactInitial, FileInitial, RandomInitial
from pdekit.errors import Interrupted, NotConverged
from pdekit.steady import media
from pdekit.steady.posing import Posed
from pdekit.steady.reference import opened
from pdekit.steady.solving import System
from pdekit.steady.work import Work
from pdekit.typing import Array

if TYPE_CHECKING:
    from pdekit.case.boundary_case import BoundaryCase, LinearSolverSpec
    from pdekit.steady.run import BoundaryRun

GAMMA, W = 1 - 1 / math.sqrt(2), math.sqrt(2) / 4


@dataclass(frozen=True)
class Scheme:
    """Weights and times of the stages; one without weight on itself is explicit."""

    order: int
    a: tuple[tuple[float, ...], ...]
    c: tuple[float, ...]

    @property
    def diagonal(self) -> float:
        """The weight of every implicit stage on itself."""
        return self.a[-1][-1]


DEFAULT = "tr_bdf2"
SCHEMES = {
    "backward_euler": Scheme(1, ((1.0,),), (1.0,)),
    "crank_nicolson": Scheme(2, ((0.0,), (0.5, 0.5)), (0.0, 1.0)),
    "sdirk2": Scheme(2, ((GAMMA,), (1 - GAMMA, GAMMA)), (GAMMA, 1.0)),
    "tr_bdf2": Scheme(2, ((0.0,), (GAMMA, GAMMA), (W, W, GAMMA)), (0.0, 2 * GAMMA, 1.0)),
}


def scheme_of(spec: LinearSolverSpec) -> Scheme:
    """Return the scheme of a solver."""
    return SCHEMES[spec.integrator or DEFAULT]


def counts(case: BoundaryCase, times: Array, spec: LinearSolverSpec) -> list[int]:
    """Return the number of steps from frame to frame: no longer than asked for."""
    span = float(times[-1] - times[0])
    step = spec.step if spec.step is not None else span / (spec.steps or 1)
    return [max(1, math.ceil(d / step * (1 - 1e-9))) for d in np.diff(times)]


def first_addition(case: BoundaryCase, times: Array, spec: LinearSolverSpec) -> float:
    """Return  1/(aᵢᵢ h)  of the first steps."""
    h = float(times[1] - times[0]) / counts(case, times, spec)[0]
    return 1 / (scheme_of(spec).diagonal * h)


class March:
    """The march of a problem on a grid from frame to frame."""

    def __init__(
        self, run: BoundaryRun, posed: Posed, work: Work, steps: float = 1.0
    ) -> None:
        case = run.case
        self.run, self.posed, self.work = run, posed, work
        self.scheme = scheme_of(run.spec)
        whole = counts(case, run.times, run.spec)
        self.counts = [max(1, round(steps * n)) for n in whole]
        self.systems: dict[float, System] = {}
        self.volumes = np.broadcast_to(posed.operator().volumes, posed.grid.shape)
        self.plain = posed.operator()

    def system(self, h: float) -> System:
        """Return the solver for steps of this size."""
        key = float(f"{h:.12g}")
        if key not in self.systems:
            added = 1 / (self.scheme.diagonal * key)
            own = self.work is self.run.work and not self.systems
            known = self.run.system if own and self.run.system.added == added else None
            made = known or self.run.prepare(self.posed, self.run.spec, added)
            if made is not known:
                self.work.setup_s += made.setup_s
            self.systems[key] = made
        return self.systems[key]

    def right(self, t: float) -> Array:
        """Return b(t)."""
        return self.plain.right_hand_side(self.posed.source(t), self.posed.walls(t))

    def step(self, u: Array, t: float, h: float) -> Array:
        """Return u a step later.

        Raises
        ------
        NotConverged
            If a system was not solved to its tolerance.
        """
        slopes: list[Array] = []
        y = u
        for weights, c in zip(self.scheme.a, self.scheme.c, strict=True):
            known = u + h * _combined(weights, slopes)
            if not weights[-1]:
                slopes.append((self.right(t) - self.plain.apply(u)) / self.volumes)
                continue
            scale = 1 / (weights[-1] * h)
            b = self.volumes * (scale * known) + self.right(t + c * h)
            found = self.system(h).solve_vector(b, project=False, x0=y)
            self.work.add(found)
            self.work.histories[:-1], self.work.truths[:-1] = [], []
            if not found.converged:
                raise NotConverged(
                    f"{self.run.complaint(found)}, in the step from t = {t:.6g}"
                )
            y = found.x
            slopes.append((y - known) * scale)
        return y

    def interval(self, index: int) -> tuple[float, float, int]:
        """Return start, step and number of steps of the way to frame ``index``."""
        first, last = self.run.times[index - 1 : index + 1]
        n = self.counts[index - 1]
        return float(first), float(last - first) / n, n


def _combined(weights: Sequence[float], slopes: Sequence[Array]) -> Any:
    return sum(
        (a * slope for a, slope in zip(weights, slopes, strict=False)), start=np.zeros(())
    )


def march(run: BoundaryRun) -> None:
    """March from the start, or from where the run was resumed, to the last frame."""
    marching = March(run, run.posed, run.work)
    u = initial(run, run.posed) if run.start is None else run.start
    if not run.fields:
        run.keep(0, u, series_of(run, u, 0))
    at, kept = run.resumed_step, clock.monotonic()
    for index in range(len(run.fields), len(run.times)):
        t0, h, n = marching.interval(index)
        before = run.work.iterations
        for i in range(at, n):
            u = marching.step(u, t0 + i * h, h)
            run.last_step += 1
            done = (index - 1 + (i + 1) / n) / (len(run.times) - 1)
            run.observer.progress(done, "solving")
            stop = run.observer.stop_requested()
            if stop or clock.monotonic() - kept > run.case.outputs.checkpoint_every:
                kept = clock.monotonic()
                meta = {"frames": len(run.fields), "step": i + 1, "steps": run.last_step}
                run.store.checkpoint({"x": u}, meta)
            if stop:
                raise Interrupted(f"stopped at t = {t0 + (i + 1) * h:.6g}")
        at = 0
        run.keep(index, u, series_of(run, u, run.work.iterations - before))


def series_of(run: BoundaryRun, u: Array, iterations: int) -> dict[str, float]:
    """Return what is recorded with every frame."""
    return {
        "max_abs": float(np.abs(u).max()),
        "mean": float(run.grid.mean(u)),
        "iterations": float(iterations),
        "relative_residual": run.work.worst,
    }


def last_frame(run: BoundaryRun, posed: Posed, steps: float) -> Array:
    """March on another grid or with other steps; return the end."""
    marching = March(run, posed, run.companions, steps)
    u = initial(run, posed)
    for index in range(1, len(run.times)):
        t0, h, n = marching.interval(index)
        for i in range(n):
            u = marching.step(u, t0 + i * h, h)
            if run.observer.stop_requested():
                raise Interrupted("stopped while comparing")
    return u


def time_part(run: BoundaryRun, u: Array) -> tuple[float, str]:
    """Richardson's estimate from doubled steps, or halved where they are single."""
    order = scheme_of(run.spec).order
    doubled = all(n % 2 == 0 for n in counts(run.case, run.times, run.spec))
    other = last_frame(run, run.posed, 0.5 if doubled else 2.0)
    size = float(np.linalg.norm(u)) or 1.0
    difference = float(np.linalg.norm(other - u)) / size
    if doubled:
        return difference / (2**order - 1), "doubled step"
    return difference / (1 - 2.0**-order), "halved step"


def initial(run: BoundaryRun, posed: Posed) -> Array:
    """Return the values at the start."""
    case, spec = run.case, run.case.initial
    if case.manufactured is not None:
        return posed.exact(run.begin)
    if isinstance(spec, RandomInitial):
        law = spec.random_field
        seed = case.run.seed if law.seed is None else law.seed
        numbers = law.model_dump(exclude={"kind", "seed"})
        return media.gaussian(posed.grid, seed, **numbers)
    if isinstance(spec, FileInitial):
        return _stored(posed, spec)
    if isinstance(spec, ExactInitial):
        values = posed.problem.exact[spec.exact](*posed.grid.points(), run.begin)
        return np.array(np.broadcast_to(values, posed.grid.shape), dtype=float)
    return posed.values("initial", str(spec), posed.grid.points(), run.begin)


def _stored(posed: Posed, spec: FileInitial) -> Array:
    """Return a frame of a stored result, by its number or its time."""
    result = opened(posed, "initial.file", spec.file)
    count = len(result.times)
    if isinstance(spec.time, int):
        if not -count <= spec.time < count:
            message = f"there are {count} frames, numbered from 0 (got {spec.time})"
            raise posed.case.problem("initial.time", message)
        frame = spec.time
    else:
        frame = int(np.argmin(np.abs(result.times - spec.time)))
    values = result.fields[posed.problem.fields[0]][frame]
    return transfer.moved(np.nan_to_num(values), result.grid, posed.grid)
