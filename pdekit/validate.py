"""Run many cases, each with its own checks, and put the evidence on one page."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pdekit import __version__, atomic, provenance
from pdekit.case import load_case, shipped_cases
from pdekit.errors import PdekitError, UnknownName
from pdekit.store import FIGURES, run_into


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
    out.mkdir(parents=True, exist_ok=True)
    rows = []
    for name, source in chosen.items():
        row = _kept(name, source, out) if resume else None
        if row is None:
            say(f"running {name}")
            row = _row(name, source, out, figures)
            atomic.write_json(_place(out, name) / "row.json", row)
        say(f"  {name}: {row['status'].replace('_', ' ')}")
        rows.append(row)
    write_report(
        rows, out, "pdekit validation: " + (", ".join(suites) or "all shipped cases")
    )
    return rows, out


def selected(suites: Sequence[str]) -> dict[str, str | Path]:
    """Name to source of every case that the suites mean, in order, each once."""
    shipped = shipped_cases()
    if not suites:
        return {name: name for name in shipped}
    chosen: dict[str, str | Path] = {}
    for suite in suites:
        path = Path(suite)
        if path.is_dir():
            found = {p.relative_to(path).with_suffix("").as_posix(): p
                     for p in sorted(path.rglob("*.yaml"))}  # fmt: skip
        elif path.is_file():
            found = {path.stem: path}
        else:
            prefix = suite.rstrip("/")
            found = {n: n for n in shipped if n == prefix or n.startswith(prefix + "/")}
        if not found:
            known = [*shipped, *{name.split("/")[0] for name in shipped}]
            raise UnknownName("suite", suite, known)
        chosen |= found
    return chosen


def _place(out: Path, name: str) -> Path:
    folder = out / "cases" / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _fingerprint(source: str | Path) -> str:
    """Hash of the version and the case, or of the file's bytes if the case is wrong."""
    try:
        said = json.dumps(load_case(source).to_dict(), sort_keys=True)
    except PdekitError:
        said = (
            Path(source).read_text(errors="replace")
            if Path(source).is_file()
            else str(source)
        )
    return hashlib.sha256(f"{__version__} {said}".encode()).hexdigest()


def _kept(name: str, source: str | Path, out: Path) -> dict[str, Any] | None:
    path = _place(out, name) / "row.json"
    if not path.is_file():
        return None
    row: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return row if row.get("fingerprint") == _fingerprint(source) else None


def _row(name: str, source: str | Path, out: Path, figures: bool) -> dict[str, Any]:
    """Run one case; whatever goes wrong becomes a row, not the end of the report."""
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
        case = load_case(source, [] if figures else ["outputs.figures=none"])
        row["title"] = case.title
        result, folder, failure = run_into(case, _place(out, name) / "run", overwrite=True)
    except PdekitError as error:
        return row | {"status": "refused", "message": str(error)}
    except Exception as error:  # the one place where any failure is a result
        return row | {"message": f"{type(error).__name__}: {error}"}
    summary = result.summary
    keys = ("status", "checks", "errors", "invariants", "cost", "environment", "warnings")
    return row | {
        **{key: summary[key] for key in keys},
        "solver": summary["solver"],
        "message": "" if failure is None else str(failure),
        "figures": sorted(str(p) for p in (folder / FIGURES).glob("*.png")),
    }
