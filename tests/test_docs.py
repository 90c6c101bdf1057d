"""What README and documentation say is there, and what they show works."""

from __future__ import annotations

import doctest
import importlib
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LINKED = ("solvers", "cases", "validation")


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("name", ["run", "test"])
def test_readme_holds_the_setup_commands(name: str) -> None:
    """``.ci/run`` takes its commands from these blocks."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    block = re.search(rf"^<!-- setup:{name} -->\n```sh\n(.+?)\n```$", text, re.M | re.S)
    assert block
    assert "-c constraints.txt" in block[1]
    done = subprocess.run(
        ["bash", "-n", "-c", block[1]],  # noqa: S607
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_relative_links_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    targets = re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", text)
    assert [t for t in targets if not (page.parent / t).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_named_cases_are_shipped(page: Path) -> None:
    names = set(re.findall(r"\bnlse/[a-z_]+\b(?!\.)", page.read_text(encoding="utf-8")))
    assert [n for n in sorted(names) if not (ROOT / "cases" / f"{n}.yaml").is_file()] == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_shown_case_files_are_accepted(page: Path) -> None:
    from pdekit.case import load_case

    blocks = re.findall(
        r"^```yaml\n(.*?)^```", page.read_text(encoding="utf-8"), re.M | re.S
    )
    for number, text in enumerate(block for block in blocks if "\nequation:" in block):
        file = Path(f"shown_{number}.yaml")
        file.write_text(text, encoding="utf-8")
        load_case(file)


def test_shown_commands_exist() -> None:
    shown = {
        command
        for page in PAGES
        for command in re.findall(
            r"^(?:\| `)?pdekit ([a-z]+)\b", page.read_text(encoding="utf-8"), re.M
        )
    }
    helped = subprocess.run(
        [sys.executable, "-m", "pdekit", "--help"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert {"run", "check"} <= shown
    assert [command for command in sorted(shown) if command not in helped] == []


def modules_with_examples() -> list[str]:
    """Return the modules whose docstrings hold examples, links not followed."""
    names = []
    for folder, package in (("pdekit", "pdekit"), ("solvers", "pdekit.solvers")):
        for path in sorted((ROOT / folder).rglob("*.py")):
            parts = path.relative_to(ROOT / folder).with_suffix("").parts
            through_link = folder == "pdekit" and parts[0] in LINKED
            if not through_link and ">>>" in path.read_text(encoding="utf-8"):
                names.append(".".join((package, *parts)).removesuffix(".__init__"))
    return names


@pytest.mark.parametrize("name", modules_with_examples())
def test_examples_in_docstrings(name: str) -> None:
    module = importlib.import_module(name)
    options = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    outcome = doctest.testmod(module, optionflags=options)
    assert outcome.attempted > 0
    assert outcome.failed == 0


@pytest.mark.slow
def test_documentation_builds_without_warnings(tmp_path: Path) -> None:
    pytest.importorskip("sphinx")
    pytest.importorskip("myst_parser")
    pytest.importorskip("furo")
    # The generated pages of the reference are written beside the sources.
    built = shutil.ignore_patterns("_build", "generated")
    shutil.copytree(ROOT / "docs", tmp_path / "docs", ignore=built)
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", "-W", "--quiet", "docs", "html"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "html" / "index.html").is_file()
