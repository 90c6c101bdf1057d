"""One boundary-value case given to the published joint optimisation (GP-HM)."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from pdekit import memory
from pdekit.case.gaussian_case import JointSpec
from pdekit.errors import BlowUp, Interrupted, NotApplicable, PdekitError
from pdekit.gp.collocation import rms
from pdekit.gp.joint import EVALUATIONS, JointFit, Progress
from pdekit.gp.joint_objective import JointOptions
from pdekit.gp.kernels import GaussianMixture, StudentMixture
from pdekit.gp.posing import joint_problem
from pdekit.observer import Observer
from pdekit.result import Result
from pdekit.steady import Memory, Store, metrics
from pdekit.steady.collocated import Collocated
from pdekit.steady.grids import grid_of
from pdekit.steady.posing import Posed
from pdekit.typing import Array

if TYPE_CHECKING:
    from pdekit.case.boundary_case import BoundaryCase

KERNELS: dict[str, Any] = {"mixture": GaussianMixture, "student": StudentMixture}
LOOK = 10
"""Steps between two looks at the interrupt flag."""

logger = logging.getLogger(__name__)


class JointRun:
    """A boundary-value problem of a case, for reproducing published figures.

    Raises
    ------
    CaseError
        If anything in the case is wrong that only the numbers show.
    """

    def __init__(
        self, case: BoundaryCase, observer: Observer, where: str = "solver"
    ) -> None:
        from pdekit.steady.reference import reference_of

        began = time.perf_counter()
        self.case, self.observer, self._where = case, observer, where
        self.store: Store = Memory()
        assert isinstance(case.solver, JointSpec)  # noqa: S101
        self.spec = case.solver
        self.warnings: list[str] = list(case.warnings)
        self.failure: PdekitError | None = None
        self.fields: list[dict[str, Array]] = []
        self.series: list[dict[str, Any]] = []
        memory.require(case)
        self.grid = grid_of(case)
        self.posed = Posed(case, self.grid, self.grid)
        self.problem = self.posed.problem
        self.times = np.array([0.0]) if case.time is None else case.time.frames()
        self.solve_s = 0.0
        self.has_order = False
        self.collocated = Collocated(self.posed, self.spec.time_points)
        self.fit = self._fit(self.collocated)
        self.history: list[Progress] = []
        self.smallest: float | None = None
        self.reference = reference_of(self)
        metrics.require_known(case, self.problem, self.times)
        self.warnings += self.collocated.disagreements()
        for sentence in self.warnings:
            self.say(f"warning: {sentence}")
        self.setup_s = time.perf_counter() - began

    def _fit(self, collocated: Collocated) -> JointFit:
        options = JointOptions(
            mixture=KERNELS[self.spec.kernel],
            components=self.spec.components,
            top_frequency=self.spec.highest,
            rate=self.spec.rate,
            boundary_weight=self.spec.boundary_weight,
        )
        try:
            return JointFit(joint_problem(collocated.collocation), options)
        except NotApplicable as error:
            where = self._where if error.key == "basis" else error.key
            raise self.case.problem(where, str(error)) from error

    @property
    def begin(self) -> float:
        """The first time."""
        return 0.0 if self.case.time is None else self.case.time.start

    @property
    def singular(self) -> bool:
        """Whether the solution is known up to a constant."""
        return self.collocated.singular

    def say(self, sentence: str) -> None:
        """Tell the observer and the log."""
        logger.info(sentence)
        self.observer.message(sentence)

    def resume(self, arrays: Mapping[str, Array], meta: Mapping[str, Any]) -> None:
        """Go on from a step that was kept, as if never interrupted."""
        self.fit.restore(arrays)
        self.history = [Progress(**told) for told in meta["history"]]
        self.smallest = meta["smallest"]
        self.say(f"resuming after {self.fit.adam.step} steps")

    # -- solving -----------------------------------------------------------------------

    def execute(self) -> Result:
        """Optimise, or stop where the objective or the user does."""
        from pdekit.steady.conclusion import conclude

        began = time.perf_counter()
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            try:
                self._descend()
            except (Interrupted, BlowUp) as failure:
                self.failure = failure
            if not isinstance(self.failure, Interrupted):
                self._keep()
            self.solve_s = time.perf_counter() - began
            return conclude(self)

    def _descend(self) -> None:
        steps, kept = self.spec.steps, time.monotonic()
        marks = set(np.linspace(0, steps, EVALUATIONS + 1).astype(int)[1:].tolist())
        while (now := self.fit.adam.step) < steps:
            stop = self.observer.stop_requested()
            if stop or time.monotonic() - kept > self.case.outputs.checkpoint_every:
                kept = time.monotonic()
                self._checkpoint()
            if stop:
                raise Interrupted(f"stopped after {now} steps of {steps}")
            ahead = min([m for m in marks if m > now] + [now + LOOK])
            value = self.fit.advance(ahead - now)
            if value is None:
                continue
            self.observer.progress(ahead / steps, f"residual {value.residual:.1e}")
            if ahead in marks:
                self._evaluate(ahead, value)

    def _evaluate(self, step: int, value: Any) -> None:
        """Note how far it has come, as the authors do twenty times."""
        error = None
        if self.reference is not None and self.reference.function:
            u = self._values(self.times[-1:])
            u = u if self.case.time is None else u[..., -1]
            exact = np.asarray(self.reference.at(self.posed, float(self.times[-1])))
            error = float(np.linalg.norm(u - exact) / np.linalg.norm(exact))
            self.smallest = min(error, self.smallest or error)
        sizes = value.loss, value.residual, value.boundary_gap
        self.history.append(Progress(step, self.spec.steps, *sizes, error))

    def _checkpoint(self) -> None:
        history = [vars(told) for told in self.history]
        meta = {"frames": 0, "history": history, "smallest": self.smallest}
        self.store.checkpoint(self.fit.state(), meta)

    def _values(self, times: Array) -> Array:
        points = [axis.points() for axis in self.grid.axes]
        return self.fit.predict(points if self.case.time is None else [*points, times])

    def _keep(self) -> None:
        """Evaluate the mean at the points and times of the case."""
        u, name = self._values(self.times), self.problem.fields[0]
        for index in range(len(self.times)):
            frame = {name: np.array(u if self.case.time is None else u[..., index])}
            series = {
                "max_abs": float(np.abs(frame[name]).max()),
                "mean": float(self.grid.mean(frame[name])),
            }
            self.fields.append(frame)
            self.series.append(series)
            self.store.frame(index, frame, series)

    def final(self, posed: Posed, steps: float = 1.0) -> Array:
        """Optimise on another grid; return the end."""
        other = self._fit(Collocated(posed, self.spec.time_points))
        other.advance(self.spec.steps)
        points = [axis.points() for axis in posed.grid.axes]
        if self.case.time is None:
            return other.predict(points)
        return np.asarray(other.predict([*points, self.times[-1:]])[..., -1])

    # -- what the summary says ---------------------------------------------------------

    def estimate(self) -> dict[str, Any]:
        """Return nothing but the residual: the method knows no deviation."""
        return {"error_estimate": None, **self.bound()}

    def bound(self) -> dict[str, Any]:
        """Return the smallest error on the way, which the published figures are."""
        if self.smallest is None:
            return {}
        return {"smallest_error_of_evaluations": self.smallest}

    def described(self) -> dict[str, Any]:
        """Return what the summary says of the solver."""
        return {
            "name": "gp_hm",
            "description": f"joint optimisation of {self.spec.components} components "
            f"({self.spec.kernel})",
            "nodes": [span.n for span in self.collocated.spans],
            "jitter": self.fit.objective.jitter,
        }

    def convergence(self) -> dict[str, Any]:
        """Return what the summary says of how it went."""
        last = self.history[-1] if self.history else None
        scale = rms(self.collocation_source) or 1.0
        return {
            "iterations": self.fit.adam.step,
            "relative_residual": None if last is None else last.residual / scale,
            "boundary_gap": None if last is None else last.boundary_gap,
            "tolerance": None,
            "reason": "steps",
            "events": [],
            "history": [vars(told) for told in self.history],
        }

    @property
    def collocation_source(self) -> Array:
        """The right-hand side at the nodes."""
        return self.collocated.collocation.nodes.source

    def cost(self) -> dict[str, Any]:
        """Return what the summary says of the work."""
        return {"steps": 0, "iterations": self.fit.adam.step}
