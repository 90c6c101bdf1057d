"""The wheel holds exactly the files of the tree; the tree's facts agree."""

from __future__ import annotations

import itertools
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest

PACKAGES = {
    "pdekit": "pdekit",
    "pdekit/solvers": "solvers",
    "pdekit/cases": "cases",
    "pdekit/validation": "validation",
}
LINKS = {"solvers", "cases", "validation"}
BUILT = ("pyproject.toml", "README.md", "LICENSE", *PACKAGES.values())


@pytest.fixture(scope="module")
def project(root: Path) -> dict[str, Any]:
    with (root / "pyproject.toml").open("rb") as file:
        return tomllib.load(file)


def test_links_make_an_uninstalled_checkout_complete(root: Path) -> None:
    for name in sorted(LINKS):
        link = root / "pdekit" / name
        assert link.is_symlink(), f"{link} must be a link (install with pip install -e .)"
        assert link.readlink() == Path("..", name)
        assert (link / "__init__.py").is_file()


@pytest.fixture(scope="module")
def tree(root: Path) -> set[str]:
    """Return the names the wheel must hold, read off the source folders."""
    names = set()
    for package, folder in PACKAGES.items():
        for path in (root / folder).rglob("*"):
            inside = path.relative_to(root / folder)
            through_link = folder == "pdekit" and inside.parts[0] in LINKS
            if path.is_file() and "__pycache__" not in inside.parts and not through_link:
                names.add(f"{package}/{inside.as_posix()}")
    return names


def build(source: Path, kind: str) -> Path:
    """Build a wheel or source archive of ``source`` without the network."""
    backend = f"from setuptools import build_meta; build_meta.build_{kind}('dist')"
    done = subprocess.run(
        [sys.executable, "-c", backend],
        cwd=source,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (product,) = (source / "dist").iterdir()
    return product


def names_in(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


@pytest.fixture(scope="module")
def copy(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the tree, links kept: nothing is built inside the checkout."""
    target = tmp_path_factory.mktemp("source")
    skip = shutil.ignore_patterns("__pycache__", "*.egg-info")
    for name in BUILT:
        if (root / name).is_dir():
            shutil.copytree(root / name, target / name, symlinks=True, ignore=skip)
        else:
            shutil.copy2(root / name, target / name)
    return target


@pytest.fixture(scope="module")
def wheel(copy: Path) -> Path:
    return build(copy, "wheel")


def test_wheel_holds_exactly_the_tree(wheel: Path, tree: set[str]) -> None:
    names = names_in(wheel)
    assert not tree - names, (
        "not in the wheel: add to packages or package-data in pyproject"
    )
    assert not names - tree, "in the wheel, not in the tree"


def test_wheel_from_source_archive_is_the_same(
    copy: Path, tree: set[str], tmp_path: Path
) -> None:
    unbuilt = tmp_path / "unbuilt"
    shutil.copytree(
        copy, unbuilt, symlinks=True, ignore=shutil.ignore_patterns("dist", "build")
    )
    archive = build(unbuilt, "sdist")
    shutil.unpack_archive(archive, tmp_path / "unpacked", filter="data")
    (source,) = (tmp_path / "unpacked").iterdir()
    assert names_in(build(source, "wheel")) == tree


def test_wheel_alone_finds_the_shipped_cases(
    wheel: Path, tree: set[str], tmp_path: Path
) -> None:
    site = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    # -P keeps the current folder, and site first on the path any checkout, out of the way.
    script = f"""
import sys; sys.path.insert(0, {str(site)!r})
import pdekit; assert pdekit.__file__.startswith({str(site)!r}), pdekit.__file__
from pdekit.case import shipped_cases
print(*shipped_cases(), sep="\\n")
"""
    done = subprocess.run(
        [sys.executable, "-P", "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    shipped = {
        n.removeprefix("pdekit/cases/") for n in tree if n.startswith("pdekit/cases/")
    }
    expected = {name.removesuffix(".yaml") for name in shipped if name.endswith(".yaml")}
    assert set(done.stdout.split()) == expected


def test_one_version_everywhere(root: Path, project: dict[str, Any]) -> None:
    import pdekit

    version = project["project"]["version"]
    citation = (root / "CITATION.cff").read_text(encoding="utf-8")
    changes = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    assert pdekit.__version__ == version
    assert f"\nversion: {version}\n" in citation
    assert re.search(r"^## (\S+)", changes, re.MULTILINE)[1] == version  # type: ignore[index]


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_constraints_pin_every_dependency(root: Path, project: dict[str, Any]) -> None:
    lines = (root / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert [line for line in pins if not re.fullmatch(r"[\w.-]+==[\w.]+", line)] == []
    pinned = {canonical(line.partition("==")[0]) for line in pins}
    metadata = project["project"]
    extras = itertools.chain.from_iterable(metadata["optional-dependencies"].values())
    wanted = [*metadata["dependencies"], *extras]
    names = {canonical(re.match(r"[\w.-]+", text)[0]) for text in wanted}  # type: ignore[index]
    assert not names - pinned
    assert "pdekit" not in pinned
