"""Learned operators beside classical solvers: perfect, broken, and in a report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from pdekit.cli import main
from pdekit.comparison.entrants import Entrant, common_cut, files_of, leak
from pdekit.comparison.front import Front, Mark, verdict
from pdekit.comparison.scores import score
from pdekit.comparison.trial import Cut, Trial, trial_of
from pdekit.datasets.generation import make
from pdekit.datasets.loading import load
from pdekit.errors import PdekitError
from pdekit.grid import Grid
from pdekit.solvers.learned import checkpoint
from pdekit.solvers.learned.comparison import Learned, shuffled
from pdekit.solvers.learned.operator import LearnedOperator, Signature
from tests.datasets.small import case_of

FNO = {"modes": [4], "width": 4, "layers": 1}
SAVE = {"points": 32}
BOX = Grid.periodic(32, (0, 2 * np.pi))
WAVE = Signature(("u",), step=0.25)


def operator(seed: int = 0, **changes: Any) -> LearnedOperator:
    torch.manual_seed(seed)
    given: dict[str, Any] = {"signature": WAVE, "grid": BOX} | changes
    return LearnedOperator("fno", FNO, given["signature"], given["grid"])


class HeatKernel(nn.Module):
    """û ↦ exp(−νk²Δt) û, the weights of one spectral layer."""

    ndim = 1

    def __init__(self, nu: float, dt: float) -> None:
        super().__init__()
        self.rate = nn.Parameter(torch.tensor(nu * dt, dtype=torch.float64))

    def forward(self, x: Tensor, grid: Grid) -> Tensor:
        k = torch.arange(x.shape[-1] // 2 + 1, dtype=torch.float64) * (
            2 * np.pi / grid.axes[0].length
        )
        return torch.fft.irfft(
            torch.exp(-self.rate * k**2) * torch.fft.rfft(x), x.shape[-1]
        )


def test_a_perfect_operator_has_no_error_and_beats_every_front() -> None:
    nu, times = 0.1, np.array([0.0, 0.25, 0.5, 0.75])
    (x,) = BOX.points()
    wave = np.stack([np.sin(k * x) for k in (1, 3, 7)])
    decay = np.exp(-nu * np.array([1, 3, 7])[:, None] ** 2 * times)
    u = (decay[:, :, None] * wave[:, None])[:, None]
    trial = Trial(BOX, times, ("u",), (), u[:, :, :1], u[:, :0, 0], u[:, :, 1:])
    perfect = operator()
    perfect.model = HeatKernel(nu, 0.25)
    error = score("relative_l2", Learned(perfect)(trial), trial.truth).mean
    assert error < 1e-14
    front = Front.of([Mark(1e-3, 1e-2), Mark(1.0, 1e-9)])
    said = verdict(front, Mark(0.5, error), 1.0, 1.0)
    assert not said["classical_is_better"]
    assert said["classical_s_is"] == "at least"


def test_frames_and_fields_are_handed_over_in_the_operators_order() -> None:
    own = Signature(("v", "u"), step=0.5, history=2)
    model = Learned(operator(signature=own))
    u = np.random.default_rng(1).standard_normal((3, 2, 5, 32)).astype(np.float32)
    trial = Trial(
        BOX, np.arange(5) / 2, ("u", "v"), (), u[:, :, :3], u[:, :0, 0], u[:, :, 3:]
    )
    given = torch.from_numpy(u[:, ::-1, 1:3].copy())
    with torch.no_grad():
        expected = model.operator.rollout(given, None, 2)
    assert np.allclose(model(trial), expected.numpy()[:, ::-1], rtol=1e-5, atol=1e-6)


def test_shuffled_training_learns_no_pairing() -> None:
    rng = np.random.default_rng(2)
    u = rng.standard_normal((40, 1, 1, 32)).astype(np.float32)
    trial = Trial(BOX, np.array([0, 0.25]), ("u",), (), u, u[:, :0, 0], 2 * u)
    like = Learned(operator())
    state = torch.get_rng_state()
    found = [shuffled(like, trial, 30) for _ in range(2)]
    assert torch.equal(state, torch.get_rng_state())
    assert np.array_equal(found[0](trial), found[1](trial))
    assert score("relative_l2", found[0](trial), trial.truth).mean > 0.9


# -- bad input -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def waves(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("waves")
    make(case_of(folder, save=SAVE), folder / "out")
    return folder


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"signature": Signature(("w",), step=0.25)}, "fields w"),
        ({"signature": Signature(("u",), step=0.3)}, "steps by 0.3"),
        ({"grid": Grid.periodic(32, (0, 1))}, "axis x of 1"),
        ({"signature": Signature(("u",), ("k",), history=0)}, "fields k, u"),
    ],
)
def test_operators_for_other_data_are_refused(
    waves: Path, changes: dict[str, Any], complaint: str
) -> None:
    test = load(waves / "out")["test"]
    with pytest.raises(PdekitError, match=complaint):
        common_cut([Entrant("fno", waves, (Learned(operator(**changes)),))], test, None)
    twice = operator(signature=Signature(("u",), step=0.5))
    both = [Entrant(n, waves, (Learned(o),)) for n, o in (("a", operator()), ("b", twice))]
    assert common_cut(both[1:], test, None) == Cut(1, 2)
    with pytest.raises(PdekitError, match="differently far"):
        common_cut(both, test, None)


def test_what_was_learned_from_is_not_tested_on(waves: Path, tmp_path: Path) -> None:
    data = load(waves / "out")
    from pdekit.datasets.dataset import DataSet
    from pdekit.datasets.writing import write

    swapped = DataSet("swapped", {**data.splits, "test": data["train"]}, {})
    write(swapped, tmp_path / "swapped")
    model = operator()
    model.facts = {"data": {"folder": str(waves / "out"), "counts": {"train": 2}}}
    entrant = Entrant("fno", tmp_path / "model.safetensors", (Learned(model),))
    with pytest.raises(PdekitError, match="2 of the samples it learned from"):
        leak(entrant, tmp_path / "swapped", load(tmp_path / "swapped"))
    assert leak(entrant, waves / "out", data) == ""
    model.facts = {"data": {"folder": "gone", "digest": "of another"}}
    assert "cannot be told" in leak(entrant, waves / "out", data)


def test_missing_files_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(PdekitError, match="holds no weights"):
        files_of(tmp_path)
    file = tmp_path / "case.yaml"
    file.write_text(
        json.dumps({"task": "evaluate", "models": ["runs/no/model.safetensors"]})
    )
    assert main(["check", str(file)]) == 2
    assert "runs/no/model.safetensors" in capsys.readouterr().err
    file.write_text(json.dumps({"task": "evaluate", "metrics": ["relativ_l2"]}))
    assert main(["check", str(file)]) == 2
    said = capsys.readouterr().err
    assert "did you mean 'relative_l2'" in said
    assert "must be given where there are no models" in said


# -- the whole -------------------------------------------------------------------------


def case_file(folder: Path, **changes: Any) -> str:
    case = {
        "task": "evaluate",
        "title": "Waves",
        "data": "out",
        "models": ["trained"],
        "samples": 3,
        "classical": {"points": [8, 12, 16, 24], "precision": "double"},
        "shifted": {"thin": {"equation.viscosity": 0.05}},
        "shifted_samples": 2,
        "shuffled_updates": 2,
        **changes,
    }
    (folder / "compare.yaml").write_text(json.dumps(case))
    return str(folder / "compare.yaml")


def test_a_report_shows_who_wins_and_who_fails(
    waves: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    facts = {
        "cost": {"train_s": 7.0, "data_s": 1.0},
        "data": {"folder": str(waves / "out")},
    }
    for seed, name in enumerate(("model", "model-seed-1")):
        model = operator(seed)
        model.gather(torch.randn(4, 1, 1, 32), None, torch.randn(4, 1, 1, 32))
        checkpoint.save(_made(waves / "trained") / f"{name}.safetensors", model, facts)
    lost = operator()
    lost.gather(1e30 * torch.randn(4, 1, 1, 32), None, 1e38 * torch.randn(4, 1, 1, 32))
    checkpoint.save(_made(waves / "broken") / "model.safetensors", lost, facts)
    checks = {
        "best_model_relative_l2": {"above": 0.1},
        "classical_relative_l2": {"below": 0.05},
        "control_persistence_relative_l2": {"below": 1},
        "diverged": {"equals": 3, "within": 0.1},
        "shifted_thin_relative_l2": {"above": 0.1},
    }
    several = {"models": ["trained", "broken"], "metrics": ["relative_l2", "vrmse"]}
    file = case_file(waves, checks=checks, **several)
    out = tmp_path / "out"
    assert main(["run", file, "--out", str(out)]) == 0
    said = capsys.readouterr().out
    assert "classical solver is better here" in said
    assert "diverges on 3 of 3 samples" in said
    summary = json.loads((out / "summary.json").read_text())
    first, second = summary["models"]
    assert first["seeds"]["relative_l2"]["std"] > 0
    assert first["verdict"]["batched"]["break_even_samples"] is None
    assert second["errors"]["relative_l2"]["mean"] is None
    assert len(summary["classical"]["runs"]) == 4
    assert len(first["rollout"]["relative_l2"]) == 2
    assert {*summary["controls"]} == {"persistence", "mean", "linear", "shuffled"}
    assert len(summary["shifted"]["thin"]["models"]) == 2
    text = (out / "comparison.md").read_text()
    for words in ("diverges (3 of 3)", "never", "persistence", "thin", "Roll-outs"):
        assert words in text
    page = (out / "comparison.html").read_text()
    assert page.count("data:image/png;base64") == 3
    assert "http" not in page.split("</style>")[1]
    figures = {path.name for path in (out / "figures").iterdir()}
    assert figures == {"pareto.png", "samples.png", "rollout.png"}
    failing = case_file(
        waves, checks={"speed_up": {"above": 1e9}}, controls=[], shifted="none",
        outputs={"figures": "none"},
    )  # fmt: skip
    assert main(["run", failing, "--out", str(tmp_path / "second"), "--quiet"]) == 1
    assert main(["run", failing, "--out", str(tmp_path / "second"), "--resume"]) == 2


def test_what_cannot_be_done_is_refused_before_anything_is_run(
    waves: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (_made(waves / "pickled") / "model.safetensors").write_bytes(b"\x80\x02 ...")
    assert main(["check", case_file(waves, models=["pickled"])]) == 2
    assert "pickled" in capsys.readouterr().err
    wrong = {"thin": {"equation.viscosty": 1}}
    file = case_file(waves, models=[], shifted=wrong)
    assert main(["run", file, "--out", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err
    assert "shifted.thin" in said
    assert "did you mean 'viscosity'" in said
    assert not (tmp_path / "out").exists()


def test_data_of_others_have_no_classical_solver(waves: Path, tmp_path: Path) -> None:
    from pdekit.datasets.writing import write

    write(load(waves / "out"), waves / "foreign")
    checkpoint.save(_made(waves / "other") / "model.safetensors", operator(), {})
    file = case_file(waves, data="foreign", models=["other"], controls=["mean", "linear"])
    assert main(["run", file, "--out", str(tmp_path / "out"), "--quiet"]) == 0
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert summary["classical"]["runs"] == [] == [*summary["shifted"]]
    assert any("no classical solver" in text for text in summary["warnings"])
    assert "cannot be told" in " ".join(summary["warnings"])
    assert "left_out" in summary["controls"]["linear"]


def _made(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    return folder


def test_a_trial_takes_the_first_samples(waves: Path) -> None:
    test = load(waves / "out")["test"]
    trial = trial_of(test, 2, Cut())
    assert np.array_equal(trial.truth[:, 0], test["u"][:2, 1:])
