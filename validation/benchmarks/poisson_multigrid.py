"""Poisson's equation with multigrid, against PyAMG and scipy, set-up included.

    python -m pdekit.validation.benchmarks.poisson_multigrid [--size 2d|3d] [--kernels]

−Δu = f on the unit square or cube, u = 0 on the walls, f white noise, to a relative
residual of 1e-8 from zero.  The first call of everything goes first: it compiles.
"""

from __future__ import annotations

import argparse
import importlib
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from pdekit.axis import Axis
from pdekit.grid import Grid
from pdekit.linalg import Stencil, discretize
from pdekit.linalg.multigrid import Multigrid
from pdekit.validation.benchmarks._timing import interleaved, table

SIZES = {"2d": (1023, 1023), "3d": (127, 127, 127)}
RTOL = 1e-8


def problem(shape: tuple[int, ...]) -> tuple[Stencil, Any]:
    """Return the operator and a right-hand side."""
    axes = [Axis(name, n, 0, 1, "dirichlet") for name, n in zip("xyz", shape, strict=False)]
    op = discretize(Grid(tuple(axes)))
    return op, np.random.default_rng(0).standard_normal(op.shape)


def ours(op: Stencil, b: Any, **options: Any) -> Callable[[], tuple[Any, int]]:
    """Return the solution by V(1,1), the hierarchy made anew each time."""

    def run() -> tuple[Any, int]:
        solution = Multigrid(op, **options).solve(b, RTOL)
        return solution.x, solution.iterations

    return run


def theirs(op: Stencil, b: Any) -> dict[str, Callable[[], tuple[Any, int]]]:
    """Return the solutions by scipy and, if it is there, PyAMG."""
    from scipy.sparse.linalg import cg

    # scipy's arrays have 64-bit indices here, PyAMG wants 32-bit ones
    matrix = op.tocsr()
    matrix.indices, matrix.indptr = (
        a.astype(np.int32) for a in (matrix.indices, matrix.indptr)
    )
    flat = b.ravel()

    def plain() -> tuple[Any, int]:
        steps: list[float] = []
        x, _ = cg(
            matrix, flat, rtol=RTOL, maxiter=20000, callback=lambda _: steps.append(0)
        )
        return x, len(steps)

    runs = {"scipy CG": plain}
    try:
        pyamg: Any = importlib.import_module("pyamg")
        from scipy.sparse import csr_matrix
    except ImportError:
        return runs
    old = csr_matrix(matrix)

    def algebraic(make: Callable[..., Any]) -> Callable[[], tuple[Any, int]]:
        def run() -> tuple[Any, int]:
            residuals: list[float] = []
            x = make(old).solve(flat, tol=RTOL, accel="cg", residuals=residuals)
            return x, len(residuals) - 1

        return run

    runs["PyAMG smoothed aggregation, CG"] = algebraic(pyamg.smoothed_aggregation_solver)
    runs["PyAMG Ruge-Stüben, CG"] = algebraic(pyamg.ruge_stuben_solver)
    return runs


def race(shape: tuple[int, ...], rounds: int) -> None:
    """Print times, iterations and true residuals."""
    op, b = problem(shape)
    began = time.perf_counter()
    ours(op, b)()
    print(f"{shape}: first call {time.perf_counter() - began:.2f} s, compilation included")
    fast = {
        "pdekit V(1,1)": ours(op, b),
        "pdekit V(1,1), single inside": ours(op, b, precision="single"),
        "pdekit V(1,1), two threads": ours(op, b, threads=2),
    }
    clocks: dict[str, tuple[float, float]] = {}
    answers = {name: timed(name, run, clocks) for name, run in fast.items()}
    for _ in range(rounds):
        for name, run in theirs(op, b).items():  # minutes: once each, and ours beside it
            answers[name] = timed(name, run, clocks)
            for _ in range(10):
                for again, mine in fast.items():
                    timed(again, mine, clocks)
    base, size = clocks["pdekit V(1,1)"], np.linalg.norm(b)
    rows = [
        [name, f"{wall:.4f}", f"{cpu:.4f}", f"{wall / base[0]:.1f}", f"{cpu / base[1]:.1f}",
         str(answers[name][1]),
         f"{np.linalg.norm(op.residual(b, answers[name][0].reshape(b.shape))) / size:.1e}"]
        for name, (wall, cpu) in clocks.items()
    ]  # fmt: skip
    head = [
        "solver",
        "wall s",
        "CPU s",
        "wall ratio",
        "CPU ratio",
        "iterations",
        "residual",
    ]
    print(table(head, rows))


def timed(
    name: str,
    run: Callable[[], tuple[Any, int]],
    clocks: dict[str, tuple[float, float]],
) -> tuple[Any, int]:
    """Run, and keep the shortest wall and processor times: others may use the machine."""
    wall, cpu = time.perf_counter(), time.process_time()
    answer = run()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    before = clocks.get(name, (float("inf"), float("inf")))
    clocks[name] = min(wall, before[0]), min(cpu, before[1])
    return answer


def kernels(shape: tuple[int, ...]) -> None:
    """Print the rates of the loops beside that of a copy of an array of this size.

    Bytes are those of all arrays that have to be read or written, coarse ones too.
    """
    op, b = problem(shape)
    mg = Multigrid(op)
    x, out = mg.apply(b), np.empty_like(b)
    plan, step, coarse = mg.levels[0].plan, mg.levels[0].transfer, mg.levels[1]
    part = 8 * coarse.f.size / b.size
    runs: dict[str, tuple[float, Callable[[], object]]] = {
        "copy": (16, lambda: np.copyto(out, b)),
        "product": (16, lambda: plan.product(x, out)),
        "residual": (24, lambda: plan.residual(x, b, out)),
        "residual norm": (16, lambda: plan.residual_norm(x, b)),
        "red-black sweep": (24, lambda: plan.sweep(x, b)),
        "sweep with norm": (24, lambda: plan.sweep(x, b, 0, 2)),
        "residual and restriction": (16 + part, lambda: step.restrict(b, x, coarse.f)),
        "prolongation": (16 + part, lambda: step.prolong(coarse.u, x)),
        "cycle": (80, lambda: mg.cycle(b, x)),
    }
    seconds = interleaved({name: run for name, (_, run) in runs.items()}, 40)
    rates = {name: size * b.size / seconds[name] for name, (size, _) in runs.items()}
    rows = [
        [name, f"{seconds[name] / b.size * 1e9:.2f}", f"{rate / 1e9:.1f}",
         f"{rate / rates['copy']:.0%}"]
        for name, rate in rates.items()
    ]  # fmt: skip
    print(table(["loop", "ns per point", "GB/s", "of the copy"], rows))


def main() -> None:
    """Race, or show the loops."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=SIZES, action="append")
    parser.add_argument("--kernels", action="store_true")
    parser.add_argument("--rounds", type=int, default=1)
    options = parser.parse_args()
    for size in options.size or SIZES:
        if options.kernels:
            kernels(SIZES[size])
        else:
            race(SIZES[size], options.rounds)


if __name__ == "__main__":
    main()
