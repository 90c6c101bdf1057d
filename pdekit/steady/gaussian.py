"""One boundary-value case given to a Gaussian process."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from pdekit import memory
from pdekit.boundary_value import AbstractDiffusion
from pdekit.case.gaussian_case import GaussianSpec
from pdekit.errors import Interrupted, NotApplicable, NotConverged, PdekitError
from pdekit.gp import adaptive
from pdekit.gp.least_squares import TooLarge
from pdekit.gp.newton import Stagnation
from pdekit.gp.solution import Posterior
from pdekit.observer import Observer
from pdekit.result import Result
from pdekit.steady import Memory, Store, checking, metrics
from pdekit.steady.collocated import Collocated
from pdekit.steady.grids import grid_of
from pdekit.steady.posing import Posed
from pdekit.typing import Array

if TYPE_CHECKING:
    from pdekit.case.boundary_case import BoundaryCase

POOR = 1e-2
"""Relative residual between the nodes of a solution that is not to be trusted."""

logger = logging.getLogger(__name__)


class GaussianRun:
    """A boundary-value problem of a case, solved by a Gaussian process.

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
        assert isinstance(case.solver, GaussianSpec)  # noqa: S101
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
        self.has_order = False  # errors fall faster than any power of the spacing
        self.posterior: Posterior | None = None
        if case.manufactured is not None:
            checking.require_periodic(self.posed)
        if isinstance(self.problem, AbstractDiffusion):
            checking.require_sign(self.posed)
        self.collocated = Collocated(self.posed, self.spec.time_points)
        self.collocation = self.collocated.collocation
        self.bands = adaptive.bands(self.collocation)
        self.reference = reference_of(self)
        metrics.require_known(case, self.problem, self.times)
        self.warnings += self.collocated.disagreements()
        self.warnings += adaptive.near_nyquist(self.collocation, self.bands)
        for sentence in self.warnings:
            self.say(f"warning: {sentence}")
        self.setup_s = time.perf_counter() - began

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
        """Begin anew: what takes seconds is not kept half done."""

    # -- solving -----------------------------------------------------------------------

    def execute(self) -> Result:
        """Solve, or stop where the solver or the user does."""
        from pdekit.steady.conclusion import conclude

        began = time.perf_counter()
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            try:
                self.posterior = self._condition(self.collocated)
                self._keep(self.posterior)
                self._judge(self.posterior)
            except (Interrupted, NotConverged) as failure:
                self.failure = failure
            self.solve_s = time.perf_counter() - began
            return conclude(self)

    def _condition(self, collocated: Collocated) -> Posterior:
        basis = self.spec.basis
        kinds = adaptive.KINDS[:3] if basis == "auto" else (basis,)
        try:
            return adaptive.adapt(
                collocated.collocation,
                found=self.bands if collocated is self.collocated else None,
                wanted=self.spec.rtol,
                kinds=kinds,
                look=self._look,
            )
        except Stagnation as failure:
            raise NotConverged(str(failure)) from failure
        except (TooLarge, NotApplicable) as error:
            raise self.case.problem(self._where, str(error)) from error

    def _look(self, done: float, sentence: str) -> None:
        if self.observer.stop_requested():
            self.store.checkpoint({}, {"iteration": 0})  # there is nothing to go on from
            raise Interrupted("stopped before the process was conditioned")
        self.observer.progress(done, sentence)

    def _judge(self, posterior: Posterior) -> None:
        """Warn of an equation that does not hold between the nodes."""
        left, wanted = posterior.quality.worst, self.spec.rtol
        undetermined = posterior.undetermined
        if undetermined:
            raise NotConverged(
                f"the data do not determine {undetermined} of "
                f"{posterior.fit.factor.unknowns} directions: are data "
                "missing on a face, or is it a resonance?"
            )
        if left > POOR:
            raise NotConverged(
                f"between the nodes the equation holds only up to {left:.1e} of its "
                "largest term: use more points, or another solver"
            )
        if left > wanted:
            self.warnings.append(
                f"between the nodes the equation holds up to {left:.1e} of its largest "
                f"term (solver.rtol asks for {wanted:g})"
            )

    def _points(self, grid: Any, times: Array) -> list[Array]:
        points = [axis.points() for axis in grid.axes]
        return points if self.case.time is None else [*points, times]

    def _keep(self, posterior: Posterior) -> None:
        """Evaluate mean and deviation at the points and times of the case."""
        points, name = self._points(self.grid, self.times), self.problem.fields[0]
        found = {
            name: self._mean(posterior, self.grid, self.times),
            f"{name}_deviation": posterior.deviation(points),
        }
        for index in range(len(self.times)):
            steady = self.case.time is None
            frame = {n: np.array(v if steady else v[..., index]) for n, v in found.items()}
            series = self._series(frame)
            self.fields.append(frame)
            self.series.append(series)
            self.store.frame(index, frame, series)

    def _mean(self, posterior: Posterior, grid: Any, times: Array) -> Array:
        u = posterior.mean(self._points(grid, times))
        return u - float(grid.mean(u)) if self.singular else u

    def _series(self, frame: Mapping[str, Array]) -> dict[str, float]:
        name = self.problem.fields[0]
        return {
            "max_abs": float(np.abs(frame[name]).max()),
            "mean": float(self.grid.mean(frame[name])),
            "deviation": float(np.sqrt(np.mean(frame[f"{name}_deviation"] ** 2))),
        }

    def final(self, posed: Posed, steps: float = 1.0) -> Array:
        """Solve on another grid; return the end."""
        n = self.spec.time_points
        other = Collocated(posed, n and max(4, round(steps * n)))
        u = self._mean(self._condition(other), posed.grid, self.times[-1:])
        return u if self.case.time is None else u[..., -1]

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
        """Return the deviation of the last frame, and how far two bases differ."""
        if self.posterior is None:
            return {}
        name = self.problem.fields[0]
        u, spread = (self.fields[-1][n] for n in (name, f"{name}_deviation"))
        size = float(np.linalg.norm(u)) or 1.0
        found: dict[str, Any] = {
            "posterior_deviation": float(np.linalg.norm(spread)) / size
        }
        if self.reference is not None and self.reference.function:
            from pdekit.steady.reference import shifted

            exact = self.reference.at(self.posed, float(self.times[-1]))
            exact = shifted(self, self.posed, exact)
            z = (u - exact)[spread > 0] / spread[spread > 0]
            found["mean_squared_z"] = float(np.mean(z**2)) if z.size else None
        if self.posterior.disagreement is not None:
            found["disagreement_of_bases"] = self.posterior.disagreement
        return found

    def described(self) -> dict[str, Any]:
        """Return what the summary says of the solver."""
        said: dict[str, Any] = {
            "name": "gp",
            "nodes": [span.n for span in self.collocated.spans],
        }
        if (found := self.posterior) is None:
            return said | {"description": "Gaussian process"}
        return said | {
            "description": f"Gaussian process on {found.label}",
            "basis": found.label,
            "ranks": list(found.ranks),
            "nyquist_margin": found.nyquist_margin,
            "deviation": "computed" if found.deviation_is_exact(
                self._points(self.grid, self.times)) else "of draws",
            "bands": {
                span.name: {
                    "frequencies": basis.frequencies.tolist(),
                    "nyquist": span.nyquist,
                }
                for span, basis in zip(self.collocated.spans, found.fit.bases, strict=True)
            },
            "data_peaks": {
                span.name: {
                    "frequencies": peaks.frequencies.tolist(),
                    "powers": peaks.powers.tolist(),
                }
                for span, peaks in zip(self.collocated.spans, self.bands, strict=True)
            },
        }  # fmt: skip

    def convergence(self) -> dict[str, Any]:
        """Return what the summary says of how it went."""
        if (found := self.posterior) is None:
            return {"iterations": 0, "tolerance": self.spec.rtol, "events": []}
        return {
            "iterations": len(found.fit.corrections),
            "inner_iterations": found.fit.iterations,
            "corrections": found.fit.corrections,
            "relative_residual": found.quality.nodes,
            "midpoint_residual": found.quality.between,
            "condition_misfit": found.quality.conditions,
            "tolerance": self.spec.rtol,
            "reason": "tol" if found.quality.worst <= self.spec.rtol else "bases",
            "tried": [
                {"basis": text, "midpoint_residual": each.between}
                for text, each in found.tried
            ],
            "events": [],
        }

    def cost(self) -> dict[str, Any]:
        """Return what the summary says of the work."""
        count = 0 if self.posterior is None else len(self.posterior.fit.corrections)
        return {"steps": 0, "iterations": count}
