"""Clamped plates and beams: exact deflections, the condition of the iteration, refusals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pdekit.case import load_case
from pdekit.errors import CaseError
from pdekit.grid import Axis, Grid
from pdekit.linalg.plates import ClampedPlate
from pdekit.run import solve


def square(points: int, **more: Any) -> dict[str, Any]:
    axis = {"interval": [0, 1], "points": points}
    return {
        "equation": {"name": "biharmonic", "edges": "clamped"},
        "domain": {"x": axis, "y": axis},
        "outputs": {"figures": "none"},
        **more,
    }


def test_a_square_plate_under_a_uniform_load() -> None:
    """w = 0.00126532 q a⁴/D in the middle (Taylor & Govindjee, 2004)."""
    result = solve(square(31, source="1"))
    u = result.fields["u"][0]
    assert u[15, 15] == pytest.approx(0.00126532, abs=5e-9)
    np.testing.assert_allclose(u, u.T, atol=1e-15)
    np.testing.assert_allclose(u, u[::-1], atol=1e-15)
    assert result.summary["convergence"]["iterations"] <= 20
    assert result.errors["error_estimate"] < 1e-6


def test_the_error_of_a_smooth_deflection_falls_to_rounding() -> None:
    errors = []
    for points in (11, 25):
        case = square(points, manufactured="x**2*(1 - x)**2*exp(x)*sin(pi*y)**2")
        errors.append(solve(case).errors["relative_l2"])
    assert errors[0] > 1e-8
    assert errors[1] < 1e-9  # the residual is below 1e-10


def test_the_operator_is_symmetric_and_two_at_most_of_its_preconditioner() -> None:
    """Eigenvalues of  A  relative to  1⊗M + M⊗1  lie in [1, 2]."""
    from scipy.linalg import eigvalsh

    axes = (Axis("x", 10, 0.0, 1.0, "dirichlet"), Axis("y", 9, 0.0, 2.0, "dirichlet"))
    plate = ClampedPlate(Grid(axes))
    A = plate.tocsr().toarray()
    np.testing.assert_allclose(A, A.T, atol=1e-15)
    np.testing.assert_allclose(A.diagonal(), plate.diagonal().ravel(), rtol=1e-12)
    p, q = (part.mass for part in plate.parts)
    B = np.kron(np.eye(len(p)), q) + np.kron(p, np.eye(len(q)))
    values = eigvalsh(A, B)
    assert values[0] >= 1
    assert values[-1] <= 2
    for part in plate.parts:
        assert (part.mass.diagonal() > 0).all()


def test_a_clamped_beam() -> None:
    """u⁗ = 1:  u = x² (L − x)²/24."""
    case = {
        "equation": {"name": "biharmonic", "edges": "clamped", "source": "1"},
        "domain": {"x": {"interval": [0, 2], "points": 15}},
    }
    result = solve(case)
    (x,) = result.grid.points()
    np.testing.assert_allclose(result.fields["u"][0], x**2 * (2 - x) ** 2 / 24, atol=1e-14)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"boundary": {"x": {"lower": "1"}}}, "boundary: must be zero"),
        ({"manufactured": "x*(1 - x)*y**2*(1 - y)**2"}, "manufactured: must be zero with"),
        ({"solver": "multigrid"}, "solver.name: clamped plates are solved by spectral"),
        ({"run": {"precision": "single"}}, "run.precision: single is not for"),
        (
            {"domain": {"x": {"interval": [0, 1], "points": 9, "boundary": "neumann"}}},
            "between Dirichlet walls",
        ),
    ],
)
def test_what_is_not_clamped_is_refused(changes: dict[str, Any], expected: str) -> None:
    with pytest.raises(CaseError, match=expected):
        solve(load_case(square(15, **changes)))
