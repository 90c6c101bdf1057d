"""What a solution is compared with: exact functions, formulas, other runs, stored files.

A reference answers for a frame with an array ``(member, channel, *space)`` on the grid of
the run, or with None where it does not apply. Without one, `estimate` says how large the
error may be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from pdekit.case.schema import (
    ExactReference,
    FileReference,
    FormulaReference,
    RandomInitial,
    RefineReference,
    SolverReference,
    StateInitial,
)
from pdekit.earlier import Earlier
from pdekit.errors import BlowUp, CaseError, ExpressionError, NotConverged, PdekitError
from pdekit.evolution import TOLERANCE_RATIO, Evolution, Numerics, numerics_of
from pdekit.initial import evaluate_formulas, exact_solution, stacked
from pdekit.typing import Array

if TYPE_CHECKING:
    from pdekit.case import Case

COARSER = 3 / 4
"""Points of the companion run whose difference tells the error in space."""
SPACE_POWER = 1.5
"""The error in space falls as this power of the spectral tail: between 1.5 and 1.9 in
collisions, breathers and modulated waves against their exact solutions."""
TOO_COARSE = 0.1
"""Relative difference beyond which the coarser run is not on its way to convergence."""
TOLERANCE_GAIN = 20.0
"""Of an error, for a hundredfold tolerance; a hundred if it were proportional."""

Advance = Callable[[Evolution, float, str], None]
"""Drives a companion run to a time, with progress shown and interruption heeded."""


class Main(Protocol):
    """The run that is compared: what references and estimates need of it."""

    case: Case
    evolution: Evolution
    initial: Array
    times: Array

    def drive(self, evolution: Evolution, until: float, message: str) -> None:
        """Advance a companion."""
        ...


@dataclass(frozen=True)
class Reference:
    """A reference solution and the sentence that names it."""

    name: str
    at: Callable[[int], Array | None]
    """Frame number to values ``(member, channel, *space)``."""


def reference_of(run: Main) -> Callable[[], Reference] | None:
    """Check the reference a case asks for, and return what builds it after the run.

    Raises
    ------
    CaseError, ResultFileError
        If a file or a formula cannot be used.
    """
    spec = run.case.reference
    if spec is None:
        return None
    equation, grid, times = run.evolution.equation, run.evolution.grid, run.times
    inside = _compared(run)
    if isinstance(spec, ExactReference):
        try:
            solution = exact_solution(equation, spec.exact, spec.params, grid)
        except PdekitError as error:
            raise run.case.problem("reference", str(error)) from error
        return lambda: _limited(
            f"exact {spec.exact}", inside, lambda i: solution(times[i])[None]
        )
    if isinstance(spec, FileReference):
        earlier = Earlier(run.case, "reference.file", spec.file, equation, grid)
        return lambda: _limited(
            f"file {spec.file}", inside, lambda i: _stored(earlier, times[i])
        )
    if isinstance(spec, RefineReference):
        finer = run.evolution.numerics.refined(spec.refine)
        name = f"same solver, grid x{spec.refine} and finer steps"
        return lambda: _companion_reference(run, Evolution(run.case, finer), name, inside)
    if isinstance(spec, SolverReference):
        numerics = numerics_of(run.case, spec.solver)  # refused now, if it has to be
        other = Evolution(run.case, numerics, where="reference.solver")
        name = f"solver {numerics.integrator}"
        return lambda: _companion_reference(run, other, name, inside)
    formulas = spec if isinstance(spec, FormulaReference | str) else str(spec)
    _formula(run, formulas, times[0])
    return lambda: _limited("formula", inside, lambda i: _formula(run, formulas, times[i]))


def _compared(run: Main) -> list[int]:
    """Return the frames that are compared: up to ``until``."""
    until = getattr(run.case.reference, "until", None)
    start, end = run.case.time.start, run.case.time.end
    last = end if until is None else until
    return [i for i, t in enumerate(run.times) if t <= last + 1e-12 * (end - start)]


def _limited(name: str, inside: list[int], at: Callable[[int], Array | None]) -> Reference:
    allowed = set(inside)
    return Reference(name, lambda i: at(i) if i in allowed else None)


def _formula(run: Main, given: FormulaReference | str, t: float) -> Array:
    equation, grid = run.evolution.equation, run.evolution.grid
    try:
        values = evaluate_formulas(given, run.case, equation, grid, float(t))
    except ExpressionError as error:
        raise run.case.problem("reference", f"{error.reason} (at t = {t:g})") from error
    return stacked(values, equation, grid)[None]


def _stored(earlier: Earlier, t: float) -> Array | None:
    index = earlier.index(t)
    return None if index is None else earlier.frame(index)


# -- companion runs --------------------------------------------------------------------


def _companion_reference(
    run: Main, evolution: Evolution, name: str, inside: list[int]
) -> Reference:
    times = [run.times[i] for i in inside]
    frames = [u for _, u in _companion(run, evolution, times, name)]
    return _limited(name, inside, lambda i: frames[inside.index(i)])


def _companion(
    run: Main, evolution: Evolution, times: list[float], name: str
) -> Iterator[tuple[float, Array]]:
    """Solve the case otherwise; yield spectral tail and values on the grid of the run."""
    grid = run.evolution.grid
    evolution.begin(_start(run, evolution))
    for t in times:
        run.drive(evolution, float(t), name)
        u = evolution.frame()
        tail = float(np.max(evolution.tail(u)))
        yield tail, u if u.shape[2:] == grid.shape else evolution.grid.interpolate(u, grid)


def _start(run: Main, evolution: Evolution) -> Array:
    """Return the start of a companion: noise is that of the run, whatever the grid."""
    initial, grid = run.case.initial, run.evolution.grid
    noisy = isinstance(initial, RandomInitial) or (
        isinstance(initial, StateInitial) and "seed" in initial.params
    )
    if evolution.grid.shape == grid.shape:
        return run.initial
    return grid.interpolate(run.initial, evolution.grid) if noisy else evolution.initial()


# -- without a reference ---------------------------------------------------------------


@dataclass(frozen=True)
class Estimate:
    """A-posteriori estimate of the relative L² error where no reference is at hand."""

    time: float
    space: float
    name: str

    @property
    def total(self) -> float:
        """Sum of the two parts."""
        return self.time + self.space


def estimate(run: Main, final: Array, tail: float) -> Estimate:
    """Estimate the error at the final time from two cheaper companion runs.

    Parameters
    ----------
    final
        The final frame, ``(member, channel, *space)``.
    tail
        Largest spectral tail found during the run.
    """
    time, name = _time_part(run, final)
    space, other = _space_part(run, final, tail)
    return Estimate(time, space, f"{name} + {other}")


def _time_part(run: Main, final: Array) -> tuple[float, str]:
    """Richardson's estimate from doubled steps, or a hundredfold tolerance.

    Where those are too long to be stable, from halved steps.
    """
    numerics, order = run.evolution.numerics, run.evolution.integrator.order
    if numerics.is_adaptive:
        name = f"{TOLERANCE_RATIO:g}-fold tolerance"
        other = _final(run, numerics.coarser_in_time(), name)
        return _gained(relative_l2(other, final), TOLERANCE_GAIN), name
    coarse = numerics.coarser_in_time()
    ratio = numerics.steps_for_one_of(coarse)
    if ratio > 1:
        try:
            other = _final(run, coarse, "doubled step")
            return _gained(relative_l2(other, final), ratio**order - 1), "doubled step"
        except (BlowUp, NotConverged, CaseError):  # diverges, or is known to
            pass
    other = _final(run, numerics.with_steps_times(2), "halved step")
    return relative_l2(other, final) / (1 - 2.0**-order), "halved step"


def _final(run: Main, numerics: Numerics, name: str) -> Array:
    """Solve the case otherwise; return its last values on the grid of the run."""
    other = Evolution(run.case, numerics)
    ((_, u),) = _companion(run, other, [run.case.time.end], name)
    return u


def _gained(difference: float, gain: float) -> float:
    """Error left of a difference to a coarser run, if that is on its way to converge."""
    return difference / gain if difference < TOO_COARSE else difference


def _space_part(run: Main, final: Array, tail: float) -> tuple[float, str]:
    """Difference to a coarser grid, carried over to this one by the spectral tails."""
    numerics = run.evolution.numerics
    points = tuple(_coarser(n) for n in numerics.points)
    if points == numerics.points:
        return tail, "spectral tail"
    name = "coarser grid scaled by the spectral tail"
    try:
        other = Evolution(run.case, numerics.with_points(points))
        found = list(_companion(run, other, list(run.times), name))
    except (BlowUp, NotConverged, CaseError, ExpressionError):  # 1/x may lack a value there
        return tail, "spectral tail"
    difference = relative_l2(found[-1][1], final)
    coarse_tail = max(t for t, _ in found)
    power = SPACE_POWER if difference < TOO_COARSE else 0.5
    ratio = min(tail / coarse_tail, 1.0) if coarse_tail > 0 else 1.0
    return difference * ratio**power, name


def _coarser(n: int) -> int:
    return n if n < 8 else int(COARSER * n) // 2 * 2


def relative_l2(u: Array, reference: Array) -> float:
    """‖u − u*‖₂ / ‖u*‖₂ over all values of a frame; members are averaged."""
    difference = np.abs(u - reference) ** 2
    axes = tuple(range(1, u.ndim))
    size = (np.abs(np.broadcast_to(reference, u.shape)) ** 2).sum(axis=axes)
    return float(np.mean(np.sqrt(difference.sum(axis=axes) / np.where(size > 0, size, 1))))
