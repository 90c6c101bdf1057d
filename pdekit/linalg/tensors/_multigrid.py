"""A geometric V-cycle on tensors, made of differentiable operations."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from pdekit.linalg.tensors._stencil import TensorStencil
from pdekit.linalg.tensors._transfer import prolong, restrict

if TYPE_CHECKING:
    from torch import Tensor
else:
    Tensor = Any


class TensorMultigrid:
    """A V-cycle with Chebyshev smoothing, linear, symmetric and positive definite.

    Where a grid cannot be halved (other than vertex-centred Dirichlet with odd numbers of
    points) only the smoother is left, of a degree that makes up for some of it.

    Parameters
    ----------
    op
        The operator.
    degree
        Of the Chebyshev polynomial: products with A before and after the correction.
    """

    def __init__(self, op: TensorStencil, degree: int = 2) -> None:
        self.op = op
        coarse = op.coarsen()
        self.coarse = None if coarse is None else TensorMultigrid(coarse, degree)
        alone = self.coarse is None and op.grid.size > 1
        self.degree, self.ratio = (8, 30.0) if alone else (degree, 4.0)

    @cached_property
    def _bound(self) -> Tensor:
        """Gershgorin's bound of the largest eigenvalue of  D⁻¹ A,  for every sample."""
        op, dims = self.op, tuple(range(-self.op.grid.ndim, 0))
        rows = 2.0 - op.apply(op.diagonal.new_ones(op.diagonal.shape)) / op.diagonal
        return rows.amax(dims, keepdim=True)

    def smooth(self, x: Tensor | None, b: Tensor) -> Tensor:
        """Reduce the error in the upper part of the spectrum by Chebyshev's polynomial."""
        upper = self._bound
        theta, delta = (upper + upper / self.ratio) / 2, (upper - upper / self.ratio) / 2
        sigma = theta / delta
        rho = 1 / sigma
        r = b if x is None else b - self.op.apply(x)
        step = r / self.op.diagonal / theta
        x = step if x is None else x + step
        for _ in range(self.degree - 1):
            r = b - self.op.apply(x)
            before, rho = rho, 1 / (2 * sigma - rho)
            step = rho * before * step + 2 * rho / delta * r / self.op.diagonal
            x = x + step
        return x

    def apply(self, r: Tensor) -> Tensor:
        """Return the result of one cycle from zero."""
        if self.op.grid.size == 1:
            return r / self.op.diagonal
        x = self.smooth(None, r)
        if self.coarse is not None:
            ndim = self.op.grid.ndim
            residual = restrict(r - self.op.apply(x), ndim)
            x = self.smooth(x + prolong(self.coarse.apply(residual), ndim), r)
        return x
