"""The only time loop: a case from set-up to its last frame, in memory or into a folder."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from pdekit import diagnosis, memory, metrics, threads
from pdekit.case import AnyCase, BoundaryCase, Case, solved_case
from pdekit.dealiasing import MOST_REMOVED
from pdekit.errors import (
    BackendUnavailable,
    BlowUp,
    CaseError,
    ExpressionError,
    Interrupted,
    NotConverged,
    PdekitError,
    Problem,
)
from pdekit.evolution import Evolution, evolution_of
from pdekit.grid import GridError
from pdekit.initial import initial_function, reference_function
from pdekit.observer import Observer, Silent
from pdekit.record import Record
from pdekit.reference import reference_of
from pdekit.result import Result
from pdekit.seam import jumps
from pdekit.typing import Array

if TYPE_CHECKING:
    from pdekit.steady import Solved

logger = logging.getLogger(__name__)


class Store(Protocol):
    """Where frames and checkpoints go while a run is under way."""

    def frame(
        self, index: int, fields: Mapping[str, Array], series: Mapping[str, Any]
    ) -> None:
        """Keep a frame."""
        ...

    def checkpoint(self, run: Run) -> None:
        """Keep everything needed to go on."""
        ...


class Memory:
    """A store that keeps nothing beyond the run's own arrays."""

    def frame(
        self, index: int, fields: Mapping[str, Array], series: Mapping[str, Any]
    ) -> None:
        """Do nothing: the run holds its frames itself."""

    def checkpoint(self, run: Run) -> None:
        """Do nothing."""


def solve(
    case: AnyCase | str | Path | Mapping[str, Any],
    overrides: Mapping[str, Any] | Sequence[str] | None = None,
    *,
    raise_on_failure: bool = True,
    observer: Observer | None = None,
) -> Result:
    """Run a case in memory.

    Parameters
    ----------
    case
        A loaded case, a path, the name of a shipped case, or the mapping a file would hold.
    overrides
        Values by dotted path, ``{"solver.rtol": 1e-11}``.
    raise_on_failure
        Raise when the solver fails; otherwise return what was computed, with
        ``result.status`` saying so.

    Raises
    ------
    CaseError
        If anything in the case is wrong; nothing is computed then.
    BlowUp, NotConverged
        If the solver fails and ``raise_on_failure``.

    Examples
    --------
    >>> import pdekit
    >>> result = pdekit.solve("nlse/single_soliton", {"time.end": 1.0})
    >>> result.errors["relative_l2"] < 1e-8
    True
    """
    loaded = solved_case(case, overrides)
    with threads.limit(threads_of(loaded)):
        run = prepared(loaded, observer or Silent())
        result = run.execute()
    if run.failure is not None and raise_on_failure:
        raise run.failure
    return result


def prepared(case: AnyCase, observer: Observer) -> Run | Solved:
    """Make a case of any kind ready to run, or refuse it."""
    if isinstance(case, BoundaryCase):
        from pdekit.steady import boundary_run

        return boundary_run(case, observer)
    return Run(case, observer)


def threads_of(case: AnyCase) -> int:
    """Return the number of threads a case asks for; ``auto`` is one."""
    return 1 if case.run.threads == "auto" else case.run.threads


