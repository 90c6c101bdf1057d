"""Time the direct solver beside the transforms it is made of, scipy's and multigrid.

Run ``python -m pdekit.validation.benchmarks.direct_solvers [threads]``.

−Δu = f on the unit square and cube, Dirichlet walls, noise on the right; the shortest of
interleaved rounds in milliseconds.  *bare* is a transform and back by the fastest library,
whole lines at once; *scipy* is the same solution with `scipy.fft`; *multigrid* goes to a
relative residual of 1e-8.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.util import find_spec

import numpy as np

from pdekit.grid import Axis, Grid
from pdekit.linalg import discretize
from pdekit.linalg._modes import Modes
from pdekit.linalg.direct import DirectSolver
from pdekit.typing import Array
from pdekit.validation.benchmarks._timing import interleaved, table

SIZES = ((255, 2), (511, 2), (1023, 2), (1024, 2), (63, 3), (127, 3), (128, 3))
ROUNDS = 15
_NAMES = ("apply", "solve", "bare", "scipy", "multigrid")


def main() -> None:
    """Print the table."""
    threads = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    rows = []
    for n, ndim in SIZES:
        grid = Grid(tuple(Axis(name, n, 0.0, 1.0, "dirichlet") for name in "xyz"[:ndim]))
        solver = DirectSolver(grid, threads=threads)
        seconds = interleaved(competitors(grid, solver, threads), ROUNDS)
        milli = [f"{1e3 * seconds[k]:.2f}" if k in seconds else "" for k in _NAMES]
        ratio = f"{seconds['apply'] / seconds['bare']:.2f}"
        libraries = ", ".join(
            f"{step['backend']} halved {step.get('halved', 0)}" for step in solver.info
        )
        rows.append([f"{n}^{ndim}", *milli, ratio, libraries])
    print(table(["unknowns", *_NAMES, "apply/bare", "transforms"], rows))


def competitors(
    grid: Grid, solver: DirectSolver, threads: int
) -> dict[str, Callable[[], object]]:
    """Return what is timed."""
    from scipy import fft as peer

    b = np.random.default_rng(0).standard_normal(grid.shape)
    out, small = np.empty(grid.shape), 1e-9 * b
    whole = Modes(grid, threads=threads, halves=False)

    def bare() -> None:
        np.copyto(whole.values, small)  # round trips multiply: values would grow
        whole.forward()
        whole.inverse()

    def by_scipy() -> Array:
        modes = peer.dstn(b, 1, workers=threads)
        modes /= solver.eigenvalues
        return np.asarray(peer.idstn(modes, 1, overwrite_x=True, workers=threads))

    if abs(by_scipy() - solver.apply(b)).max() > 1e-10:
        raise SystemExit("the two solutions differ")
    found: dict[str, Callable[[], object]] = {
        "apply": lambda: solver.apply(b, out),
        "solve": lambda: solver.solve(b),
        "bare": bare,
        "scipy": by_scipy,
    }
    if grid.shape[0] % 2 and find_spec("pdekit.linalg.multigrid"):
        from pdekit.linalg.multigrid import Multigrid

        cycles = Multigrid(discretize(grid), threads=threads)
        found["multigrid"] = lambda: cycles.solve(b, rtol=1e-8)
    return found


if __name__ == "__main__":
    main()
