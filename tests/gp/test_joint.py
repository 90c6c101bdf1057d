"""The joint optimisation: its gradient against autograd of the literal objective."""

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
    data = {(d, s): rng.standard_normal(shape[:d] + shape[d + 1 :]) for d, s in faces}
    return JointProblem(points, terms, rng.standard_normal(shape), data, q)


# ------------------------------------------------------- the literal objective, in torch


def literal_kernel(r, w, s, mu, gaussian):
    """Σ w G(r) cos 2πμr  at differences r ≥ 0."""
    r = r[..., None]
    if gaussian:
        envelope = torch.exp(-torch.exp(s) * r**2)
    else:
        a = math.sqrt(5) * torch.exp(s) * r
        envelope = (1 + a + a**2 / 3) * torch.exp(-a)
    return (torch.exp(w) * envelope * torch.cos(2 * math.pi * mu * r)).sum(-1)


def differentiated(r, order, *parameters):
    """The N² pairs of d^order k/dr^order by automatic differentiation.

    In |r|, where k is smooth; an odd derivative has the sign of r.
    """
    size = r.abs().requires_grad_()
    k = literal_kernel(size, *parameters)
    for _ in range(order):
        (k,) = torch.autograd.grad(k.sum(), size, create_graph=True)
    return k * r.sign() if order % 2 else k


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
        eye = torch.eye(len(grid), dtype=torch.float64)
        K.append(differentiated(r, 0, *pairs[-1][1:]) + options.jitter * eye)
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
                A = differentiated(pairs[d][0], order, *pairs[d][1:])
                D = A @ torch.linalg.inv(K[d])
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
    p = problem(*CASES[case])
    options = JointOptions(mixture, 3, 1.5, jitter=1e-3)
    objective = JointObjective(p, options)
    rng = np.random.default_rng(8)
    x = objective.start()
    x += 0.3 * rng.standard_normal(x.shape)
    found = objective(x)
    assert objective.jitter == options.jitter
    tensor = torch.tensor(x, requires_grad=True)
    loss = literal_loss(p, options, tensor)
    (expected,) = torch.autograd.grad(loss, tensor)
    assert found.loss == pytest.approx(float(loss.detach()), rel=1e-9)
    error = np.linalg.norm(found.gradient - expected.numpy())
    assert error < 1e-8 * np.linalg.norm(expected.numpy())


# ------------------------------------------------------------------------------ the fit


def sine(n=40, k=6.0):
    """u = sin kx on [0, 2π]."""
    x = np.linspace(0, 2 * np.pi, n)
    u = np.sin(k * x)
    p = JointProblem((x,), {(2,): 1.0}, -(k**2) * u, {(0, 0): u[0], (0, -1): u[-1]})
    fine = np.linspace(0, 2 * np.pi, 300)
    return p, Reference((fine,), np.sin(k * fine))


OPTIONS = JointOptions(components=6, top_frequency=2.0)


def test_a_sine_is_found_and_the_final_error_is_reported():
    p, reference = sine()
    solution = JointFit(p, OPTIONS).run(3000, reference=reference)
    assert solution.error < 2e-2  # 1.3e-2, and 1 for the zero field
    errors = [at.error for at in solution.history]
    assert len(errors) == 20
    assert solution.error == errors[-1]
    assert solution.smallest_error_of_evaluations == min(errors)
    best = max(solution.kernels[0].weights)
    (q,) = np.flatnonzero(solution.kernels[0].weights == best)
    assert abs(solution.kernels[0].frequencies[q] - 6 / (2 * np.pi)) < 0.1


def test_a_fit_taken_up_again_is_the_same_to_the_last_bit():
    p, _ = sine(20)
    whole, first, second = (JointFit(p, OPTIONS) for _ in range(3))
    whole.run(40)
    first.run(17, evaluations=1)
    second.restore(first.state())
    second.run(40)
    assert (whole.adam.x == second.adam.x).all()
    assert (whole.adam.second == second.adam.second).all()


def test_an_observer_sees_the_progress_and_stops_the_fit():
    p, _ = sine(20)
    seen = []

    def observe(progress):
        seen.append(progress)
        return progress.step >= 20

    solution = JointFit(p, OPTIONS).run(100, observe=observe)
    assert [at.step for at in seen] == [5, 10, 15, 20]
    assert seen[-1].loss < seen[0].loss
    assert solution.stopped
    assert solution.error is None


def test_precision_of_the_residual_stays_below_its_bound():
    p, _ = sine(20)
    options = JointOptions(components=6, top_frequency=2.0, largest_precision=1.5)
    fit = JointFit(p, options)
    fit.adam.x[-1] = 3.0
    fit.advance(1)
    assert fit.now.log_residual == math.log(1.5)


@pytest.mark.parametrize("q", [None, ALLEN_CAHN])
def test_second_process_continues_where_the_first_one_stood(q):
    """At U₂ = 0 residual and gaps are those that the first one left."""
    p = problem((12,), {(2,): 1.0}, q)
    first = JointFit(p, OPTIONS)
    first.advance(30)
    now = first.now
    left = first.fields().image() + (q.value(now.u) if q else 0) - p.source
    extra = second_process(first)
    value = extra.objective(extra.objective.start())
    assert value.residual == pytest.approx(np.sqrt((left**2).mean()), rel=1e-12)
    gaps = np.array([now.u[s] - p.faces[0, s] for s in (0, -1)])
    assert value.boundary_gap == pytest.approx(np.sqrt((gaps**2).mean()), rel=1e-12)
    extra.advance(5)
    total = (
        first.predict(p.points)
        + extra.fields()
        .factors[0]
        .times_inverse(extra.now.kernels[0](p.points[0][:, None] - p.points[0]))
        @ extra.now.u
    )
    assert extra.predict(p.points) == pytest.approx(total, rel=1e-12)
    assert extra.now.kernels[0].frequencies == pytest.approx(0, abs=0)


def test_adam_is_that_of_torch():
    rng = np.random.default_rng(0)
    start, gradients = rng.standard_normal(7), rng.standard_normal((20, 7))
    ours, theirs = Adam(start.copy(), 0.03), torch.tensor(start, requires_grad=True)
    peer = torch.optim.Adam([theirs], lr=0.03)
    for gradient in gradients:
        ours.descend(gradient)
        theirs.grad = torch.tensor(gradient)
        peer.step()
    assert ours.x == pytest.approx(theirs.detach().numpy(), rel=1e-12)


def test_what_does_not_fit_together_is_refused():
    x = np.linspace(0, 1, 5)
    with pytest.raises(ShapeError, match="the source"):
        JointProblem((x,), {(2,): 1.0}, np.zeros(4), {})
    with pytest.raises(ShapeError, match="orders"):
        JointProblem((x,), {(2, 0): 1.0}, np.zeros(5), {})
    with pytest.raises(ShapeError, match="face"):
        JointProblem((x,), {(2,): 1.0}, np.zeros(5), {(0, 0): np.zeros(2)})
    with pytest.raises(PdekitError, match="equidistant"):
        JointProblem((x**2,), {(2,): 1.0}, np.zeros(5), {})
