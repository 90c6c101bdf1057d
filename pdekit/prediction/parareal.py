"""A model corrected by the classical solver until both agree: parareal in time.

With G the model and F the classical solver, both from the end of a slab to the end of the
next, U⁰ is the roll-out of G, and

    U_{n+1}^{k+1} = G(U_n^{k+1}) + F(U_n^k) − G(U_n^k),

until the jumps  ‖F(U_n^k) − U_{n+1}^k‖ / ‖F(U_n^k)‖  add up to no more than a tolerance.
After k corrections the first k slabs are those of F whatever G is: the limit is the
classical solution, started afresh on every slab.  A prediction that is not finite, or far
larger than all that was seen, is replaced by the state of F.  Where corrections do not
halve the jumps, or there were too many, F alone does the rest.

All is done one slab after the other: more work than F alone, which needs each slab once.

References
----------
Lions, Maday & Turinici, C. R. Acad. Sci. Paris I 332 (2001) 661.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from pdekit.case.learned_case import FinishSpec
from pdekit.errors import BlowUp, NotConverged
from pdekit.prediction.model import Model, distance
from pdekit.stepping import State
from pdekit.typing import Array, Field

GAIN = 0.5
"""What a correction must make of the jumps, or it is left to F."""


class Parareal:
    """A stepper that knows all frames at once, when the jumps are small.

    A slab is a block of frames that the model gives at once.  The ``extra`` of a state
    holds, for every frame, what is passed on (``passed``), what F (``fine``) and what G
    made of the slab before (``coarse``); for every slab whether its ``fine`` is that of
    what is passed on now (``ready``); what is being done (``doing``), and with which slab.
    The arrays are worked on in place.
    """

    def __init__(self, model: Model, spec: FinishSpec) -> None:
        self.model, self.tolerance = model, spec.tolerance
        self.most = min(spec.max_iterations, max(model.blocks, 1))
        self.first = model.history - 1
        """The last of the frames that are solved classically to begin with."""

    # -- the interface of a stepper ----------------------------------------------------

    def start(self, u: Field) -> State:
        """Return the state at the initial time."""
        model = self.model
        first, slabs = model.parts(u), model.blocks
        frames = max(self.first + slabs * model.ahead, model.last) + 1
        passed = np.zeros((frames, *first.shape))
        passed[0] = first
        extra = {
            "passed": passed,
            "fine": passed.copy(),
            "coarse": np.full_like(passed, np.nan),
            "ready": np.zeros(max(slabs, 1)),
            "jumps": np.full(max(slabs, 1), np.inf),
            "history": np.full(self.most + 1, np.nan),
            "bounds": model.bounds(first),
            "doing": "begin",
            "slab": 0,
            "exact": 0,
            "corrections": 0,
            "replaced": 0,
            "solved": 0,
            "fine_s": 0.0,
            "model_s": 0.0,
        }
        return State(first, model.start, 0, extra)

    def restored(self, saved: Array) -> Array:
        """Return an array of a checkpoint: states are plain ones."""
        return np.array(saved)

    def arrived(self, state: State, until: float) -> bool:
        """Whether all is done; the start is known before."""
        return state.extra["doing"] == "done" or until <= self.model.start

    def advance(self, state: State, until: float, max_steps: int) -> State:
        """Work on at most ``max_steps`` slabs."""
        x = dict(state.extra)
        for _ in range(max_steps):
            if x["doing"] == "done":
                break
            getattr(self, f"_{x['doing']}")(x)
        done = x["slab"] / max(self.model.blocks, 1) if x["doing"] != "done" else 1.0
        t = self.model.start + done * (self.model.time(self.model.last) - self.model.start)
        return State(state.u, t, x["solved"], x)

    def sample(self, state: State, time: float) -> Field:
        """Return the values at the time of a frame, as F made them."""
        return self.model.whole(state.extra["fine"][self.model.frame(time)])

    def describe(self) -> dict[str, Any]:
        """Return the slabs and the tolerance."""
        return {"step": self.model.step, "slabs": self.model.blocks}

    # -- what is done, one slab at a time ----------------------------------------------

    def _begin(self, x: dict[str, Any]) -> None:
        """Solve a frame that the model needs before it can begin."""
        frame = x["slab"]
        if frame < min(self.first, self.model.last):
            x["passed"][frame + 1] = self._solved(x, frame, 1)[0]
            x["fine"][frame + 1] = x["passed"][frame + 1]
            x["slab"] += 1
        else:
            self._turn(x, "predict" if self.model.blocks else "done")

    def _predict(self, x: dict[str, Any]) -> None:
        """Roll the model out: U⁰."""
        slab = x["slab"]
        if slab == self.model.blocks:
            self._turn(x, "solve")
            return
        ahead = self._ahead(slab)
        found = self._guessed(x, slab)
        if found is None:
            x["passed"][ahead] = self._fine_or_still(x, slab)
        else:
            x["passed"][ahead] = found
        x["slab"] += 1

    def _solve(self, x: dict[str, Any]) -> None:
        """Solve a slab classically from what is passed to it, and note the jump."""
        slab = x["slab"]
        if slab == self.model.blocks:
            self._look(x)
            return
        if not x["ready"][slab]:
            self._fine_or_still(x, slab)
        ahead = self._ahead(slab)
        known = bool(x["ready"][slab])
        jump = distance(x["passed"][ahead], x["fine"][ahead]) if known else np.inf
        x["jumps"][slab] = jump
        x["slab"] += 1

    def _correct(self, x: dict[str, Any]) -> None:
        """Pass on  F(U_n^k) + (G(U_n^{k+1}) − G(U_n^k))."""
        slab = x["slab"]
        if slab == self.model.blocks:
            self._turn(x, "solve")
            return
        ahead = self._ahead(slab)
        value = x["fine"][ahead].copy()
        if slab > x["exact"]:
            before = x["coarse"][ahead].copy()
            found = self._guessed(x, slab)
            corrected = value if found is None else value + (found - before)
            if self.model.usable(corrected, x["bounds"]):
                value = corrected
            else:
                x["replaced"] += 1
            x["ready"][slab] = 0.0
        x["passed"][ahead] = value
        x["slab"] += 1

    def _classical(self, x: dict[str, Any]) -> None:
        """Solve what is left by F alone."""
        slab = x["slab"]
        if slab == self.model.blocks:
            self._turn(x, "done")
            return
        if slab > x["exact"]:
            x["ready"][slab] = 0.0
        x["exact"] = slab  # so that F failing here is a failure of F
        if not x["ready"][slab]:
            self._fine_or_still(x, slab)
        ahead = self._ahead(slab)
        x["passed"][ahead] = x["fine"][ahead]
        x["slab"] += 1

    def _look(self, x: dict[str, Any]) -> None:
        """Decide what comes next, when all jumps are known."""
        jumps, k = x["jumps"], x["corrections"]
        while x["exact"] < self.model.blocks and jumps[x["exact"]] == 0.0:
            x["exact"] += 1
        total = float(np.sum(jumps[: self.model.blocks]))
        x["history"][k] = total
        if total <= self.tolerance:
            self._turn(x, "done")
        elif k == self.most or (k and not total <= GAIN * x["history"][k - 1]):
            self._turn(x, "classical")
            x["slab"] = x["exact"]
        else:
            x["corrections"] = k + 1
            self._turn(x, "correct")
            x["slab"] = x["exact"]

    def _turn(self, x: dict[str, Any], doing: str) -> None:
        x["doing"], x["slab"] = doing, 0

    # -- the two propagators -----------------------------------------------------------

    def _ahead(self, slab: int) -> slice:
        """Return the frames of a slab."""
        first = self.first + slab * self.model.ahead + 1
        return slice(first, first + self.model.ahead)

    def _guessed(self, x: dict[str, Any], slab: int) -> Array | None:
        """G: predict a slab; None where the prediction is of no use."""
        ahead, began = self._ahead(slab), time.perf_counter()
        found = self.model.predicted(
            x["passed"][ahead.start - self.model.history : ahead.start]
        )
        x["model_s"] += time.perf_counter() - began
        if not self.model.usable(found, x["bounds"]):
            x["replaced"] += 1
            x["coarse"][ahead] = np.nan
            return None
        x["coarse"][ahead] = found
        return found

    def _solved(self, x: dict[str, Any], frame: int, count: int) -> Array:
        """F: solve from a frame."""
        began = time.perf_counter()
        found = self.model.solved(x["passed"][frame], frame, count)
        x["fine_s"] += time.perf_counter() - began
        x["solved"] += count
        return found

    def _fine_or_still(self, x: dict[str, Any], slab: int) -> Array:
        """F on a slab; its first state, if F does not get on from a predicted one."""
        ahead = self._ahead(slab)
        try:
            x["fine"][ahead] = self._solved(x, ahead.start - 1, self.model.ahead)
            x["ready"][slab] = 1.0
        except (BlowUp, NotConverged):
            if slab <= x["exact"]:  # from a state of F itself
                raise
            x["fine"][ahead] = x["passed"][ahead.start - 1]
        return x["fine"][ahead]

    # -- in words ----------------------------------------------------------------------

    def prediction(self, states: list[State]) -> dict[str, Any]:
        """Return what the summary says of the prediction and its correction.

        ``cost_ratio`` is the time spent over that of F alone, as its own slabs tell it.
        """
        every = [state.extra for state in states]
        solved = sum(x["solved"] for x in every)
        fine_s, model_s = (sum(x[key] for x in every) for key in ("fine_s", "model_s"))
        alone = fine_s / solved * self.model.last * len(every) if solved else 0.0
        worst = max(every, key=lambda x: x["corrections"], default=None)
        jumps = [] if worst is None else [j for j in worst["history"] if not np.isnan(j)]
        return {
            **self.model.facts(),
            "tolerance": self.tolerance,
            "corrections": worst["corrections"] if worst else 0,
            "jumps": [float(j) if np.isfinite(j) else None for j in jumps],
            "replaced": sum(x["replaced"] for x in every),
            "left_to_finish": any(self._dropped(x) for x in every),
            "slabs": self.model.blocks,
            "solved_steps": solved,
            "model_s": model_s,
            "fine_s": fine_s,
            "cost_ratio": (fine_s + model_s) / alone if alone else None,
        }

    def left(self, states: list[State]) -> float:
        """Return the jumps that were accepted, summed; none where F did the rest."""
        every = [state.extra for state in states if not self._dropped(state.extra)]
        return max((float(x["jumps"][: self.model.blocks].sum()) for x in every), default=0)

    def _dropped(self, x: dict[str, Any]) -> bool:
        """Whether F had to do the rest alone."""
        known = x["history"][~np.isnan(x["history"])]
        return bool(x["doing"] == "done" and len(known) and known[-1] > self.tolerance)

    def complaints(self, states: list[State]) -> list[str]:
        """Return what the run has to warn of at its end."""
        found = self.prediction(states)
        out = []
        if found["left_to_finish"]:
            out.append(
                f"the corrections of the model did not get the jumps below "
                f"{self.tolerance:g} in {found['corrections']}: {found['finish']} solved "
                "the rest without it"
            )
        if found["replaced"]:
            out.append(
                f"{found['replaced']} predictions were not finite or far too large, and "
                f"were replaced by the states of {found['finish']}"
            )
        return out
