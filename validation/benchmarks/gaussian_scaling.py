"""Time and memory of Gaussian processes on tensor grids against the number of points.

Run ``python -m pdekit.validation.benchmarks.gaussian_scaling [threads]``.

Δu = f on [0, 2π]^d with u = Π sin ωx at four points per wavelength, a kernel of the two
frequencies 0 and ω over a floor, the same for every dimension.  Seconds of:

- *matrix*: differentiation matrix of a dimension (kernel, Cholesky, solution);
- *pencil*: its eigenproblem with the covariance, which diagonalises prior and operator;
- *modes*: one product along every dimension;
- *log N*: log-determinant and quadratic form of all values;
- *setup*, *solve*: direct collocation, eigenvectors once and one right-hand side;
- *error* of that solution between the points, relative; *MB* the peak of the process beyond
  what it had when it began, *fields* the same in arrays of the grid.

Every size runs in a process of its own.
"""

from __future__ import annotations

import multiprocessing
import resource
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from pdekit import threads
from pdekit.gp import toeplitz
from pdekit.gp.kernels import GaussianMixture
from pdekit.gp.kronecker import KroneckerCovariance, mode_products
from pdekit.gp.line import line, with_floor
from pdekit.gp.pencil import pencil
from pdekit.gp.sylvester import CollocationSolver
from pdekit.validation.benchmarks._timing import table

SIZES = ((200, 2), (400, 2), (800, 2), (1600, 2), (32, 3), (64, 3), (128, 3))
_HEAD = ("points", "matrix", "pencil", "modes", "log N", "setup", "solve", "error", "MB")


def main() -> None:
    """Print the table."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    rows = []
    for n, ndim in SIZES:
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            found = pool.apply(measure, (n, ndim, count))
        row = [f"{n}^{ndim}", *[f"{found[name]:.3f}" for name in _HEAD[1:7]]]
        fields = found["bytes"] / (8 * n**ndim)
        row += [f"{found['error']:.1e}", f"{found['bytes'] / 1e6:.0f}", f"{fields:.1f}"]
        rows.append(row)
    print(table([*_HEAD, "fields"], rows))


def measure(n: int, ndim: int, count: int) -> dict[str, float]:
    """Return the seconds, the error and the memory of one size."""
    found: dict[str, float] = {}

    def timed(name: str, call: Callable[[], Any]) -> Any:
        began = time.perf_counter()
        value = call()
        found[name] = time.perf_counter() - began
        return value

    with threads.limit(count):
        warm = line(GaussianMixture(1.0, 9.0, 0.0), np.linspace(0, 1, 20), {2: 1.0})
        CollocationSolver([warm, warm])
        x = np.linspace(0, 2 * np.pi, n)
        omega = n // 4
        u, f = fields(omega, [x] * ndim)
        before = peak()
        rho, mu = np.full(2, 1 / (2 * np.pi)), np.array([0, omega / (2 * np.pi)])
        kernel = with_floor(GaussianMixture(np.ones(2), rho, mu), x[1])
        one = timed("matrix", lambda: line(kernel, x, {2: 1.0}))
        jet = [toeplitz.matrix(k) for k in kernel.jet(x, 2)[::2]]
        timed("pencil", lambda: pencil(jet[1], jet[0]))
        timed("modes", lambda: mode_products([one.matrix] * ndim, u))
        C = KroneckerCovariance((one.factor,) * ndim)
        timed("log N", lambda: C.log_density(u))
        solver = timed("setup", lambda: CollocationSolver([one] * ndim))
        solution = timed("solve", lambda: solver.solve(f, u))
        found["bytes"] = peak() - before
        fine = [np.linspace(0, 2 * np.pi, 97)] * ndim
        exact, _ = fields(omega, fine)
        error = np.linalg.norm(solution.predict(fine) - exact)
        found["error"] = float(error / np.linalg.norm(exact))
    return found


def fields(omega: float, points: list[Any]) -> tuple[Any, Any]:
    """Return  u = Π sin ωx  and its Laplacian."""
    u: Any = 1.0
    for x in points:
        u = np.multiply.outer(u, np.sin(omega * x))
    return u, -len(points) * omega**2 * u


def peak() -> int:
    """Return the most memory this process has held, in bytes."""
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    main()
