"""The command line: ``python -m pdekit COMMAND``, or ``pdekit COMMAND``.

Only the parser is loaded for ``--help``; each command imports what it needs.
Exit status: 0 done and every check holds, 1 a check does not hold, 2 the input was refused,
3 the solver diverged or did not reach its tolerance, 130 interrupted (143 by SIGTERM).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pdekit import __version__
from pdekit.errors import PdekitError

STATUS = {"ok": 0, "check_failed": 1, "diverged": 3, "not_converged": 3, "interrupted": 130}
LISTS = ("cases", "equations", "solvers", "integrators", "backends", "formulas", "figures")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    options = parser().parse_args(arguments)
    try:
        return int(options.function(options))
    except PdekitError as error:
        if options.traceback:
            raise
        _say(f"error: {error}" if "\n" not in str(error) else str(error))
        return error.exit_status
    except BrokenPipeError:
        return 0
    except KeyboardInterrupt:
        _say("interrupted")
        return 130


def parser() -> argparse.ArgumentParser:
    """Build the parser of all commands."""
    top = argparse.ArgumentParser(
        prog="pdekit",
        description="Solve partial differential equations and say how accurate the answer is.",
    )
    top.add_argument("--version", action="version", version=f"pdekit {__version__}")
    commands = top.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def command(name: str, function: Any, text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.add_argument("--traceback", action="store_true", help=argparse.SUPPRESS)
        sub.set_defaults(function=function)
        return sub

    run = command("run", _run, "run case files or shipped cases")
    run.add_argument(
        "cases",
        nargs="+",
        metavar="CASE",
        help="a path, or a name such as nlse/two_soliton",
    )
    _overrides(run)
    run.add_argument("--out", metavar="DIR", help="output folder (default: runs/NAME)")
    run.add_argument("--resume", action="store_true", help="go on from a checkpoint")
    run.add_argument(
        "--overwrite", action="store_true", help="replace what an earlier run left in DIR"
    )
    run.add_argument("--no-figures", action="store_true", help="draw no figures")
    run.add_argument("--quiet", action="store_true", help="say nothing but errors")
    run.add_argument(
        "--json", action="store_true", help="print the summary as JSON on standard output"
    )

    check = command("check", _check, "validate case files without running them")
    check.add_argument("cases", nargs="+", metavar="CASE")
    _overrides(check)
    check.add_argument("--json", action="store_true", help="print the problems as JSON")

    names = command("list", _list, "list what there is")
    names.add_argument("what", nargs="?", default="cases", choices=LISTS)
    names.add_argument("--json", action="store_true")

    describe = command(
        "describe", _describe, "describe a case, an equation, an integrator …"
    )
    describe.add_argument("name", metavar="NAME")

    command("schema", _schema, "print the JSON Schema of case files")

    validate = command(
        "validate", _validate, "run shipped cases, or a folder of cases, and write a report"
    )
    validate.add_argument(
        "suites",
        nargs="*",
        metavar="SUITE",
        help="names, prefixes or folders (default: all)",
    )
    validate.add_argument("--out", metavar="DIR", default="validation-report")
    validate.add_argument(
        "--resume", action="store_true", help="keep the rows that are there"
    )
    validate.add_argument("--no-figures", action="store_true")
    validate.add_argument("--quiet", action="store_true")
    validate.add_argument("--json", action="store_true", help="print the report as JSON")

    plot = command("plot", _plot, "draw the figures of a result again")
    plot.add_argument("result", metavar="RESULT", help="result.h5, or the folder of a run")
    plot.add_argument("--figures", nargs="+", metavar="NAME", help="which (default: all)")
    plot.add_argument(
        "--out", metavar="DIR", help="where to (default: figures/ beside the result)"
    )
    plot.add_argument("--movie", action="store_true", help="also an animated GIF")

    doctor = command(
        "doctor", _doctor, "show versions, transforms, threads, GPU and a speed test"
    )
    doctor.add_argument("--json", action="store_true")
    return top


def _overrides(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="override a key by its dotted path, e.g. --set solver.rtol=1e-11",
    )


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def _show(value: Any) -> None:
    from pdekit.atomic import plain

    print(json.dumps(plain(value), indent=2, ensure_ascii=False))


def _run(options: argparse.Namespace) -> int:
    from pdekit.case import load_case
    from pdekit.console import watched
    from pdekit.provenance import command_line
    from pdekit.store import run_into

    if options.out and len(options.cases) > 1:
        raise PdekitError(
            "--out takes one case; run several into their own folders without it"
        )
    changes = [*options.set, *(["outputs.figures=none"] if options.no_figures else [])]
    cases = [
        load_case(name, changes) for name in options.cases
    ]  # all refused before any runs
    status, summaries = 0, []
    for case in cases:
        base = Path(options.out) if options.out else Path("runs") / case.name
        folder = _latest(base) if options.resume and not options.out else base
        with watched(case.title or case.name, quiet=options.quiet or options.json) as watch:
            result, folder, failure = run_into(
                case,
                folder,
                resume=options.resume,
                overwrite=options.overwrite,
                observer=watch,
                command=command_line(sys.argv),
            )
        watch.summary(result, folder)
        if failure is not None:
            _say(f"error: {failure}")
            if result.status == "interrupted":
                _say(
                    f"a checkpoint is kept; continue with: pdekit run {case.name} "
                    f"--out {folder} --resume"
                )
        summaries.append(result.summary)
        status = max(status, watch.exit_status or STATUS[result.status])
        if result.status == "interrupted":
            break
    if options.json:
        _show(summaries[0] if len(cases) == 1 else {"runs": summaries})
    return status


def _latest(base: Path) -> Path:
    """Return the newest of DIR, DIR-2, … that holds a checkpoint, or DIR itself."""
    candidates = [base, *base.parent.glob(f"{base.name}-*")]
    found = [p for p in candidates if (p / "checkpoint.h5").exists()]
    return max(found, key=lambda p: (p / "checkpoint.h5").stat().st_mtime, default=base)


def _check(options: argparse.Namespace) -> int:
    from pdekit.case import load_case
    from pdekit.errors import CaseError
    from pdekit.run import Run, Silent

    status, report = 0, []
    for name in options.cases:
        problems: list[str] = []
        try:
            Run(load_case(name, options.set), Silent())
        except CaseError as error:
            problems = [str(problem) for problem in error.problems]
        report.append({"case": name, "ok": not problems, "problems": problems})
        if problems:
            status = 2
        if not options.json:
            _say("\n".join(problems)) if problems else print(f"{name}: ok")
    if options.json:
        _show(report)
    return status


def _list(options: argparse.Namespace) -> int:
    from pdekit.catalogue import entries

    rows = entries(options.what)
    if options.json:
        _show(rows)
        return 0
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
    from pdekit.validate import validate

    rows, folder = validate(
        options.suites,
        Path(options.out),
        resume=options.resume,
        figures=not options.no_figures,
        say=(lambda text: None) if options.quiet or options.json else _say,
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
    from pdekit.io import read_result
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
        print(plots.movie(result, folder / "movie.gif"))
    return 0


def _doctor(options: argparse.Namespace) -> int:
    from pdekit.doctor import examine, report

    found = examine()
    if options.json:
        _show(found)
    else:
        print(report(found))
    return 0
