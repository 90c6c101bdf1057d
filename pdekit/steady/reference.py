"""What a solution is compared with, and an estimate where there is nothing."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from pdekit import transfer
from pdekit.case.boundary_case import ExactBoundaryReference, LinearSolverReference
from pdekit.case.schema import FileReference, RefineReference
from pdekit.errors import PdekitError
from pdekit.steady import checking
from pdekit.steady.grids import intervals, resized
from pdekit.steady.posing import Posed
from pdekit.typing import Array

if TYPE_CHECKING:
    from pdekit.linalg.stencil import Stencil
    from pdekit.result import Result
    from pdekit.steady import Solved
    from pdekit.steady.run import BoundaryRun

FEWEST = 8
"""Intervals along every axis of a grid that still says something of a finer one."""


@dataclass(frozen=True)
class Reference:
    """A reference solution: by grid and time where it is a function, else on the grid."""

    name: str
    at: Callable[[Posed, float], Array | None]
    function: bool = True


def reference_of(run: Solved) -> Reference | None:
    """Check the reference a case asks for and return it.

    Raises
    ------
    CaseError
        If it has no values on the grid, or a file does not fit.
    """
    case, spec = run.case, run.case.reference
    if case.manufactured is not None:
        run.posed.exact(run.begin)
        return Reference("manufactured solution", lambda posed, t: posed.exact(t))
    if spec is None:
        return None
    if isinstance(spec, ExactBoundaryReference):
        return Reference(f"exact {spec.exact}", lambda p, t: _exact(p, spec.exact, t))
    if isinstance(spec, FileReference):
        stored = _stored(run, spec.file)
        return Reference(f"file {spec.file}", lambda p, t: stored(t), function=False)
    if isinstance(spec, RefineReference):
        name = f"same solver, grid x{spec.refine}"
        return Reference(name, lambda p, t: _refined(run, spec.refine, t), function=False)
    if isinstance(spec, LinearSolverReference):
        solved = _solved_otherwise(run, spec.solver)
        return Reference(f"solver {spec.solver.name}", lambda p, t: solved(t), False)
    text = str(spec)
    run.posed.values("reference", text, run.grid.points(), run.begin)
    return Reference(
        "formula", lambda p, t: p.values("reference", text, p.grid.points(), t)
    )


def _exact(posed: Posed, name: str, t: float) -> Array:
    function = posed.problem.exact[name]
    time = (t,) if posed.problem.evolves else ()
    values = function(*posed.grid.points(), *time)
    return np.array(np.broadcast_to(values, posed.grid.shape), dtype=float)


def opened(posed: Posed, path: str, name: str) -> Result:
    """Read the result that the key ``path`` names; refuse one that does not fit.

    Raises
    ------
    CaseError
        If it lacks the field, or is on another box.
    """
    from pdekit.files.writer import read_result

    case, field = posed.case, posed.problem.fields[0]
    result = read_result(case.file(path, name))
    if field not in result.fields or not len(result.times):
        raise case.problem(path, f"has no field {field}")
    ends = [(a.name, a.lower, a.upper) for a in result.grid.axes]
    if ends != [(a.name, a.lower, a.upper) for a in posed.grid.axes]:
        raise case.problem(path, "is on another box")
    return result


def _stored(run: Solved, name: str) -> Callable[[float], Array | None]:
    field, result = run.problem.fields[0], opened(run.posed, "reference.file", name)

    def at(t: float) -> Array | None:
        frame = int(np.argmin(np.abs(result.times - t)))
        if abs(result.times[frame] - t) > 1e-9 * max(1.0, abs(t)):
            return None
        values = np.nan_to_num(result.fields[field][frame])
        return transfer.moved(values, result.grid, run.grid)

    return at


def _solved_otherwise(run: Solved, spec: Any) -> Callable[[float], Array | None]:
    """Solve the same case with another solver, once it is asked for; refuse it before."""
    from pdekit.steady import boundary_run

    update = {"solver": spec, "reference": None, "checks": {}}
    other = boundary_run(
        run.case.model_copy(update=update), run.observer, "reference.solver"
    )

    def at(t: float) -> Array | None:
        if not other.fields:
            other.execute()
        if other.failure is not None:
            raise other.failure
        return other.fields[int(np.argmin(np.abs(other.times - t)))][run.problem.fields[0]]

    return at


def _refined(run: Solved, factor: int, t: float) -> Array | None:
    """Solve on a finer grid; move the values of the last time here."""
    if t != run.times[-1]:
        return None
    finer = run.posed.on(resized(run.grid, factor))
    return transfer.moved(run.final(finer, factor), finer.grid, run.grid)


# -- comparing -------------------------------------------------------------------------


def relative_l2(u: Array, reference: Array) -> float:
    """‖u − u*‖₂/‖u*‖₂ over the points where both are known; absolute if u* is zero."""
    known = np.isfinite(u) & np.isfinite(reference)
    size = float(np.linalg.norm(reference[known]))
    distance = float(np.linalg.norm((u - reference)[known]))
    return distance / size if size else distance


def compare(run: Solved, reference: Reference) -> tuple[Any, dict[str, Any]]:
    """Return the reference at the last compared time, and the errors."""
    field, errors, last = run.problem.fields[0], [], None
    for frame, t in zip(run.fields, run.times, strict=False):
        values = reference.at(run.posed, float(t))
        if values is not None:
            values = shifted(run, run.posed, values)
            errors.append(relative_l2(frame[field], values))
            last = float(t), values, frame[field]
    if last is None:
        run.warnings.append(
            f"the reference ({reference.name}) has none of the stored times"
        )
        return None, {}
    t, values, u = last
    found: dict[str, Any] = {
        "relative_l2": errors[-1],
        "linf": float(np.nanmax(np.abs(u - values))),
        "reference": reference.name,
    }
    if run.case.time is not None:
        found |= {"relative_l2_max": max(errors), "compared_at": t}
    if run.has_order and reference.function and _asked(run, "observed_order"):
        found |= _order(run, reference, errors[-1])
    return (t, {field: values}), found


def shifted(run: Solved, posed: Posed, values: Array) -> Array:
    """Take the mean off where the solution is known up to a constant."""
    if run.case.time is None and run.singular:
        return values - float(posed.grid.mean(values))
    return values


def _asked(run: Solved, metric: str) -> bool:
    return any((c.metric or label) == metric for label, c in run.case.checks.items())


def _order(run: Solved, reference: Reference, finest: float) -> dict[str, Any]:
    """Solve on two coarser grids; fit the order of the error through the three."""
    errors, sizes = [finest], [1.0]
    for posed, ratio in coarser(run, 2):
        values = reference.at(posed, float(run.times[-1]))
        if values is None:
            break
        values = shifted(run, posed, values)
        errors.append(relative_l2(posed.inside(run.final(posed, 1 / ratio)), values))
        sizes.append(ratio)
    if len(errors) < 2 or min(errors) <= 0:
        return {}
    slope = np.polyfit(np.log(sizes), np.log(errors), 1)[0]
    grids = [
        {"spacing_ratio": s, "relative_l2": e} for s, e in zip(sizes, errors, strict=True)
    ]
    return {"observed_order": float(slope), "grids": grids}


def coarser(run: Solved, count: int) -> list[tuple[Posed, float]]:
    """Return the problem on grids of half, a quarter, … of the intervals, with ratios."""
    found = []
    for level in range(1, count + 1):
        grid = resized(run.grid, 0.5**level)
        fewest = min(intervals(axis) for axis in grid.axes)
        if fewest < FEWEST:
            break
        ratio = math.prod(
            a / b for a, b in zip(grid.spacing, run.grid.spacing, strict=True)
        )
        found.append((run.posed.on(grid), ratio ** (1 / grid.ndim)))
    return found


# -- without a reference ---------------------------------------------------------------


def estimate(run: BoundaryRun) -> dict[str, Any]:
    """Estimate the relative L² error: of the differences by coarser grids, of the solver.

    The error in time, if there is one, is told by other steps.
    """
    u = last_of(run)
    parts, names = {}, []
    space, name = _space_part(run, u)
    if space is not None:
        parts["space_error_estimate"] = space
        names.append(name)
    if run.case.time is not None:
        from pdekit.steady.marching import time_part

        parts["time_error_estimate"], name = time_part(run, u)
        names.append(name)
    if (bound := algebraic_bound(run, u)) is not None:
        parts["algebraic_error_bound"] = bound
        names.append("residual over the smallest eigenvalue")
    of_first = "member 0: " if run.case.run.members > 1 else ""
    return {
        "error_estimate": sum(parts.values()) if space is not None else None,
        **parts,
        "estimator": of_first + " + ".join(names),
    }


def last_of(run: Solved) -> Array:
    """Return the last frame, of an ensemble its first member, zero outside the domain."""
    u = run.fields[-1][run.problem.fields[0]]
    return np.nan_to_num(u if u.ndim == run.grid.ndim else u[0])


def _space_part(run: BoundaryRun, u: Array) -> tuple[float | None, str]:
    """Richardson's estimate from one or two coarser grids."""
    grids = coarser(run, 1 if run.case.time is not None else 2)
    if not grids:
        return None, ""
    found = [(run.grid, u)]
    try:
        found += [(posed.grid, run.final(posed)) for posed, _ in grids]
    except PdekitError as failure:
        run.warnings.append(
            f"the estimate of the error failed on a coarser grid: {failure}"
        )
        return None, ""
    steps = [
        float(np.linalg.norm(transfer.moved(fine, grid, target) - coarse))
        / math.sqrt(coarse.size)
        for (grid, fine), (target, coarse) in pairwise(found)
    ]
    size = float(np.linalg.norm(u)) / math.sqrt(u.size) or 1.0
    ratio, order = grids[0][1], _expected_order(run)
    if len(steps) == 2 and min(steps) > 0:
        seen = math.log(steps[1] / steps[0]) / math.log(ratio)
        used = min(max(seen, 0.5), order)
        name = f"Richardson on two coarser grids, observed order {seen:.2f}"
        return steps[0] / size / (ratio**used - 1), name
    name = f"Richardson on a coarser grid, order {order:g} supposed"
    return steps[0] / size / (ratio**order - 1), name


