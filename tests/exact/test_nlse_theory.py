"""Closed forms against published numbers and against linear stability analysis."""

from __future__ import annotations

import numpy as np
import pytest

from pdekit.solvers.exact import nlse_theory as theory


def test_shifts_of_two_collisions() -> None:
    shifts = theory.collision_shifts([2.0, 1.5], [2.0, -2.0])
    np.testing.assert_allclose(shifts, [0.27650, -0.36867], atol=5e-6)
    shifts = theory.collision_shifts([1.0, 0.7], [1.0, -0.5])
    np.testing.assert_allclose(shifts, [0.786902, -1.124146], atol=5e-7)


def test_shifts_add_up_and_keep_the_centre_of_mass() -> None:
    a, v = [1.0, 0.7, 1.3], [1.0, -0.5, 0.2]
    shifts = theory.collision_shifts(a, v)
    pairs = [theory.collision_shifts([a[0], a[k]], [v[0], v[k]])[0] for k in (1, 2)]
    assert shifts[0] == pytest.approx(sum(pairs))
    assert np.dot(a, shifts) == pytest.approx(0.0, abs=1e-14)
    assert theory.collision_shifts([1.0, 2.0], [0.5, 0.5]).tolist() == [0.0, 0.0]


def test_invariants_of_the_published_collision() -> None:
    found = theory.soliton_invariants([2.0, 1.5], [2.0, -2.0])
    expected = {"mass": 7, "momentum": 2, "energy": 10.208333, "i4": 10.5, "i5": -54.1625}
    assert found == pytest.approx(expected, abs=5e-7)


@pytest.mark.parametrize(
    ("d", "g", "a"), [(1.0, 1.0, 1.0), (0.5, 3.0, 0.7), (-2.0, -1.0, 1.1)]
)
def test_gain_is_the_eigenvalue_of_the_linearised_equation(
    d: float, g: float, a: float
) -> None:
    # ψ = (A + p + iq) e^{igA²t}:  pₜ = (D/2)K² q,  qₜ = −(D/2)K² p + 2gA² p
    for k in (0.3, 0.8, 1.5, 4.0):
        s = d * k**2 / 2
        matrix = np.array([[0.0, s], [-s + 2 * g * a**2, 0.0]])
        expected = np.linalg.eigvals(matrix).real.max()
        gain = theory.modulational_gain(k, amplitude=a, dispersion=d, focusing=g)
        assert float(gain) == pytest.approx(expected, abs=1e-12)


def test_gain_known_values() -> None:
    gain = theory.modulational_gain([0.8, np.sqrt(2.0), 2.5])
    np.testing.assert_allclose(gain, [0.73321, 1.0, 0.0], atol=5e-6)
    assert theory.modulational_gain(1.0, focusing=-1.0) == 0.0
