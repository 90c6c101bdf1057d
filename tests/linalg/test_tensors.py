"""The operator and its solution on tensors: against NumPy, by differences, in batches."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pdekit.errors import NotConverged, PdekitError, ShapeError
from pdekit.grid import Axis, Grid
from pdekit.linalg import discretize
from pdekit.linalg.preconditioners import check_preconditioner
from pdekit.linalg.tensors import TensorMultigrid, TensorStencil, pcg, solve
from tests.linalg.problems import Map, box, square

torch = pytest.importorskip("torch")
DEVICES = [
    "cpu",
    pytest.param(
        "cuda",
        marks=[
            pytest.mark.gpu,
            pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device"),
        ],
    ),
]
GRIDS = {
    "line": box((9,)),
    "square": square(7),
    "cells": box((6, 5), "dirichlet", "cell"),
    "torus": box((6, 5), "periodic"),
    "neumann": box((6, 5), "neumann"),
    "mixed": Grid(
        (
            Axis("x", 5, 0.0, 1.0, "neumann", "cell"),
            Axis("y", 4, 0.0, 2.0, "dirichlet"),
            Axis("z", 6, 0.0, 1.0, "periodic"),
        )
    ),
}


def random(*shape: int, seed: int = 0) -> Any:
    return torch.as_tensor(np.random.default_rng(seed).standard_normal(shape))


def positive(*shape: int, seed: int = 1) -> Any:
    return torch.exp(0.7 * random(*shape, seed=seed))


@pytest.fixture(params=list(GRIDS))
def grid(request: pytest.FixtureRequest) -> Grid:
    return GRIDS[request.param]


@pytest.mark.parametrize("device", DEVICES)
def test_operator_is_the_one_on_arrays(grid: Grid, device: str) -> None:
    k, c, x = (
        positive(2, *grid.shape),
        positive(2, *grid.shape, seed=2),
        random(2, *grid.shape),
    )
    op = TensorStencil(grid, k.to(device), c.to(device))
    found = op.apply(x.to(device)).cpu()
    for i in range(2):
        ours = discretize(grid, k[i].numpy(), lambda *_, i=i: c[i].numpy())
        expected = ours.apply(x[i].numpy())
        np.testing.assert_allclose(found[i].numpy(), expected, rtol=1e-11, atol=1e-10)
        diagonal = op.diagonal[i].cpu().numpy()
        np.testing.assert_allclose(diagonal, ours.diagonal(), rtol=1e-12)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize(("dtype", "bound"), [("float64", 1e-8), ("float32", 1e-5)])
def test_solution_is_the_one_on_arrays(
    grid: Grid, device: str, dtype: str, bound: float
) -> None:
    number = getattr(torch, dtype)
    k, b = positive(3, *grid.shape), random(3, *grid.shape)
    op = TensorStencil(grid, k.to(device, number), 0.5)
    found = pcg(op, b.to(device, number))
    assert found.x.dtype == number
    assert found.x.device.type == device
    assert found.converged.all()
    assert found.iterations.shape == (3,)
    for i in range(3):
        matrix = discretize(grid, k[i].numpy(), 0.5).tocsr().toarray()
        expected = np.linalg.solve(matrix, b[i].numpy().ravel())
        size = np.abs(expected).max()
        ours = found.x[i].double().cpu().numpy().ravel()
        np.testing.assert_allclose(ours, expected, atol=1e3 * bound * size)
        residual = np.linalg.norm(b[i].numpy().ravel() - matrix @ ours)
        assert residual <= 2 * bound * np.linalg.norm(b[i].numpy())


def test_samples_converge_by_themselves() -> None:
    """A sample's answer does not depend on the company it is in."""
    grid = square(31)
    k = torch.stack((torch.ones(31, 31).double(), positive(31, 31), positive(31, 31) ** 4))
    b = torch.stack((random(31, 31), torch.zeros(31, 31).double(), 1e-30 * random(31, 31)))
    together = pcg(TensorStencil(grid, k), b)
    assert together.converged.all()
    assert together.iterations[1] == 0
    assert not together.x[1].any()
    assert together.iterations[0] < together.iterations[2]
    for i in range(3):
        alone = pcg(TensorStencil(grid, k[i]), b[i])
        assert int(alone.iterations) == int(together.iterations[i])
        torch.testing.assert_close(alone.x, together.x[i], rtol=1e-9, atol=0.0)


def test_batches_broadcast() -> None:
    grid = square(15)
    k, b = positive(4, 1, 15, 15), random(3, 15, 15)
    found = pcg(TensorStencil(grid, k), b)
    assert found.x.shape == (4, 3, 15, 15)
    one = pcg(TensorStencil(grid, k[2, 0]), b[1])
    torch.testing.assert_close(found.x[2, 1], one.x, rtol=1e-6, atol=1e-9)


def test_multigrid_does_not_depend_on_the_grid() -> None:
    counts = []
    for n in (15, 63, 255):
        op = TensorStencil(square(n), torch.ones(n, n).double())
        counts.append(int(pcg(op, random(n, n)).iterations))
    assert max(counts) <= 13
    assert max(counts) - min(counts) <= 3


@pytest.mark.parametrize("n", [15, 12])
def test_cycle_is_symmetric_and_definite(n: int) -> None:
    grid = square(n)
    k = torch.exp(torch.sin(5 * torch.as_tensor(grid.points()[0] + grid.points()[1])))
    cycle = TensorMultigrid(TensorStencil(grid, k))
    P = Map(lambda r: cycle.apply(torch.as_tensor(r)).numpy(), good=True)
    assert check_preconditioner(P, discretize(grid, k.numpy())).fits_cg(1e-12)


