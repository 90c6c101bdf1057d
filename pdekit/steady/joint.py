"""One boundary-value case given to the published joint optimisation (GP-HM)."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from pdekit.case.gaussian_case import JointSpec
from pdekit.errors import Interrupted, NotApplicable
from pdekit.gp.collocation import rms
from pdekit.gp.joint import EVALUATIONS, JointFit, Progress
from pdekit.gp.joint_objective import JointOptions
from pdekit.gp.kernels import GaussianMixture, StudentMixture
from pdekit.gp.posing import joint_problem
from pdekit.steady.collocated import Collocated
from pdekit.steady.posing import Posed
from pdekit.steady.process import AbstractProcessRun
from pdekit.typing import Array

KERNELS: dict[str, Any] = {"mixture": GaussianMixture, "student": StudentMixture}
LOOK = 10
"""Steps between two looks at the interrupt flag."""


class JointRun(AbstractProcessRun):
    """A boundary-value problem of a case, for reproducing published figures."""

    spec: JointSpec

    def _prepare(self) -> None:
        self.fit = self._fit(self.collocated)
        self.history: list[Progress] = []
        self.smallest: float | None = None
        self.warnings += self.collocated.disagreements()

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

    def resume(self, arrays: Mapping[str, Array], meta: Mapping[str, Any]) -> None:
        """Go on from a step that was kept, as if never interrupted."""
        self.fit.restore(arrays)
        self.history = [Progress(**told) for told in meta["history"]]
        self.smallest = meta["smallest"]
        self.say(f"resuming after {self.fit.adam.step} steps")

    # -- solving -----------------------------------------------------------------------

    def _solve(self) -> None:
        try:
            self._descend()
        finally:
            if not self.observer.stop_requested():
                self._keep({self.problem.fields[0]: self._values(self.times)})

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
            u = self._last(self._values(self.times[-1:]))
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
        return self.fit.predict(self._points(self.grid, times))

    def final(self, posed: Posed, steps: float = 1.0) -> Array:
        """Optimise on another grid; return the end."""
        other = self._fit(Collocated(posed, self.spec.time_points))
        other.advance(self.spec.steps)
        found = other.predict(self._points(posed.grid, self.times[-1:]))
        return np.asarray(self._last(found))

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
        scale = rms(self.collocated.collocation.nodes.source) or 1.0
        return {
            "iterations": self.fit.adam.step,
            "relative_residual": None if last is None else last.residual / scale,
            "boundary_gap": None if last is None else last.boundary_gap,
            "tolerance": None,
            "reason": "steps",
            "events": [],
            "history": [vars(told) for told in self.history],
        }
