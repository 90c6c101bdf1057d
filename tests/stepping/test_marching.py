"""Equations advanced without a case file, on arrays and on tensors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pdekit import Grid, evolve
from pdekit.errors import BlowUp, NotApplicable, ShapeError, UnknownName
from pdekit.solvers.spectral.manakov import Manakov
from pdekit.solvers.spectral.nlse import NLSE

GRID = Grid.periodic(256, (-15.0, 15.0))
(X,) = GRID.points()
WAYS: list[tuple[str, dict[str, Any]]] = [("strang", {"steps": 40}), ("dop853_ip", {})]
SOLITON = NLSE().solution("bright_soliton", amplitude=2.0, velocity=0.5)


def test_final_values() -> None:
    found = evolve(NLSE(), GRID, SOLITON(X, 1.0), 3.0, start=1.0)
    assert np.abs(found - SOLITON(X, 3.0)).max() < 1e-8


def test_an_equation_by_name_at_several_times() -> None:
    found = evolve("nlse", GRID, SOLITON(X, 0.0), 2.0, times=[0.0, 0.7, 2.0])
    expected = np.stack([SOLITON(X, t) for t in (0.0, 0.7, 2.0)])
    assert found.shape == (3, 256)
    assert np.abs(found - expected).max() < 1e-8


@pytest.mark.parametrize("how", [{"step": 0.0101}, {"steps": 100}])
def test_a_fixed_step(how: dict[str, Any]) -> None:
    found = evolve("nlse", GRID, SOLITON(X, 0.0), 1.0, integrator="rkn6_14", **how)
    assert np.abs(found - SOLITON(X, 1.0)).max() < 1e-9


@pytest.mark.parametrize(("integrator", "how"), WAYS)
def test_members_are_what_they_are_alone(integrator: str, how: dict[str, Any]) -> None:
    u = np.stack([a * SOLITON(X, 0.0) for a in (0.8, 1.0, 1.3)])[:, None]
    found = evolve("nlse", GRID, u, 1.0, integrator=integrator, **how)
    assert found.shape == (3, 1, 256)
    for one, alone in zip(found, u, strict=True):
        other = evolve("nlse", GRID, alone, 1.0, integrator=integrator, **how)
        assert np.abs(one - other).max() < 1e-12


def test_two_components() -> None:
    u = np.stack([0.6 * SOLITON(X, 0.0), 0.8 * SOLITON(X, 0.0)])
    found = evolve(Manakov(), GRID, u, 1.0)
    assert np.abs(found[0] - 0.6 * SOLITON(X, 1.0)).max() < 1e-8


def test_single_precision_stays_single() -> None:
    u = SOLITON(X, 0.0).astype(np.complex64)
    assert evolve("nlse", GRID, u, 0.1, rtol=1e-5).dtype == np.complex64


@pytest.mark.parametrize(("integrator", "how"), WAYS)
def test_tensors_carry_gradients(integrator: str, how: dict[str, Any]) -> None:
    torch = pytest.importorskip("torch")
    shape = SOLITON(X, 0.0)

    def loss(a: Any, u: Any) -> Any:
        final = evolve("nlse", GRID, a * u, 1.0, integrator=integrator, **how)
        return (abs(final) ** 4).sum()

    a = torch.tensor(1.1, dtype=torch.float64, requires_grad=True)
    loss(a, torch.as_tensor(shape)).backward()
    difference = (loss(1.1 + 1e-5, shape) - loss(1.1 - 1e-5, shape)) / 2e-5
    assert a.grad.item() == pytest.approx(difference, rel=1e-6)


@pytest.mark.parametrize(
    ("end", "how", "says"),
    [
        (1.0, {"integrator": "strang"}, "needs step or steps"),
        (
            1.0,
            {"integrator": "strang", "rtol": 1e-6},
            "does not take rtol; it takes step, steps",
        ),
        (1.0, {"step": 0.1}, "does not take step"),
        (1.0, {"integrator": "strang", "step": 0.0}, "must be positive"),
        (0.0, {}, "not after the start"),
        (1.0, {"times": [0.5, 0.2]}, "must ascend"),
        (1.0, {"times": []}, "must ascend"),
        (1.0, {"times": [2.0]}, "must ascend"),
    ],
)
def test_refused(end: float, how: dict[str, Any], says: str) -> None:
    with pytest.raises(NotApplicable, match=says):
        evolve("nlse", GRID, SOLITON(X, 0.0), end, **how)


@pytest.mark.parametrize("shape", [(64,), (2, 256), (256, 1), ()])
def test_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError, match="the field"):
        evolve("nlse", GRID, np.zeros(shape), 1.0)


def test_unknown_names_and_failures() -> None:
    with pytest.raises(UnknownName, match="strang"):
        evolve("nlse", GRID, SOLITON(X, 0.0), 1.0, integrator="strng")
    with pytest.raises(BlowUp):
        evolve("nlse", GRID, 40 * SOLITON(X, 0.0), 40.0, integrator="etdrk4", steps=60)


def test_the_page_on_the_library_says_what_is_so() -> None:
    """Its Python blocks are one program, which runs."""
    page = Path(__file__).parents[2] / "docs" / "library.md"
    blocks = page.read_text(encoding="utf-8").split("```python\n")[1:]
    program = "\n".join(block.split("```")[0] for block in blocks)
    exec(compile(program, str(page), "exec"), {})  # noqa: S102
