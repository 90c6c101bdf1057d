"""Data sets for learning solution operators: made, checked, loaded, exchanged.  No torch.

A case with ``task: dataset`` says which problem is solved for how many random inputs;
`make` solves it into a folder, `load` opens what is there without reading it.  The files
have the layout of The Well (Ohana et al., NeurIPS 2024, arXiv 2412.00568), and convert to
and from those of PDEBench (Takamoto et al., NeurIPS 2022, arXiv 2210.07182).
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_WHERE = {
    "DataSet": "pdekit.datasets.dataset",
    "Header": "pdekit.datasets.dataset",
    "Split": "pdekit.datasets.dataset",
    "load": "pdekit.datasets.loading",
    "open_file": "pdekit.datasets.loading",
    "make": "pdekit.datasets.generation",
    "write": "pdekit.datasets.writing",
    "complaints": "pdekit.datasets.checking",
    "Frames": "pdekit.datasets.difficulty",
    "export_pdebench": "pdekit.datasets.pdebench",
    "import_pdebench": "pdekit.datasets.pdebench_import",
    "shared_inputs": "pdekit.datasets.leakage",
    "statistics": "pdekit.datasets.statistics",
}

__all__ = sorted(_WHERE)


def __getattr__(name: str) -> Any:
    if name in _WHERE:
        return getattr(import_module(_WHERE[name]), name)
    raise AttributeError(f"module 'pdekit.datasets' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
