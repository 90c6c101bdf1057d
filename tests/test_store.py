"""Interrupting, killing and resuming runs: the answer is that of an uninterrupted run."""

from __future__ import annotations

import json
import random
import signal
import time
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from pdekit.case import load_case
from pdekit.errors import ResultFileError
from pdekit.files.checkpoint import load_checkpoint
from pdekit.files.folders import folder_lock
from pdekit.files.writer import read_result
from pdekit.store import run_into
from tests.running import INTEGRATORS, Server, Started, case_of, command, write_case

__all__ = ["command"]


@pytest.fixture(params=sorted(INTEGRATORS))
def case(request: pytest.FixtureRequest) -> Path:
    return slow_case(INTEGRATORS[request.param])


def slow_case(solver: dict[str, Any], **changes: Any) -> Path:
    """Write a case of a second or two, with a checkpoint every few milliseconds."""
    settings: dict[str, Any] = {
        "solver": solver,
        "reference": None,
        "initial": {"state": "mi_noise", "noise_level": 0.2, "seed": 3},
        "time": {"end": 1, "save": 41},
        "outputs": {"figures": "none", "checkpoint_every": 0.01},
    }
    return write_case(Path("case.yaml"), **{**settings, **changes})


def same(one: str | Path, two: str | Path) -> bool:
    """Whether two results are equal in every bit."""
    a, b = read_result(one), read_result(two)
    pairs = [(a.fields, b.fields), (a.diagnostics, b.diagnostics)]
    return np.array_equal(a.times, b.times) and all(
        x.keys() == y.keys() and all(np.array_equal(x[k], y[k]) for k in x)
        for x, y in pairs
    )


def until_started(run: Started, out: Path) -> None:
    """Wait for the first checkpoint."""
    while run.running() and not (out / "checkpoint.h5").exists():
        time.sleep(0.005)


def kill_again_and_again(command: Server, case: Path, kills: int, out: Path) -> int:
    """Kill a run at random moments, resuming it each time; then let it finish."""
    moments, killed = random.Random(5), 0  # noqa: S311
    while killed < kills:
        run = command.start("run", case, "--out", out, "--resume")
        until_started(run, out)
        time.sleep(moments.uniform(0.0, 0.08))
        if not run.running():
            break
        run.kill(signal.SIGKILL)
        assert run.wait().status == -signal.SIGKILL
        killed += 1
        if (out / "checkpoint.h5").exists():  # whatever was killed, it is whole
            _, meta = load_checkpoint(out / "checkpoint.h5", load_case(case).digest())
            assert len(read_result(out).times) >= meta["frames"]
    if not (out / "summary.json").exists():
        last = command.run("run", case, "--out", out, "--resume")
        assert last.status == 0, last.err
    return killed


def test_killed_three_times_and_resumed(command: Server, case: Path) -> None:
    whole = command.run("run", case, "--out", "whole")
    assert whole.status == 0, whole.err
    assert kill_again_and_again(command, case, 3, Path("out")) == 3
    assert same("whole", "out")
    one, two = (json.loads(Path(d, "summary.json").read_text()) for d in ("whole", "out"))
    assert one["errors"] == two["errors"]
    assert one["invariants"] == two["invariants"]
    assert one["cost"]["steps"] == two["cost"]["steps"]
    assert not Path("out/checkpoint.h5").exists()


@pytest.mark.slow
def test_killed_ten_times_and_resumed(command: Server, case: Path) -> None:
    data = json.loads(case.read_text())
    solver = data["solver"]
    longer = {key: value * 8 for key, value in solver.items() if key == "steps"}
    longer |= {key: value / 4 for key, value in solver.items() if key == "max_step"}
    case.write_text(json.dumps({**data, "solver": {**solver, **longer}}))
    command.run("run", case, "--out", "whole")
    assert kill_again_and_again(command, case, 10, Path("out")) == 10
    assert same("whole", "out")


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)]
)
def test_a_signal_leaves_a_state_to_go_on_from(
    command: Server, case: Path, number: signal.Signals, status: int
) -> None:
    out = Path("runs/case")
    run = command.start("run", case)
    until_started(run, out)
    run.kill(number)
    done = run.wait()
    assert done.status == status
    assert "stopped at t =" in done.err
    assert f"continue with: pdekit run {case} --out {out} --resume" in done.err
    assert json.loads((out / "summary.json").read_text())["status"] == "interrupted"
    assert read_result(out).status == "interrupted"
    again = command.run("run", case, "--resume")  # finds the folder by itself
    assert again.status == 0, again.err
    assert "resuming at t =" in again.err
    command.run("run", case, "--out", "whole")
    assert same("whole", out)


