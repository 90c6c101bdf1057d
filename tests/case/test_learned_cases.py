"""A case that names a trained model: what does not fit is refused at its weights."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from pdekit import Axis, Grid
from pdekit.case import BoundaryCase, load_case
from pdekit.case.boundary_case import PredictionSpec
from pdekit.case.learned_case import RolloutSpec
from pdekit.errors import CaseError
from pdekit.files.weights import written

RING = Grid.periodic(32, (0, 1))
SQUARE = Grid((Axis("x", 15, 0, 1, "dirichlet"), Axis("y", 15, 0, 1, "dirichlet")))
ROLLOUT = """\
equation: {name: burgers, viscosity: 0.1}
domain:
  x: {interval: [0, 1], points: 32}
initial: "sin(2*pi*x)"
time: {end: 1, save: 5}
solver:
  name: fno
  weights: model.safetensors
  finish: {step: 0.01}
"""
STEADY = """\
equation: {name: poisson, coefficient: "1 + x*y"}
source: 1
domain:
  x: {interval: [0, 1], points: 15}
  y: {interval: [0, 1], points: 15}
solver:
  name: fno
  weights: model.safetensors
  finish: krylov
"""


def weights(folder: Path, grid: Grid = RING, **changes: Any) -> None:
    """Write the header of a model, with a tensor behind it that nothing looks at."""
    bounded = grid is SQUARE
    signature = {
        "varying": ["u"], "constant": ["coefficient"] if bounded else [],
        "history": 0 if bounded else 1, "frames": 1,
        "step": None if bounded else 0.25, "increment": False,
    }  # fmt: skip
    said: dict[str, Any] = {
        "model": "fno",
        "arguments": {"modes": [5] * grid.ndim},
        "signature": signature | changes.pop("signature", {}),
        "axes": [asdict(axis) for axis in grid.axes],
        "facts": {"equation": {"name": "poisson" if bounded else "burgers"}},
    }
    tensors = {"a": np.zeros(1)}
    save_file(tensors, folder / "model.safetensors", metadata=written(**said | changes))


def refusal(folder: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(folder)
    Path("case.yaml").write_text(text)
    with pytest.raises(CaseError) as refused:
        load_case("case.yaml")
    return str(refused.value)


@pytest.mark.parametrize(("text", "grid"), [(ROLLOUT, RING), (STEADY, SQUARE)])
def test_the_good_ones_are_accepted(text: str, grid: Grid, tmp_path: Path) -> None:
    weights(tmp_path, grid)
    (tmp_path / "case.yaml").write_text(text)
    case = load_case(tmp_path / "case.yaml")
    assert isinstance(case.solver, PredictionSpec | RolloutSpec)
    assert case.solver.finish != "none"
    (tmp_path / "again.yaml").write_text(case.to_yaml())
    assert load_case(tmp_path / "again.yaml").to_dict() == case.to_dict()


def test_without_finish_there_is_a_judge(tmp_path: Path) -> None:
    weights(tmp_path)
    (tmp_path / "case.yaml").write_text(ROLLOUT.replace("{step: 0.01}", "none"))
    solver = load_case(tmp_path / "case.yaml").solver
    assert isinstance(solver, RolloutSpec)
    assert solver.finish == "none"
    assert (solver.fine.integrator, solver.fine.rtol) == ("ark4", 1e-8)


STEP = {"signature": {"step": 0.3}}
AXIS = asdict(RING.axes[0])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"model": "tfno"}, "holds the weights of 'tfno', not of 'fno'"),
        (
            {"facts": {"equation": {"name": "kdv"}}},
            "was trained on 'kdv', not on 'burgers'",
        ),
        ({"signature": {"varying": ["w"]}}, "predicts w, and the fields of burgers are u"),
        ({"signature": {"constant": ["k"]}}, "takes k as further input (there are none)"),
        (STEP, "steps by 0.3, and the frame at t = 0.25 is no whole number of steps"),
        ({"signature": {"step": None}}, "is for a steady problem"),
        ({"arguments": {"modes": [16]}}, "keeps modes up to 16 along x, for which 33"),
        (
            {"axes": [AXIS | {"upper": 2.0}]},
            "was trained on the length 2 along x, not on 1",
        ),
        (
            {"axes": [AXIS | {"boundary": "dirichlet"}]},
            "was trained with dirichlet vertex points along x, not with periodic vertex",
        ),
        ({"axes": [AXIS, AXIS | {"name": "y"}]}, "is for 2 dimensions, the box has 1"),
        ({"signature": {"step": "soon"}}, "describes no model of pdekit"),
        ({"axes": [{"n": 3}]}, "describes no model of pdekit"),
    ],
)
def test_models_that_do_not_fit(
    changes: dict[str, Any], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights(tmp_path, **changes)
    said = refusal(tmp_path, ROLLOUT, monkeypatch)
    assert f"case.yaml:8:12: solver.weights: {words}" in said


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "no such file: 'model.safetensors'"),
        (b"", "is truncated, or no safetensors"),
        (b"\x80\x02}q\x00(K\x01", "is a pickled file"),
        (b"PK\x03\x04", "is a pickled file"),
        ("half", "is truncated, or no safetensors"),
        ("bare", "holds weights, but none of a model of pdekit"),
    ],
    ids=str,
)
def test_files_that_are_no_weights(
    content: Any, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "model.safetensors"
    weights(tmp_path)
    if content is None:
        path.unlink()
    elif content == "half":
        path.write_bytes(path.read_bytes()[:100])
    elif content == "bare":
        save_file({"a": np.zeros(1)}, path)
    else:
        path.write_bytes(content)
    said = refusal(tmp_path, ROLLOUT, monkeypatch)
    assert said.startswith(f"case.yaml:8:12: solver.weights: {words}")


def test_a_header_of_any_size_is_no_pickle(tmp_path: Path) -> None:
    """The first byte of the file, of the header's size, is that of a pickle once in 32."""
    (tmp_path / "case.yaml").write_text(ROLLOUT)
    first = set()
    for n in range(0, 200, 8):  # the header is filled up to a multiple of eight bytes
        weights(tmp_path, facts={"note": "x" * n})
        first.add((tmp_path / "model.safetensors").read_bytes()[0])
        load_case(tmp_path / "case.yaml")
    assert 0x80 in first


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("name: fno", "name: fnoo", "case.yaml:7:9: solver.name: unknown solver 'fnoo'"),
        ("weights: model", "weights: ../model", "8:12: solver.weights: cannot be used"),
        ("weights: ", "wieghts: ", "8:3: solver.wieghts: unknown key"),
        ("{step: 0.01}", "{}", "9:3: solver.finish: a fixed-step integrator"),
        ("{step: 0.01}", "{step: 1, rtol: 1}", "9:21: solver.finish.rtol: is not used"),
        ("{step: 0.01}", "{step: 1, tolerance: 0}", "9:32: solver.finish.tolerance: must"),
        (
            "{step: 0.01}",
            "{step: 1}\n  classical: {step: 1}",
            "10:3: solver.classical: is not needed",
        ),
    ],
)
def test_other_mistakes(
    old: str, new: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights(tmp_path)
    assert words in refusal(tmp_path, ROLLOUT.replace(old, new), monkeypatch)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("poisson, coefficient", "heat, diffusivity", "7:9: solver.name: must be another"),
        ("source: 1", "source: 1\nmask: x", "mask: cannot be had with fno"),
        ("source: 1", "source: 1\nrun: {members: 2}", "3:16: run.members: must be 1"),
        ("finish: krylov", "compare: true", "solver.compare: is for finish"),
        ("finish: krylov", "finish: {name: gp}", "solver.finish.name: must be"),
        ("finish: krylov", "finish: {name: direct, method: cg}", "finish.method: is not"),
        ("points: 15}\nsolver", "points: 4}\nsolver", "keeps modes up to 5 along y"),
    ],
)
def test_mistakes_at_rest(
    old: str, new: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights(tmp_path, SQUARE)
    assert words in refusal(tmp_path, STEADY.replace(old, new), monkeypatch)


def test_a_data_set_is_not_made_by_a_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights(tmp_path)
    (tmp_path / "problem.yaml").write_text(ROLLOUT)
    said = refusal(tmp_path, "task: dataset\nproblem: problem.yaml\n", monkeypatch)
    assert "is solved by a trained model" in said


def test_reading_loads_no_torch_and_refusing_writes_nothing(tmp_path: Path) -> None:
    weights(tmp_path)
    (tmp_path / "case.yaml").write_text(ROLLOUT)
    code = (
        "import sys; from pdekit.cli import main; from pdekit.case import load_case; "
        "load_case('case.yaml'); print('torch' in sys.modules); "
        "print(main(['run', 'case.yaml', '--out', 'out', '--json']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert not done.stderr.count("Traceback"), done.stderr
    first, _, rest = done.stdout.partition("False\n")
    assert not first
    said = json.loads(rest[: rest.rindex("2")])
    assert said["status"] == "refused"
    assert "case.yaml:8:12: solver.weights: are not the weights of fno" in said["message"]
    assert not (tmp_path / "out").exists()


def test_the_model_of_a_steady_case_is_known(tmp_path: Path) -> None:
    weights(tmp_path, SQUARE)
    (tmp_path / "case.yaml").write_text(STEADY)
    case = load_case(tmp_path / "case.yaml")
    assert isinstance(case, BoundaryCase)
    assert case.solver.name == "fno"
