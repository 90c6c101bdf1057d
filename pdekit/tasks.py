"""What is done with a case, whatever its task is: solve an equation, make a data set."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from pdekit.case import DatasetCase, Loaded
from pdekit.errors import PdekitError
from pdekit.observer import Observer, Silent


class Outcome(Protocol):
    """What comes of a case."""

    @property
    def summary(self) -> Mapping[str, Any]:
        """What ``summary.json`` holds."""
        ...

    @property
    def status(self) -> str:
        """How it ended."""
        ...


def run_into(
    case: Loaded,
    folder: Path,
    *,
    resume: bool = False,
    overwrite: bool = False,
    observer: Observer | None = None,
) -> tuple[Outcome, Path, PdekitError | None]:
    """Do what a case says and leave everything in a folder; see `pdekit.store.run_into`."""
    how: dict[str, Any] = {"resume": resume, "overwrite": overwrite, "observer": observer}
    if isinstance(case, DatasetCase):
        from pdekit.datasets.generation import make_into

        return make_into(case, folder, **how)
    from pdekit import store

    return store.run_into(case, folder, **how)


def without_figures(case: Loaded) -> Loaded:
    """Return a case that draws nothing."""
    if isinstance(case, DatasetCase):
        return case
    none = case.outputs.model_copy(update={"figures": "none"})
    return case.model_copy(update={"outputs": none})


def warnings_of(case: Loaded) -> list[str]:
    """Make a case ready without running it, which refuses it, or says what is odd."""
    if isinstance(case, DatasetCase):
        from pdekit.case import problem_of
        from pdekit.datasets.generation import Making

        return Making(case, problem_of(case), Silent()).warnings
    from pdekit.run import prepared

    return list(prepared(case, Silent()).warnings)
