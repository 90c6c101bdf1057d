"""Clouds of values and quasi-probabilities of coherent states, in closed form."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pdekit.solvers.diagnostics import phase_space
from pdekit.solvers.exact import nlse

DX = 50 / 512
X = -25 + DX * np.arange(512)


def test_published_statistics_of_the_single_soliton() -> None:
    t = 20 * 50 / 99  # the middle one of 100 frames
    psi = nlse.bright_soliton(X, t, amplitude=2.0, velocity=1.0, position=-10.0)
    found = phase_space.statistics(psi)
    assert found["pearson"] == pytest.approx(-0.584, abs=6e-4)
    assert found["eccentricity"] == pytest.approx(0.897, abs=6e-4)
    assert found["rms_radius"] == pytest.approx(0.283, abs=6e-4)
    assert found["mutual_information"] == pytest.approx(0.050, abs=6e-4)
    assert phase_space.cloud(psi).size == 55


def test_rms_radius_is_the_root_of_the_mean_density() -> None:
    psi = nlse.n_soliton(X, 5.0)  # mass 7 on a length of 50
    assert phase_space.statistics(psi)["rms_radius"] == pytest.approx(np.sqrt(7 / 50))


def test_shapes_of_clouds() -> None:
    angle = 2 * np.pi * np.arange(400) / 400
    ring = phase_space.statistics(np.exp(1j * angle))
    assert ring["eccentricity"] == pytest.approx(0.0, abs=1e-6)
    assert ring["pearson"] == pytest.approx(0.0, abs=1e-12)
    assert ring["circular_std"] > 7
    ellipse = 2 * np.cos(angle) + 1j * np.sin(angle)
    assert phase_space.eccentricity(ellipse) == pytest.approx(np.sqrt(3 / 4))
    line = phase_space.statistics((0.3 + 0.4j) * np.linspace(1, 2, 300))
    assert line["pearson"] == pytest.approx(1.0)
    assert line["spearman"] == pytest.approx(1.0)
    assert line["eccentricity"] == pytest.approx(1.0)
    assert line["circular_mean"] == pytest.approx(np.arctan2(0.4, 0.3))
    assert line["circular_std"] == pytest.approx(0.0, abs=1e-7)
    assert line["mutual_information"] == pytest.approx(1.0, abs=1e-3)
    still = phase_space.statistics(np.full(50, 2 + 0j))
    assert (still["pearson"], still["eccentricity"], still["mutual_information"]) == (
        0,
        0,
        0,
    )


def test_circular_std_of_a_wrapped_normal() -> None:
    phases = np.random.default_rng(0).normal(3.0, 0.5, 200_000)
    heights = np.random.default_rng(1).uniform(0.5, 2.0, 200_000)
    assert phase_space.circular_std(heights * np.exp(1j * phases)) == pytest.approx(
        0.5, abs=5e-3
    )


def test_spearman_against_an_independent_implementation() -> None:
    from scipy.stats import spearmanr

    random = np.random.default_rng(3)
    a, b = random.integers(0, 9, 200) * 1.0, random.normal(size=200)  # with ties
    assert phase_space.spearman(a, b + a) == pytest.approx(spearmanr(a, b + a).statistic)
    assert phase_space.spearman(a, np.exp(a)) == pytest.approx(1.0)


def test_mutual_information_of_independent_values_is_small() -> None:
    a, b = np.random.default_rng(4).normal(size=(2, 100_000))
    assert phase_space.mutual_information(a, b) < 2e-3


def coherent(x: Any, x0: float, k0: float, s: float) -> Any:
    return np.exp(-((x - x0) ** 2) / (2 * s**2) + 1j * k0 * x) / (np.pi * s**2) ** 0.25


@pytest.mark.parametrize("n", [128, 129])
def test_wigner_function_of_a_coherent_state(n: int) -> None:
    dx = 24 / n
    x = -12 + dx * np.arange(n)
    k, w = phase_space.wigner(coherent(x, 1.0, -3.0, 0.9), dx)
    x_part = (x[:, None] - 1) ** 2 / 0.81
    expected = np.exp(-x_part - 0.81 * (k + 3) ** 2) / np.pi
    np.testing.assert_allclose(w, expected, atol=1e-9)


def test_marginals_of_the_wigner_function_of_a_superposition() -> None:
    n, dx = 256, 40 / 256
    x = -20 + dx * np.arange(n)
    psi = coherent(x, -4.0, 1.0, 1.0) + coherent(x, 4.0, -2.0, 1.0)
    k, w = phase_space.wigner(psi, dx)
    np.testing.assert_allclose(w.sum(axis=1) * (k[1] - k[0]), np.abs(psi) ** 2, atol=1e-12)
    psi_hat = dx * np.fft.fftshift(np.fft.fft(psi)) / np.sqrt(2 * np.pi)
    np.testing.assert_allclose(w.sum(axis=0) * dx, np.abs(psi_hat) ** 2, atol=1e-8)
    assert w.min() < -0.2  # the two interfere half-way


def test_husimi_function_of_a_coherent_state() -> None:
    n, dx = 128, 24 / 128
    x = -12 + dx * np.arange(n)
    k, q = phase_space.husimi(coherent(x, 1.0, -3.0, 0.9), dx, width=0.9)
    exponent = (x[:, None] - 1) ** 2 / (2 * 0.81) + 0.81 * (k + 3) ** 2 / 2
    np.testing.assert_allclose(q, np.exp(-exponent) / (2 * np.pi), atol=1e-12)
    soliton = nlse.bright_soliton(x, 0.0, amplitude=1.5, velocity=1.0)
    k, q = phase_space.husimi(soliton, dx)
    assert q.sum() * dx * (k[1] - k[0]) == pytest.approx(3.0, rel=1e-9)
    assert q.min() >= 0
