"""What is done with a case of any task: solve, make a data set, train, compare."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from pdekit.case import DatasetCase, EvaluateCase, Loaded, TrainCase
from pdekit.errors import PdekitError
from pdekit.observer import Observer
from pdekit.outcome import Outcome

MODULES: Mapping[type[Loaded], str] = {
    DatasetCase: "pdekit.datasets.generation",
    TrainCase: "pdekit.solvers.learned.training",
    EvaluateCase: "pdekit.comparison.evaluation",
}
"""Where ``run_into`` and ``warnings_of`` are for cases that do not solve an equation."""


def run_into(
    case: Loaded,
    folder: Path,
    *,
    resume: bool = False,
    overwrite: bool = False,
    observer: Observer | None = None,
) -> tuple[Outcome, Path, PdekitError | None]:
    """Do what a case says and leave everything in a folder; see `pdekit.store.run_into`."""
    doing: Any = import_module(MODULES.get(type(case), "pdekit.store"))
    found: tuple[Outcome, Path, PdekitError | None] = doing.run_into(
        case, folder, resume=resume, overwrite=overwrite, observer=observer
    )
    return found


def without_figures(case: Loaded) -> Loaded:
    """Return a case that draws nothing."""
    if isinstance(case, DatasetCase):
        return case
    none = case.outputs.model_copy(update={"figures": "none"})
    return case.model_copy(update={"outputs": none})


def warnings_of(case: Loaded) -> list[str]:
    """Make a case ready without running it, which refuses it, or says what is odd."""
    doing: Any = import_module(MODULES.get(type(case), "pdekit.store"))
    return list(doing.warnings_of(case))
