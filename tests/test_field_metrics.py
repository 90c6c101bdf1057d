"""Metrics of fields: what they must be of fields whose distance is known."""

from __future__ import annotations

import numpy as np
import pytest

from pdekit import field_metrics as m
from pdekit.errors import ShapeError

RNG = np.random.default_rng(7)
SHAPES = [(3, 1, 1, 16), (2, 2, 4, 12, 9), (2, 1, 3, 6, 8, 5)]
RELATIVE = [m.relative_l2, m.nrmse, m.relative_max_error]
ZERO = [*RELATIVE, m.symmetric_rmse, m.vrmse, m.max_error, m.conserved_rmse,
        m.boundary_rmse, m.log_spectrum_error, m.wasserstein]  # fmt: skip


@pytest.fixture(params=SHAPES, ids=str)
def y(request):
    return RNG.standard_normal(request.param)


@pytest.mark.parametrize("metric", ZERO)
def test_no_distance_from_itself(metric, y):
    assert metric(y, y) == 0.0


@pytest.mark.parametrize("metric", RELATIVE)
@pytest.mark.parametrize("eps", [1e-3, 0.5])
def test_relative_ones_of_a_stretched_field(metric, eps, y):
    assert metric((1 + eps) * y, y) == pytest.approx(eps, rel=1e-12)


def test_frames_and_samples_of_a_stretched_field(y):
    np.testing.assert_allclose(m.relative_l2_of_frames(1.1 * y, y), 0.1)
    np.testing.assert_allclose(m.relative_l2_of_samples(1.1 * y, y), 0.1)


def test_the_mean_has_vrmse_one():
    y = RNG.standard_normal((2, 1, 3, 64, 64))
    mean = np.broadcast_to(y.mean(axis=(3, 4), keepdims=True), y.shape)
    assert m.vrmse(mean, y) == pytest.approx(1.0, abs=2e-4)  # N against N − 1, 1e-7


def test_an_offset_is_seen_by_means_alone():
    y = RNG.standard_normal((2, 1, 1, 32))
    assert m.conserved_rmse(y + 0.3, y) == pytest.approx(0.3)
    wave = y + np.sin(2 * np.pi * np.arange(32) / 32)
    assert m.conserved_rmse(wave, y) == pytest.approx(0.0, abs=1e-15)


def test_only_the_rim_counts():
    y = np.zeros((1, 1, 1, 5, 5))
    inside = y.copy()
    inside[..., 2, 2] = 1.0
    corner = y.copy()
    corner[..., 0, 0] = 1.0
    assert m.boundary_rmse(inside, y) == 0.0
    assert m.boundary_rmse(corner, y) == pytest.approx(np.sqrt(1 / 16))


@pytest.mark.parametrize(
    ("k", "band"), [((2, 0), "low"), ((-3, 5), "middle"), ((9, 9), "high")]
)
def test_a_mode_falls_into_its_shell(k, band):
    x = np.arange(32) / 32
    wave = 0.4 * np.cos(2 * np.pi * (k[0] * x[:, None] + k[1] * x))
    y = np.zeros((1, 1, 1, 32, 32))
    found = m.fourier_rmse(y + wave, y)
    assert found.pop(band) == pytest.approx(0.4 / np.sqrt(2))  # of cos: two modes of half
    assert max(found.values()) < 1e-14


def test_one_quadrant_misses_what_the_other_has():
    x = np.arange(32) / 32
    wave = np.cos(2 * np.pi * (3 * x[:, None] - 2 * x))
    y = np.zeros((1, 1, 1, 32, 32))
    assert max(m.fourier_rmse(y + wave, y, compat="pdebench").values()) < 1e-14


def test_spectra_sum_to_the_energy(y):
    space = tuple(range(3, y.ndim))
    np.testing.assert_allclose(
        m.spectrum(y).sum(axis=-1), 0.5 * np.mean(y**2, axis=space), rtol=1e-12
    )


def test_bins_of_the_spectral_error_sum_to_the_mean_square_without_the_mean():
    y = RNG.standard_normal((2, 1, 1, 16, 16))
    e = RNG.standard_normal(y.shape)
    e -= e.mean(axis=(3, 4), keepdims=True)
    assert m.spectral_mse(y + e, y).sum() == pytest.approx(np.mean(e**2))


def test_samples_may_be_permuted(y):
    p = y + 0.1 * RNG.standard_normal(y.shape)
    order = RNG.permutation(len(y))
    for metric in ZERO:
        assert metric(p[order], y[order]) == pytest.approx(metric(p, y), rel=1e-12)


def test_twice_the_points_of_band_limited_fields_change_nothing():
    def fields(n):
        x = np.arange(n) / n
        u = np.sin(2 * np.pi * x) + 0.3 * np.cos(2 * np.pi * 5 * x)
        return (u + 0.1 * np.sin(2 * np.pi * 3 * x))[None, None, None], u[None, None, None]

    for metric in (m.relative_l2, m.nrmse, m.conserved_rmse):
        assert metric(*fields(64)) == pytest.approx(metric(*fields(32)), abs=1e-14)
    coarse, fine = m.fourier_rmse(*fields(32)), m.fourier_rmse(*fields(64))
    assert coarse == pytest.approx(fine, abs=1e-14)


def test_correlation_and_when_it_is_lost():
    x, t = 2 * np.pi * np.arange(32) / 32, np.array([0.0, 1.0, 2.0])
    y = np.sin(x) * np.ones((1, 1, 3, 1))
    p = np.stack([np.sin(x + a) for a in (0.0, 0.5, 1.5)])[None, None]
    np.testing.assert_allclose(m.correlation(p, y)[0, 0], np.cos([0.0, 0.5, 1.5]))
    a, b = np.cos(0.5), np.cos(1.5)
    assert m.correlation_time(p, y, t)[0] == pytest.approx(1 + (a - 0.8) / (a - b))
    assert m.correlation_time(y, y, t)[0] == 2.0


def test_shifted_values_are_as_far_as_they_are_shifted(y):
    assert m.wasserstein(y + 0.7, y) == pytest.approx(0.7)


def test_the_interval_of_the_mean_holds_the_mean():
    found = m.Spread.of(RNG.exponential(size=200))
    assert found.low < found.mean < found.high
    assert found.median == pytest.approx(np.log(2), abs=0.25)
    assert found.high - found.low == pytest.approx(4 / np.sqrt(200), rel=0.3)


def test_fields_that_do_not_match_are_refused():
    with pytest.raises(ShapeError):
        m.relative_l2(np.zeros((2, 1, 1, 8)), np.zeros((2, 1, 1, 9)))
    with pytest.raises(ShapeError):
        m.relative_l2(np.zeros((2, 1, 8)), np.zeros((2, 1, 8)))
