"""pdekit: classical and learned PDE solvers on one grid, one transform layer, one result.

The public names are loaded on first use, so that ``import pdekit`` stays quick and brings
in neither torch nor numba nor matplotlib.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_WHERE = {
    "Axis": "pdekit.grid",
    "Grid": "pdekit.grid",
    "Case": "pdekit.case",
    "load_case": "pdekit.case",
    "evolve": "pdekit.marching",
    "solve": "pdekit.run",
    "Result": "pdekit.result",
    "PdekitError": "pdekit.errors",
}

__all__ = ["__version__", *sorted(_WHERE)]


def __getattr__(name: str) -> Any:
    if name in _WHERE:
        return getattr(import_module(_WHERE[name]), name)
    raise AttributeError(f"module 'pdekit' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
