"""The coupled pair against the scalar equation, its symmetry and its solitons."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pdekit import registry
from pdekit.grid import Grid
from pdekit.typing import Array
from tests.stepping.marching import DISPERSIVE, error, solve

NLSE, MANAKOV = registry.equation("nlse"), registry.equation("manakov")
EVERY = DISPERSIVE
GRID = Grid.periodic(256, (-20.0, 20.0))
(X,) = GRID.points()


def how(name: str, steps: int = 100) -> dict[str, Any]:
    return {"rtol": 1e-10} if name.startswith("dop") else {"steps": steps}


def pair() -> Array:
    return np.stack(
        [np.exp(-((X + 1) ** 2) / 2 + 0.5j * X), 0.7 / np.cosh(X - 2) * np.exp(-1j * X)]
    )


@pytest.mark.parametrize("name", EVERY)
def test_without_the_second_field_it_is_the_scalar_equation(name: str) -> None:
    u = pair()
    u[1] = 0.0
    bit_for_bit = {"end": 0.5, "engine": "numpy", **how(name)}
    scalar = solve(NLSE(), GRID, name, u[0], **bit_for_bit)
    both = solve(MANAKOV(), GRID, name, u, **bit_for_bit)
    assert np.array_equal(both[0], scalar)
    assert not both[1].any()
    fused = solve(MANAKOV(), GRID, name, u, end=0.5, **how(name))
    # noise at the limit of stability is as large as the tolerance allows
    assert error(fused[0], scalar) < (1e-9 if name == "dop853" else 1e-11)
    assert not fused[1].any()


def rotation() -> Array:
    """A unitary matrix of determinant 1."""
    a, b = np.cos(0.6) * np.exp(0.4j), np.sin(0.6) * np.exp(-1.1j)
    return np.array([[a, b], [-b.conjugate(), a.conjugate()]])


@pytest.mark.parametrize("name", EVERY)
def test_rotations_of_the_pair_commute_with_time(name: str) -> None:
    turn = rotation()
    plain = solve(MANAKOV(), GRID, name, pair(), end=0.5, **how(name))
    turned = solve(MANAKOV(), GRID, name, turn @ pair(), end=0.5, **how(name))
    assert error(turned, turn @ plain) < 1e-12


def test_rotations_need_equal_coupling() -> None:
    equation, turn = MANAKOV(coupling=2 / 3), rotation()
    plain = solve(equation, GRID, "bm4", pair(), end=0.5, steps=100)
    turned = solve(equation, GRID, "bm4", turn @ pair(), end=0.5, steps=100)
    assert error(turned, turn @ plain) > 1e-3


@pytest.mark.parametrize("name", ["rkn6_14", "bm4", "dop853_ip", "etdrk4"])
@pytest.mark.parametrize(("dispersion", "focusing"), [(1.0, 1.0), (2.0, 0.5)])
def test_a_collision_of_vector_solitons(
    name: str, dispersion: float, focusing: float
) -> None:
    grid = Grid.periodic(512, (-30.0, 30.0))
    (x,) = grid.points()
    equation = MANAKOV(dispersion=dispersion, focusing=focusing)
    exact = equation.solution(
        "n_soliton",
        amplitudes=[np.sqrt(dispersion / focusing), 0.8 * np.sqrt(dispersion / focusing)],
        velocities=[1.5, -1.5],
        positions=[-6.0, 6.0],
        angles=[0.4, 1.1],
        relative_phases=[0.3, -0.5],
    )
    start, end = np.stack(exact(x, 0.0)), np.stack(exact(x, 6.0))
    found = solve(equation, grid, name, start, end=6.0, **how(name, 4000))
    assert error(found, end) < 1e-7
    before, after = equation.invariants(grid, start), equation.invariants(grid, found)
    assert set(before) == {"mass_u", "mass_v", "momentum", "energy"}
    for quantity, value in before.items():
        assert after[quantity] == pytest.approx(value, abs=1e-7)
    assert abs(abs(end[0]).max() - abs(start[0]).max()) > 0.01  # they exchange polarisation


@pytest.mark.parametrize("coupling", [0.0, 2.0])
def test_masses_and_energy_for_any_coupling(coupling: float) -> None:
    equation = MANAKOV(coupling=coupling)
    end = solve(equation, GRID, "dop853_ip", pair(), end=2.0, rtol=1e-11)
    before, after = equation.invariants(GRID, pair()), equation.invariants(GRID, end)
    scales = equation.invariant_scales(GRID, pair())
    for quantity, value in before.items():
        assert abs(after[quantity] - value) < 1e-9 * max(abs(value), scales[quantity])


def test_uncoupled_fields_do_not_know_of_each_other() -> None:
    both = solve(MANAKOV(coupling=0.0), GRID, "rkn4_6", pair(), end=1.0, steps=100)
    for found, u in zip(both, pair(), strict=True):
        assert error(found, solve(NLSE(), GRID, "rkn4_6", u, end=1.0, steps=100)) < 1e-12


def test_warning_of_resonance_looks_at_both_fields() -> None:
    strang = registry.integrator("strang")
    waves = np.ones((2, 256), complex)
    assert len(MANAKOV().warnings(GRID, waves, strang, 1.0)) == 1
    assert MANAKOV().warnings(GRID, waves, strang, 1e-4) == []
