"""Systems on torch, many at a time, in double or single precision; answers in double.

The residual is that of the operator of differences, in double precision.  Conjugate
gradients with multigrid on tensors find the correction for it, to a few digits, and so on
until the tolerance is met (iterative refinement).  What the tensors are rounded to, and
how they average coefficients between points, changes the number of corrections only.

References
----------
Higham, Accuracy and Stability of Numerical Algorithms (2002), chapter 12.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from pdekit.errors import BackendUnavailable, NotApplicable
from pdekit.linalg.interface import Solution, norm
from pdekit.steady.choosing import on_points
from pdekit.typing import Array

if TYPE_CHECKING:
    from pdekit.steady.posing import Posed
    from pdekit.steady.solving import System

INNER = 1e-4
"""Tolerance of a correction."""
MOST, ITERATIONS = 30, 500
"""Corrections, and iterations for each."""


def require(posed: Posed, spec: Any) -> None:
    """Refuse what tensors do not do.

    Raises
    ------
    CaseError, NotApplicable
        If the operator has no counterpart on tensors, or another solver is asked for.
    BackendUnavailable
        If there is no such device.
    """
    import torch

    if posed.case.run.device == "cuda" and not torch.cuda.is_available():
        raise BackendUnavailable("cuda", "torch finds no CUDA device", ("cpu",))
    problem = posed.problem
    unfit = posed.mask is not None or not posed.isotropic
    if unfit or problem.indefinite or problem.evolves or problem.clamped:
        message = (
            "torch is for steady problems with a positive operator, one coefficient for "
            "all axes and no mask (between walls); use backend auto"
        )
        raise posed.case.problem("run.backend", message)
    wanted = {"name": ("auto", "krylov"), "method": (None, "auto", "cg"),
              "preconditioner": (None, "auto", "multigrid")}  # fmt: skip
    for key, allowed in wanted.items():
        if getattr(spec, key) not in allowed:
            raise NotApplicable(
                key,
                f"{getattr(spec, key)} is not for backend torch, which has krylov with cg "
                "and multigrid",
            )


def together(points: int, on_device: bool) -> int:
    """Return how many systems are solved at once."""
    return max(1, (1 << (24 if on_device else 19)) // points)


def corrected(systems: Sequence[System], b: Array, project: bool) -> list[Solution]:
    """Solve as many systems as there are right-hand sides, ``(system, *space)``."""
    import torch

    from pdekit.linalg.tensors import TensorMultigrid, TensorStencil, pcg

    run, spec = systems[0].posed.case.run, systems[0].spec
    number = torch.float32 if run.precision == "single" else torch.float64
    device = "cuda" if run.device == "cuda" else "cpu"

    def tensor(values: Any) -> Any:
        return torch.as_tensor(np.asarray(values), dtype=number, device=device)

    began = time.perf_counter()
    k = tensor(np.stack([on_points(system.posed, 0) for system in systems]))
    c = [np.broadcast_to(s.posed.reaction + s.added, b.shape[1:]) for s in systems]
    inner = TensorStencil(systems[0].posed.grid, k, tensor(np.stack(c)))
    cycle = TensorMultigrid(inner)
    ready = time.perf_counter()
    x, sizes = np.zeros_like(b), np.array([norm(each) for each in b])
    r = np.stack([each - _null(s, each) for s, each in zip(systems, b, strict=True)])
    history = [np.where(sizes > 0, 1.0, 0.0)]
    iterations = np.zeros(len(b), dtype=int)
    while (history[-1] > spec.rtol).any() and _falls(history):
        found = pcg(
            inner, tensor(r), rtol=INNER, maxiter=spec.maxiter or ITERATIONS,
            project=True, preconditioner=cycle,
        )  # fmt: skip
        left = history[-1] > spec.rtol  # what is solved is not changed any more
        x[left] += found.x.cpu().numpy().astype(float)[left]
        iterations += np.where(left, found.iterations.cpu().numpy(), 0)
        for i, system in enumerate(systems):
            system.op.residual(b[i], x[i], out=r[i])
            r[i] -= _null(system, r[i])
        history.append(np.array([norm(each) for each in r]) / np.where(sizes > 0, sizes, 1))
    spent = (time.perf_counter() - ready) / len(b)
    told = [np.array([step[i] for step in history]) for i in range(len(b))]
    return [
        Solution(
            x=x[i],
            converged=bool(told[i][-1] <= spec.rtol),
            reason="tol" if told[i][-1] <= spec.rtol else "stagnation",
            iterations=int(iterations[i]),
            matvecs=int(iterations[i]) + len(history) - 1,
            applications=int(iterations[i]),
            relative_residual=float(told[i][-1]),
            history=told[i],
            history_is_true=np.ones(len(history), dtype=bool),
            setup_s=(ready - began) / len(b),
            solve_s=spent,
            method=f"conjugate gradients + multigrid on {device} in {run.precision} "
            "precision, corrected in double",
        )
        for i in range(len(b))
    ]


def _falls(history: list[Array]) -> bool:
    """Whether corrections still lower the largest residual."""
    if len(history) > MOST:
        return False
    return len(history) < 2 or bool(history[-1].max() < 0.5 * history[-2].max())


def _null(system: System, r: Array) -> Array | float:
    """Return the part of a residual that a singular operator cannot reach."""
    return float(r.mean()) if system.op.singular else 0.0
