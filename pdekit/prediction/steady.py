"""A steady case given to a model: alone, or followed by a classical solver."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from pdekit import memory
from pdekit.case.boundary_case import LinearSolverSpec, PredictionSpec
from pdekit.errors import BlowUp, PdekitError
from pdekit.linalg.interface import norm
from pdekit.observer import Observer
from pdekit.prediction.guess import Guess, Prediction
from pdekit.result import Result
from pdekit.steady import Memory, Store, checking, metrics
from pdekit.steady.choosing import constants
from pdekit.steady.grids import grid_of
from pdekit.steady.posing import Posed
from pdekit.steady.reference import bound_of, reference_of, residual_of
from pdekit.steady.run import BoundaryRun
from pdekit.typing import Array

if TYPE_CHECKING:
    from pdekit.boundary_value import AbstractProblem
    from pdekit.case.boundary_case import BoundaryCase

logger = logging.getLogger(__name__)


def predicted_run(case: BoundaryCase, observer: Observer) -> BoundaryRun | PredictedRun:
    """Make a case ready that names a model."""
    assert isinstance(case.solver, PredictionSpec)  # noqa: S101
    if isinstance(case.solver.finish, LinearSolverSpec):
        return BoundaryRun(case, observer, "solver.finish", Guess)
    return PredictedRun(case, observer)


class PredictedRun:
    """The prediction alone, with its true residual and what that says of the error.

    Raises
    ------
    CaseError
        If anything in the case is wrong that only the numbers show.
    """

    has_order = False

    def __init__(self, case: BoundaryCase, observer: Observer) -> None:
        began = time.perf_counter()
        self.case, self.observer = case, observer
        self.store: Store = Memory()
        self.warnings: list[str] = list(case.warnings)
        self.failure: PdekitError | None = None
        self.fields: list[dict[str, Array]] = []
        self.series: list[dict[str, Any]] = []
        self.times = np.zeros(1)
        self.solve_s = 0.0
        memory.require(case)
        self.grid = grid_of(case)
        self.posed = Posed(case, self.grid, self.grid)
        if case.manufactured is not None:
            checking.require_periodic(self.posed)
        checking.require_sign(self.posed)
        self.op = self.posed.operator()
        self.b = self.op.right_hand_side(self.posed.source(), self.posed.walls())
        checking.require_solvable(self.posed, self.op, self.b, project=False)
        self.model = Prediction(self.posed)
        self.residual: float | None = None
        self.reference = reference_of(self)
        metrics.require_known(case, self.problem, self.times)
        self.warnings += self.model.warnings()
        for sentence in self.warnings:
            self.say(f"warning: {sentence}")
        self.setup_s = time.perf_counter() - began

    @property
    def problem(self) -> AbstractProblem:
        """The equation with its parameters."""
        return self.posed.problem

    @property
    def begin(self) -> float:
        """The first time, of which there is none."""
        return 0.0

    @property
    def singular(self) -> bool:
        """Whether the solution is known up to a constant."""
        return bool(self.op.singular)

    @property
    def guess(self) -> PredictedRun:
        """What the summary asks about the prediction."""
        return self

    def say(self, sentence: str) -> None:
        """Tell the observer and the log."""
        logger.info(sentence)
        self.observer.message(sentence)

    def resume(self, arrays: Mapping[str, Array], meta: Mapping[str, Any]) -> None:
        """Begin anew: a prediction is made at once."""

    def execute(self) -> Result:
        """Predict."""
        from pdekit.steady.conclusion import conclude

        began = time.perf_counter()
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            u = self.model.on(self.posed)
            if np.isfinite(u).all():
                self.residual = norm(residual_of(self.op, self.b, u)) / (
                    norm(self.b) or 1.0
                )
                self._keep({self.problem.fields[0]: u, **constants(self.posed)})
            else:
                self.failure = BlowUp(
                    self.problem.fields[0], 0.0, 0, reason="is predicted not finite",
                    advice="the model is broken; solver.finish does without it",
                )  # fmt: skip
            self.solve_s = time.perf_counter() - began
            return conclude(self)

    def _keep(self, fields: dict[str, Array]) -> None:
        self.fields.append(fields)
        self.series.append({})
        self.store.frame(0, fields, {})

    def final(self, posed: Posed, steps: float = 1.0) -> Array:
        """Predict on another grid."""
        return self.model.on(posed)

    # -- what the summary says ---------------------------------------------------------

    def estimate(self) -> dict[str, Any]:
        """Estimate the error by what one multigrid cycle makes of the residual.

        A cycle solves  A e = r  but for a tenth or so.
        """
        u, found = self.fields[-1][self.problem.fields[0]], self.bound()
        if not (self.op.positive_definite or self.op.singular):
            bound = found.get("algebraic_error_bound")
            name = "residual over the smallest eigenvalue" if bound else None
            return {"error_estimate": bound, **found, "estimator": name}
        from pdekit.linalg.multigrid import Multigrid

        e = Multigrid(self.op).apply(residual_of(self.op, self.b, u))
        return {
            "error_estimate": float(np.linalg.norm(e) / (np.linalg.norm(u) or 1.0)),
            **found,
            "estimator": "correction by one multigrid cycle, against the exact solution of "
            "the differences",
        }

    def bound(self) -> dict[str, Any]:
        """Return the true residual, and a bound of the error where there is one."""
        if not self.fields:
            return {}
        u = self.fields[-1][self.problem.fields[0]]
        bound = bound_of(self.posed, self.op, self.b, u)
        found: dict[str, Any] = {"relative_residual": self.residual}
        return found if bound is None else found | {"algebraic_error_bound": bound}

    def described(self) -> dict[str, Any]:
        """Return what the summary says of the solver."""
        name = self.model.told.model
        return {"name": name, "description": f"{name}, as predicted", "order": 2}

    def convergence(self) -> dict[str, Any]:
        """Return what the summary says of how it went."""
        return {
            "iterations": 0,
            "relative_residual": self.residual,
            "tolerance": None,
            "reason": "prediction",
            "events": [],
        }

    def cost(self) -> dict[str, Any]:
        """Return what the summary says of the work."""
        return {"steps": 0, "iterations": 0, "model_s": self.model.predictor.seconds}

    def said(self) -> dict[str, Any]:
        """Return what the summary says of the prediction."""
        return {
            **self.model.facts(),
            "finish": None,
            "relative_residual": self.residual,
        }
