"""Patches and their surroundings: identity, centres, translation, walls, memory."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from pdekit import Axis, Grid
from pdekit.errors import ShapeError, UnknownName
from pdekit.solvers.learned.layers.boundary import End
from pdekit.solvers.learned.layers.patches import patch_size, split, stitch, windows
from pdekit.solvers.learned.models.fno import FNO
from pdekit.solvers.learned.models.patched import Patched

AROUND: End = ("circular", "circular")
WALLS: End = ("zeros", "zeros")
FNO_3 = {"name": "fno", "modes": [3, 3], "width": 6, "layers": 2, "path": "matmul"}


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


def noise(*shape: int) -> Tensor:
    return torch.randn(shape, dtype=torch.float64)


def cut(x: Tensor, ends: list[End], patches: int, pads: list[int], level: int) -> Tensor:
    axes = zip(x.shape[2:], ends, pads, strict=True)
    return split(x, [windows(n, end, patches, pad, level) for n, end, pad in axes])


# ------------------------------------------------------------------- windows of level zero


@pytest.mark.parametrize("sizes", [(12,), (7,), (8, 12), (9, 10), (4, 8, 6)])
@pytest.mark.parametrize("patches", [1, 2, 4])
@pytest.mark.parametrize("pad", [0, 3])
def test_cut_and_stitched_is_the_field(
    sizes: tuple[int, ...], patches: int, pad: int
) -> None:
    """Whether the patches divide the field or not; and so is its gradient."""
    kinds: list[End] = [AROUND, ("zeros", "reflect"), ("replicate", "replicate")]
    x = noise(2, 3, *sizes).requires_grad_()
    pads = [pad] * len(sizes)
    seen = cut(x, kinds[: len(sizes)], patches, pads, 0)
    m = [patch_size(n, patches) + 2 * pad for n in sizes]
    assert seen.shape == (patches ** len(sizes), 2, 3, *m)
    again = stitch(seen, patches, pads, sizes)
    assert torch.equal(again, x)
    g = noise(*x.shape)
    assert torch.equal(torch.autograd.grad(again, x, g)[0], g)


@pytest.mark.parametrize(
    ("mode", "theirs"),
    [("circular", "wrap"), ("reflect", "reflect"), ("replicate", "symmetric"),
     ("zeros", "constant")],
)  # fmt: skip
@pytest.mark.parametrize("pad", [2, 7, 19])
def test_beyond_the_ends(mode: str, theirs: Any, pad: int) -> None:
    """As NumPy pads, several times around or between mirrors."""
    x = noise(1, 1, 6)
    seen = cut(x, [(mode, mode)], 1, [pad], 0)
    assert np.array_equal(seen.flatten().numpy(), np.pad(x.flatten().numpy(), pad, theirs))


def test_patches_are_where_they_say() -> None:
    x = noise(1, 1, 8, 12)
    seen = cut(x, [AROUND, AROUND], 4, [1, 2], 0)
    assert torch.equal(seen[4 * 2 + 1, 0, 0, 1:-1, 2:-2], x[0, 0, 4:6, 3:6])


# --------------------------------------------------------------------- coarser surroundings


@pytest.mark.parametrize("level", [0, 1, 2])
@pytest.mark.parametrize("m", [5, 6, 8])
def test_all_levels_have_the_same_centres(level: int, m: int) -> None:
    """A linear field between walls is its own mean: windows are their own points."""
    pad, n = 1, 16 * m
    x = torch.arange(n).double()[None, None]
    (seen,) = cut(x, [WALLS], 16, [pad], level)[7, 0]
    j = torch.arange(m + 2 * pad).double() - (m + 2 * pad - 1.0) / 2
    torch.testing.assert_close(seen, 7 * m + (m - 1) / 2 + 2**level * j)
    assert float(seen.mean()) == pytest.approx(7 * m + (m - 1) / 2)


def test_centre_values_agree_to_second_order() -> None:
    errors = []
    for n in (40, 80, 160):
        s = (torch.arange(n).double() + 0.5) / n
        x = (2 * s[:, None] + s).cos()[None, None]
        mirror: End = ("replicate", "replicate")
        first, second, third = (
            cut(x, [mirror, mirror], 4, [0, 0], level) for level in range(3)
        )
        m = n // 4
        middle = (
            slice(None),
            0,
            0,
            slice(m // 2 - 1, m // 2 + 1),
            slice(m // 2 - 1, m // 2 + 1),
        )
        values = [level[middle].mean((1, 2)) for level in (first, second, third)]
        errors.append(max(float((v - values[0]).abs().max()) for v in values[1:]))
    rates = np.log2(np.array(errors[:-1]) / np.array(errors[1:]))
    assert rates == pytest.approx(2, abs=0.1)


@pytest.mark.parametrize("n", [32, 24, 30, 27])
@pytest.mark.parametrize("level", [1, 2])
def test_periodic_surroundings_are_a_series(n: int, level: int) -> None:
    """Modes below n/2^{l+1} at the points of the window, and nothing of the others."""
    pad, patches = 2, 3
    m = patch_size(n, patches)
    i = torch.arange(n).double()
    j = torch.arange(m + 2 * pad).double() - (m + 2 * pad - 1.0) / 2
    points = torch.arange(patches)[:, None] * m + (m - 1) / 2 + 2**level * j
    for k in range(n // 2):
        found = cut(
            (2 * math.pi * k * i / n + 0.3).cos()[None, None], [AROUND], 3, [2], level
        )
        expected = (2 * math.pi * k * points / n + 0.3).cos() * (k < n / 2 ** (level + 1))
        torch.testing.assert_close(found[:, 0, 0], expected, rtol=0, atol=1e-13)


@pytest.mark.parametrize("level", [0, 1, 2])
def test_translation_by_a_patch_permutes_patches(level: int) -> None:
    x = noise(1, 2, 16, 24)
    ends = [AROUND, AROUND]
    seen = cut(x, ends, 4, [2, 3], level).unflatten(0, (4, 4))
    moved = cut(x.roll((4, 12), (2, 3)), ends, 4, [2, 3], level).unflatten(0, (4, 4))
    torch.testing.assert_close(moved, seen.roll((1, 2), (0, 1)), rtol=0, atol=1e-13)


# -------------------------------------------------------------------------------- the model


def test_equivariant_under_translation_by_a_patch() -> None:
    model, x = Patched(2, 1, FNO_3, levels=2).double(), noise(2, 2, 32, 24)
    moved = model(x.roll((8, 6), (2, 3)))
    torch.testing.assert_close(moved, model(x).roll((8, 6), (2, 3)), rtol=0, atol=1e-12)
    other = model(x.roll((3, 0), (2, 3))) - model(x).roll((3, 0), (2, 3))
    assert float(other.detach().abs().max()) > 1e-3


def test_what_the_model_sees() -> None:
    """Fields and masks of all levels, and coordinates of the whole domain."""
    grid = Grid((Axis("x", 8, 0, 1, "dirichlet"), Axis("y", 12, -1, 1)))
    model = Patched(1, 1, FNO_3, padding=0.25, coordinates="position")
    seen: list[Tensor] = []
    model.model.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    x = torch.rand(1, 1, 8, 12) + 1
    model(x, grid)
    assert seen[0].shape == (4, 2 + 2 + 2, 4 + 4, 6 + 6)
    field, inside, x_of, y_of, coarse, share = seen[0][2]  # the patch at x > ½, y < 0
    assert torch.equal(inside[:, 0], torch.tensor([1.0] * 6 + [0.0] * 2))
    torch.testing.assert_close(share[:, 0], torch.tensor([0.0] + [1.0] * 4 + [0.0] * 3))
    assert torch.equal(field[:6, 3:-3], x[0, 0, 2:, :6])
    assert bool((coarse[share[:, 0].abs() < 1e-6].abs() < 1e-6).all())
    torch.testing.assert_close(x_of[:6, 0], torch.arange(3, 9) / 9)
    torch.testing.assert_close(y_of[0, 3:-3], torch.arange(6) / 12)


@pytest.mark.parametrize("chunk", [1, 3])
def test_in_chunks_it_is_the_same(chunk: int) -> None:
    x = noise(2, 2, 20, 18).requires_grad_()
    whole = Patched(2, 1, FNO_3, levels=1).double()
    parts = Patched(2, 1, FNO_3, levels=1, chunk=chunk).double()
    parts.load_state_dict(whole.state_dict())
    g = noise(2, 1, 20, 18)
    found, expected = (
        (y, *torch.autograd.grad(y, (x, *model.parameters()), g))
        for model, y in ((whole, whole(x)), (parts, parts(x)))
    )
    for a, b in zip(found, expected, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-11)


def kept(run: Callable[[], Tensor]) -> int:
    """Bytes that are kept for the gradient, each storage once, without parameters."""
    seen: dict[int, int] = {}

    def pack(t: Tensor) -> Tensor:
        if not isinstance(t, torch.nn.Parameter):
            seen[t.untyped_storage().data_ptr()] = t.untyped_storage().nbytes()
        alive.append(t)
        return t

    alive: list[Tensor] = []
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda t: t):
        run()
    return sum(seen.values())


@pytest.mark.parametrize(("levels", "padding"), [(1, 0.0), (2, 0.0625)])
def test_memory_of_activations(levels: int, padding: float) -> None:
    """One patch at a time keeps a quarter, or (1 + 2pP)²/P², of what the whole field does.

    Beside what one patch keeps while its gradient is taken, the model's inputs are kept.
    """
    arguments = FNO_3 | {"width": 16, "layers": 4}
    model = Patched(1, 1, arguments, levels, padding, chunk=1)
    options = {key: value for key, value in arguments.items() if key != "name"}
    whole, x = FNO(1, 1, **options), torch.randn(1, 1, 128, 128, requires_grad=True)
    everything, inputs = kept(lambda: whole(x)), kept(lambda: model(x))
    m = 128 // 2**levels + 2 * round(128 * padding)
    patch = torch.randn(1, 2 * (levels + 1), m, m, requires_grad=True)
    one = kept(lambda: model.model(patch))
    share = (1 + 2 * padding * 2**levels) ** 2 / 4**levels
    assert one < 1.1 * share * everything
    assert one + inputs < (share + 0.1) * everything


def test_wrong_input_is_refused() -> None:
    with pytest.raises(ValueError, match="name"):
        Patched(1, 1, {"modes": [3, 3]})
    with pytest.raises(ValueError, match="coordinates"):
        Patched(1, 1, FNO_3 | {"coordinates": "position"})
    with pytest.raises(UnknownName, match="padding"):
        Patched(1, 1, FNO_3, beyond="walls")
    with pytest.raises(UnknownName, match="model"):
        Patched(1, 1, {"name": "fnoo"})
    model = Patched(1, 1, FNO_3)
    with pytest.raises(ShapeError):
        model(torch.zeros(1, 1, 16))
    with pytest.raises(ShapeError):
        model(torch.zeros(1, 1, 16, 16), Grid.periodic((16, 15), (0, 1)))
