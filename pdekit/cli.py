"""The command line: ``python -m pdekit COMMAND``, or ``pdekit COMMAND``.

Only the parser is loaded for ``--help``; each command imports what it needs.
Exit status: 0 done and every check holds, 1 a check does not hold, 2 the input was refused,
3 the solver diverged or did not reach its tolerance, 130 interrupted (143 by SIGTERM).
"""

from __future__ import annotations

import argparse
import atexit
import gc
import os
import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pdekit.arguments import parser
from pdekit.errors import PdekitError

if TYPE_CHECKING:
    from pdekit.case import Loaded
    from pdekit.console import Watch

STATUS = {"ok": 0, "check_failed": 1, "diverged": 3, "not_converged": 3, "interrupted": 130}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    if arguments is None:
        _look_for_garbage_rarely()
    options = parser(COMMANDS).parse_args(arguments)
    try:
        _load_modules(options)
        return int(options.function(options))
    except PdekitError as error:
        if options.traceback:
            raise
        _refuse(options, error)
        return error.exit_status
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nobody reads it
        return 0
    except KeyboardInterrupt:
        _say("interrupted")
        return 130
    except Exception as error:
        if options.traceback:
            raise
        _say(f"internal error: {type(error).__name__}: {error}")
        _say("this is a mistake in pdekit; --traceback shows where")
        return 1


def _load_modules(options: argparse.Namespace) -> None:
    """Load the user's own files, if the command line names any."""
    if files := getattr(options, "module", ()):
        from pdekit import modules

        modules.load_all(files)


def _look_for_garbage_rarely() -> None:
    """Save a tenth of a short run: most of what it makes are modules, which stay."""
    gc.set_threshold(100_000)
    atexit.register(gc.freeze)


def _refuse(options: argparse.Namespace, error: PdekitError) -> None:
    """Say what is wrong: the sentence on standard error, with --json an object as well."""
    from pdekit.errors import CaseError

    if isinstance(error, CaseError):
        _say(str(error))
        problems = [str(problem) for problem in error.problems]
    else:
        _say(f"error: {error}")
        problems = [str(error)]
    if getattr(options, "json", False):
        _show({"status": "refused", "message": str(error), "problems": problems})


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _show(value: Any) -> None:
    from pdekit.files.atomic import json_text

    print(json_text(value, indent=2))


def _run(options: argparse.Namespace) -> int:
    from pdekit.case import load_case
    from pdekit.console import watched
    from pdekit.tasks import without_figures
    from pdekit.threads import prepare_environment

    if options.out and len(options.cases) > 1:
        raise PdekitError(
            "--out takes one case; run several into their own folders without it"
        )
    prepare_environment()
    # all are read, and refused, before any runs
    cases = [(name, load_case(name, options.set)) for name in options.cases]
    if options.no_figures:
        cases = [(name, without_figures(case)) for name, case in cases]
    if os.environ.get("RANK", "0") != "0":  # started with others by torchrun, which tell
        options.quiet, options.json = True, False
    status, summaries = 0, []
    with watched(quiet=options.quiet) as watch:
        for name, case in cases:
            summaries.append(_run_one(options, name, case, watch))
            status = max(status, _status(summaries[-1], watch))
            if watch.stop_requested():
                break
    if options.json:
        _show(summaries[0] if len(cases) == 1 else {"runs": summaries})
    return status


def _run_one(
    options: argparse.Namespace, name: str, case: Loaded, watch: Watch
) -> dict[str, Any]:
    from pdekit.console import lines
    from pdekit.tasks import run_into

    base = Path(options.out) if options.out else Path("runs") / case.name
    if options.resume and not options.out:
        base = _latest(base)
    result, folder, failure = run_into(
        case, base, resume=options.resume, overwrite=options.overwrite, observer=watch
    )
    watch.close()
    if not options.quiet:
        text = "\n".join(lines(dict(result.summary), folder))
        print(text, file=sys.stderr if options.json else sys.stdout, flush=True)
    if failure is not None:
        _say(f"error: {result.summary['message']}")
    if result.status == "interrupted":
        _say(f"what is done is kept; continue with: {_again(options, name, folder)}")
    return dict(result.summary)


def _again(options: argparse.Namespace, name: str, folder: Path) -> str:
    """Return the command that goes on with an interrupted run."""
    settings = [word for file in options.module for word in ("--module", file)]
    settings += [word for text in options.set for word in ("--set", text)]
    settings += ["--no-figures"] if options.no_figures else []
    return shlex.join(["pdekit", "run", name, *settings, "--out", str(folder), "--resume"])


