"""Vector solitons: residual, in-states, and the symmetries of the Manakov system."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pdekit.errors import PdekitError
from pdekit.solvers.exact import manakov, nlse

CASES: dict[str, dict[str, Any]] = {
    "bright_soliton": {
        "amplitude": 1.4,
        "velocity": 0.6,
        "angle": 0.3,
        "relative_phase": 1.0,
    },
    "plane_wave": {
        "amplitude": 0.9,
        "wavenumber": 0.7,
        "angle": 1.1,
        "relative_phase": -0.4,
    },
    "n_soliton": {
        "amplitudes": [1.0, 1.5, 0.8],
        "velocities": [1.0, 0.3, -0.5],
        "positions": [-5.0, 0.0, 4.0],
        "phases": [0.2, 1.2, 2.2],
        "angles": [0.3, 1.2, -0.5],
        "relative_phases": [0.5, 1.5, -1.0],
    },
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("default", [True, False])
def test_solves_the_system(
    name: str, default: bool, residual: Callable[..., float]
) -> None:
    f, params = getattr(manakov, name), {} if default else CASES[name]
    x = np.linspace(-12.0, 12.0, 481)
    for t in (0.0, 3.0, 10.0):
        assert residual(lambda x, t: f(x, t, **params), x, t) < 1e-9


def test_solitons_look_like_their_sum_when_far_apart() -> None:
    params = {
        "amplitudes": [1.0, 1.5, 0.8],
        "velocities": [1.0, 0.3, -0.5],
        "positions": [60.0, 0.0, -60.0],
        "phases": [0.2, 1.2, 2.2],
        "angles": [0.3, 1.2, -0.5],
        "relative_phases": [0.5, 1.5, -1.0],
    }
    x = np.linspace(-100, 100, 2001)
    names = ("amplitude", "velocity", "position", "phase", "angle", "relative_phase")
    each = [
        dict(zip(names, values, strict=True))
        for values in zip(*params.values(), strict=True)
    ]
    expected = sum(np.stack(manakov.bright_soliton(x, 0.0, **one)) for one in each)
    assert np.abs(np.stack(manakov.n_soliton(x, 0.0, **params)) - expected).max() < 1e-13


def test_equal_polarisations_are_a_scalar_collision() -> None:
    x, t = np.linspace(-30, 30, 601), 5.3
    scalar = nlse.n_soliton(x, t)
    u, v = manakov.n_soliton(
        x,
        t,
        amplitudes=[2, 1.5],
        velocities=[2, -2],
        angles=[0.7, 0.7],
        positions=[-10, 10],
    )
    np.testing.assert_allclose(u, np.cos(0.7) * scalar, atol=1e-13)
    np.testing.assert_allclose(v, np.sin(0.7) * scalar, atol=1e-13)


def test_rotating_the_components_rotates_the_solution() -> None:
    x, t = np.linspace(-30, 30, 601), 9.0
    straight = np.stack(manakov.n_soliton(x, t, angles=[0.2, 1.0]))
    turned = np.stack(manakov.n_soliton(x, t, angles=[0.2 + 0.5, 1.0 + 0.5]))
    c, s = np.cos(0.5), np.sin(0.5)
    np.testing.assert_allclose(turned, np.array([[c, -s], [s, c]]) @ straight, atol=1e-13)


def test_orthogonal_polarisations_survive_and_oblique_ones_change() -> None:
    x, t = np.linspace(10.0, 60.0, 501), 40.0  # soliton 1 alone, long after the collision
    u, v = manakov.n_soliton(x, t, angles=[0.0, np.pi / 2])
    assert np.abs(v).max() < 1e-12
    assert np.abs(u).max() == pytest.approx(1.0, abs=1e-2)
    u, v = manakov.n_soliton(x, t, angles=[0.0, np.pi / 4])
    assert np.abs(v).max() > 0.1
    height = np.sqrt(np.abs(u) ** 2 + np.abs(v) ** 2)
    assert height.max() == pytest.approx(1.0, abs=1e-2)


def test_needs_an_angle_for_each_soliton() -> None:
    with pytest.raises(PdekitError, match="2 angles"):
        manakov.n_soliton(np.zeros(3), 0.0, amplitudes=[1.0])
