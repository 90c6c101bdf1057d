"""The only time loop: run a case, in memory or into a folder, and say how accurate it is."""

from __future__ import annotations

import resource
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from pdekit import metrics, spectral, threads
from pdekit.case import Case, load_case
from pdekit.errors import BlowUp, Interrupted, NotConverged, PdekitError, UnknownName
from pdekit.evolution import Evolution
from pdekit.reference import estimate, reference_of, relative_l2
from pdekit.result import Result
from pdekit.typing import Array

SLICE_SECONDS = 0.1
"""Work done between two looks at the clock and at the interrupt flag."""
TAIL_WARNING = 1e-8
MEMORY_SHARE = 0.8
"""Part of the free memory that the stored frames may take."""


class Observer(Protocol):
    """What a run tells whoever started it."""

    def progress(self, done: float, message: str) -> None:
        """Report the fraction done of the current part, and what it is."""
        ...

    def message(self, text: str) -> None:
        """Say one sentence."""
        ...

    def stop_requested(self) -> bool:
        """Whether the run should stop at the next step and keep a checkpoint."""
        ...


class Silent:
    """An observer that hears nothing and never interrupts."""

    def progress(self, done: float, message: str) -> None:
        """Ignore."""

    def message(self, text: str) -> None:
        """Ignore."""

    def stop_requested(self) -> bool:
        """Return False."""
        return False


