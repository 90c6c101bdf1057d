"""Krylov methods and their preconditioners on the same systems, in turn, on one core.

    python -m pdekit.validation.benchmarks.krylov [constant lognormal blocks] [--points 255]

Vertex-centred Dirichlet squares, right-hand sides of noise, to a true relative residual of
``--rtol``.  All methods use the same product and the same vector loops; set-up is a time of
its own.  ``direct`` is the honest row where coefficients are constant.  ``--adversaries``
tables what preconditioners that cannot be trusted cost in the safeguarded solver.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import Any

import numpy as np

from pdekit import threads
from pdekit.grid import Axis, Grid
from pdekit.linalg import Solution, Stencil, discretize
from pdekit.linalg.choice import constants
from pdekit.linalg.direct import DirectSolver
from pdekit.linalg.krylov import conjugate_gradients, safe_fcg
from pdekit.linalg.multigrid import Multigrid
from pdekit.linalg.preconditioners import (
    SSOR,
    AlgebraicMultigrid,
    IncompleteCholesky,
    Jacobi,
)
from pdekit.typing import Array
from pdekit.validation.benchmarks._timing import table

Make = Callable[[Stencil], Any]


def log_normal(grid: Grid, variance: float = 1.1, length: float = 0.1) -> Array:
    """Return exp of a smooth Gaussian field, by filtered noise."""
    rng = np.random.default_rng(0)
    n = grid.shape[0] + 1
    modes = np.fft.rfft2(rng.standard_normal((n, n)))
    kx, ky = np.fft.fftfreq(n, 1 / n)[:, None], np.fft.rfftfreq(n, 1 / n)
    modes *= np.exp(-0.5 * (np.pi * length) ** 2 * (kx**2 + ky**2))
    field = np.fft.irfft2(modes, (n, n))[:-1, :-1]
    return np.exp(np.sqrt(variance) * (field - field.mean()) / field.std())


def blocks(grid: Grid) -> Array:
    """Return squares of sixteen points a side, randomly 1 or 10⁴."""
    n = grid.shape[0]
    high = np.random.default_rng(0).integers(0, 2, (n // 16 + 1,) * 2)
    return np.kron(10.0 ** (4 * high), np.ones((16, 16)))[:n, :n]


COEFFICIENTS: dict[str, Callable[[Grid], Any]] = {
    "constant": lambda grid: 1.0,
    "lognormal": log_normal,
    "blocks": blocks,
}


def preconditioners(n: int) -> dict[str, Make]:
    """Return what is compared, by name; omega is Young's for constant coefficients."""
    omega = 2 / (1 + np.sin(np.pi / (n + 1)))
    return {
        "none": lambda op: None,
        "Jacobi": Jacobi,
        "SSOR(1)": SSOR,
        f"SSOR({omega:.3f})": lambda op: SSOR(op, omega),
        "IC(0)": IncompleteCholesky,
        "MIC(0)": lambda op: IncompleteCholesky(op, modified=True),
        "AMG, aggregation": AlgebraicMultigrid,
        "AMG, classical": lambda op: AlgebraicMultigrid(op, "ruge_stuben"),
        "multigrid": lambda op: Multigrid(op, symmetric=True),
    }


def best_of(solve: Callable[[], Solution], rounds: int) -> Solution:
    """Return the quickest of several solutions, after one that is not counted."""
    solve()
    return min((solve() for _ in range(rounds)), key=lambda found: found.solve_s)


def row(name: str, setup: float, found: Solution) -> list[str]:
    """Lay one solution out."""
    return [
        name,
        str(found.iterations) if found.converged else f"> {found.iterations}",
        f"{1e3 * setup:.2f}",
        f"{1e3 * found.solve_s:.2f}",
        f"{1e3 * (setup + found.solve_s):.2f}",
        f"{found.relative_residual:.1e}",
    ]


