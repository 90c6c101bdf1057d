"""Entropies: published values at t = 0, closed forms, and what they must not depend on."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from pdekit.solvers.diagnostics import entropy
from pdekit.solvers.exact import nlse, nlse_states

N, DX = 512, 50 / 512
X = -25 + DX * np.arange(N)

# Analysis published with arXiv 2509.05901 (three decimals), t = 0.
PUBLISHED = {
    "single": (2.940, 3.623, 5.147, 2.732, 2.332, 8.053, 0.935, 15.238, 0.005, -5.853),
    "two": (3.746, 4.080, 5.971, 3.499, 2.892, 13.199, 0.970, 8.693, 0.011, -5.256),
    "breather": (3.384, 3.171, 5.759, 3.197, 2.819, 10.564, 0.959, 10.813, 0.005, -5.477),
    "instability": (5.015, 1.548, 6.238, 4.858, 4.474, 25.455, 0.992, 2.391, 0.027, -4.955),
}


def state(name: str) -> Any:
    if name == "single":
        return nlse.bright_soliton(X, 0.0, amplitude=2.0, velocity=1.0, position=-10.0)
    if name == "two":
        return nlse.n_soliton(X, 0.0)
    if name == "breather":
        return nlse_states.si_breather(X)
    return nlse_states.si_modulation_instability(X)


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_values(name: str) -> None:
    psi = state(name)
    p, height = entropy.probabilities(psi), np.abs(psi)
    found = (
        entropy.shannon(p),
        entropy.spectral(psi),
        entropy.renyi(p, 0),
        entropy.renyi(p, 2),
        entropy.renyi(p, np.inf),
        entropy.tsallis(p, 0.5),
        entropy.tsallis(p, 2),
        entropy.complexity(p),
        entropy.sample_entropy(height),
        entropy.histogram_entropy(height) + np.log(np.ptp(height) / 50),
    )
    assert [float(f) for f in found] == pytest.approx(PUBLISHED[name], abs=6e-4)


@pytest.mark.parametrize(
    ("name", "value"), [("two", 0.408), ("breather", 0.394), ("instability", 0.991)]
)
def test_published_permutation_entropy(name: str, value: float) -> None:
    found = entropy.permutation_entropy(np.abs(state(name)))
    assert found == pytest.approx(value, abs=6e-4)


def test_four_digits_of_the_specification() -> None:
    p = entropy.probabilities(state("single"))
    found = [
        entropy.shannon(p),
        entropy.renyi(p, 2),
        entropy.tsallis(p, 2),
        entropy.tsallis(p, 0.5),
    ]
    assert [float(f) for f in found] == pytest.approx(
        [2.9400, 2.7318, 0.9349, 8.0531], abs=6e-5
    )


@pytest.mark.parametrize("a", [0.7, 2.0])
@pytest.mark.parametrize("n", [1024, 4096])
def test_differential_entropies_of_a_soliton(a: float, n: int) -> None:
    dx = 60 / n
    psi = nlse.bright_soliton(-30 + dx * np.arange(n), 0.0, amplitude=a, velocity=1.0)
    p = entropy.probabilities(psi)
    # the negligible tails that are left out hold about 1e-15 n of the probability
    assert float(entropy.differential_shannon(p, dx)) == pytest.approx(
        2 - np.log(2 * a), abs=1e-9
    )
    assert float(entropy.differential_renyi(p, 2, dx)) == pytest.approx(
        -np.log(a / 3), abs=1e-9
    )
    assert float(entropy.differential_renyi(p, np.inf, dx)) == pytest.approx(
        -np.log(a / 2), abs=1e-9
    )
    assert float(entropy.differential_tsallis(p, 2, dx)) == pytest.approx(
        1 - a / 3, abs=1e-9
    )
    # ∫√ρ dx = √(A/2) ∫sech(Ax) dx = π/√(2A)
    half = 2 * (np.pi / np.sqrt(2 * a) - 1)
    assert float(entropy.differential_tsallis(p, 0.5, dx)) == pytest.approx(half, abs=1e-5)


def test_orders_near_one_are_shannons() -> None:
    p = entropy.probabilities(state("two"))
    s, dx = float(entropy.shannon(p)), 0.1
    for order in (1, 1.0, 1 + 1e-6, 1 - 1e-6):
        assert float(entropy.renyi(p, order)) == pytest.approx(s, abs=1e-5)
        assert float(entropy.tsallis(p, order)) == pytest.approx(s, abs=1e-5)
        h = float(entropy.differential_tsallis(p, order, dx))
        assert h == pytest.approx(s + np.log(dx), abs=1e-5)
    orders = [0, 0.5, 1, 2, 7, np.inf]
    values = [float(entropy.renyi(p, a)) for a in orders]
    assert values == sorted(values, reverse=True)


def test_uniform_single_point_and_empty_states() -> None:
    uniform = entropy.series(np.full(64, 1 + 1j), 0.5)
    assert float(uniform["shannon_entropy"]) == pytest.approx(np.log(64))
    assert float(uniform["spectral_entropy"]) == pytest.approx(0.0, abs=1e-12)
    assert float(uniform["renyi_entropy_inf"]) == pytest.approx(np.log(64))
    assert float(uniform["tsallis_entropy_half"]) == pytest.approx(2 * (8 - 1))
    assert float(uniform["complexity"]) == pytest.approx(0.0, abs=1e-12)
    assert float(uniform["differential_entropy"]) == pytest.approx(np.log(32))
    point = entropy.series(np.eye(64, dtype=complex)[3], 0.5)
    assert float(point["shannon_entropy"]) == 0.0
    assert float(point["spectral_entropy"]) == pytest.approx(np.log(64))
    empty = entropy.series(np.zeros(64, complex), 0.5)
    assert all(np.isfinite(v) for v in empty.values())


def test_series_takes_frames_and_agrees_with_the_single_functions() -> None:
    frames = np.stack([[state(name)] for name in PUBLISHED])  # (t, member, x)
    found = entropy.series(frames, DX)
    p = entropy.probabilities(frames)
    expected = {
        "shannon_entropy": entropy.shannon(p),
        "spectral_entropy": entropy.spectral(frames),
        "renyi_entropy_2": entropy.renyi(p, 2),
        "renyi_entropy_inf": entropy.renyi(p, np.inf),
        "tsallis_entropy_half": entropy.tsallis(p, 0.5),
        "tsallis_entropy_2": entropy.tsallis(p, 2),
        "complexity": entropy.complexity(p),
        "differential_entropy": entropy.differential_shannon(p, DX),
    }
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        assert found[name].shape == (4, 1)
        np.testing.assert_allclose(found[name], values, rtol=1e-12)
        for i, one in enumerate(frames[:, 0]):
            assert float(entropy.series(one, DX)[name]) == pytest.approx(
                float(values[i, 0])
            )


def test_permutation_entropy_counts_orderings() -> None:
    assert entropy.permutation_entropy(np.arange(20.0)) == 0.0
    assert entropy.permutation_entropy([1.0, 2.0]) == 0.0
    # 0 2 1 3 2 4 …: ups and downs alternate, two orderings, equally often
    zigzag = np.arange(22) // 2 + 2 * np.tile([0, 1], 11)
    assert entropy.permutation_entropy(zigzag) == pytest.approx(np.log(2) / np.log(6))
    assert entropy.permutation_entropy(zigzag, delay=2) == 0.0
    noise = np.random.default_rng(0).normal(size=20_000)
    assert entropy.permutation_entropy(noise, order=4) == pytest.approx(1.0, abs=1e-3)


def test_sample_entropy_by_counting_pairs() -> None:
    values = np.random.default_rng(1).normal(size=60)
    radius = 0.3 * values.std()

    def rate(m: int) -> float:
        stretches = np.lib.stride_tricks.sliding_window_view(values, m)
        pairs = list(itertools.combinations(stretches, 2))
        return sum(np.abs(a - b).max() <= radius for a, b in pairs) / len(pairs)

    expected = -np.log(rate(3) / rate(2))
    found = entropy.sample_entropy(values, tolerance=0.3)
    assert found == pytest.approx(expected, rel=1e-12)
    assert entropy.sample_entropy(np.ones(30)) == 0.0
    assert entropy.sample_entropy([1.0, 2.0]) == 0.0
    assert entropy.sample_entropy(2.0 ** np.arange(20), tolerance=1e-9) == 0.0


def test_histogram_entropy_of_known_distributions() -> None:
    assert entropy.histogram_entropy(np.linspace(0, 3, 50_001)) == pytest.approx(
        np.log(3), abs=1e-3
    )
    normal = np.random.default_rng(2).normal(size=200_000)
    expected = 0.5 * np.log(2 * np.pi * np.e)
    assert entropy.histogram_entropy(normal) == pytest.approx(expected, abs=1e-2)