def test_interrupted_while_comparing(command: Server) -> None:
    case = slow_case(
        {"integrator": "strang", "steps": 20},
        reference={"solver": {"integrator": "strang", "steps": 600_000}},
        time={"end": 1, "save": 3},
    )
    out = Path("out")
    run = command.start("run", case, "--out", out)
    time.sleep(0.3)
    while run.running() and (
        not (out / "result.h5").exists() or len_of(out / "result.h5") < 3
    ):
        time.sleep(0.01)
    run.kill(signal.SIGINT)
    done = run.wait()
    assert done.status == 130, done
    again = command.run("run", case, "--out", out, "--resume", "--json")
    assert again.status == 0, again.err
    assert again.json["errors"]["reference"] == "solver strang"


def len_of(path: Path) -> int:
    try:
        return len(read_result(path).times)
    except ResultFileError:
        return 0


def test_a_finished_run_is_not_resumed(command: Server) -> None:
    case = write_case(Path("case.yaml"))
    assert command.run("run", case, "--out", "out").status == 0
    before = Path("out/result.h5").read_bytes()
    done = command.run("run", case, "--out", "out", "--resume")
    assert done.status == 2
    assert "finished; nothing to resume" in done.err
    assert Path("out/result.h5").read_bytes() == before


def interrupted(case: Path, folder: str = "out") -> Path:
    """Leave an interrupted run behind."""

    class Impatient:
        asked = 0

        def progress(self, done: float, message: str) -> None: ...
        def message(self, text: str) -> None: ...
        def stop_requested(self) -> bool:
            self.asked += 1
            return self.asked > 3

    _, out, failure = run_into(load_case(case), folder, observer=Impatient())
    assert failure is not None
    return out


