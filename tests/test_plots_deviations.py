"""Figures of Gaussian processes: the deviation beside the solution, the bands in use."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pdekit.plots import figures
from pdekit.plots.solution import parts_of
from pdekit.result import Result
from pdekit.run import solve

X: dict[str, Any] = {"interval": [0, 1], "points": 31}


def result_of(**changes: Any) -> Result:
    plain = {"equation": "poisson", "domain": {"x": X}, "solver": "gp",
             "outputs": {"figures": "none"}}  # fmt: skip
    return solve({**plain, **changes})


@pytest.mark.parametrize("axes", ["x", "xy", "xyz"])
def test_the_deviation_has_a_panel_of_its_own(axes: str) -> None:
    domain = {name: {**X, "points": 31 // len(axes)} for name in axes}
    result = result_of(domain=domain, manufactured="*".join(f"cos({a})" for a in axes))
    parts = parts_of(result)
    (deviation,) = [
        p for p in parts if np.array_equal(p.values, result.fields["u_deviation"][0])
    ]
    assert deviation is not parts[0]
    assert figures(result, "solution")["solution"] is not None


def test_bands_are_drawn_where_the_data_have_their_peaks() -> None:
    """sin 60x: a line at 60/2π, the Nyquist frequency at 16."""
    drawn = figures(result_of(manufactured="sin(60*x)"), "bands")["bands"]
    (ax,) = drawn.axes
    assert ax.get_xlim()[1] == pytest.approx(1.05 * 16)
    lines = [line.get_xdata()[0] for line in ax.get_lines()]
    assert min(abs(x - 60 / (2 * np.pi)) for x in lines) < 0.2
    assert any(x == pytest.approx(16) for x in lines)


def test_without_bands_there_is_no_picture_of_them() -> None:
    assert figures(result_of(source="1"), "bands").get("bands") is None


def test_in_time_the_deviation_is_drawn_with_the_error() -> None:
    result = result_of(
        equation={"name": "heat", "diffusivity": "1"}, manufactured="exp(-t)*sin(x)",
        time={"end": 1, "save": 3},
    )  # fmt: skip
    below = figures(result, "profile")["profile"].axes[1]
    curves = [line.get_ydata() for line in below.get_lines()]
    sigma = result.fields["u_deviation"][-1]
    assert any(np.allclose(np.ravel(y)[: sigma.size], sigma, rtol=1e-12) for y in curves)
