"""Newton's method for direct collocation with a function of the value at a point.

A u + q(u) = f  at the interior points, with the separable operator A that
`pdekit.gp.sylvester` divides by.  A correction solves  (A + q′(u)) δ = r  by GMRES with the
preconditioner A⁻¹: A⁻¹q′ is smoothing, so that few iterations are needed at any rank.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from time import perf_counter
from typing import Any

import numpy as np

from pdekit.errors import NotApplicable, NotConverged
from pdekit.gp.joint_problem import Pointwise
from pdekit.gp.sylvester import CollocationSolver, DirectSolution
from pdekit.linalg.krylov import fgmres
from pdekit.typing import Array

STEPS = 30
"""Most corrections."""
SMALL = 1e-12
"""Relative size of a correction after which there is no other."""
SHORTEST = 2.0**-10
"""Shortest part of a correction that is tried."""


def solve_pointwise(
    solver: CollocationSolver, f: Array, g: Array, q: Pointwise, inner_rtol: float = 1e-10
) -> DirectSolution:
    """Solve  A u + q(u) = f  inside with u = g at the other points, from A u = f.

    Raises
    ------
    NotConverged
        If no part of a correction makes the residual smaller, or there are too many.
    """
    began, inside = perf_counter(), solver.inside
    solution = solver.solve(f, g)
    u = solution.u.copy()
    size = float(np.linalg.norm(f[inside])) or 1.0

    def residual(u: Array) -> Array:
        return (f - solver.apply(u) - q.value(u))[inside]

    left, corrections, inner = residual(u), list[float](), 0
    while not corrections or corrections[-1] > SMALL:
        if len(corrections) == STEPS:
            raise NotConverged(f"Newton's method did not converge in {STEPS} steps")
        linearised = _Linearised(solver, q.slope(u)[inside])
        found = fgmres(linearised, left, _Divided(solver), rtol=inner_rtol, maxiter=200)
        inner += found.iterations
        u, left, moved = _moved(u, found.x, left, residual, inside)
        corrections.append(moved / (float(np.linalg.norm(u)) or 1.0))
        if len(corrections) > 1 and 1e-8 > corrections[-1] > 0.3 * corrections[-2]:
            break  # rounding alone is left
    return replace(
        solution,
        u=u,
        residual=float(np.linalg.norm(left)) / size,
        method=f"Newton ({len(corrections)} steps, {inner} of GMRES), {solution.method}",
        solve_s=perf_counter() - began,
        corrections=tuple(corrections),
    )


def _moved(
    u: Array,
    step: Array,
    left: Array,
    residual: Callable[[Array], Array],
    inside: tuple[slice, ...],
) -> tuple[Array, Array, float]:
    """Go along a correction as far as the residual becomes smaller."""
    before, part = float(np.linalg.norm(left)), 1.0
    small = 1e-8 * float(np.linalg.norm(u))
    while part >= SHORTEST:
        trial = u.copy()
        trial[inside] += part * step
        now = residual(trial)
        moved = part * float(np.linalg.norm(step))
        if np.linalg.norm(now) < (1 - 1e-4 * part) * before or moved <= small:
            return trial, now, moved
        part /= 2
    raise NotConverged("Newton's method stagnates: no step makes the residual smaller")


class _Linearised:
    """The operator  A + q′(u)  between interior points."""

    symmetric = positive_definite = False
    nullspace: tuple[Array, ...] = ()

    def __init__(self, solver: CollocationSolver, slope: Array) -> None:
        self.solver, self.slope, self.shape = solver, slope, slope.shape

    def apply(self, x: Array, out: Array | None = None) -> Array:
        """Return  A x + q′ x."""
        return np.add(self.solver.apply_inside(x), self.slope * x, out=out)

    def residual(self, b: Array, x: Array, out: Array | None = None) -> Array:
        """Return  b − A x − q′ x."""
        return np.subtract(b, self.apply(x), out=out)

    def diagonal(self) -> Array:
        """Refuse: nothing here needs it."""
        raise NotApplicable("preconditioner", "the diagonal is not known")

    def tocsr(self) -> Any:
        """Refuse: the matrix is full."""
        raise NotApplicable("preconditioner", "the matrix is full")


class _Divided:
    """A⁻¹  as a preconditioner."""

    name = "direct collocation"
    linear = fixed = True
    symmetric = False
    setup_s = 0.0

    def __init__(self, solver: CollocationSolver) -> None:
        self.solver = solver

    def apply(self, r: Array, out: Array | None = None) -> Array:
        """Return  A⁻¹ r."""
        found = self.solver.divide(r)
        if out is None:
            return found
        np.copyto(out, found)
        return out
