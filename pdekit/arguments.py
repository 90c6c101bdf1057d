"""The arguments of the command line."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from pdekit import __version__

LISTS = (
    "cases", "equations", "solvers", "integrators", "preconditioners", "models", "backends",
    "formulas", "figures", "metrics",
)  # fmt: skip


def parser(functions: Mapping[str, Any]) -> argparse.ArgumentParser:
    """Build the parser of all commands; the name of each is that of its function."""
    top = argparse.ArgumentParser(
        prog="pdekit",
        description="Solve partial differential equations, and say how accurate the answer "
        "is.",
        epilog="Exit status: 0 done and every check holds, 1 a check does not hold, "
        "2 the input was refused, 3 the solver diverged, 130 interrupted.",
    )
    top.add_argument("--version", action="version", version=f"pdekit {__version__}")
    commands = top.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def command(name: str, text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.add_argument("--traceback", action="store_true", help=argparse.SUPPRESS)
        sub.set_defaults(function=functions[name])
        return sub

    _run_options(command("run", "run case files or shipped cases"))
    _list_options(command("list", "list what there is"))
    sub = command("describe", "describe a case, an equation, an integrator …")
    what = "anything that `pdekit list` shows: nlse/two_soliton, nlse, strang, sech …"
    sub.add_argument("name", metavar="NAME", help=what)
    _modules(sub)
    _check_options(
        command("check", "validate case files without running them; files of data sets")
    )
    command("schema", "print the JSON Schema of case files")
    _validate_options(
        command("validate", "run many cases and write one report of their checks")
    )
    _plot_options(command("plot", "draw the figures of a result again"))
    sub = command("doctor", "show versions, transforms, threads, GPU, a speed test")
    sub.add_argument("--json", action="store_true", help="print the facts as JSON")
    return top


def _run_options(sub: argparse.ArgumentParser) -> None:
    what = "a path, or a name such as nlse/two_soliton"
    sub.add_argument("cases", nargs="+", metavar="CASE", help=what)
    _modules(sub)
    _overrides(sub)
    sub.add_argument("--out", metavar="DIR", help="output folder (default: runs/NAME)")
    where = sub.add_mutually_exclusive_group()
    where.add_argument("--resume", action="store_true", help="go on from a checkpoint")
    where.add_argument(
        "--overwrite", action="store_true", help="replace what an earlier run left there"
    )
    sub.add_argument("--no-figures", action="store_true", help="draw no figures")
    sub.add_argument("--quiet", action="store_true", help="say nothing but errors")
    sub.add_argument(
        "--json", action="store_true", help="print the summary as JSON on standard output"
    )


def _list_options(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("what", nargs="?", default="cases", choices=LISTS)
    _modules(sub)
    sub.add_argument("--json", action="store_true", help="print names and lines as JSON")


def _check_options(sub: argparse.ArgumentParser) -> None:
    what = "a path, a name such as nlse/two_soliton, or a file of a data set (.hdf5)"
    sub.add_argument("cases", nargs="+", metavar="CASE", help=what)
    _modules(sub)
    _overrides(sub)
    sub.add_argument("--json", action="store_true", help="print the problems as JSON")


def _validate_options(sub: argparse.ArgumentParser) -> None:
    what = "names, prefixes or folders (default: all that is shipped)"
    sub.add_argument("suites", nargs="*", metavar="SUITE", help=what)
    sub.add_argument(
        "--out",
        metavar="DIR",
        default="validation-report",
        help="folder of the report (default: validation-report)",
    )
    sub.add_argument(
        "--resume", action="store_true", help="keep the rows that are there already"
    )
    sub.add_argument("--no-figures", action="store_true", help="draw no figures")
    sub.add_argument("--quiet", action="store_true", help="say nothing but errors")
    sub.add_argument("--json", action="store_true", help="print the report as JSON")


def _plot_options(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("result", metavar="RESULT", help="result.h5, or the folder of a run")
    sub.add_argument("--figures", nargs="+", metavar="NAME", help="which (default: all)")
    sub.add_argument(
        "--out", metavar="DIR", help="where to (default: figures/ beside the result)"
    )
    sub.add_argument("--movie", action="store_true", help="also an animated GIF")


def _modules(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "--module",
        action="append",
        default=[],
        metavar="FILE",
        help="load equations from a Python file of your own (it is run; may be repeated)",
    )


def _overrides(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="override a key by its dotted path, e.g. --set solver.rtol=1e-11",
    )
