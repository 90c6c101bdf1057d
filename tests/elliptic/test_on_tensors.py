"""Boundary-value cases on torch and in single precision: answers as in double."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pdekit.case import load_case
from pdekit.errors import CaseError, PdekitError
from pdekit.run import solve

torch = pytest.importorskip("torch")
CUDA = pytest.param(
    {"device": "cuda", "precision": "single"},
    marks=[
        pytest.mark.gpu,
        pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device"),
    ],
)
RUNS = [{"backend": "torch"}, {"backend": "torch", "precision": "single"}, CUDA]


def axis(points: int = 31, boundary: str = "dirichlet", **more: Any) -> dict[str, Any]:
    return {"interval": [0, 1], "points": points, "boundary": boundary, **more}


PROBLEMS: dict[str, dict[str, Any]] = {
    "a formula": {
        "equation": {"name": "poisson", "coefficient": "1 + 4*x*y", "reaction": "x"},
        "domain": {"x": axis(), "y": axis(32, "dirichlet_neumann")},
        "manufactured": "exp(x)*cos(3*y)",
    },
    "blocks": {
        "equation": {
            "name": "poisson",
            "coefficient": {"blocks": {"size": 4, "contrast": 1e3}},
            "source": "1",
        },
        "domain": {"x": axis(), "y": axis()},
    },
    "no walls": {
        "equation": {"name": "poisson", "coefficient": "1 + 0.5*sin(2*pi*x)"},
        "domain": {"x": axis(24, "periodic"), "y": axis(24, "neumann", centring="cell")},
        "manufactured": "sin(2*pi*x)*cos(pi*y)",
    },
    "two equations": {
        "equation": "biharmonic",
        "domain": {"x": axis(), "y": axis()},
        "source": "1 + x",
    },
}


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("name", PROBLEMS)
def test_answers_are_those_in_double_precision(name: str, run: dict[str, str]) -> None:
    case = {**PROBLEMS[name], "solver": {"name": "krylov", "rtol": 1e-11}}
    expected = solve(case).fields["u"]
    result = solve({**case, "run": run})
    assert result.summary["convergence"]["relative_residual"] <= 1e-11
    np.testing.assert_allclose(
        result.fields["u"], expected, atol=1e-9 * abs(expected).max()
    )
    assert "corrected in double" in result.summary["solver"]["description"]


@pytest.mark.parametrize("run", RUNS)
def test_members_are_solved_together(
    run: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from pdekit.steady import tensors

    medium = {"random_field": {"kind": "lognormal", "variance": 1}}
    case = {
        "equation": {"name": "poisson", "coefficient": medium, "source": "1"},
        "domain": {"x": axis(), "y": axis()},
    }
    expected = solve({**case, "run": {"members": 5}})
    monkeypatch.setattr(tensors, "together", lambda *_: 2)
    found = solve({**case, "run": {**run, "members": 5}})
    u = expected.fields["u"]
    np.testing.assert_allclose(found.fields["u"], u, atol=1e-9 * u.max())
    np.testing.assert_array_equal(
        found.fields["coefficient"], expected.fields["coefficient"]
    )
    assert found.summary["convergence"]["systems"] == 5


def test_transforms_in_single_precision_are_refined() -> None:
    case = {
        "equation": "poisson",
        "domain": {"x": axis(63), "y": axis(63)},
        "manufactured": "sin(pi*x)*sin(2*pi*y)",
        "solver": "direct",
    }
    double, single = (
        solve({**case, "run": {"precision": p}}) for p in ("double", "single")
    )
    assert single.summary["convergence"]["iterations"] == 2
    assert single.summary["convergence"]["relative_residual"] < 1e-10
    assert double.summary["convergence"]["iterations"] == 1
    np.testing.assert_allclose(single.fields["u"], double.fields["u"], atol=1e-10)
    assert not np.array_equal(single.fields["u"], double.fields["u"])


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"run": {"precision": "single"}, "solver": "krylov"}, "or backend torch"),
        (
            {"run": {"backend": "torch"}, "solver": "direct"},
            "solver.name: direct is not for",
        ),
        (
            {"run": {"backend": "torch"}, "mask": "0.5 - x"},
            "run.backend: torch is for steady",
        ),
        (
            {
                "run": {"backend": "torch"},
                "solver": {"name": "krylov", "preconditioner": "mic"},
            },
            "solver.preconditioner: mic is not for",
        ),
    ],
)
def test_what_there_is_not_is_refused(changes: dict[str, Any], expected: str) -> None:
    case = {
        "equation": {"name": "poisson", "source": "1"},
        "domain": {"x": axis(), "y": axis()},
        **changes,
    }
    with pytest.raises(CaseError, match=expected):
        solve(load_case(case))


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_a_device_that_is_not_there_is_told() -> None:
    case = {**PROBLEMS["blocks"], "run": {"device": "cuda"}}
    with pytest.raises(PdekitError, match="no CUDA device"):
        solve(case)
