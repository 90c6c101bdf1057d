"""The joint optimisation: its gradient by automatic differentiation of the literal objective."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pdekit.errors import PdekitError, ShapeError
from pdekit.gp.adam import Adam
from pdekit.gp.joint import JointFit, Reference, second_process
from pdekit.gp.joint_objective import JointObjective, JointOptions
from pdekit.gp.joint_problem import ALLEN_CAHN, JointProblem
from pdekit.gp.kernels import GaussianMixture, StudentMixture

torch = pytest.importorskip("torch")


def problem(shape, terms, q=None, faces=None, seed=2):
    rng = np.random.default_rng(seed)
    points = tuple(np.linspace(0.1 * d, 1 + d, n) for d, n in enumerate(shape))
    faces = faces or [(d, s) for d in range(len(shape)) for s in (0, -1)]
    data = {
        (d, s): rng.standard_normal(shape[:d] + shape[d + 1 :]) for d, s in faces
    }
    return JointProblem(points, terms, rng.standard_normal(shape), data, q)


# ------------------------------------------------------- the literal objective, in torch


def literal_kernel(r, w, s, mu, gaussian):
    """Σ w G(r) cos 2πμr at the N² differences, with |r| smooth enough for autograd."""
    r = r[..., None]
    if gaussian:
        envelope = torch.exp(-torch.exp(s) * r**2)
    else:
        a = math.sqrt(5) * torch.exp(s) * torch.sqrt(r**2 + 1e-24)
        envelope = (1 + a + a**2 / 3) * torch.exp(-a)
    return (torch.exp(w) * envelope * torch.cos(2 * math.pi * mu * r)).sum(-1)


def differentiated(r, order, *parameters):
    """The matrix of d^order k/dr^order by automatic differentiation."""
    r = r.detach().clone().requires_grad_()
    k = literal_kernel(r, *parameters)
    for _ in range(order):
        (k,) = torch.autograd.grad(k.sum(), r, create_graph=True)
    return k


def literal_loss(p, options, x):
    """The negative objective: explicit inverses and log-determinants of N² pairs."""
    gaussian = options.mixture is GaussianMixture
    sizes = [p.source.size, *[3 * options.components] * len(p.points), 1, 1]
    u, *parameters, log1, log2 = torch.split(x, sizes)
    u = u.reshape(p.shape)
    K, pairs = [], []
    for grid, theta in zip(p.points, parameters, strict=True):
        r = torch.as_tensor(grid[:, None] - grid)
        w, s, mu = torch.split(theta, options.components)
        pairs.append((r, w, s, mu, gaussian))
        K.append(literal_kernel(*pairs[-1]) + options.jitter * torch.eye(len(grid)))
    C = K[0]
    for k in K[1:]:
        C = torch.kron(C, k)
    flat = u.reshape(-1)
    loss = 0.5 * torch.linalg.slogdet(C)[1] + 0.5 * flat @ torch.linalg.solve(C, flat)
    r = -torch.as_tensor(p.source)
    for term, c in p.terms.items():
        v = u
        for d, order in enumerate(term):
            if order:
                D = differentiated(pairs[d][0], order, *pairs[d][1:]) @ torch.linalg.inv(K[d])
                v = torch.movedim(torch.tensordot(D, v, ([1], [d])), 0, d)
        r = r + c * v
    if p.nonlinearity:
        r = r + u * (u**2 - 1)
    gap = sum(
        ((u.select(d, s) - torch.as_tensor(g)) ** 2).sum() for (d, s), g in p.faces.items()
    )
    n_b = sum(np.size(g) for g in p.faces.values())
    loss = loss - options.boundary_weight * (n_b / 2 * log1 - torch.exp(log1) / 2 * gap)
    return loss - (u.numel() / 2 * log2 - torch.exp(log2) / 2 * (r**2).sum())


CASES = {
    "1-D Poisson": ((9,), {(2,): 1.0}, None),
    "1-D Allen-Cahn with a slope": ((9,), {(2,): 1.0, (1,): -0.7, (0,): 0.3}, ALLEN_CAHN),
    "2-D Poisson": ((5, 6), {(2, 0): 1.0, (0, 2): 1.0}, None),
    "2-D Allen-Cahn": ((6, 5), {(2, 0): 1.0, (0, 2): 1.0}, ALLEN_CAHN),
    "advection": ((5, 4), {(1, 0): 3.0, (0, 1): 1.0}, None),
    "mixed derivative": ((5, 4), {(1, 1): 2.0, (2, 0): 1.0}, None),
    "3-D": ((4, 3, 4), {(2, 0, 0): 1.0, (0, 2, 0): 0.5, (0, 0, 1): -1.0}, ALLEN_CAHN),
}


@pytest.mark.parametrize("mixture", [GaussianMixture, StudentMixture])
@pytest.mark.parametrize("case", CASES)
def test_gradient_is_that_of_the_literal_objective(case, mixture):
    torch.set_default_dtype(torch.float64)
    p = problem(*CASES[case])
    options = JointOptions(mixture, 3, 1.5, jitter=1e-3)
    objective = JointObjective(p, options)
    rng = np.random.default_rng(8)
    x = objective.start()
    x += 0.3 * rng.standard_normal(x.shape)
    found = objective(x)
    assert objective.jitter == options.jitter
    if mixture is StudentMixture and max(max(t) for t in p.terms) > 1:
        expected = by_differences(objective, x)  # autograd of |r| is wrong at r = 0
    else:
        tensor = torch.tensor(x, requires_grad=True)
        loss = literal_loss(p, options, tensor)
        (expected,) = torch.autograd.grad(loss, tensor)
        assert found.loss == pytest.approx(float(loss.detach()), rel=1e-9)
        expected = expected.numpy()
    error = np.linalg.norm(found.gradient - expected) / np.linalg.norm(expected)
    assert error < 1e-7


def by_differences(objective, x, h=1e-5):
    found = np.empty_like(x)
    for i in range(x.size):
        e = np.zeros_like(x)
        e[i] = h
        found[i] = (
            8 * (objective(x + e).loss - objective(x - e).loss)
            - (objective(x + 2 * e).loss - objective(x - 2 * e).loss)
        ) / (12 * h)
    return found
