"""One boundary-value case: made ready on construction, solved by `execute`."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from pdekit import memory
from pdekit.case.boundary_case import LinearSolverSpec, PredictionSpec
from pdekit.errors import Interrupted, NotConverged, PdekitError
from pdekit.linalg.interface import mean_reduction, norm
from pdekit.observer import Observer
from pdekit.result import Result
from pdekit.steady import Memory, Store, checking, metrics
from pdekit.steady.choosing import constants
from pdekit.steady.grids import grid_of
from pdekit.steady.posing import Posed
from pdekit.steady.solving import System, refused
from pdekit.steady.work import Work
from pdekit.typing import Array

if TYPE_CHECKING:
    from pdekit.case.boundary_case import BoundaryCase
    from pdekit.linalg.interface import Solution
    from pdekit.prediction.guess import Guess

LOOK_SECONDS = 0.5
"""Between two residuals that are computed only to show progress."""

logger = logging.getLogger(__name__)


class BoundaryRun:
    """A boundary-value problem of a case.

    Parameters
    ----------
    case, observer, where
        See `pdekit.steady.boundary_run`.
    guess
        Makes of the run, once it is ready, what the solver begins with.

    Raises
    ------
    CaseError
        If anything in the case is wrong that only the numbers show.
    """

    def __init__(
        self,
        case: BoundaryCase,
        observer: Observer,
        where: str = "solver",
        guess: Callable[[BoundaryRun], Guess] | None = None,
    ) -> None:
        began = time.perf_counter()
        self.case, self.observer, self._where = case, observer, where
        self.store: Store = Memory()
        solver = case.solver
        spec = solver.classical if isinstance(solver, PredictionSpec) else solver
        assert isinstance(spec, LinearSolverSpec)  # noqa: S101
        self.spec = spec
        self.warnings: list[str] = list(case.warnings)
        self.failure: PdekitError | None = None
        self.work, self.companions = Work(), Work()
        memory.require(case)
        self.grid = grid_of(case)
        self.posed = Posed(case, self.grid, self.grid)
        self.problem = self.posed.problem
        self.times = np.array([0.0]) if case.time is None else case.time.frames()
        self.fields: list[dict[str, Array]] = []
        self.series: list[dict[str, Any]] = []
        self.start: Any = None
        self.last_step = self.resumed_step = 0
        self.solve_s = 0.0
        self.has_order = True
        self._look()
        self.guess = None if guess is None else guess(self)
        self.setup_s = time.perf_counter() - began

    def _look(self) -> None:
        """Refuse and warn of what the numbers show."""
        from pdekit.steady.reference import reference_of

        case, posed = self.case, self.posed
        if case.manufactured is not None:
            checking.require_periodic(posed)
        checking.require_sign(posed)
        checking.require_at_rest(posed)
        self.system = self.prepare(posed, self.spec)
        self.f, self.walls = posed.source(self.begin), posed.walls(self.begin)
        op = self.system.op
        checking.require_solvable(
            posed, op, op.right_hand_side(self.f, self.walls), self.spec.project
        )
        if case.time is not None:
            from pdekit.steady.marching import initial

            initial(self, posed)  # refused now, if it has to be
        self.reference = reference_of(self)
        metrics.require_known(case, self.problem, self.times)
        self.warnings += checking.warnings_of(posed, self.system)
        for sentence in self.warnings:
            self.say(f"warning: {sentence}")
        if why := self.system.choice.why:
            self.say(f"solver: {self.system.choice.name} ({why})")

    @property
    def begin(self) -> float:
        """The first time."""
        return 0.0 if self.case.time is None else self.case.time.start

    def prepare(
        self, posed: Posed, spec: LinearSolverSpec, added: float | None = None
    ) -> System:
        """Set a solver up for a grid, or refuse the combination."""
        if added is None:
            from pdekit.steady.marching import first_addition

            added = first_addition(self.case, self.times, spec) if self.case.time else 0.0
        try:
            return System(posed, spec, posed.operator(added), added)
        except PdekitError as error:
            if error.__class__.__name__ == "CaseError":
                raise
            raise refused(posed, error, self._where) from error

    def say(self, sentence: str) -> None:
        """Tell the observer and the log."""
        logger.info(sentence)
        self.observer.message(sentence)

    # -- solving -----------------------------------------------------------------------

    def execute(self) -> Result:
        """Solve, or stop where the solver or the user does."""
        from pdekit.steady.conclusion import conclude

        began = time.perf_counter()
        self.work.setup_s = self.system.setup_s
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            try:
                self._solve()
            except (Interrupted, NotConverged) as failure:
                self.failure = failure
            self.solve_s = time.perf_counter() - began
            return conclude(self)

    def _solve(self) -> None:
        if self.case.time is not None:
            from pdekit.steady.marching import march

            march(self)
            return
        if self.case.run.members > 1:
            from pdekit.steady.ensemble import Ensemble

            Ensemble(self).solve()
            return
        start = self.start
        if start is None and self.guess is not None:
            start = self.guess.start()
        u, found = self.solution(self.posed, self.system, self.work, start)
        if self.guess is not None:
            self.guess.hold_against(u)
        self._keep(0, u, {"residual_history": self.history})
        if not self.work.converged:
            raise NotConverged(self.complaint(found))

    def solution(
        self, posed: Posed, system: System, work: Work, start: Array | None = None
    ) -> tuple[Array, Solution]:
        """Solve a steady problem, factor by factor; count the work."""
        factors, project = system.factors, self.projecting(posed)
        right, x0 = system.data.source(), start if factors == 1 else None
        for left in range(factors - 1, -1, -1):
            walls = system.walls(left)
            watch = Watching(self, system, right, walls) if work is self.work else None
            found = system.solve(right, walls, project=project, x0=x0, callback=watch)
            work.add(found)
            right = found.x
        u = system.on_grid(found.x)
        if system.op.singular:
            u = u - float(posed.grid.mean(u))
        return u, found

    def final(self, posed: Posed, steps: float = 1.0) -> Array:
        """Solve on another grid, with so many times the steps; return the end."""
        if self.case.time is not None:
            from pdekit.steady.marching import last_frame

            return last_frame(self, posed, steps)
        system = self.prepare(posed, self.spec)
        return self.solution(posed, system, self.companions)[0]

    @property
    def singular(self) -> bool:
        """Whether the solution is known up to a constant."""
        return bool(self.system.op.singular)

    def resume(self, arrays: Mapping[str, Array], meta: Mapping[str, Any]) -> None:
        """Begin with the last iterate, or in time with the last state kept."""
        self.start = arrays["x"]
        if "members" in meta:
            self.start = arrays
            self.say(f"resuming after {meta['members']} members")
            return
        if self.case.time is None:
            self.say(f"resuming with the iterate after {meta['iteration']} iterations")
            return
        self.resumed_step, self.last_step = int(meta["step"]), int(meta["steps"])
        self.say(
            f"resuming after {self.last_step} steps ({len(self.fields)} frames are there)"
        )

    def projecting(self, posed: Posed) -> bool:
        """Whether unbalanced singular data are balanced.

        Those of a manufactured solution balance up to the error of the differences.
        """
        return self.spec.project or posed.case.manufactured is not None

    def complaint(self, found: Solution) -> str:
        """Say why the tolerance was not reached."""
        return (
            f"relative residual {self.work.worst:.3g} after {found.iterations} iterations, "
            f"the tolerance is {self.spec.rtol:g} ({self.work.reason})"
        )

    @property
    def history(self) -> Array:
        """Relative residual before every iteration and at the end, of all systems."""
        return np.concatenate(self.work.histories) if self.work.histories else np.ones(1)

    def estimate(self) -> dict[str, Any]:
        """Return an estimate of the error where there is no reference."""
        from pdekit.steady.reference import estimate

        return estimate(self)

    def bound(self) -> dict[str, Any]:
        """Return a bound of the error of the linear system, where there is one."""
        from pdekit.steady.reference import algebraic_bound, last_of

        found = algebraic_bound(self, last_of(self))
        return {} if found is None else {"algebraic_error_bound": found}

    def described(self) -> dict[str, Any]:
        """Return what the summary says of the solver."""
        steps = {"integrator": self.spec.integrator} if self.case.time else {}
        return {**self.system.describe(), "description": self.work.method, **steps}

    def convergence(self) -> dict[str, Any]:
        """Return what the summary says of the linear systems."""
        work, factor = self.work, None
        history = self.history[np.isfinite(self.history) & (self.history > 0)]
        single = work.systems == len(work.histories) == 1 and self.case.time is None
        if single and len(history) > 2:
            factor = mean_reduction(history)
        return {
            "iterations": work.iterations,
            "matvecs": work.matvecs,
            "applications": work.applications,
            "systems": work.systems,
            "relative_residual": work.worst,
            "tolerance": self.spec.rtol,
            "convergence_factor": factor,
            "reason": work.reason,
            "events": work.events,
        }

    def cost(self) -> dict[str, Any]:
        """Return what the summary says of the work."""
        work = self.work
        return {
            "solver_setup_s": work.setup_s,
            "linear_solve_s": work.solve_s,
            "preconditioner_s": work.preconditioner_s,
            "matvec_s": work.matvec_s,
            "steps": self.last_step,
            "iterations": work.iterations,
        }

    def _keep(self, index: int, u: Array, series: Mapping[str, Any]) -> None:
        """Store a frame."""
        fields = {self.problem.fields[0]: self.posed.inside(u), **self.constants()}
        self.keep_fields(index, fields, series)

    keep = _keep

    def keep_fields(
        self, index: int, fields: dict[str, Array], series: Mapping[str, Any]
    ) -> None:
        """Store a frame of which all fields are known."""
        self.fields.append(fields)
        self.series.append(dict(series))
        self.store.frame(index, fields, series)

    def constants(self, posed: Posed | None = None) -> dict[str, Array]:
        """Return fields that are stored with the solution: a coefficient that varies."""
        return {} if self.case.time is not None else constants(posed or self.posed)


class Watching:
    """Hears the iterations of a solver: shows progress, stops when the user asks."""

    def __init__(self, run: BoundaryRun, system: System, f: Array, walls: Any) -> None:
        self.run, self.op = run, system.op
        self.rtol = system.spec.rtol
        self._data = f, walls
        self._last = time.monotonic()

    def __call__(self, iteration: int, x: Array) -> None:
        """Look at the clock and at the interrupt flag.

        Raises
        ------
        Interrupted
            If the observer asks for it; the iterate has been kept then.
        """
        run, now = self.run, time.monotonic()
        if run.observer.stop_requested():
            run.store.checkpoint({"x": x}, {"iteration": iteration})
            raise Interrupted(f"stopped after {iteration} iterations")
        if now - self._last < LOOK_SECONDS:
            return
        self._last = now
        b = self.op.right_hand_side(*self._data)
        size = norm(self.op.residual(b, x)) / (norm(b) or 1.0)
        done = math.log(max(size, self.rtol)) / math.log(self.rtol)
        run.observer.progress(
            min(max(done, 0.0), 1.0), f"residual {size:.1e}, tolerance {self.rtol:.0e}"
        )
