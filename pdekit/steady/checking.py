"""What only the numbers show of a case: refused or warned of before it is solved."""

from __future__ import annotations

import math
from itertools import combinations, product
from typing import TYPE_CHECKING

import numpy as np

from pdekit.grid import Axis
from pdekit.linalg.stencil import Stencil, cell_parts, sides
from pdekit.steady.choosing import crossing, on_points
from pdekit.steady.grids import SMALL, coarsest, intervals, nearest_good
from pdekit.typing import Array

if TYPE_CHECKING:
    from pdekit.steady.posing import Posed
    from pdekit.steady.solving import System

BALANCE = 1e-10
"""Part of the largest datum that the mean of balanced ones may reach by rounding."""


def require_solvable(posed: Posed, op: Stencil, b: Array, project: bool) -> None:
    """Refuse singular data without a solution (Fredholm's alternative)."""
    if not op.singular or project or posed.case.manufactured is not None:
        return
    mean, largest = float(np.mean(b)), float(np.abs(b).max())
    if abs(mean) <= BALANCE * largest:
        return
    key = next(
        (key for key in ("source", "boundary") if getattr(posed.case, key)),
        "equation.source" if posed.problem.params.source is not None else "equation",
    )
    walls = posed.grid.is_periodic
    kind = "periodic" if walls else "Neumann walls"
    raise posed.case.problem(
        key,
        f"has no solution: with {kind} all round and no reaction the data must balance, "
        f"and their mean is {mean:.3g} (the largest is {largest:.3g}); change them, or let "
        "solver.project: true take the mean off",
    )


def _resonance(posed: Posed) -> list[str]:
    """Warn of a resonance that the grid cannot tell from a nearby one."""
    if not (posed.problem.indefinite and posed.constant):
        return []
    shift = float(posed.reaction)
    discrete = [
        float(k) * one_dimensional(axis)
        for k, axis in zip(posed.diffusion, posed.grid.axes, strict=True)
    ]
    exact = [
        float(k) * one_dimensional(axis, exact=True)
        for k, axis in zip(posed.diffusion, posed.grid.axes, strict=True)
    ]
    ours = sum(np.ix_(*discrete), start=np.zeros(())) + shift
    theirs = sum(np.ix_(*exact), start=np.zeros(())) + shift
    nearest = np.unravel_index(int(np.abs(theirs).argmin()), theirs.shape)
    distance, error = abs(float(theirs[nearest])), abs(float((theirs - ours)[nearest]))
    if distance >= 10 * error:
        return []
    return [
        f"equation: the box resonates {distance:.2g} away, at an eigenvalue that this grid "
        f"has wrong by {error:.2g}: the solution may be far off; use more points"
    ]


def require_sign(posed: Posed) -> None:
    """Refuse a reaction that makes a positive problem indefinite."""
    c = np.asarray(posed.reaction)
    if posed.problem.indefinite or not np.any(c < 0):
        return
    raise posed.case.problem(
        f"equation.{posed.law.reaction[0]}",
        f"must be >= 0 everywhere (it is {c.min():.4g} at its smallest); helmholtz has the "
        "other sign",
    )


def require_at_rest(posed: Posed) -> None:
    """Refuse data on the walls of a clamped plate, on which u and its slope are zero."""
    if not posed.problem.clamped:
        return
    if posed.case.manufactured is None:
        if any(np.any(g) for g in posed.walls().values()):
            raise posed.case.problem("boundary", "must be zero: the plate is clamped")
        return
    u = posed.chain[0]
    size = float(np.abs(posed.exact()).max())
    for axis in posed.grid.axes:
        for side in ("lower", "upper"):
            points = posed.wall_points(axis.name, side)
            for what in (u, u.d(axis.name)):
                off = float(np.abs(posed.smooth_values("manufactured", what, points)).max())
                if off > 1e-8 * size:
                    message = (
                        f"must be zero with its slope on the walls of a clamped plate, and "
                        f"is not on {axis.name}.{side}"
                    )
                    raise posed.case.problem("manufactured", message)


def require_periodic(posed: Posed) -> None:
    """Refuse a manufactured solution without the period of a periodic axis."""
    u = posed.chain[0]
    for d, axis in enumerate(posed.grid.axes):
        if axis.boundary != "periodic":
            continue
        points = list(posed.grid.points())
        ends = []
        for end in (axis.lower, axis.upper):
            points[d] = np.full((1,) * posed.grid.ndim, end)
            ends.append(
                [
                    posed.smooth_values("manufactured", each, points)
                    for each in (u, u.d(axis.name))
                ]
            )
        for what, a, b in zip(("value", "slope"), *ends, strict=True):
            size = max(np.abs(a).max(), np.abs(b).max(), 1e-300)
            jump = np.abs(a - b).max()
            if jump > max(1e-8 * size, 1e-12):
                raise posed.case.problem(
                    "manufactured",
                    f"does not have the period of the axis {axis.name}: its {what} differs "
                    f"between the ends by {jump:.3g}",
                )


def warnings_of(posed: Posed, system: System) -> list[str]:
    """Return sentences about sizes, anisotropy and tolerance."""
    return [
        *_unused(posed, system),
        *_sizes(posed, system),
        *_anisotropy(posed, system),
        *_tolerance(posed, system),
        *_resonance(posed),
        *_corners(posed),
    ]


