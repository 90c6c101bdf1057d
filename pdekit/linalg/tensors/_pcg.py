"""Conjugate gradients on a batch of tensors, each sample to its own convergence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pdekit.errors import PdekitError
from pdekit.linalg.tensors._multigrid import TensorMultigrid
from pdekit.linalg.tensors._stencil import TensorStencil

if TYPE_CHECKING:
    from torch import Tensor
else:
    Tensor = Any


@dataclass(frozen=True, eq=False)
class TensorSolution:
    """What `pcg` found.

    Attributes
    ----------
    x
        The solutions, ``(batch…, *space)``.
    relative_residual, iterations, converged
        For every sample, ``(batch…)``; residuals are true ones.
    """

    x: Tensor
    relative_residual: Tensor
    iterations: Tensor
    converged: Tensor


def pcg(
    op: TensorStencil,
    b: Tensor,
    *,
    rtol: float | None = None,
    maxiter: int = 500,
    project: bool = False,
    preconditioner: Any = None,
) -> TensorSolution:
    """Solve  A x = b  for every sample by preconditioned conjugate gradients.

    A sample that has converged is not changed any more.  Convergence is that of the true
    residual, in the precision of the tensors.  Nothing is recorded for differentiation.

    Parameters
    ----------
    b
        ``(batch…, *space)``; batches of it and of the coefficients broadcast.
    rtol
        By default 1e-8, in single precision 1e-5.
    project
        Whether a singular operator solves for what is left of b without its mean.
    preconditioner
        An object with ``apply`` that is linear, symmetric and positive definite; by default
        a `TensorMultigrid`.
    """
    import torch

    if not torch.isfinite(b).all():
        raise PdekitError("the right-hand side is not finite")
    rtol = rtol or (1e-8 if b.dtype == torch.float64 else 1e-5)
    with torch.no_grad():
        P = TensorMultigrid(op) if preconditioner is None else preconditioner
        return _Iteration(op, P, b, rtol, project).run(maxiter)


class _Iteration:
    """The vectors of all samples; scalars are tensors that broadcast to them."""

    def __init__(
        self, op: TensorStencil, P: Any, b: Tensor, rtol: float, project: bool
    ) -> None:
        import torch

        self.op, self.P = op, P
        self.dims = tuple(range(-op.grid.ndim, 0))
        broadcast: Any = torch.broadcast_shapes
        shape = broadcast(b.shape, op.k.shape)
        largest = b.abs().amax(self.dims, keepdim=True)
        self.scale = torch.where(largest > 0, largest, torch.ones_like(largest))
        self.b = self._checked((b / self.scale).expand(shape), project)
        self.x, self.r = torch.zeros_like(self.b), self.b.clone()
        self.goal = rtol * self._norm(self.b)
        self.active = self._norm(self.r) > self.goal
        self.count = torch.zeros_like(self.goal, dtype=torch.int64)
        self.tries = torch.zeros_like(self.count)

    def _checked(self, b: Tensor, project: bool) -> Tensor:
        import torch

        if not self.op.singular:
            return b.contiguous()
        mean = b.mean(self.dims, keepdim=True)
        small = 1e-10 if b.dtype == torch.float64 else 1e-5
        if not project and (mean.abs() > small).any():
            raise PdekitError(
                "the operator is singular, and the right-hand side has a mean: there is no "
                "solution; project=True solves for the rest"
            )
        return b - mean

    def _dot(self, a: Tensor, b: Tensor) -> Tensor:
        return (a * b).sum(self.dims, keepdim=True)

    def _norm(self, a: Tensor) -> Tensor:
        return self._dot(a, a).sqrt()

    def _off(self, a: Tensor) -> Tensor:
        """Take the mean off, which a singular operator does not see."""
        return a - a.mean(self.dims, keepdim=True) if self.op.singular else a

    def run(self, maxiter: int) -> TensorSolution:
        """Iterate until every sample has converged or failed."""
        import torch

        p, rz = torch.zeros_like(self.r), torch.ones_like(self.goal)
        zero = torch.zeros_like(rz)
        for _ in range(maxiter):
            if not self.active.any():
                break
            z = self._off(self.P.apply(self.r))
            new = self._dot(self.r, z)
            p = z + torch.where(self.active, new / rz, zero) * p
            rz = torch.where(self.active, new, torch.ones_like(new))
            q = self.op.apply(p)
            curvature = self._dot(p, q)
            usable = (curvature > 0) & (new > 0) & torch.isfinite(new / curvature)
            self.active &= usable
            a = torch.where(self.active, new / torch.where(usable, curvature, rz), zero)
            self.x, self.r = self.x + a * p, self.r - a * q
            self.count += self.active
            done = self.active & (self._norm(self.r) <= self.goal)
            if done.any():
                p = torch.where(self._verify(done), torch.zeros_like(p), p)
        return self._finish()

    def _verify(self, done: Tensor) -> Tensor:
        """Look at true residuals; return which samples must go on from them."""
        import torch

        true = self._off(self.b - self.op.apply(self.x))
        solved = done & (self._norm(true) <= self.goal)
        again = done & ~solved
        self.r = torch.where(again, true, self.r)
        self.tries += again
        self.active &= ~solved & (self.tries < 3)
        return again

    def _finish(self) -> TensorSolution:
        import torch

        self.x = self._off(self.x)
        size, whole = (
            self._norm(self._off(self.b - self.op.apply(self.x))),
            self._norm(self.b),
        )
        relative = torch.where(whole > 0, size / whole, torch.zeros_like(size))
        batch = self.x.shape[: -self.op.grid.ndim]
        return TensorSolution(
            x=self.x * self.scale,
            relative_residual=relative.reshape(batch),
            iterations=self.count.reshape(batch),
            converged=(size <= self.goal).reshape(batch),
        )
