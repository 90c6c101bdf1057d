"""Commands as separate processes, each ready in milliseconds.

Starting Python with all its libraries takes a second or two, so one process does it once
and forks a child for every command: a real process, with real signals, limits and files.
"""

from __future__ import annotations

import atexit
import functools
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

CASE: dict[str, Any] = {
    "equation": "nlse",
    "domain": {"x": {"interval": [-16, 16], "points": 128}},
    "initial": {"exact": "bright_soliton", "velocity": 1},
    "time": {"end": 1, "save": 5},
    "solver": {"integrator": "strang", "steps": 200},
    "reference": {"exact": "bright_soliton"},
    "outputs": {"figures": "none"},
}
"""A case that is solved in milliseconds; JSON is YAML."""

INTEGRATORS = {
    "fixed": {"integrator": "strang", "steps": 60_000},
    "adaptive": {"integrator": "dop853_ip", "rtol": 1e-12, "max_step": 5e-4},
}


def case_of(**changes: Any) -> dict[str, Any]:
    """Return the case with some of its sections replaced, or left out where None."""
    merged = {**CASE, **changes}
    return {key: value for key, value in merged.items() if value is not None}


def write_case(path: Path, **changes: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(case_of(**changes)))
    return path


@dataclass
class Finished:
    """What a command left."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Started:
    """A command under way."""

    server: Server
    pid: int
    out: Path
    err: Path

    def wait(self) -> Finished:
        status = self.server.ask({"wait": self.pid})["status"]
        return Finished(status, self.out.read_text(), self.err.read_text())

    def running(self) -> bool:
        return bool(self.server.ask({"running": self.pid})["running"])

    def kill(self, number: int) -> None:
        os.kill(self.pid, number)


@dataclass
class Server:
    """The process that forks."""

    folder: Path
    count: int = 0
    process: Any = field(init=False)

    def __post_init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, __file__, str(self.folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer

    def start(self, *arguments: object, largest_file: int | None = None) -> Started:
        self.count += 1
        out, err = (self.folder / f"{self.count}.{name}" for name in ("out", "err"))
        request = {
            "arguments": [str(a) for a in arguments],
            "folder": str(Path.cwd()),
            "out": str(out),
            "err": str(err),
            "largest_file": largest_file,
        }
        return Started(self, self.ask(request)["pid"], out, err)

    def run(self, *arguments: object, largest_file: int | None = None) -> Finished:
        return self.start(*arguments, largest_file=largest_file).wait()

    def stop(self) -> None:
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


@functools.cache
def _server() -> Server:
    folder = tempfile.TemporaryDirectory()
    server = Server(Path(folder.name))
    atexit.register(folder.cleanup)
    atexit.register(server.stop)
    return server


@pytest.fixture
def command() -> Server:
    """Return what runs commands; one process for all tests."""
    return _server()


def _child(request: dict[str, Any]) -> None:
    """Become the command."""
    status = 1
    try:
        os.chdir(request["folder"])
        for number, name in ((1, "out"), (2, "err")):
            os.dup2(os.open(request[name], os.O_WRONLY | os.O_CREAT), number)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        if request["largest_file"]:
            import resource

            _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
            resource.setrlimit(resource.RLIMIT_FSIZE, (request["largest_file"], hard))
        from pdekit.cli import main

        sys.argv = ["pdekit", *request["arguments"]]
        try:
            status = main(request["arguments"])
        except SystemExit as stop:
            status = stop.code if isinstance(stop.code, int) else 1
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(status)


def _answer(request: dict[str, Any], ended: dict[int, int]) -> dict[str, Any]:
    if "wait" in request:
        pid = request["wait"]
        if pid not in ended:
            ended[pid] = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        return {"status": ended[pid]}
    if "running" in request:
        pid = request["running"]
        if pid not in ended and (found := os.waitpid(pid, os.WNOHANG))[0]:
            ended[pid] = os.waitstatus_to_exitcode(found[1])
        return {"running": pid not in ended}
    pid = os.fork()
    if not pid:
        _child(request)
    return {"pid": pid}


def _serve(folder: Path) -> None:
    """Load what runs need by running once, then answer requests line by line."""
    from pdekit.cli import main

    for name, solver in INTEGRATORS.items():
        short = {"end": 0.01} if name == "fixed" else {"end": 2e-3}
        solver = {**solver, "steps": 10} if "steps" in solver else solver
        case = write_case(
            folder / f"{name}.yaml", solver=solver, time=short, reference=None
        )
        main(["run", str(case), "--quiet", "--out", str(folder / name)])
    ended: dict[int, int] = {}
    for line in sys.stdin:
        answer = _answer(json.loads(line), ended)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _serve(Path(sys.argv[1]))
