"""Figures of boundary-value problems: what they draw, and of what."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pdekit.plots import AT_REST, figures
from pdekit.plots.solution import parts_of
from pdekit.result import Result
from pdekit.run import solve

LINE: dict[str, Any] = {"x": {"interval": [0, 1], "points": 31}}
PLANE: dict[str, Any] = {**LINE, "y": {"interval": [0, 2], "points": 31}}
SPACE: dict[str, Any] = {**PLANE, "z": {"interval": [0, 1], "points": 15}}
CG = {"name": "krylov", "preconditioner": "jacobi"}


def result_of(domain: dict[str, Any], **changes: Any) -> Result:
    return solve(
        {
            "title": "A test",
            "equation": {"name": "poisson", "coefficient": "1 + x", "source": "1"},
            "domain": domain,
            "solver": CG,
            "outputs": {"figures": "none"},
            **changes,
        }
    )


@pytest.mark.parametrize("domain", [LINE, PLANE, SPACE], ids=["line", "plane", "space"])
def test_solution_coefficient_and_error_have_a_panel_each(domain: dict[str, Any]) -> None:
    axes = "*".join(f"cos({name})" for name in domain)
    result = result_of(
        domain, equation={"name": "poisson", "coefficient": "1 + x"}, manufactured=axes
    )
    drawn = figures(result)
    assert set(drawn) == set(AT_REST) - {"bands", "observations"}  # of processes
    parts = parts_of(result)
    assert [part.kind for part in parts] == ["state", "medium", "error"]
    error = np.abs(result.fields["u"][0] - result.reference["u"])
    np.testing.assert_allclose(parts[2].values, error, atol=1e-15)
    panels = [ax for ax in drawn["solution"].axes if ax.get_xlabel() or ax.get_ylabel()]
    assert len(panels) >= 3
    assert any("manufactured solution" in t.get_text() for t in drawn["solution"].texts)


def test_a_constant_coefficient_is_not_drawn() -> None:
    result = result_of(PLANE, equation={"name": "poisson", "source": "1"})
    assert [part.kind for part in parts_of(result)] == ["state"]


def test_the_history_is_drawn_down_to_the_tolerance() -> None:
    result = result_of(PLANE)
    (ax,) = figures(result, "residuals")["residuals"].axes
    curve, tolerance = ax.get_lines()
    np.testing.assert_array_equal(
        curve.get_ydata(), result.diagnostics["residual_history"][0]
    )
    assert set(tolerance.get_ydata()) == {1e-10}
    assert ax.get_yscale() == "log"
    assert ax.get_ylim()[0] < 1e-10


def test_a_direct_solution_has_no_history_to_draw() -> None:
    result = result_of(PLANE, equation={"name": "poisson", "source": "1"}, solver="direct")
    assert set(figures(result)) == {"solution"}


def test_each_system_has_a_curve() -> None:
    plate = {"equation": {"name": "biharmonic", "source": "1"}}
    assert "residuals" not in figures(result_of(PLANE, **plate, solver="direct"))
    result = result_of(PLANE, **plate, solver="multigrid")
    (ax,) = figures(result, "residuals")["residuals"].axes
    curves = [line.get_ydata() for line in ax.get_lines()[:-1]]
    assert [float(curve[0]) for curve in curves] == [1.0, 1.0]
    assert sum(map(len, curves)) == result.diagnostics["residual_history"].size


def test_what_is_outside_a_mask_is_grey() -> None:
    result = result_of(PLANE, mask="0.5 - x", solver="krylov")
    drawn = figures(result, "solution")["solution"]
    image = drawn.axes[0].images[0]
    assert image.get_array().mask.any()


def test_great_contrast_has_a_log_scale() -> None:
    from matplotlib.colors import LogNorm

    blocks = {"blocks": {"size": 8, "contrast": 1e4, "seed": 0}}
    equation = {"name": "poisson", "coefficient": blocks, "source": "1"}
    drawn = figures(result_of(PLANE, equation=equation), "solution")["solution"]
    norms = [type(ax.images[0].norm) for ax in drawn.axes if ax.images]
    assert norms[1] is LogNorm
    assert norms[0] is not LogNorm


def test_a_slim_box_has_short_bars() -> None:
    slim = {
        "x": {"interval": [0, 6], "points": 31},
        "y": {"interval": [0, 1], "points": 31},
    }
    manufactured = {"equation": "poisson", "manufactured": "sin(x)*y"}
    assert figures(result_of(slim, **manufactured), "solution")


def test_heat_is_drawn_like_an_evolution() -> None:
    result = result_of(
        LINE,
        equation={"name": "heat", "diffusivity": "1 + x"},
        initial="sin(pi*x)",
        time={"end": 0.1, "save": 5},
        solver={**CG, "steps": 8},
    )
    assert {"spacetime", "profile", "diagnostics", "residuals"} <= set(figures(result))