def _expected_order(run: BoundaryRun) -> float:
    order = run.system.choice.order
    return 8.0 if order == "spectral" else float(order)


def algebraic_bound(run: BoundaryRun, u: Array) -> float | None:
    """Return  ‖A⁻¹‖ ‖b − A u‖ / ‖u‖  for a steady problem of one factor."""
    if run.case.time is not None or run.problem.factors > 1 or run.system.choice.order != 2:
        return None
    op = run.system.op
    return bound_of(run.posed, op, op.right_hand_side(run.f, run.walls), u)


def bound_of(posed: Posed, op: Stencil, b: Array, u: Array) -> float | None:
    """Return  ‖A⁻¹‖ ‖b − A u‖ / ‖u‖,  where a bound of ‖A⁻¹‖ is known."""
    smallest = checking.smallest_eigenvalue(posed, op)
    size = float(np.linalg.norm(u))
    if not smallest or not size:
        return None
    return float(np.linalg.norm(residual_of(op, b, u))) / smallest / size


def residual_of(op: Stencil, b: Array, u: Array) -> Array:
    """Return  b − A u,  of a singular operator without what no u can change."""
    r = op.residual(b, u)
    if op.singular:
        r = r - op.volumes * (r.sum() / np.broadcast_to(op.volumes, r.shape).sum())
    return r
