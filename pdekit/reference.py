"""What a solution is compared with: exact functions, formulas, other runs, stored files.

A reference answers for a frame with an array ``(member, channel, *space)`` on the grid of
the run, or with None where it does not apply.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from pdekit.case_schema import (
    ExactReference,
    FileReference,
    RefineReference,
    SolverReference,
)
from pdekit.evolution import (
    TOLERANCE_RATIO,
    Evolution,
    Numerics,
    evaluate_formulas,
    exact_solution,
    numerics_of,
    stacked,
)
from pdekit.typing import Array

if TYPE_CHECKING:
    from pdekit.case import Case
    from pdekit.equation import AbstractEquation
    from pdekit.grid import Grid

Advance = Callable[[Evolution, float, str], None]
"""Drives a companion run to a time, with progress shown and interruption heeded."""


@dataclass(frozen=True)
class Reference:
    """A reference solution and the sentence that names it."""

    name: str
    at: Callable[[int], Array | None]
    """Frame number to values ``(member, channel, *space)``."""


def reference_of(
    case: Case, equation: AbstractEquation, grid: Grid, times: Array, advance: Advance
) -> Reference | None:
    """Build the reference a case asks for; companion runs are made here."""
    spec = case.reference
    if spec is None:
        return None
    until = getattr(spec, "until", None)
    until = case.time.end if until is None else until
    inside = [i for i, t in enumerate(times) if t <= until * (1 + 1e-12)]
    if isinstance(spec, ExactReference):
        solution = exact_solution(equation, spec.exact, spec.params, grid)
        return _limited(f"exact {spec.exact}", inside, lambda i: solution(times[i])[None])
    if isinstance(spec, FileReference):
        return _limited(f"file {spec.file}", inside, _stored(case, equation, grid, times))
    if isinstance(spec, RefineReference):
        other = numerics_of(case).refined(spec.refine, 4)
        name = f"same solver, grid x{spec.refine} and finer steps"
    elif isinstance(spec, SolverReference):
        other = numerics_of(case, spec.solver)
        name = f"solver {other.integrator}"
    else:
        return _limited(
            "formula", inside, lambda i: _formulas(case, equation, grid, times[i])
        )
    frames = companion(case, other, [times[i] for i in inside], grid, advance, name)
    return _limited(name, inside, lambda i: frames[inside.index(i)])


def companion(
    case: Case,
    numerics: Numerics,
    times: list[float],
    grid: Grid,
    advance: Advance,
    name: str,
) -> list[Array]:
    """Solve the case otherwise and return its frames on ``grid``."""
    evolution = Evolution(case, numerics)
    u = evolution.initial()
    evolution.begin(u)
    frames = []
    for t in times:
        advance(evolution, t, name)
        u = evolution.sample(t)
        frames.append(
            evolution.grid.interpolate(u, grid) if u.shape[2:] != grid.shape else u
        )
    return frames


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


def estimate(
    case: Case, evolution: Evolution, final: Array, tail: float, advance: Advance
) -> Estimate:
    """Estimate the error at the final time.

    In time: the difference to a companion run with doubled steps over 2^p − 1 (Richardson),
    or with a hundredfold tolerance over 20, less than the hundred that proportionality
    to the tolerance would give.  In space: the spectral tail found during the run.
    """
    numerics, end = evolution.numerics, case.time.end
    coarse = numerics.coarser_in_time()
    name = "halved resolution in time"
    (other,) = companion(case, coarse, [end], evolution.grid, advance, name)
    difference = relative_l2(other, final)
    if evolution.integrator.adaptive:
        time = difference / (TOLERANCE_RATIO / 5)
        name = "hundredfold tolerance + spectral tail"
    else:
        time = difference / (2**evolution.integrator.order - 1)
        name = "doubled step + spectral tail"
    return Estimate(time, tail, name)


def relative_l2(u: Array, reference: Array) -> float:
    """‖u − u*‖₂ / ‖u*‖₂ over all values of a frame; members are averaged."""
    difference = np.abs(u - reference) ** 2
    axes = tuple(range(1, u.ndim))
    size = (np.abs(np.broadcast_to(reference, u.shape)) ** 2).sum(axis=axes)
    return float(np.mean(np.sqrt(difference.sum(axis=axes) / np.where(size > 0, size, 1))))


def _limited(name: str, inside: list[int], at: Callable[[int], Array | None]) -> Reference:
    allowed = set(inside)
    return Reference(name, lambda i: at(i) if i in allowed else None)


def _formulas(case: Case, equation: AbstractEquation, grid: Grid, t: float) -> Array:
    values = evaluate_formulas(case.reference, case, equation, grid, t)
    return stacked(values, equation, grid)[None]


def _stored(
    case: Case, equation: AbstractEquation, grid: Grid, times: Array
) -> Callable[[int], Array | None]:
    from pdekit.io import read_result

    earlier = read_result(case.file("reference.file", case.reference.file))

    def at(i: int) -> Array | None:
        frame = int(np.argmin(np.abs(earlier.times - times[i])))
        if abs(earlier.times[frame] - times[i]) > 1e-9 * max(1.0, abs(times[i])):
            return None
        values: list[Any] = [
            earlier.grid.interpolate(earlier.fields[name][frame], grid)
            for name in equation.fields
        ]
        return np.stack(values)[None]

    return at
