"""The report of a validation: what was found, what was expected, and whether it holds.

``report.json`` holds the facts; the page and the Markdown are views of it. A row is the
outcome of one case: the keys of ``summary.json`` together with ``title``, ``message`` and
``figures`` (paths), and a ``status`` that may also be crashed, refused or skipped.
"""

from __future__ import annotations

import base64
import mimetypes
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

from pdekit import __version__
from pdekit.files.atomic import make_folder, plain, write_json, write_text

PASSED, SKIPPED = "ok", "skipped"
UNITS = {"_s": "s", "_mb": "MB"}  # endings of the names of costs


def write_report(
    rows: Iterable[Mapping[str, Any]], folder: str | Path, title: str = "Validation"
) -> dict[str, Path]:
    """Write ``index.html``, ``report.md`` and ``report.json``; return their paths.

    The page needs nothing but itself: figures are embedded, there is no script and no
    address it would load. A figure that is missing is named as such.

    Parameters
    ----------
    rows : iterable of mappings
        One outcome per case, see the module's text; keys may be missing.
    folder : path
        Created when missing; the three files are replaced in one stroke each.
    title : str
        Heading of the report.
    """
    folder = Path(folder)
    make_folder(folder)
    ordered = sorted((dict(row) for row in rows), key=_urgency)
    facts = report_facts(ordered, folder, title)
    views = [view_of(row, facts) for row in ordered]
    paths = {
        "html": folder / "index.html",
        "markdown": folder / "report.md",
        "json": folder / "report.json",
    }
    write_json(paths["json"], facts)
    write_text(paths["html"], rendered("report.html", {**facts, "views": views}))
    write_text(paths["markdown"], rendered("report.md", {**facts, "views": views}))
    return paths


def report_facts(
    rows: Sequence[Mapping[str, Any]], folder: Path, title: str
) -> dict[str, Any]:
    """Return what ``report.json`` holds; figures by their paths from ``folder``."""
    counts = Counter(_verdict(row) for row in rows)
    environments = [row["environment"] for row in rows if row.get("environment")]
    shared = environments[0] if environments else {}
    return {
        "title": title,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "pdekit_version": __version__,
        "counts": {verdict: counts[verdict] for verdict in ("failed", "skipped", "passed")},
        "environment": plain(shared),
        "rows": [
            plain(
                {**row, "figures": [_relative(f, folder) for f in row.get("figures") or ()]}
            )
            for row in rows
        ],
    }


def view_of(row: Mapping[str, Any], facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row in words, ready for the templates."""
    environment = plain(row.get("environment") or {})
    return {
        "name": str(row.get("case") or row.get("title") or "unnamed"),
        "title": str(row.get("title") or ""),
        "status": str(row.get("status") or "unknown").replace("_", " "),
        "verdict": _verdict(row),
        "message": (message := str(row.get("message") or "").strip()),
        "brief": message.splitlines()[-1] if message else "no checks",
        "checks": [check_in_words(check) for check in row.get("checks") or ()],
        "errors": {_words(k): number(v) for k, v in (row.get("errors") or {}).items()},
        "invariants": [
            _invariant_in_words(*i) for i in (row.get("invariants") or {}).items()
        ],
        "cost": [
            _cost_in_words(*c) for c in (row.get("cost") or {}).items() if c[1] is not None
        ],
        "warnings": [str(warning) for warning in row.get("warnings") or ()],
        "figures": [embedded(Path(path)) for path in row.get("figures") or ()],
        "environment": environment if environment != facts["environment"] else {},
    }


def bound_of(check: Mapping[str, Any]) -> str:
    """Say what a check expects, such as ``< 5e-09`` or ``2.5 ± 0.1``."""
    parts = []
    if "below" in check:
        parts.append(f"< {number(check['below'])}")
    if "above" in check:
        parts.append(f"> {number(check['above'])}")
    if "between" in check:
        parts.append(" … ".join(number(limit) for limit in check["between"]))
    if "equals" in check:
        within = f" ± {number(check['within'])}" if "within" in check else ""
        parts.append(f"{number(check['equals'])}{within}")
    return " and ".join(parts) or "no bound"


def _verdict(row: Mapping[str, Any]) -> str:
    if row.get("status") == SKIPPED:
        return "skipped"
    holds = all(check.get("holds") is True for check in row.get("checks") or ())
    return "passed" if row.get("status") == PASSED and holds else "failed"


def _urgency(row: Mapping[str, Any]) -> tuple[int, str]:
    """Order failures first, then what was skipped, each by name."""
    return ("failed", "skipped", "passed").index(_verdict(row)), str(row.get("case"))


def check_in_words(check: Mapping[str, Any]) -> dict[str, Any]:
    """Return a check in words: what was found and expected, whether it holds."""
    at = f" ({check['at']})" if check.get("at") is not None else ""
    label = f"{check['label']}: " if check.get("label") else ""
    return {
        "metric": f"{label}{check.get('metric', '?')}{at}",
        "found": number(check.get("value")),
        "expected": bound_of(check),
        "holds": check.get("holds") is True,
    }


def _invariant_in_words(
    name: str, values: Mapping[str, Any] | None
) -> tuple[str, str, str]:
    values = values or {}
    return _words(name), number(values.get("initial")), number(values.get("drift"))


def _cost_in_words(name: str, value: Any) -> tuple[str, str]:
    for ending, unit in UNITS.items():
        if name.endswith(ending):
            return _words(name.removesuffix(ending)), f"{number(value)} {unit}"
    return _words(name), number(value)


def _words(name: object) -> str:
    return str(name).replace("_", " ")


def number(value: Any) -> str:
    """Write a number in six digits at most, a dash for none."""
    value = plain(value) if not isinstance(value, float) else value
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:.6g}" if 1e-3 <= abs(value) < 1e4 else f"{value:.3g}"
    return str(value)


def _relative(path: str | Path, folder: Path) -> str:
    return Path(os.path.relpath(path, folder)).as_posix()


def embedded(path: Path) -> dict[str, Any]:
    """Return name and data of a picture; no data when it cannot be read."""
    try:
        data = base64.b64encode(path.read_bytes()).decode("ascii")
    except OSError:
        data = ""
    kind, _ = mimetypes.guess_type(path.name)
    return {
        "name": path.stem,
        "source": data and f"data:{kind or 'image/png'};base64,{data}",
    }


def rendered(name: str, values: Mapping[str, Any]) -> str:
    """Fill in a template of ``templates``; the ending of its name says what it makes."""
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    folder = files("pdekit").joinpath("templates")
    environment = Environment(
        loader=FunctionLoader(
            lambda name: folder.joinpath(name).read_text(encoding="utf-8")
        ),
        autoescape=name.endswith(".html"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["cell"] = _markdown
    return environment.get_template(name).render(**values)


def _markdown(text: object) -> str:
    """Make a text harmless in one line of Markdown, a table's cell included."""
    line = " ".join(str(text).split())
    for character in "\\`*_[]<>|#":
        line = line.replace(character, "\\" + character)
    return line
