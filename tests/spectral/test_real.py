"""Real fields, by an equation from outside:  uₜ = D uₓₓ + u − u³."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from typing import Any, ClassVar

import numpy as np
import pytest

from pdekit import registry, solve
from pdekit.equation import AbstractEquation, Params
from pdekit.grid import Grid
from pdekit.typing import Array

CASE = {
    "equation": "cubic_decay",
    "domain": {"x": {"interval": [-10, 10], "points": 64}},
    "initial": "0.1*cos(pi*x/10)",
    "time": {"end": 2, "save": 5},
}
SOLVERS: list[dict[str, Any]] = [
    {"integrator": "dop853_ip"},
    {"integrator": "etdrk4", "steps": 80},
]


class AllenCahnParams(Params):
    diffusion: float = 1.0


class AllenCahn(AbstractEquation):
    name: ClassVar[str] = "cubic_decay"
    fields: ClassVar[tuple[str, ...]] = ("u",)
    Params = AllenCahnParams

    def symbol(self, grid: Grid) -> Array:
        return -self.params.diffusion * grid.k_squared(real=True)[None]

    @staticmethod
    def product(u: Any) -> Any:
        return u - u * u * u

    def diagnostics(self, grid: Grid, u: Array) -> dict[str, Array]:
        return {"mean": grid.mean(u[..., 0, :])}


@pytest.fixture(autouse=True)
def _plugin(monkeypatch: pytest.MonkeyPatch) -> None:
    point = EntryPoint("cubic_decay", f"{__name__}:AllenCahn", "pdekit.equations")
    monkeypatch.setattr(EntryPoint, "load", lambda self: AllenCahn)
    monkeypatch.setattr(
        registry,
        "_installed",
        lambda group: {"cubic_decay": point} if group == point.group else {},
    )
    monkeypatch.delenv("PDEKIT_NO_PLUGINS", raising=False)


@pytest.mark.parametrize("backend", ["fused", "numpy", "torch"])
@pytest.mark.parametrize("solver", SOLVERS)
def test_frames_and_series_are_real(solver: dict[str, Any], backend: str) -> None:
    result = solve({**CASE, "solver": solver, "run": {"backend": backend}})
    assert result.fields["u"].dtype == np.dtype("float64")
    assert result.diagnostics["mean"].dtype == np.dtype("float64")
    assert result.errors["error_estimate"] < 1e-5
    k = np.pi / 10  # the wave grows as linear theory has it, while it is small
    small = solve({**CASE, "initial": "1e-4*cos(pi*x/10)", "solver": solver})
    growth = np.abs(small.fields["u"][-1]).max() / 1e-4
    assert growth == pytest.approx(np.exp(2 * (1 - k**2)), rel=1e-5)
