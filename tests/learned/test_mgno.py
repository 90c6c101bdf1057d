"""MgNO: published sizes, boundaries of the grid, sizes of fields, learning."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch

from pdekit import Axis, Grid
from pdekit.errors import ShapeError, UnknownName
from pdekit.solvers.learned.losses import relative_l2
from pdekit.solvers.learned.models.mgno import MgNO, reference_layout


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


def small(**more: Any) -> MgNO:
    return MgNO(2, 1, **{"width": 6, "layers": 2, "levels": 3} | more)


@pytest.mark.parametrize(
    ("layout", "channels", "published"),
    [
        ("darcy", 1, 572_661),
        ("darcy_smooth", 1, 678_093),
        ("pipe", 2, 783_876),
        ("navier_stokes", 1, 1_144_394),
    ],
)
def test_published_sizes(layout: str, channels: int, published: int) -> None:
    """Counted in the published program, the last without its affine normalisation."""
    with torch.device("meta"):
        model = MgNO(channels, 1, **reference_layout(layout))
    assert sum(p.numel() for p in model.parameters()) == published


@pytest.mark.parametrize(("ndim", "w", "m"), [(1, 5, 2), (2, 4, 3), (3, 3, 1)])
def test_count_of_parameters(ndim: int, w: int, m: int) -> None:
    """The formula of the paper, in any dimension."""
    nu, p, q = [2, 1, 3], 3**ndim, 4**ndim
    cycles = sum(
        p * k * w * (2 * nu[0] - 1)
        + sum(p * (w * w + k * k) + 2 * p * k * w * nu[level] for level in (1, 2))
        + q * w * w * 2
        for k in (m, w)
    )
    model = MgNO(m, 2, w, 2, 3, ndim=ndim, nu=nu)
    expected = cycles + (m * w + w) + (w * w + w) + 2 * w
    assert sum(p.numel() for p in model.parameters()) == expected


@pytest.mark.parametrize("size", [64, 128, 256, 211])
def test_published_models_on_published_sizes(size: int) -> None:
    layout = "darcy_smooth" if size == 211 else "darcy"
    with torch.device("meta"):
        model = MgNO(1, 1, **reference_layout(layout))
        assert model(torch.zeros(1, 1, size, size)).shape == (1, 1, size, size)


@pytest.mark.parametrize("coarsening", ["stride", "nested"])
@pytest.mark.parametrize("sizes", [(8, 8), (41, 83), (5, 12), (17, 6)])
def test_any_size_from_that_of_the_levels(coarsening: str, sizes: tuple[int, int]) -> None:
    walls = Grid((Axis("x", sizes[0], 0, 1, "dirichlet"), Axis("y", sizes[1], 0, 1)))
    model, x = small(coarsening=coarsening), torch.randn(2, 2, *sizes)
    assert model(x, walls).shape == model(x).shape == (2, 1, *sizes)
    assert not torch.equal(model(x, walls), model(x))


def test_boundaries_of_the_grid_are_those_given_by_hand() -> None:
    x = torch.randn(1, 2, 9, 9)
    for boundary, centring, padding in (
        ("dirichlet", "vertex", "zeros"),
        ("neumann", "vertex", "reflect"),
        ("neumann", "cell", "replicate"),
        ("periodic", "vertex", "circular"),
    ):
        grid = Grid(tuple(Axis(name, 9, 0, 1, boundary, centring) for name in "xy"))
        model = small()
        found = model(x, grid)
        model.padding = padding
        assert torch.equal(model(x), found)


@pytest.mark.parametrize("norm", ["none", "layer", "instance"])
def test_equivariant_under_translations_of_the_coarsest_level(norm: str) -> None:
    model = small(norm=norm).double()
    x = torch.randn(1, 2, 16, 12, dtype=torch.float64)
    moved = model(x.roll((4, 8), (2, 3)))
    torch.testing.assert_close(moved, model(x).roll((4, 8), (2, 3)), rtol=0, atol=1e-12)


def test_residual_output_starts_from_the_input() -> None:
    model = MgNO(2, 2, 4, 2, 3, residual_output=True)
    x = torch.randn(1, 2, 8, 8)
    torch.nn.init.zeros_(model.head.weight)
    assert torch.equal(model(x), x)


def test_overfits_four_samples() -> None:
    """Below 0.2 %: −Δu = f between walls, f of four random waves."""
    n, steps = 11, 180
    model = MgNO(1, 1, 16, 2, 3, padding="zeros", coarsening="nested")
    s = torch.arange(1, n + 1).double() / (n + 1)
    sine = (math.pi * s[:, None] * torch.arange(1, 5)).sin()
    amplitudes = torch.randn(4, 4, 4, dtype=torch.float64)
    k = torch.arange(1, 5).double() ** 2
    f = (sine @ amplitudes @ sine.T).float()[:, None]
    u = (sine @ (amplitudes / (k[:, None] + k)) @ sine.T).float()[:, None]
    u = u / u.std()
    optimiser = torch.optim.AdamW(model.parameters(), lr=6e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 6e-3, total_steps=steps)
    for _ in range(steps):
        optimiser.zero_grad()
        relative_l2(model(f), u).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
    assert float(relative_l2(model(f), u).detach()) < 2e-3


def test_wrong_input_is_refused() -> None:
    with pytest.raises(ShapeError, match="for 3 levels"):
        small()(torch.zeros(1, 2, 3, 8))
    with pytest.raises(ShapeError):
        small()(torch.zeros(1, 2, 8, 8), Grid.periodic((8, 9), (0, 1)))
    with pytest.raises(UnknownName, match="padding"):
        small(padding="zero")
    with pytest.raises(UnknownName, match="layout"):
        reference_layout("helmholtz")
    with pytest.raises(ValueError, match="3 levels"):
        small(nu=[1, 1])
    with pytest.raises(ValueError, match="residual"):
        small(residual_output=True)
