"""Operators between their scales, and their files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from pdekit import Grid
from pdekit.errors import PdekitError, ShapeError
from pdekit.files.weights import header
from pdekit.solvers.learned import checkpoint
from pdekit.solvers.learned.checkpoint import WeightsError
from pdekit.solvers.learned.operator import LearnedOperator, Signature

SMALL: dict[str, Any] = {"modes": [3, 3], "width": 6, "layers": 2}
FLOW = Signature(("u", "v"), ("k",), history=2, frames=1, step=0.5)
STEADY = Signature(("u",), ("k",), history=0)
BOX = Grid.periodic((8, 10), ((0, 1), (0, 2)))


def made(signature: Signature = FLOW, **changes: Any) -> LearnedOperator:
    torch.manual_seed(0)
    name = changes.pop("name", "fno")
    operator = LearnedOperator(name, SMALL | changes, signature, BOX)
    for batch in range(3):
        u, a, out = fields(signature, seed=batch)
        operator.gather(u, a, 3 + 2 * out)
    return operator


def fields(signature: Signature, seed: int = 9, sizes: tuple[int, ...] = (8, 10)) -> Any:
    seeded = torch.Generator().manual_seed(seed)

    def draw(*shape: int) -> torch.Tensor:
        return torch.randn(4, *shape, *sizes, generator=seeded)

    u = draw(len(signature.varying), signature.history) if signature.history else None
    a = draw(len(signature.constant)) if signature.constant else None
    return u, a, draw(len(signature.varying), signature.frames)


@pytest.mark.parametrize("increment", [False, True])
def test_between_scales(increment: bool) -> None:
    own = Signature(("u", "v"), ("k",), 2, 3, 0.5, increment)
    operator = made(own)
    u, a, _ = fields(own)
    every = [fields(own, seed) for seed in range(3)]
    before = torch.cat([each[0] for each in every]).transpose(0, 1).flatten(1)
    mean, std = before.mean(1), before.std(1, unbiased=False)
    last = torch.cat([each[0][:, :, -1:] for each in every]) if increment else 0.0
    goal = 3 + 2 * torch.cat([each[2] for each in every]) - last
    coefficient = torch.cat([each[1] for each in every])

    def column(x: torch.Tensor) -> torch.Tensor:
        return x.view(1, 2, 1, 1, 1)

    x = ((u - column(mean)) / column(std)).flatten(1, 2)
    x = torch.cat([x, (a - coefficient.mean()) / coefficient.std(unbiased=False)], 1)
    y = operator.model(x, BOX).unflatten(1, (2, 3))
    axes = (0, 2, 3, 4)
    expected = y * column(goal.std(axes, unbiased=False)) + column(goal.mean(axes))
    expected = expected + (u[:, :, -1:] if increment else 0.0)
    assert torch.allclose(operator(u, a), expected, atol=1e-5)


def test_rollout_is_the_operator_after_itself() -> None:
    operator = made()
    u, a, _ = fields(FLOW)
    first = operator(u, a)
    second = operator(torch.cat([u[:, :, 1:], first], 2), a)
    assert torch.equal(operator.rollout(u, a, 2), torch.cat([first, second], 2))


def test_time_as_the_last_axis() -> None:
    own = Signature(("u",), (), history=2, frames=4, step=0.5)
    operator = made(own, modes=[3, 3, 1], padding=0.5)
    u, _, out = fields(own)
    found = operator(u)
    assert found.shape == out.shape
    assert not torch.allclose(found[:, :, 0], found[:, :, 1])
    assert operator(*fields(own, sizes=(12, 16))[:1]).shape == (4, 1, 4, 12, 16)


@pytest.mark.parametrize(
    ("signature", "changes"),
    [(FLOW, {}), (STEADY, {}), (FLOW, {"name": "tfno", "joint": True, "rank": 0.5})],
)
def test_files_hold_all_of_it(
    signature: Signature, changes: dict[str, Any], tmp_path: Path
) -> None:
    operator = made(signature, **changes)
    operator.facts = {"errors": {"test_relative_l2": 0.25}}
    checkpoint.save(tmp_path / "m.safetensors", operator)
    again = checkpoint.load(tmp_path / "m.safetensors")
    u, a, _ = fields(signature)
    assert torch.equal(operator(u, a), again(u, a))
    assert (again.signature, again.grid, again.facts) == (signature, BOX, operator.facts)
    assert header(tmp_path / "m.safetensors")["facts"] == operator.facts


def test_double_precision_stays(tmp_path: Path) -> None:
    operator = made()
    operator.model.double()
    checkpoint.save(tmp_path / "m.safetensors", operator)
    u, a, _ = fields(FLOW)
    found = checkpoint.load(tmp_path / "m.safetensors")(u.double(), a.double())
    assert found.dtype == torch.float64
    assert torch.equal(found, operator(u.double(), a.double()))


def damaged(folder: Path, how: str) -> Path:
    path, operator = folder / "m.safetensors", made()
    if how == "missing":
        return path
    checkpoint.save(path, operator)
    whole, tensors = path.read_bytes(), load_file(path)
    if how == "truncated":
        path.write_bytes(whole[: len(whole) // 2])
    elif how == "empty":
        path.write_bytes(b"")
    elif how == "pickled":
        torch.save(operator.state_dict(), path)
    elif how == "another program's":
        save_file(tensors, path)
    elif how == "of other shapes":
        wider = LearnedOperator("fno", SMALL | {"width": 7}, FLOW, BOX).state_dict()
        save_file(wider, path, metadata=metadata(operator, folder))
    elif how == "not finite":
        tensors[max(tensors)][...] = torch.nan
        save_file(tensors, path, metadata=metadata(operator, folder))
    return path


def metadata(operator: LearnedOperator, folder: Path) -> dict[str, str]:
    import safetensors

    checkpoint.save(folder / "other.safetensors", operator)
    with safetensors.safe_open(folder / "other.safetensors", framework="pt") as file:
        return dict(file.metadata())


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("missing", "no such file"),
        ("truncated", "truncated"),
        ("empty", "truncated"),
        ("pickled", "pickled"),
        ("another program's", "none of a model of pdekit"),
        ("of other shapes", "are not the weights of fno"),
        ("not finite", "not finite"),
    ],
)
def test_refused_files(how: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=words):
        checkpoint.load(damaged(tmp_path, how))


def test_refused_operators() -> None:
    with pytest.raises(PdekitError, match="fno has 2 axes, the box 3"):
        LearnedOperator("fno", SMALL, FLOW, Grid.periodic(8, ((0, 1),) * 3))
    with pytest.raises(PdekitError, match="at least two frames"):
        LearnedOperator("fno", SMALL | {"modes": [3, 3, 3]}, FLOW, BOX)
    with pytest.raises(ValueError, match="at least one field"):
        Signature(("u",), (), history=0)
    with pytest.raises(ValueError, match="no history"):
        Signature(("u",), ("k",), history=1)
    with pytest.raises(ShapeError):
        made()(torch.zeros(1, 2, 1, 8, 10), torch.zeros(1, 1, 8, 10))
    with pytest.raises(PdekitError, match="does not step on"):
        made(STEADY).rollout(torch.zeros(1, 1, 1, 8, 10), None, 2)
