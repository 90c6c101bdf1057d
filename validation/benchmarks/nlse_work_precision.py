"""Work and precision of every integrator: two-soliton collision, L = 80, N = 2048, T = 10.

    python -m pdekit.validation.benchmarks.nlse_work_precision

The error is relative L² against the exact solution at t = 10.
"""

from __future__ import annotations

from pdekit import solve
from pdekit.validation.benchmarks._timing import table

CASE = {
    "equation": "nlse",
    "domain": {"x": {"interval": [-40.0, 40.0], "points": 2048}},
    "initial": {
        "exact": "n_soliton",
        "amplitudes": [2.0, 1.5],
        "velocities": [2.0, -2.0],
        "positions": [-10.0, 10.0],
    },
    "time": {"end": 10.0, "save": 2},
    "reference": {"exact": "n_soliton"},
}
FIXED = {
    "strang": (8000,),
    "yoshida4": (4000,),
    "suzuki4": (2400,),
    "bm4": (1600,),
    "rkn4_6": (800, 1600, 3200),
    "rkn6_11": (800, 1600),
    "rkn6_14": (400, 800, 1600),
    "ifrk4": (2000, 4000),
    "etdrk4": (2000, 4000),
}
ADAPTIVE = {"dop853_ip": (1e-6, 1e-8, 1e-10), "dop853": (1e-6, 1e-9)}


def row(integrator: str, work: dict[str, float]) -> list[str]:
    """Solve once to warm up and once to measure."""
    case = CASE | {"solver": {"name": "spectral", "integrator": integrator, **work}}
    solve(case)
    summary = solve(case).summary
    setting = ", ".join(f"{key} = {value:g}" for key, value in work.items())
    drift = {k: v["drift"] for k, v in summary["invariants"].items()}
    return [
        integrator,
        setting,
        str(summary["cost"]["transforms"]),
        f"{summary['cost']['solve_s']:.2f} s",
        f"{summary['errors']['relative_l2']:.1e}",
        f"{drift['mass']:.0e}",
        f"{drift['energy']:.0e}",
    ]


def main() -> None:
    """Print the table."""
    rows = [row(name, {"steps": n}) for name, counts in FIXED.items() for n in counts]
    rows += [
        row(name, {"rtol": r}) for name, tolerances in ADAPTIVE.items() for r in tolerances
    ]
    head = [
        "integrator",
        "setting",
        "transforms",
        "time",
        "error",
        "mass drift",
        "energy drift",
    ]
    print(table(head, rows))


if __name__ == "__main__":
    main()