class Run:
    """One case: made ready on construction, computed by `execute`.

    Raises
    ------
    CaseError
        If anything in the case is wrong that only the numbers show; nothing has been
        written then.
    """

    def __init__(self, case: Case, observer: Observer, store: Store | None = None) -> None:
        began = time.perf_counter()
        self.case, self.observer, self.store = case, observer, store or Memory()
        self.times = case.time.frames()
        self.warnings: list[str] = []
        self.failure: PdekitError | None = None
        self.solve_s = self._last_checkpoint = 0.0
        self.earlier_transforms = 0
        memory.require(case)
        try:
            self.evolution = evolution_of(case)
        except BackendUnavailable as error:
            raise case.problem("run", str(error)) from error
        except ExpressionError as error:
            raise case.problem(self._key_of(error.text), error.reason) from error
        except GridError as error:
            raise self._misfit(str(error)) from error
        self.equation, self.grid = self.evolution.equation, self.evolution.grid
        self.initial = self._initial()
        self.reference = reference_of(self)
        series = self._measure(self.initial, case.time.start)
        with np.errstate(over="ignore", invalid="ignore"):
            self.invariants = tuple(self.equation.invariants(self.grid, self.initial))
        self._refuse_unknown_metrics(series)
        self._warn()
        self.record = Record.empty(
            self.equation.fields,
            self.initial.dtype,
            len(self.times),
            case.run.members,
            self.grid,
        )
        self.setup_s = time.perf_counter() - began

    # -- before the first step ---------------------------------------------------------

    def _key_of(self, formula: str) -> str:
        """Return the key of the equation's parameter that is this formula."""
        for key, value in self.case.equation.params.items():
            if value == formula:
                return f"equation.{key}"
            if isinstance(value, Mapping) and formula in value.values():
                part = next(k for k, v in value.items() if v == formula)
                return f"equation.{key}.{part}"
        return "equation"

    def _misfit(self, message: str) -> CaseError:
        """Blame the parameter that a message starts with, or the box."""
        name, _, rest = message.partition(": ")
        if name in self.case.equation.params:
            return self.case.problem(f"equation.{name}", rest)
        return self.case.problem("domain", message)

    def _initial(self) -> Array:
        try:
            u = self.evolution.initial()
        except ExpressionError as error:
            raise self.case.problem("initial", error.reason) from error
        finite = np.isfinite(u)
        if not finite.all():
            place = diagnosis.place(~finite, self.grid)
            raise self.case.problem("initial", f"is not finite {place}")
        return u

    def _refuse_unknown_metrics(self, series: Mapping[str, Array]) -> None:
        problems: list[Problem] = []
        for label, check in self.case.checks.items():
            wrong = metrics.complaint(
                check.metric or label,
                check.at,
                self.times,
                self.equation,
                self.invariants,
                series,
            )
            if wrong:
                path = f"checks.{label}"
                problems += self.case.problem(path, wrong).problems
        if problems:
            raise CaseError(problems)

    def _warn(self) -> None:
        """Say what is suspicious about the case."""
        step = getattr(self.evolution.stepper, "h", None)
        self.warnings += self.case.warnings
        if self.case.run.members > 1 and (self.initial == self.initial[:1]).all():
            self.warnings.append(
                f"run.members: nothing in `initial` is random, so all "
                f"{self.case.run.members} members are the same"
            )
        self.warnings += self.equation.warnings(
            self.grid, self.initial[0], self.evolution.integrator, step
        )
        if step is not None:
            self.warnings += self.evolution.unstable(self.initial, step)
        if self.evolution.guide is not None:
            self.warnings += self.evolution.guide.model.warnings(self.initial)
        self._warn_of_seams()
        self._warn_of_dealiasing("initial", "initial", self.initial)
        self._look_at_source()
        self.warnings += self.evolution.unlimited()
        for sentence in self.warnings:
            self.say(f"warning: {sentence}")

    def _warn_of_seams(self) -> None:
        """Say where the start, or what it is compared with, lacks the period of the box."""
        start = initial_function(self.case, self.equation)
        last = reference_function(self.case, self.equation, float(self.times[-1]))
        for what, function, known in (
            ("initial", start, self.initial[:1]),
            ("reference", last, None),
        ):
            if function is not None:
                with suppress(PdekitError):  # no value between the points of the grid
                    found = jumps(function, self.equation.fields, self.grid, known)
                    self.warnings += [jump.sentence(what) for jump in found]

    def _look_at_source(self) -> None:
        """Refuse a source without a value at the start; say what dealiasing removes."""
        try:
            source = self.equation.source(self.grid, self.case.time.start)
        except ExpressionError as error:
            raise self.case.problem(self._key_of(error.text), error.reason) from error
        if source is not None:
            own = "source" not in self.case.equation.params
            path = "equation" if own else "equation.source"
            self._warn_of_dealiasing(path, "source of", source[None])

    def _warn_of_dealiasing(self, path: str, what: str, values: Array) -> None:
        """Say what dealiasing removes; refuse if hardly anything is left."""
        for found in self.evolution.truncations(values):
            if found.part > MOST_REMOVED:
                raise self.case.problem(path, found.sentence(what))
            self.warnings.append(found.sentence(what))

    def say(self, sentence: str) -> None:
        """Tell the observer and the log."""
        logger.info(sentence)
        self.observer.message(sentence)

    # -- the loop ----------------------------------------------------------------------

    def execute(self) -> Result:
        """Run to the end, or to where the solver or the user stops it."""
        from pdekit.conclusion import conclude

        with np.errstate(over="ignore", invalid="ignore"):  # looked at in our own way
            try:
                self._integrate()
            except BlowUp as failure:
                guided = self.evolution.guide is not None
                advice = "" if guided else diagnosis.advice(self, failure)
                self.failure = failure.advising(advice) if advice else failure
            except (NotConverged, Interrupted) as failure:
                self.failure = failure
            except ExpressionError as error:  # of a coefficient that depends on time
                self.failure = self._blow_up(error)
            return conclude(self)

    def _blow_up(self, error: ExpressionError) -> BlowUp:
        """Say that a formula has no value at a time that a step needs."""
        return BlowUp(
            ", ".join(self.equation.fields),
            self.evolution.time,
            self.evolution.steps,
            reason="cannot be advanced",
            advice=f"{self._key_of(error.text)}: {error.reason}",
        )

    def _integrate(self) -> None:
        """Advance from frame to frame; goes on where the record ends."""
        if not self.evolution.states:
            began = time.perf_counter()  # the first use of a kernel loads or compiles it
            self.evolution.begin(self.initial)
            self.setup_s += time.perf_counter() - began
        began, earlier = time.monotonic(), self.solve_s
        self._last_checkpoint = began
        try:
            for index in range(self.record.frames, len(self.times)):
                t = float(self.times[index])
                self.drive(self.evolution, t, "solving")
                self._keep(t, self.evolution.frame())
        finally:
            self.solve_s = earlier + time.monotonic() - began

    def drive(self, evolution: Evolution, until: float, message: str) -> None:
        """Advance to a time in slices short enough to hear an interruption.

        Raises
        ------
        Interrupted
            If the observer asks for it; the state of the run itself has been kept then.
        """
        own = evolution is self.evolution
        start, end = self.case.time.start, self.case.time.end

        def look() -> None:
            self.observer.progress((evolution.time - start) / (end - start), message)
            if own:
                self._checkpoint_now_and_then()
            if self.observer.stop_requested():
                self.store.checkpoint(self)
                where = "" if own else f", comparing with: {message}"
                raise Interrupted(f"stopped at t = {evolution.time:.6g}{where}")

        evolution.arrive(until, look)

    def _checkpoint_now_and_then(self) -> None:
        now = time.monotonic()
        if now - self._last_checkpoint > self.case.outputs.checkpoint_every:
            self.store.checkpoint(self)
            self._last_checkpoint = now

    def _keep(self, t: float, u: Array) -> None:
        """Store a frame and its time series; refuse what is not finite."""
        if not np.isfinite(u).all():
            raise BlowUp(", ".join(self.equation.fields), t, self.evolution.steps)
        series = self._measure(u, t)
        self._check_tail(series["spectral_tail"], t)
        index = self.record.frames
        self.store.frame(index, *self.record.keep(u, series))
        self.observer.progress((index + 1) / len(self.times), "solving")

    @np.errstate(over="ignore", invalid="ignore")
    def _measure(self, u: Array, t: float) -> dict[str, Array]:
        """Return every time series at one frame, ``(member,)`` each."""
        return {
            **self.equation.invariants(self.grid, u, t),
            **self.equation.diagnostics(self.grid, u),
            "spectral_tail": self.evolution.tail(u).max(axis=-1),
        }

    def _check_tail(self, tail: Array, t: float) -> None:
        worst, limit = float(np.max(tail)), self.case.solver.abort_tail
        if limit is not None and worst > limit:
            raise BlowUp(
                ", ".join(self.equation.fields),
                t,
                self.evolution.steps,
                reason=f"is no longer resolved (spectral tail {worst:.1e} > {limit:g})",
                advice="use more points",
            )
