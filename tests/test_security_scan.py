"""No source file of pdekit can run code that came from a file or a user."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

FOLDERS = ("pdekit", "solvers", "cases", "validation")
MODULES = {
    "cloudpickle", "dill", "joblib", "marshal", "pickle", "shelve", "yaml",
}  # fmt: skip
NAMES = {"eval", "exec", "compile", "__import__"}
CALLS = {
    "builtins.eval", "builtins.exec", "os.popen", "os.system", "tempfile.mktemp",
    "pandas.read_pickle", "subprocess.getoutput", "subprocess.getstatusoutput",
}  # fmt: skip
ALIASES = {"np": "numpy"}


def dotted(node: ast.expr) -> str:
    """Return ``a.b.c`` for a chain of names, with the usual aliases spelt out."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return ALIASES.get(node.id, node.id) if isinstance(node, ast.Name) else "?"


def is_constant(node: ast.expr | None, value: object) -> bool:
    return isinstance(node, ast.Constant) and node.value is value


def complaint(node: ast.AST) -> str | None:
    """Say what is wrong with one node of a syntax tree, if anything."""
    if isinstance(node, ast.Import):
        bad = MODULES & {alias.name.partition(".")[0] for alias in node.names}
        return f"import of {', '.join(sorted(bad))}" if bad else None
    if isinstance(node, ast.ImportFrom):
        first = (node.module or "").partition(".")[0]
        return f"import of {first}" if first in MODULES and not node.level else None
    if isinstance(node, ast.Call):
        return call_complaint(node)
    return None


def call_complaint(node: ast.Call) -> str | None:
    name = dotted(node.func)
    given = {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg}
    if name in NAMES | CALLS:
        return f"call of {name}"
    if "shell" in given and not is_constant(given["shell"], False):
        return f"{name} with shell="
    if "allow_pickle" in given and not is_constant(given["allow_pickle"], False):
        return f"{name} with allow_pickle="
    if name == "numpy.load" and len(node.args) > 2:
        return "numpy.load with a positional allow_pickle"
    if name == "torch.load" and not is_constant(given.get("weights_only"), True):
        return "torch.load without weights_only=True"
    if name.endswith("YAML") and is_constant_text(given.get("typ"), "unsafe"):
        return "YAML(typ='unsafe')"
    return None


def is_constant_text(node: ast.expr | None, text: str) -> bool:
    return isinstance(node, ast.Constant) and node.value == text


def complaints(source: str) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(source)):
        text = complaint(node)
        if text:
            yield getattr(node, "lineno", 0), text


def sources(root: Path) -> list[Path]:
    """Return every Python file once: the links inside ``pdekit`` are not followed."""
    links = {"pdekit/solvers", "pdekit/cases", "pdekit/validation"}
    return [
        path
        for folder in FOLDERS
        for path in sorted((root / folder).rglob("*.py"))
        if not any(str(path.relative_to(root)).startswith(f"{link}/") for link in links)
    ]


def test_no_source_runs_foreign_code(root: Path) -> None:
    files = sources(root)
    assert len(files) > 20
    found = [
        f"{path.relative_to(root)}:{line}: {text}"
        for path in files
        for line, text in complaints(path.read_text(encoding="utf-8"))
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "def f():\n    from pickle import loads",
        "import os.path, marshal",
        "import yaml",
        "eval('1')",
        "exec(text)",
        "builtins.exec(text)",
        "compile(text, '', 'eval')",
        "__import__(name)",
        "os.system('ls')",
        "subprocess.run('ls', shell=True)",
        "subprocess.run('ls', shell=flag)",
        "np.load(path, allow_pickle=True)",
        "numpy.load(path, None, True)",
        "torch.load(path)",
        "torch.load(path, weights_only=False)",
        "YAML(typ='unsafe')",
    ],
)
def test_scan_finds(source: str) -> None:
    assert list(complaints(source))


@pytest.mark.parametrize(
    "source",
    [
        "import json",
        "ast.parse(text, mode='eval')",
        "re.compile(text)",
        "torch.compile(f)",
        "np.load(path)",
        "np.load(path, allow_pickle=False)",
        "torch.load(path, weights_only=True)",
        "subprocess.run(['git', 'status'], shell=False)",
        "from ruamel.yaml import YAML\nYAML(typ='rt')",
        "from . import pickle_free",
    ],
)
def test_scan_accepts(source: str) -> None:
    assert not list(complaints(source))
