"""Observed orders on manufactured solutions: every boundary, dimension and centring."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from pdekit.run import solve

SHAPES = {
    "dirichlet": "cos(1.3*{a} + 0.2)",
    "neumann": "cos(1.3*{a} + 0.2)",
    "dirichlet_neumann": "cos(1.3*{a} + 0.2)",
    "neumann_dirichlet": "exp(0.7*{a})",
    "periodic": "(1 + 0.5*sin(2*pi*{a}))",
}
INTERVALS = 64


def points(boundary: str, centring: str) -> int:
    """Unknowns on so many intervals."""
    more = {"dirichlet": -1, "neumann": 1}.get(boundary, 0)
    return INTERVALS + (more if centring == "vertex" else 0)


def case_of(boundaries: tuple[str, ...], centring: str, **changes: Any) -> dict[str, Any]:
    axes = dict(zip("xyz", boundaries, strict=False))
    return {
        "equation": {"name": "poisson", "coefficient": "1 + 0.3*cos(2*pi*x)"},
        "domain": {
            a: {"interval": [0, 1], "points": points(b, centring), "boundary": b,
                "centring": centring}
            for a, b in axes.items()
        },
        "manufactured": "*".join(SHAPES[b].format(a=a) for a, b in axes.items()),
        "checks": {"observed_order": {"between": [1.85, 2.15]}},
        "outputs": {"figures": "none"},
        **changes,
    }  # fmt: skip


@pytest.mark.parametrize("centring", ["vertex", "cell"])
@pytest.mark.parametrize("boundaries", list(itertools.product(SHAPES, SHAPES)))
def test_second_order_in_the_plane(boundaries: tuple[str, ...], centring: str) -> None:
    result = solve(case_of(boundaries, centring))
    assert result.status == "ok", result.summary["checks"]
    constant = solve(case_of(boundaries, centring, equation="poisson"))
    assert constant.status == "ok", constant.summary["checks"]
    assert constant.summary["solver"]["name"] == "direct"


@pytest.mark.parametrize("boundary", SHAPES)
def test_second_order_on_a_line(boundary: str) -> None:
    result = solve(case_of((boundary,), "vertex"))
    assert result.status == "ok", result.summary["checks"]


@pytest.mark.parametrize(
    "boundaries",
    [("dirichlet", "neumann", "periodic"), ("neumann",) * 3,
     ("dirichlet_neumann", "periodic", "neumann_dirichlet")],
)  # fmt: skip
def test_second_order_in_space(boundaries: tuple[str, ...]) -> None:
    reacting = {"name": "poisson", "coefficient": "1 + 0.3*x*y*z*0 + 0.2*cos(2*pi*x)",
                "reaction": "1 + cos(2*pi*y)"}  # fmt: skip
    result = solve(case_of(boundaries, "cell", equation=reacting))
    assert result.status == "ok", result.summary["checks"]


@pytest.mark.parametrize(
    "boundaries", list(itertools.product(("dirichlet", "neumann"), repeat=2))
)
def test_fourth_order_of_the_compact_scheme(boundaries: tuple[str, ...]) -> None:
    given = case_of(
        boundaries,
        "vertex",
        equation="poisson",
        solver={"name": "direct", "order": 4},
        checks={"observed_order": {"between": [3.7, 4.3]}},
    )
    result = solve(given)
    assert result.status == "ok", result.summary["checks"]


def test_a_coefficient_for_each_axis() -> None:
    k = {"x": 1, "y": "200*(1 + 0.5*x*y)"}
    given = case_of(
        ("dirichlet", "neumann"), "vertex", equation={"name": "poisson", "coefficient": k}
    )
    result = solve(given)
    assert result.status == "ok"
    assert list(result.fields) == ["u", "coefficient_y"]


@pytest.mark.parametrize("wavenumber", ["3", "2 + x"])
def test_helmholtz(wavenumber: str) -> None:
    given = case_of(
        ("dirichlet", "neumann"),
        "vertex",
        equation={"name": "helmholtz", "wavenumber": wavenumber},
    )
    result = solve(given)
    assert result.status == "ok", result.summary["checks"]


def test_near_resonance_is_warned_of() -> None:
    """√2 π: the lowest eigenvalue of the unit square is 2π²."""
    given = case_of(
        ("dirichlet", "dirichlet"),
        "vertex",
        equation={"name": "helmholtz", "wavenumber": "sqrt(2)*pi*1.0001"},
        checks={},
    )
    assert any("resonates" in text for text in solve(given).summary["warnings"])
    far = {"name": "helmholtz", "wavenumber": "3"}
    assert not solve({**given, "equation": far}).summary["warnings"]


@pytest.mark.parametrize("solver", ["auto", {"name": "krylov"}])
def test_biharmonic(solver: Any) -> None:
    given = case_of(
        ("dirichlet", "neumann_dirichlet"), "vertex", equation="biharmonic", solver=solver
    )
    result = solve(given)
    assert result.status == "ok", result.summary["checks"]
    assert result.summary["convergence"]["systems"] == 2


def test_a_hinged_plate_bends_as_navier_says() -> None:
    """Navier's series of the deflection, at the centre under a uniform load."""
    odd = np.arange(1, 200, 2)
    m, n = odd[:, None], odd
    signs = (-1.0) ** ((m + n) // 2 - 1)
    centre = (16 / np.pi**6 * signs / (m * n * (m**2 + n**2) ** 2)).sum()
    axis = {"interval": [0, 1], "points": 63}
    result = solve(
        {
            "equation": {"name": "biharmonic", "source": 1},
            "domain": {"x": axis, "y": axis},
            "outputs": {"figures": "none"},
        }
    )
    assert result.fields["u"][0, 31, 31] == pytest.approx(centre, rel=5e-4)
