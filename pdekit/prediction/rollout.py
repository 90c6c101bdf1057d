"""A model that steps on from its own frames, watched and judged on the way."""

from __future__ import annotations

from typing import Any

import numpy as np

from pdekit.errors import BlowUp, NotConverged
from pdekit.prediction.model import Model, distance, rms
from pdekit.stepping import State
from pdekit.typing import Array, Field

JUDGED = 5
"""Blocks of frames that the classical solver is asked about."""


class Rollout:
    """A stepper whose steps are those of a model.

    A state holds the last frame, and as its ``extra`` the ``window`` of frames that the
    model takes and of those that it has given and that are still to come, ``left`` of them.
    The first frames of a model that takes several are solved classically.  On a few of its
    steps it is held against the classical solver from the same frame: its *defects*.
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        count = min(JUDGED, model.blocks)
        self.judged = np.unique(np.linspace(0, model.blocks - 1, count).round().astype(int))

    # -- the interface of a stepper ----------------------------------------------------

    def start(self, u: Field) -> State:
        """Return the state at the initial time."""
        first = self.model.parts(u)
        extra = {
            "window": first[None],
            "left": 0,
            "bounds": self.model.bounds(first),
            "defects": np.full(len(self.judged), np.nan),
        }
        return State(first, self.model.start, 0, extra)

    def restored(self, saved: Array) -> Array:
        """Return an array of a checkpoint: states are plain ones."""
        return np.array(saved)

    def arrived(self, state: State, until: float) -> bool:
        """Whether the next frame would be later."""
        return state.step >= self.model.frame(until)

    def advance(self, state: State, until: float, max_steps: int) -> State:
        """Take at most ``max_steps`` frames, none of them later than ``until``."""
        for _ in range(max_steps):
            if self.arrived(state, until):
                break
            state = self._next(state)
        return state

    def sample(self, state: State, time: float) -> Field:
        """Return the values at the time of a frame."""
        return self.model.whole(state.u)

    def describe(self) -> dict[str, Any]:
        """Return the step of the model."""
        return {"step": self.model.step, "history": self.model.history}

    # -- one frame ---------------------------------------------------------------------

    def _next(self, state: State) -> State:
        extra = dict(state.extra)
        if not extra["left"]:
            self._look_ahead(state, extra)
        u, frame = extra["window"][-extra["left"]], state.step + 1
        extra["left"] -= 1
        self._watch(u, frame, extra["bounds"])
        return State(u, self.model.time(frame), frame, extra)

    def _look_ahead(self, state: State, extra: dict[str, Any]) -> None:
        """Add the next block of frames to the window."""
        model, window = self.model, extra["window"]
        if len(window) < model.history:
            found = model.solved(window[-1], state.step, 1)
        else:
            found = model.predicted(window[-model.history :])
            self._judge(state, found, extra)
        extra["window"] = np.concatenate([window[-model.history :], found])
        extra["left"] = len(found)

    def _judge(self, state: State, found: Array, extra: dict[str, Any]) -> None:
        """Hold a block against the classical solver, if it is one of the few."""
        model = self.model
        block = (state.step - model.history + 1) // model.ahead
        place = np.flatnonzero(self.judged == block)
        if not len(place) or not np.isfinite(found).all():
            return
        try:
            truth = model.solved(extra["window"][-1], state.step, len(found))
        except (BlowUp, NotConverged):  # of a frame that no solver can go on from
            return
        extra["defects"] = extra["defects"].copy()
        extra["defects"][place] = distance(found, truth)

    def _watch(self, u: Array, frame: int, bounds: Array) -> None:
        """Stop where a frame is not finite, or far larger than all that was seen."""
        with np.errstate(over="ignore", invalid="ignore"):
            size = rms(u[None])
        worst = np.flatnonzero(~(size <= bounds))
        if not len(worst):
            return
        c = int(worst[0])
        reason = (
            f"has the r.m.s. {size[c]:.3g}, beyond {self.model.spec.growth:g} times the "
            f"largest seen, {bounds[c] / self.model.spec.growth:.3g}"
            if np.isfinite(size[c])
            else "became non-finite"
        )
        raise BlowUp(
            self.model.names[c],
            self.model.time(frame),
            frame,
            reason=reason,
            advice="the roll-out of the model is unstable; solver.finish corrects it",
        )

    # -- in words ----------------------------------------------------------------------

    def defects(self, states: list[State]) -> Array:
        """Return the largest defect of all members at each judged block."""
        found = np.stack([state.extra["defects"] for state in states])
        known = np.isfinite(found).all(axis=0)
        return np.asarray(found.max(axis=0)[known])

    def estimate(self, states: list[State]) -> dict[str, Any]:
        """Add the defects up: as they do where the flow does not spread errors."""
        defects = self.defects(states)
        if not len(defects):
            return {}
        blocks = self.model.blocks
        return {
            "error_estimate": float(np.mean(defects)) * blocks,
            "estimator": f"defects of {len(defects)} of {blocks} predictions against "
            f"{self.model.integrator} from the same frame, added up",
        }

    def prediction(self, states: list[State]) -> dict[str, Any]:
        """Return what the summary says of the prediction."""
        fine, predictor = self.model.fine, self.model.predictor
        return {
            **self.model.facts(),
            "predictions": predictor.calls,
            "model_s": predictor.seconds,
            "defects": self.defects(states).tolist() if states else [],
            "judging_s": fine.seconds,
        }

    def complaints(self, states: list[State]) -> list[str]:
        """Return what the run has to warn of at its end."""
        return []
