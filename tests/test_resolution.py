"""What a run says of modes that its grid, or its dealiasing, cannot hold."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import pdekit
from pdekit.errors import CaseError
from pdekit.plots import figures

ETDRK4 = {"integrator": "etdrk4", "step": 0.05}
KS: dict[str, Any] = {
    "equation": "kuramoto_sivashinsky",
    "domain": {"x": {"interval": [0, "32*pi"], "points": 48}},
    "initial": {"state": "kassam_trefethen"},
    "time": {"end": 20, "save": 5},  # before it blows up
    "solver": {**ETDRK4, "dealias": {"exp": {}}},
}


def burgers(initial: str, dealias: str = "two_thirds", **equation: Any) -> dict[str, Any]:
    """Burgers on 32 points of one period: |m| <= 10 is kept."""
    return {
        "equation": {"name": "burgers", "viscosity": 0.1, **equation},
        "domain": {"x": {"interval": [0, "2*pi"], "points": 32}},
        "initial": initial,
        "time": {"end": 0.01, "save": 2},
        "solver": {"integrator": "etdrk4", "steps": 2, "dealias": dealias},
    }


def said(case: dict[str, Any]) -> str:
    return "\n".join(pdekit.solve(case).summary["warnings"])


def test_an_exponential_filter_does_not_hide_an_unresolved_run() -> None:
    # all modes with k = m / 16 < 1 grow, and the filter stops them at m = 14
    result = pdekit.solve(KS)
    assert np.max(result.diagnostics["spectral_tail"]) > 1e-2
    assert "does not resolve" in "\n".join(result.summary["warnings"])


@pytest.mark.parametrize("dealias", ["two_thirds", "half", "none", {"exp": {}}])
def test_the_figure_states_the_tail_of_the_run(dealias: Any) -> None:
    brief = {"time": {"end": 5, "save": 3}, "solver": {**ETDRK4, "dealias": dealias}}
    result = pdekit.solve({**KS, **brief})
    (ax,) = figures(result, ["spectrum"])["spectrum"].axes
    stated = ax.get_legend_handles_labels()[1][2].partition("τ = ")[2]
    last = float(np.max(result.diagnostics["spectral_tail"][-1]))
    assert last > 0
    assert number(stated) == pytest.approx(last, rel=0.06)  # two digits


def number(text: str) -> float:
    """Read ``0.012`` or ``1.2×10⁻⁵``."""
    mantissa, _, power = text.partition("×10")
    return float(mantissa) * 10.0 ** int(power.translate(DIGITS) or 0)


DIGITS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")


@pytest.mark.parametrize(
    ("dealias", "cut", "points"), [("two_thirds", 10, 43), ("half", 7, 57)]
)
def test_a_start_beyond_the_cut_is_reported(dealias: str, cut: int, points: int) -> None:
    found = said(burgers("sin(x) + 0.4 * sin(14 * x)", dealias))
    part = 100 * 0.4 / np.hypot(1, 0.4)  # Parseval
    assert f"dealias {dealias} keeps |m| <= {cut} along x of 32 points" in found
    assert f"removes {part:.2g} % of the initial u" in found
    assert f"{points} along x" in found


def test_the_points_asked_for_suffice_and_one_fewer_does_not() -> None:
    case = burgers("sin(x) + 0.4 * sin(14 * x)")
    for points, silent in ((43, True), (42, False)):
        case["domain"]["x"]["points"] = points
        assert ("removes" not in said(case)) is silent


def test_nothing_is_said_where_nothing_is_removed() -> None:
    assert "removes" not in said(burgers("sin(x) + 0.4 * sin(10 * x)"))
    assert "removes" not in said(burgers("sin(x) + 0.4 * sin(14 * x)", "none"))


def test_a_start_that_vanishes_is_refused() -> None:
    with pytest.raises(CaseError, match="removes 100 % of the initial u") as caught:
        pdekit.solve(burgers("sin(14 * x)"))
    assert "initial" in str(caught.value)
    with pytest.raises(CaseError, match="removes 99 %"):
        pdekit.solve(burgers("sin(14 * x) + 0.1 * sin(x)"))


def test_a_source_beyond_the_cut_is_reported_or_refused() -> None:
    found = said(burgers("sin(x)", source="sin(x) + sin(12 * x)"))
    assert "removes 71 % of the source of u" in found  # 1 / sqrt 2
    with pytest.raises(CaseError, match="source of u") as caught:
        pdekit.solve(burgers("sin(x)", source="sin(12 * x)"))
    assert "equation.source" in str(caught.value)
