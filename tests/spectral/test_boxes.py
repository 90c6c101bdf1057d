"""Two and three dimensions, against one dimension and plane waves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pdekit import registry
from pdekit.grid import Grid
from tests.stepping.marching import DISPERSIVE, error, solve

NLSE = registry.equation("nlse")
EVERY = DISPERSIVE
PLANE = Grid.periodic((32, 24), ((-np.pi, np.pi), (0.0, 3 * np.pi)))
LINE = Grid.periodic(32, (-np.pi, np.pi))


def how(name: str, steps: int = 20) -> dict[str, Any]:
    return {"rtol": 1e-11} if name.startswith("dop") else {"steps": steps}


@pytest.mark.parametrize("name", EVERY)
def test_plane_waves_in_a_plane(name: str) -> None:
    x, y = PLANE.points()
    kx, ky, amplitude = 2.0, -4 / 3, 0.8
    rate = (kx**2 + ky**2) / 2 - amplitude**2
    wave = amplitude * np.exp(1j * (kx * x + ky * y))
    found = solve(NLSE(), PLANE, name, wave, end=1.0, **how(name))
    assert error(found, wave * np.exp(-1j * rate)) < (1e-5 if "rk4" in name else 1e-10)


@pytest.mark.parametrize("name", EVERY)
def test_a_field_of_one_coordinate_stays_one(name: str) -> None:
    """To rounding, or, where rounding may change the steps, within the tolerance."""
    (x,) = LINE.points()
    bound = how(name).get("rtol", 1e-12)
    u = np.exp(np.cos(x) + 1j * np.sin(2 * x)) / 2
    line = solve(NLSE(), LINE, name, u, end=0.5, **how(name))
    along_x = solve(NLSE(), PLANE, name, np.repeat(u[:, None], 24, 1), end=0.5, **how(name))
    assert error(along_x, np.repeat(line[:, None], 24, 1)) < bound
    other = Grid.periodic((24, 32), ((0.0, 1.0), (-np.pi, np.pi)))
    along_y = solve(NLSE(), other, name, np.repeat(u[None], 24, 0), end=0.5, **how(name))
    assert error(along_y, np.repeat(line[None], 24, 0)) < bound


def test_a_line_in_a_box() -> None:
    box = Grid.periodic((8, 32, 6), ((0.0, 1.0), (-np.pi, np.pi), (0.0, 2.0)))
    (x,) = LINE.points()
    u = np.exp(np.cos(x) + 1j * np.sin(2 * x)) / 2
    line = solve(NLSE(), LINE, "bm4", u, end=0.5, steps=20)
    full = np.broadcast_to(u[:, None], box.shape)
    found = solve(NLSE(), box, "bm4", full, end=0.5, steps=20)
    assert error(found, np.broadcast_to(line[:, None], box.shape)) < 1e-12


@pytest.mark.parametrize("potential", [None, "0.3*cos(x) - 0.2*sin(2*y/3)"])
def test_linear_fields_separate(potential: str | None) -> None:
    x, y = (p.ravel() for p in PLANE.points())
    second = Grid.periodic(24, (0.0, 3 * np.pi))
    u, v = np.exp(np.cos(x) + 0.3j), np.exp(1j * np.sin(2 * y / 3))
    parts = (None, None) if potential is None else ("0.3*cos(x)", "-0.2*sin(2*x/3)")
    one, other = (
        solve(NLSE(focusing=0.0, potential=p), g, "rkn6_14", f, end=2.0, steps=50)
        for p, g, f in zip(parts, (LINE, second), (u, v), strict=True)
    )
    equation = NLSE(focusing=0.0, potential=potential)
    found = solve(equation, PLANE, "rkn6_14", np.outer(u, v), end=2.0, steps=50)
    assert error(found, np.outer(one, other)) < 1e-12


def test_conserved_in_a_plane() -> None:
    x, y = PLANE.points()
    u = 0.6 * np.exp(np.cos(x) + 1j * np.sin(2 * y / 3)) * np.exp(1j * x)
    equation = NLSE(focusing=-1.0)
    end = solve(equation, PLANE, "dop853_ip", u, end=0.5, rtol=1e-12)
    before, after = (
        equation.invariants(PLANE, u[None]),
        equation.invariants(PLANE, end[None]),
    )
    assert set(before) == {"mass", "momentum_x", "momentum_y", "energy"}
    scales = equation.invariant_scales(PLANE, u[None])
    for name, value in before.items():
        assert abs(after[name] - value) < 1e-8 * scales[name]