# ---------------------------------------------------------------------------- gradients


def test_gradcheck(grid: Grid) -> None:
    k = positive(2, *grid.shape).requires_grad_()
    c = (0.5 + positive(*grid.shape, seed=3)).requires_grad_()
    b = random(2, *grid.shape).requires_grad_()
    assert torch.autograd.gradcheck(
        lambda k, c, b: solve(grid, k, b, c, rtol=1e-13),
        (k, c, b),
        atol=1e-6,
        rtol=1e-5,
        fast_mode=grid.size > 10,
    )


def test_gradcheck_twice() -> None:
    grid = square(3)
    k, b = positive(3, 3).requires_grad_(), random(3, 3).requires_grad_()
    assert torch.autograd.gradgradcheck(
        lambda k, b: solve(grid, k, b, rtol=1e-14), (k, b), atol=1e-6, rtol=1e-5
    )


def test_directional_derivative_by_differences_of_another_program() -> None:
    """Central differences of NumPy's solution converge to it with the second order."""
    grid = square(15)
    k, b = positive(15, 15), random(15, 15)
    dk, weight = random(15, 15, seed=5), random(15, 15, seed=6)

    def loss(k: np.ndarray) -> float:
        matrix = discretize(grid, k).tocsr().toarray()
        return float(weight.numpy().ravel() @ np.linalg.solve(matrix, b.numpy().ravel()))

    variable = k.clone().requires_grad_()
    (weight * solve(grid, variable, b, rtol=1e-12)).sum().backward()
    exact = float((variable.grad * dk).sum())
    errors = []
    for h in (4e-3, 2e-3, 1e-3):
        up, down = (loss((k + s * h * dk).numpy()) for s in (1, -1))
        errors.append(abs((up - down) / (2 * h) - exact))
    assert errors[-1] < 1e-4 * abs(exact)
    assert np.log2(errors[0] / errors[1]) == pytest.approx(2, abs=0.1)
    assert np.log2(errors[1] / errors[2]) == pytest.approx(2, abs=0.1)


def test_gradient_of_a_singular_problem() -> None:
    grid = box((6, 5), "neumann", "cell")
    k = positive(6, 5).requires_grad_()
    b = random(6, 5)
    b = (b - b.mean()).requires_grad_()
    x = solve(grid, k, b, rtol=1e-12)
    assert abs(float(x.detach().mean())) < 1e-14
    assert torch.autograd.gradcheck(
        lambda k, b: solve(grid, k, b - b.mean(), rtol=1e-13), (k, b), atol=1e-6
    )


def test_coefficient_is_recovered_from_observations() -> None:
    """What the gradient is for: k from u by descent."""
    grid = square(15)
    x, y = (torch.as_tensor(p) for p in grid.points())
    truth = 1 + 0.5 * torch.sin(3 * x) * torch.cos(2 * y)
    b = torch.ones(15, 15).double()
    observed = solve(grid, truth, b)
    log_k = torch.zeros(15, 15).double().requires_grad_()
    optimizer = torch.optim.LBFGS([log_k], max_iter=60, line_search_fn="strong_wolfe")

    def closure() -> Any:
        optimizer.zero_grad()
        loss = 1e6 * ((solve(grid, log_k.exp(), b, rtol=1e-11) - observed) ** 2).mean()
        loss.backward()
        return loss

    first = float(closure().detach())
    optimizer.step(closure)
    assert float(closure().detach()) < 1e-4 * first
    error = (log_k.detach().exp() - truth).norm() / truth.norm()
    assert error < 0.5 * float((torch.ones_like(truth) - truth).norm() / truth.norm())


def test_iterations_are_not_recorded() -> None:
    grid = square(31)
    k = positive(31, 31).requires_grad_()
    x = solve(grid, k, random(31, 31))
    assert type(x.grad_fn).__name__ == "SolveBackward"
    parents = [f for f, _ in x.grad_fn.next_functions if f is not None]
    assert [type(f).__name__ for f in parents] == ["AccumulateGrad"]


# ---------------------------------------------------------------------------- refusals


def test_refusals() -> None:
    grid = square(7)
    with pytest.raises(ShapeError):
        TensorStencil(grid, torch.ones(6, 7))
    with pytest.raises(PdekitError, match="real"):
        TensorStencil(grid, torch.ones(7, 7, dtype=torch.int64))
    op = TensorStencil(grid, torch.ones(7, 7))
    with pytest.raises(PdekitError, match="not finite"):
        pcg(op, torch.full((7, 7), torch.nan))
    with pytest.raises(NotConverged, match="2 samples are not solved in 2"):
        solve(square(31), positive(2, 31, 31), random(2, 31, 31), maxiter=2)
    torus = box((6, 6), "periodic")
    with pytest.raises(PdekitError, match="project=True"):
        pcg(TensorStencil(torus, positive(6, 6)), torch.ones(6, 6).double())
    found = pcg(TensorStencil(torus, positive(6, 6)), 1 + random(6, 6), project=True)
    assert found.converged.all()
    assert abs(float(found.x.mean())) < 1e-14


def test_unreachable_tolerance_ends() -> None:
    op = TensorStencil(square(31), positive(31, 31))
    found = pcg(op, random(31, 31), rtol=1e-18, maxiter=300)
    assert not found.converged
    assert found.relative_residual < 1e-12