def solve(
    case: Case | str | Path | Mapping[str, Any],
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
    run = Run(load_case(case, overrides), observer or Silent())
    result = run.execute()
    if run.failure is not None and raise_on_failure:
        raise run.failure
    return result


class Store(Protocol):
    """Where frames and checkpoints go while a run is under way."""

    def frame(
        self, index: int, fields: Mapping[str, Array], series: Mapping[str, Any]
    ) -> None:
        """Keep a frame."""
        ...

    def checkpoint(self, evolution: Evolution, frames: int) -> None:
        """Keep everything needed to go on."""
        ...


class Memory:
    """A store that keeps nothing beyond the run's own arrays."""

    def frame(
        self, index: int, fields: Mapping[str, Array], series: Mapping[str, Any]
    ) -> None:
        """Do nothing: the run holds its frames itself."""

    def checkpoint(self, evolution: Evolution, frames: int) -> None:
        """Do nothing."""


@dataclass
class Record:
    """Frames and time series as they come in."""

    fields: dict[str, Array]
    series: dict[str, list[Any]] = field(default_factory=dict)
    frames: int = 0

    def result_fields(self) -> dict[str, Array]:
        """Return the frames that were reached."""
        return {name: values[: self.frames] for name, values in self.fields.items()}

    def result_series(self) -> dict[str, Array]:
        """Return the time series over the frames that were reached."""
        return {
            name: np.array(values[: self.frames]) for name, values in self.series.items()
        }


class Run:
    """One case from set-up to summary."""

    def __init__(
        self,
        case: Case,
        observer: Observer,
        store: Store | None = None,
        *,
        fft: str | None = None,
    ) -> None:
        began = time.perf_counter()
        self.case, self.observer, self.store = case, observer, store or Memory()
        self.threads = threads.apply(1 if case.run.threads == "auto" else case.run.threads)
        self.times = case.time.frames()
        self.warnings: list[str] = []
        self.failure: PdekitError | None = None
        self.solve_s = 0.0
        self.evolution = Evolution(case, fft=fft)
        self.equation, self.grid = self.evolution.equation, self.evolution.grid
        self._check_memory()
        self.initial = self.evolution.initial()
        self._check_initial()
        self.record = self._empty_record()
        self.setup_s = time.perf_counter() - began

    # -- before the first step ---------------------------------------------------------

    def _check_memory(self) -> None:
        from pdekit.hdf5 import available_memory

        each = 16 if self.equation.complex else 8
        frame = each * len(self.equation.fields) * self.case.run.members * self.grid.size
        needed, free = frame * (len(self.times) + 20), available_memory()
        if needed > MEMORY_SHARE * free:
            raise self.case.problem(
                "time.save",
                f"the frames need about {needed / 1e9:.1f} GB of memory and "
                f"{free / 1e9:.1f} GB are free; store fewer frames or use fewer points",
            )

    def _check_initial(self) -> None:
        if not np.isfinite(self.initial).all():
            raise self.case.problem("initial", "is not finite everywhere on the grid")
        series = self._measure(self.initial, self.case.time.start)
        known = metrics.known_metrics(self.equation, self._invariants, series)
        for label, check in self.case.checks.items():
            name = check.metric or label
            if name not in known:
                raise self.case.problem(
                    f"checks.{label}", str(UnknownName("metric", name, known))
                )
        step = getattr(self.evolution.stepper, "h", None)
        self.warnings += self.equation.warnings(
            self.grid, self.initial[0], self.evolution.integrator, step
        )
        for sentence in self.warnings:
            self.observer.message(f"warning: {sentence}")

    def _empty_record(self) -> Record:
        batch = (self.case.run.members,) if self.case.run.members > 1 else ()
        shape = (len(self.times), *batch, *self.grid.shape)
        return Record(
            {name: np.zeros(shape, self.initial.dtype) for name in self.equation.fields}
        )

    # -- the loop ----------------------------------------------------------------------

    def execute(self) -> Result:
        """Run to the end, or to where the solver or the user stops it."""
        try:
            self.integrate()
        except (BlowUp, NotConverged, Interrupted) as failure:
            self.failure = failure
        return self.conclude()

    def integrate(self) -> None:
        """Advance from frame to frame; resumes where ``record.frames`` says."""
        if not self.evolution.states:
            self.evolution.begin(self.initial)
        began = last_checkpoint = time.monotonic()
        earlier = self.solve_s
        for index in range(self.record.frames, len(self.times)):
            t = float(self.times[index])
            self._drive(self.evolution, t, "solving")
            self._keep(index, self.evolution.sample(t))
            self.solve_s = earlier + time.monotonic() - began
            if time.monotonic() - last_checkpoint > self.case.outputs.checkpoint_every:
                self.store.checkpoint(self.evolution, index + 1)
                last_checkpoint = time.monotonic()

    def _drive(self, evolution: Evolution, until: float, message: str) -> None:
        """Advance to a time in slices short enough to hear an interruption."""
        count = 16
        span = self.case.time.end - self.case.time.start
        while True:
            before = time.perf_counter()
            if evolution.advance(until, count):
                break
            spent = time.perf_counter() - before
            count = max(1, min(4 * count, int(count * SLICE_SECONDS / max(spent, 1e-6))))
            self.observer.progress((evolution.time - self.case.time.start) / span, message)
            if self.observer.stop_requested():
                if evolution is self.evolution:
                    self.store.checkpoint(evolution, self.record.frames)
                raise Interrupted(f"stopped at t = {evolution.time:.6g}")

    def _keep(self, index: int, u: Array) -> None:
        """Store a frame and its time series; refuse what is not finite."""
        if not np.isfinite(u).all():
            bad = np.argwhere(~np.isfinite(u))[0][2:]
            where = ", ".join(
                f"{name} = {axis.points()[i]:.4g}"
                for name, axis, i in zip(self.grid.names, self.grid.axes, bad, strict=True)
            )
            raise BlowUp(
                ", ".join(self.equation.fields),
                float(self.times[index]),
                self.evolution.steps,
                where=where,
            )
        series = self._measure(u, float(self.times[index]))
        self._check_tail(series["spectral_tail"], float(self.times[index]))
        values = {name: u[:, c] for c, name in enumerate(self.equation.fields)}
        if self.case.run.members == 1:
            values = {name: v[0] for name, v in values.items()}
            series = {name: v[0] for name, v in series.items()}
        for name, v in values.items():
            self.record.fields[name][index] = v
        for name, v in series.items():
            self.record.series.setdefault(name, []).append(v)
        self.record.frames = index + 1
        self.store.frame(index, values, series)
        self.observer.progress((index + 1) / len(self.times), "solving")

    def _measure(self, u: Array, t: float) -> dict[str, Array]:
        """Return every time series at one frame, ``(member,)`` each."""
        invariants = self.equation.invariants(self.grid, u, t)
        self._invariants = tuple(invariants)
        axes = tuple(range(-self.grid.ndim, 0))
        u_hat = np.fft.fftn(u, axes=axes)
        tail = spectral.tail(u_hat, self.grid.ndim).max(axis=-1)
        return {
            **invariants,
            **self.equation.diagnostics(self.grid, u),
            "spectral_tail": tail,
        }

    def _check_tail(self, tail: Array, t: float) -> None:
        worst = float(np.max(tail))
        limit = self.case.solver.abort_tail
        if limit is not None and worst > limit:
            raise BlowUp(
                ", ".join(self.equation.fields),
                t,
                self.evolution.steps,
                reason=f"is no longer resolved (spectral tail {worst:.1e} > {limit:g})",
                advice="use more points",
            )

    # -- after the last step -----------------------------------------------------------

    def conclude(self) -> Result:
        """Compare, estimate, check and sum up."""
        began = time.perf_counter()
        fields, series = self.record.result_fields(), self.record.result_series()
        times = self.times[: self.record.frames]
        reference, errors = self._errors(times) if self.record.frames else (None, {})
        if self.record.frames and float(np.max(series["spectral_tail"])) > TAIL_WARNING:
            self.warnings.append(
                f"the spectral tail reaches {np.max(series['spectral_tail']):.1e}: "
                "the grid does not resolve the solution to rounding; use more points"
            )
        summary = self._summary(series, errors)
        result = Result(
            grid=self.grid,
            times=times,
            fields=fields,
            diagnostics=series,
            reference=None if reference is None else reference[1],
            summary=summary,
            case=self.case.to_dict(),
            reference_time=None if reference is None else reference[0],
        )
        checks = [self._check(label, result) for label in self.case.checks]
        summary["checks"] = checks
        if self.failure is None and not all(check["holds"] for check in checks):
            summary["status"] = "check_failed"
        summary["cost"]["compare_s"] = time.perf_counter() - began
        summary["cost"]["total_s"] = (
            self.setup_s + self.solve_s + summary["cost"]["compare_s"]
        )
        return result

    def _errors(self, times: Array) -> tuple[Any, dict[str, Any]]:
        """Return ((time, fields) of the last reference frame or None, and the errors)."""
        try:
            reference = reference_of(
                self.case, self.equation, self.grid, times, self._drive
            )
            if reference is not None:
                return self._compare(reference, times)
            if self.failure is not None:
                return None, {}
            tail = float(np.max(self.record.series["spectral_tail"]))
            found = estimate(self.case, self.evolution, self._frame(-1), tail, self._drive)
        except Interrupted as stop:
            self.failure = stop
            return None, {}
        except (BlowUp, NotConverged) as failure:
            self.warnings.append(f"the companion run for the error failed: {failure}")
            return None, {}
        return None, {
            "error_estimate": found.total,
            "time_error_estimate": found.time,
            "space_error_estimate": found.space,
            "estimator": found.name,
        }

    def _compare(self, reference: Any, times: Array) -> tuple[Any, dict[str, Any]]:
        errors, last = [], None
        for i in range(len(times)):
            values = reference.at(i)
            if values is not None:
                errors.append(relative_l2(self._frame(i), values))
                last = (i, values)
        if last is None:
            return None, {}
        i, values = last
        named = {
            name: values[:, c] if self.case.run.members > 1 else values[0, c]
            for c, name in enumerate(self.equation.fields)
        }
        found = {
            "relative_l2": errors[-1],
            "linf": float(np.abs(self._frame(i) - values).max()),
            "relative_l2_max": max(errors),
            "reference": reference.name,
            "compared_at": float(times[i]),
        }
        return (float(times[i]), named), found

    def _frame(self, index: int) -> Array:
        """Return a stored frame as ``(member, channel, *space)``."""
        index = range(self.record.frames)[index]
        u = np.stack([values[index] for values in self.record.fields.values()])
        return np.moveaxis(u, 0, 1) if self.case.run.members > 1 else u[None]

    def _summary(
        self, series: Mapping[str, Array], errors: dict[str, Any]
    ) -> dict[str, Any]:
        invariants = {}
        if self.record.frames:
            scales = self.equation.invariant_scales(self.grid, self.initial[0])
            for name in self._invariants:
                values = series[name]
                invariants[name] = {
                    "initial": float(np.mean(values[0])),
                    "drift": metrics.drift(values, scales.get(name, 0.0)),
                }
        return {
            "case": self.case.name,
            "title": self.case.title,
            "status": self._status(),
            "message": "" if self.failure is None else str(self.failure),
            "errors": errors,
            "invariants": invariants,
            "checks": [],
            "cost": self._cost(),
            "solver": self._solver(),
            "warnings": list(self.warnings),
        }

    def _status(self) -> str:
        kinds = {
            BlowUp: "diverged",
            NotConverged: "not_converged",
            Interrupted: "interrupted",
        }
        return kinds.get(type(self.failure), "ok")

    def _cost(self) -> dict[str, Any]:
        states = self.evolution.states
        return {
            "setup_s": self.setup_s,
            "solve_s": self.solve_s,
            "steps": self.evolution.steps if states else 0,
            "transforms": self.evolution.engine.transforms,
            "iterations": None,
            "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }

    def _solver(self) -> dict[str, Any]:
        evolution = self.evolution
        return {
            "name": self.case.solver.name,
            "integrator": evolution.integrator.name,
            "order": evolution.integrator.order,
            **evolution.stepper.describe(),
            "points": list(self.grid.shape),
            "members": self.case.run.members,
            "engine": evolution.engine.name,
            "transforms": getattr(getattr(evolution.engine, "plan", None), "info", {}),
            "threads": self.threads,
        }

    def _check(self, label: str, result: Result) -> dict[str, Any]:
        spec = self.case.checks[label]
        name = spec.metric or label
        bounds = {
            key: value
            for key in ("below", "above", "between", "equals", "within")
            if (value := getattr(spec, key)) is not None
        }
        try:
            value = metrics.measure(name, spec.params, spec.at, result, self.equation)
        except PdekitError as problem:
            return {
                "metric": label,
                "value": None,
                **bounds,
                "holds": False,
                "why": str(problem),
            }
        extra = {} if spec.at is None else {"at": spec.at}
        return {
            "metric": label,
            "value": value,
            **bounds,
            **extra,
            "holds": metrics.holds(value, bounds),
        }
