"""The command line as its users meet it: real processes in an empty folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from pdekit.files.writer import read_result
from tests.running import CASE, Server, case_of, command, write_case

__all__ = ["command"]

UNSTABLE = {"integrator": "ifrk4", "steps": 3}
TALL = {"exact": "bright_soliton", "amplitude": 12}


@pytest.fixture
def case() -> Path:
    return write_case(Path("case.yaml"))


def left() -> set[str]:
    """Return everything in the current folder."""
    return {str(path) for path in Path().rglob("*") if path.is_file()}


def test_a_run_that_holds(command: Server, case: Path) -> None:
    write_case(case, checks={"relative_l2": {"below": 1e-2}, "mass_drift": {"below": 1e-9}})
    done = command.run("run", case, "--out", "out")
    assert done.status == 0, done.err
    assert "holds: relative_l2" in done.out
    assert "against exact bright_soliton" in done.out
    wanted = {"case.yaml", "result.h5", "summary.json", "log.txt"}
    assert {path.name for path in Path("out").iterdir()} == wanted
    summary = json.loads(Path("out/summary.json").read_text())
    assert summary["status"] == "ok"
    # exact solution against ours, by hand
    result = read_result("out")
    x, t = result.grid.points()[0], result.times[-1]
    exact = np.exp(1j * x) / np.cosh(x - t)
    error = np.linalg.norm(result.fields["psi"][-1] - exact) / np.linalg.norm(exact)
    assert summary["errors"]["relative_l2"] == pytest.approx(error, rel=1e-6)
    assert summary["invariants"]["mass"]["initial"] == pytest.approx(2.0)


def test_a_check_that_does_not_hold_is_status_1(command: Server, case: Path) -> None:
    write_case(case, checks={"too strict": {"metric": "relative_l2", "below": 1e-14}})
    done = command.run("run", case, "--json")
    assert done.status == 1
    assert done.json["status"] == "check_failed"
    (check,) = done.json["checks"]
    assert check["metric"] == "relative_l2"
    assert check["label"] == "too strict"
    assert check["holds"] is False
    assert "FAILS: too strict: relative_l2" in done.err


def test_json_is_alone_on_standard_output(command: Server, case: Path) -> None:
    done = command.run("run", case, "--json", "--set", "time.save=3")
    summary = done.json  # parses as a whole, so nothing else is there
    keys = "case status errors invariants checks cost solver environment warnings"
    assert set(keys.split()) <= summary.keys()
    assert {"setup_s", "solve_s", "total_s", "steps", "transforms"} <= summary[
        "cost"
    ].keys()
    assert summary["cost"]["steps"] == 200
    assert summary["cost"]["transforms"] >= 400
    assert "written to" in done.err
    assert "\x1b" not in done.err, "no animation without a terminal"
    assert summary == json.loads(Path("runs/case/summary.json").read_text())


def test_quiet_says_nothing(command: Server, case: Path) -> None:
    done = command.run("run", case, "--quiet")
    assert (done.status, done.out, done.err) == (0, "", "")


def test_several_cases_give_one_object(command: Server, case: Path) -> None:
    other = write_case(Path("other.yaml"), checks={"mass": {"above": 100}})
    done = command.run("run", case, other, "--json")
    assert done.status == 1
    assert [run["status"] for run in done.json["runs"]] == ["ok", "check_failed"]
    assert Path("runs/other/result.h5").exists()
    refused = command.run("run", case, other, "--out", "x")
    assert refused.status == 2
    assert "--out takes one case" in refused.err


def test_one_wrong_case_of_two_and_nothing_runs(command: Server, case: Path) -> None:
    write_case(Path("wrong.yaml"), time={"end": -1})
    done = command.run("run", case, "wrong.yaml")
    assert done.status == 2
    assert "wrong.yaml" in done.err
    assert left() == {"case.yaml", "wrong.yaml"}


def test_set_changes_any_key(command: Server, case: Path) -> None:
    settings = ["domain.x.points=64", "solver={integrator: dop853_ip, rtol: 1e-7}"]
    arguments = [word for text in settings for word in ("--set", text)]
    done = command.run("run", case, *arguments, "--json")
    assert done.status == 0, done.err
    assert done.json["solver"]["points"] == [64]
    assert done.json["solver"]["integrator"] == "dop853_ip"
    assert done.json["solver"]["rtol"] == 1e-7


def test_an_earlier_run_is_never_overwritten_silently(command: Server, case: Path) -> None:
    first = command.run("run", case, "--out", "out")
    before = Path("out/result.h5").read_bytes()
    second = command.run("run", case, "--out", "out", "--set", "time.save=3")
    third = command.run("run", case, "--out", "out")
    assert (first.status, second.status, third.status) == (0, 0, 0)
    assert "out-2" in second.out
    assert "out-3" in third.out
    assert Path("out/result.h5").read_bytes() == before
    Path("out/notes.txt").write_text("mine")
    again = command.run("run", case, "--out", "out", "--overwrite", "--set", "time.save=3")
    assert again.status == 0
    assert len(read_result("out").times) == 3
    assert Path("out/notes.txt").read_text() == "mine"


def test_the_written_case_gives_the_same_fields(command: Server, case: Path) -> None:
    write_case(
        case,
        initial={"state": "mi_noise", "noise_level": 0.1, "seed": 5},
        reference=None,
        parameters={"a": 2},
        time={"end": "a/2", "save": {"every": 0.3}},
    )
    command.run("run", case, "--out", "one")
    done = command.run("run", "one/case.yaml", "--out", "two")
    assert done.status == 0, done.err
    one, two = read_result("one"), read_result("two")
    assert np.array_equal(one.times, two.times)
    assert np.array_equal(one.fields["psi"], two.fields["psi"])
    assert Path("one/case.yaml").read_text() == Path("two/case.yaml").read_text()


# -- input that is refused -------------------------------------------------------------

HUGE_ALIASES = "a: &a [1,1,1,1,1,1,1,1,1]\n" + "".join(
    f"{c}: &{c} [{','.join(['*' + p] * 9)}]\n"
    for p, c in zip("abcdefgh", "bcdefghi", strict=True)
)

REFUSED: dict[str, tuple[str, list[str]]] = {
    "unknown key": (
        json.dumps(case_of(solvr={"steps": 3})),
        ["solvr", "did you mean 'solver'"],
    ),
    "wrong type": (json.dumps(case_of(time={"end": [1]})), ["time.end"]),
    "text for a number": (json.dumps(case_of(time={"end": "soon"})), ["time.end", "soon"]),
    "not a number": (
        json.dumps(CASE).replace('"end": 1', '"end": .nan'),
        ["time.end", "finite"],
    ),
    "zero points": (
        json.dumps(case_of(domain={"x": {"interval": [0, 1], "points": 0}})),
        ["domain.x.points"],
    ),
    "negative interval": (
        json.dumps(case_of(domain={"x": {"interval": [1, -1], "points": 8}})),
        ["domain.x.interval", "lower < upper"],
    ),
    "forbidden name": (json.dumps(case_of(initial="__import__('os')")), ["initial"]),
    "attribute": (json.dumps(case_of(initial="x.real")), ["initial"]),
    "tower": (json.dumps(case_of(initial="9**9**9 + x")), ["initial"]),
    "nesting": (json.dumps(case_of(initial="(" * 300 + "x" + ")" * 300)), ["initial"]),
    "unknown name": (json.dumps(case_of(initial="sech(y)")), ["initial", "y"]),
    "not finite": (json.dumps(case_of(initial="1/x")), ["initial", "finite"]),
    "duplicate": (
        '{"title": "a", ' + json.dumps(CASE)[1:-1] + ', "title": "b"}',
        ["title", "given twice"],
    ),
    "aliases": (HUGE_ALIASES, ["case.yaml:1"]),
    "deep": ("[" * 5000, ["case.yaml:1"]),
    "empty": ("", ["empty"]),
    "a list": ("- 1\n- 2\n", ["must be a mapping"]),
    "unknown metric": (
        json.dumps(case_of(checks={"mas_drift": {"below": 1}})),
        ["mass_drift"],
    ),
    "missing reference": (
        json.dumps(case_of(reference={"file": "nowhere.h5"})),
        ["reference.file", "nowhere.h5"],
    ),
    "foreign reference": (
        json.dumps(case_of(reference={"file": "foreign.h5"})),
        ["foreign.h5", "not a pdekit result"],
    ),
    "foreign start": (
        json.dumps(case_of(initial={"file": "foreign.h5"}, reference=None)),
        ["foreign.h5", "not a pdekit result"],
    ),
    "reference formula": (
        json.dumps(case_of(reference="1/(t*x)")),
        ["reference", "finite"],
    ),
    "too large": (
        json.dumps(case_of(domain={"x": {"interval": [0, 1], "points": 2**31}})),
        ["domain", "GB of memory"],
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_refused_with_one_clear_message(command: Server, what: str) -> None:
    text, wanted = REFUSED[what]
    with h5py.File("foreign.h5", "w") as file:
        file["data"] = [1.0]
    Path("case.yaml").write_text(text)
    before = left()
    done = command.run("run", "case.yaml", "--json")
    assert done.status == 2, done
    assert done.json["status"] == "refused"
    for part in wanted:
        assert part in done.err
    assert len(done.err) < 8000
    assert "Traceback" not in done.err
    assert left() == before, "nothing is written"
    assert not Path("runs").exists()


def test_a_case_file_of_two_gigabytes(command: Server) -> None:
    with Path("case.yaml").open("wb") as file:
        file.truncate(2 << 30)  # sparse: takes no room
    done = command.run("run", "case.yaml")
    assert done.status == 2
    assert "case.yaml" in done.err
    assert "larger than" in done.err


def test_a_missing_case_and_a_folder(command: Server) -> None:
    done = command.run("run", "nlse/tow_soliton")
    assert done.status == 2
    assert "did you mean 'nlse/two_soliton'" in done.err
    Path("folder.yaml").mkdir()
    assert command.run("run", "folder.yaml").status == 2


def test_all_errors_at_once_with_their_places(command: Server, case: Path) -> None:
    case.write_text(
        "equation: nsle\n"
        "domain:\n"
        "  x: {interval: [0, 1], points: -3}\n"
        "initial: sech(z)\n"
        "time: {end: 0}\n"
    )
    done = command.run("check", case, "--json")
    assert done.status == 2
    (found,) = done.json["cases"]
    places = {tuple(p.split(":")[1:3]) for p in found["problems"]}
    assert places >= {("3", "33"), ("5", "13")}
    assert "did you mean 'nlse'" in found["problems"][0]
    assert left() == {"case.yaml"}


def test_check_lists_good_and_bad(command: Server, case: Path) -> None:
    write_case(Path("bad.yaml"), solver={"integrator": "strang"})
    done = command.run("check", case, "bad.yaml", "nlse/single_soliton")
    assert done.status == 2
    assert done.out.splitlines() == [f"{case}: ok", "nlse/single_soliton: ok"]
    assert "either step or steps" in done.err


@pytest.mark.parametrize("name", ["missing.h5", "text.h5", "foreign.h5", "cut.h5", "empty"])
def test_plot_refuses_what_is_not_a_result(command: Server, case: Path, name: str) -> None:
    command.run("run", case, "--out", "out")
    data = Path("out/result.h5").read_bytes()
    Path("cut.h5").write_bytes(data[: len(data) // 2])
    Path("text.h5").write_text("hello")
    Path("empty").mkdir()
    with h5py.File("foreign.h5", "w") as file:
        file["psi"] = np.zeros(3)
    done = command.run("plot", name)
    assert done.status == 2
    assert name in done.err
    assert len(done.err.splitlines()) == 1
    assert not Path("figures").exists()


def test_an_output_folder_that_cannot_be(command: Server, case: Path) -> None:
    Path("file").write_text("mine")
    for out in ("file", "file/below"):
        for extra in ([], ["--resume"], ["--overwrite"]):
            done = command.run("run", case, "--out", out, *extra)
            assert done.status == 2, done
            assert "file" in done.err
            assert "Traceback" not in done.err
    assert Path("file").read_text() == "mine"


def test_a_full_disk_is_told_and_resumed(command: Server, case: Path) -> None:
    write_case(
        case,
        domain={"x": {"interval": [-16, 16], "points": 2048}},
        time={"end": 1, "save": 41},
        outputs={"figures": "none", "checkpoint_every": 0.02},
    )
    whole = command.run("run", case, "--out", "whole")
    size = Path("whole/result.h5").stat().st_size
    done = command.run("run", case, "--out", "out", largest_file=size // 2)
    assert done.status == 2, done.err
    assert "result.h5: not enough space" in done.err
    assert "bytes are free" in done.err
    assert "Traceback" not in done.err
    again = command.run("run", case, "--out", "out", "--resume")
    assert (whole.status, again.status) == (0, 0), again.err
    fields = [read_result(name).fields["psi"] for name in ("whole", "out")]
    assert np.array_equal(*fields)


# -- solvers that fail -----------------------------------------------------------------


def test_a_blow_up_is_status_3_and_what_there_is_is_kept(
    command: Server, case: Path
) -> None:
    write_case(case, solver={"integrator": "etdrk4", "steps": 60}, initial=TALL,
               reference=None, time={"end": 60, "save": 61},
               domain={"x": {"interval": [-16, 16], "points": 512}})  # fmt: skip
    done = command.run("run", case, "--out", "out")
    assert done.status == 3, done
    message = done.err.strip().splitlines()[-1]
    for part in ("psi became non-finite at t =", "step", "try a step smaller than",
                 "frames up to t =", "near x ="):  # fmt: skip
        assert part in message
    result = read_result("out")
    assert result.status == "diverged"
    assert 1 <= len(result.times) < 61
    assert np.isfinite(result.fields["psi"]).all()
    assert json.loads(Path("out/summary.json").read_text())["message"] == message[7:]
    assert command.run("plot", "out", "--figures", "profile").status == 0


def test_too_many_steps_is_not_converged(command: Server, case: Path) -> None:
    solver = {"integrator": "dop853_ip", "rtol": 1e-12, "max_steps": 3}
    write_case(case, solver=solver, reference=None)
    done = command.run("run", case, "--json")
    assert done.status == 3
    assert done.json["status"] == "not_converged"
    assert "solver.max_steps" in done.err
    assert len(read_result("runs/case").times) >= 1


# -- the other commands ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["list"], "nlse/two_soliton"),
        (["list", "equations"], "manakov"),
        (["list", "integrators"], "rkn6_14"),
        (["list", "solvers"], "spectral"),
        (["list", "backends"], "scipy"),
        (["list", "formulas"], "sech"),
        (["list", "figures"], "spacetime"),
        (["list", "metrics"], "relative_l2"),
        (["describe", "nlse/two_soliton"], "Two bright solitons"),
        (["describe", "dop853_ip"], "rtol"),
        (["describe", "sech"], "sech"),
    ],
)
def test_lists_and_descriptions(command: Server, words: list[str], wanted: str) -> None:
    done = command.run(*words)
    assert done.status == 0
    assert wanted in done.out
    assert done.err == ""


@pytest.mark.parametrize(
    "kind", ["integrators", "preconditioners", "solvers", "equations", "models"]
)
def test_everything_listed_is_described(command: Server, kind: str) -> None:
    for name in command.run("list", kind, "--json").json:
        done = command.run("describe", name)
        assert done.status == 0, done.err
        assert name in done.out


def test_unknown_names_suggest(command: Server) -> None:
    done = command.run("describe", "dop835")
    assert done.status == 2
    assert "did you mean 'dop853'" in done.err


def test_schema_describes_the_shipped_cases(command: Server) -> None:
    schema: dict[str, Any] = command.run("schema").json
    assert schema["type"] == "object"
    tasks = {}
    while "task" in schema["if"]["properties"]:
        tasks[schema["if"]["properties"]["task"]["const"]] = schema["then"]["properties"]
        schema = schema["else"]
    evolution = schema["else"]["properties"]
    boundary_value = schema["then"]["properties"]
    assert {"problem", "samples", "save"} <= tasks["dataset"].keys()
    assert {"data", "model", "loss", "optimizer"} <= tasks["train"].keys()
    assert {"equation", "domain", "initial", "time", "solver"} <= evolution.keys()
    assert {"equation", "domain", "boundary", "mask", "manufactured", "solver"} <= (
        boundary_value.keys()
    )


def test_plot_draws_from_the_file_alone(command: Server, case: Path) -> None:
    command.run("run", case, "--out", "out")
    Path("out/case.yaml").unlink()
    done = command.run("plot", "out/result.h5", "--figures", "profile", "--out", "pictures")
    assert done.status == 0, done.err
    assert done.out.split() == ["pictures/profile.png"]
    assert Path("pictures/profile.png").read_bytes()[:4] == b"\x89PNG"
    wrong = command.run("plot", "out", "--figures", "profil")
    assert wrong.status == 2
    assert "did you mean 'profile'" in wrong.err


def test_wrong_words_are_status_2(command: Server, case: Path) -> None:
    assert command.run("rum", case).status == 2
    assert command.run("run").status == 2
    assert command.run("run", case, "--resume", "--overwrite").status == 2
    assert left() == {"case.yaml"}


def test_a_mistake_of_ours_is_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from pdekit import catalogue, cli

    def broken(what: str) -> dict[str, str]:
        raise ZeroDivisionError("oh")

    monkeypatch.setattr(catalogue, "entries", broken)
    assert cli.main(["list"]) == 1
    assert "internal error: ZeroDivisionError: oh" in capsys.readouterr().err
    with pytest.raises(ZeroDivisionError):
        cli.main(["list", "--traceback"])


def test_python_dash_m_and_the_end_of_a_pipe() -> None:
    environment = {**os.environ, "PYTHONWARNINGS": "error"}
    words = [sys.executable, "-m", "pdekit"]
    shown = subprocess.run(
        [*words, "--version"], capture_output=True, text=True, check=True
    )
    assert shown.stdout.startswith("pdekit ")
    helped = subprocess.run([*words, "run", "--help"], capture_output=True, text=True)
    assert helped.returncode == 0
    assert "--resume" in helped.stdout
    with subprocess.Popen(
        [*words, "schema"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    ) as piped:
        assert piped.stdout is not None
        assert piped.stderr is not None
        piped.stdout.close()  # nobody reads
        assert piped.stderr.read() == b""


def test_a_run_loads_only_what_it_needs(case: Path) -> None:
    script = (
        "import sys; from pdekit.cli import main\n"
        "status = main(['run', 'case.yaml', '--quiet'])\n"
        "print(status, sorted({'torch', 'matplotlib', 'rich', 'jinja2', 'pandas', 'xarray'}"
        " & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout == "0 []\n", done.stderr
