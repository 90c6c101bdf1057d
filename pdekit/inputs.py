"""Files that a case reads, kept beside its results so that it can be run again."""

from __future__ import annotations

import shutil
from pathlib import Path

from pdekit.case import AnyCase
from pdekit.case.schema import FileInitial, FileReference
from pdekit.errors import OutputError
from pdekit.files import atomic

FOLDER = "inputs"


def sources(case: AnyCase) -> dict[str, Path]:
    """Section of the case (``initial``, ``reference``) to the file it reads."""
    found = {}
    for name, kind in (("initial", FileInitial), ("reference", FileReference)):
        section = getattr(case, name)
        if isinstance(section, kind):
            found[name] = case.file(f"{name}.file", section.file)
    return found


def as_written(case: AnyCase) -> AnyCase:
    """Return the case as it stands in an output folder, reading the copies there."""
    changed = {
        name: getattr(case, name).model_copy(update={"file": f"{FOLDER}/{name}.h5"})
        for name in sources(case)
    }
    return case.model_copy(update=changed) if changed else case


def keep(case: AnyCase, folder: Path) -> None:
    """Copy what the case reads into an output folder."""
    for name, source in sources(case).items():
        target = folder / FOLDER / f"{name}.h5"
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