def compare(op: Stencil, rtol: float, rounds: int) -> str:
    """Return the table of one operator."""
    b = np.random.default_rng(1).standard_normal(op.shape)
    rows = []
    if found := constants(op):
        setups = [DirectSolver(op.grid, *found) for _ in range(rounds + 1)]
        solution = best_of(lambda: setups[0].solve(b, rtol=rtol), rounds)
        rows.append(row("direct", min(s.setup_s for s in setups), solution))
    for name, make in preconditioners(op.shape[0]).items():
        made = [make(op) for _ in range(min(rounds, 3) + 1)]
        P = made[0]
        solution = best_of(
            partial(conjugate_gradients, op, b, P, rtol=rtol, maxiter=6000), rounds
        )
        setup = min(getattr(m, "setup_s", 0.0) for m in made[1:])
        rows.append(row(name, setup, solution))
    head = [
        "preconditioner",
        "iterations",
        "set-up, ms",
        "solve, ms",
        "both, ms",
        "residual",
    ]
    return table(head, rows)


class Careless:
    """A function as a preconditioner that promises nothing."""

    linear = symmetric = fixed = False
    setup_s = 0.0

    def __init__(self, name: str, function: Callable[[Array], Any]) -> None:
        self.name, self.function, self.calls, self.spent = name, function, 0, 0.0

    def apply(self, r: Array, out: Array | None = None) -> Any:
        """Return whatever it is."""
        began = perf_counter()
        z = self.function(r)
        self.calls, self.spent = self.calls + 1, self.spent + perf_counter() - began
        return z


def adversaries(op: Stencil) -> list[Careless]:
    """Return preconditioners that are broken, useless, noisy or good."""
    rng, good = np.random.default_rng(2), Multigrid(op, symmetric=True)

    def noisy(r: Array) -> Array:
        z = good.apply(r)
        return z + 0.5 * np.linalg.norm(z) / op.shape[0] * rng.standard_normal(r.shape)

    return [
        Careless("nan", lambda r: np.full(r.shape, np.nan)),
        Careless("minus r", lambda r: -r),
        Careless("random", lambda r: rng.standard_normal(r.shape)),
        Careless("constant", np.ones_like),
        Careless("residual", np.copy),
        Careless("random diagonal", lambda r: r * rng.uniform(0.2, 2.0, r.shape)),
        Careless("multigrid, half noise", noisy),
        Careless("multigrid", good.apply),
    ]


def compare_adversaries(op: Stencil, rtol: float, rounds: int) -> str:
    """Return what each costs, beside the trusted solve alone."""
    b, rows = np.random.default_rng(1).standard_normal(op.shape), []
    for safe in (SSOR(op, 1.9), Multigrid(op, symmetric=True)):
        alone = best_of(
            partial(conjugate_gradients, op, b, safe, rtol=rtol, maxiter=6000), rounds
        )
        for P in adversaries(op):
            found = best_of(
                partial(safe_fcg, op, b, P, safe=safe, rtol=rtol, maxiter=6000),
                rounds,
            )
            beyond = found.solve_s - 20 * P.spent / P.calls
            rows.append(
                [
                    safe.name,
                    P.name,
                    str(found.converged),
                    str(P.calls // (rounds + 1)),
                    str(found.applications),
                    str(found.matvecs),
                    f"{1e3 * found.solve_s:.2f}",
                    f"{found.solve_s / alone.solve_s:.2f}",
                    f"{beyond / alone.solve_s:.2f}",
                ]
            )
    head = ["safe", "P", "converged", "calls of P", "of P and S", "products", "ms"]
    return table([*head, "to S alone", "less 20 P"], rows)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("coefficients", nargs="*", default=[*COEFFICIENTS], metavar="NAME")
    parser.add_argument("--points", type=int, default=255)
    parser.add_argument("--rtol", type=float, default=1e-8)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--adversaries", action="store_true")
    options = parser.parse_args()
    axes = [Axis(name, options.points, 0.0, 1.0, "dirichlet") for name in "xy"]
    grid = Grid(tuple(axes))
    with threads.limit(1):
        for name in options.coefficients:
            op = discretize(grid, COEFFICIENTS[name](grid))
            print(f"\n{name}, {options.points}², {options.rtol:g}\n")
            print(compare(op, options.rtol, options.rounds))
            if options.adversaries:
                print("\n" + compare_adversaries(op, options.rtol, options.rounds))


if __name__ == "__main__":
    main()
