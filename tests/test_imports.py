"""Who may import whom, read from the syntax trees; what a fresh process loads."""

from __future__ import annotations

import ast
import graphlib
import statistics
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = {
    "pdekit": "pdekit",
    "solvers": "pdekit.solvers",
    "validation": "pdekit.validation",
}
HEAVY = {"torch", "numba", "matplotlib"}
BOTTOM = {"pdekit.errors", "pdekit.typing", "pdekit.grid", "pdekit.spectral", "pdekit.fft"}
UPPER = {
    "pdekit.case", "pdekit.cli", "pdekit.engine", "pdekit.equation",
    "pdekit.files.checkpoint", "pdekit.files.writer", "pdekit.metrics", "pdekit.plots",
    "pdekit.provenance", "pdekit.reference", "pdekit.registry", "pdekit.report",
    "pdekit.result", "pdekit.run", "pdekit.solvers", "pdekit.stepping", "pdekit.validation",
}  # fmt: skip


@dataclass(frozen=True)
class Import:
    """One name imported by a module; ``lazy`` when inside a function."""

    target: str
    line: int
    lazy: bool


def find_modules() -> dict[str, Path]:
    """Return module name -> file for every module of pdekit, links not followed."""
    found = {}
    for folder, package in PACKAGES.items():
        for path in (ROOT / folder).rglob("*.py"):
            parts = path.relative_to(ROOT / folder).with_suffix("").parts
            if folder == "pdekit" and parts[0] in ("solvers", "cases", "validation"):
                continue
            found[".".join((package, *parts)).removesuffix(".__init__")] = path
    return found


def imports_of(name: str, path: Path) -> list[Import]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    return list(walk(tree, package, lazy=False))


def walk(node: ast.AST, package: str, *, lazy: bool) -> Iterator[Import]:
    """Yield the imports below a node; those for type checkers only do not count."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
            for branch in child.orelse:
                yield from walk(branch, package, lazy=lazy)
        elif isinstance(child, ast.Import):
            yield from (Import(alias.name, child.lineno, lazy) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            base = absolute(child, package)
            yield from (
                Import(f"{base}.{alias.name}", child.lineno, lazy) for alias in child.names
            )
        else:
            inside = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            yield from walk(child, package, lazy=lazy or inside)


def absolute(node: ast.ImportFrom, package: str) -> str:
    """Return the module named by ``from X import …``, relative ones resolved."""
    if not node.level:
        return node.module or ""
    parents = package.split(".")[: len(package.split(".")) - node.level + 1]
    return ".".join([*parents, *([node.module] if node.module else [])])


def module_of(target: str) -> str:
    """Return the longest prefix of an imported name that is a module of ours."""
    while target and target not in MODULES:
        target = target.rpartition(".")[0]
    return target


def below(name: str, packages: set[str]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


MODULES = find_modules()
IMPORTS = {name: imports_of(name, path) for name, path in MODULES.items()}


def offenders(names: set[str], targets: set[str], *, lazy_too: bool) -> list[str]:
    """Return the imports of ``targets`` found in the modules ``names``."""
    return [
        f"{name}:{item.line} imports {item.target}"
        for name in sorted(names)
        for item in IMPORTS[name]
        if (lazy_too or not item.lazy) and below(item.target, targets)
    ]


CORE = {n for n in MODULES if not below(n, {"pdekit.solvers", "pdekit.validation"})}


def test_core_knows_no_equation_by_name() -> None:
    assert not offenders(CORE, {"pdekit.solvers", "pdekit.validation"}, lazy_too=False)


def test_nothing_in_solvers_imports_validation() -> None:
    solvers = {n for n in MODULES if below(n, {"pdekit.solvers"})}
    assert not offenders(solvers, {"pdekit.validation"}, lazy_too=True)


def everything_under(names: set[str]) -> set[str]:
    """Return the modules with these names and all modules of ours that they import."""
    reached, waiting = set(), {n for n in MODULES if below(n, names)}
    while waiting:
        name = waiting.pop()
        reached.add(name)
        waiting |= {module_of(item.target) for item in IMPORTS[name]} - reached - {""}
    return reached


def test_bottom_layer_stands_alone() -> None:
    assert not offenders(everything_under(BOTTOM), UPPER, lazy_too=True)


@pytest.mark.parametrize("name", ["pdekit.errors", "pdekit.typing"])
def test_names_and_errors_import_nothing_of_ours(name: str) -> None:
    assert not offenders({name}, {"pdekit"}, lazy_too=True)


def test_no_import_cycles() -> None:
    graph = {
        name: {module_of(item.target) for item in items if not item.lazy} - {name, ""}
        for name, items in IMPORTS.items()
    }
    graphlib.TopologicalSorter(graph).prepare()  # raises CycleError naming the cycle


def test_links_are_imported_by_their_full_name() -> None:
    """``import solvers`` would load every file a second time under another name."""
    bare = {"solvers", "cases", "validation"}
    for path in (*MODULES.values(), *(ROOT / "tests").rglob("*.py")):
        found = [i for i in imports_of("x", path) if below(i.target, bare)]
        assert not found, f"{path}:{found[0].line}"


def may_import_at_module_level(path: Path) -> bool:
    """Return whether pyproject lifts ruff's ban (TID253) for this file of kernels."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        lint = tomllib.load(file)["tool"]["ruff"]["lint"]
    inside = path.relative_to(ROOT).as_posix()
    lifted = [glob for glob, rules in lint["per-file-ignores"].items() if "TID253" in rules]
    return any(fnmatch(inside, glob) for glob in lifted)


def test_heavy_libraries_are_imported_inside_functions() -> None:
    names = {n for n, path in MODULES.items() if not may_import_at_module_level(path)}
    assert not offenders(names, HEAVY, lazy_too=False)


def test_only_plots_and_report_draw() -> None:
    drawing = {"pdekit.plots", "pdekit.report"}
    assert not offenders(
        {n for n in MODULES if not below(n, drawing)}, {"matplotlib"}, lazy_too=True
    )


# ------------------------------------------------------------------ seen from outside


def run_python(*arguments: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done


def loaded_by(*arguments: str) -> set[str]:
    """Return the top-level modules that a fresh interpreter imports."""
    lines = run_python("-X", "importtime", *arguments).stderr.splitlines()
    names = (
        line.rpartition("|")[2].strip() for line in lines if line.startswith("import time:")
    )
    return {name.partition(".")[0] for name in names}


@pytest.mark.parametrize(
    "arguments",
    [
        ("-c", "import pdekit"),
        ("-c", "from pdekit import Axis, Grid; Grid.periodic(8, (0, 1)).points()"),
        ("-c", "from pdekit import Case, load_case"),
        ("-c", "from pdekit import Result, solve"),
        ("-m", "pdekit", "--help"),
        ("-m", "pdekit", "list", "cases"),
    ],
    ids=" ".join,
)
def test_start_loads_nothing_heavy(arguments: tuple[str, ...]) -> None:
    names = loaded_by(*arguments)
    assert "pdekit" in names
    assert not names & HEAVY


def test_help_answers_at_once() -> None:
    """Aim: 0.3 s on a quiet machine; the bound leaves room for a busy one."""

    def seconds() -> float:
        start = time.perf_counter()
        run_python("-m", "pdekit", "--help")
        return time.perf_counter() - start

    assert statistics.median(seconds() for _ in range(5)) < 1.0


def test_every_public_name_exists() -> None:
    import pdekit

    assert [name for name in pdekit.__all__ if not hasattr(pdekit, name)] == []
