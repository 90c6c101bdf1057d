"""Training: what it learns, that it goes on exactly, what it takes no notice of."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from pdekit import Axis, Grid
from pdekit.case import TrainCase, load_case
from pdekit.datasets import DataSet, Header, Split, write
from pdekit.errors import Interrupted
from pdekit.observer import Silent
from pdekit.solvers.learned import checkpoint, schedules
from pdekit.solvers.learned.fitting import Fit, TrainingDiverged, loss_of
from pdekit.solvers.learned.judging import errors, spread
from pdekit.solvers.learned.layers.spectral_conv import SpectralConv
from pdekit.solvers.learned.losses import relative_l2
from pdekit.solvers.learned.operator import LearnedOperator, Signature
from pdekit.solvers.learned.samples import Samples, prefers_increment
from pdekit.solvers.learned.symmetries import Symmetries
from pdekit.solvers.learned.training import run_into, train
from pdekit.solvers.learned.world import World

ROOT = Path(__file__).resolve().parents[2]
N, FRAMES, STEP = 16, 4, 0.1
GRID = Grid((Axis("x", N, 0.0, 2 * math.pi),))


def decay(count: int, seed: int) -> np.ndarray[Any, Any]:
    """Waves under the heat equation, (sample, frame, point): û_k ∝ exp(−k² t)."""
    rng, k = np.random.default_rng(seed), np.arange(1, 5)
    a = rng.standard_normal((count, 1, 4)) + 1j * rng.standard_normal((count, 1, 4))
    t = STEP * np.arange(FRAMES)[:, None]
    waves = a * np.exp(-(k**2) * t) / k
    return np.real(waves @ np.exp(1j * k[:, None] * GRID.axes[0].points()))


def waves(folder: Path, **counts: int) -> Path:
    """A data set of such waves."""
    splits = {}
    for number, (name, count) in enumerate(counts.items()):
        times = STEP * np.arange(FRAMES)
        header = Header("waves", GRID, times, ("u",), (), count, dtype="float64")
        splits[name] = Split(header, {"u": decay(count, number)})
    write(DataSet("waves", splits), folder)
    return folder


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return waves(tmp_path_factory.mktemp("data"), train=12, validation=4, test=4)


def case_of(data: Path, **changes: Any) -> TrainCase:
    case = {
        "task": "train",
        "data": str(data),
        "model": {
            "name": "fno",
            "modes": [3],
            "width": 6,
            "layers": 2,
            "reproducible": True,
        },
        "optimizer": {"epochs": 3, "batch": 8, "lr": 1e-2},
        "run": {"threads": 1, "device": "cpu"},
        "outputs": {"figures": "none"},
        **changes,
    }
    found = load_case({k: v for k, v in case.items() if v is not None})
    assert isinstance(found, TrainCase)
    return found


def weights(operator: nn.Module) -> list[Tensor]:
    return [p.detach().clone() for p in operator.parameters()]


def same(a: list[Tensor], b: list[Tensor]) -> bool:
    return all(torch.equal(x, y) for x, y in zip(a, b, strict=True))


def samples_of(data: Path, split: str = "train", **more: Any) -> Samples:
    from pdekit.datasets import load

    signature = Signature(("u",), history=more.pop("history", 1), step=STEP, **more)
    return Samples(load(data)[split], signature, dtype=torch.float64)


# ------------------------------------------------------------------------- what it learns


def test_one_spectral_layer_learns_the_heat_kernel() -> None:
    """û_k ↦ exp(−k² t) û_k is in its span."""
    torch.manual_seed(0)
    u = torch.from_numpy(decay(40, 0))[:, None]
    layer = SpectralConv(1, 1, [5], bias=False, path="matmul").double()
    rate = torch.optim.AdamW(layer.parameters(), lr=5e-2, weight_decay=0)
    fade = torch.optim.lr_scheduler.CosineAnnealingLR(rate, 150)
    for _ in range(150):
        rate.zero_grad()
        relative_l2(layer(u[:, :, 0]), u[:, :, 1]).backward()
        rate.step()
        fade.step()
    fresh = torch.from_numpy(decay(10, 1))[:, None]
    assert relative_l2(layer(fresh[:, :, 0]), fresh[:, :, 1]) < 1e-4


def test_a_single_batch_is_learned_by_heart(tmp_path: Path) -> None:
    data = waves(tmp_path / "four", train=4)
    case = case_of(
        data,
        history=3,
        model={"name": "fno", "modes": [5], "width": 24, "layers": 2, "mlp": 0},
        optimizer={"epochs": 140, "batch": 4, "lr": 2e-2, "weight_decay": 0},
    )
    made, _, failure = run_into(case, tmp_path / "out")
    assert failure is None
    assert made.summary["errors"]["train_relative_l2"] < 1e-3


# --------------------------------------------------------------- exactly the same, going on


class Stop(Silent):
    """Asks to stop after so many looks."""

    def __init__(self, looks: int) -> None:
        self.looks = looks

    def stop_requested(self) -> bool:
        self.looks -= 1
        return self.looks < 0


@pytest.mark.parametrize("looks", [0, 7])
def test_an_interrupted_training_goes_on_to_the_same(
    data: Path, tmp_path: Path, looks: int
) -> None:
    case = case_of(data, augment="odd", seeds=2)
    whole = run_into(case, tmp_path / "whole")[0]
    _, folder, failure = run_into(case, tmp_path / "part", observer=Stop(looks))
    assert isinstance(failure, Interrupted)
    told = json.loads((folder / "summary.json").read_text())
    assert told["status"] == "interrupted"
    again = run_into(case, folder, resume=True)[0]
    for name in ("model.safetensors", "model-seed-1.safetensors"):
        one, other = (checkpoint.load(f / name) for f in (tmp_path / "whole", folder))
        assert same(weights(one), weights(other))
    assert again.summary["errors"] == whole.summary["errors"]
    assert not (folder / "checkpoint.h5").exists()
    first, second = whole.summary["seeds"]["test_relative_l2"]
    assert whole.summary["seeds"]["mean"] == pytest.approx((first + second) / 2)
    assert whole.summary["seeds"]["std"] == pytest.approx(abs(first - second) / 2**0.5)


def test_only_the_seed_decides(data: Path, tmp_path: Path) -> None:
    one, two, other = (
        train(case_of(data, run={"seed": seed, "threads": 1}), tmp_path / name)
        for name, seed in (("a", 5), ("b", 5), ("c", 6))
    )
    assert same(weights(one), weights(two))
    assert not same(weights(one), weights(other))


# ------------------------------------------------------------ what chooses, and what judges


def test_training_stops_by_validation_and_keeps_its_best_state(
    data: Path, tmp_path: Path
) -> None:
    """A rate that only does harm: the first epochs are the best, whatever the loss says."""
    case = case_of(
        data, optimizer={"epochs": 30, "lr": 0.3, "schedule": "constant", "batch": 8},
        early_stop={"patience": 3},
    )  # fmt: skip
    _, folder, _ = run_into(case, tmp_path / "out")
    told = json.loads((folder / "summary.json").read_text())
    rows = np.genfromtxt(folder / "history.csv", delimiter=",", names=True)
    best = int(np.argmin(rows["validation"]))
    assert len(rows) == min(best + 1 + 3, 30) < 30
    assert told["model"]["epoch"] == best + 1
    kept = told["errors"]["validation_relative_l2"]
    assert kept == pytest.approx(rows["validation"][best], rel=1e-12)


def test_the_test_split_changes_nothing(data: Path, tmp_path: Path) -> None:
    with_test = train(case_of(data), tmp_path / "with")
    without = train(case_of(data, samples={"test": 0}), tmp_path / "without")
    assert same(weights(with_test), weights(without))
    assert "test_relative_l2" not in without.facts["errors"]


def test_roll_outs_are_judged_frame_by_frame(data: Path, tmp_path: Path) -> None:
    operator = train(case_of(data), tmp_path / "out")
    u = torch.from_numpy(decay(4, 2))[:, None]
    with torch.no_grad():
        gap = operator.rollout(u[:, :, :1], None, FRAMES - 1) - u[:, :, 1:]
    squares = gap.square().sum((1, 3)), u[:, :, 1:].square().sum((1, 3))
    each = (squares[0].sum(1) / squares[1].sum(1)).sqrt()
    by_frame = (squares[0] / squares[1]).sqrt().mean(0)
    found = operator.facts["errors"]
    assert found["test_relative_l2"] == pytest.approx(float(each.mean()), rel=1e-5)
    assert found["test_relative_l2_by_frame"] == pytest.approx(by_frame.tolist(), rel=1e-5)
    case = case_of(data, test={"start": STEP}, history=2, run={"threads": 1, "seed": 3})
    later = train(case, tmp_path / "later")
    with torch.no_grad():
        ahead = later.rollout(u[:, :, :2], None, 2)
    error = relative_l2(ahead, u[:, :, 2:])
    assert later.facts["errors"]["test_relative_l2"] == pytest.approx(
        float(error), rel=1e-5
    )
    case = case_of(data, test={"start": 2 * STEP})
    one = train(case, tmp_path / "last")
    error = relative_l2(one(u[:, :, 2:3]).detach(), u[:, :, 3:])
    assert one.facts["errors"]["test_relative_l2"] == pytest.approx(float(error), rel=1e-5)
    low, high = found["test_relative_l2_interval"]
    assert each.min() < low < found["test_relative_l2"] < high < each.max()


def test_the_bootstrap_interval_is_that_of_a_mean() -> None:
    values = torch.from_numpy(np.random.default_rng(0).standard_normal(400))
    low, high = spread(values)["interval"]
    assert high - low == pytest.approx(2 * 1.96 * float(values.std()) / 20, rel=0.08)


# -------------------------------------------------------------------------------- parts


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("one_cycle", lambda s: 0.5 * (1 - math.cos(math.pi * s / 0.25)) * 0.96 + 0.04
            if s < 0.25 else 0.5 * (1 + math.cos(math.pi * (s - 0.25) / 0.75))),
        ("constant", lambda s: 1.0),
    ],
)  # fmt: skip
def test_schedules_follow_their_formulas(
    name: str, shape: Callable[[float], float]
) -> None:
    rate = schedules.factor_of(name, steps=101, warm_up=0.25, epoch=10, every=2, factor=0.5)
    assert [rate(i) for i in range(101)] == pytest.approx(
        [shape(i / 100) for i in range(101)], abs=5e-6
    )


def test_cosine_rises_then_falls_and_steps_halve() -> None:
    how: dict[str, Any] = {
        "steps": 99,
        "warm_up": 0.2,
        "epoch": 10,
        "every": 2,
        "factor": 0.5,
    }
    cosine = schedules.factor_of("cosine", **how)
    assert [cosine(i) for i in (0, 9, 19, 59)] == pytest.approx([0.05, 0.5, 1.0, 0.5])
    assert 0 < cosine(98) < 1e-3
    halved = schedules.factor_of("step", **how)
    assert [halved(i) for i in (0, 19, 20, 39, 40)] == [1, 1, 0.5, 0.5, 0.25]


@pytest.mark.parametrize("push_forward", [False, True])
def test_roll_outs_have_the_gradient_they_should(data: Path, push_forward: bool) -> None:
    """For u ↦ θ u over two steps: d/dθ of θ² u, or of θ·(θ u) with the inner θ fixed."""
    case = case_of(data, rollout={"steps": 2, "push_forward": push_forward})
    samples = samples_of(data)
    operator = scaling(0.7, samples)
    fit = Fit(case, operator, samples, None, World("cpu"), 0)
    fit._loss(torch.tensor([0])).backward()
    u = samples.varying[0][0]
    theta = torch.tensor(0.7, dtype=torch.float64, requires_grad=True)
    inner = theta.detach() if push_forward else theta
    found = torch.stack([theta * u[0], theta * inner * u[0]])
    if push_forward:
        relative_l2(found[None, 1:], u[None, 2:3]).backward()
    else:
        relative_l2(found[None], u[None, 1:3]).backward()
    weight = operator.model.weight
    assert isinstance(weight, nn.Parameter)
    assert float(weight.grad) == pytest.approx(float(theta.grad), rel=1e-12)  # type: ignore[arg-type]


class Scaling(nn.Module):
    """x ↦ θ x."""

    def __init__(self, theta: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(theta, dtype=torch.float64))

    def forward(self, x: Tensor, grid: Grid | None = None) -> Tensor:
        return self.weight * x


def scaling(theta: float, samples: Samples) -> LearnedOperator:
    operator = LearnedOperator("fno", {"modes": [1]}, samples.signature, samples.grid)
    operator.model = Scaling(theta)
    return operator


def test_pairs_are_frames_that_follow_each_other(data: Path) -> None:
    samples = samples_of(data, history=2)
    assert samples.starts() == FRAMES - 2
    u, a, truth = samples.pairs(torch.tensor([0, 3]))
    whole = torch.from_numpy(decay(12, 0))
    assert a is None
    assert u is not None
    assert torch.equal(u[:, 0], torch.stack([whole[0, :2], whole[1, 1:3]]))
    assert torch.equal(truth[:, 0], torch.stack([whole[0, 2:3], whole[1, 3:4]]))


def test_increments_are_taken_over_short_steps_alone(data: Path) -> None:
    samples = samples_of(data)
    waves = samples.varying[0]
    assert prefers_increment(samples)  # the longest waves lose a tenth
    samples.varying = [torch.rand_like(waves)]
    assert not prefers_increment(samples)


def test_symmetries_turn_solutions_into_solutions() -> None:
    """u(−x) of the heat equation: transforms and the map must commute with the decay."""
    u = torch.from_numpy(decay(3, 0))
    for names, sign in ((["flip"], 1), (["odd"], -1)):
        maps = {}
        for seed in range(8):
            turned = Symmetries(names, GRID).draw(np.random.default_rng(seed))
            maps[bool(turned.flips)] = turned(u)
        assert torch.equal(maps[False], u)
        back = torch.from_numpy(np.fft.ifft(np.fft.fft(u.numpy()).conj()).real)
        assert torch.allclose(maps[True], sign * back, atol=1e-14)
    walls = Grid(tuple(Axis(n, 5, 0, 1, "dirichlet") for n in "xy"))
    v = torch.rand(2, 5, 5)
    found = {
        tuple(Symmetries(["flip", "transpose"], walls).draw(rng)(v).flatten().tolist())
        for rng in map(np.random.default_rng, range(60))
    }
    assert len(found) == 8  # the symmetries of the square
    assert tuple(v.flip(1).mT.flatten().tolist()) in found


def test_what_diverges_says_when_and_keeps_the_last_good_state(
    data: Path, tmp_path: Path
) -> None:
    case = case_of(data)
    samples = samples_of(data)
    fit = Fit(case, scaling(0.7, samples), samples, None, World("cpu"), 0)
    ends = iter([0.5] * 5 + [math.inf])
    fit._step = lambda index: torch.tensor(next(ends))  # type: ignore[method-assign]
    fit.batches, fit.losses = 3, torch.zeros(3)
    with pytest.raises(TrainingDiverged, match=r"became inf in epoch 2, step 3 of 3"):
        fit.run(lambda: None)
    assert fit.place.best_epoch == 1


def test_every_loss_is_of_the_fields_themselves(data: Path) -> None:
    samples = samples_of(data)
    _, _, u = samples.pairs(torch.arange(3))
    for name in ("relative_l2", "sobolev", "h1"):
        loss = loss_of(case_of(data, loss=name), samples.grid)
        assert float(loss(1.01 * u, u)) == pytest.approx(0.01, rel=1e-9)


def test_half_precision_is_measured(data: Path, tmp_path: Path) -> None:
    case = case_of(data, run={"precision": "bfloat16", "threads": 1})
    told = run_into(case, tmp_path / "out")[0].summary
    assert 0 < told["errors"]["precision_error"] < 0.2
    assert any("half precision" in w for w in told["warnings"]) == (
        told["errors"]["precision_error"] > 0.01
    )
    model = checkpoint.load(tmp_path / "out" / "model.safetensors")
    assert {p.dtype for p in model.parameters()} == {torch.float32}


@pytest.mark.slow
def test_two_processes_train_the_same_model(tmp_path: Path) -> None:
    """Batches of 3 and 2 samples are shared unevenly; the last has none for the second."""
    data = waves(tmp_path / "data", train=7, validation=3, test=3)
    case = case_of(data, optimizer={"batch": 3, "epochs": 2, "lr": 1e-2}, stride=3,
                   run={"precision": "double", "threads": 1, "device": "cpu"})  # fmt: skip
    file = tmp_path / "case.yaml"
    file.write_text(case.to_yaml())
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2",
               "-m", "pdekit", "run", str(file), "--out", str(tmp_path / "two"),
               "--set", f"data={data}", "--json"]  # fmt: skip
    told = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
    assert json.loads(told.stdout)["cost"]["processes"] == 2
    run_into(case, tmp_path / "one")
    one, two = (checkpoint.load(tmp_path / n / "model.safetensors") for n in ("one", "two"))
    for a, b in zip(weights(one), weights(two), strict=True):
        assert torch.allclose(a, b, rtol=1e-9, atol=1e-12)


def test_errors_do_not_depend_on_how_they_are_shared(data: Path) -> None:
    samples = samples_of(data)
    operator = scaling(0.7, samples)
    whole = errors(operator, samples, 1)
    part = World("cpu")
    part.size, part.total = 2, lambda x: x  # type: ignore[method-assign]
    shares = []
    for part.rank in range(2):
        shares.append(errors(operator, samples, 1, part).error)
    assert torch.equal(shares[0] + shares[1], whole.error)
