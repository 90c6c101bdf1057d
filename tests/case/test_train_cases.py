"""Case files of trainings: mistakes with their places, data found or made, the command."""

from __future__ import annotations

import json
import os
import shutil
import signal
import threading
import time
from pathlib import Path
from typing import Any

import h5py
import pytest

from pdekit.case import TrainCase, load_case, shipped_cases
from pdekit.cli import main
from pdekit.datasets import make
from pdekit.errors import CaseError, PdekitError, ResultFileError
from pdekit.files import hdf5
from pdekit.solvers.learned import checkpoint
from pdekit.solvers.learned.training import run_into, train
from pdekit.tasks import warnings_of
from tests.datasets.small import DARCY, case_of

GOOD = """\
task: train
data: small.yaml
model: {name: fno, modes: [3], width: 4, layers: 1, reproducible: true}
"""
QUICK: dict[str, Any] = {
    "optimizer": {"epochs": 2, "batch": 3},
    "run": {"threads": 1, "device": "cpu"},
    "outputs": {"figures": "none"},
}


def refusal(text: str) -> str:
    case_of(Path())
    Path("case.yaml").write_text(text)
    with pytest.raises(CaseError) as error:
        warnings_of(load_case("case.yaml"))
    return str(error.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (GOOD.replace("train", "trian"), "case.yaml:1:7: task: must be train"),
        (GOOD.replace("fno", "fna"), "yaml:3:15: model.name: unknown model 'fna'; did"),
        (GOOD.replace("width", "widht"), "model.widht: unknown key; did you mean 'width'"),
        (GOOD.replace("4, l", "wide, l"), "model.width: must be a whole number"),
        (GOOD.replace("[3]", "[16]"),
         "yaml:3:28: model.modes[0]: must be at most 15: x has 32 points (got 16)"),
        (GOOD.replace("[3]", "[3, 3, 3]"), "modes: must have one entry for each axis"),
        (GOOD.replace("[3]", "[3, 3]"), "model: fno with 2 axes on a box of 1 has time"),
        (GOOD.replace("small", "smal"), "yaml:2:7: data: cannot be used: unknown data set"),
        (GOOD.replace("small", "../small"), "it leads out of the folder"),
        (GOOD + "samples: {train: 9}\n", "yaml:4:18: samples.train: must be at most 5"),
        (GOOD + "samples: {validation: 0}\nearly_stop: {patience: 3}\n",
         "case.yaml:5:1: early_stop: needs samples for validation"),
        (GOOD + "loss: h2\n", "loss.name: must be one of relative_l2, sobolev, h1"),
        (GOOD + "loss: {name: h1, order: 2}\n", "loss.order: is used with sobolev alone"),
        (GOOD + "optimizer: {schedule: cosin}\n", "did you mean 'cosine'?"),
        (GOOD + "optimizer: {learning: 1}\n", "optimizer.learning: unknown key"),
        (GOOD + "history: 3\n", "yaml:4:1: history: a training pair needs 4 frames"),
        (GOOD + "rollout: {steps: 3}\n", "a training pair needs 4 frames, the data have 3"),
        (GOOD + "augment: transpose\n", "augment[0]: does not fit: there are no two axes"),
        (GOOD + "test: {start: 0.3}\n", "test.start: must be the time of a frame: 0, 0.25"),
        (GOOD + "test: {points: 128}\n", "test.points[0]: must be at most 64"),
        (GOOD + "checks: {test_relative_l2_48: {below: 1}}\n", "unknown metric"),
        (GOOD + "samples: {test: 0}\nchecks: {test_relative_l2: {below: 1}}\n",
         "checks.test_relative_l2: needs samples for test"),
        (GOOD + "run: {device: gpu}\n", "run.device: must be one of auto, cpu, cuda"),
    ],
)  # fmt: skip
def test_mistakes_are_told_with_their_place(text: str, expected: str) -> None:
    assert expected in refusal(text)


def test_all_mistakes_are_told_at_once() -> None:
    text = refusal(GOOD.replace("[3]", "[99]") + "loss: h2\nsamples: {train: 10}\n")
    assert [line.split(":")[1] for line in text.splitlines()] == ["3", "4", "5"]


def test_steady_data_have_no_frames() -> None:
    case_of(Path(), DARCY)
    text = GOOD.replace("[3]", "[2, 2]") + "history: 2\npredict: increment\nloss: sobolev\n"
    Path("case.yaml").write_text(text)
    with pytest.raises(CaseError) as error:
        load_case("case.yaml")
    assert [str(p).split(": ", 2)[1:] for p in error.value.problems] == [
        ["history", "is not used: the data have no time"],
        ["predict", "must be state: the data have no time"],
        ["loss.name", "sobolev needs a periodic box; h1 is for any boundary"],
    ]


def test_a_device_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    text = refusal(GOOD + "run: {device: cuda}\n")
    assert "case.yaml:4:15: run.device: 'cuda' is not available" in text


# ----------------------------------------------------------------------------------- data


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("small")
    make(case_of(base), base / "made")
    return base / "made"


def quick(data: object, **more: Any) -> dict[str, Any]:
    model = {"name": "fno", "modes": [3], "width": 4, "layers": 1, "reproducible": True}
    return {"task": "train", "data": str(data), "model": model, **QUICK, **more}


def changed(folder: Path, split: str, index: Any, value: float) -> Path:
    """Copy a data set, with a number of it changed."""
    copy = Path(shutil.copytree(folder, "copy"))
    (file,) = (copy / "data" / split).glob("*.hdf5")
    with h5py.File(file, "r+") as opened:
        opened["t0_fields/u"][index] = value
    return copy


