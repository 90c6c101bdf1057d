"""FNO and TFNO: sizes of published models, symmetry, resolution, compilers, precision."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from pdekit import Axis, Grid
from pdekit.errors import ShapeError, UnknownName
from pdekit.solvers.learned.layers.domain import cells_beyond, with_coordinates
from pdekit.solvers.learned.layers.spectral_conv import SpectralConv
from pdekit.solvers.learned.losses import relative_l2
from pdekit.solvers.learned.models.fno import FNO, Block, reference_layout
from pdekit.solvers.learned.models.tfno import TFNO

VARIANTS: dict[str, dict[str, Any]] = {
    "defaults": {},
    "pre-activation": {"pre_activation": True, "norm": "layer"},
    "plain": {"mlp": 0, "lift": 0, "project": 0, "skip_bias": True},
    "instance": {"norm": "instance", "coordinates": "periodic"},
    "padded": {"padding": 0.125, "coordinates": "position"},
    "tucker": {"factorisation": "tucker", "rank": 0.3},
    "joint tt": {"factorisation": "tt", "rank": 0.3, "joint": True},
}
by_variant = pytest.mark.parametrize("variant", VARIANTS)


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


def make(variant: str, **more: Any) -> FNO:
    torch.manual_seed(3)
    options = {"width": 6, "layers": 2, "path": "matmul"} | VARIANTS[variant] | more
    return FNO(2, 1, [3, 4], **options)


def parameters(model: nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())


# ---------------------------------------------------------------------- published sizes


@pytest.mark.parametrize(
    ("layout", "arguments", "published"),
    [
        ("library", {"modes": [16, 16], "width": 24}, 671_113),
        ("library", {"modes": [16, 16], "width": 32}, 1_192_801),
        ("library", {"modes": [64, 64], "width": 64, "project": 4}, 69_265_345),
        ("2021", {"in_channels": 10, "modes": [8, 8], "width": 20}, 414_517),
        ("2021", {"in_channels": 10, "modes": [8, 8, 8], "width": 20}, 6_558_537),
    ],
)
def test_dense_models_of_other_programs(
    layout: str, arguments: dict[str, Any], published: int
) -> None:
    """Those of 2021: table 1 of Li et al.; of the library: counted."""
    channels = arguments.pop("in_channels", 1)
    with torch.device("meta"):
        model = FNO(channels, 1, **reference_layout(layout, **arguments))
    assert parameters(model) == published


@pytest.mark.parametrize(
    ("rank", "published"),
    [
        (0.42, (520_761, 514_273, 504_945)),
        (0.1, (140_521, 132_673, 134_761)),
        (0.05, (72_417, 72_913, 72_721)),
    ],
)
def test_factorised_models_of_the_library(rank: float, published: tuple[int, ...]) -> None:
    layout = reference_layout("library", modes=[16, 16], width=32)
    for kind, count in zip(("tucker", "cp", "tt"), published, strict=True):
        with torch.device("meta"):
            model = TFNO(1, 1, factorisation=kind, rank=rank, joint=False, **layout)
        assert parameters(model) == count


# ------------------------------------------------------------- made, saved and made again


@by_variant
def test_same_seed_same_model(variant: str) -> None:
    x = torch.randn(2, 2, 12, 10)
    assert torch.equal(make(variant)(x), make(variant)(x))


@by_variant
def test_saved_and_loaded_bit_for_bit(variant: str) -> None:
    """A model is its arguments, which are plain data, and its tensors."""
    model, x = make(variant), torch.randn(2, 2, 12, 10)
    plain = (bool, int, float, str, list)
    assert all(isinstance(value, plain) for value in model.arguments.values())
    torch.manual_seed(99)
    again = type(model)(**model.arguments)
    assert not torch.equal(again(x), model(x))
    again.load_state_dict(model.state_dict())
    assert torch.equal(again(x), model(x))
    shared = [p.data_ptr() for p in model.state_dict().values()]
    assert len(set(shared)) == len(shared)  # each tensor once, as file formats want


def test_tensorised_model_is_made_again() -> None:
    model = TFNO(1, 2, [3, 3], 6, 2)
    again = TFNO(**model.arguments)
    again.load_state_dict(model.state_dict())
    x = torch.randn(1, 1, 9, 9)
    assert torch.equal(again(x), model(x))
    assert model.ndim == 2
    dense = FNO(1, 2, [3, 3], 6, 2)
    assert parameters(model) < parameters(dense) / 2


@by_variant
def test_every_parameter_learns(variant: str) -> None:
    model = make(variant)
    model(torch.randn(2, 2, 12, 10)).square().sum().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert float(parameter.grad.abs().max()) > 0, name


# --------------------------------------------------------------------- domain and grids


@pytest.mark.parametrize("variant", ["defaults", "pre-activation", "plain", "tucker"])
def test_equivariant_under_translation(variant: str) -> None:
    """Without coordinates, on a periodic box, to round-off."""
    model, x = make(variant).double(), torch.randn(1, 2, 12, 10, dtype=torch.float64)
    moved = model(x.roll((5, 3), (2, 3)))
    torch.testing.assert_close(moved, model(x).roll((5, 3), (2, 3)), rtol=0, atol=1e-12)


def waves(n: int) -> Tensor:
    x = 2 * math.pi * torch.arange(n, dtype=torch.float64) / n
    first = (2 * x[:, None] - x).cos() + 0.5 * (3 * x).sin()
    second = (x[:, None] + 2 * x).sin().expand(n, n)
    return torch.stack([first, second])[None]


def test_linear_model_is_the_same_on_all_grids(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.nn.functional.gelu", lambda x: x)
    model = make("instance").double()
    coarse, fine = model(waves(16)), model(waves(48))
    torch.testing.assert_close(fine[:, :, ::3, ::3], coarse, rtol=0, atol=1e-12)


def test_activation_leaves_a_difference_that_shrinks() -> None:
    """Spectrally: what aliases are the modes that GELU makes."""
    model = make("instance").double()
    finest = model(waves(128))
    errors = [
        float(relative_l2(model(waves(n)), finest[..., :: 128 // n, :: 128 // n]).detach())
        for n in (16, 32, 64)
    ]
    assert errors[1] < 0.1 * errors[0]
    assert errors[2] < 1e-3 * errors[1]


def test_one_block_on_another_grid() -> None:
    """Up and down again is the identity for a block without activation on these modes."""
    conv = SpectralConv(2, 2, (3, 4), path="fft").double()
    block = Block(
        conv, mlp=0, norm="none", skip_bias=False, pre_activation=False, last=True
    ).double()
    same, finer = block(waves(12)), block(waves(12), (24, 36))
    torch.testing.assert_close(finer[:, :, ::2, ::3], same, rtol=0, atol=1e-12)
    torch.testing.assert_close(block(waves(36), (12, 12)), same, rtol=0, atol=1e-12)


def test_coordinates_come_from_the_grid() -> None:
    grid = Grid((Axis("x", 6, -1, 2), Axis("y", 5, 0, 2, "neumann")))
    x = torch.zeros(2, 1, 6, 5, dtype=torch.float64)
    seen = with_coordinates(x, grid, "position")
    assert seen[0, 1, :, 0].numpy() == pytest.approx(np.arange(6) / 6)
    assert seen[1, 2, 3].numpy() == pytest.approx(np.arange(5) / 4)
    around = with_coordinates(x, grid, "periodic")
    assert around.shape[1] == 5
    assert around[0, 2, :, 0].numpy() == pytest.approx(np.sin(2 * np.pi * np.arange(6) / 6))


def test_padding_is_a_part_of_the_length() -> None:
    """The extended axis has the same period on every grid, walls on it or not."""
    for axis in (Axis("x", 65, 0, 2, "neumann"), Axis("x", 80, 0, 2, "neumann", "cell")):
        period = (axis.n + cells_beyond(axis, 0.125)) * axis.spacing
        assert period == pytest.approx(2 * 1.125, rel=1e-12)
    assert cells_beyond(Axis("x", 64, 0, 1), 0.078125) == 5
    walls = Grid((Axis("x", 12, 0, 1), Axis("y", 16, 0, 1, "neumann", "cell")))
    model = make("padded")
    seen: list[tuple[int, ...]] = []
    model.blocks[0].register_forward_hook(lambda m, a, out: seen.append(tuple(out.shape)))
    assert model(torch.zeros(1, 2, 12, 16), walls).shape == (1, 1, 12, 16)
    model(torch.zeros(1, 2, 16, 16))
    assert seen == [(1, 6, 12, 18), (1, 6, 18, 18)]


@pytest.mark.parametrize("ndim", [1, 3])
def test_other_dimensions(ndim: int) -> None:
    model = FNO(1, 2, [2] * ndim, 4, 2, coordinates="periodic")
    assert model.ndim == ndim
    assert model(torch.randn(2, 1, *(7, 8, 9)[:ndim])).shape == (2, 2, *(7, 8, 9)[:ndim])


# ------------------------------------------------------------------ what torch does to it


@pytest.mark.parametrize("variant", ["defaults", "padded", "instance"])
@pytest.mark.parametrize("path", ["auto", "fft"])
def test_traced_in_one_graph(variant: str, path: str) -> None:
    """``fullgraph`` refuses what a compiler would have to leave to Python."""
    torch.compiler.reset()
    model, x = make(variant, path=path), torch.randn(2, 2, 12, 10)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of torch's own modules
        compiled = torch.compile(model, backend="aot_eager", fullgraph=True)
        found = compiled(x)
        (g,) = torch.autograd.grad(found.sum(), [model.blocks[0].spectral.weight.values])
    torch.testing.assert_close(found, model(x), rtol=1e-4, atol=1e-5)
    (e,) = torch.autograd.grad(model(x).sum(), [model.blocks[0].spectral.weight.values])
    torch.testing.assert_close(g, e, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("path", ["fft", "matmul", "hybrid"])
def test_under_autocast_spectra_stay_in_single_precision(path: str) -> None:
    model, x = make("defaults", path=path), torch.randn(2, 2, 12, 10)
    exact = model(x)
    with torch.autocast("cpu", torch.bfloat16):
        seen = model.blocks[0].spectral(torch.randn(1, 6, 12, 10).bfloat16())
        rough = model(x)
    assert seen.dtype == torch.float32
    rough.float().sum().backward()
    assert 0 < float(relative_l2(rough.float(), exact).detach()) < 0.05
    weights = model.blocks[0].spectral.weight.values
    assert weights.grad is not None
    assert weights.grad.dtype == torch.float32


@pytest.mark.parametrize("optimiser", ["Adam", "AdamW", "SGD", "LBFGS", "RMSprop"])
def test_any_optimiser_learns_one_batch(optimiser: str) -> None:
    model = make("defaults")
    x, y = torch.randn(4, 2, 12, 10), torch.randn(4, 1, 12, 10)
    rate = {"SGD": 1e-2, "LBFGS": 0.1}.get(optimiser, 1e-3)
    steps = getattr(torch.optim, optimiser)(model.parameters(), lr=rate)

    def loss() -> Tensor:
        steps.zero_grad()
        value = relative_l2(model(x), y)
        value.backward()  # type: ignore[no-untyped-call]
        return value

    before = float(loss().detach())
    for _ in range(5):
        steps.step(loss)
    assert float(loss().detach()) < before


def test_inference_mode_first_then_training() -> None:
    """Matrices that are made in inference mode serve training too."""
    model, x = make("defaults"), torch.randn(2, 2, 14, 22)
    with torch.inference_mode():
        model(x)
    model(x).sum().backward()


def test_wrong_input_is_refused() -> None:
    with pytest.raises(ShapeError):
        make("defaults")(torch.zeros(1, 2, 8, 8), Grid.periodic((8, 9), (0, 1)))
    with pytest.raises(UnknownName, match="coordinates"):
        make("defaults", coordinates="of")
    with pytest.raises(UnknownName, match="norm"):
        make("defaults", norm="weight")
    with pytest.raises(UnknownName, match="layout"):
        reference_layout("2022", modes=[4])
