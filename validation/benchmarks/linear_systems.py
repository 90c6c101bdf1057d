"""Every solver of linear systems on the same three problems, in one table for each.

    python -m pdekit.validation.benchmarks.linear_systems [NAME …] [--points 127]

Vertex-centred Dirichlet squares, to a true relative residual of ``--rtol``.  The errors
are those of u = sin πx sin πy / (1.2 + cos πx cos πy), in ``constant`` and ``smooth`` with
what second differences have wrong in themselves, in ``blocks`` of the solution of the
system alone, whose right-hand side is A u.  Memory is the peak of set-up and solution, in
arrays of one number for each point.
"""

from __future__ import annotations

import argparse
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Any

import numpy as np

from pdekit import threads
from pdekit.calculus import Smooth
from pdekit.errors import PdekitError
from pdekit.grid import Axis, Grid
from pdekit.linalg import Solution, Stencil, discretize, solve
from pdekit.linalg.choice import METHODS, PRECONDITIONERS, constants
from pdekit.linalg.direct import DirectSolver
from pdekit.linalg.interface import norm
from pdekit.linalg.krylov import conjugate_gradients
from pdekit.linalg.multigrid import Multigrid
from pdekit.linalg.preconditioners import AlgebraicMultigrid
from pdekit.linalg.spectral import SpectralOperator
from pdekit.typing import Array
from pdekit.validation.benchmarks._timing import table
from pdekit.validation.benchmarks.krylov import blocks

EXACT = "sin(pi*x)*sin(pi*y)/(1.2 + cos(pi*x)*cos(pi*y))"
COEFFICIENTS = {"constant": "1", "smooth": "exp(0.5*cos(2*pi*x)*cos(2*pi*y))", "blocks": ""}
MAXITER = 3000
LONG_S = 0.2
"""A solution that takes longer is not repeated."""


@dataclass(frozen=True)
class Problem:
    """A system with the solution that is expected, and what spectral solvers need."""

    op: Stencil
    b: Array
    exact: Array
    f: Array | None = None
    k: Callable[..., Array] | None = None


def problem(name: str, n: int) -> Problem:
    """Return a problem by name."""
    grid = Grid(tuple(Axis(axis, n, 0.0, 1.0, "dirichlet") for axis in "xy"))
    u = Smooth.of(EXACT, ("x", "y"))
    exact = _values(u, *grid.points())
    if name == "blocks":
        op = discretize(grid, blocks(grid))
        return Problem(op, op.apply(exact), exact)
    k = Smooth.of(COEFFICIENTS[name], ("x", "y"))
    f = _values(-((k * u.d("x")).d("x") + (k * u.d("y")).d("y")), *grid.points())
    op = discretize(grid, 1.0 if name == "constant" else partial(_values, k))
    return Problem(op, op.right_hand_side(f), exact, f, partial(_values, k))


def _values(u: Smooth, x: Array, y: Array) -> Array:
    return u.at({"x": x, "y": y}, np.broadcast_shapes(x.shape, y.shape))


# -- the solvers -----------------------------------------------------------------------


def solvers(given: Problem, rtol: float) -> Iterator[tuple[str, Callable[[], Solution]]]:
    """Yield every solver that the problem allows, by name."""
    op, b = given.op, given.b
    if constants(op):
        yield "direct", partial(solve, op, b, "direct", rtol=rtol)
    if given.f is not None:
        yield "spectral", partial(spectral, given, rtol)
    for cycle in ("V", "W", "F"):
        yield f"multigrid, {cycle}", partial(cycles, op, b, cycle, rtol)
    for kind in ("smoothed_aggregation", "ruge_stuben"):
        yield f"AMG, {kind.replace('_', ' ')}", partial(algebraic, op, b, kind, rtol)
    for method in METHODS[2:]:
        for P in PRECONDITIONERS:
            call = partial(solve, op, b, method, P, rtol=rtol, maxiter=MAXITER)
            yield f"{method}, {P}", call


def spectral(given: Problem, rtol: float) -> Solution:
    """Solve with the derivatives of sine series, by iterations where k varies."""
    grid, k = given.op.grid, given.k
    assert given.f is not None and k is not None  # noqa: PT018, S101
    if constants(given.op):
        return DirectSolver(grid, order="spectral").solve_field(given.f, rtol=rtol)
    op = SpectralOperator(grid, k)
    P = DirectSolver(grid, float(k(*grid.points()).mean()), order="spectral")
    return conjugate_gradients(op, op.right_hand_side(given.f), P, rtol=rtol)


def cycles(op: Stencil, b: Array, cycle: Any, rtol: float) -> Solution:
    """Solve by cycles of geometric multigrid alone."""
    return Multigrid(op, cycle=cycle).solve(b, rtol=rtol)


def algebraic(op: Stencil, b: Array, kind: str, rtol: float) -> Solution:
    """Solve by cycles of algebraic multigrid alone."""
    P = AlgebraicMultigrid(op, kind)
    began, x, r = perf_counter(), np.zeros_like(b), b
    history = [1.0]
    while history[-1] > rtol and len(history) <= 100:
        x = x + P.apply(r)
        r = op.residual(b, x)
        history.append(norm(r) / norm(b))
    done = len(history) - 1
    return Solution(
        x=x,
        converged=history[-1] <= rtol,
        reason="tol" if history[-1] <= rtol else "maxiter",
        iterations=done,
        matvecs=done,
        applications=done,
        relative_residual=history[-1],
        history=np.array(history),
        history_is_true=np.ones(done + 1, dtype=bool),
        setup_s=P.setup_s,
        solve_s=perf_counter() - began,
    )


# -- the table -------------------------------------------------------------------------


def measured(call: Callable[[], Solution], rounds: int) -> tuple[Solution, float, int]:
    """Return the quickest solution, the shortest set-up, and the peak of memory."""
    call()  # compiles and plans
    tracemalloc.start()
    try:
        first = call()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    again = [first] if first.solve_s > LONG_S else [call() for _ in range(rounds)]
    return min(again, key=lambda s: s.solve_s), min(s.setup_s for s in again), peak


def row(name: str, call: Callable[[], Solution], given: Problem, rounds: int) -> list[str]:
    """Lay one solver out."""
    try:
        found, setup_s, peak = measured(call, rounds)
    except PdekitError as error:
        return [name, str(error), *[""] * 5]
    off = np.abs(found.x - given.exact).max() / np.abs(given.exact).max()
    return [
        name,
        str(found.iterations) if found.converged else f"> {found.iterations}",
        f"{1e3 * setup_s:.2f}",
        f"{1e3 * found.solve_s:.2f}",
        f"{found.relative_residual:.1e}",
        f"{off:.1e}",
        f"{peak / given.exact.nbytes:.0f}",
    ]


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("problems", nargs="*", default=[*COEFFICIENTS], metavar="NAME")
    parser.add_argument("--points", type=int, default=127)
    parser.add_argument("--rtol", type=float, default=1e-8)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="", help="solvers whose name holds this")
    options = parser.parse_args()
    head = [
        "solver",
        "iterations",
        "set-up, ms",
        "solve, ms",
        "residual",
        "error",
        "memory",
    ]
    with threads.limit(1):
        for name in options.problems:
            given = problem(name, options.points)
            rows = [
                row(each, call, given, options.rounds)
                for each, call in solvers(given, options.rtol)
                if options.only in each
            ]
            print(f"\n{name}, {options.points}², {options.rtol:g}\n\n{table(head, rows)}")


if __name__ == "__main__":
    main()
