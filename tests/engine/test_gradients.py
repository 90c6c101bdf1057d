"""Gradients of a loss through whole runs on tensors, against central differences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pdekit import registry
from pdekit.grid import Grid
from pdekit.marching import evolve
from pdekit.typing import Array

torch = pytest.importorskip("torch")

LINE = Grid.periodic(24, (0.0, 20.0))
SQUARE = Grid.periodic((12, 14), ((0.0, 2 * np.pi), (0.0, 2 * np.pi)))
FIXED = {"steps": 10}
ADAPTIVE = {"rtol": 1e6, "first_step": 0.05, "max_step": 0.05}
"""Steps that do not depend on the state: else the answer jumps where a step size does."""


def kuramoto_sivashinsky() -> tuple[Any, Grid, Array]:
    (x,) = LINE.points()
    u = np.cos(2 * np.pi * x / 20) + 0.3 * np.sin(4 * np.pi * x / 20)
    return registry.equation("kuramoto_sivashinsky")(), LINE, np.stack([u, 0.5 * u])


def navier_stokes() -> tuple[Any, Grid, Array]:
    x, y = SQUARE.points()
    omega = np.sin(x) * np.cos(y) + np.cos(x + 2 * y)
    return registry.equation("navier_stokes_2d")(), SQUARE, omega[None]


@pytest.mark.parametrize("make", [kuramoto_sivashinsky, navier_stokes])
@pytest.mark.parametrize(
    ("name", "how"),
    [("etdrk4", FIXED), ("sbdf2", FIXED), ("sbdf3", FIXED), ("lsrk54", FIXED),
     ("ark3", ADAPTIVE), ("dop853_ip", {"rtol": 1e-6})],
)  # fmt: skip
def test_a_slope_is_that_of_central_differences(
    make: Any, name: str, how: dict[str, Any]
) -> None:
    """Fourth-order differences along a random direction, for a random linear loss."""
    equation, grid, values = make()
    rng = np.random.default_rng(7)
    shape = (len(values), 1, *grid.shape)
    u = torch.tensor(values.reshape(shape), requires_grad=True)
    direction, weight = (torch.tensor(rng.standard_normal(shape)) for _ in range(2))

    def loss(v: Any) -> Any:
        return (evolve(equation, grid, v, 0.5, integrator=name, **how) * weight).sum()

    (gradient,) = torch.autograd.grad(loss(u), u)
    e = 1e-3
    with torch.no_grad():
        near, far = (loss(u + n * direction) - loss(u - n * direction) for n in (e, 2 * e))
    expected = float(8 * near - far) / (12 * e)
    assert float((gradient * direction).sum()) == pytest.approx(expected, rel=1e-6)


def test_batches_and_precision_of_a_tensor_survive() -> None:
    equation, grid, values = kuramoto_sivashinsky()
    batch = torch.tensor(np.broadcast_to(values[:, None, None], (2, 3, 1, 24)).copy())
    together = evolve(equation, grid, batch, 0.5, integrator="etdrk4", steps=10)
    assert together.shape == batch.shape
    for row, u in zip(together, values, strict=True):
        alone = evolve(equation, grid, u, 0.5, integrator="etdrk4", steps=10)
        assert abs(row - torch.tensor(alone)).max() < 1e-13
    single = batch[0, 0, 0].float().requires_grad_()
    found = evolve(equation, grid, single, 0.5, integrator="etdrk4", steps=10)
    assert found.dtype == torch.float32
    assert abs(found.detach() - together[0, 0, 0]).max() < 1e-5
    found.sum().backward()
    assert single.grad.dtype == torch.float32
