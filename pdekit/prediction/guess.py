"""What a model predicts of a steady problem, and what a solver gains from it."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from pdekit.case.boundary_case import PredictionSpec
from pdekit.linalg.interface import norm
from pdekit.prediction import extrapolation
from pdekit.prediction.loading import called, loaded
from pdekit.steady.choosing import on_points
from pdekit.steady.reference import residual_of
from pdekit.steady.work import Work
from pdekit.typing import Array

if TYPE_CHECKING:
    from pdekit.steady.posing import Posed
    from pdekit.steady.run import BoundaryRun

IGNORES = ("direct", "spectral")
"""Solvers that begin with nothing."""


class Prediction:
    """The model of a steady case, and what goes into it.

    Raises
    ------
    CaseError
        If the weights cannot be used, or not on this grid.
    """

    def __init__(self, posed: Posed) -> None:
        case = posed.case
        assert isinstance(case.solver, PredictionSpec)  # noqa: S101
        self.posed, self.spec = posed, case.solver
        fields = posed.problem.fields
        self.told, self.predictor = loaded(case, self.spec, fields, posed.grid)
        self.inputs = self._inputs(posed)
        called(case, self.predictor.solution, self._stacked(self.inputs))
        self.predictor.seconds = 0.0  # the first call makes plans

    def _inputs(self, posed: Posed) -> dict[str, Array]:
        """Return the fields that the model takes, by name."""
        known: dict[str, Callable[[], Any]] = {
            "coefficient": lambda: on_points(posed, 0),
            "source": posed.source,
            "reaction": lambda: posed.reaction,
        }
        for d, axis in enumerate(posed.grid.names):
            known[f"coefficient_{axis}"] = partial(on_points, posed, d)
        shape = posed.grid.shape
        return {
            name: np.array(np.broadcast_to(known[name](), shape), dtype=float)
            for name in self.told.constant
        }

    def _stacked(self, inputs: dict[str, Array]) -> Array:
        return np.stack([inputs[name] for name in self.told.constant])

    def on(self, posed: Posed) -> Array:
        """Predict the solution on the grid of a problem, that of the case or another."""
        same = posed is self.posed
        inputs = self.inputs if same else self._inputs(posed)
        predictor = self.predictor if same else self.predictor.on(posed.grid)
        with np.errstate(over="ignore", invalid="ignore"):
            u = np.asarray(predictor.solution(self._stacked(inputs)))
            free = posed.operator().singular
            return u - float(posed.grid.mean(u)) if free else u

    def warnings(self) -> list[str]:
        """Return what the case has that training had not."""
        case, posed = self.posed.case, self.posed
        params = dict(case.equation.params)
        params["source"] = case.source or params.get("source")
        batches = {name: values[None] for name, values in self.inputs.items()}
        found = [
            *extrapolation.of_grid(self.told, posed.grid),
            *extrapolation.of_equation(self.told, params),
            *extrapolation.of_inputs(self.told, batches),
        ]
        largest = max((float(np.abs(g).max()) for g in posed.walls().values()), default=0.0)
        if largest > 0:
            found.append(
                f"the data on the walls (up to {largest:.3g}) are no input of the model: "
                "it predicts for those of its training"
            )
        if case.manufactured is not None and "source" not in self.told.constant:
            found.append(
                "the source follows from `manufactured` and is no input of the model: it "
                "predicts for that of its training"
            )
        return found

    def facts(self) -> dict[str, Any]:
        """Return what the summary says of the model itself."""
        return {
            "model": self.told.model,
            "weights": self.spec.weights,
            "test_errors": self.told.facts.get("errors"),
            "model_s": self.predictor.seconds,
        }


class Guess:
    """The prediction as what a run begins with, and what came of it.

    One that is not finite, or whose residual is larger than that of zero, is not used.
    """

    def __init__(self, run: BoundaryRun) -> None:
        self.run, self.prediction = run, Prediction(run.posed)
        self.u: Array | None = None
        self.residual: float | None = None
        self.used, self.why = False, "the run went on from a checkpoint"
        self.error: float | None = None
        self.without: dict[str, Any] | str = "unknown"
        found = self.prediction.warnings()
        run.warnings += found
        for sentence in found:
            run.say(f"warning: {sentence}")

    def start(self) -> Array | None:
        """Predict, and return the prediction if it is better than nothing."""
        run, system = self.run, self.run.system
        u = self.u = self.prediction.on(run.posed)
        b = system.op.right_hand_side(run.f, run.walls)
        size, largest = norm(residual_of(system.op, b, u)), norm(b)
        self.residual = size / (largest or 1.0)
        if not np.isfinite(self.residual):
            self.why = "it is not finite"
        elif size >= largest:
            self.why = f"its residual is {self.residual:.3g} times that of zero"
        elif system.on_tensors or system.choice.name in IGNORES:
            name = "backend torch" if system.on_tensors else system.choice.name
            self.why = f"{name} begins with nothing"
        else:
            self.used, self.why = True, ""
            return u
        run.warnings.append(f"the prediction was not used: {self.why}")
        run.say(f"warning: {run.warnings[-1]}")
        return None

    def hold_against(self, u: Array) -> None:
        """Take the error of the prediction, and what it saved if that is asked for."""
        if self.u is None:
            return
        size = float(np.linalg.norm(u)) or 1.0
        if np.isfinite(self.u).all():
            self.error = float(np.linalg.norm(self.u - u)) / size
        if self.prediction.spec.compare:
            work, began = Work(), time.perf_counter()
            self.run.solution(self.run.posed, self.run.system, work)
            seconds = time.perf_counter() - began
            self.without = {"iterations": work.iterations, "solve_s": seconds}

    def said(self) -> dict[str, Any]:
        """Return what the summary says of the prediction."""
        return {
            **self.prediction.facts(),
            "finish": self.run.system.choice.name,
            "used": self.used,
            "why_not": self.why or None,
            "relative_residual": _number(self.residual),
            "relative_l2": self.error,
            "iterations": self.run.work.iterations,
            "without": self.without,
        }


def _number(value: float | None) -> float | None:
    """Return a number that JSON can hold."""
    return None if value is None or not np.isfinite(value) else value
