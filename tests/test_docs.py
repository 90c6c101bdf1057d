"""What README and documentation say is there, and what they show works."""

from __future__ import annotations

import ast
import doctest
import importlib
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pdekit import Grid, registry
from pdekit.engine._rhs import RightHandSide

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LINKED = ("solvers", "cases", "validation")
TOPICS = sorted(p.name for p in (ROOT / "cases").iterdir() if any(p.glob("*.yaml")))
FIGURE = re.compile(r"^:::\{figure\} (?:\.\./)*figures/(\S+)/(\w+)\.png$", re.M)


def text_of(*names: str) -> str:
    return "\n".join((ROOT / name).read_text(encoding="utf-8") for name in names)


def blocks(page: Path, language: str) -> list[str]:
    text = page.read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.M | re.S)


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
    topics = "|".join(TOPICS)
    names = set(
        re.findall(
            rf"(?<![/\w])(?:{topics})/[a-z0-9_-]+\b(?!\.)", page.read_text(encoding="utf-8")
        )
    )
    assert [n for n in sorted(names) if not (ROOT / "cases" / f"{n}.yaml").is_file()] == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_shown_case_files_are_accepted(page: Path) -> None:
    from pdekit.case import load_case

    own = re.findall(
        r'^    name: ClassVar\[str\] = "(\w+)"', "".join(blocks(page, "python")), re.M
    )
    shown = [block for block in blocks(page, "yaml") if "title:" in block]
    of_ours = [
        block
        for block in shown  # weights are written by test_learned_cases, which reads those
        if "weights:" not in block and not any(name in block for name in own)
    ]
    for number, text in enumerate(of_ours):
        file = Path(f"shown_{number}.yaml")
        file.write_text(text, encoding="utf-8")
        load_case(file)


def test_the_example_of_a_new_equation_works() -> None:
    """One file and one case, as a reader would type them."""
    page = ROOT / "docs" / "extending.md"
    Path("benjamin_ono.py").write_text(blocks(page, "python")[0], encoding="utf-8")
    Path("wave.yaml").write_text(blocks(page, "yaml")[0], encoding="utf-8")
    command = ["run", "wave.yaml", "--module", "benjamin_ono.py", "--no-figures"]
    done = subprocess.run(
        [sys.executable, "-m", "pdekit", *command],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "holds: relative_l2" in done.stdout


@pytest.mark.parametrize(
    "name",
    ["docs/library.md", "docs/linear_solvers.md", "docs/equations/gross_pitaevskii.md"],
)
def test_shown_python_runs(name: str) -> None:
    exec("\n".join(blocks(ROOT / name, "python")), {})  # noqa: S102 - our own text


@pytest.mark.parametrize("name", registry.equations())
def test_every_equation_has_its_page_and_its_line(name: str) -> None:
    kind = registry.equation(name)
    (line,) = re.findall(rf"^\| .*`{name}`.*\|$", text_of("docs/equations/index.md"), re.M)
    assert f"`{kind.integrator}` | `{kind.dealias}`" in line
    nonlinear = {"klein_gordon": {"cubic": 1.0}}.get(name, {})
    sides = [(0.0, 1.0)] * kind.dimensions[0]
    terms = RightHandSide(kind(**nonlinear), Grid.periodic([16] * len(sides), sides))
    transforms = re.match(r"\d+", line.split("|")[4].strip())
    assert transforms
    assert int(transforms[0]) == terms.inputs + terms.outputs
    pages = (p for p in (ROOT / "docs" / "equations").glob("*.md") if p.stem != "index")
    assert any(f"`{name}`" in page.read_text(encoding="utf-8") for page in pages)


@pytest.mark.parametrize("name", registry.problems())
def test_every_boundary_value_problem_has_its_page_and_its_line(name: str) -> None:
    assert re.findall(rf"^\| `{name}` \|.*$", text_of("docs/equations/index.md"), re.M)
    names = ("poisson", "heat", "collocated")
    pages = text_of(*(f"docs/equations/{page}.md" for page in names))
    parameters = registry.problem(name).Params.model_fields
    assert all(f"`{key}`" in pages for key in (name, *parameters))


@pytest.mark.parametrize("name", registry.integrators())
def test_every_integrator_has_its_line(name: str) -> None:
    found = registry.integrator(name)
    (line,) = re.findall(rf"^\| `{name}` \|.*$", text_of("docs/integrators.md"), re.M)
    assert line.split("|")[2].strip() == str(found.order)
    for limit in getattr(found, "stability", ()):
        assert re.search(rf"\b{limit:.3f}".rstrip("0").rstrip(".") + r"0*\b", line), limit


def test_figures_that_pages_show_are_drawn() -> None:
    tree = ast.parse(text_of("docs/conf.py"))
    (drawn,) = (
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "SHOWN"
    )
    shown = {found for page in PAGES for found in FIGURE.findall(page.read_text("utf-8"))}
    assert shown == {(case, kind) for case, kinds in drawn.items() for kind in kinds}


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
