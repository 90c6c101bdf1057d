"""What all runs share that give a boundary-value case to a Gaussian process."""

from __future__ import annotations

import logging
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from pdekit import memory
from pdekit.boundary_value import AbstractDiffusion
from pdekit.case.gaussian_case import GaussianSpec, JointSpec
from pdekit.errors import BlowUp, Interrupted, NotConverged, PdekitError
from pdekit.observer import Observer
from pdekit.result import Result
from pdekit.steady import Memory, Store, checking, metrics
from pdekit.steady.collocated import Collocated
from pdekit.steady.grids import grid_of
from pdekit.steady.posing import Posed
from pdekit.typing import Array

if TYPE_CHECKING:
    from pdekit.case.boundary_case import BoundaryCase

logger = logging.getLogger(__name__)


class AbstractProcessRun(ABC):
    """A boundary-value problem of a case, and a process that is conditioned on it.

    Raises
    ------
    CaseError
        If anything in the case is wrong that only the numbers show.
    """

    spec: GaussianSpec | JointSpec

    def __init__(
        self, case: BoundaryCase, observer: Observer, where: str = "solver"
    ) -> None:
        from pdekit.steady.reference import reference_of

        began = time.perf_counter()
        self.case, self.observer, self._where = case, observer, where
        self.store: Store = Memory()
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
        self.has_order = False  # errors fall faster than any power of the spacing
        if case.manufactured is not None:
            checking.require_periodic(self.posed)
        if isinstance(self.problem, AbstractDiffusion):
            checking.require_sign(self.posed)
        assert isinstance(case.solver, GaussianSpec | JointSpec)  # noqa: S101
        self.spec = case.solver
        self.collocated = Collocated(self.posed, self.spec.time_points)
        self._prepare()
        self.reference = reference_of(self)
        metrics.require_known(case, self.problem, self.times)
        for sentence in self.warnings:
            self.say(f"warning: {sentence}")
        self.setup_s = time.perf_counter() - began

    @abstractmethod
    def _prepare(self) -> None:
        """Make the data ready, and refuse or warn of what is wrong with them."""

    @abstractmethod
    def _solve(self) -> None:
        """Condition the process, keep its frames, and judge it."""

    @abstractmethod
    def final(self, posed: Posed, steps: float = 1.0) -> Array:
        """Solve on another grid; return the end."""

    @abstractmethod
    def described(self) -> dict[str, Any]:
        """Return what the summary says of the solver."""

    @abstractmethod
    def convergence(self) -> dict[str, Any]:
        """Return what the summary says of how it went."""

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

    def resume(  # noqa: B027
        self, arrays: Mapping[str, Array], meta: Mapping[str, Any]
    ) -> None:
        """Begin anew: what takes seconds is not kept half done."""

    def execute(self) -> Result:
        """Solve, or stop where the solver or the user does."""
        from pdekit.steady.conclusion import conclude

        began = time.perf_counter()
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            try:
                self._solve()
            except (BlowUp, Interrupted, NotConverged) as failure:
                self.failure = failure
            self.solve_s = time.perf_counter() - began
            return conclude(self)

    def _look(self, done: float, sentence: str) -> None:
        if self.observer.stop_requested():
            self.store.checkpoint({}, {"iteration": 0})  # there is nothing to go on from
            raise Interrupted("stopped before the process was conditioned")
        self.observer.progress(done, sentence)

    def _points(self, grid: Any, times: Array) -> list[Array]:
        """Return coordinates along every axis, time behind those of space."""
        points = [axis.points() for axis in grid.axes]
        return points if self.case.time is None else [*points, times]

    def _last(self, values: Array) -> Array:
        """Return the last of the times along the last axis; all of a steady problem."""
        return values if self.case.time is None else values[..., -1]

    def _keep(self, found: Mapping[str, Array]) -> None:
        """Store values at the points and times of the case, frame by frame."""
        steady = self.case.time is None
        for index in range(len(self.times)):
            frame = {n: np.array(v if steady else v[..., index]) for n, v in found.items()}
            series = self._series(frame)
            self.fields.append(frame)
            self.series.append(series)
            self.store.frame(index, frame, series)

    def _series(self, frame: Mapping[str, Array]) -> dict[str, float]:
        name = self.problem.fields[0]
        found = {
            "max_abs": float(np.abs(frame[name]).max()),
            "mean": float(self.grid.mean(frame[name])),
        }
        if (spread := frame.get(f"{name}_deviation")) is not None:
            found["deviation"] = float(np.sqrt(np.mean(spread**2)))
        return found

    # -- what the summary says ---------------------------------------------------------

    def estimate(self) -> dict[str, Any]:
        """Return the posterior deviation as an estimate of the relative L² error."""
        found = self.bound()
        return {
            "error_estimate": found["posterior_deviation"],
            **found,
            "estimator": "posterior deviation",
        }

    def bound(self) -> dict[str, Any]:
        """Return the deviation of the last frame, and how well it tells the error."""
        if not self.fields:
            return {}
        name = self.problem.fields[0]
        u, spread = (self.fields[-1][n] for n in (name, f"{name}_deviation"))
        size = float(np.linalg.norm(u)) or 1.0
        found: dict[str, Any] = {
            "posterior_deviation": float(np.linalg.norm(spread)) / size
        }
        if self.reference is not None and self.reference.function:
            found["mean_squared_z"] = self._mean_squared_z(name, self._exact)
        return found

    def _exact(self, t: float) -> Array:
        """Return the reference, which is a function, at the points and a time."""
        from pdekit.steady.reference import shifted

        assert self.reference is not None  # noqa: S101
        exact = self.reference.at(self.posed, t)
        assert exact is not None  # noqa: S101
        return shifted(self, self.posed, exact)

    def _mean_squared_z(self, name: str, exact: Callable[[float], Array]) -> float | None:
        """Return the mean of  ((μ − u)/σ)²  over all frames; None if no σ is known."""
        z = []
        for frame, t in zip(self.fields, self.times, strict=False):
            mean, spread, u = frame[name], frame[f"{name}_deviation"], exact(float(t))
            known = spread > 0
            z.append(((mean - u)[known] / spread[known]) ** 2)
        each = np.concatenate(z)
        return float(np.mean(each)) if each.size else None

    def cost(self) -> dict[str, Any]:
        """Return what the summary says of the work."""
        return {"steps": 0, "iterations": self.convergence()["iterations"]}
