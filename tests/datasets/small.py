"""Data sets that are made in a fraction of a second."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

PROBLEM: dict[str, Any] = {
    "equation": {"name": "burgers", "viscosity": 0.1},
    "domain": {"x": {"interval": [0, "2*pi"], "points": 64}},
    "initial": {"random_field": {"alpha": 2, "tau": 1, "amplitude": 0.5}},
    "time": {"end": 0.5, "save": 3},
    "solver": {"integrator": "etdrk4", "steps": 20},
}
DARCY: dict[str, Any] = {
    "equation": {
        "name": "poisson",
        "coefficient": {"random_field": {"kind": "binary", "values": [3, 12]}},
        "source": "1",
    },
    "domain": {
        axis: {"interval": [0, 1], "points": 15, "boundary": "dirichlet"} for axis in "xy"
    },
    "solver": {"name": "krylov", "preconditioner": "mic"},
}
FLOW: dict[str, Any] = {
    "equation": {"name": "gray_scott"},
    "domain": {axis: {"interval": [0, 2], "points": 16} for axis in "xy"},
    "initial": {"random_field": {"alpha": 3, "tau": 2}},
    "time": {"end": 0.1, "save": 3},
    "solver": {"steps": 10},
}


def case_of(folder: Path, problem: dict[str, Any] = PROBLEM, **changes: Any) -> Path:
    """Write a problem and the case of a data set, and return the latter's file."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "problem.yaml").write_text(json.dumps(problem))
    case = {
        "task": "dataset",
        "problem": "problem.yaml",
        "samples": {"train": 5, "validation": 2, "test": 3},
        "data_error": False,
        **changes,
    }
    file = folder / "small.yaml"
    file.write_text(json.dumps({k: v for k, v in case.items() if v is not None}))
    return file
