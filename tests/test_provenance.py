"""Where results come from, without telling who made them."""

from __future__ import annotations

import getpass
import importlib.metadata
import json
import platform
import socket
import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import pdekit
from pdekit import provenance


def clear():
    for function in (provenance.commit, provenance.libraries, provenance.processor):
        function.cache_clear()


def test_what_is_collected(monkeypatch):
    found = provenance.collect(seed=3, wall_s=1.5)
    assert found["pdekit"] == pdekit.__version__
    assert found["python"] == platform.python_version()
    assert found["cpus"] >= 1
    assert (found["seed"], found["wall_s"]) == (3, 1.5)
    written = datetime.fromisoformat(found["written"])
    assert abs(datetime.now(UTC) - written) < timedelta(minutes=1)
    json.dumps(found)


def test_versions_are_those_installed():
    for name, version in provenance.libraries().items():
        installed = importlib.metadata.version(name)
        assert installed.split("+")[0] == version.split("+")[0]
    assert {"numpy", "scipy", "h5py"} <= provenance.libraries().keys()


def test_nothing_about_user_and_machine(monkeypatch):
    private = ["pdekit", "run", f"{Path.home()}/cases/a.yaml", "--out", str(Path.cwd())]
    monkeypatch.setattr("sys.argv", private)
    text = json.dumps(provenance.collect())
    assert str(Path.home()) + "/" not in text
    assert str(Path.cwd()) not in text
    assert socket.gethostname() not in text
    user = getpass.getuser()
    assert user not in text.replace("processor", "") or len(user) < 5


def test_it_is_quick():
    def seconds():
        clear()
        start = time.perf_counter()
        provenance.collect()
        return time.perf_counter() - start

    assert min(seconds() for _ in range(5)) < 0.06  # 0.01 on an idle machine


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (["/home/joe/venv/bin/pdekit", "run"], "pdekit run"),
        (["/home/joe/main/pdekit/__main__.py", "doctor"], "pdekit doctor"),
        (["x", "/home/joe/my case.yaml"], "x my case.yaml"),
        (["x", "runs/joe/out/"], "x out"),
        (["x", "~/a.yaml"], "x a.yaml"),
        (["x", r"C:\Users\joe\a.yaml"], "x a.yaml"),
        (["x", "--out=/home/joe/out"], "x --out=out"),
        (["x", "--set", "initial.file=/home/joe/r.h5"], "x --set initial.file=r.h5"),
        (["x", "--set", "a={file: ~/b/r.h5, n: 1}"], "x --set a={file: r.h5, n: 1}"),
        (["x", "--set", "initial=2*sech(x/2)/3"], "x --set initial=2*sech(x/2)/3"),
        (["x", "--set", "u=(x)/(y)/(1 + x)"], "x --set u=(x)/(y)/(1 + x)"),
        (["x", "--set", "u=x /y /z"], "x --set u=x /y /z"),
        ([], ""),
    ],
)  # fmt: skip
def test_command_line_without_folders(given, kept):
    assert provenance.command_line(given) == kept


def test_names_of_shipped_cases_stay(monkeypatch, tmp_path):
    (tmp_path / "nlse").mkdir()
    (tmp_path / "nlse" / "two.yaml").touch()
    monkeypatch.setattr(provenance, "files", lambda package: tmp_path)
    found = provenance.command_line(["pdekit", "run", "nlse/two", "nlse/three"])
    assert found == "pdekit run nlse/two three"


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """Return a git repository that pdekit seems to lie in."""

    def git(*arguments):
        options = [
            "-c",
            "user.name=n",
            "-c",
            "user.email=e@x",
            "-c",
            "commit.gpgsign=false",
        ]
        command = ["git", *options, *arguments]
        done = subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    git("init", "-q")
    (tmp_path / "pdekit").mkdir()
    source = tmp_path / "pdekit" / "provenance.py"
    source.write_text("one")
    git("add", ".")
    git("commit", "-q", "-m", "first")
    monkeypatch.setattr(provenance, "__file__", str(source))
    clear()
    yield source, git
    clear()


def test_commit_of_a_checkout(checkout):
    source, git = checkout
    assert provenance.commit() == {"commit": git("rev-parse", "HEAD"), "dirty": False}
    (source.parent / "new.txt").touch()
    clear()
    assert not provenance.commit()["dirty"]
    source.write_text("two")
    clear()
    assert provenance.commit() == {"commit": git("rev-parse", "HEAD"), "dirty": True}


def test_no_checkout_or_no_git(checkout, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert provenance.commit() == {}
    monkeypatch.setattr(provenance, "__file__", str(tmp_path / "a" / "pdekit" / "p.py"))
    clear()
    assert provenance.commit() == {}
