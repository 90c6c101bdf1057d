"""The four cases of simple-idealized-1d-nlse, beside the installed package, in one run.

    pip install simple-idealized-1d-nlse==0.0.5
    python -m pdekit.validation.benchmarks.nlse_reference_system

Same grid, times and initial states; time to solve, snapshots and diagnostics included, no
pictures; errors against a same-grid solution that is exact in time (rtol 1e-11), so that
what remains is what the time stepping and the filter add.
"""

from __future__ import annotations

import contextlib
import io
import time
from typing import Any

import numpy as np

from pdekit import load_case, solve
from pdekit.reference import relative_l2
from pdekit.validation.benchmarks._timing import table

CASES = ("single_soliton", "two_soliton", "breather", "modulation_instability")
EXACT_IN_TIME = {
    "solver": {"name": "spectral", "integrator": "dop853_ip", "rtol": 1e-11},
    "outputs": {"figures": "none"},
    "reference": None,
    "checks": {},
}
REPEATS = 3


def ours(name: str) -> tuple[float, np.ndarray, dict[str, Any]]:
    """Solve a case with pdekit: best time, final state, summary."""
    case = load_case(f"nlse/si_{name}", {"reference": None, "checks": {}})
    best = np.inf
    for _ in range(1 + REPEATS):
        result = solve(case)
        best = min(best, result.summary["cost"]["solve_s"])
    return best, result.fields["psi"][-1], result.summary


def exact_in_time(name: str) -> np.ndarray:
    """Return the final state on the same grid with the time error removed."""
    mapping = load_case(f"nlse/si_{name}").to_dict() | EXACT_IN_TIME
    return np.asarray(solve(mapping).fields["psi"][-1])


def theirs(name: str, filtered: bool = True) -> tuple[float, np.ndarray]:
    """Solve a case with the published package: best time and final state."""
    from simple_idealized_1d_nlse.core import initial_conditions as starts
    from simple_idealized_1d_nlse.core.solver import NLSESolver

    initial = {
        "single_soliton": starts.SingleSoliton(2.0, -10.0, 1.0),
        "two_soliton": starts.TwoSoliton(2.0, 1.5, -10.0, 10.0, 2.0, -2.0),
        "breather": starts.BreatherSolution(1.0, 0.5),
        "modulation_instability": starts.GaussianNoise(1.0, 5.0, 0.0, 0.01, 42),
    }[name]
    best = np.inf
    for _ in range(REPEATS):
        with contextlib.redirect_stdout(io.StringIO()):
            solver = NLSESolver(50.0, 512, use_filtering=filtered, verbose=False)
            began = time.perf_counter()
            found = solver.solve(
                initial(solver.x), 20.0, 100, "DOP853", 1e-9, 1e-11, show_progress=False
            )
        best = min(best, time.perf_counter() - began)
    return best, found["psi"][-1]


def main() -> None:
    """Print the comparison."""
    rows = []
    for name in CASES:
        reference = exact_in_time(name)
        seconds, psi, summary = ours(name)
        their_seconds, their_psi = theirs(name)
        error, their_error = (
            relative_l2(psi[None], reference),
            relative_l2(their_psi[None], reference),
        )
        drift = {k: v["drift"] for k, v in summary["invariants"].items()}
        rows.append(
            [
                name,
                f"{seconds:.3f} s",
                f"{their_seconds:.2f} s",
                f"{their_seconds / seconds:.1f}",
                f"{error:.1e}",
                f"{their_error:.1e}",
                f"{their_error / error:.0f}",
                f"{drift['mass']:.0e} / {drift['energy']:.0e}",
            ]
        )
    head = ["case", "pdekit", "package", "faster", "error", "package's error", "smaller"]
    print(table([*head, "drift of mass / energy"], rows))


if __name__ == "__main__":
    main()
