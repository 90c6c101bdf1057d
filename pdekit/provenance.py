"""Where a result comes from: versions, commit, machine, settings and command line.

No user or host names and no folders: a result can be published as it is.
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import pdekit
from pdekit import modules, threads
from pdekit.fft.store import processor

__all__ = ["collect", "command_line", "commit", "libraries", "processor"]

_LIBRARIES = ("numpy", "scipy", "pyfftw", "numba", "torch", "h5py", "ducc0")
_ABSOLUTE = re.compile(r"(?<![\w.)\]])(?:~|[A-Za-z]:|\\)?[/\\](?:[^\s/\\'\"\]})=,]+[/\\])+")


def collect(**facts: Any) -> dict[str, Any]:
    """Return what is known about this process, and the ``facts`` of the run.

    The runner adds what only it knows: device, threads, transform plans, seed, wall time.
    """
    return {
        "pdekit": pdekit.__version__,
        **commit(),
        "python": platform.python_version(),
        "libraries": libraries(),
        "platform": f"{platform.system()} {platform.machine()}",
        "processor": processor(),
        "cpus": threads.available(),
        "threads": threads.current(),
        "command": command_line(sys.argv),
        **modules.facts(),
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
        **facts,
    }


@cache
def libraries() -> dict[str, str]:
    """Return the installed versions of the libraries that results depend on."""
    return {name: version for name in _LIBRARIES if (version := _version(name))}


def _version(name: str) -> str | None:
    """Read only the line wanted: parsing all meta data takes longer than a small run."""
    if version := getattr(sys.modules.get(name), "__version__", None):
        return str(version)
    try:
        text = importlib.metadata.distribution(name).read_text("METADATA") or ""
    except importlib.metadata.PackageNotFoundError:
        return None
    found = re.search(r"^Version: *(\S+)", text, re.MULTILINE)
    return found[1] if found else None


@cache
def commit() -> dict[str, Any]:
    """Return ``commit`` and ``dirty`` in a git checkout of pdekit, else nothing."""
    root = Path(__file__).resolve().parents[1]
    if not (root / ".git").exists():
        return {}
    command = ["git", "status", "--porcelain=v2", "--branch", "--untracked-files=no"]
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0"}
    try:
        done = subprocess.run(  # noqa: S603
            command,
            cwd=root,
            env=environment,
            capture_output=True,
            text=True,
            timeout=2,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return {}
    head, *lines = done.stdout.splitlines()
    return {
        "commit": head.removeprefix("# branch.oid "),
        "dirty": any(s[0] != "#" for s in lines),
    }


def command_line(arguments: Sequence[str]) -> str:
    """Join a command line, paths reduced to the names they end in."""
    if not arguments:
        return ""
    program = Path(arguments[0])
    name = program.parent.name if program.name == "__main__.py" else program.name
    return " ".join([name, *map(_without_folders, arguments[1:])])


def _without_folders(argument: str) -> str:
    option, equals, value = (
        argument.rpartition("=") if argument.startswith("--") else ("", "", argument)
    )
    if "=" not in value and not _is_shipped(value) and re.search(r"[/\\]", value):
        value = re.split(r"[/\\]", value.rstrip("/\\"))[-1]
    return option + equals + _ABSOLUTE.sub("", value)


def _is_shipped(name: str) -> bool:
    """Whether this is the name of a shipped case, such as ``nlse/two_soliton``."""
    return re.fullmatch(r"\w+(/\w+)+", name) is not None and (
        files("pdekit.cases").joinpath(f"{name}.yaml").is_file()
    )
