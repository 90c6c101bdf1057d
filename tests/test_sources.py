"""Sources that have nowhere to go, and parameters that are none, are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pdekit import Grid, registry, solve
from pdekit.case import load_case
from pdekit.declared import Declared
from pdekit.errors import CaseError, PdekitError
from pdekit.solvers.spectral.navier_stokes_2d import NavierStokes2D
from pdekit.store import run_into

REST = """
domain: {x: {interval: [0, 2*pi], points: 32}}
initial: "sin(x)"
time: {end: 0.1, save: 2}
"""
STEPS = "solver: {integrator: etdrk4, steps: 4}\n"
HEAT = 'fields: [u], linear: {u: "dxx(u)"}'


@pytest.mark.parametrize("equation", ["name: kdv", HEAT])
def test_a_source_of_an_unknown_field_is_refused_where_it_stands(
    equation: str, tmp_path: Path
) -> None:
    path = tmp_path / "case.yaml"
    head = f"equation: {{{equation}, source: {{"
    path.write_text(f'{head}v: "sin(x)"}}}}{REST}{STEPS}')
    with pytest.raises(CaseError) as refused:
        load_case(path)
    (problem,) = refused.value.problems
    assert str(problem) == (
        f"{path}:1:{len(head) + 1}: equation.source.v: unknown field; accepted: u"
    )


def test_a_wrong_formula_for_one_field_is_refused_where_it_stands(tmp_path: Path) -> None:
    path = tmp_path / "case.yaml"
    path.write_text(f'equation: {{name: kdv, source: {{u: "sinn(x)"}}}}{REST}{STEPS}')
    with pytest.raises(CaseError, match=r"1:\d+: equation\.source\.u: unknown function"):
        load_case(path)


@pytest.mark.parametrize(
    "pose",
    [
        lambda source: registry.equation("kdv")(source=source),
        lambda source: Declared(fields=["u"], linear={"u": "dxx(u)"}, source=source),
    ],
)
def test_the_library_refuses_a_source_of_an_unknown_field(pose: Any) -> None:
    assert pose({"u": "sin(x)"}).params.source == {"u": "sin(x)"}
    with pytest.raises(PdekitError, match=r"source\.v: unknown field; accepted: u"):
        pose({"v": "sin(x)"})


@pytest.mark.parametrize("integrator", ["strang", "etdrk4"])
def test_splitting_refuses_a_source_that_others_take(integrator: str) -> None:
    case: dict[str, Any] = {
        "equation": {"name": "nlse", "source": "0.1*cos(x)"},
        "domain": {"x": {"interval": [0, "2*pi"], "points": 32}},
        "initial": "exp(1j*x)",
        "time": {"end": 0.1, "save": 2},
        "solver": {"integrator": integrator, "steps": 20},
    }
    if integrator == "etdrk4":
        assert np.isfinite(solve(case).fields["psi"]).all()
        return
    with pytest.raises(CaseError) as refused:
        solve(case)
    (problem,) = refused.value.problems
    assert problem.path == "solver.integrator"
    assert "etdrk4, ifrk4 or dop853_ip" in problem.message


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"viscocity": 1.0}, "viscocity: unknown parameter; did you mean 'viscosity'"),
        ({"viscosity": -1.0}, "viscosity: must be at least 0"),
    ],
)
def test_a_wrong_parameter_is_named_in_plain_words(
    given: dict[str, float], message: str
) -> None:
    with pytest.raises(PdekitError, match=message) as refused:
        NavierStokes2D(**given)
    assert "pydantic" not in str(refused.value)


def test_a_tensor_is_no_parameter() -> None:
    torch = pytest.importorskip("torch")
    with pytest.raises(PdekitError, match="viscosity: must not be a torch tensor"):
        NavierStokes2D(viscosity=torch.tensor(0.1))


@pytest.mark.parametrize(
    ("omega", "warned"),
    [
        (np.cos(np.pi / 2), False),  # 6e-17, the rounding of 0
        (1e-3, True),
    ],
)
def test_only_a_mean_beyond_rounding_is_warned_of(omega: float, warned: bool) -> None:
    grid = Grid.periodic((16, 16), ((0.0, 1.0), (0.0, 1.0)))
    state = np.full((1, 16, 16), omega)
    found = NavierStokes2D().warnings(grid, state, registry.integrator("etdrk4"), 0.1)
    assert any("has the mean" in sentence for sentence in found) == warned


def test_a_figure_that_does_not_apply_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "case.yaml"
    figures = "outputs: {figures: [snapshots, profile]}\n"
    path.write_text(f"equation: kdv{REST}{STEPS}{figures}")
    with caplog.at_level("INFO", logger="pdekit"):
        run_into(load_case(path), tmp_path / "out")
    assert "figures that do not apply to this run: snapshots\n" in caplog.text
    assert [p.name for p in (tmp_path / "out" / "figures").iterdir()] == ["profile.png"]
