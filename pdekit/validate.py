"""Run many cases, each with its own checks, and put the evidence on one page."""

from __future__ import annotations

import hashlib
import json
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pdekit import __version__, provenance
from pdekit.case import load_case, shipped_cases
from pdekit.errors import PdekitError, UnknownName
from pdekit.files import atomic
from pdekit.store import FIGURES
from pdekit.tasks import run_into, without_figures

ROW, CRASH = "row.json", "crash.txt"


def validate(
    suites: Sequence[str],
    out: Path,
    *,
    resume: bool = False,
    figures: bool = True,
    say: Callable[[str], None] = lambda text: None,
) -> tuple[list[dict[str, Any]], Path]:
    """Run cases side by side and write ``index.html``, ``report.md`` and ``report.json``.

    Parameters
    ----------
    suites
        Names of shipped cases, prefixes of them such as ``nlse``, case files, or folders of
        case files; everything that is shipped when empty.
    resume
        Keep the rows of an earlier call whose case and version are the same.

    Returns
    -------
    rows, folder
        One mapping per case (:func:`pdekit.report.write_report`), and the report's folder.

    Raises
    ------
    UnknownName
        If a suite names nothing; nothing has been run then.
    """
    from pdekit.report import write_report

    chosen = selected(suites)
    rows = []
    for number, (name, source) in enumerate(chosen.items(), start=1):
        row = _kept(name, source, out) if resume else None
        again = " (kept)" if row else ""
        if row is None:
            say(f"[{number}/{len(chosen)}] running {name}")
            row = _row(name, source, out, figures)
            atomic.write_json(_place(out, name) / ROW, row)
        say(f"[{number}/{len(chosen)}] {name}: {row['status'].replace('_', ' ')}{again}")
        rows.append(row)
    title = "pdekit validation: " + (", ".join(suites) or "all shipped cases")
    write_report(rows, out, title)
    return rows, out


def selected(suites: Sequence[str]) -> dict[str, str | Path]:
    """Name to source of every case that the suites mean, in order, each once."""
    shipped = shipped_cases("solve")
    if not suites:
        return {name: name for name in shipped}
    chosen: dict[str, str | Path] = {}
    for suite in suites:
        for name, source in _meant(suite, shipped).items():
            chosen[_free_name(name, source, chosen)] = source
    return chosen


def _meant(suite: str, shipped: dict[str, Path]) -> dict[str, str | Path]:
    """Cases of one suite: a folder, a file, a shipped case or a prefix of some."""
    path = Path(suite)
    if path.is_dir():
        files = sorted(path.rglob("*.yaml"))
        if not files:
            raise PdekitError(f"{suite}: holds no case files (*.yaml)")
        return {p.relative_to(path).with_suffix("").as_posix(): p for p in files}
    if path.is_file():
        return {path.stem: path}
    prefix = suite.rstrip("/")
    found: dict[str, str | Path] = {
        name: name for name in shipped if name == prefix or name.startswith(prefix + "/")
    }
    if not found:
        known = [*shipped, *{name.split("/")[0] for name in shipped}]
        raise UnknownName("suite", suite, known)
    return found


def _free_name(name: str, source: str | Path, chosen: dict[str, str | Path]) -> str:
    """Return the name of a case, numbered if another case has it already."""
    number, free = 2, name
    while free in chosen and chosen[free] != source:
        free, number = f"{name}-{number}", number + 1
    return free


def _place(out: Path, name: str) -> Path:
    folder = out / "cases" / name
    atomic.make_folder(folder)
    return folder


def _fingerprint(source: str | Path) -> str:
    """Hash of the version and the case, or of what is wrong with it."""
    try:
        said = json.dumps(load_case(source).to_dict(), sort_keys=True).encode()
    except PdekitError as error:
        said = str(error).encode()
    return hashlib.sha256(f"{__version__} ".encode() + said).hexdigest()


def _kept(name: str, source: str | Path, out: Path) -> dict[str, Any] | None:
    """Return the row of an earlier call, if the case and the version are the same."""
    try:
        row: dict[str, Any] = json.loads((_place(out, name) / ROW).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return row if row.get("fingerprint") == _fingerprint(source) else None


def _row(name: str, source: str | Path, out: Path, figures: bool) -> dict[str, Any]:
    """Run one case; whatever goes wrong becomes a row, not the end of the report."""
    place = _place(out, name)
    row: dict[str, Any] = {
        "case": name,
        "title": "",
        "status": "crashed",
        "checks": [],
        "errors": {},
        "invariants": {},
        "cost": {},
        "figures": [],
        "message": "",
        "environment": provenance.collect(),
        "fingerprint": _fingerprint(source),
    }
    try:
        case = load_case(source)
        case = case if figures else without_figures(case)
        row["title"] = case.title
        result, folder, _ = run_into(case, place / "run", overwrite=True)
    except PdekitError as error:
        return row | {"status": "refused", "message": str(error)}
    except Exception as error:  # the one place where any failure is a result
        atomic.write_text(place / CRASH, traceback.format_exc())
        where = f"the traceback is in cases/{name}/{CRASH}"
        return row | {"message": f"{type(error).__name__}: {error} ({where})"}
    summary = result.summary
    keys = ("status", "checks", "errors", "invariants", "cost", "environment", "warnings",
            "solver", "message")  # fmt: skip
    from pdekit.plots import in_order

    pictures = [str(p) for p in in_order((folder / FIGURES).glob("*.png"))]
    return row | {key: summary[key] for key in keys} | {"figures": pictures}