@pytest.mark.parametrize("harm", ["cut", "flipped", "empty", "foreign", "other case"])
def test_a_checkpoint_that_cannot_be_used(command: Server, harm: str) -> None:
    case = slow_case(INTEGRATORS["fixed"])
    file = interrupted(case) / "checkpoint.h5"
    data, settings = bytearray(file.read_bytes()), []
    if harm == "cut":
        file.write_bytes(data[: len(data) // 2])
    elif harm == "flipped":
        data[len(data) - 100] ^= 1
        file.write_bytes(data)
    elif harm == "empty":
        file.write_bytes(b"")
    elif harm == "foreign":
        with h5py.File(file, "w") as other:
            other["x"] = 1.0
    else:
        settings = ["--set", "equation={name: nlse, focusing: 2}"]
    before = {path: path.read_bytes() for path in Path("out").iterdir()}
    done = command.run("run", case, "--out", "out", "--resume", *settings)
    assert done.status == 2, done
    assert "checkpoint.h5" in done.err
    assert len(done.err.splitlines()) == 1
    if harm == "other case":
        assert "another case" in done.err
    assert before == {path: path.read_bytes() for path in Path("out").iterdir()}


def test_other_outputs_and_checks_are_still_the_same_case(command: Server) -> None:
    case = slow_case({"integrator": "strang", "steps": 5000})
    interrupted(case)
    change = "checks={mass_drift: {below: 1e-9}}"
    done = command.run("run", case, "--out", "out", "--resume", "--set", change)
    assert done.status == 0, done.err


def test_resume_without_checkpoint_starts_again(command: Server) -> None:
    case = write_case(Path("case.yaml"))
    done = command.run("run", case, "--out", "new", "--resume")
    assert done.status == 0, done.err
    # a run that was killed before its first checkpoint
    Path("new/summary.json").unlink()
    again = command.run("run", case, "--out", "new", "--resume")
    assert again.status == 0, again.err
    Path("new/summary.json").unlink()
    other = command.run(
        "run",
        case,
        "--out",
        "new",
        "--resume",
        "--set",
        "equation={name: nlse, focusing: 2}",
    )
    assert other.status == 2
    assert "another case" in other.err


def test_the_folder_is_held_while_a_run_writes(command: Server) -> None:
    case = slow_case(INTEGRATORS["fixed"])
    out = interrupted(case)
    with folder_lock(out):
        for option in ("--resume", "--overwrite"):
            done = command.run("run", case, "--out", out, option)
            assert done.status == 2
            assert "another run is writing" in done.err
    assert (out / "checkpoint.h5").exists()


def test_an_ensemble_goes_on_too(command: Server) -> None:
    case = slow_case(
        {"integrator": "dop853_ip", "rtol": 1e-8},
        run={"members": 3},
        time={"end": 4, "save": 9},
    )
    command.run("run", case, "--out", "whole")  # measures plans, once for all processes
    interrupted(case)
    done = command.run("run", case, "--out", "out", "--resume")
    assert done.status == 0, done.err
    assert same("whole", "out")
    assert read_result("out").members == 3


@pytest.mark.parametrize("reproducible", [True, False])
def test_a_flow_with_a_source_in_time_goes_on_too(
    command: Server, reproducible: bool
) -> None:
    side = {"interval": [0, "2*pi"], "points": 32}
    case = write_case(
        Path("flow.yaml"),
        equation={"name": "navier_stokes_2d", "source": "cos(3*y)*sin(t)"},
        domain={"x": side, "y": side},
        initial="sin(x)*cos(2*y) + cos(x + y)",
        time={"end": 4, "save": 9},
        solver={"steps": 4000},
        reference=None,
        run={"reproducible": reproducible},
    )
    interrupted(case)
    done = command.run("run", case, "--out", "out", "--resume")
    assert done.status == 0, done.err
    command.run("run", case, "--out", "whole")
    assert same("whole", "out")


def test_transforms_and_threads_are_those_of_the_checkpoint() -> None:
    case = slow_case({"integrator": "strang", "steps": 5000}, run={"fft": "scipy"})
    out = interrupted(case)
    _, meta = load_checkpoint(out / "checkpoint.h5")
    assert meta["fft"] == "scipy"
    assert meta["threads"] == 1
    result, _, _ = run_into(load_case(case, {"run.threads": 2}), out, resume=True)
    assert result.summary["solver"]["threads"] == 1
    whole, _, _ = run_into(load_case(case), "whole")
    assert result.summary["cost"]["transforms"] >= whole.summary["cost"]["transforms"]


def test_further_formats_and_the_log(command: Server) -> None:
    outputs = {"figures": ["profile"], "format": ["hdf5", "netcdf3", "csv"], "movie": True}
    case = write_case(Path("case.yaml"), outputs=outputs)
    done = command.run("run", case, "--out", "out")
    assert done.status == 0, done.err
    rows = Path("out/diagnostics.csv").read_text().splitlines()
    assert rows[0].startswith("t,mass")
    assert len(rows) == 1 + 5
    names = {path.name for path in Path("out").rglob("*") if path.is_file()}
    assert names >= {"result.nc", "profile.png", "movie.gif"}
    assert " INFO ok" in Path("out/log.txt").read_text()


def test_a_movie_without_figures() -> None:
    run_into(load_case(case_of(outputs={"figures": "none", "movie": True})), "out")
    assert Path("out/figures/movie.gif").stat().st_size > 1000


def test_provenance_names_no_folders(command: Server) -> None:
    folder = Path("some where/deep").absolute()
    case = write_case(folder / "case.yaml")
    done = command.run("run", case, "--out", folder / "out", "--json")
    assert done.status == 0
    environment = done.json["environment"]
    assert environment["command"].startswith("pdekit run case.yaml")
    text = json.dumps(read_result(folder / "out").provenance)
    assert "some where" not in text
    assert environment["seed"] == 0
    assert {"pdekit", "libraries", "threads", "device"} <= environment.keys()


def test_unicode_spaces_links_and_long_names(command: Server) -> None:
    folder = Path("Ψ und φ/" + "lang" * 30)
    case = write_case(folder / "fall ψ.yaml")
    Path("link").symlink_to(folder)
    done = command.run("run", Path("link") / case.name, "--out", "link/aus gabe")
    assert done.status == 0, done.err
    assert read_result(folder / "aus gabe").ok


def test_a_mapping_goes_into_a_folder() -> None:
    result, folder, failure = run_into(load_case(case_of()), "somewhere/new")
    assert failure is None
    assert result.ok
    assert folder == Path("somewhere/new")


def test_files_that_a_case_reads_are_kept_beside_it(command: Server) -> None:
    case = write_case(Path("cases/first.yaml"))
    command.run("run", case, "--out", "cases/earlier")
    start, reference = ({"file": "earlier/result.h5"} for _ in range(2))
    later = write_case(
        Path("cases/later.yaml"),
        initial=start,
        reference=reference,
        time={"start": 1, "end": 2, "save": 3},
    )
    assert command.run("run", later, "--out", "out").status == 0
    again = command.run("run", "out/case.yaml", "--out", "moved/again")
    assert again.status == 0, again.err
    assert same("out", "moved/again")
    own = command.run("run", later, "--out", "cases/earlier", "--overwrite")
    assert own.status == 2
    assert "which the case reads" in own.err
    assert Path("cases/earlier/result.h5").exists()


def test_a_resume_without_a_checkpoint_says_that_it_starts_anew(command: Server) -> None:
    case = write_case(Path("case.yaml"), time={"end": 0.1, "save": 3}, checks={})
    done = command.run("run", case, "--out", "new", "--resume", "--no-figures")
    assert done.status == 0
    assert "no checkpoint to resume from; starting anew" in done.err