def _status(summary: dict[str, Any], watch: Watch) -> int:
    """Return the exit status of one run."""
    if summary["status"] == "interrupted" and watch.signal is not None:
        return 128 + watch.signal
    return STATUS[summary["status"]]


def _latest(base: Path) -> Path:
    """Return the newest of DIR, DIR-2, … that can be continued, or DIR itself."""
    from pdekit.files.folders import numbered

    kept = [p / name for p in numbered(base) for name in ("checkpoint.h5", "parts")]
    found = [path for path in kept if path.exists()]
    return max(found, key=lambda path: path.stat().st_mtime, default=base / "none").parent


def _check(options: argparse.Namespace) -> int:
    status, report = 0, []
    for name in options.cases:
        problems: list[str] = []
        warnings: list[str] = []
        try:
            warnings = _checked(name, options.set)
        except PdekitError as error:
            problems = str(error).splitlines()
            status = 2
        report.append(
            {"case": name, "ok": not problems, "problems": problems, "warnings": warnings}
        )
        for line in (*problems, *(f"{name}: warning: {text}" for text in warnings)):
            _say(line)
        if not problems and not options.json:
            print(f"{name}: ok")
    if options.json:
        _show({"ok": status == 0, "cases": report})
    return status


def _checked(name: str, settings: Sequence[str]) -> list[str]:
    """Refuse a case, or a file of a data set; return the warnings."""
    if Path(name).suffix in (".hdf5", ".h5"):
        from pdekit.datasets.checking import complaints

        if wrong := complaints(name):
            raise PdekitError("\n".join(wrong))
        return []
    from pdekit.case import load_case
    from pdekit.tasks import warnings_of

    return warnings_of(load_case(name, settings))


def _list(options: argparse.Namespace) -> int:
    from pdekit.catalogue import entries

    rows = entries(options.what)
    if options.json:
        _show(rows)
        return 0
    if not rows:
        _say(f"there are no {options.what} in this version")
    width = max((len(name) for name in rows), default=0)
    for name, text in rows.items():
        print(f"{name:<{width}}  {text}".rstrip())
    return 0


def _describe(options: argparse.Namespace) -> int:
    from pdekit.catalogue import description

    print(description(options.name))
    return 0


def _schema(options: argparse.Namespace) -> int:
    from pdekit.case import case_schema

    _show(case_schema())
    return 0


def _validate(options: argparse.Namespace) -> int:
    from pdekit.threads import prepare_environment
    from pdekit.validate import validate

    prepare_environment()
    rows, folder = validate(
        options.suites,
        Path(options.out),
        resume=options.resume,
        figures=not options.no_figures,
        say=(lambda text: None) if options.quiet else _say,
    )
    if options.json:
        _show({"rows": rows, "folder": str(folder)})
    good = all(row["status"] == "ok" for row in rows)
    if not options.quiet:
        passed = sum(row["status"] == "ok" for row in rows)
        _say(f"{passed} of {len(rows)} cases pass; report: {folder / 'index.html'}")
    return 0 if good else 1


def _plot(options: argparse.Namespace) -> int:
    from pdekit import plots
    from pdekit.errors import UnknownName
    from pdekit.files.writer import read_result
    from pdekit.store import draw

    path = Path(options.result)
    result = read_result(path)
    for name in options.figures or ():
        if name not in plots.FIGURES:
            raise UnknownName("figure", name, plots.FIGURES)
    beside = path if path.is_dir() else path.parent
    folder = Path(options.out) if options.out else beside / "figures"
    for written in draw(result, folder, options.figures or "all"):
        print(written)
    if options.movie:
        made = plots.movie(result, folder / "movie.gif")
        if made is None:
            raise PdekitError("a movie needs two frames at least")
        print(made)
    return 0


def _doctor(options: argparse.Namespace) -> int:
    from pdekit.doctor import examine, report
    from pdekit.threads import prepare_environment

    prepare_environment()
    found = examine()
    if options.json:
        _show(found)
    else:
        print(report(found))
    return 0


COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "run": _run,
    "list": _list,
    "describe": _describe,
    "check": _check,
    "schema": _schema,
    "validate": _validate,
    "plot": _plot,
    "doctor": _doctor,
}
