"""Norms of single modes, Parseval, and losses of known errors."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from pdekit import Axis, Grid
from pdekit.errors import ShapeError
from pdekit.grid import GridError
from pdekit.solvers.learned.losses import (
    H1Loss,
    SobolevLoss,
    h1_spectral_truncated,
    relative_l2,
)

BOX = Grid.periodic((12, 9), ((0, 3.0), (0, 0.5)))
WALLS = Grid((Axis("x", 9, 0, 2, "neumann"), Axis("y", 8, 0, 1, "dirichlet", "cell")))
LOSSES = {
    "relative_l2": relative_l2,
    "h-1": SobolevLoss(BOX, -1),
    "h-1, no mean": SobolevLoss(BOX, -1, alpha=0),
    "h0": SobolevLoss(BOX, 0),
    "h1": SobolevLoss(BOX, 1),
    "h2, alpha 0": SobolevLoss(BOX, 2, alpha=0),
    "truncated": h1_spectral_truncated,
    "differences": H1Loss(BOX),
    "differences, walls": H1Loss(WALLS),
}


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


@pytest.mark.parametrize(
    "shape", [(1, 1, 12, 9), (3, 2, 16, 16), (2, 1, 10, 12, 8), (2, 1, 40, 12, 8)]
)
@pytest.mark.parametrize("name", LOSSES)
def test_loss_of_a_proportional_error(name: str, shape: tuple[int, ...]) -> None:
    """û = (1+ε) u has the loss ε, whatever the sizes and the number of times."""
    u = torch.randn(shape, dtype=torch.float64)
    assert float(LOSSES[name](1.01 * u, u)) == pytest.approx(0.01, rel=1e-12)
    assert float(LOSSES[name](u, u)) == 0.0


@pytest.mark.parametrize("loss", [SobolevLoss(BOX), H1Loss(BOX), relative_l2])
def test_mean_is_over_the_batch_and_the_norm_over_the_rest(loss: SobolevLoss) -> None:
    u = torch.randn(2, 2, 12, 9, dtype=torch.float64)
    e = torch.randn(2, 2, 12, 9, dtype=torch.float64)
    one, other = (float(loss((u + e)[i : i + 1], u[i : i + 1])) for i in range(2))
    assert float(loss(u + e, u)) == pytest.approx((one + other) / 2)


@pytest.mark.parametrize("order", [-1.0, 0.0, 0.5, 1.0, 2.0])
@pytest.mark.parametrize("modes", [(0, 0), (1, 0), (0, 2), (3, -1), (6, 0), (0, 4)])
def test_norm_of_a_mode(order: float, modes: tuple[int, int]) -> None:
    """√⟨e²⟩ (α + |k|²)^{s/2}, at the Nyquist mode of the first axis (6 of 12) as well."""
    x, y = (torch.as_tensor(p) for p in BOX.points())
    kx, ky = (2 * math.pi * m / n for m, n in zip(modes, BOX.lengths, strict=True))
    e = (kx * x + ky * y).cos()[None, None]
    expected = math.sqrt(float((e**2).mean())) * (0.7 + kx**2 + ky**2) ** (order / 2)
    assert float(SobolevLoss(BOX, order, 0.7).norm(e)) == pytest.approx(expected)


@pytest.mark.parametrize("n", [(12, 9), (11, 8)])
def test_norms_of_noise(n: tuple[int, int]) -> None:
    """s = 0 is the grid's L²; s = 1 adds the gradient's, if no mode is the Nyquist one."""
    u = torch.randn(1, 1, *n, dtype=torch.float64)
    grid = BOX.resize(n)
    zero = SobolevLoss(grid, 0).norm(u)
    assert float(zero) == pytest.approx(float(grid.norm(u)))
    smooth = grid.interpolate(grid.resize(7).interpolate(u[:, :, :7, :7], grid), grid)
    parts = [smooth, *(grid.derivative(smooth, i) for i in range(2))]
    total = sum(float(grid.norm(part)) ** 2 for part in parts)
    assert float(SobolevLoss(grid, 1).norm(smooth)) ** 2 == pytest.approx(total)


def test_negative_norm_without_the_mean() -> None:
    u = torch.randn(1, 1, 12, 9, dtype=torch.float64)
    norm = SobolevLoss(BOX, -1, alpha=0).norm
    assert float(norm(u + 3)) == pytest.approx(float(norm(u)))


@pytest.mark.parametrize(
    ("modes", "squared"), [((3, 0), 10), ((25, 0), 1), ((2, -19), 366), ((20, 5), 26)]
)
def test_truncated_norm_of_a_mode(modes: tuple[int, int], squared: int) -> None:
    """Weight √(1 + k₁² + k₂²), wave numbers from 20 on counting as zero."""
    x, y = torch.arange(64).double()[:, None] / 64, torch.arange(52).double() / 52
    wave = (2 * math.pi * (modes[0] * x + modes[1] * y)).cos()[None, None]
    one = torch.ones_like(wave) / math.sqrt(2)  # as large in L²
    found = float(h1_spectral_truncated(one + wave, one))
    assert found == pytest.approx(math.sqrt(squared))


def test_truncated_norm_without_wave_numbers_is_that_of_l2() -> None:
    u, v = (torch.randn(3, 2, 9, 8, dtype=torch.float64) for _ in range(2))
    assert float(h1_spectral_truncated(u, v, kmax=0)) == pytest.approx(
        float(relative_l2(u, v))
    )
    assert float(h1_spectral_truncated(u, v, ndim=1)) == pytest.approx(
        float(h1_spectral_truncated(u.view(3, 18, 8), v.view(3, 18, 8)))
    )


@pytest.mark.parametrize("grid", [BOX, WALLS], ids=["periodic", "walls"])
def test_differences_converge_to_the_gradient(grid: Grid) -> None:
    """With order two, up to the walls and with the spacings of each axis."""
    errors = []
    for n in (32, 64, 128):
        fine = grid.resize(n)
        x, y = (torch.as_tensor(p) for p in fine.points())
        k, m = 2 * math.pi / fine.lengths[0], 2 * math.pi / fine.lengths[1]
        u = ((k * x).sin() * (m * y).cos())[None, None]
        slope_x, slope_y = (
            k * (k * x).cos() * (m * y).cos(),
            m * (k * x).sin() * (m * y).sin(),
        )
        expected = (u**2 + slope_x**2 + slope_y**2).sum()
        errors.append(float(abs(H1Loss(grid).squares(u).sum() / expected - 1)))
    rates = np.log2(np.array(errors[:-1]) / np.array(errors[1:]))
    assert rates == pytest.approx(2, abs=0.25)


def test_differences_are_exact_for_parabolas_at_walls() -> None:
    x, y = (torch.as_tensor(p) for p in WALLS.points())
    u = (x**2 - 3 * x * y + y**2 + 0 * x * y)[None, None]
    expected = u**2 + (2 * x - 3 * y) ** 2 + (2 * y - 3 * x) ** 2
    torch.testing.assert_close(H1Loss(WALLS).squares(u), expected)


def test_wrong_input_is_refused() -> None:
    with pytest.raises(ShapeError):
        relative_l2(torch.zeros(1, 1, 4), torch.zeros(1, 4))
    with pytest.raises(GridError, match="periodic"):
        SobolevLoss(WALLS)
    with pytest.raises(ValueError, match="alpha"):
        SobolevLoss(BOX, 1, alpha=-1)
    with pytest.raises(GridError, match="equal spacings"):
        H1Loss(Grid((Axis("x", 8, 0, 1, "chebyshev"),)))
