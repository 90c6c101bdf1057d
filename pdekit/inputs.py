"""Files that a case reads, kept beside its results so that it can be run again."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pdekit.case import AnyCase, BoundaryCase
from pdekit.case.learned_case import LearnedSpec
from pdekit.case.observation_case import FileObservations
from pdekit.case.schema import FileInitial, FileReference
from pdekit.errors import OutputError
from pdekit.files import atomic

FOLDER, WEIGHTS = "inputs", "weights"
_SECTIONS = {
    "initial": FileInitial,
    "reference": FileReference,
    "observations": FileObservations,
}


def sources(case: AnyCase) -> dict[str, Path]:
    """Section or parameter (``initial``, ``coefficient``, …) to the file it reads."""
    found: dict[str, Path] = {}
    for name, kind in _SECTIONS.items():
        section = getattr(case, name, None)
        if isinstance(section, kind):
            found[name] = case.file(f"{name}.file", section.file)
    for name, file in _parameters(case).items():
        found[name] = case.file(f"equation.{name}.file", file)
    if isinstance(case.solver, LearnedSpec):
        found[WEIGHTS] = case.file(f"solver.{WEIGHTS}", case.solver.weights)
    return found


def _parameters(case: AnyCase) -> dict[str, str]:
    """Return the parameters of the equation that are read from files."""
    given = case.equation.params if isinstance(case, BoundaryCase) else {}
    return {
        k: v["file"] for k, v in given.items() if isinstance(v, Mapping) and "file" in v
    }


def as_written(case: AnyCase) -> AnyCase:
    """Return the case as it stands in an output folder, reading the copies there."""
    files = {name: f"{FOLDER}/{name}{path.suffix}" for name, path in sources(case).items()}
    if not files:
        return case
    params = _parameters(case)
    changed: dict[str, Any] = {
        name: getattr(case, name).model_copy(update={"file": file})
        for name, file in files.items()
        if name not in (*params, WEIGHTS)
    }
    if WEIGHTS in files:
        changed["solver"] = case.solver.model_copy(update={WEIGHTS: files[WEIGHTS]})
    if params:
        read = {k: {**case.equation.params[k], "file": files[k]} for k in params}
        changed["equation"] = case.equation.model_copy(update=read)
    return case.model_copy(update=changed)


def keep(case: AnyCase, folder: Path) -> None:
    """Copy what the case reads into an output folder."""
    for name, source in sources(case).items():
        target = folder / FOLDER / f"{name}{source.suffix}"
        atomic.make_folder(target.parent)
        with atomic.replacing(target, source.stat().st_size) as temporary:
            shutil.copyfile(source, temporary)


def spare(case: AnyCase, folder: Path) -> None:
    """Refuse to clear a folder that the case reads from."""
    for source in sources(case).values():
        if source.resolve().is_relative_to(folder.resolve()):
            raise OutputError(
                f"{folder}: --overwrite would delete {source.name}, which the case reads"
            )