def test_numbers_that_are_not_finite_are_refused(folder: Path) -> None:
    case = load_case(quick(changed(folder, "valid", (1, 2, 3), float("nan"))))
    for refuse in (warnings_of, lambda case: run_into(case, Path("out"))):
        with pytest.raises(ResultFileError, match="sample 1 of u is not finite"):
            refuse(case)
    assert not Path("out").exists()


def test_a_test_on_what_was_learned_is_refused(folder: Path) -> None:
    copy = changed(folder, "test", (0, 0), 0.0)
    (train_file,) = (copy / "data" / "train").glob("*.hdf5")
    (test_file,) = (copy / "data" / "test").glob("*.hdf5")
    with h5py.File(train_file) as one, h5py.File(test_file, "r+") as other:
        other["t0_fields/u"][1, 0] = one["t0_fields/u"][3, 0]
    with pytest.raises(CaseError, match=r"data: 1 inputs .* \(first: train 3 and test 1\)"):
        run_into(load_case(quick(copy)), Path("out"))


def test_data_that_are_half_there_or_no_data_are_refused(folder: Path) -> None:
    copy = Path(shutil.copytree(folder, "copy"))
    (copy / "parts").mkdir()
    with pytest.raises(
        CaseError, match=r"data: cannot be used: .*copy: this data set is not"
    ):
        load_case(quick(copy))
    Path("empty").mkdir()
    with pytest.raises(CaseError, match="empty: holds no data set"):
        load_case(quick("empty"))


def test_data_are_made_when_missing_and_found_when_there() -> None:
    case_of(Path())
    Path("case.yaml").write_text(json.dumps(quick("small.yaml", test={"points": 64})))
    told, made = [], []
    for out in ("one", "two"):
        assert main(["run", "case.yaml", "--quiet", "--out", out]) == 0
        told.append(json.loads(Path(out, "summary.json").read_text()))
        made.append({p: p.stat().st_mtime_ns for p in Path("runs").rglob("*.hdf5")})
    assert made[0] == made[1]
    assert {p.name for p in Path("runs").iterdir()} == {"small", "small_64"}
    assert told[0]["errors"] == told[1]["errors"]
    fine = told[0]["errors"]["test_relative_l2_64"]
    assert fine == pytest.approx(told[0]["errors"]["test_relative_l2"], rel=1e-3)
    assert load_case("one/case.yaml") == load_case("case.yaml", {"data": "runs/small"})
    case_of(Path(), seed=1)  # other samples
    assert main(["run", "case.yaml", "--quiet", "--out", "one", "--overwrite"]) == 0
    assert Path("runs/small-2").exists()
    other = json.loads(Path("one/summary.json").read_text())
    assert other["errors"]["test_relative_l2"] != told[0]["errors"]["test_relative_l2"]


def test_steady_data_are_learned(tmp_path: Path) -> None:
    case_of(Path(), DARCY)
    case = quick("small.yaml", loss="h1", augment=["flip", "transpose"])
    case["model"] = case["model"] | {"modes": [2, 2], "padding": 0.2}
    operator = train(case, "out")
    assert operator.signature.constant == ("coefficient",)
    assert operator.facts["inputs"]["coefficient"]["max"] == 12
    assert 0 < operator.facts["errors"]["test_relative_l2"] < 2


def test_an_error_near_that_of_the_data_is_doubted() -> None:
    case_of(Path(), data_error=1)
    run_into(load_case(quick("small.yaml")), Path("out"))
    facts = checkpoint.header("out/model.safetensors")["facts"]
    assert 0 < facts["data"]["data_error"] < 1e-3
    assert facts["equation"] == {"name": "burgers", "params": {"viscosity": 0.1}}
    (file,) = Path("runs/small/data/train").glob("*.hdf5")
    with h5py.File(file, "r+") as opened:
        said = json.loads(hdf5.text(opened, "facts"))
        hdf5.put_text(opened, "facts", json.dumps({**said, "data_error": [0, 0.5, 0.5]}))
    made, _, _ = run_into(load_case(quick("small.yaml")), Path("out"))
    assert "below 3 times the estimated error of the data" in made.summary["warnings"][0]


# ------------------------------------------------------------------------------ the command


def test_a_signal_stops_training_and_resume_goes_on(folder: Path, capfd: Any) -> None:
    long = quick(folder, optimizer={"epochs": 100_000, "batch": 3})
    Path("long.yaml").write_text(json.dumps(long))
    arguments = ["run", "long.yaml", "--out", "out", "--set", f"data={folder}"]

    def interrupt() -> None:
        while not Path("out/case.yaml").exists():
            time.sleep(0.02)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    assert main(arguments) == 130
    assert "continue with: pdekit run long.yaml" in capfd.readouterr().err
    assert json.loads(Path("out/summary.json").read_text())["status"] == "interrupted"
    assert Path("out/checkpoint.h5").exists()
    assert main([*arguments, "--resume", "--set", "optimizer.epochs=3"]) == 2
    assert "has been changed since" in capfd.readouterr().err


@pytest.mark.parametrize("name", shipped_cases("train"))
def test_shipped_trainings_are_sound(name: str) -> None:
    case = load_case(name)
    assert isinstance(case, TrainCase)
    assert warnings_of(case) == []
    assert case.checks


def test_models_and_keys_are_described(capsys: Any) -> None:
    main(["list", "models"])
    assert "fno" in capsys.readouterr().out
    main(["describe", "train"])
    text = capsys.readouterr().out
    assert "patience" in text
    assert "warm_up (default 0.1)" in text
    main(["describe", "fno"])
    text = capsys.readouterr().out
    assert "Li et al., ICLR (2021)" in text
    assert "  width (default 32)" in text


def test_another_task_is_told(folder: Path) -> None:
    with pytest.raises(PdekitError, match="task: must be train here"):
        train("nlse/single_soliton", "out")
    assert not Path("out").exists()
