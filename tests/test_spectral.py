"""Masks against exact products of band-limited fields, spectra against Parseval."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pdekit import spectral
from pdekit.errors import ShapeError
from pdekit.grid import Axis, Grid, GridError

torch = pytest.importorskip("torch")

TWO_PI = (0.0, 2 * np.pi)


def random_spectrum(shape: tuple[int, ...], seed: int) -> Any:
    rng = np.random.default_rng(seed)
    return rng.normal(size=shape) + 1j * rng.normal(size=shape)


# --- masks ------------------------------------------------------------------------------


def product_error(n: int, fields: int, mask: Callable[[Grid], Any] | None) -> float:
    """Error of a masked product on ``n`` points against the same product without aliases.

    The exact product is the convolution of the masked spectra, truncated by the mask. The
    error is relative to the largest coefficient.
    """
    grid = Grid.periodic(n, TWO_PI)
    keep = np.ones(n) if mask is None else mask(grid)
    spectra = [keep * random_spectrum((n,), seed) for seed in range(fields)]
    product = np.prod([np.fft.ifft(s) for s in spectra], axis=0)
    got = keep * np.fft.fft(product) / n
    order = np.fft.fftshift(np.fft.fftfreq(n, 1 / n).round().astype(int))
    exact = np.ones(1, complex)
    for s in spectra:
        exact = np.convolve(exact, np.fft.fftshift(s) / n)
    wanted = np.array([exact[m - fields * order[0]] for m in order])
    error = got - keep * np.fft.ifftshift(wanted)
    return float(abs(error).max() / abs(exact).max())


@pytest.mark.parametrize("n", [7, 8, 9, 12, 15, 16, 17, 24, 30, 31, 32, 97])
def test_masked_products_are_free_of_aliases(n: int) -> None:
    assert product_error(n, 2, spectral.two_thirds) < 1e-13
    assert product_error(n, 3, spectral.half) < 1e-13


@pytest.mark.parametrize("n", [12, 16, 32])
def test_products_without_the_right_mask_are_aliased(n: int) -> None:
    assert product_error(n, 2, None) > 1e-2
    assert product_error(n, 3, None) > 1e-2
    assert product_error(n, 3, spectral.two_thirds) > 1e-3


@pytest.mark.parametrize(
    ("mask", "n", "largest"),
    [
        (spectral.two_thirds, 16, 5),
        (spectral.two_thirds, 15, 4),
        (spectral.two_thirds, 12, 3),
        (spectral.half, 16, 3),
        (spectral.half, 18, 4),
        (spectral.half, 15, 3),
    ],
)
def test_masks_keep_the_largest_band_that_is_free_of_aliases(
    mask: Callable[..., Any], n: int, largest: int
) -> None:
    grid = Grid.periodic(n, TWO_PI)
    expected = (abs(np.fft.fftfreq(n, 1 / n)) < largest + 0.5).astype(float)
    assert np.array_equal(mask(grid), expected)
    assert np.array_equal(mask(grid, real=True), expected[: n // 2 + 1])


def test_masks_do_not_depend_on_the_length_and_work_per_direction() -> None:
    grid = Grid.periodic((8, 12, 9), ((0, 1), (0, 5), (-3, 3)))
    mask = spectral.two_thirds(grid, real=True)
    assert mask.shape == grid.spectral_shape(real=True)
    ones = [spectral.two_thirds(Grid.periodic(n, (0, 1))) for n in (8, 12)]
    last = spectral.two_thirds(Grid.periodic(9, (0, 1)), real=True)
    assert np.array_equal(mask, ones[0][:, None, None] * ones[1][:, None] * last)


def test_masks_on_walls_count_modes_of_the_reflected_field() -> None:
    sine = Grid((Axis("x", 11, 0, 1, "dirichlet"),))  # modes 1 … 11, 24 reflected points
    assert spectral.two_thirds(sine).tolist() == [1.0] * 7 + [0.0] * 4
    cosine = Grid((Axis("x", 12, 0, 1, "neumann", "cell"),))  # modes 0 … 11
    assert spectral.two_thirds(cosine).tolist() == [1.0] * 8 + [0.0] * 4
    assert spectral.half(Grid((Axis("x", 9, 0, 1, "chebyshev"),))).sum() == 4


def test_exponential_filter_follows_its_formula() -> None:
    grid = Grid.periodic((24, 16), ((0, 3), TWO_PI))
    kx, ky = grid.wavenumbers()
    cut_x, cut_y = (2 / 3) * np.pi * 24 / 3, (2 / 3) * 8
    expected = np.exp(-36 * (abs(kx) / cut_x) ** 36) * np.exp(-36 * (abs(ky) / cut_y) ** 36)
    np.testing.assert_allclose(
        spectral.exponential(grid), expected, rtol=1e-11, atol=1e-300
    )
    line = Grid.periodic(24, TWO_PI)
    got = spectral.exponential(line, 4, 2.0, 0.5, real=True)
    assert got[6] == pytest.approx(math.exp(-2), rel=1e-14)  # at the cutoff
    assert got[3] == pytest.approx(math.exp(-2 / 16), rel=1e-14)
    assert got[0] == 1.0
    assert spectral.exponential(line)[8] == pytest.approx(math.exp(-36), rel=1e-12)


def test_exponential_filter_survives_extreme_orders_and_refuses_nonsense() -> None:
    sharp = spectral.exponential(Grid.periodic(16, TWO_PI), 5000.0, 36.0)
    assert np.array_equal(sharp, spectral.two_thirds(Grid.periodic(16, TWO_PI)))
    for wrong in ({"order": 0}, {"strength": -1.0}, {"cutoff": math.nan}):
        with pytest.raises(GridError, match="must be a positive number"):
            spectral.exponential(Grid.periodic(8, TWO_PI), **wrong)


def test_masks_take_the_namespace_of_like() -> None:
    grid = Grid.periodic((8, 6), TWO_PI)
    like = torch.zeros(1, dtype=torch.complex64)
    for mask in (spectral.two_thirds, spectral.half, spectral.exponential):
        got = mask(grid, like=like)
        assert got.dtype == torch.float32
        np.testing.assert_allclose(got.numpy(), mask(grid), rtol=1e-6, atol=1e-30)


# --- tail -------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [8, 9, 20, 21, 64])
def test_tail_sees_high_modes_only(n: int) -> None:
    (k,) = Grid.periodic(n, TWO_PI).wavenumbers()
    for m in range(-(n // 2), (n + 1) // 2):
        u_hat = np.where(k == 0, 2.0, 0.0) + np.where(k == m, 0.5j, 0.0)
        outer = abs(m) > 0.9 * n / 2 or abs(m) == n // 2
        assert spectral.tail(u_hat) == (0.25 if outer else 0.0)


@pytest.mark.parametrize("shape", [(16,), (17,), (8, 10), (6, 9), (4, 5, 6)])
def test_tail_of_a_half_spectrum_is_that_of_the_whole(shape: tuple[int, ...]) -> None:
    u = np.random.default_rng(1).normal(size=(3, *shape))
    axes = tuple(range(1, u.ndim))
    whole = spectral.tail(np.fft.fftn(u, axes=axes), len(shape))
    half = spectral.tail(np.fft.rfftn(u, axes=axes), len(shape), points=shape[-1])
    assert whole.shape == (3,)
    np.testing.assert_allclose(half, whole, rtol=1e-12)


def test_tail_of_a_sech_is_its_known_spectrum() -> None:
    # sech x has the transform π sech(πk/2). The tail begins at the mode m > 0.9 N/2, to
    # which on N points the mode N - m is added.
    n, length = 128, 50.0
    grid = Grid.periodic(n, (-length / 2, length / 2))
    (x,) = grid.points()
    m = math.ceil(0.9 * n / 2)
    got = spectral.tail(np.fft.fft(1 / np.cosh(x)))
    exact = sum(1 / math.cosh(np.pi**2 / length * k) for k in (m, n - m))
    assert got == pytest.approx(exact, rel=1e-6)


def test_tail_of_nothing_is_zero_and_options_count() -> None:
    assert spectral.tail(np.zeros(8)) == 0.0
    assert spectral.tail(np.zeros((2, 4, 4)), 2).tolist() == [0.0, 0.0]
    assert spectral.tail(np.ones(1)) == 0.0
    u_hat = np.exp(-abs(np.fft.fftfreq(32, 1 / 32)))
    assert spectral.tail(u_hat, cutoff=0.5) == pytest.approx(math.exp(-9))
    assert spectral.tail(u_hat, cutoff=0.9) == pytest.approx(math.exp(-15))
    with pytest.raises(ShapeError, match="9 modes"):
        spectral.tail(np.ones(8), points=16)
    with pytest.raises(ShapeError, match="at least 2 axes"):
        spectral.tail(np.ones(8), 2)


def test_tail_of_a_tensor() -> None:
    u_hat = random_spectrum((2, 8, 9), 0)
    got = spectral.tail(torch.from_numpy(u_hat), 2)
    np.testing.assert_allclose(got.numpy(), spectral.tail(u_hat, 2), rtol=1e-14)


# --- energy -----------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(1,), (2,), (9,), (16,), (8, 8), (7, 10), (4, 5, 6)])
@pytest.mark.parametrize("real", [True, False])
def test_shells_add_up_to_the_energy(shape: tuple[int, ...], real: bool) -> None:
    grid = Grid.periodic(shape, TWO_PI)
    u = random_spectrum((2, 3, *shape), 4)
    u = u.real if real else u
    k, energy = spectral.energy_spectrum(u, grid)
    assert energy.shape == (2, 3, k.size)
    np.testing.assert_allclose(energy.sum(-1), 0.5 * grid.norm(u) ** 2, rtol=1e-13)


@given(
    m=st.tuples(st.integers(-3, 3), st.integers(-3, 3)),
    shape=st.tuples(st.integers(8, 9), st.integers(8, 9)),
)
@settings(max_examples=40, deadline=None)
def test_one_wave_lies_in_its_shell(m: tuple[int, int], shape: tuple[int, int]) -> None:
    grid = Grid.periodic(shape, TWO_PI)
    x, y = grid.points()
    shell = math.floor(math.hypot(*m) + 0.5)
    for wave in (np.exp(1j * (m[0] * x + m[1] * y)), np.cos(m[0] * x + m[1] * y)):
        k, energy = spectral.energy_spectrum(wave, grid)
        assert k[shell] == shell
        assert energy[shell] == pytest.approx(0.5 * float(grid.norm(wave)) ** 2, rel=1e-13)
        assert np.delete(energy, shell).max() < 1e-28


def test_real_and_complex_transforms_agree() -> None:
    grid = Grid.periodic((6, 9), TWO_PI)
    u = np.random.default_rng(0).normal(size=(6, 9))
    for a, b in zip(
        spectral.energy_spectrum(u, grid),
        spectral.energy_spectrum(u + 0j, grid),
        strict=True,
    ):
        np.testing.assert_allclose(a, b, rtol=1e-12)


def test_shells_of_a_long_box_have_the_width_of_its_short_side() -> None:
    grid = Grid.periodic((32, 8), ((0, 8 * np.pi), TWO_PI))
    x, y = grid.points()
    k, energy = spectral.energy_spectrum(np.sin(0.25 * x) + 2 * np.sin(3 * y), grid)
    assert k.tolist() == list(range(len(k)))
    assert energy[0] == pytest.approx(0.25, rel=1e-13)  # |κ| = 1/4
    assert energy[3] == pytest.approx(1.0, rel=1e-13)


def test_energy_of_a_tensor_and_its_gradient() -> None:
    grid = Grid.periodic((6, 5), TWO_PI)
    u = np.random.default_rng(2).normal(size=(2, 6, 5))
    v = torch.from_numpy(u).requires_grad_()
    k, energy = spectral.energy_spectrum(v, grid)
    expected = spectral.energy_spectrum(u, grid)
    np.testing.assert_allclose(k.numpy(), expected[0])
    np.testing.assert_allclose(energy.detach().numpy(), expected[1], rtol=1e-12)
    (gradient,) = torch.autograd.grad(energy.sum(), v)  # of ½⟨u²⟩ per sample: u / N
    np.testing.assert_allclose(gradient.numpy(), u / grid.size, atol=1e-15)


def test_energy_spectrum_refuses_walls_and_other_shapes() -> None:
    with pytest.raises(GridError, match="periodic"):
        spectral.energy_spectrum(np.zeros(8), Grid((Axis("x", 8, 0, 1, "neumann"),)))
    with pytest.raises(ShapeError, match="8"):
        spectral.energy_spectrum(np.zeros(9), Grid.periodic(8, TWO_PI))