def _corners(posed: Posed) -> list[str]:
    """Warn of values on two walls that differ where the walls meet."""
    if not posed.case.boundary:
        return []
    grid, found = posed.grid, []
    largest = max((float(np.abs(v).max()) for v in posed.walls().values()), default=0.0)
    for (i, a), (j, b) in combinations(enumerate(grid.axes), 2):
        for (s, p), (t, q) in product(_held(a), _held(b)):
            points = list(grid.points())
            for d, end in ((i, p), (j, q)):
                points[d] = np.full((1,) * grid.ndim, end)
            one, other = (
                posed.at_wall(axis.name, side, points) for axis, side in ((a, s), (b, t))
            )
            jump = float(np.abs(one - other).max())
            if jump > 1e-8 * largest:
                found.append(
                    f"boundary: the values on {a.name}.{s} and {b.name}.{t} differ by "
                    f"{jump:.3g} where the walls meet: the error there does not fall with "
                    "the spacing"
                )
    return found


def _held(axis: Axis) -> list[tuple[str, float]]:
    """Return the sides of an axis on which values are given, and where they are."""
    ends = zip(("lower", "upper"), sides(axis), (axis.lower, axis.upper), strict=True)
    return [(side, end) for side, kind, end in ends if kind == "dirichlet"]


def _unused(posed: Posed, system: System) -> list[str]:
    """Say which keys change nothing."""
    spec, chosen = system.spec, system.choice.name
    idle = [
        f"solver.{key}: is not used by {chosen}, which auto chose"
        for key in ("maxiter", "cycle", "smoother")
        if spec.name == "auto" and chosen == "direct" and getattr(spec, key) is not None
    ]
    if spec.project and not system.op.singular:
        idle.append("solver.project: nothing is taken off, the problem has a solution")
    return idle


def uses_multigrid(system: System) -> bool:
    """Whether cycles are part of the solver."""
    return "multigrid" in (system.choice.name, system.choice.preconditioner)


def _sizes(posed: Posed, system: System) -> list[str]:
    if not uses_multigrid(system):
        return []
    poor = []
    for axis in posed.grid.axes:
        n = intervals(axis)
        if coarsest(n) > SMALL:
            better = nearest_good(n)
            offset = n - axis.n
            poor.append(
                f"domain.{axis.name}.points: {axis.n} halves only down to {coarsest(n)} "
                f"intervals; {' or '.join(str(m - offset) for m in better)} coarsen well"
            )
    return poor


def _anisotropy(posed: Posed, system: System) -> list[str]:
    if not uses_multigrid(system) or not (found := crossing(posed)):
        return []
    return [
        f"equation: {found}: cycles that coarsen along one axis will be slow; krylov with "
        "preconditioner: mic is likely to be faster"
    ]


def _tolerance(posed: Posed, system: System) -> list[str]:
    """Warn where rounding of the residual alone may exceed the tolerance."""
    rtol = system.spec.rtol
    if system.choice.name in ("direct", "spectral"):
        return []
    floor = float(np.finfo(float).eps) * condition(posed, system.added)
    if rtol >= floor:
        return []
    return [
        f"solver.rtol: {rtol:g} is below rounding times the condition of the Laplacian on "
        f"this grid, {floor:.1e}: it may not be reached"
    ]


def condition(posed: Posed, added: float = 0.0) -> float:
    """Return the ratio of the largest to the smallest eigenvalue with mean coefficients.

    Contrast, which preconditioners take away, is left out.
    """
    smallest, largest = 0.0, 0.0
    lowest = []
    for d, axis in enumerate(posed.grid.axes):
        eigenvalues = float(np.exp(np.mean(np.log(on_points(posed, d))))) * one_dimensional(
            axis
        )
        smallest, largest = smallest + eigenvalues[0], largest + eigenvalues[-1]
        lowest.append(eigenvalues[1] if len(eigenvalues) > 1 else np.inf)
    shift = added + max(float(np.mean(posed.reaction)), 0.0)
    least = smallest + shift
    return (largest + shift) / (least if least > 0 else min(lowest))


# -- bounds of the spectrum ------------------------------------------------------------


def smallest_eigenvalue(posed: Posed, op: Stencil) -> float:
    """Return a bound from below of |λ|, without the null space; 0 where none is known.

    A ≥ k_min (−∇²)_h + c_min  with the eigenvalues of the second difference known, times
    the smallest part of a cell.
    """
    parts = math.prod(float(cell_parts(a).min()) for a in posed.grid.axes)
    c = np.asarray(posed.reaction)
    per_axis = [
        float(on_points(posed, d).min()) * one_dimensional(axis)
        for d, axis in enumerate(posed.grid.axes)
    ]
    if posed.constant and np.any(c < 0):
        sums = sum(np.ix_(*per_axis), start=np.zeros(())) + float(c)
        return parts * float(np.abs(sums).min())
    if np.any(c < 0):
        return 0.0
    if op.singular:  # all start from zero: the smallest that does not
        return parts * min(float(p[1]) for p in per_axis if len(p) > 1)
    return parts * (sum(float(p[0]) for p in per_axis) + float(np.min(c)))


def one_dimensional(axis: Axis, exact: bool = False) -> Array:
    """Return the eigenvalues of  −∂²/∂x²  as second differences on an axis, ascending.

    Or of the same modes without differences.
    """
    n, h = intervals(axis), axis.spacing
    lower, upper = sides(axis)
    if axis.boundary == "periodic":
        angles = 2 * np.pi * np.abs(np.fft.fftfreq(n))
    elif lower != upper:
        angles = np.pi * (np.arange(axis.n) + 0.5) / n
    else:
        angles = np.pi * (np.arange(axis.n) + (lower == "dirichlet")) / n
    halves = angles / 2 if exact else np.sin(angles / 2)
    return np.sort(4 / h**2 * halves**2)
